"""How every figure looks: one palette, one set of sizes, one second cue for each role and phase.

Colours are Okabe and Ito's (2008), told apart by all common kinds of colour vision; a marker, a hatch or a
line style repeats each distinction for print in grey. Symbols in labels are Unicode (D₊, t₁, 10⁻⁷), not
mathtext: only so does a label stay one searchable string in the SVG.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import matplotlib.style
import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.figures.reading import FloatArray

Scaling = Callable[[npt.ArrayLike], FloatArray]

BLACK, GREY = "#000000", "#7F7F7F"
BLUE, GREEN, VERMILION, PURPLE = "#0072B2", "#009E73", "#D55E00", "#CC79A7"

WIDTH = 5.5
"""Inches: the text width of the paper's venue."""

COLUMN = 3.3
"""Inches: the narrowest width at which a figure must still be read."""

SMALL, NORMAL = 9.5, 10.0
"""Font sizes in points at :data:`WIDTH`; at :data:`COLUMN` the smaller is 5.7 points."""

PALE = 0.35
"""How much colour there is in a pale one; the rest is white."""

ROUND_STEPS = (1, 2, 2.5, 5, 10)
"""Ticks of a time axis."""

HASH_SALT = "reluflow"

DEFAULTS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": SMALL,
    "axes.labelsize": SMALL,
    "axes.titlesize": SMALL,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "figure.titlesize": NORMAL,
    "figure.dpi": 100,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.4,
    "lines.linewidth": 1.6,
    "hatch.linewidth": 0.6,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "savefig.dpi": 300,
    "svg.fonttype": "none",
    "svg.hashsalt": HASH_SALT,
}


@dataclass(frozen=True)
class RoleStyle:
    """How the neurons of one role are drawn: a colour and, as the second cue, a marker."""

    color: str
    marker: str
    name: str


@dataclass(frozen=True)
class PhaseStyle:
    """How one phase is drawn and what happens in it: a colour and, as the second cue, a hatch.

    ``words`` are the paper's, for orthogonal inputs and enough neurons; ``plainly`` holds for every run.
    """

    color: str
    hatch: str
    name: str
    words: str
    plainly: str

    @property
    def pale(self) -> str:
        """The colour of what is hatched, as on white paper.

        Opaque: Matplotlib's SVG fills the tiles of a hatch with the face's colour but not with its transparency,
        so that the lines of a hatch over a transparent face of their own colour are not seen (3.11).
        """
        red, green, blue = (1 - PALE * (1 - part) for part in to_rgb(self.color))
        return to_hex((red, green, blue))


ROLES = {
    "positive": RoleStyle(BLUE, "^", "S₊,₁"),
    "negative": RoleStyle(VERMILION, "v", "S₋,₁"),
    "up_1": RoleStyle(BLUE, "^", "a > 0 to u₁"),
    "up_2": RoleStyle(PURPLE, "^", "a > 0 to u₂"),
    "up_3": RoleStyle("#44AA99", "^", "a > 0 to u₃"),
    "up_4": RoleStyle("#332288", "^", "a > 0 to u₄"),
    "down_1": RoleStyle(VERMILION, "v", "a < 0 to u₁"),
    "down_2": RoleStyle("#999933", "v", "a < 0 to u₂"),
    "down_3": RoleStyle("#882255", "v", "a < 0 to u₃"),
    "down_4": RoleStyle("#E69F00", "v", "a < 0 to u₄"),
    "other": RoleStyle(GREY, "o", "other neurons"),
}

DIRECTIONS = {1: ("up_1", "up_2", "up_3", "up_4"), -1: ("down_1", "down_2", "down_3", "down_4")}
"""The roles of neurons by the extremal direction u at which they grow, the fastest first, by the sign of a.

Beyond Okabe and Ito's, the colours are Tol's (2021), muted.
"""

PHASES = {
    "alignment": PhaseStyle(
        GREY, "||||", "alignment", "neurons align with D₊ or −D₋", "neurons turn, the loss stays"
    ),
    "fitting_positive": PhaseStyle(
        BLUE, "////", "fitting positive labels", "S₊,₁ fits the positive labels", "neurons fit the positive labels"
    ),
    "fitting_negative": PhaseStyle(
        VERMILION,
        "\\\\\\\\",
        "fitting negative labels",
        "S₋,₁ fits the negative labels",
        "neurons fit the negative labels",
    ),
    "convergence": PhaseStyle(
        GREEN, "----", "convergence", "the loss falls exponentially", "all labels are fitted within 1 %"
    ),
}


def role_marker(style: RoleStyle) -> Line2D:
    """Make a role's entry of a legend."""
    return Line2D(
        [], [], linestyle="none", marker=style.marker, markersize=6, markerfacecolor=style.color,
        markeredgecolor="white", label=style.name,
    )  # fmt: skip


_one_at_a_time = threading.RLock()


@contextmanager
def publication_style() -> Iterator[None]:
    """Apply the style inside the block and put the caller's settings back after it.

    It starts from Matplotlib's own defaults, not from the caller's: a matplotlibrc must not change a figure's
    bytes. Settings are global to the process while the block runs, hence the lock: two threads that
    interleave would each restore the other's.
    """
    with _one_at_a_time, matplotlib.style.context(["default", DEFAULTS]):
        yield


_Arguments = ParamSpec("_Arguments")


def publication(draw: Callable[_Arguments, Figure]) -> Callable[_Arguments, Figure]:
    """Let a figure function draw in the publication style."""

    @wraps(draw)
    def styled(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> Figure:
        with publication_style():
            return draw(*args, **kwargs)

    return styled


def measured_in(unit: float) -> tuple[Scaling, Scaling]:
    """Give the two functions of a second axis that counts the first in ``unit``: to it and back."""

    def to_units(values: npt.ArrayLike) -> FloatArray:
        return np.asarray(values, dtype=np.float64) / unit

    def from_units(values: npt.ArrayLike) -> FloatArray:
        return np.asarray(values, dtype=np.float64) * unit

    return to_units, from_units
