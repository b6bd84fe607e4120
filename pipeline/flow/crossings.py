"""Neurons that reach a point's boundary <w, x_k> = 0 within a step.

For orthogonal inputs an active point pushes <w_j, x_k> only by its own residual, at the speed
a_j r_k |x_k|^2 / n: a crossing is always from on to off, and for good (relu'(0) = 0, as the paper proves in its
appendix D). A group whose sign agrees with the residual of all its points over the whole step can't cross; the
Bernstein coefficients of the residual's cubic decide that without looking at any neuron. Only the neurons of
the groups that remain are looked at, and only those that end on the wrong side are followed one by one.
"""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from pipeline.flow.boost import hermite, magnus_weights, propagate_rows
from pipeline.flow.compiled import inlined, kernel
from pipeline.flow.patterns import Lumps, Neurons, gather, lump, neuron_from_lump, normalise
from pipeline.flow.states import OFF, ON

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


@kernel
def mark_losers(neurons, lumps, g, k, rows, columns, x, lost):
    """Set ``lost`` for the neurons of group g with <w, x_k> <= 0 where its lump has been carried to."""
    size = rows.shape[1]
    first, start, end = lumps.row[g], lumps.start[g], lumps.start[g + 1]
    if end - start <= size:
        for i in range(end - start):
            if reach(rows[first + i], x, k) <= 0.0:
                lost[lumps.order[start + i]] = True
        return
    view = np.empty(size)
    for b in range(size):
        view[b] = reach(columns[first + b], x, k)
    for i in range(start, end):
        j = lumps.order[i]
        total = 0.0
        for b in range(size):
            total += view[b] * neurons.z[j, b]
        if total <= 0.0:
            lost[j] = True


@kernel
def carry_rows(lumps, weights, x, rows, logs, push):
    """Write the rows of ``lumps`` after the boosts of ``weights`` into ``rows`` and ``logs``."""
    old_rows, old_logs, row, state = lumps.rows, lumps.logs, lumps.row, lumps.state
    for i in range(rows.shape[0]):
        logs[i] = old_logs[i]
        for c in range(rows.shape[1]):
            rows[i, c] = old_rows[i, c]
    for g in range(row.shape[0] - 1):
        propagate_rows(rows, logs, row[g], row[g + 1], state[g], weights, x, push)


@kernel
def carry_lumps(lumps, cubic, end, problem, rows, logs):
    """The lumps carried from the step's start to ``end``, where their rows are known to be ``rows``."""
    x = problem.x
    weights, push = np.empty((2, x.shape[0])), np.empty(x.shape[1])
    magnus_weights(cubic, 0.0, end, weights)
    columns, column_logs = lumps.columns.copy(), lumps.column_logs.copy()
    start, row, state = lumps.start, lumps.row, lumps.state
    for g in range(start.shape[0] - 1):
        if start[g + 1] - start[g] > rows.shape[1]:
            propagate_rows(columns, column_logs, row[g], row[g + 1], state[g], weights, x, push)
    return Lumps(lumps.order, lumps.start, lumps.row, lumps.state, lumps.sign, rows, logs, columns, column_logs)


@kernel
def carry_all(lumps, cubic, end, problem):
    """The lumps, rows and columns, carried from the step's start to ``end``."""
    x = problem.x
    weights, push = np.empty((2, x.shape[0])), np.empty(x.shape[1])
    magnus_weights(cubic, 0.0, end, weights)
    rows, logs = np.empty_like(lumps.rows), np.empty_like(lumps.logs)
    carry_rows(lumps, weights, x, rows, logs, push)
    return carry_lumps(lumps, cubic, end, problem, rows, logs)


@inlined
def find_losers(neurons, lumps, rows, cubic, problem):
    """The neurons that lose a point within the step; ``rows`` are the lumps' rows at its end.

    Returns
    -------
    losers : int64[:]
    """
    x, gram = problem.x, problem.gram
    step = cubic[4]
    lost = np.empty(0, dtype=np.bool_)
    for g in range(lumps.start.shape[0] - 1):
        if lumps.row[g + 1] == lumps.row[g]:
            continue
        state, sign = lumps.state[g], lumps.sign[g]
        for k in range(x.shape[0]):
            if state[k] != ON or not can_lose(state, sign, k, cubic, gram):
                continue
            if lost.shape[0] == 0:
                lost = np.zeros(neurons.sign.shape[0], dtype=np.bool_)
            lowest = lowest_time(state, sign, k, cubic, gram, 0.0)
            few = lumps.start[g + 1] - lumps.start[g] <= rows.shape[1]
            if few and lowest >= step:
                mark_losers(neurons, lumps, g, k, rows, rows, x, lost)
            else:
                there = carry_all(lumps, cubic, lowest, problem)
                mark_losers(neurons, lumps, g, k, there.rows, there.columns, x, lost)
    count = 0
    for j in range(lost.shape[0]):
        count += lost[j]
    losers = np.empty(count, dtype=np.int64)
    for j in range(lost.shape[0] - 1, -1, -1):
        if lost[j]:
            count -= 1
            losers[count] = j
    return losers


@inlined
def mark(losers, neurons):
    """Which neurons are among ``losers``."""
    loses = np.zeros(neurons.sign.shape[0], dtype=np.bool_)
    for j in losers:
        loses[j] = True
    return loses


@kernel
def cross(neurons, lumps, moved, losers, cubic, problem):
    """Bring every neuron to the end of a step in which ``losers`` cross, and lump anew.

    Returns
    -------
    neurons, lumps
        At the end of the step.
    crossings : int
    """
    z, log_scale = np.empty_like(neurons.z), np.empty_like(neurons.log_scale)
    state = neurons.state.copy()
    gather(neurons, moved, z, log_scale)
    loses = mark(losers, neurons)
    crossings = 0
    for g in range(lumps.start.shape[0] - 1):
        for i in range(lumps.start[g], lumps.start[g + 1]):
            j = lumps.order[i]
            if loses[j]:
                log_scale[j] = neuron_from_lump(neurons, lumps, g, i - lumps.start[g], z[j])
                growth, _, _, _, events = follow(z[j], neurons.sign[j], state[j], cubic, problem, cubic[4])
                log_scale[j] += growth + normalise(z[j], neurons.sign[j])
                crossings += events
    crossed = Neurons(z, log_scale, neurons.sign, state)
    return crossed, lump(crossed), crossings


@kernel
def group_speed(state, cubic, problem):
    """A bound on |D| over the step for the pattern ``state``: the triangle inequality over its points."""
    r0, d0, r1, d1, step = cubic
    total = 0.0
    for k in range(r0.shape[0]):
        if state[k] == ON:
            inner = max(abs(r0[k] + step / 3.0 * d0[k]), abs(r1[k] - step / 3.0 * d1[k]))
            total += max(max(abs(r0[k]), abs(r1[k])), inner) * sqrt(problem.gram[k, k])
    return total / r0.shape[0]


@inlined
def worth_stopping_for(neurons, lumps, losers, cubic, problem, allowed):
    """The time to which a step must be cut because of its crossings.

    A crossing bends dr/dt by a^2 |x_k|^2 r_k / n, which the step's cubic doesn't see: by the end of the step
    the residual is wrong by that times the time left. The crossings of tiny neurons cost nothing and are let
    pass; the step is cut at the first one with which the sum of these errors exceeds ``allowed``.

    Returns
    -------
    cut : float
        ``inf`` if the step stands.
    """
    r0, d0, r1, d1, step = cubic
    n = r0.shape[0]
    hardest = 0.0
    for k in range(n):
        hardest = max(hardest, max(abs(r0[k]), abs(r1[k])) * problem.gram[k, k] / n)
    loses = mark(losers, neurons)
    times, errors = np.empty(losers.shape[0]), np.empty(losers.shape[0])
    row = np.empty(neurons.z.shape[1])
    i, most = 0, 0.0
    for g in range(lumps.start.shape[0] - 1):
        growth = 2.0 * step * group_speed(lumps.state[g], cubic, problem)
        for place in range(lumps.start[g + 1] - lumps.start[g]):
            j = lumps.order[lumps.start[g] + place]
            if loses[j]:
                most += 3.0 * exp(2.0 * neuron_from_lump(neurons, lumps, g, place, row) + growth) * hardest * step
    if most <= allowed:
        return np.inf
    for g in range(lumps.start.shape[0] - 1):
        for place in range(lumps.start[g + 1] - lumps.start[g]):
            j = lumps.order[lumps.start[g] + place]
            if not loses[j]:
                continue
            unit = exp(2.0 * neuron_from_lump(neurons, lumps, g, place, row))
            _, time, k, weight, _ = follow(row, neurons.sign[j], neurons.state[j].copy(), cubic, problem, step)
            times[i], errors[i] = time, 0.0
            if k >= 0:
                push = abs(hermite(r0[k], d0[k], r1[k], d1[k], step, time / step)) * problem.gram[k, k] / n
                errors[i] = unit * weight * push * (step - time)
            i += 1
    if error_until(step, times, errors) <= allowed:
        return np.inf
    low, high = 0.0, step
    for _ in range(ROOT_STEPS):
        middle = 0.5 * (low + high)
        if error_until(middle, times, errors) > allowed:
            high = middle
        else:
            low = middle
    # A millionth of the rest beyond it, so that the repeated step sees it happen.
    cut = high + 1e-6 * (step - high)
    return cut if cut < step * (1.0 - 1e-6) else np.inf


@inlined
def error_until(time, times, errors):
    """The sum of the errors of the crossings up to ``time``."""
    total = 0.0
    for i in range(times.shape[0]):
        if times[i] <= time:
            total += errors[i]
    return total
