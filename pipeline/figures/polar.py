"""A state of a network over data of any dimension, seen in a plane: the first two principal components.

The components are those of the final weights, uncentred (as in the paper's appendix), so that all panels share
one plane. In two dimensions the plane is the input space itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from pipeline.figures.network import MANY, State, minimum, thinned
from pipeline.figures.reading import FloatArray, Run, coordinate_labels, scale_text, values
from pipeline.figures.style import BLACK, BLUE, DIRECTIONS, GREY, ROLES, VERMILION, RoleStyle, role_marker

Truths = npt.NDArray[np.bool_]

LIMIT = 1.2
RINGS = (1.0, 0.1, 0.01)
"""The norms at which circles are drawn, as parts of the largest in the panel."""

RIM, TICK = 1.03, 0.13
"""Where the ticks of the data begin, and how long the longest is."""

MOST_MINIMAL = 40
"""How many minimal neurons are shown: an interpolator over random directions has hundreds."""

SIGNS = {1: (BLUE, "^", "aⱼ > 0"), -1: (VERMILION, "v", "aⱼ < 0"), 0: (GREY, "o", "aⱼ = 0")}
"""The colour, the marker and the name of the neurons by the sign of their output."""


@dataclass(frozen=True)
class View:
    """The plane that all panels share: its two axes (unit vectors) and their names."""

    basis: FloatArray
    names: tuple[str, str]

    @classmethod
    def of(cls, tree: Run, last: State) -> View:
        """Choose the plane for a run that ends in the state ``last``."""
        if last.direction.shape[1] == 2:
            first, second = coordinate_labels(tree)
            return cls(np.eye(2), (f"w along {first}", f"w along {second}"))
        basis, shares = principal_components(last)
        first, second = (
            f"{name} component ({share:.0%})" for name, share in zip(("first", "second"), shares, strict=True)
        )
        return cls(basis, (first, second))


def principal_components(state: State) -> tuple[FloatArray, FloatArray]:
    """Find the first two uncentred principal components of the weights, and each one's share of sum_j |w_j|^2.

    Of the smaller of the two matrices of inner products, so that neither a million neurons nor thousands of
    coordinates make it large. Each component's largest entry is positive: a picture does not turn over by chance.
    """
    relative = np.exp(state.log_norm - state.log_norm.max())[:, None] * state.direction
    m, d = relative.shape
    squares, vectors = np.linalg.eigh(relative.T @ relative if d <= m else relative @ relative.T)
    order = np.argsort(squares)[::-1][:2]
    components = vectors[:, order].T if d <= m else vectors[:, order].T @ relative
    found, shares = np.zeros((2, d)), np.zeros(2)
    for i, component in enumerate(components):
        length = np.linalg.norm(component)
        if length > 0:
            found[i] = component / length * np.sign(component[np.argmax(np.abs(component))])
            shares[i] = max(squares[order[i]], 0.0) / np.sum(relative**2)
    return found, shares


def frame(axes: Axes) -> None:
    """Set limits that hold the largest ring and the data's ticks, and keep circles round."""
    axes.set_aspect("equal")
    axes.set_xlim(-LIMIT, LIMIT)
    axes.set_ylim(-LIMIT, LIMIT)
    axes.xaxis.labelpad = 18  # below the text on the largest norm
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def place(view: View, direction: FloatArray, relative: FloatArray) -> FloatArray:
    """Place vectors: their angle in the plane, and the root of their length in it as the radius.

    The root makes a neuron of 1/100 of the largest stand at 1/10 of the radius, where it can still be seen.
    """
    within = direction @ view.basis.T * relative[:, None]
    length = np.linalg.norm(within, axis=1, keepdims=True)
    return np.asarray(within / np.sqrt(np.where(length > 0, length, 1.0)))


def draw_setting(tree: Run, axes: Axes, view: View) -> None:
    """Draw what is the same in every panel and lies beneath: rings of equal norm, the data's directions."""
    angle = np.linspace(0, 2 * np.pi, 181)
    for ring in RINGS:
        radius = np.sqrt(ring)
        axes.plot(radius * np.cos(angle), radius * np.sin(angle), color=GREY, linewidth=0.5, zorder=0.5)
    _draw_data(tree, axes, view)


def draw_state(tree: Run, axes: Axes, view: View, state: State) -> None:
    """Draw a state: the neurons by their roles, and the minimum's directions."""
    at = place(view, state.direction, np.exp(state.log_norm - state.log_norm.max()))
    for name, (own, style) in _groups(state).items():
        for sliding in (False, True):
            chosen = np.flatnonzero(own & (state.sliding == sliding))
            if not chosen.size:
                continue
            across, up = ((1 + at[chosen]) / 2).T
            chosen = chosen[thinned(across, up, state.log_norm[chosen])]
            axes.plot(
                *at[chosen].T, linestyle="none", marker=style.marker, markersize=6, markerfacecolor=style.color,
                alpha=0.75, markeredgecolor=BLACK if sliding else "white", markeredgewidth=0.9 if sliding else 0.4,
                zorder=2, clip_on=False, rasterized=len(own) > MANY, label=f"{name}{'-sliding' * sliding}",
            )  # fmt: skip
    weight = _few_minimal(tree)
    if len(weight):
        axes.plot(
            *place(view, weight, 1 / np.linalg.norm(weight, axis=1)).T, linestyle="none", marker="o",
            markersize=14, markerfacecolor="none", markeredgecolor=BLACK, markeredgewidth=1.1, zorder=3,
            clip_on=False, gid="minimum",
        )  # fmt: skip
    said = f"largest |wⱼ| = {scale_text(float(state.log_norm.max()))}"
    axes.text(0.5, 0.0, said, transform=axes.transAxes, ha="center", va="top")


def _draw_data(tree: Run, axes: Axes, view: View) -> None:
    """Draw a tick outside the rim for each data point: its length says how much of it is in the plane."""
    x, y = values(tree, "data", "x"), values(tree, "data", "y")
    length = np.linalg.norm(x, axis=1, keepdims=True)
    within = x @ view.basis.T / np.where(length > 0, length, 1.0)
    share = np.linalg.norm(within, axis=1, keepdims=True)
    towards = within / np.where(share > 0, share, 1.0)
    ends = (RIM + TICK * share / (share.max(initial=0.0) or 1.0)) * towards
    # One collection: of 10,000 points a line each took half a minute a figure.
    ticks = LineCollection(
        list(np.stack([RIM * towards, ends], axis=1)), colors=[SIGNS[sign][0] for sign in np.sign(y).astype(int)],
        linewidths=2.0, capstyle="butt", clip_on=False, zorder=1, gid="data", rasterized=len(x) > MANY,
    )  # fmt: skip
    axes.add_collection(ticks, autolim=False)


def _groups(state: State) -> dict[str, tuple[Truths, RoleStyle]]:
    """Which neurons are drawn alike: those that go to one direction, or, where that is not known, of one sign."""
    if np.isin(state.role, [name for names in DIRECTIONS.values() for name in names]).any():
        return {name: (state.role == name, style) for name, style in reversed(ROLES.items())}
    sign = np.sign(state.output)
    return {str(number): (sign == number, RoleStyle(*looks)) for number, looks in SIGNS.items()}


def _few_minimal(tree: Run) -> FloatArray:
    """Find the minimal neurons' weights, none where their circles would hide all else."""
    weight, _ = minimum(tree)
    return weight if len(weight) <= MOST_MINIMAL else weight[:0]


def legend(tree: Run, states: Sequence[State]) -> list[Line2D]:
    """List what the markers, the ticks and the rings stand for."""
    styles = {name: style for state in states for name, (own, style) in _groups(state).items() if own.any()}
    order = [name for name in (*ROLES, *map(str, SIGNS)) if name in styles]
    handles = [role_marker(styles[name]) for name in order]
    handles.append(Line2D([], [], color=GREY, linewidth=2.0, label="data xₖ (blue: yₖ > 0)"))
    if len(_few_minimal(tree)):
        handles.append(
            Line2D(
                [], [], linestyle="none", marker="o", markersize=9, markerfacecolor="none",
                markeredgecolor=BLACK, label="minimum norm",
            )
        )  # fmt: skip
    handles.append(Line2D([], [], color=GREY, linewidth=0.5, label="1, 0.1, 0.01 largest |wⱼ|"))
    return handles
