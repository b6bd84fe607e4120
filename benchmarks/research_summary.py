"""What was promised of networks of research size beside what this run has measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.table import Column, Table

from benchmarks.growth import COLLOCATION, CROSSING_COST, STEP_COST, Slope
from benchmarks.measurement import seconds_at
from benchmarks.memory import OURS as OURS_IN_MEMORY
from benchmarks.memory import STREAMED, Memory
from benchmarks.research_problems import ERRORS, FAMILIES, Family
from benchmarks.solvers import OURS
from benchmarks.summary import Requirement, fastest_at, table_of
from benchmarks.timing import spoken
from benchmarks.work_precision import Findings, figure

GROUPED = "grouped path"
GROUPED_AT = 1e-3
AGAINST_GROUPED = {"200x50x500": 150.0, "75x150x200": 100.0, "500x100x500": 100.0}
"""How many times as fast as the grouped path at a tolerance of 1e-3 was asked for."""
NEAR, AT_EQUAL_ERROR = (3e-6, 4e-5), 30.0
"""Errors that count as near 1e-5, and the ratio asked for there."""
LARGEST = "100000x9x20"


@dataclass(frozen=True)
class Ratio:
    """The fastest rival beside us at one error on one problem; infinite where no rival gets there."""

    problem: str
    error: float
    ours: float
    rival: str
    theirs: float

    @property
    def value(self) -> float:
        """Its time over ours; 0 where it alone gets there, nan where nobody does."""
        if np.isnan(self.ours):
            return 0.0 if np.isfinite(self.theirs) else np.nan
        return self.theirs / self.ours

    def beside(self, bound: float) -> str:
        """In a table, red below what was asked for."""
        if np.isnan(self.ours):
            return "not reached"
        if np.isinf(self.theirs):
            return f"alone, {spoken(self.ours)}"
        return figure(self.value) if self.value >= bound else f"[red]{figure(self.value)}[/]"


def ratio_of(found: Findings, problem: str, error: float) -> Ratio:
    """The fastest rival's time beside ours."""
    names = [name for name in found.solvers(problem) if name not in (OURS.name, GROUPED)]
    ours = seconds_at(found.of(problem, OURS.name), error)[0]
    return Ratio(problem, error, ours, *fastest_at(found, problem, names, error))


def ratios(family: Family, found: Findings) -> Table:
    """The fastest rival's time over ours at each error."""
    asked = " · ".join(f"{bound:g} at {error:g}" for error, bound in family.asked.items())
    result = Table(
        Column("problem", min_width=13),
        *(f"{error:g}" for error in ERRORS),
        title=f"{family.title}: the fastest rival's time over ours",
    )
    result.caption = f"Asked: 1 everywhere; {asked}. alone: no rival gets there within its patience; our time."
    for problem in found.problems:
        each = (ratio_of(found, problem.key, error) for error in ERRORS)
        result.add_row(problem.key, *(ratio.beside(family.asked.get(ratio.error, 1.0)) for ratio in each))
    return result


def table(measured: dict[str, Findings], slopes: list[Slope], used: list[Memory]) -> Table:
    """All requirements."""
    lines = [*of_rivals(measured), *of_grouped(measured), *of_slopes(slopes), *of_size(measured, used)]
    return table_of("What must be true of networks of research size (issue 18)", lines)


def of_rivals(measured: dict[str, Findings]) -> Iterator[Requirement]:
    """At least as fast as every rival at every error, and the ratios asked for; all who are ahead by name."""
    for family in FAMILIES:
        if family.key not in measured:
            continue
        found = measured[family.key]
        for errors, bound in ((ERRORS, 1.0), *(((error,), bound) for error, bound in family.asked.items())):
            known = [ratio_of(found, problem.key, error) for problem in found.problems for error in errors]
            known = [ratio for ratio in known if not np.isnan(ratio.value)]
            least = min((ratio.value for ratio in known), default=np.nan)
            alone = "no rival gets there" if np.isinf(least) else ""
            short = sorted((ratio for ratio in known if ratio.value < bound), key=lambda ratio: ratio.value)
            said = ", ".join(f"{r.problem} at {r.error:g}: {r.rival} {figure(r.value)}" for r in short)
            where = f"at {errors[0]:g}" if len(errors) == 1 else f"from {errors[0]:g} to {errors[-1]:g}"
            yield Requirement(f"{family.title}, {where}: least ratio", bound, True, least, remark=said or alone)


def of_grouped(measured: dict[str, Findings]) -> Iterator[Requirement]:
    """Against the path that follows every crossing by itself, given up or not."""
    found = measured.get("patterns", Findings([]))
    for key, bound in AGAINST_GROUPED.items():
        ours = [p for p in found.of(key, OURS.name) if p.setting == GROUPED_AT]
        theirs = [p for p in found.of(key, GROUPED) if p.setting == GROUPED_AT]
        ratio, remark = np.nan, ""
        if ours and theirs:
            ratio, remark = against(theirs[0].seconds, theirs[0].note, ours[0].seconds)
        yield Requirement(f"{key} at tolerance 1e-3: the grouped path", bound, True, ratio, remark=remark)
    near = []
    for problem in found.problems:
        for point in found.of(problem.key, GROUPED):
            ours_there = seconds_at(found.of(problem.key, OURS.name), point.error)[0] if point.measured else np.nan
            if point.measured and NEAR[0] <= point.error <= NEAR[1] and np.isfinite(ours_there):
                near.append((point.seconds / ours_there, f"{problem.key} at {point.error:.1e}"))
    said = ", ".join(f"{where}: {figure(ratio)}" for ratio, where in near)
    least = min((ratio for ratio, _ in near), default=np.nan)
    yield Requirement("equal error near 1e-5: the grouped path", AT_EQUAL_ERROR, True, least, remark=said)


def against(seconds: float, note: str, ours: float) -> tuple[float, str]:
    """A ratio and both times; of a run that was given up by the time it had."""
    if np.isfinite(seconds):
        return seconds / ours, f"{spoken(seconds)}, reluflow {spoken(ours)}"
    if not note.startswith("> "):
        return np.nan, note
    least = float(note.split()[1])
    return least / ours, f"given up after {spoken(least)}, reluflow {spoken(ours)}: at least"


def of_slopes(slopes: list[Slope]) -> Iterator[Requirement]:
    """The powers by which costs grow: not faster than what was asked for, but for the noise of a fit."""
    for what in (STEP_COST, CROSSING_COST, COLLOCATION):
        slope = next((slope for slope in slopes if slope.what == what), None)
        said = f"{spoken(slope.seconds[0])} to {spoken(slope.seconds[-1])}" if slope else ""
        yield Requirement(f"power of {what}", 1.1, False, slope.power if slope else np.nan, "", said)


def of_size(measured: dict[str, Findings], used: list[Memory]) -> Iterator[Requirement]:
    """The largest problems: memory, and seconds."""
    for row, solver, bound in (("1000x784x1000", STREAMED, 1.0), (LARGEST, OURS_IN_MEMORY, 2.0)):
        found = next((each for each in used if (each.row, each.solver) == (row, solver)), None)
        size = found.peak / 1e9 if found else np.nan
        said = f"{found.above / 1e9:.2f} GB of it the run's own; {found.note}" if found else ""
        yield Requirement(f"{row}: memory of {solver}", bound, False, size, "GB", said.removesuffix("; "))
    found_points = measured.get("points", Findings([]))
    seconds = seconds_at(found_points.of(LARGEST, OURS.name), 1e-5)[0]
    yield Requirement(f"{LARGEST}: an error of 1e-5", 5.0, False, seconds, "s", "'in seconds' was asked for")
