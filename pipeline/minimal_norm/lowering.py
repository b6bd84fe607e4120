"""A better upper bound of the least norm by the end of a flow."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema.blocks import at_instant
from pipeline.minimal_norm.minimum import replaced, weights_of
from pipeline.minimal_norm.reduction import reduce
from pipeline.minimal_norm.search import better
from pipeline.minimal_norm.solution import CERTIFIED

NEAR = 0.05
"""The misfit, relative to the largest label, up to which the end of a flow is brought to fit the labels."""


def lowered(minimum: xr.Dataset, data: xr.Dataset, trajectory: xr.Dataset, *, slope: float = 0.0) -> xr.Dataset:
    """The minimum, or what the flow's end leads to if it is of less norm.

    That is the interpolator next to it, the best that has the patterns of both, or one along the directions of
    both.

    Parameters
    ----------
    minimum
        The dataset of ``minimal_norm``; it is returned as it is if it is certified.
    data
        The dataset of the stage data.
    trajectory
        The dataset of the stage flow; where its end is far from the labels, its directions alone count.
    """
    value = float(minimum["value"])
    if value - float(minimum["lower_bound"]) <= CERTIFIED * value:
        return minimum
    y, (w, a) = data["y"].values, weights_of(trajectory)
    if not (np.isfinite(w).all() and np.isfinite(a).all()):
        return minimum
    (residual,) = at_instant(trajectory, -1, "residual")
    near = bool(np.abs(residual).max() <= NEAR * np.abs(y).max())
    reduced = reduce(data["x"].values, y, minimum.attrs.get("free_coordinate"))
    if isinstance(reduced, str):
        return minimum
    weight = minimum["weight"].values
    minimal = reduced.neurons(weight, minimum["output_sign"].values * np.linalg.norm(weight, axis=1))
    found = better(reduced, slope, minimal, reduced.neurons(w, a), near=near)
    return minimum if found is None else replaced(minimum, data, reduced, found, slope)
