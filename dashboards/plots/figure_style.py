"""How every Bokeh figure looks, in light and in dark: the page's colours and font, a toolbar out of the way.

Bokeh's themes can't know the page's colours, and would change every document of the server.
"""

from __future__ import annotations

from typing import Any

from bokeh.models import Axis, Range1d
from bokeh.models.annotations import Legend, Title
from bokeh.plotting import figure

from dashboards.theme import FONT, Looks

NORMAL, SMALL = "13px", "12px"
TOOLS = "pan,wheel_zoom,box_zoom,reset,tap"


def styled_figure(
    looks: Looks, *, height: int, x_label: str | None, y_label: str | None, title: str = "", **options: Any
) -> figure:
    """Make an empty figure that fills its place's width.

    Parameters
    ----------
    looks
        The colours.
    height
        In pixels.
    title, x_label, y_label
        Words; the axes' with units.
    **options
        Further arguments of Bokeh's figure.
    """
    # Its own ranges, not data ranges: those would look through every glyph at every change.
    own = {
        "x_range": Range1d(0, 1), "y_range": Range1d(0, 1), "tools": TOOLS, "toolbar_location": "right",
        "min_border_left": 70, "sizing_mode": "stretch_width",
    }  # fmt: skip
    heading = Title(text=title, text_color=looks.ink, text_font=FONT, text_font_size=NORMAL)
    made = figure(height=height, title=heading, x_axis_label=x_label, y_axis_label=y_label, **(own | options))
    return coloured(made, looks)


def limit(axis_range: Range1d, start: float, end: float) -> None:
    """Set the limits of a range, also as those that the toolbar's reset goes back to: else it goes to 0 and 1."""
    axis_range.update(start=start, end=end, reset_start=start, reset_end=end)


def coloured(drawn: figure, looks: Looks) -> figure:
    """Give a figure, its axes and the legends that it has, the page's colours and font."""
    drawn.update(
        background_fill_color=looks.panel, border_fill_color=looks.panel, outline_line_color=None,
        min_border_right=12,
    )  # fmt: skip
    drawn.toolbar.update(autohide=True, logo=None)
    for axis in drawn.axis:
        colour_axis(axis, looks)
    drawn.grid.grid_line_color = looks.line
    drawn.grid.grid_line_alpha = 0.7
    for legend in drawn.legend:
        colour_legend(legend, looks)
    return drawn


def colour_axis(axis: Axis, looks: Looks) -> None:
    """Colour one axis."""
    axis.update(
        axis_line_color=looks.line, major_tick_line_color=looks.line, minor_tick_line_color=None,
        major_label_text_color=looks.ink, major_label_text_font=FONT, major_label_text_font_size=SMALL,
        axis_label_text_color=looks.faint, axis_label_text_font=FONT, axis_label_text_font_size=NORMAL,
        axis_label_text_font_style="normal",
    )  # fmt: skip


def colour_legend(legend: Legend, looks: Looks) -> Legend:
    """Colour one legend."""
    legend.update(
        background_fill_color=looks.panel, background_fill_alpha=0.85, border_line_color=None,
        label_text_color=looks.ink, label_text_font=FONT, label_text_font_size=SMALL,
        title_text_color=looks.ink, title_text_font=FONT, title_text_font_size=SMALL,
        title_text_font_style="normal", padding=4, margin=4, label_standoff=4,
        spacing=12 if legend.orientation == "horizontal" else 2,
    )  # fmt: skip
    return legend
