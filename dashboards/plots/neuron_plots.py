"""The plots of one neuron's card: its direction, its norm, its states and its part of the function."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import holoviews as hv
import numpy as np

from dashboards.drawing_data import DrawingData
from dashboards.neurons.life import NeuronLife, Numbers
from dashboards.plots.column_sources import replace_columns
from dashboards.plots.figure_style import set_limits
from dashboards.plots.slice_heat_map import create_heat_map
from dashboards.plots.slice_plots import HEIGHT, Axis, Lines, create_lines_plot, cue, line_columns
from dashboards.theme import Theme

COORDS_LIMIT = 6
"""Coordinates of the direction that are drawn: those that are largest at some time."""
ROW_LABELS = 4
"""Points of the states with a label."""
POINTS_LIMIT = 60
"""Points of the states that are drawn: those at which something happens first."""
PADDING = 30.0 / HEIGHT
"""HoloViews' room above and below curves of this height, as a part of their extent."""


@dataclass(frozen=True)
class LinesPlot:
    """Lines over x: HoloViews draws a figure, which then takes the numbers of other neurons.

    HoloViews takes 50 ms of the processor for each figure, new columns take one.

    Attributes
    ----------
    places, groups, axes
        As in :func:`dashboards.plots.slice_plots.create_lines_plot`.
    """

    places: Numbers
    groups: Sequence[Lines]
    axes: tuple[Axis, Axis]

    @property
    def looks(self) -> Hashable:
        """What of the figure is no number: the same looks are the same figure with other columns."""
        return tuple(axis.label for axis in self.axes), tuple(
            (one.label, one.colour, one.dash) for one in self.groups
        )

    def overlay(self, theme: Theme) -> hv.Overlay:
        """Draw the lines with HoloViews."""
        return create_lines_plot(self.places, self.groups, None, self.axes, theme)

    def give(self, figure: Any) -> None:
        """Give a figure of these looks the lines, and the limits that HoloViews would choose."""
        for renderer, group in zip(figure.renderers, self.groups, strict=True):
            replace_columns(renderer.data_source, line_columns(self.places, group, self.axes[1].scale))
        set_limits(figure.x_range, *spread(float(self.places.min()), float(self.places.max()), 0.0))
        values = np.concatenate([group.values.ravel() for group in self.groups])
        known = values[np.isfinite(values)]
        set_limits(figure.y_range, *spread(float(known.min()), float(known.max()), PADDING))


def spread(low: float, high: float, padding: float) -> tuple[float, float]:
    """Return the limits of an axis for numbers from ``low`` to ``high``, as HoloViews chooses them."""
    if low == high:
        low, high = low - 1.0, high + 1.0
    room = padding * (high - low)
    return low - room, high + room


def create_direction_plot(life: NeuronLife, names: list[str], unit: tuple[float, str]) -> LinesPlot:
    """Draw the coordinates of the direction over time.

    Parameters
    ----------
    life
        The neuron.
    names
        The names of the coordinates.
    unit
        The length of the unit of time, and the label of its axis.
    """
    largest = np.argsort(-np.abs(life.direction).max(axis=0), kind="stable")[:COORDS_LIMIT]
    groups = [
        Lines(names[coord], life.direction[:, coord][None], np.array([names[coord]]), *cue(number))
        for number, coord in enumerate(sorted(largest.tolist()))
    ]
    return LinesPlot(life.time / unit[0], groups, (Axis(unit[1]), Axis("w/|w|")))


def create_norm_plot(life: NeuronLife, unit: tuple[float, str]) -> LinesPlot:
    """Draw the norm and the output weight over time, as logarithms."""
    log10_norm = life.log_norm / np.log(10.0)
    with np.errstate(divide="ignore"):
        log10_output = log10_norm + np.log10(np.abs(life.output_ratio))
    lines = np.stack([log10_norm, np.where(np.isfinite(log10_output), log10_output, np.nan)])
    names = np.array(["log₁₀ |w|", "log₁₀ |a|"])
    groups = [Lines(str(name), lines[[row]], names[[row]], *cue(row)) for row, name in enumerate(names)]
    groups[1] = Lines(groups[1].label, lines[[1]], names[[1]], groups[1].colour, "dashed")
    return LinesPlot(life.time / unit[0], groups, (Axis(unit[1]), Axis("log₁₀")))


def create_states_plot(life: NeuronLife, unit: tuple[float, str], theme: Theme) -> hv.Overlay:
    """Draw the state at each point over time, as colours."""
    happens = sorted({event.point for event in life.events})
    others = [point for point in range(life.codes.shape[1]) if point not in set(happens)]
    points = np.array(sorted([*happens, *others][:POINTS_LIMIT]))
    words = {float(code): word for code, word in life.words.items()}
    axes = Axis(unit[1]), Axis("point"), Axis("state", words=words)
    return create_heat_map(
        life.time / unit[0], points.astype(float), life.codes[:, points].T, axes, theme, labels=ROW_LABELS
    )


def create_part_plot(drawing: DrawingData, neurons: list[int], frame: int) -> LinesPlot | None:
    """Draw what some neurons add to the function at a frame, beside the function; None for several inputs."""
    plane = drawing.plane
    if plane is None:
        return None
    state, one = drawing.state(frame), np.array(neurons)
    part = plane.one.values(state.weight[one], state.output[one], plane.position)
    whole = plane.function(state)
    groups = [
        Lines("h(x)", whole[None], np.array(["h(x)"]), "#009E73"),
        Lines("its part", part[None], np.array(["its part"]), "#CC79A7", "dashed"),
    ]
    return LinesPlot(plane.position, groups, (Axis("input x"), Axis("a φ(⟨w, x⟩)")))
