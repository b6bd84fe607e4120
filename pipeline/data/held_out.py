"""Test points: given, in a file, or drawn as the data were and labelled by the same teacher."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import COORDINATES, variable
from pipeline.configuration import DataConfig, read_pinned
from pipeline.data.sources import READERS
from pipeline.data.teacher_points import more_points
from pipeline.inputs.errors import RequestError
from pipeline.network.points import refuse_impossible


def held_out_points(config: DataConfig) -> tuple[np.ndarray, np.ndarray]:
    """The x (n, d), without a bias, and y (n,) of ``[data.test]``.

    Raises
    ------
    RequestError
        If a file can't be read as such.
    """
    asked = config.test
    assert asked is not None, "who asks has looked"
    if asked.points is not None:
        return more_points(config, asked.points, asked.seed)
    if asked.file is not None:
        x, y, _ = read_pinned("data.test", asked.file, asked.file_sha256, READERS)
        return x, y
    return np.array(asked.x, dtype=float), np.array(asked.y, dtype=float)


def with_held_out(data: xr.Dataset, x: np.ndarray, y: np.ndarray, bias: bool) -> xr.Dataset:
    """Add test points (n, d) and their labels (n,) to a data set.

    Parameters
    ----------
    bias
        Whether a coordinate 1 was appended to the data's points, as it is to these.

    Raises
    ------
    RequestError
        If they have another number of coordinates, or a number that floats can't square.
    """
    d = data.sizes["coord"]
    if bias and x.shape[1] == d - 1:
        x = np.column_stack([x, np.ones(len(x))])
    if x.shape[1] != d:
        raise RequestError(
            f"data.test has points of {x.shape[1]} coordinates: allowed is {d - bias}, as the data have"
        )
    try:
        refuse_impossible(x, y)
    except RequestError as error:
        raise RequestError(str(error).replace("data.", "data.test.", 1)) from None
    values = {"test_x": np.ascontiguousarray(x), "test_y": np.ascontiguousarray(y)}
    specified = {name: variable("data", name) for name in values}
    index = xr.Variable("test_point", np.arange(len(y)), COORDINATES["test_point"].attributes)
    return data.assign(
        {name: (specified[name].dims, values[name], specified[name].attributes) for name in values}
    ).assign_coords(test_point=index)
