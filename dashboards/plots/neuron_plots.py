"""The plots of one neuron's card: its direction, its norm, its states and its part of the function."""

from __future__ import annotations

import holoviews as hv
import numpy as np

from dashboards.drawing_data import DrawingData
from dashboards.neurons.life import NeuronLife
from dashboards.plots.slice_heat_map import create_heat_map
from dashboards.plots.slice_plots import Axis, Lines, create_lines_plot, cue
from dashboards.theme import Theme

COORDS_LIMIT = 6
"""Coordinates of the direction that are drawn: those that are largest at some time."""
ROW_LABELS = 4
"""Points of the states with a label."""
POINTS_LIMIT = 60
"""Points of the states that are drawn: those at which something happens first."""


def create_direction_plot(life: NeuronLife, names: list[str], unit: tuple[float, str], theme: Theme) -> hv.Overlay:
    """Draw the coordinates of the direction over time.

    Parameters
    ----------
    life
        The neuron.
    names
        The names of the coordinates.
    unit
        The length of the unit of time, and the label of its axis.
    theme
        The page's colours.
    """
    largest = np.argsort(-np.abs(life.direction).max(axis=0), kind="stable")[:COORDS_LIMIT]
    groups = [
        Lines(names[coord], life.direction[:, coord][None], np.array([names[coord]]), *cue(number))
        for number, coord in enumerate(sorted(largest.tolist()))
    ]
    axes = Axis(unit[1]), Axis("w/|w|")
    return create_lines_plot(life.time / unit[0], groups, None, axes, theme)


def create_norm_plot(life: NeuronLife, unit: tuple[float, str], theme: Theme) -> hv.Overlay:
    """Draw the norm and the output weight over time, as logarithms."""
    log10_norm = life.log_norm / np.log(10.0)
    with np.errstate(divide="ignore"):
        log10_output = log10_norm + np.log10(np.abs(life.output_ratio))
    lines = np.stack([log10_norm, np.where(np.isfinite(log10_output), log10_output, np.nan)])
    names = np.array(["log₁₀ |w|", "log₁₀ |a|"])
    groups = [Lines(str(name), lines[[row]], names[[row]], *cue(row)) for row, name in enumerate(names)]
    groups[1] = Lines(groups[1].label, lines[[1]], names[[1]], groups[1].colour, "dashed")
    return create_lines_plot(life.time / unit[0], groups, None, (Axis(unit[1]), Axis("log₁₀")), theme)


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


def create_part_plot(drawing: DrawingData, neurons: list[int], frame: int, theme: Theme) -> hv.Overlay | None:
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
    return create_lines_plot(plane.position, groups, None, (Axis("input x"), Axis("a φ(⟨w, x⟩)")), theme)
