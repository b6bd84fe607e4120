"""The scale of a quantity: what of it is rounding, and the limits of its axis and of its colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DECADES = 3.0
"""From so many decades on colours and lines are logarithmic."""
ROUNDING = 1e-12
"""Numbers that differ by less than this share of the largest are equal."""
SMALLEST = 1e-16
"""On a logarithmic scale smaller shares of the largest number are drawn as this share."""
DIFFERENCE_SHARE = 1e-11
"""A difference below this share of its terms is rounding. Of the paper's sweep, differences that are 0 by the
theory are at most 1e-12 of the terms, and 2e-12 at lambda = 1e-1000."""
DIFFERENCES = {
    "final_excess": "minimal_half_squared_norm", "gap": "minimal_half_squared_norm",
    "hull_difference": "variation_norm", "variation_difference": "variation_norm",
}  # fmt: skip
"""Quantities that are differences, and a quantity of the size of their terms."""
ROUNDING_BELOW = {"final_loss": 1e-22, "largest_cosine": 1e-15, "hessian_smallest_eigenvalue": 1e-12}
"""Sizes up to which other quantities are rounding: a flow has converged at a residual of 1e-12 of the labels',
so below its square (times that of labels up to ten) the loss says only when the solver stopped."""
CENTRAL, END = (0.05, 0.95), 2.0
"""The quantiles between which colours spread, if the whole range is more than ``END`` times as long."""


def rounding_of(name: str, numbers: Mapping[str, Floats]) -> float:
    """Return the size up to which a quantity is rounding; 0 where that is not known.

    Parameters
    ----------
    name
        The quantity.
    numbers
        The finite values of a quantity of the cube, NaN elsewhere, by its name.
    """
    if name in ROUNDING_BELOW:
        return ROUNDING_BELOW[name]
    terms = numbers.get(DIFFERENCES.get(name, ""))
    largest = 0.0 if terms is None else float(np.nanmax(np.abs(terms), initial=0.0))
    return DIFFERENCE_SHARE * largest


def choose_scale(numbers: Floats, kind: str, rounding: float = 0.0) -> dict[str, Any]:
    """Choose the scale of a quantity from its values in the whole cube.

    Parameters
    ----------
    numbers
        The values; NaN where there is none.
    kind
        ``number``, ``share`` or ``label``.
    rounding
        The size up to which values are rounding.

    Returns
    -------
    dict
        ``limits`` of the axis; ``color_limits``, which are closer where a few values would take most colours;
        ``logarithmic`` (of the magnitudes), ``negative`` (whether some have a sign then), ``rounding`` (the
        size up to which a value is drawn as 0; -1 for none) and ``constant`` (one value in each cell, up to
        rounding).
    """
    found = numbers[np.isfinite(numbers)]
    plain = {"logarithmic": False, "negative": False, "rounding": -1.0, "constant": False}
    if kind != "number" or not found.size:
        top = float(found.max()) if kind == "label" and found.size else 1.0
        return plain | {"limits": (0.0, top), "color_limits": (0.0, top)}
    low, high = float(found.min()), float(found.max())
    if high - low <= ROUNDING * max(abs(low), abs(high)) or max(abs(low), abs(high)) <= rounding:
        middle = low - max(abs(low), 1.0) / 2, high + max(abs(high), 1.0) / 2
        return plain | {
            "limits": middle, "color_limits": middle, "constant": True, "rounding": rounding or -1.0,
        }  # fmt: skip
    sizes = np.abs(found[np.abs(found) > rounding])
    least, most = attained(sizes, CENTRAL)
    if math.log10(most / least) >= DECADES:
        top = float(sizes.max())
        bottom = max(float(sizes.min()), SMALLEST * top)
        colors = spread_limits(bottom, top, (max(least, bottom), most), np.log)
        negative = bool((found < -max(rounding, ROUNDING * top)).any())
        return {
            "limits": (bottom, top), "color_limits": colors, "logarithmic": True, "negative": negative,
            "rounding": rounding, "constant": False,
        }  # fmt: skip
    colors = spread_limits(low, high, attained(found, CENTRAL))
    return plain | {"limits": (low, high), "color_limits": colors, "rounding": rounding or -1.0}


def attained(values: Floats, shares: tuple[float, float]) -> tuple[float, float]:
    """Return two quantiles, each of which is one of the values."""
    low, high = np.quantile(values, shares, method="inverted_cdf")
    return float(low), float(high)


def spread_limits(
    low: float, high: float, central: tuple[float, float], place: Callable[[Floats], Floats] = np.asarray
) -> tuple[float, float]:
    """Choose the limits of colours: the whole range, or its central part where most values lie in little of it.

    Parameters
    ----------
    low, high
        The range.
    central
        Where most values lie.
    place
        Where numbers stand on the scale: their logarithms, or they themselves.
    """
    first, near, far, last = place(np.array([low, *central, high]))
    inside, whole = far - near, last - first
    return central if inside > ROUNDING * whole and whole > END * inside else (low, high)


def is_rounding(values: Floats, rounding: float) -> npt.NDArray[np.bool_]:
    """Whether values are 0 up to rounding; of ``rounding`` -1 none is."""
    return np.isfinite(values) & (np.abs(values) <= rounding)
