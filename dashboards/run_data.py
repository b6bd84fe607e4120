"""The data of a run that the Flow page draws: of a published run, of a preview or of a complete computation.

The flow of the paper's experiment takes a millisecond; most of the time goes into reading every neuron at 400
instants, finding the stationary points and comparing with the minimum norm. So while a slider moves a preview
is computed: fewer instants and no plateaus. When the slider rests, the complete run follows. The curve of the
loss is complete in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import xarray as xr

from dashboards.processes import flow_reached, tell
from pipeline import (
    alignment_of,
    compare,
    follow_flow,
    generate_data,
    initialise,
    label_phases,
    minimal_norm,
    simulate,
)
from pipeline.configuration import DataConfig, FlowConfig, InitConfig, RunConfig
from pipeline.figures import orthogonal

PREVIEW_READINGS_LIMIT = 60_000
"""Neuron readings (instants times neurons) of a preview."""
PREVIEW_INSTANTS_LIMIT = 130
"""Instants of a preview at most: no more are drawn."""
COMPLETE_READINGS_LIMIT = 1_000_000
"""Neuron readings of a complete run."""
INSTANTS_MINIMUM = 16
"""Instants that every run has."""
MINIMUM_POINTS_LIMIT = 12
"""Up to so many points the minimum norm takes milliseconds (for orthogonal inputs with any number)."""
GROUPS = ("data", "trajectory", "phases", "minimal_norm", "alignment")
"""The groups of a run that are drawn."""


@dataclass(frozen=True)
class RunData:
    """The data of a run that are drawn.

    Attributes
    ----------
    groups
        data, trajectory, phases and, if it is known, minimal_norm; in a preview this is the minimum alone,
        without the comparison.
    curve
        residual(time, point) and loss(time), at as many instants as the configuration asks for.
    name
        The name of the run, for headings and files.
    complete
        Whether this is the complete run, not a preview.
    run_id
        The identifier of a published run; None if the run was computed.
    """

    groups: Mapping[str, xr.Dataset]
    curve: xr.Dataset
    name: str
    complete: bool
    run_id: str | None = None

    @property
    def nbytes(self) -> int:
        """Return the size of the data in bytes."""
        return self.curve.nbytes + sum(group.nbytes for group in self.groups.values())


def open_run_data(tree: xr.DataTree) -> RunData:
    """Read the data of a published run."""
    groups = {name: tree[name].to_dataset() for name in GROUPS if name in tree.children}
    curve = groups["trajectory"][["residual", "loss"]].load()
    return RunData(groups, curve, str(tree.attrs.get("name", "run")), True, str(tree.attrs.get("id")))


def compute_preview(config: RunConfig) -> RunData:
    """Compute a run with few instants, no plateaus and no comparison with the minimum.

    Raises
    ------
    RequestError
        If the data can't be what the configuration says, or the method can't take it.
    """
    key = config.data.model_dump_json()
    data = make_points(key)
    trajectory, curve = _followed(
        config, data, min(PREVIEW_READINGS_LIMIT, PREVIEW_INSTANTS_LIMIT * config.init.width)
    )
    phases = label_phases(data, trajectory, epsilon=config.analysis.epsilon, with_plateaus=False)
    groups = {"data": data, "trajectory": trajectory, "phases": phases} | _aligned(data, trajectory)
    if data.sizes["point"] <= MINIMUM_POINTS_LIMIT:
        groups["minimal_norm"] = find_minimum(key, config.flow.slope, *_free(config))
    return RunData(groups, curve, config.name, complete=False)


def compute_complete(config: RunConfig) -> RunData:
    """Compute a run with as many instants as its configuration asks for, fewer if it is very wide.

    Raises
    ------
    RequestError
    """
    key = config.data.model_dump_json()
    data = make_points(key)
    trajectory, curve = _followed(config, data, COMPLETE_READINGS_LIMIT)
    tell("Finding the phases and the plateaus")
    phases = label_phases(data, trajectory, epsilon=config.analysis.epsilon)
    tell("Finding the interpolator of least norm")
    minimum = find_minimum(key, config.flow.slope, *_free(config))
    groups = {"data": data, "trajectory": trajectory, "phases": phases} | _aligned(data, trajectory)
    tell("Comparing with the interpolator of least norm")
    groups["minimal_norm"] = compare(trajectory, minimum, data)
    return RunData(groups, curve, config.name, complete=True)


def _aligned(data: xr.Dataset, trajectory: xr.Dataset) -> dict[str, xr.Dataset]:
    """Where the neurons of a small start align, as a group: it gives them colours if no paper's role does."""
    found = None if orthogonal({"data": data}) else alignment_of(data, trajectory)
    return {} if found is None else {"alignment": found}


def _followed(config: RunConfig, data: xr.Dataset, readings: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Compute the trajectory with at most so many neuron readings, and the curve of the loss."""
    flow, samples = config.flow, max(INSTANTS_MINIMUM, min(config.flow.samples, readings // config.init.width))
    if flow.method == "exact":
        course = follow(*(part.model_dump_json() for part in (config.data, config.init, config.flow)))
        tell("Reading the neurons")
        return course.trajectory(samples), course.curve(flow.samples)
    trajectory = simulate(
        data, initialise(data, config.init), end_time=flow.end_time, tolerance=flow.tolerance, samples=samples,
        method=flow.method, slope=flow.slope, output_speed=flow.output_speed, step_size=flow.step_size,
    )  # fmt: skip
    return trajectory, trajectory[["residual", "loss"]]


@lru_cache(maxsize=1)
def follow(data: str, init: str, flow: str) -> Any:
    """Integrate a flow, given by its tables as JSON; kept, as the complete run follows the preview."""
    asked = FlowConfig.model_validate_json(flow)
    known = make_points(data)
    return follow_flow(
        known, initialise(known, InitConfig.model_validate_json(init)), end_time=asked.end_time,
        tolerance=asked.tolerance, slope=asked.slope, output_speed=asked.output_speed, progress=flow_reached,
    )  # fmt: skip


@lru_cache(maxsize=64)
def make_points(data: str) -> xr.Dataset:
    """Make the data of a ``[data]`` table, given as JSON."""
    made: xr.Dataset = generate_data(DataConfig.model_validate_json(data))
    return made


def _free(config: RunConfig) -> tuple[str, ...]:
    """What costs nothing in the minimum norm."""
    return tuple(name for name in ("free_bias", "output_bias", "skip") if getattr(config.analysis, name))


@lru_cache(maxsize=64)
def find_minimum(data: str, slope: float, *free: str) -> xr.Dataset:
    """Find the interpolator of least norm of a data set, given as in :func:`make_points`."""
    found: xr.Dataset
    # ``pipeline`` offers the function; a type checker finds the package of the same name instead.
    found = minimal_norm(make_points(data), slope=slope, **dict.fromkeys(free, True))  # type: ignore[operator]
    return found
