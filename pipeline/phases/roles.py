"""The neurons that do the fitting: S_{+,1} of equation (5) and S_{-,1} of equation (6)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema.blocks import at_instant, coordinates_first, over_neurons

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
    units = {sign: _unit(towards[sign]) for sign in chosen}

    def reduce(part: slice, log_norm: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, ...]:
        return (
            *(squared_norm(log_norm, chosen[sign][part]) for sign in chosen),
            *(_least(direction, chosen[sign][part], units[sign]) for sign in chosen),
        )

    joins = [np.add] * len(chosen) + [np.minimum] * len(chosen)
    found = over_neurons(reduce, joins, *(trajectory.variables[name] for name in ("log_norm", "direction")))
    norm, least = (dict(zip(chosen, part, strict=True)) for part in (found[: len(chosen)], found[len(chosen) :]))
    return norm, {sign: _known(least[sign], chosen[sign], units[sign]) for sign in chosen}


def squared_norm(log_norm: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """u(t) = the sum over the chosen neurons of |w_j|^2 (section 4.2), of log_norm[time, neuron]."""
    squares = 2.0 * np.take(log_norm, np.flatnonzero(chosen), axis=1)
    total: np.ndarray = np.exp(squares, out=squares).sum(axis=1)
    return total


def _least(direction: np.ndarray, chosen: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The least cosine of a chosen neuron with ``unit`` at each time (Lemma 2); infinite if none is chosen."""
    some = coordinates_first(np.take(direction, np.flatnonzero(chosen), axis=1))
    return np.asarray(np.einsum("ctj,c->tj", some, unit).min(axis=1, initial=np.inf))


def _known(least: np.ndarray, chosen: np.ndarray, unit: np.ndarray) -> np.ndarray:
    if not chosen.any() or not unit.any():
        return np.full(len(least), np.nan)
    return np.asarray(np.minimum(least, 1.0))


def _unit(vector: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(vector)
    return vector / size if size > 0.0 else np.zeros_like(vector)
