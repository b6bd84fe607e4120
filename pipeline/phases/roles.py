"""The neurons that do the fitting: S_{+,1} of equation (5) and S_{-,1} of equation (6)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.blocks import along_time, at_instant

BySign = dict[int, np.ndarray]
"""What belongs to S_{+,1} under 1, to S_{-,1} under -1."""

AT_ONCE = 2**22
"""How many inner products of neurons and points are held at once: a million neurons on 1,000 points are 8 GB."""


def members(data: xr.Dataset, trajectory: xr.Dataset, sign: int) -> np.ndarray:
    """Which neurons are in S_{sign,1}: a_j(0) of that sign, and <w_j(0), x_k> >= 0 wherever y_k has it.

    Returns
    -------
    bool[neuron]
    """
    direction, ratio = at_instant(trajectory, 0, "direction", "output_ratio")
    points = data.variables["x"].values[sign * data.variables["y"].values > 0]
    chosen: np.ndarray = np.sign(ratio) == sign
    some = max(1, AT_ONCE // max(1, len(points)))
    for first in range(0, len(chosen), some):
        chosen[first : first + some] &= (direction[first : first + some] @ points.T >= 0).all(axis=1)
    return chosen


def courses(trajectory: xr.Dataset, chosen: BySign, towards: BySign) -> tuple[BySign, BySign]:
    """Follow u and the least cosine with ``towards`` of both sets, in one pass over the trajectory."""
    # Their places, found once: a mask would be searched at every instant.
    places = {sign: np.flatnonzero(chosen[sign]) for sign in chosen}

    def reduce(log_norm: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, ...]:
        return (
            *(squared_norm(log_norm, places[sign]) for sign in chosen),
            *(least_cosine(direction, places[sign], towards[sign]) for sign in chosen),
        )

    found = along_time(reduce, *(trajectory.variables[name] for name in ("log_norm", "direction")))
    return dict(zip(chosen, found[:2], strict=True)), dict(zip(chosen, found[2:], strict=True))


def squared_norm(log_norm: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """u(t) = the sum over the chosen neurons of |w_j|^2 (section 4.2), of log_norm[time, neuron]."""
    total: np.ndarray = np.exp(2.0 * log_norm[:, chosen]).sum(axis=1)
    return total


def least_cosine(direction: np.ndarray, chosen: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The least cosine of a chosen neuron with ``vector`` at each time; NaN if there is none (Lemma 2).

    Parameters
    ----------
    direction
        Unit vectors [time, neuron, coord].
    chosen
        bool[neuron], or the neurons' places.
    vector
        [coord], of any length.
    """
    size = np.linalg.norm(vector)
    some = direction[:, chosen]
    if not some.shape[1] or size == 0.0:
        return np.full(len(direction), np.nan)
    cosines = some @ (vector / size)
    least: np.ndarray = np.minimum(cosines.min(axis=1), 1.0)
    return least
