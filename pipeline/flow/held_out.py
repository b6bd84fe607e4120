"""The network at points that the flow does not see."""

from __future__ import annotations

import xarray as xr

from catalog.schema import variable
from pipeline.network import algebra
from pipeline.network.outputs import outputs_along


def with_held_out_loss(data: xr.Dataset, trajectory: xr.Dataset) -> xr.Dataset:
    """Add test_residual(time, test_point) and test_loss(time) to a trajectory whose data have test points."""
    if "test_x" not in data.variables:
        return trajectory
    residual = data.variables["test_y"].values - outputs_along(trajectory, data.variables["test_x"].values)
    values = {"test_residual": residual, "test_loss": algebra.loss(residual)}
    specified = {name: variable("trajectory", name) for name in values}
    return trajectory.assign(
        {name: (specified[name].dims, values[name], specified[name].attributes) for name in values}
    ).assign_coords(test_point=data.coords["test_point"])
