"""The part of a plot that a person has taken with the box or the lasso: which points are inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def inside_region(region: Mapping[str, Any], x: Numbers, y: Numbers) -> npt.NDArray[np.bool_]:
    """Return which points are inside; a point that is NaN is not.

    Parameters
    ----------
    region
        What Bokeh says of a selection: ``type`` is ``rect``, with x0, x1, y0 and y1, or ``poly``, with the corners
        x and y; another one has no inside.
    x, y
        The points, float64 of shapes that fit each other.
    """
    x, y = np.broadcast_arrays(x, y)
    if region.get("type") == "rect":
        left, right = sorted((region["x0"], region["x1"]))
        bottom, top = sorted((region["y0"], region["y1"]))
        within: npt.NDArray[np.bool_] = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
        return within
    within = np.zeros(x.shape, dtype=bool)
    if region.get("type") != "poly":
        return within
    corners = np.column_stack([region["x"], region["y"]]).astype(float)
    # A ray to the right crosses the border an odd number of times.
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            within ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return within & np.isfinite(x)
