"""The style of every Bokeh figure in both themes: the page's colours and font, and an unobtrusive toolbar.

Bokeh's themes can't know the page's colours, and would change every document of the server.
"""

from __future__ import annotations

from typing import Any

from bokeh.models import Axis, Range1d
from bokeh.models.annotations import ColorBar, Legend, Title
from bokeh.plotting import figure

from dashboards.theme import FONT, Theme

NORMAL, SMALL = "13.0px", "12px"
"""Sizes of text. Bokeh does not note a value that is its default, "13px", and Panel's dark theme then makes the
labels of axes a quarter larger."""
TOOLS = "pan,wheel_zoom,box_zoom,reset,tap"

RESTORE = "for (const range of ranges) { range.start = range.reset_start; range.end = range.reset_end }"
"""What a double click does in the browser, at once, to the ranges of a figure."""


def styled_figure(
    theme: Theme, *, height: int, x_label: str | None, y_label: str | None, title: str = "", **options: Any
) -> figure:
    """Make an empty figure that is as wide as its container.

    Parameters
    ----------
    theme
        The colours.
    height
        In pixels.
    title, x_label, y_label
        Texts; those of the axes with units.
    **options
        Further arguments of Bokeh's figure.
    """
    # Plain ranges, not data ranges: those would go through every glyph at every change.
    own = {
        "x_range": Range1d(0, 1), "y_range": Range1d(0, 1), "tools": TOOLS, "toolbar_location": "right",
        "min_border_left": 70, "sizing_mode": "stretch_width",
    }  # fmt: skip
    heading = Title(text=title, text_color=theme.ink, text_font=FONT, text_font_size=NORMAL)
    made = figure(height=height, title=heading, x_axis_label=x_label, y_axis_label=y_label, **(own | options))
    return style_figure(made, theme)


def set_limits(axis_range: Range1d, start: float, end: float) -> None:
    """Set the limits of a range, also for the toolbar's reset, which else would set them to 0 and 1."""
    limits = {"start": start, "end": end, "reset_start": start, "reset_end": end}
    # Bokeh takes 56 function calls to find out that a property is set to what it is.
    axis_range.update(**{name: value for name, value in limits.items() if getattr(axis_range, name) != value})


def style_figure(drawn: figure, theme: Theme) -> figure:
    """Give a figure, its axes and its legends the page's colours and font."""
    drawn.update(
        background_fill_color=theme.panel, border_fill_color=theme.panel, outline_line_color=None,
        min_border_right=12,
    )  # fmt: skip
    drawn.toolbar.update(autohide=True, logo=None)
    for axis in drawn.axis:
        style_axis(axis, theme)
    drawn.grid.grid_line_color = theme.line
    drawn.grid.grid_line_alpha = 0.7
    for legend in drawn.legend:
        style_legend(legend, theme)
    return drawn


def style_axis(axis: Axis, theme: Theme) -> Axis:
    """Style one axis."""
    axis.update(
        axis_line_color=theme.line, major_tick_line_color=theme.line, minor_tick_line_color=None,
        major_label_text_color=theme.ink, major_label_text_font=FONT, major_label_text_font_size=SMALL,
        axis_label_text_color=theme.faint, axis_label_text_font=FONT, axis_label_text_font_size=NORMAL,
        axis_label_text_font_style="normal",
    )  # fmt: skip
    return axis


def style_color_bar(bar: ColorBar, theme: Theme) -> ColorBar:
    """Style one colour bar: its words as those of an axis, without a border."""
    bar.update(
        background_fill_color=theme.panel, major_label_text_color=theme.ink, title_text_color=theme.ink,
        major_tick_line_color=theme.ink, bar_line_color=None, title_text_font=FONT, title_text_font_size=NORMAL,
        title_text_font_style="normal", major_label_text_font=FONT, major_label_text_font_size=SMALL,
    )  # fmt: skip
    return bar


def style_legend(legend: Legend, theme: Theme) -> Legend:
    """Style one legend."""
    legend.update(
        background_fill_color=theme.panel, background_fill_alpha=0.85, border_line_color=None,
        label_text_color=theme.ink, label_text_font=FONT, label_text_font_size=SMALL,
        title_text_color=theme.ink, title_text_font=FONT, title_text_font_size=SMALL,
        title_text_font_style="normal", padding=4, margin=4, label_standoff=4,
        spacing=12 if legend.orientation == "horizontal" or legend.ncols not in ("auto", 1) else 2,
    )  # fmt: skip
    return legend
