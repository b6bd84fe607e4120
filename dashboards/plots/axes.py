"""How every Bokeh figure looks, in light and in dark."""

from __future__ import annotations

from typing import Any

from bokeh.models import Range1d
from bokeh.models.annotations import Title
from bokeh.plotting import figure

from dashboards.looks import Looks

FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"


def styled_figure(looks: Looks, *, title: str, height: int, x_label: str, y_label: str, **options: Any) -> figure:
    """Make an empty figure that fills its place's width.

    Parameters
    ----------
    looks
        The colours.
    title, x_label, y_label
        Words; the axes' with units.
    height
        In pixels.
    **options
        Further arguments of Bokeh's figure.
    """
    # Its own ranges, not data ranges: those would look through every glyph at every change.
    options = {"x_range": Range1d(0, 1), "y_range": Range1d(0, 1)} | options
    heading = Title(text=title, text_color=looks.ink, text_font=FONT, text_font_size="13px")
    made = figure(
        height=height,
        sizing_mode="stretch_width",
        title=heading,
        x_axis_label=x_label,
        y_axis_label=y_label,
        background_fill_color=looks.panel,
        border_fill_color=looks.panel,
        outline_line_color=None,
        tools="pan,wheel_zoom,box_zoom,reset,tap",
        toolbar_location="right",
        min_border_left=58,
        **options,
    )
    made.toolbar.autohide = True
    made.toolbar.logo = None
    for axis in made.axis:
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font = axis.major_label_text_font = FONT
        axis.axis_label_text_font_size = "12px"
        axis.major_label_text_font_size = "11px"
        axis.axis_label_text_color = axis.major_label_text_color = looks.faint
        axis.axis_line_color = axis.major_tick_line_color = looks.line
        axis.minor_tick_line_color = None
    made.grid.grid_line_color = looks.line
    made.grid.grid_line_alpha = 0.6
    return made
