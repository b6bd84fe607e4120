"""Two or three runs in one plot: their losses, and for one input the functions that they end with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import holoviews as hv
import numpy as np
import xarray as xr

from dashboards.plots.holoviews_style import style_overlay
from dashboards.theme import Theme
from dashboards.time_units import AXIS_LABELS, scaled_length
from pipeline.figures import FinalFunctions, scale_text

SAMPLES = {"solid": "", "dashed": "6 4", "dotdash": "2 4 6 4"}
"""The dashes in SVG."""

STROKES = (("#0072B2", "solid"), ("#D55E00", "dashed"), ("#009E73", "dotdash"))
"""Colour and dash of the first, second and third run (Okabe and Ito; the dash is the second cue)."""
DARK_STROKES = (("#56B4E9", "solid"), ("#E69F00", "dashed"), ("#009E73", "dotdash"))
"""The same in the dark theme."""
LEAST_LOSS = 1e-30
"""The end of the logarithmic axis: smaller values are rounding errors."""
PLAIN: dict[str, Any] = {"height": 330, "show_grid": True, "show_legend": False, "toolbar": None}
"""Options of both plots: the page says which line belongs to which run."""


def loss_plot(
    runs: Mapping[str, xr.DataTree], theme: Theme, *, scaled: bool = False, logarithmic: bool = False
) -> hv.Overlay:
    """Draw the loss of each run over t, or over t/(-ln lambda), where runs of small scale coincide.

    Parameters
    ----------
    runs
        At most three trees by their names in the legend.
    theme
        Colours.
    scaled
        Whether time is divided by -ln lambda; see :func:`scaled_unit`.
    logarithmic
        Whether the loss axis is logarithmic.
    """
    time = hv.Dimension("t", label=AXIS_LABELS["scaled" if scaled else "t"])
    loss = hv.Dimension("loss", label="loss L")
    curves = []
    for (name, tree), (color, dash) in zip(runs.items(), strokes(theme), strict=False):
        trajectory = tree["trajectory"].dataset[["time", "loss"]].load()
        shown = trajectory["loss"].values
        if logarithmic:
            shown = np.where(shown > LEAST_LOSS, shown, np.nan)
        times = trajectory["time"].values / (scaled_unit(tree) if scaled else 1.0)
        curves.append(
            hv.Curve((times, shown), time, loss, label=name).opts(color=color, line_dash=dash, line_width=2)
        )
    return style_overlay(hv.Overlay(curves), theme, logy=logarithmic, **PLAIN)


def function_plot(runs: Mapping[str, xr.DataTree], theme: Theme) -> hv.Overlay | None:
    """Draw the function that each run ends with, and the data; None unless all have one input."""
    functions = FinalFunctions.of(runs.values())
    if functions is None:
        return None
    x, y = hv.Dimension("x", label="x"), hv.Dimension("h", label="h(x) at the end, and the data")
    elements: list[Any] = []
    for name, h, (color, dash) in zip(runs, functions.values, strokes(theme), strict=False):
        curve = hv.Curve((functions.position, h), x, y, label=name)
        elements.append(curve.opts(color=color, line_dash=dash, line_width=2))
    for tree, inputs, (color, _) in zip(runs.values(), functions.inputs, strokes(theme), strict=False):
        points = hv.Scatter((inputs, tree["data"].dataset["y"].values), x, y)
        elements.append(points.opts(color=color, line_color=theme.ink, size=9))
    return style_overlay(hv.Overlay(elements), theme, **PLAIN)


def log_scale_of(tree: xr.DataTree) -> float:
    """Read ln lambda of a run."""
    return float(tree["trajectory"].dataset["log_init_scale"])


def scaled_unit(tree: xr.DataTree) -> float:
    """Return -ln lambda; NaN where lambda >= 1."""
    return scaled_length(log_scale_of(tree))


def write_scale(tree: xr.DataTree) -> str:
    """Write a run's lambda."""
    log_scale = log_scale_of(tree)
    return f"λ = {scale_text(log_scale)}" if np.isfinite(log_scale) else "λ unknown"


def strokes(theme: Theme) -> tuple[tuple[str, str], ...]:
    """Return the colour and the dash of each run."""
    return DARK_STROKES if theme.name == "dark" else STROKES
