"""The pictures 'research size': of each kind of problem a page, of each method its best settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks import plot
from benchmarks.measurement import best
from benchmarks.research_problems import Family
from benchmarks.solvers import OURS
from benchmarks.work_precision import Findings
from pipeline.figures.style import VERMILION

LOOKS = {
    OURS.name: plot.LOOKS[OURS.name],
    "diffrax Tsit5": plot.LOOKS["diffrax Tsit5"],
    "diffrax Dopri5": (plot.ORANGE, "v", (0, (3, 1)), "diffrax Dopri5"),
    "diffrax Dopri8": plot.LOOKS["diffrax Dopri8"],
    "diffrax Heun": (VERMILION, "D", (0, (1, 1)), "diffrax Heun"),
    "descent, compiled": plot.LOOKS["descent, compiled"],
    "descent, torch SGD": plot.LOOKS["descent, torch SGD"],
}
"""As on the other plot: any two are told apart by two of colour, marker and dash."""
LARGEST_ERROR, SMALLEST_ERROR = 0.3, 1e-8
"""That are drawn: of larger ones nothing is told of the flow."""


def write(family: Family, found: Findings, folder: Path) -> Path:
    """Draw a kind of problems into ``folder``; return the path."""
    style = plot.Style(
        LOOKS,
        "relative error of the residual r",
        "processor time",
        f"{family.title}: what an error of r costs",
        (LARGEST_ERROR, SMALLEST_ERROR),
    )
    return plot.write(with_best_settings(found), folder, f"research-size-{family.key}.png", style)


def with_best_settings(found: Findings) -> Findings:
    """Of each method, with whichever absolute tolerance, the settings that no other beats in time and error."""
    points = []
    for problem in found.problems:
        for name in LOOKS:
            own = [p for p in found.points if p.problem == problem.key and p.solver.split(", atol")[0] == name]
            own = [p for p in own if not p.error > LARGEST_ERROR]
            points += [replace(point, solver=name) for point in best(own)]
    return Findings(found.problems, points, found.references)
