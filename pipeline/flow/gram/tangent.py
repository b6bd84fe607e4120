"""Where labels are stiff: the residual's correction by the tangent kernel K, n x n.

The residual at a step's end depends on the one that was assumed there by -K times what it weighs in the integral:

    (1 + h K/2 + h^2 K^2/12) dp = (r_1 - p_1) + (h^2/12) K (d_1 - q_1),    dq = (d_1 - q_1) - K dp

with p_1, q_1 the assumed and r_1, d_1 the computed value and slope. The matrix is symmetric, and its Cholesky
factor kept for all steps of one length.
"""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from pipeline.flow.gram.compiling import allocating, inner, scanning
from pipeline.flow.gram.state import FACTORED, FORMED, KERNEL, KERNELS, STEPS

SHIFT = 1e-15
"""What is added to the matrix, over n times its largest entry, so that rounding leaves it positive definite: where
h K is 1e7, and the slow labels' 1 is rounding."""
STRIP = 64
"""The rows of a symmetric product that are formed at a time."""
LARGEST = 1e100
"""The largest entry of (h K)^2 with which the kernel is used: the factor of a longer step must be finite, too."""


@scanning
def write_derivatives(g, side, slope, active, value):
    """Write phi'(g) and phi(g)."""
    for k in range(g.shape[0]):
        derivative = 1.0 if side[k] > 0.0 else slope
        derivative = derivative if side[k] != 0.0 else 0.0
        active[k], value[k] = derivative, derivative * g[k]


@scanning
def scale_rows(one, by_one, other, by_other):
    """Scale two rows."""
    for k in range(one.shape[0]):
        one[k] *= by_one
        other[k] *= by_other


@allocating
def write_lower(rows, product):
    """Write ``rows rows^T`` up to its diagonal: by strips, which takes little more than half as long."""
    n = rows.shape[0]
    for first in range(0, n, STRIP):
        last = min(first + STRIP, n)
        product[first:last, :last] = np.dot(rows[first:last], rows[:last].T)


@allocating
def write_kernel(data, state, step):
    """Write h K and its square, with K at the trial: of a neuron that slides, without its boundaries."""
    network, kernel, square, trial = state.network, state.kernel, state.square, state.sweep.trial
    active, value, clock = trial.active_impulse, trial.speed, state.clock
    m, n = trial.g.shape
    for j in range(m):
        scale = exp(network.log_norm[j])
        write_derivatives(trial.g[j], trial.side[j], data.slope, active[j], value[j])
        scale_rows(active[j], scale * trial.size[j], value[j], scale)
    write_lower(active.T.copy(), square)
    write_lower(value.T.copy(), kernel)
    for k in range(n):
        for l in range(k + 1):
            kernel[k, l] = step * (kernel[k, l] + square[k, l] * data.gram[k, l]) / n
            kernel[l, k] = kernel[k, l]
    write_lower(kernel, square)
    largest = 0.0
    for k in range(n):
        largest = max(largest, square[k, k])
    clock[KERNEL] = step if largest < LARGEST else 0.0
    clock[FACTORED], clock[FORMED] = 0.0, state.counts[STEPS]
    state.counts[KERNELS] += 1


@inner
def write_matrix(state, step):
    """Write 1 + h K/2 + h^2 K^2/12 into ``state.factor``, up to its diagonal."""
    kernel, square, matrix = state.kernel, state.square, state.factor
    share, largest, n = step / state.clock[KERNEL], 0.0, kernel.shape[0]
    half, twelfth = 0.5 * share, share * share / 12.0
    for k in range(n):
        for l in range(k + 1):
            matrix[k, l] = half * kernel[k, l] + twelfth * square[k, l]
        largest = max(largest, matrix[k, k])
    for k in range(n):
        matrix[k, k] += 1.0 + SHIFT * n * largest


@allocating
def factorise_kernel(state, step):
    """Write the Cholesky factor for a step of this length into ``state.factor``."""
    clock = state.clock
    if clock[FACTORED] != step:
        write_matrix(state, step)
        state.factor[:, :] = np.linalg.cholesky(state.factor)
        clock[FACTORED] = step


@scanning
def dot_row(row, values, count):
    """The product of the first ``count``."""
    total = 0.0
    for k in range(count):
        total += row[k] * values[k]
    return total


@scanning
def take_row(values, factor, row, count):
    """``values -= factor row``, the first ``count``."""
    for k in range(count):
        values[k] -= factor * row[k]


@inner
def solve_factored(factor, values):
    """Solve, in place."""
    n = values.shape[0]
    for k in range(n):
        values[k] = (values[k] - dot_row(factor[k], values, k)) / factor[k, k]
    for k in range(n - 1, -1, -1):
        values[k] /= factor[k, k]
        take_row(values, values[k], factor[k], k)


@inner
def apply_kernel(state, step, values, result):
    """``result = h K values``."""
    share, n = step / state.clock[KERNEL], values.shape[0]
    for k in range(n):
        result[k] = share * dot_row(state.kernel[k], values, n)


@allocating
def correct(state, step):
    """Correct the residual that is assumed at the step's end."""
    sweep, assumed, n = state.sweep, state.assumed, state.now.shape[1]
    if state.clock[KERNEL] == 0.0:
        for k in range(n):
            assumed[0, k], assumed[1, k] = sweep.residual[k], sweep.slope[k]
        return
    factorise_kernel(state, step)
    slopes, moved = np.empty(n), np.empty(n)
    for k in range(n):
        slopes[k] = step * (sweep.slope[k] - assumed[1, k])
    apply_kernel(state, step, slopes, moved)
    for k in range(n):
        slopes[k] = sweep.residual[k] - assumed[0, k] + moved[k] / 12.0
    solve_factored(state.factor, slopes)
    apply_kernel(state, step, slopes, moved)
    for k in range(n):
        assumed[0, k] += slopes[k]
        assumed[1, k] = sweep.slope[k] - moved[k] / step


@allocating
def felt_error(state, step):
    """By how much the error of the assumed residual has moved the computed one, as the kernel has it.

    The true one is the assumed one and what :func:`correct` adds to it; the slopes' errors are left out.
    """
    sweep, assumed, n = state.sweep, state.assumed, state.now.shape[1]
    error = np.empty(n)
    for k in range(n):
        error[k] = sweep.residual[k] - assumed[0, k]
    solve_factored(state.factor, error)
    total = 0.0
    for k in range(n):
        total += (sweep.residual[k] - assumed[0, k] - error[k]) ** 2
    return sqrt(total / n)
