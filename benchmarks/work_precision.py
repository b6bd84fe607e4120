"""Time against measured error: this solver beside general ones, in one process, on one machine, in one hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from benchmarks.descents import DESCENTS
from benchmarks.measurement import Measurement, seconds_at
from benchmarks.peers import LOOSE, PEERS
from benchmarks.problems import Problem, compared
from benchmarks.reference import Reference, find_reference
from benchmarks.solvers import OURS, Solver
from benchmarks.timing import ENOUGH, Failed, Patience, TooLong, fastest, spoken, tell

LIMIT, QUICK_LIMIT = 8.0, 1.0
"""Seconds after which a run is given up."""

SMALL_STARTS = ("m60", "m1000")
"""The problems on which the absolute tolerance is loosened too."""

MOST_POINTS = 10
"""What more points would tell of a slow solver is its limit of time, every time."""

NAMES = frozenset(solver.name for solver in PEERS)

TASK = (
    "Time: from the weights to what the solver saves of r at all times compared, the fastest of repeats; nothing "
    "is written. Error: the worst of r over these times and all points. Peers: atol = rtol times the root mean "
    "square of the initial weights (times the factor in a name); the weights as rows over neurons; diffrax compiled "  # noqa: E501
    "and warm. Descents: the tolerance is the step size, the notebooks' is 1e-03; the compiled one takes no samples "  # noqa: E501
    "while the clock runs. Ratio: time over reluflow's at the same measured error, log-log between its points; ≥: "
    "reluflow is never so coarse, its coarsest stands in. A solver is not tried further once a run takes too long."
)


@dataclass
class Findings:
    """All that was measured: the points of every problem, and how far its reference can be believed."""

    problems: list[Problem]
    points: list[Measurement] = field(default_factory=list)
    references: dict[str, Reference] = field(default_factory=dict)

    def of(self, problem: str, solver: str) -> list[Measurement]:
        """The points of one solver on one problem."""
        return [p for p in self.points if p.problem == problem and p.solver == solver]

    def solvers(self, problem: str) -> list[str]:
        """The names, in the order in which they were measured."""
        return list(dict.fromkeys(p.solver for p in self.points if p.problem == problem))


def measure(quick: bool) -> Findings:
    """Run every solver on every problem."""
    patience = Patience(QUICK_LIMIT, 0.1) if quick else Patience(LIMIT, ENOUGH)
    found = Findings(compared(quick))
    for problem in found.problems:
        tell(f"{problem.title}: reference")
        reference = found.references[problem.key] = find_reference(problem, quick)
        loose = LOOSE if problem.key in SMALL_STARTS else ()
        for solver in (OURS, *PEERS, *loose, *DESCENTS):
            if solver.slow and len(problem.y) > MOST_POINTS:
                continue
            settings = solver.quick if quick else solver.settings
            if settings:
                tell(f"{problem.title}: {solver.name}")
            found.points += points(problem, replace(solver, settings=settings), worst_from(reference), patience)
    return found


def worst_from(reference: Reference) -> Callable[[np.ndarray], float]:
    """The error of a residual: the worst over times and points."""
    return lambda residual: float(np.abs(residual - reference.residual).max())


def points(
    problem: Problem, solver: Solver, error: Callable[[np.ndarray], float], patience: Patience
) -> Iterator[Measurement]:
    """One solver from coarse to fine, until it takes too long."""
    point = Measurement(problem.key, solver.name, np.nan)
    limit, enough = patience.limit, patience.enough if solver.enough is None else solver.enough
    last, tries = np.inf, patience.tries
    try:
        run = solver.bind(problem, limit) if solver.settings else None
    except ImportError as missing:
        yield replace(point, note=f"{missing.name} is not installed")
        return
    for setting in solver.settings:
        point = replace(point, setting=setting)
        try:
            seconds, raw = fastest(partial(run, setting), enough, patience.clock)
        except TooLong as so_far:
            so_far = f" ({so_far})" if str(so_far) else ""
            yield replace(point, note=f"> {limit:.3g} s{so_far}")
            tries -= 1
            if tries == 0 or last < np.inf:
                return
            continue
        except Failed as why:
            yield replace(point, note=f"failed: {why}")
            continue
        yield replace(point, seconds=seconds, error=error(solver.read(problem, raw)))
        if last < seconds and seconds * patience.growth > limit:
            return
        last = seconds


def ratio(found: Findings, point: Measurement) -> str:
    """How many times our time the point's is, at its own error."""
    ours = found.of(point.problem, OURS.name)
    seconds, between = seconds_at(ours, point.error)
    if np.isnan(seconds):
        return "finer than ours"
    return f"{'' if between else '≥ '}{figure(point.seconds / seconds)}"


def unit_of(problem: Problem) -> float:
    """What our tolerance is relative to: the labels' root mean square, or the first residual's if larger."""
    first = problem.residual(problem.start[None])[0]
    return float(np.sqrt(max(np.mean(problem.y**2), np.mean(first**2))))


def within(problem: Problem, point: Measurement) -> str:
    """Whether our own error is what was asked for."""
    share = point.error / (point.setting * unit_of(problem))
    return "" if share <= 1.0 else f"[red]{figure(share)} tolerances[/]"


def figure(value: float) -> str:
    """A ratio with two or three digits."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def trust(found: Findings, problem: str) -> str:
    """The words about a problem's reference; where no fine witness came to its end, the nearest peer."""
    reference = found.references[problem]
    peers = [p for p in found.points if p.problem == problem and p.solver in NAMES and p.measured]
    if reference.witnessed or not peers:
        return reference.words
    near = min(peers, key=lambda p: p.error)
    return f"{reference.words} Nearest peer: {near.solver} at {near.setting:.0e}, {near.error:.1e} off."


def tables(found: Findings) -> Group:
    """One table a problem."""
    result: list[Table | str] = []
    for problem in found.problems:
        (n, d), m = problem.x.shape, problem.start.shape[1]
        table = Table(
            "solver", "tolerance", "time", "worst error", "ratio at equal error",
            title=f"Work-precision: {problem.title} (n = {n}, d = {d}, m = {m:,}), to t = {problem.end:g}",
            caption=trust(found, problem.key),
        )  # fmt: skip
        for name in found.solvers(problem.key):
            for point in found.of(problem.key, name):
                setting = "" if np.isnan(point.setting) else f"{point.setting:.0e}"
                if np.isfinite(point.seconds) and np.isnan(point.error):
                    table.add_row(name, setting, spoken(point.seconds), "no reference")
                elif point.measured:
                    last = within(problem, point) if name == OURS.name else ratio(found, point)
                    table.add_row(name, setting, spoken(point.seconds), f"{point.error:.1e}", last)
                else:
                    table.add_row(name, setting, escape(point.note))
            table.add_section()
        result += [table, ""]
    return Group(*result, TASK)
