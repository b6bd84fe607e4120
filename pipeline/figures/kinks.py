"""A state of a network over one-dimensional data: each neuron at its kink, the function, the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.figures.network import MANY, State, kinks, minimum, piecewise_linear, thinned
from pipeline.figures.reading import FloatArray, values
from pipeline.figures.style import BLACK, GREEN, GREY, ROLES

MARGIN = 0.6
"""How far the window of x reaches beyond the data, as a part of the data's range."""

INSET = 0.02
"""How far inside the window a kink that lies outside is drawn, as a part of the window."""

DASHES = (0, (4, 2.5))


@dataclass(frozen=True)
class Plane:
    """What all panels share: the data, the window of x, and the positions at which functions are evaluated."""

    x: FloatArray
    y: FloatArray
    input_column: int
    bias_column: int
    bias: float
    window: tuple[float, float]
    position: FloatArray
    minimum: FloatArray

    @classmethod
    def of(cls, tree: xr.DataTree, columns: tuple[int, int]) -> Plane:
        """Choose the window for a run; the positions hold the data's, so that the line meets the dots."""
        data, (column, bias_column) = values(tree, "data", "x"), columns
        x, bias = data[:, column], float(data[0, bias_column])
        margin = MARGIN * (float(np.ptp(x)) or 1.0)
        window = float(x.min()) - margin, float(x.max()) + margin
        position = np.union1d(np.linspace(*window, 401), x)
        weight, output = minimum(tree)
        least = piecewise_linear(weight[:, column], bias * weight[:, bias_column], output, position)
        return cls(x, values(tree, "data", "y"), column, bias_column, bias, window, position, least)

    def line(self, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Split w_j into the slope and the offset of <w_j, (x, bias)>."""
        return weight[:, self.input_column], self.bias * weight[:, self.bias_column]

    def function(self, state: State) -> FloatArray:
        """Evaluate h at every position."""
        return piecewise_linear(*self.line(state.weight), state.output, self.position)


def frame(axes: Axes, plane: Plane, states: list[State]) -> None:
    """Set limits that hold every state, the data and both functions, and a strip below for the counts."""
    shown = [plane.y, plane.minimum, np.zeros(1)]
    for state in states:
        shown += [state.height, plane.function(state)]
    low, high = float(min(map(np.min, shown))), float(max(map(np.max, shown)))
    height = (high - low) or 1.0
    axes.set_ylim(low - 0.2 * height, high + 0.08 * height)
    axes.set_xlim(*plane.window)


def draw_kinks(axes: Axes, plane: Plane, state: State) -> None:
    """Draw one panel, whose limits are set: neurons, h, the data and the minimum-norm function."""
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0.5)
    axes.plot(plane.position, plane.function(state), color=GREEN, linewidth=2.4, gid="function")
    axes.plot(plane.position, plane.minimum, color=BLACK, linewidth=1.1, linestyle=DASHES, gid="minimum")
    kink = kinks(*plane.line(state.direction))
    _draw_neurons(axes, plane, state, kink)
    left, right = int(np.sum(kink < plane.window[0])), int(np.sum(~(kink <= plane.window[1])))
    if left:
        axes.text(0.01, 0.02, f"◂ {_count(left)} outside", transform=axes.transAxes, va="bottom")
    if right:
        axes.text(0.99, 0.02, f"{_count(right)} outside ▸", transform=axes.transAxes, va="bottom", ha="right")
    axes.plot(
        plane.x, plane.y, linestyle="none", marker="o", markersize=8, markerfacecolor=GREEN,
        markeredgecolor=BLACK, markeredgewidth=0.9, zorder=2.5, gid="data",
    )  # fmt: skip


def _draw_neurons(axes: Axes, plane: Plane, state: State, kink: FloatArray) -> None:
    """Draw each role's neurons, filled at their kinks, hollow at the border if these lie outside the window."""
    low, high = plane.window
    bottom, top = axes.get_ylim()
    inset = INSET * (high - low)
    at = np.where((kink >= low) & (kink <= high), kink, np.where(kink < low, low + inset, high - inset))
    for role, style in reversed(ROLES.items()):
        for inside in (True, False):
            chosen = np.flatnonzero((state.role == role) & (((kink >= low) & (kink <= high)) == inside))
            if not chosen.size:
                continue
            places = (at[chosen] - low) / (high - low), (state.height[chosen] - bottom) / (top - bottom)
            chosen = chosen[thinned(*places, state.log_norm[chosen])]
            axes.plot(
                at[chosen], state.height[chosen], linestyle="none", marker=style.marker, markersize=5.5,
                markerfacecolor=style.color if inside else "white",
                markeredgecolor="white" if inside else style.color, markeredgewidth=0.5 if inside else 1.0,
                zorder=3, clip_on=False, rasterized=len(kink) > MANY,
                label=f"{role}-{'inside' if inside else 'outside'}",
            )  # fmt: skip


def _count(number: int) -> str:
    """Write a count in at most five characters' width."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.0f}k" if number < 1_000_000 else f"{number / 1e6:.2g}M"


def legend() -> list[Line2D]:
    """List what the dots and lines stand for."""
    return [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=7, markerfacecolor=GREEN, markeredgecolor=BLACK,
            label="data",
        ),
        Line2D([], [], color=GREEN, linewidth=2.4, label="function h"),
        Line2D([], [], color=BLACK, linewidth=1.1, linestyle=DASHES, label="minimum norm"),
    ]  # fmt: skip
