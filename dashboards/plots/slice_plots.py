"""A slice as lines, as points or as a heat map: HoloViews elements of a labelled array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import holoviews as hv
import numpy as np
import numpy.typing as npt
from bokeh.models import FixedTicker

from dashboards.plots.holoviews_style import Hook, style_overlay
from dashboards.plots.slice_scales import Scale, tick_places
from dashboards.plots.source_columns import join_lines
from dashboards.theme import Theme, shade
from pipeline.figures import ROLES

Numbers = npt.NDArray[np.float64]

HEIGHT = 430
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#7F7F7F")
"""Okabe and Ito's, in the order in which neighbours differ most."""
DASHES = ("solid", "dashed", "dotdash")
"""The second cue of colours that come again."""
DASH_OF = {role: "dashed" if style.marker == "v" else "solid" for role, style in ROLES.items()}
"""The dashes of the roles."""
WIDE = {1: 2.2, 12: 1.5, 1000: 0.8}
"""The width of a line by how many lines there are at most."""
DIMMED = 0.35
"""The opacity of lines while others are selected."""
LEGEND_LIMIT = 12
"""Groups of lines with a legend, at most."""


@dataclass(frozen=True)
class Axis:
    """One axis of a slice.

    Attributes
    ----------
    label
        With the unit.
    scale
        Its scale.
    words
        The words of its places, if these are not plain numbers.
    """

    label: str
    scale: Scale = field(default_factory=Scale)
    words: Mapping[float, str] | None = None


@dataclass(frozen=True)
class Lines:
    """Lines of one colour.

    Attributes
    ----------
    label
        For the legend.
    values
        One row a line, one column a place along x.
    names
        The number or the word of each line, for the tooltip.
    colour, dash
        How they are drawn.
    """

    label: str
    values: Numbers
    names: npt.NDArray[Any]
    colour: str
    dash: str = "solid"


def group_lines(
    values: Numbers, names: npt.NDArray[Any], roles: npt.NDArray[np.str_] | None, dim: str
) -> list[Lines]:
    """Colour lines: by role where they are neurons, each by itself where there are few, else all alike.

    Parameters
    ----------
    values : float64[lines, places]
    names
        One a line.
    roles
        The role of each line's neuron; None where the lines are no neurons.
    dim
        What the lines are, for the legend.
    """
    if roles is not None:
        return [
            Lines(style.name, values[roles == kind], names[roles == kind], style.color, DASH_OF[kind])
            for kind, style in ROLES.items()
            if (roles == kind).any()
        ]
    if len(names) <= LEGEND_LIMIT:
        told = [str(name) if isinstance(name, str) else f"{dim} {name:g}".strip() for name in names.tolist()]
        return [Lines(label, values[[row]], names[[row]], *cue(row)) for row, label in enumerate(told)]
    return [Lines(dim, values, names, COLOURS[0])]


def cue(number: int) -> tuple[str, str]:
    """Return the colour and the dash of a group by its number."""
    return COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]


def create_lines_plot(
    places: Numbers, groups: Sequence[Lines], marked: Lines | None, axes: tuple[Axis, Axis], theme: Theme, *,
    points: bool = False,
) -> hv.Overlay:  # fmt: skip
    """Draw groups of lines over x.

    Parameters
    ----------
    places : float64[places]
        The values along x.
    groups
        The lines.
    marked
        The lines of the selected neurons, in front of all others, which are dimmed then; None for none.
    axes
        Of x and of the values.
    theme
        The page's colours.
    points
        Whether a marker is drawn at each value in place of a line: where x is no quantity.
    """
    count = sum(len(group.values) for group in groups)
    width = next(width for most, width in WIDE.items() if count <= most)
    at = axes[0].scale.transform(places)
    elements: list[Any] = []
    for group in groups:
        options = {"line_alpha" if not points else "alpha": DIMMED if marked is not None else 0.85}
        elements.append(draw_group(at, group, axes, theme, points=points, width=width).opts(**options))
    if marked is not None and len(marked.values):
        thick = 3.0 if len(marked.values) <= LEGEND_LIMIT else 1.6
        elements.append(draw_group(at, marked, axes, theme, points=points, width=thick))
    named = len(groups) > 1 or marked is not None
    overlay = hv.Overlay(elements or [hv.Curve([], axes[0].label, axes[1].label)])
    hooks = [ticks_of("x", axes[0]), ticks_of("y", axes[1])]
    return style_overlay(overlay, theme, *hooks, height=HEIGHT, min_height=HEIGHT, show_legend=named,
        legend_position="top", legend_cols=3, xlabel=axes[0].label, ylabel=axes[1].label, **TOOLS)  # fmt: skip


TOOLS: dict[str, Any] = {
    "default_tools": ["save", "pan", "wheel_zoom", "reset"],
    "tools": ["xbox_zoom"],
    "active_tools": ["xbox_zoom"],
}
"""A drag takes a window of x."""


def draw_group(
    at: Numbers, group: Lines, axes: tuple[Axis, Axis], theme: Theme, *, points: bool, width: float
) -> hv.Element:
    """Draw lines of one colour as one line with gaps: a browser draws many lines one by one."""
    data = line_columns(at, group, axes[1].scale)
    kdims, vdims = [hv.Dimension("x", label=axes[0].label)], ["y", "line", "value"]
    tips = {"tools": ["hover"], "hover_tooltips": [(group.label, "@line"), (axes[1].label, "@value{%.6g}")],
            "hover_formatters": {"@value": "printf"}}  # fmt: skip
    if points:
        element = hv.Scatter(data, kdims, vdims, label=group.label)
        return element.opts(color=shade(group.colour, theme), size=7, **tips)
    element = hv.Curve(data, kdims, vdims, label=group.label)
    return element.opts(color=shade(group.colour, theme), line_width=width, line_dash=group.dash, **tips)


def line_columns(at: Numbers, group: Lines, scale: Scale) -> dict[str, npt.NDArray[Any]]:
    """Return lines of one colour as the columns of one line with gaps."""
    x, y = join_lines(at, scale.transform(group.values))
    value = np.hstack([group.values, np.full((len(group.values), 1), np.nan)]).ravel()
    return {"x": x, "y": y, "line": np.repeat(group.names, len(at) + 1), "value": value}


def ticks_of(which: str, axis: Axis) -> Hook:
    """Make the hook that writes an axis' values at its ticks, or the words of its places."""

    def write(plot: Any, _: Any) -> None:
        for drawn in plot.state.xaxis if which == "x" else plot.state.yaxis:
            if axis.words:
                drawn.ticker = FixedTicker(ticks=list(axis.words))
                drawn.major_label_overrides = dict(axis.words)
                if which == "x" and max(map(len, axis.words.values())) * len(axis.words) > 60:
                    drawn.major_label_orientation = 0.7
            else:
                drawn.formatter = axis.scale.formatter()
                if (ticks := tick_places(axis.scale)) is not None:
                    drawn.ticker = FixedTicker(ticks=ticks)

    return write
