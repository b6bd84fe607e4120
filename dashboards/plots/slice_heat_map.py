"""A slice as a heat map: a picture of values over x and the lines' dimension."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt
from bokeh.models import FixedTicker
from bokeh.models.annotations import ColorBar

from dashboards.plots.figure_style import style_color_bar
from dashboards.plots.holoviews_style import Hook, style_overlay
from dashboards.plots.slice_plots import COLOURS, HEIGHT, TOOLS, Axis, ticks_of
from dashboards.plots.tick_labels import spread_labels
from dashboards.theme import Theme

Numbers = npt.NDArray[np.float64]

COLUMNS_LIMIT = 700
"""Columns of the picture at most, as many as a plot of half a screen has pixels."""
ROW_LABELS = 10
"""Rows with a label on the axis, at most."""
STATES = {"off": "#9AA3AF", "on": "#009E73", "sliding": "#CC79A7"}
"""The colours of a neuron's states: not those of roles."""


def create_heat_map(
    places: Numbers, rows: Numbers, values: Numbers, axes: tuple[Axis, Axis, Axis], theme: Theme, *,
    marked: npt.NDArray[np.bool_] | None = None, labels: int = ROW_LABELS,
) -> hv.Overlay:  # fmt: skip
    """Draw a slice as colours over x and the lines' dimension.

    The instants of a run lie where it moves, not evenly: each column of the picture has the values of the nearest
    one. Cells of their own width would be 26,000 rectangles for 60 neurons, which a browser draws one by one.

    Parameters
    ----------
    places : float64[places]
    rows : float64[rows]
    values : float64[rows, places]
    axes
        Of x, of the rows and of the values; where the values have words, each word has a colour.
    theme
        The page's colours.
    marked : bool[rows]
        The rows of the selected neurons, which get a mark at their beginning; None for none.
    """
    across, x = columns_of(axes[0].scale.transform(places), discrete=bool(axes[0].words))
    shown, options = coloured(values[:, x], axes[2])
    up = np.arange(len(rows), dtype=np.float64)
    half = 0.5 * (across[-1] - across[0]) / (len(across) - 1) if len(across) > 1 else 0.5
    bounds = (across[0] - half, -0.5, across[-1] + half, len(rows) - 0.5)
    image = hv.Image(shown[::-1].astype(np.float32), ["x", "row"], "value", bounds=bounds)
    elements = [image.opts(tools=["hover"], hover_tooltips=[(axes[2].label, "@image")], **options)]
    if marked is not None and marked.any():
        beside = np.full(int(marked.sum()), bounds[0] + 0.012 * (bounds[2] - bounds[0]))
        pins = hv.Scatter((beside, up[marked]), "x", "row")
        elements.append(pins.opts(marker="circle", size=9, color=theme.ink, line_color=theme.panel, line_width=2))
    names = axes[1].words or {}
    label = [names.get(row, f"{row:g}") for row in rows.tolist()]
    row_axis = Axis(axes[1].label, words=spread_labels(dict(zip(up.tolist(), label, strict=True)), labels))
    hooks = [ticks_of("x", axes[0]), ticks_of("y", row_axis), colouring_bar(theme)]
    return style_overlay(hv.Overlay(elements), theme, *hooks, height=HEIGHT, min_height=HEIGHT,
        xlabel=axes[0].label, ylabel=axes[1].label, **TOOLS)  # fmt: skip


def columns_of(at: Numbers, *, discrete: bool) -> tuple[Numbers, npt.NDArray[np.intp]]:
    """Place the columns of the picture evenly, and find the value that each shows.

    Parameters
    ----------
    at : float64[places]
        On the axis; NaN where it has no place.
    discrete
        Whether each place has a column of its own.
    """
    known = np.flatnonzero(np.isfinite(at))
    if len(known) < 2:
        return (at[known], known) if len(known) else (np.zeros(1), np.zeros(1, dtype=np.intp))
    there = at[known]
    even = np.allclose(np.diff(there), there[1] - there[0])
    if discrete or (even and len(known) <= COLUMNS_LIMIT):
        return there, known
    across = np.linspace(there[0], there[-1], COLUMNS_LIMIT)
    after = np.clip(np.searchsorted(there, across), 1, len(there) - 1)
    nearest = np.where(across - there[after - 1] < there[after] - across, after - 1, after)
    return across, known[nearest]


def coloured(values: Numbers, axis: Axis) -> tuple[Numbers, dict[str, Any]]:
    """Turn values into numbers on a scale of colours, with the options that name them: a colour a word."""
    if not axis.words:
        options = {"cmap": "Viridis", "colorbar": True, "clabel": axis.label, "colorbar_position": "top",
                   "colorbar_opts": {"formatter": axis.scale.formatter()}}  # fmt: skip
        return axis.scale.transform(values), options
    kept = np.array(sorted(axis.words))
    coded = np.where(np.isin(values, kept), np.searchsorted(kept, values), np.nan)
    named = {place: axis.words[number] for place, number in enumerate(kept.tolist())}
    bar = {"ticker": FixedTicker(ticks=list(named)), "major_label_overrides": named}
    cycle = [STATES.get(word, COLOURS[place % len(COLOURS)]) for place, word in named.items()]
    return coded, {
        "cmap": cycle, "clim": (-0.5, len(kept) - 0.5), "colorbar": True, "colorbar_opts": bar,
        "colorbar_position": "top", "clabel": axis.label,
    }  # fmt: skip


def colouring_bar(theme: Theme) -> Hook:
    """Make the hook that gives the colour bar the page's colours and font."""

    def colour(plot: Any, _: Any) -> None:
        for bar in plot.state.select({"type": ColorBar}):
            style_color_bar(bar, theme)

    return colour
