"""The network's output at any inputs, along the whole trajectory."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from pipeline.inputs.arguments import instants, matrix, one_or_several
from pipeline.inputs.errors import RequestError
from pipeline.network.outputs import outputs_along
from pipeline.network.samples import sample_at, trajectory_of


def predict(trajectory: xr.Dataset | xr.DataTree, x: Any, *, time: Any = None) -> xr.DataArray:
    """Compute h(x) = sum_j a_j phi(<w_j, x>) at inputs of your own, at every sample of a trajectory.

    Parameters
    ----------
    trajectory
        From :func:`pipeline.simulate`, or a whole run; it may be lazy.
    x
        The inputs: (sample, coord), or (sample,) of one coordinate, of any kind of array, a DataFrame, or a
        Dataset that has them as x. Where the data have a bias it may be left out: a 1 is appended.
    time
        One time or several of the paper's t, of each of which the nearest sample is taken; None: all samples.

    Returns
    -------
    DataArray
        h over (time, sample), or over (sample,) where ``time`` is one number.

    Raises
    ------
    RequestError
        If the inputs have another number of coordinates, or there is no such time.

    Notes
    -----
    a_j |w_j| is right to rounding whenever it is a float itself. No more than a megabyte of products is held at
    once: 10,000 inputs at 400 instants of 1,000 neurons take four seconds and 64 MB, twice the result.
    """
    trajectory = trajectory_of(trajectory)
    points = inputs(trajectory, x)
    chosen = trajectory[["log_norm", "direction", "output_ratio"]]
    at_one = time is not None and (isinstance(time, str) or one_or_several(time) is not time)
    if at_one:
        chosen = chosen.isel(time=[sample_at(trajectory, time)])
    elif time is not None:
        chosen = chosen.isel(time=[sample_at(trajectory, one) for one in instants("time", time)])
    found = outputs_along(chosen.assign_attrs(trajectory.attrs), points)
    # Not the coordinate's index: a lazy trajectory's has to be read.
    attributes = {"long_name": "output h(x)", "units": "1"}
    output = xr.DataArray(found, {"time": chosen["time"]}, ("time", "sample"), "h", attributes)
    return output.isel(time=0) if at_one else output


def inputs(trajectory: xr.Dataset, x: Any) -> np.ndarray:
    """Return inputs as float64[sample, coord], with the 1 of the bias, where there is one and it was left out.

    Raises
    ------
    RequestError
        If they have another number of coordinates than the data.
    """
    if isinstance(x, xr.Dataset):
        if "x" not in x.variables:
            raise RequestError("x: a Dataset without a variable x is not allowed")
        x = x["x"].values
    points = matrix("x", x)
    d, labels = trajectory.sizes["coord"], str(trajectory.variables["coord"].attrs.get("labels", "")).split()
    bias = labels[-1:] == ["bias"]
    if bias and points.shape[1] == d - 1:
        return np.column_stack([points, np.ones(len(points))])
    if points.shape[1] != d:
        without = f" (or {d - 1}, without the bias)" if bias else ""
        plural = "" if points.shape[1] == 1 else "s"
        raise RequestError(
            f"x has {points.shape[1]} coordinate{plural}: allowed is {d}{without}, as the data have"
        )
    return points
