"""Networks of research size beside diffrax and gradient descent: many points, and as many patterns as neurons.

Seconds of the processor, the least of some repeats, each solver on one thread: other work on the machine does not
count. Error: the root mean square over the points of the residual's error, over the labels' or the start's
residual if that is larger, at the worst of eleven instants: what the tolerance is a promise of. The reference is
our own tightest run; how far the nearest rival is from it stands beside it.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table

from benchmarks import growth, memory, research_plot, research_summary
from benchmarks.descents import DESCENTS, NOTEBOOKS, largest_stable_step
from benchmarks.measurement import Measurement, seconds_at
from benchmarks.peers import RIVALS
from benchmarks.problems import Problem
from benchmarks.reference import Reference
from benchmarks.research_problems import ERRORS, FAMILIES, TOLERANCES, Family, Row
from benchmarks.solvers import OURS, Run, Solver
from benchmarks.timing import Patience, TooLong, spoken, tell
from benchmarks.work_precision import Findings, points, unit_of
from catalog.schema import variable
from pipeline.flow import follow_flow
from pipeline.flow.followed import Followed
from pipeline.network.threads import one_thread

FINEST_ERROR = 3e-8
"""A rival need not come nearer."""
SETTLED = 50.0
"""Nor need it go on once it takes so many times as long as we do at the same error."""
PATIENCE = Patience(2.5, 0.15, process_time, 2.0, 2)
QUICK_PATIENCE = Patience(0.3, 0.05, process_time, 2.0)
OUR_SHARE = 3.0
"""A rival's patience is at least so many times what we take at a tolerance of 1e-3."""
GROUPED_LIMIT = 60.0
"""Seconds after which the grouped path is given up."""
DESCENT_SHARES = (1.0, 4.0, 16.0)
"""The steps of gradient descent: the largest stable one over these, and the notebooks'."""
QUICK_TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-5)

TASK = (
    "Seconds of one thread of the processor, the least of repeats. Error: root mean square of r's error over the "
    "points, over the labels' (or the first residual's if larger), the worst of eleven instants. diffrax: warm, "
    "compiled, atol = rtol times the root mean square of the initial weights, and 100 times that; in its time are "
    "the residuals of the eleven instants, in ours is the set-up of the labelled run. Descent: the setting is the "
    "step on the squared error: the largest stable one, 1/4 and 1/16 of it, the notebooks' 1e-3; the compiled "
    "one takes no samples while the clock runs."
)


@dataclass(frozen=True)
class Request:
    """What is to be measured: rows by name (none: all), quickly or in full, and where results are kept."""

    rows: tuple[str, ...] = ()
    quick: bool = False
    folder: Path = Path("figures")

    @property
    def patience(self) -> Patience:
        """With rivals."""
        return QUICK_PATIENCE if self.quick else PATIENCE

    @property
    def families(self) -> list[tuple[Family, list[Row]]]:
        """What has rows to measure."""
        chosen = ((family, family.chosen(self.rows, self.quick)) for family in FAMILIES)
        return [(family, rows) for family, rows in chosen if rows]

    def keep(self, kind: str, result: Any) -> None:
        """Add a result to the file of this run as it comes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "research-size.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **asdict(result)}) + "\n")


def report(request: Request, console: Console) -> None:
    """Print every table as it comes, and draw the pictures after each row; the summary last."""
    (request.folder / "research-size.jsonl").unlink(missing_ok=True)
    start_jax_on_one_thread()
    measured = {}
    console.print(TASK, "")
    with one_thread(10**9):
        for family, rows in request.families:
            found = measured[family.key] = Findings([])
            for row in rows:
                problem = family.problem(row)
                found.problems.append(problem)
                for point in measure(problem, row, found, request):
                    found.points.append(point)
                    request.keep("time", point)
                console.print(table(found, problem), "")
                path = research_plot.write(family, found, request.folder)
            console.print(research_summary.ratios(family, found), f"{path}\n")
        slopes = growth.measure(request.quick)
        console.print(growth.table(slopes), "")
    used = memory.measure([row for _, rows in request.families for row in rows], request.quick)
    for each in chain(slopes, used):
        request.keep(type(each).__name__.lower(), each)
    console.print(memory.table(used), "", research_summary.table(measured, slopes, used))


def start_jax_on_one_thread() -> None:
    """Have XLA start with one thread: with two it takes a quarter more of the processor's time.

    How many it starts it reads from the processors that this process may use.
    """
    try:
        jax = importlib.import_module("jax")
    except ImportError:
        return
    if not hasattr(os, "sched_setaffinity"):  # only Linux has it
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        jax.devices()
    finally:
        os.sched_setaffinity(0, allowed)


def bind_ours(problem: Problem, limit: float) -> Run:
    """The whole labelled run, whichever path follows it."""

    def run(tolerance: float) -> Followed:
        return follow_flow(problem.data, problem.init, end_time=problem.end, tolerance=tolerance)

    return run


def read_ours(problem: Problem, followed: Followed) -> np.ndarray:
    """The residuals at the instants compared."""
    return np.asarray(followed.look(problem.times)["residual"].values)


def error_from(reference: np.ndarray, problem: Problem) -> Callable[[np.ndarray], float]:
    """The error of a residual: over the points the root mean square, the worst instant, over the labels."""
    unit = unit_of(problem)
    return lambda residual: float(np.sqrt(np.mean((residual - reference) ** 2, axis=1)).max() / unit)


def measure(problem: Problem, row: Row, found: Findings, request: Request) -> Iterator[Measurement]:
    """Every solver on one problem."""
    tell(f"{row.key}: reference")
    finest = bind_ours(problem, np.inf)(1e-6 if request.quick else row.fine)
    exact, words = read_reference(problem, finest)
    found.references[row.key] = Reference(exact, words, False)
    error, patience = error_from(exact, problem), request.patience
    tolerances = QUICK_TOLERANCES if request.quick else [t for t in TOLERANCES if t > 2.0 * row.fine]
    ours = Solver(OURS.name, tuple(tolerances), (), bind_ours, read_ours)
    tell(f"{row.key}: {ours.name}")
    mine: list[Measurement] = []
    for point in points(problem, ours, error, replace(patience, limit=np.inf)):
        mine.append(point)
        yield point
    at_least = OUR_SHARE * next(point.seconds for point in mine if point.setting <= 1e-3)
    patience = replace(patience, limit=max(patience.limit, at_least))
    for solver in (*RIVALS, *descents(problem, patience.limit)):
        tell(f"{row.key}: {solver.name}")
        settings = solver.quick if request.quick and solver.quick else solver.settings
        for point in points(problem, replace(solver, settings=settings), error, patience):
            yield point
            settled = point.error < ERRORS[0] and point.seconds > SETTLED * seconds_at(mine, point.error)[0]
            if settled or point.error < FINEST_ERROR:
                break
    for tolerance in row.grouped:
        tell(f"{row.key}: grouped path at {tolerance:g}")
        grouped = replace(OURS, name=research_summary.GROUPED, settings=(tolerance,), enough=0.0)
        yield from points(problem, grouped, error, replace(patience, limit=GROUPED_LIMIT))


def read_reference(problem: Problem, followed: Followed) -> tuple[np.ndarray, str]:
    """The residuals of our tightest run, and what is to be said of it."""
    before = process_time()
    seen = followed.look(problem.times)
    seconds = process_time() - before
    account, m, slides = (
        followed.account,
        problem.start.shape[1],
        variable("trajectory", "activation").flag("sliding"),
    )
    sliding = int((seen["activation"].values == slides).any(axis=(0, 2)).sum())
    words = (
        f"Reference: reluflow at {account['tolerance']:.0e} ({account['steps']:,} steps, {account['crossings']:,} "
        f"crossings; {sliding} of {m} neurons slide at one of the eleven instants; to read these, all neurons and "
        f"activations, takes {spoken(seconds)})."
    )
    return seen["residual"].values, words


def descents(problem: Problem, limit: float) -> list[Solver]:
    """Gradient descent, ours compiled and torch's, at the steps that this problem allows."""
    tell(f"{problem.key}: the largest stable step")
    try:
        largest = largest_stable_step(problem, limit)
    except TooLong:
        return [replace(solver, settings=(NOTEBOOKS,)) for solver in DESCENTS]
    steps = {NOTEBOOKS, *(largest / share for share in DESCENT_SHARES)}
    ours, torch = DESCENTS
    return [
        replace(ours, settings=tuple(sorted(steps, reverse=True)), quick=()),
        replace(torch, settings=tuple(sorted({NOTEBOOKS, largest}, reverse=True)), quick=()),
    ]


def table(found: Findings, problem: Problem) -> Group:
    """Every solver's errors and times on one problem."""
    result = Table("solver", "setting: error, time", title=f"{problem.title}, to t = {problem.end:g}")
    for name in found.solvers(problem.key):
        said = (said_of(point) for point in found.of(problem.key, name))
        result.add_row(name, " · ".join(said))
    near = min(
        (p for p in found.points if p.problem == problem.key and p.measured and p.solver.startswith("diffrax")),
        key=lambda point: point.error, default=None,
    )  # fmt: skip
    nearest = f" Nearest rival: {near.solver} at {near.setting:.0e}, {near.error:.1e} off." if near else ""
    return Group(result, f"{found.references[problem.key].words}{nearest}")


def said_of(point: Measurement) -> str:
    """One setting's result."""
    setting = "" if np.isnan(point.setting) else f"{point.setting:.2g}: "
    if not point.measured:
        return escape(f"{setting}{point.note}")
    return f"{setting}{point.error:.1e}, {spoken(point.seconds)}"
