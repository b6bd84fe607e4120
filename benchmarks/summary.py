"""What was promised beside what this run has measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from benchmarks.measurement import seconds_at
from benchmarks.peers import LOOSE, PEERS
from benchmarks.scales import Scales
from benchmarks.solvers import OURS
from benchmarks.timing import spoken
from benchmarks.waiting import ENGINE, Wait
from benchmarks.work_precision import Findings, figure, unit_of

RK45 = "SciPy RK45"


@dataclass(frozen=True)
class Requirement:
    """One line: ``measured`` is nan where this run has not measured it."""

    words: str
    bound: float
    at_least: bool
    measured: float
    unit: str = "×"
    remark: str = ""

    @property
    def verdict(self) -> str:
        """In words."""
        if np.isnan(self.measured):
            return "not measured"
        met = self.measured >= self.bound if self.at_least else self.measured <= self.bound
        return "[green]met[/]" if met else "[red]not met[/]"

    def spoken(self, value: float) -> str:
        """A figure in the requirement's unit."""
        if np.isnan(value):
            return ""
        if np.isinf(value):
            return "∞"
        return spoken(value) if self.unit == "s" else f"{figure(value)} {self.unit}".rstrip()


def table(found: Findings | None, scales: Scales | None, waits: list[Wait] | None) -> Table:
    """All requirements; parts that were left out of the run are not measured."""
    lines = (*of_precision(found), *of_scales(scales), *of_waiting(waits))
    return table_of("What must be true (issue 3)", lines)


def table_of(title: str, lines: Iterable[Requirement]) -> Table:
    """What was wanted beside what was measured."""
    result = Table("requirement", "wanted", "measured", "", "remark", title=title)
    for line in lines:
        wanted = f"{'≥' if line.at_least else '≤'} {line.spoken(line.bound)}"
        result.add_row(line.words, wanted, line.spoken(line.measured), line.verdict, line.remark)
    return result


def of_precision(found: Findings | None) -> Iterator[Requirement]:
    """The ratios at equal measured error, and our own errors."""
    for problem, title, error, bound in (
        ("m60", "orthogonal, m = 60", 5e-6, 15.0),
        ("m60", "orthogonal, m = 60", 1e-7, 30.0),
        ("m1000", "orthogonal, m = 1,000", 1e-8, 80.0),
    ):
        ratio, remark = against_all(found, problem, error)
        yield Requirement(f"{title}: the fastest peer near {error:.0e}", bound, True, ratio, remark=remark)
    ratio, remark = against_rk45(found)
    words = "non-orthogonal, large start: RK45, at its accuracy or better"
    yield Requirement(words, 1000.0, True, ratio, remark=remark)
    share, remark = worst_share(found)
    yield Requirement("reluflow's worst error over its tolerance", 1.0, False, share, remark=remark)


def against_all(found: Findings | None, problem: str, error: float) -> tuple[float, str]:
    """The fastest peer's time at ``error`` over ours; the same with loosened tolerances, and the two times."""
    if found is None:
        return np.nan, ""
    ours = seconds_at(found.of(problem, OURS.name), error)[0]
    name, theirs = fastest_at(found, problem, [peer.name for peer in PEERS], error)
    loose, least = fastest_at(found, problem, [peer.name for peer in LOOSE], error)
    if not np.isfinite(ours) or not np.isfinite(theirs):
        return np.nan, "no peer, or not we, at this error"
    remark = f"{name} {spoken(theirs)}, reluflow {spoken(ours)}"
    if np.isfinite(least):
        remark += f"; {loose}: {figure(least / ours)} ×"
    return theirs / ours, remark


def fastest_at(found: Findings, problem: str, names: list[str], error: float) -> tuple[str, float]:
    """Who takes the least at ``error``, and how long; infinite if nobody gets there."""
    times = {name: seconds_at(found.of(problem, name), error)[0] for name in names}
    reached = {name: seconds for name, seconds in times.items() if np.isfinite(seconds)}
    if not reached:
        return "", np.inf
    best = min(reached, key=lambda name: reached[name])
    return best, reached[best]


def against_rk45(found: Findings | None) -> tuple[float, str]:
    """RK45's most accurate run over our quickest that is at least as accurate; its coarser ones as a remark."""
    if found is None:
        return np.nan, ""
    ours = [p for p in found.of("sliding", OURS.name) if p.measured]
    ratios = []
    for point in found.of("sliding", RK45):
        better = [p.seconds for p in ours if point.measured and p.error <= point.error]
        if better:
            ratios.append((point, point.seconds / min(better)))
    if not ratios:
        return np.nan, ""
    said = ", ".join(f"{p.setting:.0e} ({p.error:.0e}): {figure(ratio)} ×" for p, ratio in ratios)
    return ratios[-1][1], f"RK45 at rtol (error): {said}"


def worst_share(found: Findings | None) -> tuple[float, str]:
    """Our worst error over what was asked for, over all problems and tolerances."""
    if found is None:
        return np.nan, ""
    shares = [
        (p.error / (p.setting * unit_of(problem)), f"{problem.title} at {p.setting:.0e}")
        for problem in found.problems
        for p in found.of(problem.key, OURS.name)
        if p.measured
    ]
    return max(shares, default=(np.nan, ""))


def of_scales(scales: Scales | None) -> Iterator[Requirement]:
    """Widths and lambdas."""
    widths = scales.widths if scales else {}
    lambdas = scales.lambdas if scales else {}
    widest, narrow = widths.get(1_000_000), widths.get(60)
    yield Requirement(
        "m = 1,000,000 until rest",
        5.0,
        False,
        widest.seconds if widest else np.nan,
        "s",
        widest.status if widest else "",
    )
    tails = widest.tail / narrow.tail if widest and narrow else np.nan
    yield Requirement(
        "a step at m = 1,000,000 over one at m = 60, where nothing crosses", 1.5, False, tails,
        remark=f"{spoken(widest.tail)}, {spoken(narrow.tail)}" if widest and narrow and np.isfinite(tails) else "",
    )  # fmt: skip
    small = lambdas.get(-1000)
    yield Requirement("λ√m = 1e-1000 until rest", 0.01, False, small.seconds if small else np.nan, "s")
    smallest, small = lambdas.get(-10_000), lambdas.get(-100)
    steps = smallest.steps / small.steps if smallest and small and small.steps else np.nan
    remark = f"{smallest.steps} and {small.steps}" if smallest and small else ""
    yield Requirement("steps at λ√m = 1e-10000 over those at 1e-100", 2.0, False, steps, remark=remark)


def of_waiting(waits: list[Wait] | None) -> Iterator[Requirement]:
    """The engine's start."""
    engine = next((wait.seconds for wait in waits or [] if wait.what == ENGINE), np.nan)
    yield Requirement(ENGINE, 1.0, False, engine, "s")
