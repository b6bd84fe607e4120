"""One neuron through one step, from event to event: crossings both ways, sliding, and its ends.

Between events D is a known polynomial, and the neuron's path a product of boosts. An event is

- a boundary <w, x_k> = 0 that is reached: the neuron goes on to the other side, unless that pushes it back: then
  it slides;
- a boundary that it stops sliding along (:mod:`pipeline.flow.exact.sliding`);
- the sign of a changing while it slides: there the flow is not unique, and it is stopped by relu'(0) = 0.

What holds at the instant of an event is :mod:`pipeline.flow.exact.instant`'s.
"""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from pipeline.flow.exact.boost import boost_neuron
from pipeline.flow.exact.carrying import LARGE
from pipeline.flow.exact.compiled import allocating, inlined, kernel
from pipeline.flow.exact.corner import CONTACT, decide_corner
from pipeline.flow.exact.curve import SIZE, first_below, moments, restrict, value
from pipeline.flow.exact.instant import (
    PUSHING,
    STRUCK,
    VANISHED,
    inner,
    largest_force,
    let_go,
    put_beside,
    read_pattern,
    rest,
    sign_of_output,
    stopped,
    vanished,
)
from pipeline.flow.exact.sliding import any_repels, held_side
from pipeline.flow.exact.states import OFF, ON, SLIDING

ROOT_STEPS = 60
"""Halvings after which a bracket is as narrow as a float allows."""
BEYOND = 1e-13
"""The share of |w||x_k| beyond which <w, x_k> is on the other side."""
LOOKS = 8
"""How often in a step it is asked whether a neuron can leave a corner that holds it without being stable."""
LATER = 1e-3
"""The fraction of the time left after which the ways out of a boundary are told apart."""
MOST_EVENTS = 50
"""Events of a neuron in one step, over the number of points, after which its pattern is left as it is."""


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


@inlined
def at_boundary(z, k, x, length):
    """Whether the neuron is at boundary ``k``, to rounding."""
    return close_to(z, k, x, CONTACT * length)


@inlined
def close_to(z, k, x, share):
    """Whether |<w, x_k>| is at most ``share`` |w|."""
    square = 0.0
    for c in range(x.shape[1]):
        square += z[c] * z[c]
    return abs(inner(z, x, k)) <= share * sqrt(square)


@kernel
def write_speeds(force, x, speeds):
    """Write <D, x_k> of every point into ``speeds``."""
    if SIZE * x.shape[0] * x.shape[1] > LARGE:
        speeds_by_products(force, x, speeds)
        return
    for i in range(SIZE):
        for k in range(x.shape[0]):
            speeds[i, k] = 0.0
            for c in range(x.shape[1]):
                speeds[i, k] += force[i, c] * x[k, c]


@allocating
def speeds_by_products(force, x, speeds):
    """The sums of :func:`write_speeds` by a matrix product, for many points."""
    speeds[:] = np.dot(force, x.T)


@kernel
def reached(
    z,
    k,
    side,
    s,
    turn,
    duration,
    x,
    length,
    force,
    pushed,
    speeds,
    end,
    end_growth,
    there,
    part,
    push,
    rate,
    margin,
    sensitive,
):
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
    pushed : float
        The least <D, x_k> that counts.
    speeds : float64[6, n]
        <D, x_k>.
    end : float64[q + 2]
        The neuron at the end, in a unit whose logarithm is larger by ``end_growth``.
    margin : float64[1]
        The share of |w||x_k| within which it is said that the neuron turns back close to the boundary.
    sensitive : float64[2]
        The second entry is written: at which fraction it does, ``inf`` if it does not.
    there, part, push, rate
        From the desk (a kernel that is called this often is not handed the whole of it).
    """
    most, least, sensitive[1] = 0.0, 0.0, np.inf
    for i in range(SIZE):
        rate[i, 0] = side * (s if s != 0.0 else 1.0) * speeds[i, k]
        most, least = max(most, rate[i, 0]), min(least, rate[i, 0])
    if s != 0.0 and most <= pushed:
        return np.inf
    start = 0.0
    if s != 0.0 and rate[0, 0] <= pushed and at_boundary(z, k, x, length):  # it rests there until it is pushed
        for i in range(SIZE):
            rate[i, 0] = -rate[i, 0]
        start = first_below(rate, 0, -pushed)
        for i in range(SIZE):
            rate[i, 0] = -rate[i, 0]
        if start == np.inf:
            return np.inf
    bend = np.inf
    if most > pushed and least < -pushed:
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
            if close_to(there, k, x, margin[0] * length):
                sensitive[1] = min(sensitive[1], stop)
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
                return max(previous, start)
            return max(
                start,
                crossing(
                    z, k, previous, stop, f_low, min(unit, 1e100) * f_high, duration, x, force, there, part, push
                ),
            )
        previous = stop
    return np.inf


@kernel
def next_event(z, sign, s, state, duration, count, spare, tolerance, problem, desk, end, end_growth):
    """The next event: its fraction of the time left, and its boundary.

    Returns
    -------
    fraction, k
        (inf, -1) without one; k = -1 where a changes its sign while the neuron slides.
    """
    opposite, wait, off, on, rate = problem.opposite, desk.wait, desk.off, desk.on, desk.rate
    x, force, there, part, push = problem.x, desk.force, desk.there, desk.part, desk.push
    q, speeds = x.shape[1], desk.speeds
    write_speeds(force, x, speeds)
    turn = np.inf
    if sign == 0.0 and z[q] * end[q] < 0.0:
        turn = crossing(z, np.int64(-1), 0.0, 1.0, z[q], end[q], duration, x, force, there, part, push)
    fraction, boundary, doubtful, near = np.inf, -1, np.inf, -1
    if count > 0 and turn < fraction:
        fraction = turn
    for p in range(count):
        k = desk.boundaries[p]
        e = held_side(off, on, p, s, spare)
        for way in range(2):
            for i in range(SIZE):
                rate[i, 0] = e * off[i, p] if way == 0 else -e * on[i, p]
            time = first_below(rate, 0, -tolerance * wait[k])
            if time < fraction:
                fraction, boundary = time, k
    for k in range(state.shape[0]):
        if state[k] == SLIDING or wait[k] == np.inf or 0 <= opposite[k] < k:
            continue
        side = 1.0 if state[k] == OFF else -1.0
        known = 0.0 if turn < np.inf else s
        length = problem.length[k]
        pushed = tolerance * wait[k] * length
        time = reached(
            z, k, side, known, turn, duration, x, length, force, pushed, speeds, end, end_growth, there, part,
            push, rate, desk.margin, desk.sensitive,
        )  # fmt: skip
        if desk.sensitive[1] < doubtful:
            doubtful, near = desk.sensitive[1], k
        if time < fraction:
            fraction, boundary = time, k
    # What it would have done later is of no interest if something else turns it first.
    desk.sensitive[1] = min(doubtful, fraction) if near == boundary or doubtful <= fraction else np.inf
    return fraction, boundary


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
        How many boundaries have changed their state, and how often a has changed its sign while it slid.
        ``desk.times`` says when, as fractions of the step: each instant once, the last place for all later ones.
    unique : bool
        False if the flow was not unique somewhere: there the answer nearest to the states before was taken, or
        the neuron was stopped by relu'(0) = 0.
    """
    n, q = problem.x.shape
    end, wait, left, times = desk.end, desk.wait, desk.curve, desk.times
    for k in range(n):
        wait[k] = 1.0
        for i in range(SIZE):
            left[i, k] = curve[i, k]
    for slot in range(times.shape[0]):
        times[slot] = np.inf
    desk.sensitive[0] = np.inf
    now, events, repeats, slot, unique, done = 0.0, 0, 0, -1, True, False
    for _ in range(MOST_EVENTS * (n + 2)):
        count, spare, bulk = read_pattern(z, state, problem, desk)
        tolerance = PUSHING * bulk
        s = sign_of_output(z, sign, desk.force)
        if not unique and stopped(desk):
            done = True
            break
        duration = (1.0 - now) * step
        growth = carry(z, end, desk.force, duration, 1.0, desk.part, desk.push)
        if spare < 0 and repeats == 0:  # nothing holds it at its boundaries any more
            fraction, k = 0.0, desk.boundaries[0]
        else:
            fraction, k = next_event(
                z, sign, s, state, duration, count, spare, tolerance, problem, desk, end, growth
            )
            desk.sensitive[0] = min(desk.sensitive[0], now + (1.0 - now) * desk.sensitive[1])
            if spare < 0 or (spare > 0 and any_repels(state, s, tolerance, problem, desk.curve)):
                escape = first_escape(z, s, state, min(fraction, 1.0), problem, desk)
                if escape < fraction:
                    fraction, k = escape, desk.boundaries[0]
        if fraction <= 1.0:
            growth = carry(z, end, desk.force, duration, fraction, desk.part, desk.push)
        for c in range(q + 2):
            z[c] = end[c]
        log_scale += growth
        done = not fraction <= 1.0
        if done:
            break
        if fraction > 0.0:
            repeats = 0
            now += (1.0 - now) * fraction
            advance(fraction, desk)
        repeats += 1
        if close_to_others(z, state, k, problem, desk):
            desk.sensitive[0] = min(desk.sensitive[0], now)
        changed, sure = pass_event(z, sign, state, k, problem, desk)
        unique = unique and sure
        if k >= 0 and changed == 0 and spare == 0:
            wait[k] *= 10.0
        if k >= 0 and repeats > 3 * n + 6:
            wait[k] = np.inf
        if changed > 0:
            events += changed
            slot = min(slot + 1, times.shape[0] - 1)
            times[slot] = min(times[slot], now)
    if not done:  # a pattern that does not come to an end is left as it is
        read_pattern(z, state, problem, desk)
        log_scale += carry(z, end, desk.force, (1.0 - now) * step, 1.0, desk.part, desk.push)
        for c in range(q + 2):
            z[c] = end[c]
    return log_scale, events, unique


@inlined
def leaves_at(z, s, state, fraction, problem, desk):
    """Whether a neuron held at dependent boundaries has somewhere to go at this fraction of the time left."""
    tried, residual = desk.tried, desk.alone
    for l in range(state.shape[0]):
        tried[l], residual[l] = state[l], value(desk.curve, l, fraction)
    tolerance = 0.5 * PUSHING * largest_force(desk.curve, problem.length)
    return decide_corner(z, s, tried, desk.boundaries[0], residual, problem, tolerance, CONTACT)[0] > 0


@inlined
def leaves_one_way(z, s, state, k, problem, desk):
    """Whether a neuron that stops sliding has one way to go: asked a little later, as all ways begin at rest."""
    tried, later = desk.tried, desk.later
    for l in range(state.shape[0]):
        tried[l], later[l] = state[l], value(desk.curve, l, LATER)
    tolerance = 0.5 * PUSHING * largest_force(desk.curve, problem.length)
    return decide_corner(z, s, tried, k, later, problem, tolerance, CONTACT)[1]


@kernel
def first_escape(z, s, state, last, problem, desk):
    """The first fraction up to ``last`` at which a neuron held at dependent boundaries can leave, else infinite.

    Where some of the boundaries push away, multipliers in [0, 1] may still hold it when a sector or a ray of the
    corner leads out of it already. What stays then is not stable: any neighbour leaves, and so does the neuron.
    """
    low = 0.0
    for part in range(LOOKS):
        high = last * (part + 1) / LOOKS
        if leaves_at(z, s, state, high, problem, desk):
            while high - low > 1e-13:
                middle = 0.5 * (low + high)
                if not low < middle < high:
                    break
                if leaves_at(z, s, state, middle, problem, desk):
                    high = middle
                else:
                    low = middle
            return high
        low = high
    return np.inf


@kernel
def close_to_others(z, state, k, problem, desk):
    """Whether a neuron at boundary ``k`` is so close to another that the order in which it meets them decides."""
    tried, residual, near = desk.tried, desk.alone, False
    for l in range(state.shape[0]):
        tried[l], residual[l] = state[l], desk.curve[0, l]
        share = desk.margin[0] * problem.length[l]
        near = near or (
            l != k
            and state[l] != SLIDING
            and close_to(z, l, problem.x, share)
            and not at_boundary(z, l, problem.x, problem.length[l])
        )
    if not near:
        return False
    s = 1.0 if z[z.shape[0] - 2] >= 0.0 else -1.0
    tolerance = PUSHING * largest_force(desk.curve, problem.length)
    return not decide_corner(z, s, tried, k, residual, problem, tolerance, desk.margin[0])[1]


@kernel
def pass_event(z, sign, state, k, problem, desk):
    """Give the boundaries of a neuron at an event their new states: at boundary ``k``, or where a is 0 (k = -1).

    Returns
    -------
    changed : int
        How many have another state; 1 at least where a is 0.
    unique : bool
    """
    n, q = problem.x.shape
    residual, unique, changed = desk.alone, True, 0
    for l in range(n):
        residual[l] = desk.curve[0, l]
    if k < 0:
        let_go(state, problem)
        unique, changed = False, 1
    # By half the threshold: what has been found to be pushed must not be called rounding here.
    _, _, bulk = read_pattern(z, state, problem, desk)
    tolerance, s = 0.5 * PUSHING * bulk, sign_of_output(z, sign, desk.force)
    if k >= 0 and state[k] == SLIDING:
        unique = leaves_one_way(z, s, state, k, problem, desk)
    others, sure = decide_corner(z, s, state, k, residual, problem, tolerance, CONTACT)
    slides = False
    for l in range(n):
        slides = slides or state[l] == SLIDING
    if k >= 0 and vanished(z, VANISHED if slides or q == 1 else STRUCK):
        positive = state[k] == ON
        if slides or q > 1:
            # In one dimension both sides may lead to 0: nothing is open there.
            sure = sure and q == 1
            rest(state, problem)
        put_beside(z, k, positive, problem)
        others = max(others, 1)
    return changed + others, unique and sure


@inlined
def advance(fraction, desk):
    """Let the present instant be the fraction ``fraction`` of what was left."""
    curve, spare = desk.curve, desk.spare
    restrict(curve, fraction, 1.0, spare)
    for k in range(curve.shape[1]):
        for i in range(SIZE):
            curve[i, k] = spare[i, k]
