"""A state of a network over one-dimensional data: each neuron at its kink, the function, the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.figures.network import MANY, State, minimum, thinned
from pipeline.figures.reading import FloatArray, Run, group_of, one_input, scalar, values
from pipeline.figures.style import BLACK, GREEN, GREY, ROLES
from pipeline.network.algebra import weights_at
from pipeline.network.one_input import OneInput, positions, window

INSET = 0.02
"""How far inside the window a kink that lies outside is drawn, as a part of the window."""

DASHES = (0, (4, 2.5))


POSITIONS = 401
"""Where functions are evaluated, besides at the data."""


@dataclass(frozen=True)
class Plane:
    """What all panels share: the data, the window of x, and the positions at which functions are evaluated.

    ``minimum`` is the minimum-norm function there, or None where it is not known.
    """

    one: OneInput
    y: FloatArray
    window: tuple[float, float]
    position: FloatArray
    minimum: FloatArray | None

    @classmethod
    def of(cls, tree: Run, one: OneInput, count: int = POSITIONS) -> Plane:
        """Choose the window for a run; the positions hold the data's, so that the line meets the dots."""
        known, position = np.isfinite(scalar(tree, "minimal_norm", "value")), positions([one], count)
        least = one.values(*minimum(tree), position) + _free_functions(tree, one, position) if known else None
        return cls(one, values(tree, "data", "y"), window([one]), position, least)

    def function(self, state: State) -> FloatArray:
        """Evaluate h at every position."""
        return self.one.values(state.weight, state.output, self.position)

    def place(self, state: State) -> tuple[FloatArray, FloatArray]:
        """Return the kink of each neuron and where it is drawn: outside the window at its border.

        Without a bias, beside 0 on the side where the neuron is active: else all would hide each other.
        """
        low, high = self.window
        inset = INSET * (high - low)
        if self.one.bias_column is None:
            slope, _ = self.one.lines(state.direction)
            return np.zeros_like(slope), np.sign(slope) * inset
        kink = self.one.kinks(state.direction)
        outside = np.where(kink < low, low + inset, high - inset)
        return kink, np.where((kink >= low) & (kink <= high), kink, outside)


def _free_functions(tree: Run, one: OneInput, position: FloatArray) -> FloatArray:
    """What the minimum has beside its neurons at no cost: a constant and a linear function, or nothing."""
    group = group_of(tree, "minimal_norm")
    if "skip_weight" not in group:
        return np.zeros_like(position)
    slope, offset = one.lines(group["skip_weight"].values)
    return np.asarray(float(group["output_constant"]) + offset + slope * position)


class FinalFunctions(NamedTuple):
    """The functions that some runs end with, over the same positions.

    Attributes
    ----------
    position
        Increasing; the inputs of all data among them.
    inputs, values
        Of each run: the inputs of its data [point], and h at each position.
    """

    position: FloatArray
    inputs: list[FloatArray]
    values: list[FloatArray]

    @classmethod
    def of(cls, runs: Iterable[Run]) -> FinalFunctions | None:
        """Evaluate h at the end of each run; None unless all have one input."""
        read = [(group_of(run, "trajectory"), one_input(run)) for run in runs]
        known = [(trajectory, one) for trajectory, one in read if one is not None]
        if not known or len(known) < len(read):
            return None
        position = positions([one for _, one in known], POSITIONS)
        # In plain units: over one input a network is drawn, and what underflows adds nothing to it.
        values = [one.values(*weights_at(trajectory, -1), position) for trajectory, one in known]
        return cls(position, [one.x for _, one in known], values)


def frame(axes: Axes, plane: Plane, states: Iterable[State]) -> None:
    """Set limits that hold every state, the data and both functions, and a strip below for the counts."""
    static = [plane.y, np.zeros(1), *([] if plane.minimum is None else [plane.minimum])]
    # One state at a time: an animation's may be larger than memory together.
    moving = (shown for state in states for shown in (state.height, plane.function(state)))
    extremes = [(float(shown.min()), float(shown.max())) for shown in chain(static, moving)]
    low, high = min(low for low, _ in extremes), max(high for _, high in extremes)
    height = (high - low) or 1.0
    axes.set_ylim(low - 0.2 * height, high + 0.08 * height)
    axes.set_xlim(*plane.window)


def draw_setting(axes: Axes) -> None:
    """Draw what is the same in every panel and lies beneath: the line of height 0."""
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0.5)


def draw_state(axes: Axes, plane: Plane, state: State) -> None:
    """Draw a state in a panel whose limits are set: neurons, h, the data and the minimum-norm function."""
    axes.plot(plane.position, plane.function(state), color=GREEN, linewidth=2.4, gid="function")
    if plane.minimum is not None:
        axes.plot(
            plane.position, plane.minimum, color=BLACK, linewidth=1.1, linestyle=DASHES, gid="minimum"
        )  # fmt: skip
    kink, at = plane.place(state)
    _draw_neurons(axes, plane, state, kink, at)
    left, right = int(np.sum(kink < plane.window[0])), int(np.sum(~(kink <= plane.window[1])))
    if left:
        axes.text(0.01, 0.02, f"◂ {_count(left)} outside", transform=axes.transAxes, va="bottom")
    if right:
        axes.text(0.99, 0.02, f"{_count(right)} outside ▸", transform=axes.transAxes, va="bottom", ha="right")
    axes.plot(
        plane.one.x, plane.y, linestyle="none", marker="o", markersize=8, markerfacecolor=GREEN,
        markeredgecolor=BLACK, markeredgewidth=0.9, zorder=2.5, gid="data",
    )  # fmt: skip


def _draw_neurons(axes: Axes, plane: Plane, state: State, kink: FloatArray, at: FloatArray) -> None:
    """Draw each role's neurons: filled at their kinks, hollow if those are outside, black-edged if they slide."""
    low, high = plane.window
    bottom, top = axes.get_ylim()
    inside = (kink >= low) & (kink <= high)
    for role, style in reversed(ROLES.items()):
        for kind, looks in (
            ("inside", (style.color, "white", 0.5)),
            ("outside", ("white", style.color, 1.0)),
            ("sliding", (style.color, BLACK, 0.9)),
        ):
            of_kind = {"inside": inside & ~state.sliding, "outside": ~inside, "sliding": inside & state.sliding}[
                kind
            ]
            chosen = np.flatnonzero((state.role == role) & of_kind)
            if not chosen.size:
                continue
            places = (at[chosen] - low) / (high - low), (state.height[chosen] - bottom) / (top - bottom)
            chosen = chosen[thinned(*places, state.log_norm[chosen])]
            axes.plot(
                at[chosen], state.height[chosen], linestyle="none", marker=style.marker, markersize=5.5,
                markerfacecolor=looks[0], markeredgecolor=looks[1], markeredgewidth=looks[2],
                zorder=3, clip_on=False, rasterized=len(kink) > MANY, label=f"{role}-{kind}",
            )  # fmt: skip


def _count(number: int) -> str:
    """Write a count in at most five characters' width."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1e3:.0f}k" if number < 1_000_000 else f"{number / 1e6:.2g}M"


def legend(plane: Plane) -> list[Line2D]:
    """List what the dots and lines stand for."""
    handles = [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=7, markerfacecolor=GREEN, markeredgecolor=BLACK,
            label="data",
        ),
        Line2D([], [], color=GREEN, linewidth=2.4, label="function h"),
    ]  # fmt: skip
    if plane.minimum is not None:
        handles.append(Line2D([], [], color=BLACK, linewidth=1.1, linestyle=DASHES, label="minimum norm"))
    return handles
