"""What the groups' rows say about the data: the residual and the tangent kernel.

Both are sums over the rows of second moments of (w, a)::

    h(x_k) = sum over rows on at k of a <w, x_k>
    K_kl   = 1/n sum over rows on at k and l of <w, x_k><w, x_l> + a^2 <x_k, x_l>

and the residual's derivative needs nothing else: dr/dt = -K r while no neuron crosses.
"""

from __future__ import annotations

from math import exp, sqrt

from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.states import ON

SMALLEST_LOG = -60.0
"""Rows below exp of this times the labels' scale add less than 1e-52 to h: not worth their exponential."""


@kernel
def observe(rows, logs, lumps, problem, r, gross, kernel, reach):
    """Write the residual of the rows into ``r`` and the tangent kernel over n into ``kernel``.

    Parameters
    ----------
    rows, logs
        The state of the rows, as in :class:`~pipeline.flow.exact.patterns.Lumps`.
    lumps : Lumps
        Which rows are on where.
    problem : Problem
    r, gross, reach : float64[n]
        The residual; the sum of |a||w||x_k|, whose rounding it carries; room for one row's <w, x_k>.
    kernel : float64[n, n], or float64[0, 0] if it is not wanted
    """
    x, y, gram, log_unit = problem.x, problem.y, problem.gram, problem.log_unit
    row, state = lumps.row, lumps.state
    n, q = x.shape
    with_kernel = kernel.shape[0] > 0
    for k in range(n):
        r[k] = y[k]
        gross[k] = abs(y[k])
    for k in range(kernel.shape[0]):
        for l in range(n):
            kernel[k, l] = 0.0
    for g in range(row.shape[0] - 1):
        outer = 0.0
        for i in range(row[g], row[g + 1]):
            if logs[i] - log_unit <= SMALLEST_LOG:
                continue
            unit = exp(2.0 * logs[i])
            a = rows[i, q]
            outer += unit * a * a
            square = 0.0
            for c in range(q):
                square += rows[i, c] * rows[i, c]
            largest = abs(unit * a) * sqrt(square)
            for k in range(n):
                if state[g, k] == ON:
                    reach[k] = 0.0
                    for c in range(q):
                        reach[k] += rows[i, c] * x[k, c]
                    r[k] -= unit * a * reach[k]
                    gross[k] += largest * sqrt(gram[k, k])
                    if with_kernel:
                        for l in range(k + 1):
                            if state[g, l] == ON:
                                kernel[k, l] += unit * reach[k] * reach[l]
        if with_kernel and outer > 0.0:
            for k in range(n):
                if state[g, k] == ON:
                    for l in range(k + 1):
                        if state[g, l] == ON:
                            kernel[k, l] += outer * gram[k, l]
    if with_kernel:
        for k in range(n):
            for l in range(k + 1):
                kernel[k, l] /= n
                kernel[l, k] = kernel[k, l]


@inlined
def slope(kernel, r, d):
    """Write dr/dt = -K r into ``d``."""
    n = r.shape[0]
    for k in range(n):
        d[k] = 0.0
        for l in range(n):
            d[k] -= kernel[k, l] * r[l]


@kernel
def correct(kernel, step, stiff, slope_gap, matrix, value_gap):
    """Solve (I + h K A + h^2 K B K) dp = value_gap + h^2 K B slope_gap for the right end's correction dp.

    A Newton step on r(t + h) = r(t) - integral of K r over the step's polynomials: without it a fitted label
    (hK >> 1) would hold the step at h ~ 1/K on every plateau. A and B are diagonal, the weights of the right
    end's value and slope in the integral: 1/2 and 1/12 for a cubic, 2/3 and 1/6 for a ``stiff`` label's
    quadratic. Gaussian elimination with pivots, since K A need not be symmetric.

    Parameters
    ----------
    stiff : bool[n]
    matrix : float64[n, n]
        Room.
    value_gap : float64[n]
        Holds dp on return.
    """
    n = kernel.shape[0]
    for k in range(n):
        for l in range(n):
            value_gap[k] += step * step * slope_weight(stiff[l]) * kernel[k, l] * slope_gap[l]
            matrix[k, l] = step * (2.0 / 3.0 if stiff[l] else 0.5) * kernel[k, l]
            for i in range(n):
                matrix[k, l] += step * step * slope_weight(stiff[i]) * kernel[k, i] * kernel[i, l]
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


@inlined
def slope_weight(stiff):
    """The weight of -h^2 times the right end's slope in the integral over a step."""
    return 1.0 / 6.0 if stiff else 1.0 / 12.0
