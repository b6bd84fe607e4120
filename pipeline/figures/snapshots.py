"""Figure 2: the network at the start, after alignment, with the first sign fitted, and at the end."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from pipeline.figures.moments import moments
from pipeline.figures.network import state_at
from pipeline.figures.panels import panel_of
from pipeline.figures.reading import heading, refuse_no_run
from pipeline.figures.roles import neuron_roles
from pipeline.figures.style import WIDTH, publication


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
    refuse_no_run(tree)
    figure = Figure(figsize=(WIDTH, 5.6), layout=ConstrainedLayoutEngine(h_pad=0.06, w_pad=0.06))
    panels: list[Axes] = figure.subplots(2, 2, sharex=True, sharey=True).ravel().tolist()
    role = neuron_roles(tree)
    chosen = moments(tree)
    states = [state_at(tree, moment.time, role) for moment in chosen]
    existing = [state for state in states if state is not None]
    panel = panel_of(tree, existing[-1])  # the end always exists
    if panel.round:
        figure.set_figheight(6.2)  # circles take what is left beside the words
    for axes, letter, moment, state in zip(panels, "abcd", chosen, states, strict=True):
        axes.set_title(f"({letter}) {moment.name}\n{moment.when}")
        axes.set_xlabel(panel.labels[0])
        axes.set_ylabel(panel.labels[1])
        panel.frame(axes, existing)
        if state is None:
            axes.text(0.5, 0.5, "does not exist\nin this run", transform=axes.transAxes, ha="center", va="center")
        else:
            panel.draw_setting(axes)
            panel.draw_state(axes, state)
        axes.label_outer()
    figure.suptitle(heading(tree), x=0.01, ha="left")
    figure.legend(handles=panel.legend(existing), loc="outside lower left", ncols=3)
    return figure
