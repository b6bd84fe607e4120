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
from pipeline.figures import input_and_bias, leak, piecewise_linear, scale_text

SAMPLES = {"solid": "", "dashed": "6 4", "dotdash": "2 4 6 4"}
"""The dashes in SVG."""

STROKES = (("#0072B2", "solid"), ("#D55E00", "dashed"), ("#009E73", "dotdash"))
"""Colour and dash of the first, second and third run (Okabe and Ito; the dash is the second cue)."""
DARK_STROKES = (("#56B4E9", "solid"), ("#E69F00", "dashed"), ("#009E73", "dotdash"))
"""The same in the dark theme."""
LEAST_LOSS = 1e-30
"""The end of the logarithmic axis: smaller values are rounding errors."""
POSITIONS = 401
MARGIN = 0.6
"""How far the window of x extends beyond the data, as a share of the data's range: as in figure 2."""
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
    columns = [input_and_bias(tree) for tree in runs.values()]
    if not columns or any(found is None for found in columns):
        return None
    data = [(tree["data"].dataset["x"].values[:, found[0]], tree["data"].dataset["y"].values)
            for tree, found in zip(runs.values(), columns, strict=True) if found is not None]  # fmt: skip
    every = np.concatenate([x for x, _ in data])
    margin = MARGIN * (float(np.ptp(every)) or 1.0)
    position = np.union1d(np.linspace(every.min() - margin, every.max() + margin, POSITIONS), every)
    x, y = hv.Dimension("x", label="x"), hv.Dimension("h", label="h(x) at the end, and the data")
    elements: list[Any] = []
    for (name, tree), (color, dash) in zip(runs.items(), strokes(theme), strict=False):
        curve = hv.Curve((position, final_function(tree, position)), x, y, label=name)
        elements.append(curve.opts(color=color, line_dash=dash, line_width=2))
    for (points, labels), (color, _) in zip(data, strokes(theme), strict=False):
        elements.append(hv.Scatter((points, labels), x, y).opts(color=color, line_color=theme.ink, size=9))
    return style_overlay(hv.Overlay(elements), theme, **PLAIN)


def final_function(tree: xr.DataTree, position: np.ndarray) -> np.ndarray:
    """Evaluate the last sample's h at increasing positions of the one input.

    Raises
    ------
    ValueError
        If the run has more than one input.
    """
    columns = input_and_bias(tree)
    if columns is None:
        raise ValueError("the run has more than one input")
    column, bias_column = columns
    names = ["direction", "log_norm", "output_ratio"]
    last = tree["trajectory"].dataset[names].isel(time=slice(-1, None))
    direction, log_norm, ratio = (np.asarray(last[name].values[0], dtype=np.float64) for name in names)
    slope = direction[:, column]
    bias = 0.0 if bias_column is None else float(tree["data"].dataset["x"].values[0, bias_column])
    offset = np.zeros_like(slope) if bias_column is None else bias * direction[:, bias_column]
    # a_j phi(<w_j, x>) = (a_j |w_j|) phi(<w_j/|w_j|, x>), leaky or not.
    return piecewise_linear(slope, offset, ratio * np.exp(2.0 * log_norm), position, leak(tree))


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
