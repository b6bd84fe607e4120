"""Figure 2: the network at the start, after alignment, with the first sign fitted, and at the end."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from pipeline.figures import cosines, kinks, polar
from pipeline.figures.moments import moments
from pipeline.figures.network import State, state_at
from pipeline.figures.reading import decoded, heading, input_and_bias, orthogonal
from pipeline.figures.style import BLACK, GREY, ROLES, WIDTH, publication


@publication
def snapshots_figure(tree: xr.DataTree) -> Figure:
    """Draw four states of the network: the start, two in between, and the end (the paper's figure 2).

    The states in between are those at t1 and t2, or what takes their place: :mod:`pipeline.figures.moments`.

    One-dimensional data: each neuron stands at its kink -w_2/w_1 and at the height s_j |w_j|; the line is h, the
    dots are the data, the dashed line is the interpolator of minimum norm. A kink outside the window is drawn
    hollow at the border, and their number is written there. Without a bias every kink is at 0.

    Orthogonal inputs: each neuron stands at its cosines with D_+ and with -D_-, its size is |w_j| relative to the
    largest; rings are the directions of the minimum-norm network.

    Any other data: each neuron stands in the plane of the first two principal components of the final weights,
    at the root of its norm relative to the largest; ticks around it are the data.

    A neuron that slides, held on the boundary of a data point, has a black edge.

    Parameters
    ----------
    tree
        A run with the groups data, trajectory, phases and minimal_norm.

    Returns
    -------
    Figure
        Without a canvas of its own; no pyplot state is touched.
    """
    figure = Figure(figsize=(WIDTH, 5.6), layout=ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06))
    panels: list[Axes] = figure.subplots(2, 2, sharex=True, sharey=True).ravel().tolist()
    role = np.array(decoded(tree["phases"].dataset["role"]), dtype=np.str_)
    chosen = moments(tree)
    states = [state_at(tree, moment.time, role) for moment in chosen]
    existing = [state for state in states if state is not None]
    for axes, letter, moment in zip(panels, "abcd", chosen, strict=True):
        axes.set_title(f"({letter}) {moment.name}\n{moment.when}")
    if input_and_bias(tree) is not None:
        handles = _draw_on_a_line(tree, panels, states)
    elif orthogonal(tree):
        handles = _draw_cosines(tree, panels, states)
    else:
        figure.set_figheight(6.2)  # circles take what is left beside the words
        handles = _draw_in_a_plane(tree, panels, states)
    for axes, state in zip(panels, states, strict=True):
        axes.label_outer()
        if state is None:
            axes.text(0.5, 0.5, "does not exist\nin this run", transform=axes.transAxes, ha="center", va="center")
    if any(state.sliding.any() for state in existing):
        handles.append(_sliding_handle())
    figure.suptitle(heading(tree), x=0.01, ha="left")
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
    return figure


States = list[State | None]


def _draw_on_a_line(tree: xr.DataTree, panels: list[Axes], states: States) -> list[Line2D]:
    columns = input_and_bias(tree)
    assert columns is not None
    plane = kinks.Plane.of(tree, columns)
    kinks.frame(panels[0], plane, [state for state in states if state is not None])
    for axes, state in zip(panels, states, strict=True):
        axes.set_xlabel(
            "x, and kinks −wⱼ₂/wⱼ₁" if columns[1] is not None else "x; neurons on their active side of 0"
        )
        axes.set_ylabel("h(x), yₖ, and sⱼ|wⱼ|")
        if state is not None:
            kinks.draw_kinks(axes, plane, state)
    return _role_handles(tree) + kinks.legend(plane)


def _draw_cosines(tree: xr.DataTree, panels: list[Axes], states: States) -> list[Line2D]:
    for axes, state in zip(panels, states, strict=True):
        axes.set_xlabel("cosine with D₊")
        axes.set_ylabel("cosine with −D₋")
        cosines.frame(axes)
        if state is not None:
            cosines.draw_cosines(tree, axes, state)
    return _role_handles(tree) + cosines.legend(tree)


def _draw_in_a_plane(tree: xr.DataTree, panels: list[Axes], states: States) -> list[Line2D]:
    last = states[-1]
    assert last is not None  # the end always exists
    view = polar.View.of(tree, last)
    for axes, state in zip(panels, states, strict=True):
        axes.set_xlabel(view.names[0])
        axes.set_ylabel(view.names[1])
        polar.frame(axes)
        if state is not None:
            polar.draw_polar(tree, axes, view, state)
    return polar.legend(tree, [state for state in states if state is not None])


def _role_handles(tree: xr.DataTree) -> list[Line2D]:
    """List the markers of the roles that occur."""
    roles = set(decoded(tree["phases"].dataset["role"]))
    return [
        Line2D(
            [], [], linestyle="none", marker=style.marker, markersize=6, markerfacecolor=style.color,
            markeredgecolor="white", label=style.name,
        )
        for name, style in ROLES.items()
        if name in roles
    ]  # fmt: skip


def _sliding_handle() -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker="o", markersize=6, markerfacecolor=GREY, markeredgecolor=BLACK,
        markeredgewidth=0.9, label="held at a data point",
    )  # fmt: skip
