"""The limit lambda -> 0: the loss as a staircase with flows of finite lambda on it, and the table of jumps."""

from __future__ import annotations

import holoviews as hv
import numpy as np
import xarray as xr

from dashboards.html_table import Cell, Table, number_cell
from dashboards.plots.holoviews_style import style_overlay
from dashboards.theme import Theme
from pipeline.figures import ROLES, power_text

LINES = ((ROLES["other"].color, "dotted"), (ROLES["negative"].color, "dashed"), (ROLES["positive"].color, "solid"))
"""A colour and a dash for each scale."""
BEYOND = 1.08
"""How far beyond the last jump the staircase is drawn, over that jump's time."""


def create_staircase_plot(law: xr.Dataset, theme: Theme) -> hv.Overlay:
    """Draw the loss of the limit over t/(-ln lambda), and the measured losses of the flows.

    Parameters
    ----------
    law
        Of :func:`pipeline.limit_law`.
    theme
        The colours of the page.
    """
    time, loss = law["time"].values, law["loss"].values
    end = BEYOND * time[-1] or 1.0
    drawn = []
    for scale, (color, dash) in zip(law["scale"].values, LINES, strict=False):
        curve = law.sel(scale=scale)
        points = (curve["curve_time"].values, curve["curve_loss"].values)
        label = f"scale {power_text(int(scale))}"
        drawn.append(hv.Curve(points, label=label).opts(color=color, line_dash=dash, line_width=2.0))
    steps = np.repeat(np.append(time, end), 2)[1:-1], np.repeat(loss, 2)
    drawn.append(hv.Curve(steps, label="limit λ → 0").opts(color=theme.ink, line_width=1.0))
    return style_overlay(
        hv.Overlay(drawn), theme, xlim=(0.0, end), ylim=(-0.03 * loss[0], 1.08 * loss[0]), xlabel="t/(−ln λ)",
        ylabel="loss L", height=300, legend_position="top_right", show_grid=True,
    )  # fmt: skip


def create_jumps_table(law: xr.Dataset) -> Table:
    """Tabulate the jumps: when, from how many neurons, to which loss, and when the flows make them."""
    scales = law["scale"].values
    rows = []
    for i in range(1, law.sizes["plateau"]):
        at = law.isel(plateau=i)
        measured = [number_cell(float(at["measured_time"].sel(scale=scale)), ".6g") for scale in scales]
        rows.append(
            [
                Cell(str(i)), number_cell(float(at["time"]), ".6g"), *measured,
                number_cell(float(at["escaping"].sum()), "g"), number_cell(float(at["loss"]), ".6g"),
                Cell(f"{int(at['labels_fitted'])} of {law.sizes['point']}", css_class="number"),
                number_cell(float(at["half_squared_norm"]), ".7g"),
            ]
        )  # fmt: skip
    heads = (
        "jump", "at t/(−ln λ)", *(f"measured at {power_text(int(scale))}" for scale in scales),
        "neurons that escape", "loss after it", "labels fitted", "½|θ|²",
    )  # fmt: skip
    return Table("The jumps of the limit λ → 0, and when flows of finite λ make them", heads, rows)
