"""A run while a slider moves: the same stages as any run, as much of them as a hundred milliseconds allow.

The paper's experiment is followed in a millisecond; what takes time is reading every neuron at 400 instants,
finding the stationary points and comparing with the minimum. So there are two looks: a quick one, with as many
instants as :data:`QUICK` neuron readings allow and without plateaus, and a whole one when the hand rests. The
curve of the loss costs nothing and is whole in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import xarray as xr

from dashboards.processes import flow_reached, tell
from pipeline import (
    compare,
    follow_flow,
    generate_data,
    initialise,
    label_phases,
    minimal_norm,
    simulate,
)
from pipeline.configuration import DataConfig, FlowConfig, InitConfig, RunConfig

QUICK = 60_000
"""Neuron readings (instants times neurons) of a quick look."""
GLANCED = 130
"""Instants of a quick look at the most: more are not drawn of it."""
WHOLE = 1_000_000
"""Neuron readings of a whole look."""
FEWEST = 16
"""Instants that every look has."""
SMALL = 12
"""Points up to which the minimum norm takes milliseconds (for orthogonal inputs at any number)."""
GROUPS = ("data", "trajectory", "phases", "minimal_norm")
"""What is drawn of a run."""


@dataclass(frozen=True)
class Look:
    """What is known of a run for drawing it.

    Attributes
    ----------
    groups
        data, trajectory, phases and, unless it is not known yet, minimal_norm; in a quick look that is the
        minimum alone, without the comparison.
    curve
        residual(time, point) and loss(time), at as many instants as were asked for.
    name
        The run's, for headings and files.
    whole
        Whether this is all that will be known.
    run_id
        Of the run of the catalog that this is; None if it was computed.
    """

    groups: Mapping[str, xr.Dataset]
    curve: xr.Dataset
    name: str
    whole: bool
    run_id: str | None = None


def of_published(tree: xr.DataTree) -> Look:
    """Look at a run of the catalog."""
    groups = {name: tree[name].to_dataset() for name in GROUPS}
    curve = groups["trajectory"][["residual", "loss"]].load()
    return Look(groups, curve, str(tree.attrs.get("name", "run")), True, str(tree.attrs.get("id")))


def quick_look(config: RunConfig) -> Look:
    """Compute a run with few instants, no plateaus and no comparison with the minimum.

    Raises
    ------
    RequestError
        If the data can't be what the configuration says, or the method can't take it.
    """
    key = config.data.model_dump_json()
    data = points(key)
    trajectory, curve = _followed(config, data, min(QUICK, GLANCED * config.init.width))
    phases = label_phases(data, trajectory, epsilon=config.analysis.epsilon, with_plateaus=False)
    groups = {"data": data, "trajectory": trajectory, "phases": phases}
    if data.sizes["point"] <= SMALL:
        groups["minimal_norm"] = least(key, config.flow.slope, config.analysis.free_bias)
    return Look(groups, curve, config.name, whole=False)


def whole_look(config: RunConfig) -> Look:
    """Compute a run with as many instants as were asked for, unless it is very wide.

    Raises
    ------
    RequestError
    """
    key = config.data.model_dump_json()
    data = points(key)
    trajectory, curve = _followed(config, data, WHOLE)
    tell("Finding the phases and the plateaus")
    phases = label_phases(data, trajectory, epsilon=config.analysis.epsilon)
    tell("Finding the interpolator of least norm")
    minimum = least(key, config.flow.slope, config.analysis.free_bias)
    groups = {"data": data, "trajectory": trajectory, "phases": phases}
    tell("Comparing with the interpolator of least norm")
    groups["minimal_norm"] = compare(trajectory, minimum, data)
    return Look(groups, curve, config.name, whole=True)


def _followed(config: RunConfig, data: xr.Dataset, readings: int) -> tuple[xr.Dataset, xr.Dataset]:
    """The trajectory with so many neuron readings at most, and the curve of the loss."""
    flow, samples = config.flow, max(FEWEST, min(config.flow.samples, readings // config.init.width))
    if flow.method == "exact":
        course = followed(*(part.model_dump_json() for part in (config.data, config.init, config.flow)))
        tell("Reading the neurons")
        return course.trajectory(samples), course.curve(flow.samples)
    trajectory = simulate(
        data, initialise(data, config.init), end_time=flow.end_time, tolerance=flow.tolerance, samples=samples,
        method=flow.method, slope=flow.slope, step_size=flow.step_size,
    )  # fmt: skip
    return trajectory, trajectory[["residual", "loss"]]


@lru_cache(maxsize=1)
def followed(data: str, init: str, flow: str) -> Any:
    """Follow a flow, given by its tables as JSON: a whole look comes after a quick one at the same flow."""
    asked = FlowConfig.model_validate_json(flow)
    known = points(data)
    return follow_flow(
        known, initialise(known, InitConfig.model_validate_json(init)), end_time=asked.end_time,
        tolerance=asked.tolerance, slope=asked.slope, progress=flow_reached,
    )  # fmt: skip


@lru_cache(maxsize=64)
def points(data: str) -> xr.Dataset:
    """Make the data set that this ``[data]`` table, as JSON, means: stage 1."""
    made: xr.Dataset = generate_data(DataConfig.model_validate_json(data))
    return made


@lru_cache(maxsize=64)
def least(data: str, slope: float, free_bias: bool) -> xr.Dataset:
    """Find the interpolator of least norm of a data set, given as for :func:`points`: stage 4."""
    found: xr.Dataset
    # The front door hands out the function; to a type checker the room of that name stands before it.
    found = minimal_norm(points(data), slope=slope, free_bias=free_bias)  # type: ignore[operator]
    return found
