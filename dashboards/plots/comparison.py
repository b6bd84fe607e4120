"""Two or three runs in one picture: their losses, and over one input the functions that they end with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr

from dashboards.looks import Looks
from dashboards.plots.drawing import dressed
from pipeline.figures import one_input, scale_text
from pipeline.network.algebra import weights_at
from pipeline.network.one_input import positions

SAMPLES = {"solid": "", "dashed": "6 4", "dotdash": "2 4 6 4"}
"""The dashes as SVG writes them."""

STROKES = (("#0072B2", "solid"), ("#D55E00", "dashed"), ("#009E73", "dotdash"))
"""Colour and dash of the first, second and third run (Okabe and Ito; the dash is the second cue)."""
DARK_STROKES = (("#56B4E9", "solid"), ("#E69F00", "dashed"), ("#009E73", "dotdash"))
"""On a dark ground."""
LEAST_LOSS = 1e-30
"""Where the logarithmic axis ends: below is rounding."""
POSITIONS = 401
PLAIN: dict[str, Any] = {"height": 330, "show_grid": True, "show_legend": False, "toolbar": None}
"""Options of both pictures: the page says which line is whose."""


def loss_plot(
    runs: Mapping[str, xr.DataTree], looks: Looks, *, scaled: bool = False, logarithmic: bool = False
) -> hv.Overlay:
    """Draw the loss of each run against t, or against t/(-ln lambda), where small scales lie on each other.

    Parameters
    ----------
    runs
        Trees by the names that the legend says, at most three.
    looks
        Colours.
    scaled
        Whether time is divided by -ln lambda; see :func:`time_unit`.
    logarithmic
        Whether the loss axis is.
    """
    time, loss = hv.Dimension("t", label=time_label(scaled)), hv.Dimension("loss", label="loss L")
    curves = []
    for (name, tree), (color, dash) in zip(runs.items(), strokes(looks), strict=False):
        trajectory = tree["trajectory"].dataset[["time", "loss"]].load()
        shown = trajectory["loss"].values
        if logarithmic:
            shown = np.where(shown > LEAST_LOSS, shown, np.nan)
        times = trajectory["time"].values / (time_unit(tree) if scaled else 1.0)
        curves.append(
            hv.Curve((times, shown), time, loss, label=name).opts(color=color, line_dash=dash, line_width=2)
        )
    return dressed(hv.Overlay(curves), looks, logy=logarithmic, **PLAIN)


def function_plot(runs: Mapping[str, xr.DataTree], looks: Looks) -> hv.Overlay | None:
    """Draw the function that each run ends with, and the data; None unless all have one input."""
    found = [one_input(tree) for tree in runs.values()]
    inputs = [one for one in found if one is not None]
    if not inputs or len(inputs) < len(found):
        return None
    position = positions(inputs, POSITIONS)
    x, y = hv.Dimension("x", label="x"), hv.Dimension("h", label="h(x) at the end, and the data")
    elements: list[Any] = []
    drawn = zip(runs.items(), inputs, strokes(looks), strict=False)
    for (name, tree), one, (color, dash) in drawn:
        # In plain units: over one input a network is drawn, and what underflows adds nothing to it.
        h = one.values(*weights_at(tree["trajectory"].dataset, -1), position)
        curve = hv.Curve((position, h), x, y, label=name)
        elements.append(curve.opts(color=color, line_dash=dash, line_width=2))
    for tree, one, (color, _) in zip(runs.values(), inputs, strokes(looks), strict=False):
        points = hv.Scatter((one.x, tree["data"].dataset["y"].values), x, y)
        elements.append(points.opts(color=color, line_color=looks.ink, size=9))
    return dressed(hv.Overlay(elements), looks, **PLAIN)


def time_unit(tree: xr.DataTree) -> float:
    """Return -ln lambda; NaN unless lambda is below 1."""
    log_scale = float(tree["trajectory"].dataset["log_init_scale"])
    return -log_scale if log_scale < 0 else float("nan")


def time_label(scaled: bool) -> str:
    """Name the axis of time."""
    return "t/(−ln λ)" if scaled else "time t of the flow"


def scale_of(tree: xr.DataTree) -> str:
    """Write a run's lambda."""
    log_scale = float(tree["trajectory"].dataset["log_init_scale"])
    return f"λ = {scale_text(log_scale)}" if np.isfinite(log_scale) else "λ unknown"


def strokes(looks: Looks) -> tuple[tuple[str, str], ...]:
    """Return the colour and the dash of each run."""
    return DARK_STROKES if looks.name == "dark" else STROKES
