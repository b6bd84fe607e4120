"""Neurons over time, of one run or of several, with the selected ones emphasized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt

from dashboards.plots.holoviews_style import PRINTF_FORMATTERS, style_overlay
from dashboards.plots.source_columns import join_lines
from dashboards.theme import Theme

Numbers = npt.NDArray[np.float64]

DIMMED, PLAIN = 0.3, 0.8
"""The opacity of lines while others are selected, and of all while none is."""
SINGLE_LIMIT = 12
"""Up to so many selected neurons each line has a tooltip with the neuron's number."""


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
    chosen
        The selected neurons among them, by their numbers, and their own values.
    """

    label: str
    time: Numbers
    values: Numbers
    color: str
    dash: str
    chosen: tuple[npt.NDArray[np.intp], Numbers]


def create_neuron_lines(
    parts: Sequence[NeuronLines], labels: tuple[str, str], theme: Theme, **options: Any
) -> hv.Overlay:
    """Draw neurons over time.

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
    selected = any(len(part.chosen[0]) for part in parts)
    elements: list[Any] = []
    for part in parts:
        line = hv.Curve(join_lines(part.time, part.values), "t", "value", label=part.label)
        alpha = DIMMED if selected else PLAIN
        elements.append(line.opts(color=part.color, line_dash=part.dash, line_width=1.0, line_alpha=alpha))
    for part in parts:
        elements += [mark.opts(color=part.color, line_dash=part.dash, line_width=3.0) for mark in marked(part)]
    return style_overlay(
        hv.Overlay(elements), theme, height=300, xlabel=labels[0], ylabel=labels[1], show_grid=True,
        legend_position="top", legend_cols=3, **options,
    )  # fmt: skip


def marked(part: NeuronLines) -> list[hv.Element]:
    """Draw the selected neurons of a part: few by themselves, many as one line with gaps."""
    numbers, values = part.chosen
    if len(numbers) > SINGLE_LIMIT:
        return [hv.Curve(join_lines(part.time, values), "t", "value")]
    tips = {"tools": ["hover"], "hover_formatters": PRINTF_FORMATTERS}
    return [
        hv.Curve((part.time, line), "x", "y").opts(
            hover_tooltips=[("neuron", f"{number} ({part.label})"), ("value", "@y{%.6g}")], **tips
        )
        for number, line in zip(numbers.tolist(), values, strict=True)
    ]
