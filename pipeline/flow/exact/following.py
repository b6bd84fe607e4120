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
from pipeline.flow.exact.curve import SIZE, first_below, moments, restrict, value
from pipeline.flow.exact.instant import (
    PUSHING,
    STRUCK,
    VANISHED,
    inner,
    let_go,
    misplaced,
    put_beside,
    read_pattern,
    rest,
    set_state,
    sign_of_output,
    stopped,
    vanished,
)
from pipeline.flow.exact.states import OFF, ON, SLIDING

ROOT_STEPS = 60
"""Halvings after which a bracket is as narrow as a float allows."""
BEYOND = 1e-13
"""The share of |w||x_k| beyond which <w, x_k> is on the other side."""
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


@kernel
def write_speeds(force, x, speeds):
    """Write <D, x_k> of every point into ``speeds``; return the largest |D|."""
    large, largest = SIZE * x.shape[0] * x.shape[1] > LARGE, 0.0
    if large:
        speeds_by_products(force, x, speeds)
    for i in range(SIZE):
        square = 0.0
        for c in range(x.shape[1]):
            square += force[i, c] * force[i, c]
        largest = max(largest, square)
        for k in range(x.shape[0] if not large else 0):
            speeds[i, k] = 0.0
            for c in range(x.shape[1]):
                speeds[i, k] += force[i, c] * x[k, c]
    return sqrt(largest)


@allocating
def speeds_by_products(force, x, speeds):
    """The sums of :func:`write_speeds` by a matrix product, for many points."""
    speeds[:] = np.dot(force, x.T)


@kernel
def reached(
    z, k, side, s, turn, duration, x, length, force, size, speeds, end, end_growth, there, part, push, rate
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
    size : float
        The largest |D|.
    speeds : float64[6, n]
        <D, x_k>.
    end : float64[q + 2]
        The neuron at the end, in a unit whose logarithm is larger by ``end_growth``.
    there, part, push, rate
        From the desk (a kernel that is called this often is not handed the whole of it).
    """
    most, least = 0.0, 0.0
    for i in range(SIZE):
        rate[i, 0] = side * (s if s != 0.0 else 1.0) * speeds[i, k]
        most, least = max(most, rate[i, 0]), min(least, rate[i, 0])
    rounding = 1e-14 * size * length
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
    q, speeds = x.shape[1], desk.speeds
    size = write_speeds(force, x, speeds)
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
                z, k, side, known, turn, duration, x, problem.length[k], force, size, speeds, end, end_growth,
                there, part, push, rate,
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
        if pivot >= 0 and vanished(z, VANISHED if count > 0 or q == 1 else STRUCK):
            positive = state[pivot] == ON
            if count > 0 or q > 1:
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
