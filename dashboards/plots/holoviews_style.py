"""How every plot of HoloViews is drawn: as the Bokeh figures are, which it has no options for, hence hooks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import holoviews as hv
from bokeh.document import Document
from bokeh.models import FixedTicker, LinearAxis
from bokeh.plotting import figure

from dashboards.plots.figure_style import style_axis, style_figure
from dashboards.theme import Theme

hv.extension("bokeh", logo=False)

PRINTF_FORMATTERS = {f"@{name}": "printf" for name in ("x", "y", "x0", "x1", "start", "stop")}
"""Of numbers that a hand points at: so many significant digits (``@x{%.6g}``), not so many decimals."""

_one_at_a_time = threading.Lock()

Hook = Callable[[Any, Any], None]


def render_figure(element: hv.Overlay) -> figure:
    """Turn a plot into a Bokeh figure, in whatever thread asks for it.

    Panel's own pane for HoloViews does so on the event loop, where it holds up everybody (some 100 ms a plot);
    its figure is ready when Panel gets it from here. HoloViews' registry of options is no matter for two threads.

    ``hv.render`` would take Bokeh's current document, which in another thread is the one of whatever page the
    event loop is busy with, and give it HoloViews' theme, without its lock: this document is nobody's.
    """
    with _one_at_a_time:
        renderer = hv.renderer("bokeh").instance(mode="server")
        drawn: figure = renderer.get_plot(element, doc=Document()).state
        return drawn


def style_overlay(element: hv.Overlay, theme: Theme, *hooks: Hook, **options: Any) -> hv.Overlay:
    """Give an overlay the page's colours and fonts.

    Parameters
    ----------
    element
        What is drawn.
    theme
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
        "hooks": [colouring(theme), *hooks],
    }
    return element.opts(hv.opts.Overlay(**(given | options)))


def colouring(theme: Theme) -> Hook:
    """Make the hook that colours a Bokeh figure."""

    def colour(plot: Any, _: Any) -> None:
        style_figure(plot.state, theme)
        plot.state.output_backend = "canvas"  # few marks: WebGL gains nothing and warns of a GPU that stalls

    return colour


def add_upper_axis(places: dict[float, str], theme: Theme, label: str = "") -> Hook:
    """Make the hook that adds an axis above the plot with these places named, in the units of the one below.

    Parameters
    ----------
    places
        A name for each place; none gives no axis.
    theme
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
        style_axis(axis, theme)
        axis.major_label_text_color = theme.faint
        drawn.add_layout(axis, "above")

    return mark
