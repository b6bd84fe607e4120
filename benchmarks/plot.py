"""Work-precision plots: a panel for each problem, time against measured error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from benchmarks.measurement import Measurement
from benchmarks.solvers import OURS
from benchmarks.work_precision import Findings
from pipeline.figures.style import BLACK, BLUE, GREEN, GREY, PURPLE, VERMILION, WIDTH, publication
from pipeline.figures.writing import encoded, replace_file

SKY, ORANGE = "#56B4E9", "#E69F00"
"""The rest of Okabe and Ito's palette: there are more solvers here than roles in a network."""

Look = tuple[str, str, Any, str]

LOOKS: dict[str, Look] = {
    OURS.name: (BLACK, "o", "-", "reluflow (exact)"),
    "diffrax Tsit5": (BLUE, "^", "--", "diffrax Tsit5"),
    "diffrax Tsit5, atol × 100": (SKY, "^", (0, (1, 1)), "Tsit5, loose atol"),
    "diffrax Dopri8": (GREEN, "s", "-.", "diffrax Dopri8"),
    "SciPy RK45": (VERMILION, "v", "--", "SciPy RK45"),
    "SciPy DOP853": (ORANGE, "D", "-.", "SciPy DOP853"),
    "SciPy LSODA": (PURPLE, "P", ":", "SciPy LSODA"),
    "SciPy Radau": (PURPLE, "X", (0, (4, 1, 1, 1, 1, 1)), "SciPy Radau"),
    "descent, compiled": (GREY, "d", "-", "descent, compiled"),
    "descent, torch SGD": (GREY, "p", ":", "descent, torch"),
}
"""Colour, marker, dash and name of each solver: any two are told apart by two of these."""

TIMES = ((1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "0.1 s"), (1.0, "1 s"), (1e1, "10 s"), (1e2, "100 s"))
TIMES_BELOW = ((1e-4, "0.1 ms"),)


@dataclass(frozen=True)
class Style:
    """What a plot shows: each solver's look, the axes' names, what stands above, and the range of errors."""

    looks: Mapping[str, Look]
    error: str = "worst error of the residual r"
    time: str = "time"
    title: str = ""
    errors: tuple[float, float] | None = None


STYLE = Style(LOOKS)


@publication
def draw(found: Findings, style: Style = STYLE) -> matplotlib.figure.Figure:
    """The panels, two beside each other; one legend in the place of the last, if that is free, or below them."""
    problems = [p for p in found.problems if any(q.measured for q in found.points if q.problem == p.key)]
    rows = -(-max(len(problems), 1) // 2)
    free = len(problems) % 2 == 1
    figure = matplotlib.figure.Figure(figsize=(WIDTH, (0.3 if free else 1.1) + 2.05 * rows), layout="constrained")
    panels = list(figure.subplots(rows, 2, sharey=True, squeeze=False).flat)
    for problem, panel in zip(problems, panels, strict=False):
        for name in style.looks:
            draw_solver(panel, style.looks[name], found.of(problem.key, name))
        finish(panel, problem.title, style.errors)
    for panel in panels[len(problems) :]:
        panel.set_axis_off()
    limit_times(panels[0], found.points)
    for panel in panels[::2]:
        panel.set_ylabel(style.time)
    for panel in panels[: len(problems)][-2:]:
        panel.set_xlabel(style.error)
    figure.suptitle(style.title, x=0.01, ha="left") if style.title else None
    present = {p.solver for p in found.points if p.measured}
    handles = [
        Line2D([], [], label=each[3], **look(each)) for name, each in style.looks.items() if name in present
    ]
    if free:
        panels[-1].legend(handles=handles, loc="center", handlelength=3.0)
    else:
        figure.legend(handles=handles, loc="outside lower center", ncols=3, handlelength=3.0)
    return figure


def draw_solver(panel: Axes, its: Look, points: list[Measurement]) -> None:
    """One solver's points, from coarse to fine, joined in the order of its settings."""
    measured = [p for p in points if p.measured]
    order = 4 if its is LOOKS[OURS.name] else 3
    panel.loglog([p.error for p in measured], [p.seconds for p in measured], zorder=order, **look(its))


def look(its: Look) -> dict[str, Any]:
    """How a solver's line is drawn: ours is the broad one."""
    color, marker, dash, _ = its
    broad, large = (2.2, 5.0) if its is LOOKS[OURS.name] else (1.1, 4.2)
    return {
        "color": color, "marker": marker, "linestyle": dash, "linewidth": broad, "markersize": large,
        "markeredgewidth": 0.0,
    }  # fmt: skip


def finish(panel: Axes, title: str, errors: tuple[float, float] | None) -> None:
    """Title, grid and ticks of a panel; errors fall to the right."""
    panel.set_title(title)
    panel.grid(True, which="major", color="#E4E4E4", linewidth=0.6)
    panel.xaxis.set_major_locator(LogLocator(numticks=5))
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(lambda error, _: power(error))
    if errors is None:
        panel.invert_xaxis()
    else:
        panel.set_xlim(*errors)


def limit_times(panel: Axes, points: list[Measurement]) -> None:
    """Name the shared axis of times by units that are read, not by powers."""
    seconds = [p.seconds for p in points if p.measured]
    if not seconds:
        return
    low, high = 0.6 * min(seconds), 1.7 * max(seconds)
    panel.set_ylim(low, high)
    ticks = [(t, name) for t, name in (*TIMES_BELOW, *TIMES) if low <= t <= high]
    panel.yaxis.set_major_locator(FixedLocator([t for t, _ in ticks]))
    panel.yaxis.set_major_formatter(lambda t, _: next((name for tick, name in ticks if np.isclose(t, tick)), ""))


def power(value: float) -> str:
    """10⁻⁷ in Unicode."""
    return "10" + str(round(np.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def write(found: Findings, folder: Path, name: str = "work-precision.png", style: Style = STYLE) -> Path:
    """Draw the plot into ``folder``; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    replace_file(path, encoded(draw(found, style), "png", title="Time against measured error"))
    return path
