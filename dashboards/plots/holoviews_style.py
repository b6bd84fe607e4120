"""The style of every HoloViews plot: that of the Bokeh figures, by hooks where HoloViews has no option."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import holoviews as hv
from bokeh.document import Document
from bokeh.models import FixedTicker, LinearAxis, LinearColorMapper
from bokeh.plotting import figure

from dashboards.plots.column_sources import replace_columns
from dashboards.plots.figure_style import style_axis, style_figure
from dashboards.theme import Theme

hv.extension("bokeh", logo=False)

PRINTF_FORMATTERS = {f"@{name}": "printf" for name in ("x", "y", "x0", "x1", "start", "stop")}
"""Formatters of numbers in tooltips: they count significant digits (``@x{%.6g}``), not decimals."""

VISUALS = ("line_color", "line_alpha", "line_width", "line_dash", "fill_color", "fill_alpha", "size")
"""The properties of a glyph that are no data."""

_render_lock = threading.Lock()

Hook = Callable[[Any, Any], None]


def render_figure(element: hv.Overlay) -> figure:
    """Turn a plot into a Bokeh figure, in any thread.

    Panel's own pane for HoloViews renders on the event loop, where each plot delays all visitors by about
    100 ms. HoloViews' registry of options is not safe for two threads, hence the lock.

    ``hv.render`` would take Bokeh's current document, which in another thread belongs to any page of the
    event loop, and give it HoloViews' theme without its lock: this function uses a new document.
    """
    with _render_lock:
        renderer = hv.renderer("bokeh").instance(mode="server")
        drawn: figure = renderer.get_plot(element, doc=Document()).state
        return drawn


def update_figure(shown: Any, drawn: Any) -> bool:
    """Give a figure on a page the data of another one, if they differ in nothing else.

    A browser takes several times as long to build a figure as to draw new data in it.

    Returns
    -------
    bool
        Whether the figure now shows the other's data; if not, it is as before.
    """
    if looks_of(shown) != looks_of(drawn):
        return False
    for old, new in zip(shown.renderers, drawn.renderers, strict=True):
        replace_columns(old.data_source, new.data_source.data)
        if isinstance(mapper := getattr(new.glyph, "color_mapper", None), LinearColorMapper):
            old.glyph.color_mapper.update(low=mapper.low, high=mapper.high)
    return True


def looks_of(drawn: Any) -> list[Any]:
    """List what of a figure is no data: its labels, and the glyphs with their colours and widths."""
    axes = [
        (
            axis.axis_label,
            getattr(axis.ticker, "ticks", None),
            getattr(axis.formatter, "code", ""),
            dict(axis.major_label_overrides),
        )
        for axis in drawn.axis
    ]
    glyphs = [
        (type(renderer.glyph).__name__, *(str(getattr(renderer.glyph, name, None)) for name in VISUALS))
        for renderer in drawn.renderers
    ]
    legends = [[item.label.value for item in legend.items] for legend in drawn.legend]
    palettes = [
        getattr(getattr(renderer.glyph, "color_mapper", None), "palette", None) for renderer in drawn.renderers
    ]
    return [axes, glyphs, legends, palettes]


def style_overlay(element: hv.Overlay, theme: Theme, *hooks: Hook, **options: Any) -> hv.Overlay:
    """Give an overlay the page's colours and fonts.

    Parameters
    ----------
    element
        The plots.
    theme
        The colours.
    hooks
        Further hooks for the finished Bokeh figure.
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
    """Make the hook that adds an upper axis with names at some places, in the units of the lower one.

    Parameters
    ----------
    places
        The names by their places; without any there is no axis.
    theme
        The colours.
    label
        The label of the axis.
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
