"""The input plane, for inputs of two numbers: the function as a map, neurons as lines, and the data.

A neuron is the line on which it changes between on and off. Without a bias all lines go through the origin.
"""

from __future__ import annotations

from dataclasses import dataclass

import holoviews as hv
import numpy as np
import numpy.typing as npt
import xarray as xr

from dashboards.drawing_data import DrawingData
from dashboards.plots.holoviews_style import style_overlay
from dashboards.plots.slice_heat_map import colouring_bar
from dashboards.theme import Theme, shade
from pipeline.figures import ROLES, State

Numbers = npt.NDArray[np.float64]

CELLS = 72
"""Cells of the map along an axis: a network of 10,000 neurons takes 0.3 s there."""
DIVERGING = {"light": "RdBu_r", "dark": "bkr"}
"""The colours of the function, from below 0 to above, by the theme: 0 is near the page's own colour."""
LINES_LIMIT = 150
"""Neurons that are drawn as lines: the largest, and the selected ones."""
SMALL = 1e-3
"""A neuron whose part of the function is below this share of the largest is no line."""
MARGIN = 0.35
"""Free share around the data."""


@dataclass(frozen=True)
class Inputs:
    """Inputs of two numbers.

    Attributes
    ----------
    x
        The points, without the bias : float64[points, 2].
    columns
        Which coordinates of a weight are theirs.
    bias_column, bias
        The coordinate of the bias, and its value; None without a bias.
    names
        The names of the two numbers.
    """

    x: Numbers
    columns: tuple[int, int]
    bias_column: int | None
    bias: float
    names: tuple[str, str]

    @classmethod
    def of(cls, data: xr.Dataset) -> Inputs | None:
        """Read the columns of a data set; None unless its inputs are two numbers."""
        x = np.asarray(data["x"].values)
        names = str(data["coord"].attrs.get("labels", "")).split() if "coord" in data.coords else []
        if len(names) != x.shape[1]:
            names = [f"x{i}" for i in range(x.shape[1])]
        bias = names.index("bias") if "bias" in names and len(x) else None
        if bias is not None and np.ptp(x[:, bias]):
            bias = None
        columns = [i for i in range(x.shape[1]) if i != bias]
        if len(columns) != 2:
            return None
        first, second = columns
        value = 0.0 if bias is None else float(x[0, bias])
        return cls(x[:, columns], (first, second), bias, value, (names[first], names[second]))

    def window(self) -> tuple[Numbers, Numbers]:
        """Choose the corners of the map: around the data, and the origin where all lines meet."""
        shown = self.x if self.bias_column is not None else np.vstack([self.x, np.zeros(2)])
        low, high = shown.min(axis=0), shown.max(axis=0)
        size = np.maximum(high - low, 0.2 * (float((high - low).max()) or 1.0))
        middle = 0.5 * (low + high)
        return middle - (0.5 + MARGIN) * size, middle + (0.5 + MARGIN) * size

    def at(self, places: Numbers, coords: int) -> Numbers:
        """Write places of the plane as inputs with their bias : float64[places, coords]."""
        full = np.zeros((len(places), coords))
        full[:, self.columns] = places
        if self.bias_column is not None:
            full[:, self.bias_column] = self.bias
        return full

    def boundaries(self, direction: Numbers) -> tuple[Numbers, Numbers]:
        """Find the normals and the offsets of the lines <w, x> = 0 : float64[lines, 2], float64[lines]."""
        offset = (
            np.zeros(len(direction)) if self.bias_column is None else self.bias * direction[:, self.bias_column]
        )
        return direction[:, self.columns], offset


def evaluate(state: State, inputs: Numbers, slope: float) -> Numbers:
    """Evaluate h at inputs, with what underflows as 0."""
    seen = np.flatnonzero(state.log_norm > state.log_norm.max() - 40.0)
    preactivation = inputs @ state.direction[seen].T
    active = np.where(preactivation > 0, preactivation, slope * preactivation)
    return np.asarray(active @ (np.exp(state.log_norm[seen]) * state.output[seen]))


def clip_lines(normal: Numbers, offset: Numbers, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """Cut lines at the borders of a rectangle : the ends, float64[lines, 2] each; NaN for lines outside of it."""
    reach = float(np.linalg.norm(high - low))
    middle = 0.5 * (low + high)
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    unit = normal / np.where(length > 0, length, np.nan)
    foot = middle - unit * ((normal @ middle + offset)[:, None] / np.where(length > 0, length, np.nan))
    along = np.stack([-unit[:, 1], unit[:, 0]], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cuts = np.stack([(low - foot) / along, (high - foot) / along])
    first = np.max(np.where(np.isfinite(cuts.min(axis=0)), cuts.min(axis=0), -reach), axis=1)
    last = np.min(np.where(np.isfinite(cuts.max(axis=0)), cuts.max(axis=0), reach), axis=1)
    gone = ~(first < last) | (np.abs(foot - middle) > reach).any(axis=1)
    first, last = np.where(gone, np.nan, first), np.where(gone, np.nan, last)
    return foot + first[:, None] * along, foot + last[:, None] * along


def create_input_plot(
    drawing: DrawingData, inputs: Inputs, frame: int, selected: list[int], theme: Theme
) -> hv.Overlay:
    """Draw the input plane at a frame.

    Parameters
    ----------
    drawing, inputs
        The run, and its inputs.
    frame
        The frame.
    selected
        The selected neurons, whose lines are thick.
    theme
        The page's colours.
    """
    state, (low, high) = drawing.state(frame), inputs.window()
    slope = float(drawing.run.groups["trajectory"].attrs.get("slope", 0.0))
    axes = [np.linspace(a, b, CELLS) for a, b in zip(low, high, strict=True)]
    mesh = np.stack(np.meshgrid(*axes, indexing="xy"), axis=-1).reshape(-1, 2)
    values = evaluate(state, inputs.at(mesh, state.direction.shape[1]), slope).reshape(CELLS, CELLS)
    y = np.asarray(drawing.run.groups["data"]["y"].values)
    limit = float(max(np.abs(values).max(), np.abs(y).max(initial=0.0))) or 1.0
    bounds = (low[0], low[1], high[0], high[1])
    image = hv.Image(values[::-1], list(inputs.names), "h", bounds=bounds).opts(
        cmap=DIVERGING[theme.name],
        clim=(-limit, limit),
        colorbar=True,
        colorbar_position="top",
        clabel="h(x)",
        tools=["hover"],
    )
    size = state.log_norm + np.log(np.maximum(np.abs(state.output), 1e-300))
    drawn = np.argsort(-size, kind="stable")[:LINES_LIMIT]
    drawn = drawn[size[drawn] > size.max() + np.log(SMALL)]
    elements = [image]
    for role, style in ROLES.items():
        own = drawn[drawing.role[drawn] == role]
        elements.append(lines_of(state, inputs, own).opts(color=shade(style.color, theme), line_width=1.2))
    if selected:
        chosen = lines_of(state, inputs, np.array(selected[:LINES_LIMIT]))
        elements.append(chosen.opts(color=theme.ink, line_width=3.2))
    points = hv.Points({"a": inputs.x[:, 0], "b": inputs.x[:, 1], "label": y}, ["a", "b"], "label")
    elements.append(
        points.opts(
            color="label", cmap=DIVERGING[theme.name], clim=(-limit, limit), size=13, line_color=theme.ink,
            line_width=1.6,
            tools=["hover"], hover_tooltips=[("label", "@label{%.4g}")], hover_formatters={"@label": "printf"},
        )
    )  # fmt: skip
    return style_overlay(
        hv.Overlay(elements), theme, colouring_bar(theme), height=420, min_height=420, xlabel=inputs.names[0],
        ylabel=inputs.names[1], xlim=(low[0], high[0]), ylim=(low[1], high[1]), show_legend=False,
    )  # fmt: skip


def lines_of(state: State, inputs: Inputs, neurons: npt.NDArray[np.intp]) -> hv.Curve:
    """Make the lines of some neurons, as one line with gaps."""
    low, high = inputs.window()
    first, last = clip_lines(*inputs.boundaries(state.direction[neurons]), low, high)
    gap = np.full(len(neurons), np.nan)
    x, y = (np.stack([first[:, i], last[:, i], gap], axis=1).ravel() for i in range(2))
    return hv.Curve((x, y), "a", "b")
