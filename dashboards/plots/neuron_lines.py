"""Neurons over time, of one run or of several: drawn once, with the selected ones in front.

The lines of the selected neurons are a Bokeh source of their own: to mark some takes 10 ms of processor time; the
plot drawn anew by HoloViews takes 150, and a selection should be seen everywhere within that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource, HoverTool

from dashboards.plots.holoviews_style import render_figure, style_overlay
from dashboards.plots.source_columns import join_lines
from dashboards.theme import Theme

Numbers = npt.NDArray[np.float64]

DIMMED, PLAIN = 0.3, 0.8
"""The opacity of lines while others are selected, and of all while none is."""
COLUMNS = ("t", "value", "color", "dash", "neuron", "label")


@dataclass(frozen=True)
class NeuronLines:
    """Neurons that are drawn alike: those of one role, or of one run.

    Attributes
    ----------
    label
        For the legend.
    time : float64[instants]
    values : float64[neurons, instants]
    color, dash
        How the lines are drawn.
    numbers
        The neurons, by their numbers.
    """

    label: str
    time: Numbers
    values: Numbers
    color: str
    dash: str
    numbers: npt.NDArray[np.intp]


class NeuronPicture:
    """A picture of neurons over time in which some can be marked.

    Parameters
    ----------
    parts
        The neurons by their look; each part is one line with gaps, because a browser draws many lines one by one.
    labels
        Of the axes.
    theme
        The page's colours.
    options
        HoloViews' own options of an overlay.
    """

    def __init__(
        self, parts: Sequence[NeuronLines], labels: tuple[str, str], theme: Theme, **options: Any
    ) -> None:
        self.figure = render_figure(create_neuron_lines(parts, labels, theme, **options))
        self.plain: list[Any] = list(self.figure.renderers)
        self.marked = ColumnDataSource({name: [] for name in COLUMNS})
        lines = self.figure.multi_line(
            "t", "value", source=self.marked, line_color="color", line_dash="dash", line_width=3
        )
        tips = [("neuron", "@neuron"), (labels[1], "$y{0.000}"), ("of", "@label")]
        self.figure.add_tools(HoverTool(renderers=[lines], tooltips=tips))

    def mark(self, parts: Sequence[NeuronLines]) -> None:
        """Mark these neurons, and no others; the lines of all are dimmed meanwhile."""
        rows = [
            (part.time, line, part.color, part.dash, int(number), part.label)
            for part in parts
            for line, number in zip(part.values, part.numbers, strict=True)
        ]
        self.marked.data = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)) if rows else {
            name: [] for name in COLUMNS
        }  # fmt: skip
        for renderer in self.plain:
            renderer.glyph.line_alpha = DIMMED if rows else PLAIN


def create_neuron_lines(
    parts: Sequence[NeuronLines], labels: tuple[str, str], theme: Theme, **options: Any
) -> hv.Overlay:
    """Draw neurons over time, one element for each part."""
    elements = [
        hv.Curve(join_lines(part.time, part.values), "t", "value", label=part.label).opts(
            color=part.color, line_dash=part.dash, line_width=1.0, line_alpha=PLAIN
        )
        for part in parts
    ]
    return style_overlay(
        hv.Overlay(elements), theme, height=300, xlabel=labels[0], ylabel=labels[1], show_grid=True,
        legend_position="top", legend_cols=3, **options,
    )  # fmt: skip
