"""How the Bokeh figures of the sweeps look: the page's colours, the axes' words, nothing that is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.models import Axis, FixedTicker
from bokeh.models.annotations import Legend
from bokeh.plotting import figure

from dashboards.looks import Looks

TOOLS = "pan,box_zoom,reset,save"
HEIGHT = 440
"""Pixels: with the controls above them the plots end within 800."""
MOST_WORDS = 14
"""Of an axis; of more, as many are written as fit evenly."""


def dressed(plot: figure, looks: Looks) -> figure:
    """Give a figure the page's colours."""
    plot.background_fill_color = plot.border_fill_color = looks.panel
    plot.outline_line_color = None
    plot.toolbar.logo = None
    for axis in plot.axis:
        axis.axis_label_text_color = axis.major_label_text_color = looks.ink
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size, axis.major_label_text_font_size = "13px", "12px"
        axis.axis_line_color = axis.major_tick_line_color = looks.faint
        axis.minor_tick_line_color = None
    plot.grid.grid_line_color = looks.line
    for legend in plot.legend:
        dressed_legend(legend, looks)
    return plot


def dressed_legend(legend: Legend, looks: Looks) -> None:
    """Give a legend the page's colours."""
    legend.background_fill_color, legend.border_line_color = looks.panel, None
    legend.label_text_color = legend.title_text_color = looks.ink
    legend.label_text_font_size = legend.title_text_font_size = "12px"
    legend.title_text_font_style = "normal"
    legend.update(padding=4, margin=4, label_standoff=4, spacing=10, location="center_left")


def words_on(axis: Axis, places: Sequence[float], words: Sequence[str], *, across: bool) -> None:
    """Write words at places of an axis (``across`` or up); of many only as many as can be read."""
    step = -(-len(places) // MOST_WORDS)
    chosen = range(0, len(places), step)
    axis.ticker = FixedTicker(ticks=[float(places[i]) for i in chosen])
    axis.major_label_overrides = {float(places[i]): words[i] for i in chosen}
    if across and sum(len(words[i]) + 2 for i in chosen) > 60:
        axis.major_label_orientation = 0.7


def plain_figure(looks: Looks, **options: Any) -> figure:
    """Make a figure with the tools that each plot has; its width is the page's."""
    size: dict[str, Any] = {"height": HEIGHT, "min_width": 280, "sizing_mode": "stretch_width", "tools": TOOLS}
    return figure(**size, **options, toolbar_location="above")
