"""The neurons that do the fitting: S_{+,1} of equation (5) and S_{-,1} of equation (6)."""

from __future__ import annotations

import numpy as np
import xarray as xr


def members(data: xr.Dataset, trajectory: xr.Dataset, sign: int) -> np.ndarray:
    """Which neurons are in S_{sign,1}: of that output sign, and <w_j(0), x_k> >= 0 wherever y_k has it.

    Returns
    -------
    bool[neuron]
    """
    x, y = data["x"].values, data["y"].values
    start = trajectory["direction"].values[0] @ x.T
    of_sign = np.sign(trajectory["output_ratio"].values[0]) == sign
    chosen: np.ndarray = of_sign & (start[:, sign * y > 0] >= 0).all(axis=1)
    return chosen


def squared_norm(trajectory: xr.Dataset, chosen: np.ndarray) -> np.ndarray:
    """u(t) = the sum over the chosen neurons of |w_j|^2 (section 4.2)."""
    total: np.ndarray = np.exp(2.0 * trajectory["log_norm"].values[:, chosen]).sum(axis=1)
    return total


def least_cosine(trajectory: xr.Dataset, chosen: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The least cosine of a chosen neuron with ``vector`` at each time; NaN if there is none (Lemma 2)."""
    size = np.linalg.norm(vector)
    if not chosen.any() or size == 0.0:
        return np.full(trajectory.sizes["time"], np.nan)
    cosines = trajectory["direction"].values[:, chosen] @ (vector / size)
    least: np.ndarray = np.minimum(cosines.min(axis=1), 1.0)
    return least
