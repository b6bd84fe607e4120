"""What the groups' rows say about the data: the residual and the tangent kernel.

Both are sums over the rows of second moments of (w, a), with phi' = 1 where a row is on, the leaky slope where
it is off, and 0 where it slides::

    h(x_k) = sum over rows of phi'_k a <w, x_k>
    K_kl   = 1/n sum over rows of phi'_k phi'_l (<w, x_k><w, x_l> + a^2 <P x_k, x_l>)

where P projects off the points along which the row slides. The residual's derivative needs nothing else:
dr/dt = -K r while no neuron crosses.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted, llvm_inlined
from pipeline.flow.exact.network.spans import FEW
from pipeline.flow.exact.propagation.magnus import PRODUCT_SIZE

SMALLEST_LOG = -60.0
"""Rows below exp of this times the labels' scale add less than 1e-52 to h: not worth their exponential."""
ELIMINATED = 64
"""The number of points up to which elimination in loops is quicker than the library's."""


class Observation(NamedTuple):
    """What rows say of the data.

    r : float64[n]
        The residual.
    gross : float64[n]
        The size of its terms (:func:`rounded`), whose rounding it carries.
    kernel : float64[n, n], or float64[0, 0] if it is not wanted
        The tangent kernel.
    preactivation : float64[n]
        Workspace: phi' <w, x_k> of one row.
    """

    r: np.ndarray
    gross: np.ndarray
    kernel: np.ndarray
    preactivation: np.ndarray


class EndWeights(NamedTuple):
    """What the right end's value and slope weigh in the integral of each label's (or mode's) polynomial.

    value, slope : float64[n]
    """

    value: np.ndarray
    slope: np.ndarray


@inlined
def rounded(kind, a, square):
    """What the rounding of a row's a|w| is a share of, |w|^2 being ``square``.

    A w below a is known to the rounding of a only, since the boosts mix them; an a below w to its own, since what
    is mixed with it is the small <w, D>. The rows of many neurons are sums that may have cancelled.
    """
    if kind == FEW and square > a * a:
        return abs(a) * sqrt(square)
    return 0.5 * (a * a + square)


@llvm_inlined
def observe(state, groups, problem, seen):
    """Write the residual of the rows and, if it is wanted, the tangent kernel into ``seen``.

    Parameters
    ----------
    state : Rows
    groups : PatternGroups
        Which rows are on where.
    problem : Problem
    seen : Observation
    """
    (n, q), kernel, derivative = problem.x.shape, seen.kernel, groups.derivative
    if state.rows.shape[0] * n * q > PRODUCT_SIZE:
        observe_products(state, groups, problem, seen)
        return
    with_kernel = kernel.shape[0] > 0
    for k in range(n):
        seen.r[k], seen.gross[k] = problem.y[k], abs(problem.y[k])
    for k in range(kernel.shape[0]):
        for l in range(n):
            kernel[k, l] = 0.0
    for g in range(groups.row.shape[0] - 1):
        outer = 0.0
        for i in range(groups.row[g], groups.row[g + 1]):
            if state.logs[i] - problem.log_unit <= SMALLEST_LOG:
                continue
            outer += add_row(state, i, (derivative, g, groups.kind[g]), problem, seen)
        if with_kernel and outer > 0.0:
            for k in range(n):
                if derivative[g, k] == 0.0:
                    continue
                for l in range(k + 1):
                    free = problem.gram[k, l]
                    for b in range(groups.edge[g], groups.edge[g + 1]):
                        free -= groups.normal_overlap[b, k] * groups.normal_overlap[b, l]
                    kernel[k, l] += outer * derivative[g, k] * derivative[g, l] * free
    for k in range(kernel.shape[0]):
        for l in range(k + 1):
            kernel[k, l] /= n
            kernel[l, k] = kernel[k, l]


@inlined
def add_row(state, i, pattern, problem, seen):
    """Add row ``i`` to h and to the first term of the tangent kernel; return its a^2, for the second term.

    Parameters
    ----------
    pattern : (derivative, g, kind)
        phi' of all groups; the row's group and its kind.
    """
    (derivative, g, kind), (r, gross, kernel, preactivation) = pattern, seen
    rows, x, length = state.rows, problem.x, problem.length
    n, q = x.shape
    unit = exp(2.0 * state.logs[i])
    a = rows[i, q]
    square = 0.0
    for c in range(q):
        square += rows[i, c] * rows[i, c]
    whole = unit * rounded(kind, a, square)
    for k in range(n):
        if derivative[g, k] == 0.0:
            continue
        along = 0.0
        for c in range(q):
            along += rows[i, c] * x[k, c]
        preactivation[k] = derivative[g, k] * along
        r[k] -= unit * a * preactivation[k]
        gross[k] += whole * length[k] * abs(derivative[g, k])
        if kernel.shape[0] > 0:
            for l in range(k + 1):
                if derivative[g, l] != 0.0:
                    kernel[k, l] += unit * preactivation[k] * preactivation[l]
    return unit * a * a


@allocating
def observe_products(state, groups, problem, seen):
    """:func:`observe` by matrix products, for many rows and points."""
    rows, logs, r, gross, kernel = state.rows, state.logs, seen.r, seen.gross, seen.kernel
    derivative, row, edge = groups.derivative, groups.row, groups.edge
    n, q = problem.x.shape
    group_count = row.shape[0] - 1
    w = rows[:, :q].copy()
    outer = np.zeros((group_count, 1))
    for g in range(group_count):
        for i in range(row[g], row[g + 1]):
            unit = exp(logs[i]) if logs[i] - problem.log_unit > SMALLEST_LOG else 0.0
            for c in range(q):
                w[i, c] *= unit
            outer[g, 0] += (unit * rows[i, q]) ** 2
    preactivation = np.dot(w, problem.x.T)
    for k in range(n):
        r[k], gross[k] = problem.y[k], abs(problem.y[k])
    for g in range(group_count):
        for i in range(row[g], row[g + 1]):
            square = 0.0
            for c in range(q):
                square += w[i, c] * w[i, c]
            if square == 0.0:
                continue
            a = rows[i, q] * exp(logs[i])
            whole = rounded(groups.kind[g], a, square)
            for k in range(n):
                preactivation[i, k] *= derivative[g, k]
                r[k] -= a * preactivation[i, k]
                gross[k] += whole * problem.length[k] * abs(derivative[g, k])
    if kernel.shape[0] == 0:
        return
    kernel[:] = np.dot(preactivation.T, preactivation) + np.dot(derivative.T, outer * derivative) * problem.gram
    if edge[group_count] > 0:
        weighted_overlap = np.zeros((edge[group_count], n))
        for g in range(group_count):
            weight = sqrt(outer[g, 0])
            for b in range(edge[g], edge[g + 1]):
                for k in range(n):
                    weighted_overlap[b, k] = weight * derivative[g, k] * groups.normal_overlap[b, k]
        kernel[:] -= np.dot(weighted_overlap.T, weighted_overlap)
    kernel[:] /= n


@inlined
def residual_derivative(kernel, r, d):
    """Write dr/dt = -K r into ``d``."""
    n = r.shape[0]
    for k in range(n):
        d[k] = 0.0
        for l in range(n):
            d[k] -= kernel[k, l] * r[l]


@jitted
def correct(kernel, step, weights, slope_gap, matrix, value_gap):
    """Solve (I + h K A + h^2 K B K) dp = value_gap + h^2 K B slope_gap for the right end's correction dp.

    A Newton step on r(t + h) = r(t) - integral of K r over the step's polynomials: without it a fitted label
    (hK >> 1) would hold the step at h ~ 1/K on every plateau. A and B are diagonal, the weights of the right
    end's value and slope in the integral of each label's polynomial.

    Parameters
    ----------
    weights : EndWeights
        A and B.
    slope_gap : float64[n]
    matrix : float64[n, n]
        Workspace.
    value_gap : float64[n]
        Holds dp on return.
    """
    value_weight, slope_weight = weights
    n = kernel.shape[0]
    if n > ELIMINATED:
        correct_by_products(kernel, step, weights, slope_gap, matrix, value_gap)
        return
    for k in range(n):
        for l in range(n):
            value_gap[k] += step * step * slope_weight[l] * kernel[k, l] * slope_gap[l]
            matrix[k, l] = step * value_weight[l] * kernel[k, l]
            for i in range(n):
                matrix[k, l] += step * step * slope_weight[i] * kernel[k, i] * kernel[i, l]
        matrix[k, k] += 1.0
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[pivot, k]):
                pivot = i
        for l in range(n):
            matrix[k, l], matrix[pivot, l] = matrix[pivot, l], matrix[k, l]
        value_gap[k], value_gap[pivot] = value_gap[pivot], value_gap[k]
        for i in range(k + 1, n):
            factor = matrix[i, k] / matrix[k, k]
            value_gap[i] -= factor * value_gap[k]
            for l in range(k, n):
                matrix[i, l] -= factor * matrix[k, l]
    for k in range(n - 1, -1, -1):
        for i in range(k + 1, n):
            value_gap[k] -= matrix[k, i] * value_gap[i]
        value_gap[k] /= matrix[k, k]


@allocating
def correct_by_products(kernel, step, weights, slope_gap, matrix, value_gap):
    """:func:`correct` by the library, for many points."""
    value_weight, slope_weight = weights
    scaled = step * step * kernel * slope_weight
    value_gap[:] += np.dot(scaled, slope_gap)
    matrix[:] = np.dot(scaled, kernel) + step * kernel * value_weight
    for k in range(kernel.shape[0]):
        matrix[k, k] += 1.0
        if not matrix[k, k] < 1e25:  # a step for which the library would find it singular
            value_gap[:] = np.nan
            return
    value_gap[:] = np.linalg.solve(matrix, value_gap)
