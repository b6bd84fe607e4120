"""How long a step may be, and how far it went: what the groups' rates of growth say before and after it."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from pipeline.flow.exact.boost import active_sum
from pipeline.flow.exact.compiled import inlined, kernel

FIRST_RAPIDITY = 0.1
"""The first step times the fastest growth rate; steps then grow by at most LARGEST_GROWTH, so that the
alignment, which no residual shows, is passed in steps of its own pace and can be sampled there."""
LARGEST_GROWTH = 2.5


@kernel
def length(vector):
    """|v|."""
    square = 0.0
    for c in range(vector.shape[0]):
        square += vector[c] * vector[c]
    return sqrt(square)


@kernel
def fastest_growth(lumps, r, x):
    """The largest |D| over the groups that can still grow, and that of each.

    A group whose every row has no growing light-cone part (p = -a along D) can only shrink: it is at rest in
    the limit, whatever its D.

    Returns
    -------
    fastest : float
    rates : float64[groups]
    """
    n, q = x.shape
    row, state, rows = lumps.row, lumps.state, lumps.rows
    groups = row.shape[0] - 1
    rates = np.zeros(groups)
    force = np.empty(q)
    fastest = 0.0
    for g in range(groups):
        if row[g + 1] == row[g]:
            continue
        active_sum(state[g], r, x, force)
        rate = length(force) / n
        if rate == 0.0:
            continue
        grows = False
        for i in range(row[g], row[g + 1]):
            p = 0.0
            for c in range(q):
                p += force[c] / (n * rate) * rows[i, c]
            a = rows[i, q]
            grows = grows or abs(p + a) > 1e-14 * (abs(p) + abs(a))
        if grows:
            rates[g] = rate
            fastest = max(fastest, rate)
    return fastest, rates


@inlined
def time_until_felt(lumps, rates, problem, level):
    """How long no group that is still too small to be felt can grow past ``level`` of the labels' scale.

    Without this a step of 300 e-folds would have to be refused many times before it stops short of the escape
    from a saddle.
    """
    until = np.inf
    for g in range(lumps.start.shape[0] - 1):
        if rates[g] == 0.0:
            continue
        largest = -np.inf
        for i in range(lumps.row[g], lumps.row[g + 1]):
            largest = max(largest, lumps.logs[i])
        room = 0.5 * log(level) + problem.log_unit - largest
        if room > 0.0:
            until = min(until, max(room, 0.5) / rates[g])
    return until


@inlined
def growth_factor(error, step, last_error, last_step, smooth):
    """By what the next step may be longer: the fourth root of the error, with Gustafsson's prediction.

    While a saddle is left the error of equal steps grows exponentially; without the second factor every other
    step would be refused there.
    """
    factor = 0.9 * max(error, 1e-8) ** -0.25
    if smooth and last_error > 0.0 and error > 1e-8:
        factor *= min(max(step / last_step * (last_error / error) ** 0.25, 0.4), 1.0)
    return min(factor, LARGEST_GROWTH)


@kernel
def mean_alignment(lumps, r, problem, alignment, force):
    """Write each group's mean cosine with its D, weighted by the squared norms; return the mean change.

    A group whose points are fitted keeps its old value: the direction of a vanishing D is of no interest.
    """
    x = problem.x
    n, q = x.shape
    row, state, rows, logs = lumps.row, lumps.state, lumps.rows, lumps.logs
    groups = row.shape[0] - 1
    change = 0.0
    for g in range(groups):
        if row[g + 1] == row[g]:
            continue
        active_sum(state[g], r, x, force)
        rate = length(force)
        if rate <= 1e-3 * n * problem.resting_growth:
            continue
        reference = logs[row[g]]
        along, total = 0.0, 0.0
        for i in range(row[g], row[g + 1]):
            unit = 1.0 if logs[i] == reference else exp(2.0 * min(logs[i] - reference, 300.0))
            p = 0.0
            for c in range(q):
                p += force[c] / rate * rows[i, c]
            along += unit * p * rows[i, q]
            total += unit * rows[i, q] * rows[i, q]
        if total > 0.0:
            change += abs(along / total - alignment[g]) / groups
            alignment[g] = along / total
    return change


@inlined
def residual_change(r0, r1, problem):
    """The root mean square of a step's change of the residual, over the labels' scale."""
    square = 0.0
    for k in range(r0.shape[0]):
        square += (r1[k] - r0[k]) ** 2
    return sqrt(square / r0.shape[0]) / problem.label_scale
