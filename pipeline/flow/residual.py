"""What the groups' rows say about the data: the residual and the tangent kernel.

Both are sums over the rows of second moments of (w, a)::

    h(x_k) = sum over rows on at k of a <w, x_k>
    K_kl   = 1/n sum over rows on at k and l of <w, x_k><w, x_l> + a^2 <x_k, x_l>

and the residual's derivative needs nothing else: dr/dt = -K r while no neuron crosses.
"""

from __future__ import annotations

from math import exp, sqrt

from pipeline.flow.compiled import inlined, kernel
from pipeline.flow.states import ON

SMALLEST_LOG = -60.0
"""Rows below exp of this times the labels' scale add less than 1e-52 to h: not worth their exponential."""


@kernel
def observe(rows, logs, lumps, problem, r, kernel, reach):
    """Write the residual of the rows into ``r`` and the tangent kernel over n into ``kernel``.

    Parameters
    ----------
    rows, logs
        The state of the rows, as in :class:`~pipeline.flow.patterns.Lumps`.
    lumps : Lumps
        Which rows are on where.
    problem : Problem
    r, reach : float64[n]
        The residual, and room for one row's <w, x_k>.
    kernel : float64[n, n], or float64[0, 0] if it is not wanted
    """
    x, y, gram, log_unit = problem.x, problem.y, problem.gram, problem.log_unit
    row, state = lumps.row, lumps.state
    n, q = x.shape
    with_kernel = kernel.shape[0] > 0
    for k in range(n):
        r[k] = y[k]
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
            for k in range(n):
                if state[g, k] == ON:
                    reach[k] = 0.0
                    for c in range(q):
                        reach[k] += rows[i, c] * x[k, c]
                    r[k] -= unit * a * reach[k]
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
def correct(kernel, step, slope_gap, matrix, value_gap):
    """Solve (I + hK/2 + h^2 K^2/12) dp = value_gap + h^2/12 K slope_gap for the right end's correction dp.

    A Newton step on r(t + h) = r(t) - integral of K r, with r the Hermite cubic of both ends: without it a
    fitted label (hK >> 1) would hold the step at h ~ 1/K on every plateau. The matrix is symmetric and
    positive definite, at least the identity; Cholesky's factor of it needs no pivots.

    Parameters
    ----------
    matrix : float64[n, n]
        Room for the factor.
    value_gap : float64[n]
        Holds dp on return.
    """
    n = kernel.shape[0]
    for k in range(n):
        total = 0.0
        for l in range(n):
            total += kernel[k, l] * slope_gap[l]
        value_gap[k] += step * step / 12.0 * total
        for l in range(k + 1):
            square = 0.0
            for i in range(n):
                square += kernel[k, i] * kernel[i, l]
            matrix[k, l] = 0.5 * step * kernel[k, l] + step * step / 12.0 * square
        matrix[k, k] += 1.0
    for k in range(n):
        for l in range(k + 1):
            total = matrix[k, l]
            for i in range(l):
                total -= matrix[k, i] * matrix[l, i]
            matrix[k, l] = sqrt(total) if k == l else total / matrix[l, l]
        for i in range(k):
            value_gap[k] -= matrix[k, i] * value_gap[i]
        value_gap[k] /= matrix[k, k]
    for k in range(n - 1, -1, -1):
        for i in range(k + 1, n):
            value_gap[k] -= matrix[i, k] * value_gap[i]
        value_gap[k] /= matrix[k, k]
