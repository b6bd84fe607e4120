"""The labelled data set, checked."""

from __future__ import annotations

from itertools import pairwise
from math import hypot

import numpy as np
import xarray as xr

from catalog.schema import ORTHOGONAL, conform, variable
from pipeline.configuration import DataConfig, as_table
from pipeline.data.families import nearly_orthonormal_points, orthonormal_points, teacher_points
from pipeline.data.sources import given_points
from pipeline.errors import RequestError

EQUAL = 1e-12
"""The relative difference up to which two sizes count as equal, for the same reason."""
SMALLEST, LARGEST = 1e-150, 1e150
"""The sizes of points and labels whose squares and products are floats, and sums of ten million of them."""

KINDS = {
    "points": given_points,
    "orthonormal": orthonormal_points,
    "nearly_orthonormal": nearly_orthonormal_points,
    "gaussian_teacher": teacher_points,
}
"""What makes the points and labels of each ``kind``."""


def generate_data(config: DataConfig) -> xr.Dataset:
    """Make the data set that ``config`` describes: ``[data]``, or the one of a whole configuration or its name.

    Returns
    -------
    Dataset
        x(point, coord), y(point), the vectors D_+ and D_- of section 4.1, their ratio r, and the answers to
        assumptions 1 and 2.

    Raises
    ------
    RequestError
        If a number is not finite or of a size that floats can't square, a point is zero with a label that is
        not, or two equal points have different labels: no network fits those.

    Notes
    -----
    Two points on one ray, say x and 2x, whose labels are not y and 2y can't both be fitted either (a network
    without bias is homogeneous). Those are allowed: the flow goes where it goes, to a loss above 0.
    """
    config = as_table(config, DataConfig)
    x, y, names = KINDS[config.kind](config)
    if config.bias:
        x, names = np.column_stack([x, np.ones(len(x))]), [*names, "bias"]
    refuse_impossible(x, y)
    # One layout in memory, whatever the source: the last bit of a matrix product depends on it.
    return describe(np.ascontiguousarray(x), y, names)


def refuse_impossible(x: np.ndarray, y: np.ndarray) -> None:
    """Raise for data that no network can fit, or no computer square.

    Raises
    ------
    RequestError
    """
    for name, values in (("x", x), ("y", y)):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            place = "".join(f"[{i}]" for i in bad[0])
            raise RequestError(f"data.{name}{place} = {values[tuple(bad[0])]}: a finite number is allowed")
        sizes = np.abs(values).reshape(len(values), -1).max(axis=1)
        for k in np.flatnonzero((sizes > LARGEST) | ((sizes > 0) & (sizes < SMALLEST))):
            raise RequestError(
                f"data.{name}[{k}] is of the size {sizes[k]:g}: {SMALLEST:g} to {LARGEST:g} is allowed"
            )
    for k in np.flatnonzero(~x.any(axis=1) & (y != 0)):
        raise RequestError(f"data.x[{k}] is the zero vector with the label {y[k]}: every network gives 0 there")
    order = np.lexsort(x.T)
    for first, second in pairwise(order.tolist()):
        if np.array_equal(x[first], x[second]) and y[first] != y[second]:
            k, l = sorted((first, second))
            raise RequestError(
                f"data.x[{k}] and data.x[{l}] are equal with the labels {y[k]} and {y[l]}: "
                "equal points need equal labels"
            )


def describe(x: np.ndarray, y: np.ndarray, names: list[str]) -> xr.Dataset:
    """Label points and labels, and record what the paper asks of them (assumptions 1 and 2)."""
    growth = {sign: (np.where(sign * y > 0, y, 0.0) @ x) / len(y) for sign in (1, -1)}
    sizes = {sign: hypot(*growth[sign].tolist()) for sign in (1, -1)}  # up to 1e300: no square of it is a float
    cosine = largest_cosine(x)
    lengths = np.linalg.norm(x, axis=1)
    if cosine > ORTHOGONAL or not lengths.all():
        first = "fails"
    else:
        first = "holds" if np.allclose(lengths, 1.0, rtol=0, atol=ORTHOGONAL) else "holds_up_to_scaling"
    differ = abs(sizes[1] - sizes[-1]) > EQUAL * max(sizes.values())
    second = "holds" if y.all() and differ else "fails"
    dataset = conform(
        "data",
        {
            "x": x,
            "y": y,
            "growth_positive": growth[1],
            "growth_negative": growth[-1],
            "growth_ratio": sizes[1] / sizes[-1] if sizes[-1] else np.inf if sizes[1] else np.nan,
            "largest_cosine": cosine,
            "assumption_1": variable("data", "assumption_1").flag(first),
            "assumption_2": variable("data", "assumption_2").flag(second),
        },
    )
    dataset["coord"].attrs["labels"] = " ".join(names)
    return dataset


def largest_cosine(x: np.ndarray) -> float:
    """The largest |cos| of the angle between two of the points; 0 for a single one."""
    lengths = np.linalg.norm(x, axis=1)
    units = x / np.where(lengths > 0, lengths, 1.0)[:, None]
    cosines = np.abs(units @ units.T)
    np.fill_diagonal(cosines, 0.0)
    return min(float(cosines.max(initial=0.0)), 1.0)
