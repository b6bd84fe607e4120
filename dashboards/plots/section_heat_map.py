"""A section as a heat map: one rectangle per cell, failed cells hatched, cells without a value blank.

The figure stays Bokeh by hand for the reasons in ``linked_sources``: it shares that module's sources.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

import xarray as xr
from bokeh.models.annotations import ColorBar, Legend, LegendItem
from bokeh.models.mappers import LinearColorMapper, LogColorMapper
from bokeh.models.renderers import GlyphRenderer
from bokeh.palettes import Viridis256
from bokeh.plotting import figure

from dashboards.paper_notation import print_numbers
from dashboards.plots.figure_style import style_color_bar, style_legend, styled_figure
from dashboards.plots.linked_sources import PLOT, LinkedSources
from dashboards.plots.section_columns import (
    FAILED_HATCH,
    GAPS_CELLS_LIMIT,
    HATCHES,
    LABELS,
    NEGATIVE_HATCH,
    ROUNDED,
)
from dashboards.plots.tick_labels import label_ticks
from dashboards.theme import Theme

TITLE_WIDTH = 34
"""Characters of a line of the colour bar's title: as wide as a phone's picture."""


def create_heat_map(cut: xr.Dataset, linked: LinkedSources, theme: Theme, *, failures: bool = False) -> figure:
    """Draw a section.

    Parameters
    ----------
    cut
        From :func:`dashboards.cubes.section.cut_section`; ``linked`` shows the same section.
    failures
        Whether cells of the whole cube failed, so that the legend explains their hatch.
    """
    rows, columns = cut["value"].shape
    plot = styled_figure(
        theme, x_range=(-0.5, columns - 0.5), y_range=(-0.5, rows - 0.5), name="heat map",
        x_label=cut.attrs["x_title"], y_label=cut.attrs["y_title"] or None, **PLOT,
    )  # fmt: skip
    gap = theme.panel if rows * columns <= GAPS_CELLS_LIMIT else "color"
    cells = plot.rect("x", "y", 1, 1, source=linked.cells, fill_color="color", line_color=gap, line_width=1)
    plot.rect(
        "x", "y", 1, 1, source=linked.hatched, fill_color=None, line_color=None, hatch_pattern="hatch",
        hatch_color="hatch_color", hatch_alpha=0.55, hatch_scale=8, hatch_weight=1,
    )  # fmt: skip
    for source, width in ((linked.pinned, 3), (linked.pointed, 2)):
        plot.rect("x", "y", 1, 1, source=source, fill_color=None, line_color=theme.panel, line_width=width + 3)
        plot.rect("x", "y", 1, 1, source=source, fill_color=None, line_color=theme.ink, line_width=width)
    plot.add_tools(linked.hover(cells, cut))
    label_ticks(plot.xaxis[0], range(columns), cut["x_word"].values.tolist(), across=True)
    label_ticks(plot.yaxis[0], range(rows), cut["y_word"].values.tolist(), across=False)
    plot.grid.visible = False
    explain_colours(plot, cut, theme, failures)
    return plot


def explain_colours(plot: figure, cut: xr.Dataset, theme: Theme, failures: bool) -> None:
    """Add a colour bar for numbers or a legend for labels, and the meaning of grey cells and of the hatches.

    A quantity that is the same in each cell has one colour and no bar, which would only show a range that no cell
    has.
    """
    keys: list[tuple[str, str | None, str]] = []
    constant = cut.attrs["constant"]
    title = cut.attrs["title"] if constant or cut.attrs["kind"] == "label" else None
    if cut.attrs["kind"] == "label":
        keys = [
            (word, LABELS[i % len(LABELS)], HATCHES[i % len(HATCHES)]) for i, word in enumerate(cut.attrs["words"])
        ]
    elif not constant:
        plot.add_layout(colour_bar(cut, theme), "above")
    elif not cut["rounded"].any():
        keys.append((f"{float(cut['value'].max()):.4g} in every cell", Viridis256[128], " "))
    if cut["rounded"].any():
        keys.append((rounding_words(cut.attrs["rounding"]), ROUNDED, " "))
    if cut.attrs["negative"]:
        keys.append(("negative", None, NEGATIVE_HATCH))
    if failures:
        keys.append(("failed", None, FAILED_HATCH))
    if keys:
        items = [
            LegendItem(label=word, renderers=[swatch(plot, color, hatch, theme)]) for word, color, hatch in keys
        ]
        columns = columns_of([word for word, *_ in keys])
        legend = Legend(items=items, orientation="horizontal", title=title, ncols=columns, location="center_left")
        plot.add_layout(style_legend(legend, theme), "above")


def colour_bar(cut: xr.Dataset, theme: Theme) -> ColorBar:
    """Make the colour bar, with title and units."""
    low, high = cut.attrs["color_limits"]
    mapper = LogColorMapper if cut.attrs["logarithmic"] else LinearColorMapper
    units = f" [{cut.attrs['units']}]" if cut.attrs["units"] else ""
    title = f"{cut.attrs['title']}{', magnitude' if cut.attrs['negative'] else ''}{units}"
    if tuple(cut.attrs["color_limits"]) != tuple(cut.attrs["limits"]):
        title += "\ncolours end at 5 % and 95 %"  # a line of its own, as wide as a phone's
    title = title.replace(": ", "\n")
    bar = ColorBar(
        color_mapper=mapper(palette=list(Viridis256), low=low, high=high), height=12, padding=4,
        title="\n".join(line for part in title.split("\n") for line in wrap(part, TITLE_WIDTH)),
        title_standoff=6,
    )  # fmt: skip
    return style_color_bar(bar, theme)


def rounding_words(rounding: float) -> str:
    """Write what is 0 up to rounding."""
    return print_numbers(f"0 up to rounding, at most {rounding:.1g}") if rounding else "0"


def swatch(plot: figure, color: str | None, hatch: str, theme: Theme) -> GlyphRenderer[Any]:
    """Make the rectangle of a legend's entry, which is not drawn in the plot."""
    return plot.rect(
        [math.nan], [math.nan], 1, 1, fill_color=color or theme.panel, line_color=theme.faint, hatch_pattern=hatch,
        hatch_color=theme.ink if color is None else "#FFFFFF", hatch_scale=6, hatch_weight=1,
    )  # fmt: skip


def columns_of(words: Sequence[str]) -> int:
    """Choose the number of columns of a legend, so that it fits the width of a phone."""
    return max(1, min(len(words), 40 // (max(map(len, words)) + 4)))
