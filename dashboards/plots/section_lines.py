"""A section as lines: the quantity along x, one line for each value of y; labels as markers in the rows of words.

Cells that are taken together are points, with their quartiles as a band. The figure stays Bokeh by hand for the
reasons in ``linked_sources``: it shares that module's sources.
"""

from __future__ import annotations

import math
from typing import Any

import xarray as xr
from bokeh.models import DataRange1d, FixedTicker, Range1d
from bokeh.models.annotations import Legend, LegendItem
from bokeh.models.glyphs import MultiLine
from bokeh.models.renderers import GlyphRenderer
from bokeh.plotting import figure

from dashboards.plots.figure_style import style_legend, styled_figure
from dashboards.plots.linked_sources import PLOT, LinkedSources
from dashboards.plots.section_heat_map import columns_of
from dashboards.plots.tick_labels import label_ticks
from dashboards.theme import Theme

BANDS_LIMIT = 4
"""Up to so many lines every band is drawn; of more, only the band of the line under the pointer."""
MARKED_LINES_LIMIT = 12
"""Up to so many lines each cell has a marker."""
LEGEND_LINES_LIMIT = 10
"""Lines in the legend; of more, evenly spaced ones are named, and the colours show the order."""
MARGIN = 0.06
"""Free share of the axis above and below the values."""


def create_cell_lines(cut: xr.Dataset, linked: LinkedSources, theme: Theme) -> figure:
    """Draw a section's rows as lines; ``linked`` shows the same section."""
    logarithmic = cut.attrs["logarithmic"]
    rows, columns = cut["value"].shape
    plot = styled_figure(
        theme, name="lines", x_label=cut.attrs["x_title"], y_label=axis_label(cut),
        x_axis_type="log" if cut.attrs["x_scale"] == "log" else "linear",
        x_range=Range1d(-0.4, columns - 0.6) if cut.attrs["x_scale"] == "evenly" else DataRange1d(),
        y_axis_type="log" if logarithmic else "linear", y_range=vertical_range(cut), **PLOT,
    )  # fmt: skip
    plot.patches(
        "xs", "ys", source=linked.bands, fill_color="color", line_color=None,
        fill_alpha=0.15 if rows <= BANDS_LIMIT else 0.0, selection_fill_alpha=0.3, nonselection_fill_alpha=0.0,
    )  # fmt: skip
    lines = plot.add_glyph(
        linked.lines, line_glyph(2, 1), selection_glyph=line_glyph(4, 1), nonselection_glyph=line_glyph(2, 0.35)
    )
    plot.scatter(
        "at", "height", source=linked.points, size=4, fill_color="color", line_color=None, fill_alpha=0.45
    )
    labels = cut.attrs["kind"] == "label"
    cells = plot.scatter(
        "at", "height", source=linked.cells, size=9 if labels else 7, fill_color="line_color",
        line_color=theme.panel, name="cells", alpha=1.0 if labels or rows <= MARKED_LINES_LIMIT else 0.0,
    )  # fmt: skip
    for source, size in ((linked.pinned, 13), (linked.pointed, 11)):
        plot.scatter(
            "at", "height", source=source, size=size, fill_color=None, line_color=theme.ink, line_width=2.5
        )
    plot.add_tools(linked.hover(cells, cut))
    label_ticks(plot.xaxis[0], cut["x_at"].values.tolist(), cut["x_word"].values.tolist(), across=True)
    if labels:
        words = cut.attrs["words"]
        plot.yaxis[0].ticker = FixedTicker(ticks=list(range(1, len(words) + 1)))
        plot.yaxis[0].major_label_overrides = dict(enumerate(words, start=1))
        plot.ygrid.ticker = FixedTicker(ticks=[place + 0.5 for place in range(len(words) + 1)])
    if cut.attrs["y_title"]:
        plot.add_layout(style_legend(legend_of(cut, cells if labels else lines), theme), "above")
    return plot


def legend_of(cut: xr.Dataset, drawn: GlyphRenderer[Any]) -> Legend:
    """Name the lines, or the markers, by the values of y."""
    rows, columns = cut["value"].shape
    step = columns if drawn.name == "cells" else 1
    named = range(0, rows, math.ceil(rows / LEGEND_LINES_LIMIT))
    words = [str(cut["y_word"].values[row]) for row in named]
    items = [
        LegendItem(label=word, renderers=[drawn], index=row * step) for word, row in zip(words, named, strict=True)
    ]
    return Legend(
        items=items, title=cut.attrs["y_title"], orientation="horizontal", ncols=columns_of(words), glyph_width=14,
        location="center_left",
    )  # fmt: skip


def line_glyph(width: float, alpha: float) -> MultiLine:
    """Make the glyph of all lines."""
    return MultiLine(xs="xs", ys="ys", line_color="color", line_width=width, line_alpha=alpha)


def axis_label(cut: xr.Dataset) -> str:
    """Write the axis label of the lines, with units."""
    if cut.attrs["kind"] == "share":
        return f"{cut.attrs['quantity']}: share of the cells"
    magnitude = ", magnitude" if cut.attrs["negative"] else ""
    units = f" [{cut.attrs['units']}]" if cut.attrs["units"] else ""
    return f"{cut.attrs['quantity']}{magnitude}{units}"


def vertical_range(cut: xr.Dataset) -> tuple[float, float]:
    """Choose the ends of the vertical axis from the whole cube, so that sections can be compared."""
    if cut.attrs["kind"] == "label":
        return 0.5, len(cut.attrs["words"]) + 0.5
    low, high = cut.attrs["limits"]
    if cut.attrs["logarithmic"]:
        factor = (high / low) ** MARGIN
        return low / factor, high * factor
    return low - MARGIN * (high - low), high + MARGIN * (high - low)
