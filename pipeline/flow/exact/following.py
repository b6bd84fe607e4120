"""One neuron within one step: where its path to a boundary is lowest, when it crosses, and where it ends.

For orthogonal inputs an active point pushes <w_j, x_k> only by its own residual, at the speed
a_j r_k |x_k|^2 / n: a crossing is always from on to off, and for good (relu'(0) = 0, as the paper proves in its
appendix D).
"""

from __future__ import annotations

from math import exp

import numpy as np

from pipeline.flow.exact.boost import hermite, magnus_weights, propagate_rows
from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.patterns import normalise
from pipeline.flow.exact.states import OFF, ON

ROOT_STEPS = 60
"""Halvings after which a bracket is as narrow as a float allows."""


@kernel
def inward_speed(state, sign, k, cubic, gram, s):
    """The speed s_j <D, x_k> at the fraction ``s`` of the step: negative where point k is being lost."""
    r0, d0, r1, d1, step = cubic
    total = 0.0
    for l in range(r0.shape[0]):
        if state[l] == ON and gram[k, l] != 0.0:
            total += gram[k, l] * hermite(r0[l], d0[l], r1[l], d1[l], step, s)
    return sign * total


@kernel
def can_lose(state, sign, k, cubic, gram):
    """Whether the speed towards the boundary of k can be negative anywhere in the step (Bernstein's bound)."""
    r0, d0, r1, d1, step = cubic
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for l in range(r0.shape[0]):
        if state[l] == ON and gram[k, l] != 0.0:
            first += gram[k, l] * r0[l]
            second += gram[k, l] * (r0[l] + step / 3.0 * d0[l])
            third += gram[k, l] * (r1[l] - step / 3.0 * d1[l])
            fourth += gram[k, l] * r1[l]
    return min(min(sign * first, sign * second), min(sign * third, sign * fourth)) < 0.0


@kernel
def lowest_time(state, sign, k, cubic, gram, start):
    """The time in [start, step] at which <w, x_k> is least: the end, unless the speed turns positive before."""
    step = cubic[4]
    low, high = start / step, 1.0
    if not (
        inward_speed(state, sign, k, cubic, gram, low) < 0.0
        and inward_speed(state, sign, k, cubic, gram, high) > 0.0
    ):
        return step
    for _ in range(ROOT_STEPS):
        middle = 0.5 * (low + high)
        if inward_speed(state, sign, k, cubic, gram, middle) < 0.0:
            low = middle
        else:
            high = middle
    return high * step


@inlined
def reach(z, x, k):
    """<w, x_k>."""
    total = 0.0
    for c in range(x.shape[1]):
        total += z[c] * x[k, c]
    return total


@kernel
def carry(z, there, state, cubic, x, start, end):
    """Write one neuron, ``z`` at ``start`` of the step, as it is at ``end`` into ``there``.

    Returns the logarithm of the unit of ``there`` over that of ``z``.
    """
    for c in range(z.shape[0]):
        there[c] = z[c]
    growth = np.zeros(1)
    if end > start:
        weights = np.empty((2, x.shape[0]))
        magnus_weights(cubic, start, end, weights)
        row = there.reshape((1, there.shape[0]))
        propagate_rows(row, growth, np.int64(0), np.int64(1), state, weights, x, np.empty(x.shape[1]))
    return growth[0]


@kernel
def crossing_time(z, state, cubic, x, gram, k, start, end):
    """When <w, x_k> reaches 0 in (start, end], known to be positive at the one and not at the other.

    Newton's method with the path's own speed a <D, x_k>, inside a bracket; where it leaves the bracket or has
    not settled after a few steps, halving.
    """
    there = np.empty_like(z)
    low, high = start, end
    f = reach(z, x, k)
    f_end = exp(carry(z, there, state, cubic, x, start, end)) * reach(there, x, k)
    guess = start + (end - start) * f / (f - f_end)
    for iteration in range(ROOT_STEPS):
        if not low < guess < high or iteration > 8:
            guess = 0.5 * (low + high)
        if not low < guess < high:
            break
        carry(z, there, state, cubic, x, start, guess)
        f = reach(there, x, k)
        if f > 0.0:
            low = guess
        else:
            high = guess
        speed = there[x.shape[1]] * inward_speed(state, 1.0, k, cubic, gram, guess / cubic[4]) / x.shape[0]
        move = f / speed
        guess -= move
        if abs(move) <= 1e-15 * end:
            return min(max(guess, low), high)
    return high


@kernel
def next_crossing(z, there, sign, state, cubic, problem, start, end):
    """The first crossing of one neuron in (start, end]: its time and its point, (inf, -1) without one."""
    time, point = np.inf, -1
    for k in range(problem.x.shape[0]):
        if state[k] == ON and can_lose(state, sign, k, cubic, problem.gram):
            lowest = min(lowest_time(state, sign, k, cubic, problem.gram, start), end)
            carry(z, there, state, cubic, problem.x, start, lowest)
            if reach(there, problem.x, k) <= 0.0:
                root = crossing_time(z, state, cubic, problem.x, problem.gram, k, start, lowest)
                if root < time:
                    time, point = root, k
    return time, point


@kernel
def follow(z, sign, state, cubic, problem, end):
    """Carry one neuron from the step's start to ``end`` through all its crossings; changed in place.

    Parameters
    ----------
    z : float64[q + 1]
        At the start of the step; on return at ``end``, in units of exp(growth) times those at the start.
    state : int8[n]
        Points that are lost become OFF.

    Returns
    -------
    growth : float
    first_time, first_point, first_weight
        The time and point of the first crossing, and a^2 there in units of exp(2 log_scale) of the start;
        (inf, -1, 0) without one.
    crossings : int
    """
    x = problem.x
    there = np.empty_like(z)
    growth = 0.0
    first_time, first_point, first_weight = np.inf, -1, 0.0
    now = 0.0
    for crossings in range(x.shape[0] + 1):
        time, point = next_crossing(z, there, sign, state, cubic, problem, now, end)
        growth += carry(z, there, state, cubic, x, now, min(time, end))
        for c in range(z.shape[0]):
            z[c] = there[c]
        if point < 0:
            break
        offset = reach(z, x, point) / problem.gram[point, point]
        for c in range(x.shape[1]):
            z[c] -= offset * x[point, c]
        growth += normalise(z, sign)
        state[point] = OFF
        now = time
        if crossings == 0:
            first_time, first_point, first_weight = time, point, exp(2.0 * growth)
    return growth, first_time, first_point, first_weight, crossings
