"""The points and labels that every stage computes with, and what follows from them alone.

A stage takes any dataset of x(point, coord) and y(point): :func:`take_points` brings it into the form of the
schema, :func:`describe_points` also holds D_+, D_-, r and the answers to assumptions 1 and 2 to those very points.
A part of a data set (``data.isel(point=...)``) still has the vectors of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import ORTHOGONAL, conform, variable
from pipeline.inputs.errors import RequestError

EQUAL = 1e-12
"""The relative difference up to which two sizes count as equal: a rotation's rounding gives some 1e-16."""
SAME = 1e-9
"""The share of |D| up to which stored vectors are those of the points: another machine sums in another order."""
COMPARED = 1000
"""The number of points up to which every stage computes their cosines, n^2 of them, to compare them. Beyond it a
change of points whose labels are 0 would go unseen."""
SMALLEST, LARGEST = 1e-150, 1e150
"""The sizes of points and labels whose squares and products are floats, and sums of ten million of them."""
MANY, FEW_COORDINATES, FIRST = 20_000, 10, 1_000
"""Of more points the products take minutes, and in so few coordinates a tree finds the two next to each other
sooner; so many are searched for at a time."""
WHOLE = 4096
"""Up to so many points all products are held at once: 128 megabytes."""
TILE = (256, 4096)
"""Of more points, so many rows and columns of the products at a time: what a processor's cache holds."""


def take_points(data: xr.Dataset) -> xr.Dataset:
    """Return a data set in the form that every stage computes with.

    Parameters
    ----------
    data
        x(point, coord), or x(point) for one coordinate, and y(point): real numbers of any type, dimensions in any
        order, and of any names (that of y is the points'). The coordinates' names are the words on ``coord`` or
        those of its attribute ``labels``, else x1, x2, ...

    Returns
    -------
    Dataset
        ``data`` itself if it has that form already, else what :func:`describe` makes of it.

    Raises
    ------
    RequestError
        Naming the variable that is missing, has other dimensions, or holds what is no number that floats square.
    """
    if not isinstance(data, xr.Dataset):
        raise RequestError(
            f"data is a {type(data).__name__}: allowed is a Dataset of x(point, coord) and y(point); "
            "reluflow.data_set(x, y) makes one of arrays"
        )
    form = _in_form(data)
    if form is None:
        data = _with_our_dimensions(data)
        form = _in_form(data)
    if form is not None:
        refuse_impossible(*form)
        return data
    x, y = _numbers(data, "x"), _numbers(data, "y")
    refuse_impossible(x, y)
    return describe(x, y, _names(data, x.shape[1]))


def _with_our_dimensions(data: xr.Dataset) -> xr.Dataset:
    """The same data with the dimensions point and coord, where x has two of other names, and y has one of them."""
    x, y = (data.variables.get(name) for name in ("x", "y"))
    if x is None or y is None or y.ndim != 1 or y.dims[0] not in x.dims or not 1 <= x.ndim <= 2:
        return data
    ours = dict(zip((y.dims[0], *(dim for dim in x.dims if dim != y.dims[0])), ("point", "coord"), strict=False))
    others = {dim: name for dim, name in ours.items() if dim != name}
    if not others or {*others, *others.values()} & {"x", "y"} or set(others.values()) & set(data.variables):
        return data
    return data.rename(others)


def describe_points(data: xr.Dataset) -> xr.Dataset:
    """Return a data set as :func:`take_points` does, with all that follows from its points.

    Raises
    ------
    RequestError
        As :func:`take_points`.
    """
    data = take_points(data)
    found = data.variables
    x, y = found["x"].values, found["y"].values
    names = (
        "growth_positive",
        "growth_negative",
        "growth_ratio",
        "assumption_1",
        "assumption_2",
        "largest_cosine",
    )
    if all(name in found for name in names):
        # The others follow from these three, and from the lengths.
        growth = _growth(x, y)
        stored = found["growth_positive"].values, found["growth_negative"].values
        size = max(np.abs(vector).max() for vector in growth)
        near = all(np.abs(a - b).max() <= SAME * size for a, b in zip(growth, stored, strict=True))
        cosine = float(found["largest_cosine"].values)
        if near and (len(y) > COMPARED or abs(cosine - largest_cosine(x)) <= ORTHOGONAL):
            return data
    return describe(x, y, _names(data, x.shape[1]))


def refuse_impossible(x: np.ndarray, y: np.ndarray) -> None:
    """Raise for numbers that no computer squares.

    Raises
    ------
    RequestError
    """
    for name, values in (("x", x), ("y", y)):
        if not values.size:
            raise RequestError(
                f"data.{name} has the shape {values.shape}: at least one point of one coordinate is allowed"
            )
        sizes = np.abs(values)
        # Of plain numbers no row has to be looked at by itself; what is no number is not at most anything.
        least, most = np.minimum.reduce(sizes, None), np.maximum.reduce(sizes, None)
        if most <= LARGEST and (least >= SMALLEST or ((sizes >= SMALLEST) | (sizes == 0)).all()):
            continue
        sizes = sizes.reshape(len(values), -1).max(axis=1)
        if np.all((sizes <= LARGEST) & ((sizes == 0) | (sizes >= SMALLEST))):
            continue
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            place = "".join(f"[{i}]" for i in bad[0])
            raise RequestError(f"data.{name}{place} = {values[tuple(bad[0])]}: a finite number is allowed")
        k = int(np.flatnonzero((sizes > LARGEST) | ((sizes > 0) & (sizes < SMALLEST)))[0])
        raise RequestError(f"data.{name}[{k}] is of the size {sizes[k]:g}: {SMALLEST:g} to {LARGEST:g} is allowed")


def describe(x: np.ndarray, y: np.ndarray, names: Sequence[str]) -> xr.Dataset:
    """Label points and labels, and record what the paper asks of them (assumptions 1 and 2).

    Parameters
    ----------
    x, y
        float64[point, coord] and float64[point].
    names
        Of the coordinates, without blanks.
    """
    # One layout in memory, whatever the source: the last bit of a matrix product depends on it.
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    growth = _growth(x, y)
    sizes = [hypot(*vector.tolist()) for vector in growth]  # up to 1e300: no square of it is a float
    cosine = largest_cosine(x)
    lengths = np.linalg.norm(x, axis=1)
    if cosine > ORTHOGONAL or not lengths.all():
        first = "fails"
    else:
        first = "holds" if np.allclose(lengths, 1.0, rtol=0, atol=ORTHOGONAL) else "holds_up_to_scaling"
    differ = abs(sizes[0] - sizes[1]) > EQUAL * max(sizes)
    second = "holds" if y.all() and differ else "fails"
    dataset = conform(
        "data",
        {
            "x": x,
            "y": y,
            "growth_positive": growth[0],
            "growth_negative": growth[1],
            "growth_ratio": sizes[0] / sizes[1] if sizes[1] else np.inf if sizes[0] else np.nan,
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
    if len(units) > MANY and units.shape[1] <= FEW_COORDINATES:
        return min(_largest_of_neighbours(units), 1.0)
    if len(units) > WHOLE:
        return min(_largest_in_tiles(units), 1.0)
    cosines = np.abs(units @ units.T)
    np.fill_diagonal(cosines, 0.0)
    return min(float(cosines.max(initial=0.0)), 1.0)


def _largest_of_neighbours(units: np.ndarray) -> float:
    """The same by a tree of the directions and their opposites: the two next to each other are the answer."""
    from scipy.spatial import KDTree  # takes a while to import

    lines = units[np.linalg.norm(units, axis=1) > 0.5]  # the others are 0
    tree: Any = KDTree(np.concatenate([lines, -lines]))
    bound, largest = 2.0, 0.0
    # Neighbours one after the other read the same part of the tree, and each part bounds the search of the next:
    # a third of the time.
    order = tree.indices[tree.indices < len(lines)]
    for some in (order[i : i + FIRST] for i in range(0, len(order), FIRST)):
        distance, other = tree.query(lines[some], k=2, distance_upper_bound=np.nextafter(bound, 3.0) + 1e-12)
        nearest = int(np.argmin(distance[:, 1]))
        if distance[nearest, 1] < bound:
            bound = float(distance[nearest, 1])
            largest = abs(float(lines[some[nearest]] @ lines[other[nearest, 1] % len(lines)]))
    return largest


def _largest_in_tiles(units: np.ndarray) -> float:
    """The same, a tile of the products at a time: of 100,000 points all of them would be 80 gigabytes."""
    rows, columns = TILE
    largest, n = 0.0, len(units)
    for first in range(0, n, rows):
        some = units[first : first + rows]
        for begin in range(first, n, columns):
            products = some @ units[begin : begin + columns].T
            if begin < first + rows:  # the products of points with themselves, and those told already
                products[np.tril_indices(len(some), first - begin, products.shape[1])] = 0.0
            largest = max(largest, float(products.max()), -float(products.min()))
    return largest


def coordinate_names(d: int) -> list[str]:
    """``x`` for one coordinate, ``x1``, ``x2``, ... for several."""
    return ["x"] if d == 1 else [f"x{i + 1}" for i in range(d)]


def _growth(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """D_+ and D_- of section 4.1."""
    return (np.where(y > 0, y, 0.0) @ x) / len(y), (np.where(y < 0, y, 0.0) @ x) / len(y)


def _in_form(data: xr.Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    """X and y of a data set that has the form of the schema; None if it has not."""
    x, y, coord, point = map(data.variables.get, ("x", "y", "coord", "point"))
    if x is None or y is None or coord is None or point is None:
        return None
    if x.dims != ("point", "coord") or y.dims != ("point",) or not x.dtype == y.dtype == np.float64:
        return None
    d, values = x.shape[1], x.values
    if not values.flags.c_contiguous or len(str(coord.attrs.get("labels", "")).split()) != d:
        return None
    # By the index: the values of an index take as long as all else here.
    if not isinstance(coord, xr.IndexVariable) or data.get_index("coord").tolist() != list(range(d)):
        return None
    return values, y.values


def _numbers(data: xr.Dataset, name: str) -> np.ndarray:
    """X as float64[point, coord], or y as float64[point]."""
    found, allowed = data.variables.get(name), variable("data", name).dims
    if found is None:
        raise RequestError(f"data/{name} is missing: allowed is a dataset of x(point, coord) and y(point)")
    if found.dtype.kind not in "iuf":
        raise RequestError(f"data/{name} is {found.dtype}: real numbers are allowed")
    if found.dims == ("point",) and name == "x":
        found = xr.Variable(allowed, found.values[:, None])
    if sorted(map(str, found.dims)) != sorted(allowed):
        raise RequestError(f"data/{name} has dims {found.dims}: allowed is {allowed}")
    return np.ascontiguousarray(found.transpose(*allowed).values, dtype=np.float64)


def _names(data: xr.Dataset, d: int) -> list[str]:
    """What the coordinates are called: a part of a data set has the numbers of the whole on ``coord``."""
    coord: Any = data.variables.get("coord")
    defaults = coordinate_names(d)
    if coord is None or coord.shape != (d,):
        return defaults
    if coord.dtype.kind not in "iuf":
        words = ["_".join(str(word).split()) for word in coord.values]
        return [word or default for word, default in zip(words, defaults, strict=True)]
    labels = str(coord.attrs.get("labels", "")).split()
    places = coord.values.tolist()
    if labels and all(place in range(len(labels)) for place in places):
        return [labels[int(place)] for place in places]
    return labels if len(labels) == d else defaults
