"""How every plot is drawn: the page's colours and fonts, a toolbar that stays out of the way.

HoloViews has no option for most of this, hence a hook; Bokeh's themes can't know the page's colours, and would
change every document of the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import holoviews as hv
from bokeh.models import FixedTicker, LinearAxis
from bokeh.plotting import figure

from dashboards.looks import Looks

hv.extension("bokeh", logo=False)

FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"
NORMAL, SMALL = "13px", "12px"

_one_at_a_time = threading.Lock()

Hook = Callable[[Any, Any], None]


def rendered(element: hv.Overlay) -> figure:
    """Turn a plot into a Bokeh figure, in whatever thread asks for it.

    Panel's own pane for HoloViews does so on the event loop, where it holds up everybody (some 100 ms a plot);
    its figure is ready when Panel gets it from here. HoloViews' registry of options is no matter for two threads.
    """
    with _one_at_a_time:
        drawn: figure = hv.render(element, backend="bokeh")
        return drawn


def dressed(element: hv.Overlay, looks: Looks, *hooks: Hook, **options: Any) -> hv.Overlay:
    """Give an overlay the page's colours and fonts.

    Parameters
    ----------
    element
        What is drawn.
    looks
        The colours.
    hooks
        What else is done to the finished Bokeh figure.
    options
        HoloViews' own options of an overlay.
    """
    given: dict[str, Any] = {
        "responsive": True,
        "show_title": False,
        "toolbar": "right",
        "default_tools": ["save", "pan", "box_zoom", "reset"],
        "active_tools": [],
        "hooks": [colouring(looks), *hooks],
    }
    return element.opts(hv.opts.Overlay(**(given | options)))


def colouring(looks: Looks) -> Hook:
    """Make the hook that colours a Bokeh figure."""

    def colour(plot: Any, _: Any) -> None:
        drawn = plot.state
        drawn.update(
            background_fill_color=looks.panel, border_fill_color=looks.panel, outline_line_color=None,
            min_border_right=12,
        )  # fmt: skip
        drawn.output_backend = "canvas"  # few marks: WebGL gains nothing and warns of a GPU that stalls
        drawn.toolbar.update(autohide=True, logo=None)
        for axis in drawn.axis:
            colour_axis(axis, looks)
        drawn.grid.grid_line_color = looks.line
        drawn.grid.grid_line_alpha = 0.7
        for legend in drawn.legend:
            legend.update(
                background_fill_color=looks.panel, background_fill_alpha=0.85, border_line_color=None,
                label_text_color=looks.ink, label_text_font=FONT, label_text_font_size=SMALL, padding=4, margin=4,
                spacing=12 if legend.orientation == "horizontal" else 2,
            )  # fmt: skip

    return colour


def colour_axis(axis: Any, looks: Looks) -> None:
    """Colour one axis."""
    axis.update(
        axis_line_color=looks.line, major_tick_line_color=looks.line, minor_tick_line_color=None,
        major_label_text_color=looks.ink, major_label_text_font=FONT, major_label_text_font_size=SMALL,
        axis_label_text_color=looks.faint, axis_label_text_font=FONT, axis_label_text_font_size=NORMAL,
        axis_label_text_font_style="normal",
    )  # fmt: skip


def marked_above(places: dict[float, str], looks: Looks, label: str = "") -> Hook:
    """Make the hook that adds an axis above the plot with these places named, in the units of the one below.

    Parameters
    ----------
    places
        A name for each place; none gives no axis.
    looks
        The colours.
    label
        Of the axis.
    """

    def mark(plot: Any, _: Any) -> None:
        drawn = plot.state
        if not places or drawn.select({"name": "above"}):
            return
        axis = LinearAxis(axis_label=label, name="above")
        axis.update(
            ticker=FixedTicker(ticks=list(places)), major_label_overrides=dict(places)
        )  # fmt: skip
        colour_axis(axis, looks)
        axis.major_label_text_color = looks.faint
        drawn.add_layout(axis, "above")

    return mark
