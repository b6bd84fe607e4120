"""Loss plus penalty times norm: the path of its least in beta, and the flow that is stopped early beside it.

The path is the lower border of what any network, of any width, can have: none of this loss has a smaller norm. A
flow that is stopped at t is a network of loss L(t) and norm 1/2 |theta(t)|^2, on or above the border; how far
above says what stopping early costs over a penalty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from catalog import Catalog
from pipeline import initialise, penalised_minimum, simulate, vanishing_penalty
from pipeline.configuration import RunConfig, as_config, stated
from pipeline.inputs.errors import RequestError
from pipeline.network.algebra import half_squared_norm
from pipeline.network.rays import group_equal_rows
from pipeline.theory.ladder import Advance, nothing
from pipeline.theory.publishing import kept_if_writable
from pipeline.workflow.computation import minimum_of, prepare

COUNT, HIGHEST, LOWEST = 25, 0.95, 1e-4
"""How many penalties there are where none is asked for, and from which share of the one at which no neuron is left
down to which."""
ONE_DIRECTION = 1e-4
"""The distance up to which the unit vectors of two neurons are one: cones that share a side share out a neuron."""
NEURONS = {"long_name": "neurons of different directions", "units": "1"}
MINIMUM_STEPS = 3
"""How often a law that is computed advances."""


def minimum_law(config: RunConfig | str, advance: Advance = nothing) -> xr.Dataset:
    """Find the least of loss plus penalty times norm along a path of penalties, and follow the flow beside it.

    Parameters
    ----------
    config
        A run. Its ``analysis.penalty`` are the penalties, else 25 are taken; ``analysis.output_bias`` and
        ``analysis.skip`` say what costs nothing.
    advance
        Called after the path, after the least norm, and after the flow.

    Returns
    -------
    Dataset
        What :func:`pipeline.penalised_minimum` has over ``penalty``; neurons(penalty), how many there are;
        flow_time, flow_loss, flow_norm(sample) along the flow; time_at_loss and norm_at_loss(penalty), when the
        flow first has that loss and which norm it has then (NaN where it never does); vanishing_penalty;
        least_norm, the norm at penalty 0 (NaN: not known); the data's x and y.

    Raises
    ------
    RequestError
        If the activation patterns are too many to be known, or there is nothing to penalise.
    """
    config = as_config(config)
    analysis, slope = config.analysis, config.flow.slope
    free: dict[str, Any] = {"output_bias": analysis.output_bias, "skip": analysis.skip}
    if analysis.free_bias:
        raise RequestError("analysis.free_bias = true: the path is allowed with analysis.output_bias or skip only")
    data = prepare(config)
    vanishing = vanishing_penalty(data, slope=slope, **free)
    penalties = analysis.penalty or _default_path(vanishing)
    path: xr.Dataset = penalised_minimum(data, penalties, slope=slope, **free)
    advance()
    alone = config.model_copy(update={"analysis": analysis.model_copy(update={"penalty": None})})
    least = float(minimum_of(alone, data)["value"])
    advance()
    flow = _flow(config, data)
    advance()
    law: xr.Dataset = path.assign(
        neurons=("penalty", [_directions(path.isel(penalty=i)) for i in range(len(penalties))], NEURONS),
        vanishing_penalty=((), vanishing, {"long_name": "least penalty without neurons", "units": "1"}),
        least_norm=((), least, {"long_name": "least 1/2 |theta|^2 that fits the labels", "units": "1"}),
        **_at_equal_loss(path["loss"].values, flow),
        x=data["x"],
        y=data["y"],
    ).merge(flow)
    law.attrs |= {"law": "minimum", "name": config.name, **{key: int(value) for key, value in free.items()}}
    return law


def _directions(minimum: xr.Dataset) -> int:
    """How many neurons a minimum needs: those of one direction and sign are one."""
    sign, weight = minimum["output_sign"].values, minimum["weight"].values
    w = weight[sign != 0]
    unit = w / np.linalg.norm(w, axis=1)[:, None]
    first, _ = group_equal_rows(np.column_stack([unit, sign[sign != 0]]), ONE_DIRECTION)
    return len(first)


def _default_path(vanishing: float) -> list[float]:
    if vanishing == 0.0:
        raise RequestError("analysis.penalty: what costs nothing fits the labels alone; there is no path")
    found: list[float] = np.geomspace(HIGHEST * vanishing, LOWEST * vanishing, COUNT).tolist()
    return found


def _flow(config: RunConfig, data: xr.Dataset) -> xr.Dataset:
    """Loss and norm along the flow of the configuration."""
    flow = config.flow
    course = simulate(
        data, initialise(data, config.init), end_time=flow.end_time, tolerance=flow.tolerance,
        samples=flow.samples, slope=flow.slope, output_speed=flow.output_speed,
    )  # fmt: skip
    norm = np.exp(course["log_norm"].values)
    half = half_squared_norm(norm, norm * course["output_ratio"].values)
    return xr.Dataset(
        {
            "flow_time": ("sample", course["time"].values, {"long_name": "time t of the flow", "units": "1"}),
            "flow_loss": ("sample", course["loss"].values, {"long_name": "loss of the flow", "units": "1"}),
            "flow_norm": ("sample", half, {"long_name": "1/2 |theta|^2 of the flow", "units": "1"}),
        }
    )


def _at_equal_loss(loss: np.ndarray, flow: xr.Dataset) -> dict[str, Any]:
    """When the flow first has these losses, and its norm then: between two samples along the line."""
    time, found, norm = (flow[name].values for name in ("flow_time", "flow_loss", "flow_norm"))
    falling = np.minimum.accumulate(found)  # what rounding raises at the end is no crossing
    known = (loss <= found[0]) & (loss >= falling[-1])
    said = {
        "time_at_loss": "time at which the flow has this loss",
        "norm_at_loss": "1/2 |theta|^2 of the flow then",
    }
    return {
        name: (
            "penalty",
            np.where(known, np.interp(-loss, -falling, values), np.nan),
            {"long_name": said[name], "units": "1"},
        )
        for name, values in (("time_at_loss", time), ("norm_at_loss", norm))
    }


def kept_minimum(catalog: Catalog, config: RunConfig, advance: Advance = nothing) -> tuple[str | None, xr.Dataset]:
    """Take the path of a configuration from a catalog, or find it and keep it there.

    Parameters
    ----------
    catalog
        One that can't be written gets nothing.
    config, advance
        As :func:`minimum_law` takes them.

    Returns
    -------
    identifier, cube
        The identifier is None if the catalog can't be written.

    Raises
    ------
    RequestError
        As :func:`minimum_law` does.
    """
    config = as_config(config)
    return kept_if_writable(
        catalog, "minimum", minimum_configuration(config), lambda: minimum_law(config, advance=advance)
    )


def minimum_configuration(config: RunConfig) -> dict[str, Any]:
    """Tell all that determines the law: what its identifier is the hash of."""
    tables = stated(config.resolved())
    return {"name": config.name, "path": [COUNT, HIGHEST, LOWEST], **tables}
