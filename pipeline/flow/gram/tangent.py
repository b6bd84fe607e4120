"""Where labels are stiff: the residual's correction by the tangent kernel K, n x n.

The residual at a step's end depends on the one that was assumed there by -K times what it weighs in the integral:

    (1 + h K/2 + h^2 K^2/12) dp = (r_1 - p_1) + (h^2/12) K (d_1 - q_1),    dq = (d_1 - q_1) - K dp

with p_1, q_1 the assumed and r_1, d_1 the computed value and slope.
"""

from __future__ import annotations

from math import exp

import numpy as np

from pipeline.flow.gram.compiling import allocating
from pipeline.flow.gram.state import KERNEL


@allocating
def write_kernel(data, network, sweep, kernel):
    """Write K at the trial: of a neuron that slides, without the boundaries at which it does."""
    trial = sweep.trial
    active, value = trial.active_impulse, trial.speed
    m, n = trial.g.shape
    for j in range(m):
        scale = exp(network.log_norm[j])
        for k in range(n):
            side, g = trial.side[j, k], trial.g[j, k]
            derivative = 1.0 if side > 0.0 else data.slope
            if side == 0.0:
                derivative = 0.0
            active[j, k] = derivative * scale * trial.size[j]
            value[j, k] = derivative * g * scale
    both = np.dot(active.T, active)
    kernel[:, :] = np.dot(value.T, value)
    for k in range(n):
        for l in range(n):
            kernel[k, l] = (kernel[k, l] + both[k, l] * data.gram[k, l]) / n


@allocating
def correct(state, step):
    """Correct the residual that is assumed at the step's end."""
    sweep, assumed, n = state.sweep, state.assumed, state.now.shape[1]
    if state.clock[KERNEL] == 0.0:
        for k in range(n):
            assumed[0, k], assumed[1, k] = sweep.residual[k], sweep.slope[k]
        return
    kernel = step * state.kernel
    matrix = np.dot(kernel, kernel)
    right, slopes = np.empty(n), np.empty(n)
    for k in range(n):
        slopes[k] = step * (sweep.slope[k] - assumed[1, k])
        for l in range(n):
            matrix[k, l] = matrix[k, l] / 12.0 + 0.5 * kernel[k, l]
        matrix[k, k] += 1.0
    moved = np.dot(kernel, slopes)
    for k in range(n):
        right[k] = sweep.residual[k] - assumed[0, k] + moved[k] / 12.0
    found = np.linalg.solve(matrix, right)
    moved = np.dot(kernel, found)
    for k in range(n):
        assumed[0, k] += found[k]
        assumed[1, k] = sweep.slope[k] - moved[k] / step
