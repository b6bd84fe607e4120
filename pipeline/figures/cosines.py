"""A state of a network over data of any dimension: each neuron by its cosines with D_+ and with -D_-."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pipeline.figures.network import MANY, State, minimum, thinned
from pipeline.figures.reading import FloatArray, Run, values
from pipeline.figures.style import BLACK, GREY, ROLES

LIMIT = 1.08


def frame(axes: Axes) -> None:
    """Set limits that hold the unit circle, as a circle."""
    axes.set_aspect("equal")
    axes.set_xlim(-LIMIT, LIMIT)
    axes.set_ylim(-LIMIT, LIMIT)
    axes.set_xticks([-1, 0, 1])
    axes.set_yticks([-1, 0, 1])


def draw_setting(axes: Axes) -> None:
    """Draw what is the same in every panel and lies beneath: the unit circle and its axes."""
    angle = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(angle), np.sin(angle), color=GREY, linewidth=0.6, zorder=0.5)
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0.5)
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=0.5)


def draw_state(tree: Run, axes: Axes, state: State) -> None:
    """Draw a state: neurons, sized and shaded by |w_j| relative to the largest, and the minimum's directions."""
    positive, negative = values(tree, "data", "growth_positive"), -values(tree, "data", "growth_negative")
    relative = np.exp(state.log_norm - state.log_norm.max())
    horizontal, vertical = _cosine(state.direction, positive), _cosine(state.direction, negative)
    for role, style in reversed(ROLES.items()):
        chosen = np.flatnonzero(state.role == role)
        if not chosen.size:
            continue
        chosen = chosen[thinned((1 + horizontal[chosen]) / 2, (1 + vertical[chosen]) / 2, relative[chosen])]
        axes.scatter(
            horizontal[chosen], vertical[chosen], s=6 + 60 * relative[chosen], marker=style.marker,
            facecolor=style.color, alpha=0.25 + 0.65 * relative[chosen], edgecolor="white", linewidth=0.4,
            zorder=2, clip_on=False, rasterized=len(relative) > MANY, label=role,
        )  # fmt: skip
    weight, _ = minimum(tree)
    if not len(weight):  # not known; an empty line would leave the layout without limits
        return
    axes.plot(
        _cosine(weight, positive), _cosine(weight, negative), linestyle="none", marker="o", markersize=14,
        markerfacecolor="none", markeredgecolor=BLACK, markeredgewidth=1.1, zorder=3, clip_on=False,
        gid="minimum",
    )  # fmt: skip


def _cosine(vectors: FloatArray, axis: FloatArray) -> FloatArray:
    """Take the cosines with ``axis``; 0 where that vanishes (no label of that sign)."""
    size = float(np.linalg.norm(axis))
    if size == 0:
        return np.zeros(len(vectors))
    norms = np.linalg.norm(vectors, axis=1)
    return np.asarray(vectors @ axis / size / np.where(norms > 0, norms, 1.0), dtype=np.float64)


def legend(tree: Run) -> list[Line2D]:
    """List what the rings and the sizes stand for."""
    rings = [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=9, markerfacecolor="none", markeredgecolor=BLACK,
            label="minimum norm",
        )
    ]  # fmt: skip
    known = len(minimum(tree)[0]) > 0
    return (rings if known else []) + [Line2D([], [], linestyle="none", label="(size: |wⱼ| / largest)")]
