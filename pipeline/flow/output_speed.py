"""An output layer that is faster or slower: dw_j/dt = a_j D_j and da_j/dt = eta <D_j, w_j>, by a change of units.

With a_j = sqrt(eta) b_j, labels and outputs in units of sqrt(eta), and the time s = eta t, it is the flow (3):
dw_j/ds = b_j D_j and db_j/ds = <D_j, w_j>. So nothing is approximated. What is kept is a_j^2 - eta |w_j|^2.
"""

from __future__ import annotations

import numpy as np

from catalog.schema import variable
from pipeline.network import algebra

SLIDING = variable("trajectory", "activation").flag("sliding")
ON = variable("trajectory", "activation").flag("on")


def gradient_norms(
    x: np.ndarray, residual: np.ndarray, network: dict[str, np.ndarray], negative_slope: float
) -> np.ndarray:
    """|grad L| of samples of a network, on the data's own scale.

    Parameters
    ----------
    x, residual
        float64[point, coord] and float64[time, point].
    network
        log_norm, direction, output_ratio and activation over time, as a trajectory has them.

    Notes
    -----
    The force on a sliding neuron is what is left of it along the boundaries that hold it.
    """
    norm = np.exp(network["log_norm"])
    w, a = norm[..., None] * network["direction"], norm * network["output_ratio"]
    found = np.empty(len(w))
    for instant, states in enumerate(network["activation"]):
        derivative = np.where(states == ON, 1.0, np.where(states == SLIDING, 0.0, negative_slope))
        force = algebra.forces(x, derivative, residual[instant])
        for j in np.flatnonzero((states == SLIDING).any(axis=1)):
            basis = np.linalg.qr(x[states[j] == SLIDING].T)[0]
            force[j] -= basis @ (basis.T @ force[j])
        found[instant] = algebra.gradient_norm(w[None, instant], a[None, instant], force[None])[0]
    return found
