"""The four moments at which figure 2 shows the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from pipeline.figures.reading import (
    Interval,
    intervals,
    measured_times,
    orthogonal,
    phase_order,
    time_text,
    values,
)
from pipeline.network.names import plateau_name


@dataclass(frozen=True)
class Moment:
    """What one panel shows: its name, its time's symbol, and the time, NaN if it does not exist."""

    name: str
    symbol: str
    time: float

    @property
    def when(self) -> str:
        """The time in words."""
        return f"no {self.symbol}" if np.isnan(self.time) else f"{self.symbol} = {time_text(self.time)}"


def moments(tree: xr.DataTree) -> tuple[Moment, Moment, Moment, Moment]:
    """Choose the start, two moments in between in time's order, and the end.

    The two are t1 and t2 where the inputs are orthogonal and both exist: there they mean what the paper says.
    Else: the end of the plateau at the origin, and the middle of the longest plateau after it. Where the flow
    does not linger either, the loss tells: when it has lost a half, and when it is down to a hundredth.
    """
    time, (t1, t2, _) = values(tree, "trajectory", "time"), measured_times(tree)
    start, end = Moment("start", "t", float(time[0])), Moment("end of the run", "t", float(time[-1]))
    if orthogonal(tree) and np.isfinite([t1, t2]).all() and t1 <= t2:
        first = phase_order(tree)[1].removeprefix("fitting_")
        between = Moment("end of alignment", "t₁", t1), Moment(f"{first} labels fitted", "t₂", t2)
    else:
        origin, saddle = _longest(tree, "origin"), _longest(tree, "saddle")
        leaving = (
            _falls_to(tree, 0.5, "loss halved")
            if origin is None
            else Moment("leaving the origin", "t", origin.end)
        )
        lingering = (
            _falls_to(tree, 0.01, "loss at a hundredth")
            if saddle is None
            else Moment(f"at {plateau_name(saddle.label)}", "t", (saddle.start + saddle.end) / 2)
        )
        between = (lingering, leaving) if lingering.time < leaving.time else (leaving, lingering)
    return start, *between, end


def _longest(tree: xr.DataTree, kind: str) -> Interval | None:
    """Find the longest plateau of this kind that the run does not end in; None if there is none."""
    last = float(values(tree, "trajectory", "time")[-1])
    found = [p for p in intervals(tree, "plateau") if p.label.startswith(kind) and p.end < last]
    return max(found, key=lambda plateau: plateau.end - plateau.start, default=None)


def _falls_to(tree: xr.DataTree, part: float, name: str) -> Moment:
    """Find when the loss first is at this part of its start; NaN if never."""
    time, loss = values(tree, "trajectory", "time"), values(tree, "trajectory", "loss")
    reached = np.flatnonzero(loss <= part * loss[0])
    return Moment(name, "t", float(time[reached[0]]) if len(reached) else float("nan"))
