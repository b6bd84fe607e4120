"""One neuron through one step, from event to event: crossings both ways, sliding, and its ends.

Between events D is a known polynomial, and the neuron's path a product of boosts. An event is

- a boundary <w, x_k> = 0 that is reached: the neuron goes on to the other side, unless that pushes it back: then
  it slides;
- a boundary that it stops sliding along (``events.sliding``);
- the sign of a changing while it slides: there the flow is not unique, and it is stopped by relu'(0) = 0.

What holds at the instant of an event is in ``events.pattern_force``, when a boundary is reached in
``events.boundary_times``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.events.boundary_times import (
    Boundary,
    Path,
    PathEnd,
    at_boundary,
    carry,
    close_to,
    crossing,
    reached,
    write_speeds,
)
from pipeline.flow.exact.events.contacts import CONTACT, Contact
from pipeline.flow.exact.events.corner import decide_corner
from pipeline.flow.exact.events.pattern_force import (
    SPEED_ROUNDING,
    STRUCK,
    VANISHED,
    cannot_move,
    largest_force,
    place_beside,
    read_pattern,
    release_all,
    sign_of_output,
    stop_neuron,
    vanished,
)
from pipeline.flow.exact.events.sliding import any_repels, held_side
from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING
from pipeline.flow.exact.propagation.bernstein import SIZE, first_below, restrict, value

ESCAPE_CHECKS = 8
"""How often in a step it is asked whether a neuron can leave a corner that holds it without being stable."""
LATER = 1e-3
"""The fraction of the time left after which the ways out of a boundary are told apart."""
MOST_EVENTS = 50
"""Events of a neuron in one step, over the number of points, after which its pattern is left as it is."""


class FollowedNeuron(NamedTuple):
    """One neuron on its way.

    z : float64[q + 2]
    sign : float
        The sign of a where it can't change, else 0.
    state : int8[n]
    """

    z: np.ndarray
    sign: float
    state: np.ndarray


@jitted
def next_event(neuron, limits, held, problem, work):
    """The next event: its fraction of the time left, and its boundary.

    Parameters
    ----------
    neuron : FollowedNeuron
    limits : (duration, growth, sign_a, tolerance)
        The time left; the logarithm of the unit of ``work.end`` over the present one; the sign of a; the largest
        speed that is rounding.
    held : (count, dependent)
        As :func:`pipeline.flow.exact.events.sliding.find_multipliers` has them.

    Returns
    -------
    fraction, k
        (inf, -1) without one; k = -1 where a changes its sign while the neuron slides.
    """
    (duration, growth, sign_a, tolerance), (count, dependent), (z, sign, state) = limits, held, neuron
    roots = work.roots
    opposite, push_factor, end = problem.opposite, work.push_factor, work.end
    path, q = Path(z, work.force, duration), problem.x.shape[1]
    write_speeds(work.force, problem.x, roots.speeds)
    turn = np.inf
    if sign == 0.0 and z[q] * end[q] < 0.0:
        turn = crossing(path, np.int64(-1), (0.0, 1.0, z[q], end[q]), problem.x, roots)
    fraction, boundary, doubtful, near = np.inf, -1, np.inf, -1
    if count > 0 and turn < fraction:
        fraction = turn
    released, k = first_release((count, dependent), sign_a, tolerance, work)
    if released < fraction:
        fraction, boundary = released, k
    for k in range(state.shape[0]):
        if state[k] == SLIDING or push_factor[k] == np.inf or 0 <= opposite[k] < k:
            continue
        length = problem.length[k]
        ahead = Boundary(k, 1.0 if state[k] == OFF else -1.0, length, tolerance * push_factor[k] * length)
        time = reached(path, PathEnd(end, growth, 0.0 if turn < np.inf else sign_a, turn), ahead, problem.x, roots)
        if roots.sensitive[1] < doubtful:
            doubtful, near = roots.sensitive[1], k
        if time < fraction:
            fraction, boundary = time, k
    # What it would have done later is of no interest if something else turns it first.
    roots.sensitive[1] = min(doubtful, fraction) if near == boundary or doubtful <= fraction else np.inf
    return fraction, boundary


@inlined
def first_release(held, sign_a, tolerance, work):
    """When a neuron stops sliding along a boundary, and along which; (inf, -1) if it does not."""
    (count, dependent), multipliers, approach_speed = held, work.multipliers, work.roots.approach_speed
    fraction, boundary = np.inf, -1
    for number in range(count):
        k = multipliers.boundaries[number]
        e = held_side(multipliers.off, multipliers.on, number, sign_a, dependent)
        for bound in range(2):
            for i in range(SIZE):
                off, on = multipliers.off[i, number], multipliers.on[i, number]
                approach_speed[i, 0] = e * off if bound == 0 else -e * on
            time = first_below(approach_speed, 0, -tolerance * work.push_factor[k])
            if time < fraction:
                fraction, boundary = time, k
    return fraction, boundary


@jitted
def follow(neuron, log_scale, over, problem, work):
    """Carry one neuron through a step and all its events; its ``z`` and ``state`` are changed in place.

    Parameters
    ----------
    neuron : FollowedNeuron
        At the start of the step; on return at its end, in another unit.
    log_scale : float
        The logarithm of the unit at the start.
    over : (curve, step)
        The residual over the step, float64[6, n], and its length.
    work : PathWorkspace

    Returns
    -------
    log_scale : float
        The logarithm of the new unit.
    events : int
        How many boundaries have changed their state, and how often a has changed its sign while it slid.
        ``work.times`` says when, as fractions of the step: each instant once, all later ones in the last place.
    unique : bool
        False if the flow was not unique somewhere: there the answer nearest to the states before was taken, or
        the neuron was stopped by relu'(0) = 0.
    """
    (n, _), (z, sign, state), (curve, step) = problem.x.shape, neuron, over
    start_path(curve, work)
    now, events, repeats, slot, unique, done = 0.0, 0, 0, -1, True, False
    for _ in range(MOST_EVENTS * (n + 2)):
        count, dependent, bulk = read_pattern(z, state, problem, work)
        sign_a = sign_of_output(z, sign, work.force)
        if not unique and cannot_move(work.force):
            done = True
            break
        path = Path(z, work.force, (1.0 - now) * step)
        growth = carry(path, 1.0, work.end, work.roots.boosting)
        if dependent < 0 and repeats == 0:  # nothing holds it at its boundaries any more
            fraction, k = 0.0, work.multipliers.boundaries[0]
        else:
            limits, held = (path.duration, growth, sign_a, SPEED_ROUNDING * bulk), (count, dependent)
            fraction, k = event_or_escape(neuron, limits, held, problem, work)
            work.roots.sensitive[0] = min(work.roots.sensitive[0], now + (1.0 - now) * work.roots.sensitive[1])
        if fraction <= 1.0:
            growth = carry(path, fraction, work.end, work.roots.boosting)
        copy_vector(work.end, z)
        log_scale += growth
        done = not fraction <= 1.0
        if done:
            break
        if fraction > 0.0:
            repeats = 0
            now += (1.0 - now) * fraction
            go_on_from(fraction, work)
        repeats += 1
        if close_to_others(neuron, k, problem, work):
            work.roots.sensitive[0] = min(work.roots.sensitive[0], now)
        changed, sure = pass_event(neuron, k, problem, work)
        unique = unique and sure
        if k >= 0:
            raise_threshold(k, changed == 0 and dependent == 0, repeats, work.push_factor)
        if changed > 0:
            events += changed
            slot = note_time(work.times, slot + 1, now)
    if not done:  # a pattern that does not come to an end is left as it is
        log_scale += carry_to_end(neuron, (1.0 - now) * step, problem, work)
    return log_scale, events, unique


@inlined
def event_or_escape(neuron, limits, held, problem, work):
    """The next event as :func:`next_event` has it or, if that is earlier, when dependent boundaries let go."""
    sign_a, tolerance, dependent = limits[2], limits[3], held[1]
    fraction, k = next_event(neuron, limits, held, problem, work)
    if dependent < 0 or (dependent > 0 and any_repels(neuron.state, sign_a, tolerance, problem, work.curve)):
        escape = first_escape(neuron, sign_a, min(fraction, 1.0), problem, work)
        if escape < fraction:
            fraction, k = escape, work.multipliers.boundaries[0]
    return fraction, k


@inlined
def raise_threshold(k, nothing_changed, repeats, push_factor):
    """Ask for a larger push at boundary ``k`` if an event there changed nothing; for none if it goes on and on."""
    if nothing_changed:
        push_factor[k] *= 10.0
    if repeats > 3 * push_factor.shape[0] + 6:
        push_factor[k] = np.inf


@inlined
def note_time(times, slot, now):
    """Write when an event was; all later ones share the last place. Return the place."""
    place = min(slot, times.shape[0] - 1)
    times[place] = min(times[place], now)
    return place


@inlined
def carry_to_end(neuron, duration, problem, work):
    """Carry a neuron to the step's end with the pattern that it has; return the logarithm of its growth."""
    read_pattern(neuron.z, neuron.state, problem, work)
    growth = carry(Path(neuron.z, work.force, duration), 1.0, work.end, work.roots.boosting)
    copy_vector(work.end, neuron.z)
    return growth


@inlined
def copy_vector(source, target):
    """Copy one neuron's numbers."""
    for c in range(source.shape[0]):
        target[c] = source[c]


@inlined
def start_path(curve, work):
    """Write what is known at the start of a step over which the residual is ``curve``."""
    for k in range(curve.shape[1]):
        work.push_factor[k] = 1.0
        for i in range(SIZE):
            work.curve[i, k] = curve[i, k]
    for slot in range(work.times.shape[0]):
        work.times[slot] = np.inf
    work.roots.sensitive[0] = np.inf


@inlined
def go_on_from(fraction, work):
    """Let the present instant be the fraction ``fraction`` of what was left."""
    curve, remaining = work.curve, work.remaining
    restrict(curve, fraction, 1.0, remaining)
    for k in range(curve.shape[1]):
        for i in range(SIZE):
            curve[i, k] = remaining[i, k]


@jitted
def decide_later(at, state, fraction, problem, work):
    """What :func:`decide_corner` says of a neuron at a fraction of the time left; its own states stay."""
    for l in range(state.shape[0]):
        work.tried[l], work.later[l] = state[l], value(work.curve, l, fraction)
    tolerance = 0.5 * SPEED_ROUNDING * largest_force(work.curve, problem.length)
    return decide_corner(at, work.tried, work.later, problem, tolerance)


@jitted
def first_escape(neuron, sign_a, last, problem, work):
    """The first fraction up to ``last`` at which a neuron held at dependent boundaries can leave, else infinite.

    Where some of the boundaries push away, multipliers in [0, 1] may still hold it when a sector or a ray of the
    corner leads out of it already. What stays then is not stable: any neighbour leaves, and so does the neuron.
    """
    low, at = 0.0, Contact(neuron.z, sign_a, work.multipliers.boundaries[0], CONTACT)
    for part in range(ESCAPE_CHECKS):
        high = last * (part + 1) / ESCAPE_CHECKS
        if decide_later(at, neuron.state, high, problem, work)[0] > 0:
            while high - low > 1e-13:
                middle = 0.5 * (low + high)
                if not low < middle < high:
                    break
                if decide_later(at, neuron.state, middle, problem, work)[0] > 0:
                    high = middle
                else:
                    low = middle
            return high
        low = high
    return np.inf


@jitted
def close_to_others(neuron, k, problem, work):
    """Whether a neuron at boundary ``k`` is so close to another that the order in which it meets them decides."""
    z, state, margin, near = neuron.z, neuron.state, work.roots.margin[0], False
    for l in range(state.shape[0]):
        work.tried[l], work.residual[l] = state[l], work.curve[0, l]
        near = near or (
            l != k
            and state[l] != SLIDING
            and close_to(z, l, problem.x, margin * problem.length[l])
            and not at_boundary(z, l, problem.x, problem.length[l])
        )
    if not near:
        return False
    sign_a = 1.0 if z[z.shape[0] - 2] >= 0.0 else -1.0
    tolerance = SPEED_ROUNDING * largest_force(work.curve, problem.length)
    return not decide_corner(Contact(z, sign_a, k, margin), work.tried, work.residual, problem, tolerance)[1]


@jitted
def pass_event(neuron, k, problem, work):
    """Give the boundaries of a neuron at an event their new states: at boundary ``k``, or where a is 0 (k = -1).

    Returns
    -------
    changed : int
        How many have another state; 1 at least where a is 0.
    unique : bool
    """
    z, sign, state = neuron
    n, q = problem.x.shape
    residual, unique, changed = work.residual, True, 0
    for l in range(n):
        residual[l] = work.curve[0, l]
    if k < 0:
        release_all(state, problem)
        unique, changed = False, 1
    # By half the threshold: what has been found to be pushed must not be called rounding here.
    _, _, bulk = read_pattern(z, state, problem, work)
    tolerance, sign_a = 0.5 * SPEED_ROUNDING * bulk, sign_of_output(z, sign, work.force)
    if k >= 0 and state[k] == SLIDING:  # a little later, as all ways begin at rest
        unique = decide_later(Contact(z, sign_a, k, CONTACT), state, LATER, problem, work)[1]
    others, sure = decide_corner(Contact(z, sign_a, k, CONTACT), state, residual, problem, tolerance)
    slides = False
    for l in range(n):
        slides = slides or state[l] == SLIDING
    if k >= 0 and vanished(z, VANISHED if slides or q == 1 else STRUCK):
        positive = state[k] == ON
        if slides or q > 1:
            # In one dimension both sides may lead to 0: nothing is open there.
            sure = sure and q == 1
            stop_neuron(state, problem)
        place_beside(z, k, positive, problem)
        others = max(others, 1)
    return changed + others, unique and sure
