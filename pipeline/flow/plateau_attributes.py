"""When a flow is on a plateau: from the record of its steps, and the network at a few instants.

The residual is a polynomial over each step, and with it the loss and |grad L|^2 = -dL/dt: no neuron is asked when
the flow is slow. Only what it is near then is read from the network, at one instant an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.moments import read_residual, read_slope, step_lengths
from pipeline.flow.reduction import Reduction
from pipeline.network import algebra
from pipeline.network.points import describe_points
from pipeline.stationary import (
    History,
    Moments,
    SlowInterval,
    StationaryPoint,
    find_plateau_intervals,
    likely_bounds,
    point_at,
    slow_intervals_of,
)

RESOLVED = 64 * np.finfo(float).eps
"""The share of the loss that a step has to take off it: less is rounding, and |grad L| is 0 there."""


@dataclass(frozen=True)
class SlowIntervals:
    """Where a flow is slow: its history along the steps, and the intervals."""

    history: History
    intervals: list[SlowInterval]

    @classmethod
    def of(
        cls, reduced: Reduction, record: StepRecord, data: xr.Dataset, end: tuple[float | None, bool]
    ) -> SlowIntervals:
        """Read it from the steps: at least one.

        Parameters
        ----------
        reduced, record
            The solver's problem and its steps.
        data
            The points.
        end
            When the run ends, if not with its last step; whether it ends at a stationary point.
        """
        data = describe_points(data)
        history = history_of(reduced, record, data, *end)
        return cls(history, slow_intervals_of(data, history))

    @property
    def slowest(self) -> np.ndarray:
        """The instants at which the network has to be looked at to tell the plateaus."""
        return np.unique(self.history.time[[interval.slowest for interval in self.intervals]])

    @property
    def instants(self) -> np.ndarray:
        """These, and when plateaus may start and end: where samples should be, to be drawn as they are."""
        return np.union1d(self.slowest, likely_bounds(self.history, self.intervals))

    def tell(self, data: xr.Dataset, trajectory: xr.Dataset) -> dict[str, Any]:
        """Tell when the flow is on a plateau, as attributes of a trajectory.

        Parameters
        ----------
        data
            The points.
        trajectory
            With samples at :attr:`slowest`.

        Returns
        -------
        dict
            ``plateaus_told``: how many; with ``plateau_starts``, ``plateau_ends``, ``plateau_slowest_times`` and
            ``plateaus_left`` (1 where the flow goes on) if there are some.
        """
        time = self.history.time
        samples = np.searchsorted(trajectory.variables["time"].values, time)

        def points(instants: list[int]) -> list[StationaryPoint]:
            return [point_at(data, trajectory, int(samples[i]))[1] for i in instants]

        told = find_plateau_intervals(self.history, self.intervals, points)
        found: dict[str, Any] = {"plateaus_told": len(told)}
        if told:
            found["plateau_starts"] = [one.start for one in told]
            found["plateau_ends"] = [one.end for one in told]
            found["plateau_slowest_times"] = [float(time[one.slowest]) for one in told]
            found["plateaus_left"] = [int(one.left) for one in told]
        return found


def history_of(
    reduced: Reduction, record: StepRecord, data: xr.Dataset, end_time: float | None, rests: bool
) -> History:
    """Read the history at the steps' ends, and from their polynomials wherever it is asked."""
    unit, label = reduced.time_unit, float(np.abs(data.variables["y"].values).max(initial=0.0))
    edges = np.append(record.time, record.time[-1] + record.length[-1])
    if end_time is not None and end_time > unit * edges[-1] * (1.0 + 1e-12):
        edges = np.append(edges, end_time / unit)
    scale = label or 1.0  # squares of labels of 1e-120 are no floats

    def read(times: np.ndarray) -> Moments:
        residual = reduced.residual(read_residual(record, times))
        slope = reduced.residual_slope(read_slope(record, times))
        fall = -np.sum((residual / scale) * (slope / scale), axis=1)
        least = RESOLVED * np.sum((residual / scale) ** 2, axis=1) / step_lengths(record, times)
        norm = scale * np.sqrt(np.where(fall > least, fall, 0.0) / (residual.shape[1] * unit))
        return Moments(algebra.loss(residual), residual, norm)

    known = read(edges)
    times = unit * edges
    if end_time is not None:
        times[-1] = end_time
    return History(times, *known, label, rests, lambda instants: read(instants / unit))
