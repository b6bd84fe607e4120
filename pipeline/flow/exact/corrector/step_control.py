"""How long a step may be, and how far it went: what the groups' rates of growth say before and after it."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from pipeline.flow.exact.machine_code.jit import inlined, jitted, llvm_inlined
from pipeline.flow.exact.network.activation import active_sum, project
from pipeline.flow.exact.network.spans import LINE, MANY
from pipeline.flow.exact.propagation.boost import follows

FIRST_RAPIDITY = 0.1
"""The first step times the fastest growth rate; steps then grow by at most LARGEST_GROWTH, so that the
alignment, which no residual shows, is passed in steps of its own pace and can be sampled there."""
LARGEST_GROWTH = 2.5
CANCELLED = 1e-12
"""|D| of a group, over the sum of its terms, that is only their rounding."""
FADED_OUTPUT_LOG = -60.0
"""The logarithm of what a group adds to h, over the labels' scale, below which its shrinking is of no interest."""
SHRINKING_SHARE = 1e-10
"""The share of a group's square that can still grow, below which it counts as shrinking only."""
LARGEST_SHRINKING = 6.0
"""Boosts of such a group between two readings of its neurons: rounding grows by exp(2 * 6) over them."""
LARGEST_STIFFNESS = 1e7
"""The largest h (K |D|)^(1/2): the rounding of a fitted residual, h K times that of the others, would turn a
neuron within the step by h^2 K |D| times 1e-16."""


@jitted
def norm(vector):
    """|v|."""
    square = 0.0
    for c in range(vector.shape[0]):
        square += vector[c] * vector[c]
    return sqrt(square)


@llvm_inlined
def growth_rates(groups, r, problem, group_speeds, n_force):
    """How fast the groups move: |D| of each, and which of them can grow.

    A group whose rows all have no growing light-cone part (p = -a along D) can only shrink: it is at rest in the
    limit, whatever its D. Until then it moves, and if it stands for many neurons they must be read back before
    rounding has grown into what they have lost.

    Parameters
    ----------
    r : float64[n]
        Without its rounding.
    group_speeds : float64[groups]
        Written: |D| where the group can grow, else 0.
    n_force : float64[q]
        Workspace: n D of one group.

    Returns
    -------
    fastest_felt : float
        The largest |D| of a group that can grow, or whose output is large enough to have an effect (*felt*).
    fastest : float
        That of any group.
    fastest_shrinking : float
        That of any group of many neurons which all shrink.
    """
    x, length = problem.x, problem.length
    n, q = x.shape
    row, derivative, kind, rows, logs = groups.row, groups.derivative, groups.kind, groups.rows, groups.logs
    group_count = row.shape[0] - 1
    fastest_felt, fastest, fastest_shrinking = 0.0, 0.0, 0.0
    for g in range(group_count):
        group_speeds[g] = 0.0
        if row[g + 1] == row[g]:
            continue
        active_sum(derivative[g], r, x, n_force)
        project(n_force, groups.normals, groups.edge[g], groups.edge[g + 1])
        speed, bulk = norm(n_force) / n, 0.0
        for k in range(n):
            bulk += abs(derivative[g, k] * r[k]) * length[k] / n
        if speed <= CANCELLED * bulk:
            continue
        grows, felt, growing, whole = False, False, 0.0, 0.0
        reference = logs[row[g]]
        for i in range(row[g], row[g + 1]):
            share = growing_share(rows[i], n_force, kind[g])
            unit = exp(2.0 * min(logs[i] - reference, 300.0))
            a = rows[i, q] * rows[i, q]
            whole += unit * a
            growing += unit * a * share * share
            grows = grows or share > 1e-14
            felt = felt or 2.0 * (logs[i] - problem.log_unit) > FADED_OUTPUT_LOG
        if grows:
            group_speeds[g] = speed
        fastest = max(fastest, speed)
        if grows or felt:
            fastest_felt = max(fastest_felt, speed)
        if kind[g] == MANY and growing < SHRINKING_SHARE * whole:
            fastest_shrinking = max(fastest_shrinking, speed)
    return fastest_felt, fastest, fastest_shrinking


@llvm_inlined
def growing_share(row, n_force, kind):
    """|p + a| / (|p| + |a|) for one row, p its w along D: 0 if it can only shrink.

    For a single neuron from what stands across D, as
    :func:`pipeline.flow.exact.propagation.boost.boost_neuron` does: the sum would be lost in rounding.
    """
    q = n_force.shape[0]
    size = norm(n_force)
    p, square = 0.0, 0.0
    for c in range(q):
        p += n_force[c] / size * row[c]
        square += row[c] * row[c]
    a = row[q]
    if p == 0.0 and a == 0.0:
        return 0.0
    if kind == MANY or (p < 0.0) == (a < 0.0):
        return abs(p + a) / (abs(p) + abs(a))
    across = max(square - p * p, 0.0)
    if kind == LINE or (across <= 1e-14 * square and row[q + 1] == 0.0):
        return 0.0
    if not follows(row[q + 1], across, p, a):
        return abs(p + a) / (abs(p) + abs(a))
    return min(abs(row[q + 1] + across) / (p - a) ** 2, 1.0) + 1e-13


@inlined
def time_until_felt(groups, group_speeds, problem, level):
    """How long no group that is still too small to have an effect can grow past ``level`` of the labels' scale.

    Without this a step of 300 e-folds would have to be refused many times before it stops short of the escape
    from a saddle.
    """
    until = np.inf
    for g in range(groups.start.shape[0] - 1):
        if group_speeds[g] == 0.0:
            continue
        largest = -np.inf
        for i in range(groups.row[g], groups.row[g + 1]):
            largest = max(largest, groups.logs[i])
        remaining = 0.5 * log(level) + problem.log_unit - largest
        if remaining > 0.0:
            until = min(until, max(remaining, 0.5) / group_speeds[g])
    return until


@inlined
def stiffness_limit(kernel, r, problem):
    """The longest step over which the rounding of fitted residuals does not turn the neurons."""
    stiffest, force = 0.0, 0.0
    for k in range(r.shape[0]):
        stiffest = max(stiffest, kernel[k, k])
        force += abs(r[k]) * problem.length[k] / r.shape[0]
    pace = sqrt(stiffest * force)
    return LARGEST_STIFFNESS / pace if pace > 0.0 else np.inf


@inlined
def growth_factor(taken, last, order, smooth):
    """By what the next step may be longer: the root of the error, with Gustafsson's prediction.

    ``taken`` and ``last`` are the error and the length of this step and of the one before.

    While a saddle is left the error of equal steps grows exponentially; without the second factor every other
    step would be refused there.
    """
    (error, step), (last_error, last_step) = taken, last
    power = -1.0 / order
    factor = 0.9 * max(error, 1e-8) ** power
    if smooth and last_error > 0.0 and error > 1e-8:
        factor *= min(max(step / last_step * (error / last_error) ** power, 0.4), 1.0)
    return min(factor, LARGEST_GROWTH)


@llvm_inlined
def mean_alignment(groups, r, problem, alignment, n_force):
    """Write each group's mean cosine with its D, weighted by the squared norms; return the mean change.

    A group whose points are fitted keeps its old value: the direction of a vanishing D is of no interest.
    """
    x = problem.x
    n, q = x.shape
    row, derivative, rows, logs = groups.row, groups.derivative, groups.rows, groups.logs
    group_count = row.shape[0] - 1
    change = 0.0
    for g in range(group_count):
        if row[g + 1] == row[g]:
            continue
        active_sum(derivative[g], r, x, n_force)
        project(n_force, groups.normals, groups.edge[g], groups.edge[g + 1])
        n_speed = norm(n_force)
        if n_speed <= 1e-3 * n * problem.resting_growth:
            continue
        reference = logs[row[g]]
        along, total = 0.0, 0.0
        for i in range(row[g], row[g + 1]):
            unit = 1.0 if logs[i] == reference else exp(2.0 * min(logs[i] - reference, 300.0))
            p = 0.0
            for c in range(q):
                p += n_force[c] / n_speed * rows[i, c]
            along += unit * p * rows[i, q]
            total += unit * rows[i, q] * rows[i, q]
        if total > 0.0:
            change += abs(along / total - alignment[g]) / group_count
            alignment[g] = along / total
    return change


@inlined
def residual_change(r0, r1, problem):
    """The root mean square of a step's change of the residual, over the labels' scale."""
    square = 0.0
    for k in range(r0.shape[0]):
        square += (r1[k] - r0[k]) ** 2
    return sqrt(square / r0.shape[0]) / problem.label_scale
