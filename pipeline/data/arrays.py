"""Points and labels as a person has them in Python: arrays of any library, a data frame, a labelled dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from pipeline.data.held_out import with_held_out
from pipeline.inputs.arguments import matrix
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import truth
from pipeline.network.points import coordinate_names, describe, refuse_impossible, take_points


def data_set(
    x: Any, y: Any = None, *, bias: bool = False, test: tuple[Any, Any] | xr.Dataset | None = None
) -> xr.Dataset:
    """Make the data set that every stage takes of points and labels.

    Parameters
    ----------
    x
        The points: an array (n, d) or (n,) of NumPy, torch or JAX, a list, a DataFrame (its columns name the
        coordinates), a DataArray; or a Dataset of x(point, coord) and y(point).
    y
        The labels: an array (n,), (n, 1) or (1, n), a Series, a list; of a DataFrame ``x`` also a column's name.
    bias
        Append a coordinate 1, called "bias", to every point.
    test
        Points and labels that the flow does not see, of the same kinds: (x, y), or a Dataset.

    Returns
    -------
    Dataset
        x(point, coord), y(point), D_+ and D_-, the answers to assumptions 1 and 2, and the test points if there
        are any.

    Raises
    ------
    RequestError
        Naming the argument that is no such array, or holds what is no finite number.

    Examples
    --------
    >>> data_set([-1.0, 2.0], [0.5, 1.0], bias=True).sizes["coord"]
    2
    """
    data = _described(x, y, truth("bias", bias))
    if test is None:
        return data
    x, y = held_out_arrays(test)
    return with_held_out(data, x, y, "bias" in str(data["coord"].attrs["labels"]).split()[-1:])


def held_out_arrays(test: Any) -> tuple[np.ndarray, np.ndarray]:
    """The points and labels of ``test`` as arrays.

    Raises
    ------
    RequestError
        If it is neither two arrays nor a Dataset.
    """
    if isinstance(test, xr.Dataset):
        try:
            test = tuple(take_points(test)[name].values for name in ("x", "y"))
        except RequestError as error:
            raise RequestError(f"test: {error}") from None
    if not isinstance(test, tuple | list) or len(test) != 2:
        raise RequestError("test: two arrays (x, y), or a Dataset of them, are allowed")
    try:
        x, y = _in_one_order(*test)
        points = matrix("x", x)
        return points, _labels(y, len(points))
    except RequestError as error:
        raise RequestError(f"test: {error}") from None


def _described(x: Any, y: Any, bias: bool) -> xr.Dataset:
    """The data set of points and labels alone."""
    if isinstance(x, xr.Dataset):
        if y is not None:
            raise RequestError("y: nothing is allowed where x is a Dataset, which has its labels")
        data = take_points(x)
        if not bias:
            return data
        x, y, names = data["x"].values, data["y"].values, str(data["coord"].attrs["labels"]).split()
    else:
        x, y = _in_one_order(*_without_label(x, y))
        names = names_of(x)
    points = matrix("x", x)
    names = names or coordinate_names(points.shape[1])
    labels = _labels(y, len(points))
    if bias:
        points, names = with_bias(points, names)
    refuse_impossible(points, labels)
    return describe(points, labels, names)


def with_bias(points: np.ndarray, names: list[str]) -> tuple[np.ndarray, list[str]]:
    """Points (n, d) with a last coordinate of 1, and its name.

    Raises
    ------
    RequestError
        If there is a coordinate of that name.
    """
    if "bias" in names:
        raise RequestError("data.bias = true: allowed without a column named 'bias' only, there would be two")
    return np.column_stack([points, np.ones(len(points))]), [*names, "bias"]


def names_of(x: Any) -> list[str]:
    """What the columns of a frame, or of a labelled array, are called, without blanks; nothing if they are not.

    Raises
    ------
    RequestError
        If two have one name, or one has none.
    """
    columns = getattr(x, "columns", None)
    if columns is None and isinstance(x, xr.DataArray) and x.ndim == 2 and x.dims[1] in x.coords:
        columns = x.coords[x.dims[1]].values
    if columns is None or any(not isinstance(column, str) for column in columns):
        return []
    names = ["_".join(column.split()) for column in columns]
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            what = f"has the name {name!r} twice" if name else f"has no name for column {place + 1}"
            raise RequestError(f"x {what}: different names are allowed, or none (x.to_numpy())")
    return names


def _without_label(x: Any, y: Any) -> tuple[Any, Any]:
    """A frame without the column of its label, and that column."""
    if not isinstance(y, str):
        return x, y
    columns = list(getattr(x, "columns", []))
    if y not in columns:
        listed = f": allowed are {', '.join(map(str, columns))}" if columns else ": x is no DataFrame"
        raise RequestError(f"y = {y!r} is no column of x{listed}")
    return x.drop(columns=y), x[y]


def _in_one_order(x: Any, y: Any) -> tuple[Any, Any]:
    """Points and labels whose rows are told apart by the same names, if both have any.

    Raises
    ------
    RequestError
        If the names differ: taken as they stand, labels would be put to other points.
    """
    if isinstance(x, xr.DataArray) and isinstance(y, xr.DataArray) and y.ndim == 1 and y.dims[0] in x.dims:
        x = x.transpose(y.dims[0], ...)
    one, other = _row_names(x), _row_names(y)
    if one is None or other is None or len(one) != len(other) or one.equals(other):
        return x, y
    expected, found = next(names for names in zip(one, other, strict=True) if names[0] != names[1])
    raise RequestError(
        f"y has the row {found} where x has {expected}: labels in the order of x are allowed "
        "(y.loc[x.index]), or without names (y.to_numpy())"
    )


def _row_names(values: Any) -> Any:
    """The index of a frame, a series, or a labelled array along its first dimension; None if it has none."""
    if isinstance(values, xr.DataArray):
        return values.indexes.get(values.dims[0]) if values.dims else None
    index = getattr(values, "index", None)
    return index if hasattr(index, "equals") else None


def _labels(y: Any, n: int) -> np.ndarray:
    if y is None:
        raise RequestError("y is missing: allowed is one label for each point")
    labels = matrix("y", y)
    if 1 not in labels.shape:
        raise RequestError(f"y has the shape {labels.shape}: allowed is one label for each of the {n} points of x")
    if labels.size != n:
        counted = f"y has {labels.size} label{'s' if labels.size > 1 else ''}"
        raise RequestError(f"{counted}: allowed is one for each of the {n} rows of x, which are the points")
    return labels.ravel()
