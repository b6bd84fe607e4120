"""Figure 2: the network at the start, after alignment, with the first sign fitted, and at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from pipeline.figures import cosines, kinks
from pipeline.figures.network import Names, state_at
from pipeline.figures.reading import (
    decoded,
    heading,
    input_and_bias,
    measured_times,
    phase_order,
    time_text,
    values,
)
from pipeline.figures.style import ROLES, WIDTH, publication


@dataclass(frozen=True)
class _Moment:
    """What one panel shows: its name, its time's symbol, and the time, NaN if it does not exist."""

    name: str
    symbol: str
    time: float

    @property
    def when(self) -> str:
        """The time in words."""
        return f"no {self.symbol}" if np.isnan(self.time) else f"{self.symbol} = {time_text(self.time)}"


@publication
def snapshots_figure(tree: xr.DataTree) -> Figure:
    """Draw four states of the network: the start, t1, t2 and the end (the paper's figure 2).

    One-dimensional data with a bias coordinate: each neuron stands at its kink -w_2/w_1 and at the height
    s_j |w_j|; the line is h, the dots are the data, the dashed line is the interpolator of minimum norm.
    A kink outside the window is drawn hollow at the border, and their number is written there.

    Any other data: each neuron stands at its cosines with D_+ and with -D_-, its size is |w_j| relative to the
    largest; rings are the directions of the minimum-norm network.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases and minimal_norm. Where t1 or t2 is NaN the panel says
        so.

    Returns
    -------
    Figure
        Without a canvas of its own; no pyplot state is touched.
    """
    figure = Figure(figsize=(WIDTH, 5.6), layout=ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06))
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    role = np.array(decoded(tree["phases"].dataset["role"]), dtype=np.str_)
    moments = _moments(tree)
    states = [state_at(tree, moment.time, role) for moment in moments]
    columns = input_and_bias(tree)
    plane = None if columns is None else kinks.Plane.of(tree, columns)
    if plane is not None:
        kinks.frame(panels[0, 0], plane, [state for state in states if state is not None])

    for axes, letter, moment, state in zip(panels.flat, "abcd", moments, states, strict=True):
        axes.set_title(f"({letter}) {moment.name}\n{moment.when}")
        axes.set_xlabel("cosine with D₊" if plane is None else "x, and kinks −wⱼ₂/wⱼ₁")
        axes.set_ylabel("cosine with −D₋" if plane is None else "h(x), yₖ, and sⱼ|wⱼ|")
        axes.label_outer()
        if plane is None:
            cosines.frame(axes)
        if state is None:
            axes.text(0.5, 0.5, "does not exist\nin this run", transform=axes.transAxes, ha="center", va="center")
        elif plane is None:
            cosines.draw_cosines(tree, axes, state)
        else:
            kinks.draw_kinks(axes, plane, state)
    figure.suptitle(heading(tree), x=0.01, ha="left")
    handles = _role_handles(role) + (cosines.legend() if plane is None else kinks.legend())
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
    return figure


def _moments(tree: xr.DataTree) -> list[_Moment]:
    """Return the moment of each panel."""
    time, (t1, t2, _) = values(tree, "trajectory", "time"), measured_times(tree)
    first = phase_order(tree)[1].removeprefix("fitting_")
    start, end = float(time[0]), float(time[-1])
    return [
        _Moment("start", "t", start),
        _Moment("end of alignment", "t₁", t1),
        _Moment(f"{first} labels fitted", "t₂", t2),
        _Moment("end of the run", "t", end),
    ]


def _role_handles(role: Names) -> list[Line2D]:
    """List the markers of the roles that occur."""
    return [
        Line2D(
            [], [], linestyle="none", marker=style.marker, markersize=6, markerfacecolor=style.color,
            markeredgecolor="white", label=style.name,
        )
        for name, style in ROLES.items()
        if name in role
    ]  # fmt: skip
