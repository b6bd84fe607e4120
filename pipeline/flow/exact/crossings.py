"""Neurons that reach a point's boundary <w, x_k> = 0 within a step.

A group whose sign agrees with the residual of all its points over the whole step can't lose one; the Bernstein
coefficients of the residual's cubic decide that without looking at any neuron. Only the neurons of the groups
that remain are looked at, and only those that end on the wrong side are followed one by one.
"""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from pipeline.flow.exact.boost import hermite
from pipeline.flow.exact.carrying import carry_all
from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.following import ROOT_STEPS, can_lose, follow, lowest_time, reach
from pipeline.flow.exact.patterns import Neurons, gather, lump, neuron_from_lump, normalise
from pipeline.flow.exact.states import ON


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
