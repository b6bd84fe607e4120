"""One neuron through one step, from event to event: crossings both ways, sliding, and its ends.

Between events D is a known polynomial, and the neuron's path a product of boosts. An event is

- a boundary <w, x_k> = 0 that is reached: the neuron goes on to the other side, unless that pushes it back: then
  it slides;
- a boundary that it stops sliding along (:mod:`pipeline.flow.exact.sliding`);
- the sign of a changing while it slides: there the flow is not unique, and it is stopped by relu'(0) = 0.

What is decided at an instant may set other boundaries of the same instant in motion (a corner): they are
visited one at a time, least index first, which is Murty's method for the linear complementarity problem that
a corner is, and ends.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.boost import boost_neuron, project
from pipeline.flow.exact.compiled import allocating, inlined, kernel
from pipeline.flow.exact.curve import SIZE, first_below, moments, restrict, value
from pipeline.flow.exact.pattern import find_normals, read_gain
from pipeline.flow.exact.sliding import list_boundaries, write_pulls
from pipeline.flow.exact.states import OFF, ON, SLIDING

ROOT_STEPS = 60
"""Halvings after which a bracket is as narrow as a float allows."""
PUSHING = 1e-10
"""The share of all points' pull beyond which a speed towards a boundary is no rounding."""
BEYOND = 1e-13
"""The share of |w||x_k| beyond which <w, x_k> is on the other side."""
VANISHED = 1e-9
"""|w|/|a| below which a sliding neuron with |a| > |w| has reached w = 0."""
MOST_EVENTS = 50
"""Events of a neuron in one step, over the number of points, after which its pattern is left as it is."""


class Desk(NamedTuple):
    """The arrays that following one neuron needs: laid out once, used for each.

    curve : float64[6, n]
        The residual from the present instant to the step's end.
    force : float64[6, q]
        D there.
    off, on : float64[6, n]
        The pulls of the boundaries slid along.
    times : float64[8]
        When the events were (:func:`follow`).
    touching, ignored : bool[n]
        Boundaries that were decided on at this instant; those that are left alone until the step's end.
    """

    gain: np.ndarray
    normals: np.ndarray
    boundaries: np.ndarray
    curve: np.ndarray
    force: np.ndarray
    base: np.ndarray
    part: np.ndarray
    rate: np.ndarray
    off: np.ndarray
    on: np.ndarray
    gram: np.ndarray
    there: np.ndarray
    push: np.ndarray
    spare: np.ndarray
    touching: np.ndarray
    ignored: np.ndarray
    turns: np.ndarray
    end: np.ndarray
    glance: np.ndarray
    alone: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    weights: np.ndarray
    pushes: np.ndarray
    times: np.ndarray


@allocating
def lay_desk(problem):
    """An empty desk."""
    n, q = problem.x.shape
    return Desk(
        np.empty(n), np.empty((q + 1, q)), np.empty(n, dtype=np.int64), np.empty((SIZE, n)), np.empty((SIZE, q)),
        np.empty((SIZE, q)), np.empty((SIZE, q)), np.empty((SIZE, 1)), np.empty((SIZE, n)),
        np.empty((SIZE, n)), np.empty((n, n)), np.empty(q + 2), np.empty(q), np.empty((SIZE, n)),
        np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.empty(q + 2),
        np.empty(q + 2), np.empty(n), np.empty((q + 1, q + 2)), np.zeros(q + 1), np.empty((2, n)), np.empty((2, 1, q)),
        np.empty(8),
    )  # fmt: skip


@inlined
def inner(z, x, k):
    """<w, x_k>."""
    total = 0.0
    for c in range(x.shape[1]):
        total += z[c] * x[k, c]
    return total


@kernel
def sign_of_output(z, sign, force):
    """The sign of a now or, where it is 0, in a moment."""
    if sign != 0.0:
        return sign
    q = force.shape[1]
    a = z[q]
    if a == 0.0:
        for c in range(q):
            a += force[0, c] * z[c]
    return 1.0 if a >= 0.0 else -1.0


@kernel
def read_pattern(z, state, problem, desk):
    """Lay D and the pulls of the pattern ``state`` on the desk, and ``z`` on its boundaries.

    Returns
    -------
    count : int
        How many boundaries are slid along.
    bulk : float
        The sum over the points of |r_k||x_k|/n: the size against which a pull is rounding.
    """
    gain, normals, curve, force = desk.gain, desk.normals, desk.curve, desk.force
    x, length = problem.x, problem.length
    n, q = x.shape
    sliding = read_gain(state, problem.slope, gain)
    bulk = 0.0
    for i in range(SIZE):
        for c in range(q):
            force[i, c] = 0.0
        total = 0.0
        for k in range(n):
            total += abs(curve[i, k]) * length[k]
            if gain[k] != 0.0:
                for c in range(q):
                    force[i, c] += gain[k] / n * curve[i, k] * x[k, c]
        bulk = max(bulk, total / n)
    if sliding == 0:
        return 0, bulk
    size = find_normals(state, problem, normals, np.int64(0))
    for i in range(SIZE):
        project(force[i], normals, np.int64(0), size)
    project(z[:q], normals, np.int64(0), size)
    count = list_boundaries(state, problem.opposite, desk.boundaries)
    write_pulls(state, gain, curve, problem, desk.boundaries, count, desk.base, desk.gram, desk.off, desk.on)
    return count, bulk


@kernel
def set_state(state, opposite, k, new):
    """Put boundary ``k`` into state ``new``; the point on the opposite ray is on where k is off."""
    state[k] = new
    if opposite[k] >= 0:
        state[opposite[k]] = SLIDING if new == SLIDING else OFF if new == ON else ON


@kernel
def rightful_state(state, k, s, problem, desk, count, place, tolerance):
    """The state that boundary ``k``, at which the neuron is now, must have.

    Parameters
    ----------
    place : int
        Its number among the boundaries slid along, if it is one.
    """
    if state[k] == SLIDING:
        if s * desk.off[0, place] < -tolerance:
            return OFF
        return ON if s * desk.on[0, place] > tolerance else SLIDING
    x, length, force, normals = problem.x, problem.length, desk.force, desk.normals
    q = x.shape[1]
    speed, across = 0.0, 1.0
    for c in range(q):
        speed += s * force[0, c] * x[k, c] / length[k]
    for b in range(min(count, q)):
        along = 0.0
        for c in range(q):
            along += normals[b, c] * x[k, c] / length[k]
        across -= along * along
    jump = desk.curve[0, k] * length[k]
    if problem.opposite[k] >= 0:
        jump += desk.curve[0, problem.opposite[k]] * length[problem.opposite[k]]
    jump *= s * (1.0 - problem.slope) / x.shape[0] * max(across, 0.0)
    if state[k] == ON:
        if speed >= -tolerance:
            return ON
        return SLIDING if speed - jump > tolerance else OFF
    if speed <= tolerance:
        return OFF
    return SLIDING if speed + jump < -tolerance else ON


@inlined
def misplaced(state, s, problem, desk, count, tolerance):
    """The first boundary at which the neuron is and whose state can't last, and the state it must have.

    Returns
    -------
    k, new : int
        k = -1 for none.
    """
    found, new, place = -1, OFF, 0
    opposite, ignored, touching = problem.opposite, desk.ignored, desk.touching
    for k in range(state.shape[0]):
        if 0 <= opposite[k] < k:
            continue
        here = place
        if state[k] == SLIDING:
            place += 1
        if found >= 0 or ignored[k] or not (state[k] == SLIDING or touching[k]):
            continue
        rightful = rightful_state(state, k, s, problem, desk, count, here, tolerance)
        if rightful != state[k]:
            found, new = k, rightful
    return found, new


@kernel
def carry(z, there, force, duration, s, part, push):
    """Write one neuron, ``z`` at the beginning of ``force``, as it is at the fraction ``s`` into ``there``.

    Parameters
    ----------
    force : float64[6, q]
        D over the time ``duration``.
    part, push
        Room.

    Returns
    -------
    float
        The logarithm of the unit of ``there`` over that of ``z``.
    """
    for c in range(z.shape[0]):
        there[c] = z[c]
    if s <= 0.0:
        return 0.0
    restrict(force, 0.0, s, part)
    growth = 0.0
    for boost in range(2):
        for c in range(push.shape[0]):
            first, second = moments(part, c)
            push[c] = s * duration * (second if boost == 1 else first)
        growth += boost_neuron(there, push)
    return growth


@kernel
def crossing(z, k, low, high, f_low, f_high, duration, x, force, there, part, push):
    """The fraction in (low, high] at which <w, x_k> (-1: a) changes its sign, known to differ at the two.

    Newton's method with the path's own speed, from the secant's root, inside a bracket; where it leaves the
    bracket or has not settled after a few steps, halving.

    Parameters
    ----------
    f_low, f_high : float
        The values there, in any one unit.
    """
    q = x.shape[1]
    guess = low + (high - low) * f_low / (f_low - f_high)
    for iteration in range(ROOT_STEPS):
        if not low < guess < high or iteration > 8:
            guess = 0.5 * (low + high)
        if not low < guess < high:
            break
        carry(z, there, force, duration, guess, part, push)
        speed, f = 0.0, there[q]
        for c in range(q):
            speed += value(force, c, guess) * (there[c] if k < 0 else x[k, c])
        if k >= 0:
            f = inner(there, x, k)
            speed *= there[q]
        if (f > 0.0) == (f_low > 0.0):
            low = guess
        else:
            high = guess
        move = f / (speed * duration)
        guess -= move
        if abs(move) <= 1e-15:
            return min(max(guess, low), high)
    return high


@inlined
def beyond(there, k, x, length, side):
    """Whether the neuron has left through boundary ``k``, where ``side`` <w, x_k> was at most 0."""
    square = 0.0
    for c in range(x.shape[1]):
        square += there[c] * there[c]
    return side * inner(there, x, k) > BEYOND * sqrt(square) * length


@kernel
def reached(z, k, side, s, turn, duration, x, length, force, end, end_growth, there, part, push, rate):
    """The fraction at which boundary ``k`` is reached, infinite if it is not.

    The path towards the boundary is monotone between the instants where <D, x_k> or a changes sign: it is looked
    at there and at the end.

    Parameters
    ----------
    side : float
        +1 where k is off, -1 where it is on: the sign of <w, x_k> beyond the boundary.
    s : float
        The sign of a, 0 if it changes at the fraction ``turn``.
    length : float
        |x_k|.
    end : float64[q + 2]
        The neuron at the end, in a unit whose logarithm is larger by ``end_growth``.
    there, part, push, rate
        From the desk (a kernel that is called this often is not handed the whole of it).
    """
    most, least, size = 0.0, 0.0, 0.0
    for i in range(SIZE):
        rate[i, 0] = 0.0
        square = 0.0
        for c in range(x.shape[1]):
            rate[i, 0] += side * (s if s != 0.0 else 1.0) * force[i, c] * x[k, c]
            square += force[i, c] * force[i, c]
        most, least = max(most, rate[i, 0]), min(least, rate[i, 0])
        size = max(size, square)
    rounding = 1e-14 * sqrt(size) * length
    if s != 0.0 and most <= rounding:
        return np.inf
    bend = np.inf
    if most > rounding and least < -rounding:
        if rate[0, 0] < 0.0:  # away first: what was just left is reached again only after the turn
            for i in range(SIZE):
                rate[i, 0] = -rate[i, 0]
        bend = first_below(rate, 0, 0.0)
    previous = 0.0
    for stop in (min(bend, turn), max(bend, turn), 1.0):
        if stop > 1.0 or stop <= previous:
            continue
        if stop < 1.0:
            growth = carry(z, there, force, duration, stop, part, push)
            left, f_high = beyond(there, k, x, length, side), inner(there, x, k)
        else:
            growth = end_growth
            left, f_high = beyond(end, k, x, length, side), inner(end, x, k)
        if left:
            unit = exp(growth)
            f_low = inner(z, x, k)
            if previous > 0.0:
                unit /= exp(carry(z, there, force, duration, previous, part, push))
                f_low = inner(there, x, k)
            if side * f_low >= 0.0:
                return previous
            return crossing(
                z, k, previous, stop, f_low, min(unit, 1e100) * f_high, duration, x, force, there, part, push
            )
        previous = stop
    return np.inf


@kernel
def next_event(z, sign, s, state, duration, count, tolerance, problem, desk, end, end_growth):
    """The next event: its fraction of the time left, its boundary, and the state that the boundary takes.

    Returns
    -------
    fraction, k, new
        (inf, -1, OFF) without one; k = -1 where a changes its sign while the neuron slides.
    """
    opposite, ignored, off, on, rate = problem.opposite, desk.ignored, desk.off, desk.on, desk.rate
    x, force, there, part, push = problem.x, desk.force, desk.there, desk.part, desk.push
    q = x.shape[1]
    turn = np.inf
    if sign == 0.0 and z[q] * end[q] < 0.0:
        turn = crossing(z, np.int64(-1), 0.0, 1.0, z[q], end[q], duration, x, force, there, part, push)
    fraction, boundary, new = np.inf, -1, OFF
    if count > 0 and turn < fraction:
        fraction = turn
    place = 0
    for k in range(state.shape[0]):
        if 0 <= opposite[k] < k:
            continue
        if state[k] == SLIDING:
            if not ignored[k]:
                for way in range(2):
                    for i in range(SIZE):
                        rate[i, 0] = s * off[i, place] if way == 0 else -s * on[i, place]
                    time = first_below(rate, 0, -tolerance)
                    if time < fraction:
                        fraction, boundary, new = time, k, OFF if way == 0 else ON
            place += 1
        elif not ignored[k]:
            side = 1.0 if state[k] == OFF else -1.0
            known = 0.0 if turn < np.inf else s
            time = reached(
                z, k, side, known, turn, duration, x, problem.length[k], force, end, end_growth, there, part, push,
                rate,
            )  # fmt: skip
            if time < fraction:
                fraction, boundary, new = time, k, ON if state[k] == OFF else OFF
    return fraction, boundary, new


@kernel
def follow(z, log_scale, sign, state, curve, step, problem, desk):
    """Carry one neuron through a step and all its events; ``z`` and ``state`` are changed in place.

    Parameters
    ----------
    z : float64[q + 2]
        At the start of the step; on return at its end, in another unit.
    log_scale : float
        The logarithm of the unit at the start.
    curve : float64[6, n]
        The residual over the step.

    Returns
    -------
    log_scale : float
        The logarithm of the new unit.
    events : int
        ``desk.times`` says when, as fractions of the step: each instant once, the last place for all later ones.
    unique : bool
        False if the flow was not unique somewhere: there the neuron was stopped by relu'(0) = 0.
    """
    n, q = problem.x.shape
    force, opposite, end = desk.force, problem.opposite, desk.end
    touching, ignored, left = desk.touching, desk.ignored, desk.curve
    for k in range(n):
        touching[k], ignored[k] = False, False
        for i in range(SIZE):
            left[i, k] = curve[i, k]
    times = desk.times
    for slot in range(times.shape[0]):
        times[slot] = np.inf
    now, events, flips, slot, pivot, unique, done = 0.0, 0, 0, -1, -1, True, False
    for _ in range(MOST_EVENTS * (n + 2)):
        count, bulk = read_pattern(z, state, problem, desk)
        tolerance = PUSHING * bulk
        s = sign_of_output(z, sign, force)
        k, new = misplaced(state, s, problem, desk, count, tolerance)
        if k >= 0:
            if events == 0:
                slot, pivot, times[0] = 0, k, now
            flips += 1
            events += 1
            desk.ignored[k] = flips > 3 * n + 6
            desk.touching[k] = True
            set_state(state, opposite, k, new)
            continue
        if pivot >= 0 and (count > 0 or q == 1) and vanished(z):
            positive = state[pivot] == ON
            if count > 0:
                unique = False
                rest(state, problem)
                count = read_pattern(z, state, problem, desk)[0]
            put_beside(z, pivot, positive, problem)
        pivot = -1
        if not unique and stopped(desk):
            done = True
            break
        duration = (1.0 - now) * step
        growth = carry(z, end, force, duration, 1.0, desk.part, desk.push)
        fraction, k, new = next_event(z, sign, s, state, duration, count, tolerance, problem, desk, end, growth)
        if fraction <= 1.0:
            growth = carry(z, end, force, duration, fraction, desk.part, desk.push)
        for c in range(q + 2):
            z[c] = end[c]
        log_scale += growth
        done = not fraction <= 1.0
        if done:
            break
        if fraction > 0.0:
            flips = 0
            now += (1.0 - now) * fraction
            advance(fraction, desk)
        events += 1
        flips += 1
        slot, pivot = min(slot + 1, times.shape[0] - 1), k
        times[slot] = min(times[slot], now)
        if k >= 0:
            desk.ignored[k] = flips > 3 * n + 6
            desk.touching[k] = True
            set_state(state, opposite, k, new)
        else:
            unique = False
            let_go(state, problem, desk)
    if not done:  # a pattern that does not come to an end is left as it is
        read_pattern(z, state, problem, desk)
        log_scale += carry(z, end, force, (1.0 - now) * step, 1.0, desk.part, desk.push)
        for c in range(q + 2):
            z[c] = end[c]
    return log_scale, events, unique


@inlined
def advance(fraction, desk):
    """Let the present instant of the desk be the fraction ``fraction`` of what was left."""
    curve, spare, touching = desk.curve, desk.spare, desk.touching
    restrict(curve, fraction, 1.0, spare)
    for k in range(curve.shape[1]):
        touching[k] = False
        for i in range(SIZE):
            curve[i, k] = spare[i, k]


@inlined
def let_go(state, problem, desk):
    """Put every boundary that is slid along on its negative side."""
    for k in range(state.shape[0]):
        if state[k] == SLIDING and not 0 <= problem.opposite[k] < k:
            set_state(state, problem.opposite, k, OFF)
            desk.touching[k] = True


@inlined
def put_beside(z, k, positive, problem):
    """Give a neuron at w = 0 a w too small for anything, on the side of boundary ``k`` that it belongs to."""
    q = problem.x.shape[1]
    size = 1e-12 * abs(z[q]) if positive else -1e-12 * abs(z[q])
    for c in range(q):
        z[c] = size * problem.x[k, c] / problem.length[k]
    z[q + 1] = z[q] * z[q] - size * size


@inlined
def rest(state, problem):
    """Stop a neuron for ever: by relu'(0) = 0, or for a leaky ReLU as if it slid along everything."""
    for l in range(state.shape[0]):
        state[l] = OFF if problem.slope == 0.0 else SLIDING


@inlined
def stopped(desk):
    """Whether nothing can move a neuron of the pattern on the desk."""
    size = 0.0
    for i in range(SIZE):
        for c in range(desk.force.shape[1]):
            size = max(size, abs(desk.force[i, c]))
    return size == 0.0


@inlined
def vanished(z):
    """Whether w has reached 0 with |a| > |w|: it could leave in any direction."""
    q = z.shape[0] - 2
    square = 0.0
    for c in range(q):
        square += z[c] * z[c]
    return z[q + 1] > 0.0 and square <= VANISHED * VANISHED * z[q] * z[q]
