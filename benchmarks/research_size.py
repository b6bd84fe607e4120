"""Networks of research size beside diffrax: many points and few neurons, and as many patterns as neurons.

CPU time, the least of some repeats: other work on the machine does not count. Error: the root mean square over the
points of the residual's error, over the labels' or the start's residual if that is larger, at the worst of eleven
instants: what the tolerance is a promise of. The reference is our own tightest run; what diffrax's tightest
differs from it by stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from time import process_time
from typing import Any
from unittest import mock

import numpy as np
from rich.console import Group
from rich.table import Table

from benchmarks.peers import compile_diffrax
from benchmarks.problems import Problem
from benchmarks.timing import spoken, tell
from catalog.schema import conform
from pipeline.flow import follow_flow
from pipeline.network.points import describe

ROWS = (
    (200, 2, 5, 3.0), (800, 2, 5, 3.0), (800, 2, 20, 20.0), (1_000, 9, 20, 20.0), (10_000, 2, 5, 3.0),
    (10_000, 20, 50, 20.0), (100_000, 9, 20, 10.0),
)  # fmt: skip
"""Points, coordinates, neurons, and the paper's t."""
INTERVALS = 10
"""Between the instants at which residuals are compared."""
TEACHER, START = 5, 0.1
"""The teacher's neurons, and the size of a weight at the start."""
WIDE_ROWS = (
    (50, 20, 100, 0.01, 50.0), (100, 10, 200, 0.01, 50.0), (75, 150, 200, 0.01, 100.0), (100, 50, 200, 1.0, 20.0),
    (200, 50, 500, 0.01, 50.0), (500, 100, 500, 0.01, 50.0), (1_000, 784, 1_000, 0.01, 20.0),
)  # fmt: skip
"""Points, coordinates, neurons, the size of a weight at the start, and the paper's t."""
WIDE_TEACHER = 6
FINE = {50: 1e-7, 75: 1e-7, 100: 1e-7, 200: 1e-7, 500: 1e-6, 1_000: 1e-5}
"""The tolerance of the reference, by the points of a wide problem."""
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
WIDE_RIVALS = {"Tsit5": (1e-2, 1e-3, 1e-4, 1e-5, 1e-6), "Dopri8": (1e-2, 1e-3, 1e-4, 1e-5)}
GROUPED, GROUPED_UP_TO = 1e-3, 200
"""The tolerance with which the grouped path takes a wide problem, too, of so many points at most: for minutes."""
RIVALS = {"Tsit5": (1e-3, 1e-5, 1e-7, 1e-9), "Dopri8": (1e-3, 1e-5, 1e-7)}
"""Methods of diffrax, and their relative tolerances; no further once one takes :data:`LIMIT`."""
MOST_STEPS = 100_000
LIMIT, ENOUGH = 3.0, 0.2
ASKED = (1e-3, 5e-5, 1e-5, 2e-6)
"""The errors at which the times are compared."""
WIDE_ASKED = (1e-2, 5e-3, 1e-3, 5e-4, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True)
class Run:
    """One run: the solver, its tolerance, CPU seconds, and the residual at the instants."""

    solver: str
    tolerance: float
    seconds: float
    residual: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """One problem, the tolerance of its reference, and what it is compared with.

    Attributes
    ----------
    rivals
        Methods of diffrax, and their relative tolerances.
    asked
        The errors at which the times are compared.
    grouped
        Whether the grouped path takes it, too.
    """

    problem: Problem
    fine: float
    rivals: dict[str, tuple[float, ...]]
    asked: tuple[float, ...]
    grouped: bool = False


def student(n: int, d: int, m: int, end: float) -> Comparison:
    """A student of m neurons that learns a teacher on n Gaussian points."""
    return Comparison(drawn((n, d, m), TEACHER, START, end), 1e-8, RIVALS, ASKED)


def wide(n: int, d: int, m: int, start: float, end: float) -> Comparison:
    """Almost every neuron has a pattern of its own."""
    problem = drawn((n, d, m), WIDE_TEACHER, start, end)
    return Comparison(problem, FINE[n], WIDE_RIVALS, WIDE_ASKED, n <= GROUPED_UP_TO)


def drawn(sizes: tuple[int, int, int], teacher: int, start: float, end: float) -> Problem:
    """Gaussian points labelled by a teacher, and a balanced network."""
    (n, d, m), g = sizes, np.random.default_rng(0)
    x = g.standard_normal((n, d)) / np.sqrt(d)
    y = np.maximum(x @ g.standard_normal((teacher, d)).T, 0.0) @ g.choice([-1.0, 1.0], teacher)
    w, signs = start * g.standard_normal((m, d)), g.choice([-1.0, 1.0], m)
    length = np.linalg.norm(w, axis=1)
    init = conform(
        "initial",
        {
            "log_norm": np.log(length),
            "direction": w / length[:, None],
            "output_ratio": signs,
            "log_init_scale": np.log(start),
        },
    )
    data = describe(x, y, [f"x{i + 1}" for i in range(d)])
    return Problem(
        "", f"n = {n:,}, d = {d}, m = {m}, t = {end:g}, start {start:g}", data, init, end, end / INTERVALS
    )


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """The least CPU seconds of some repeats, and the result."""
    best, spent = np.inf, 0.0
    while True:
        before = process_time()
        result = work()
        took = process_time() - before
        best, spent = min(best, took), spent + took
        if spent >= ENOUGH:
            return best, result


def our_runs(problem: Problem, tolerances: tuple[float, ...]) -> Iterator[Run]:
    """Ours, the tightest first: it is the reference."""
    for tolerance in tolerances:
        seconds, followed = timed(
            partial(follow_flow, problem.data, problem.init, end_time=problem.end, tolerance=tolerance)
        )
        seen = followed.look(problem.times)
        yield Run("reluflow", tolerance, seconds, seen["residual"].values)


def grouped_runs(problem: Problem) -> Iterator[Run]:
    """The grouped path's, which the criterion would not take."""
    with mock.patch("pipeline.flow.course.many_patterns", return_value=False):
        yield from our_runs(problem, (GROUPED,))


def rival_runs(method: str, comparison: Comparison) -> Iterator[Run]:
    """A rival's, as far as its patience goes."""
    import jax

    problem = comparison.problem
    with jax.enable_x64(True):
        compiled = compile_diffrax(method, problem, MOST_STEPS)

        def run(rtol: float) -> Any:
            return jax.device_get(compiled(problem.start, rtol, rtol * problem.unit))

        for rtol in comparison.rivals[method]:
            seconds, (residual, fine, _) = timed(partial(run, rtol))
            if fine:
                yield Run(f"diffrax {method}", rtol, seconds, np.asarray(residual))
            if seconds > LIMIT:
                return


def error(run: Run, reference: Run, problem: Problem) -> float:
    """Of the residual at the worst instant, over the labels or the start: root mean squares."""
    unit = max(np.mean(problem.y**2), np.mean(reference.residual[0] ** 2))
    return float(np.sqrt(np.mean((run.residual - reference.residual) ** 2, axis=1).max() / unit))


def seconds_at(asked: float, points: list[tuple[float, float]]) -> float:
    """The least seconds at which an error is at most this, log-log between a solver's points; nan: never."""
    found = sorted(points)
    if not found or found[0][0] > asked:
        return np.nan
    best = min(seconds for reached, seconds in found if reached <= asked)
    for (low, slow), (high, quick) in pairwise(found):
        if low <= asked < high and quick < slow:
            share = np.log(asked / low) / np.log(high / low)
            best = min(best, float(np.exp((1 - share) * np.log(slow) + share * np.log(quick))))
    return best


def tables() -> Group:
    """Both halves."""
    few = table("Many points, few neurons", [partial(student, *row) for row in ROWS])
    return Group(few, "", table("As many patterns as neurons", [partial(wide, *row) for row in WIDE_ROWS]))


def table(title: str, comparisons: list[Callable[[], Comparison]]) -> Group:
    """Every run, and the ratios of the quickest rival's time to ours at equal error."""
    runs, ratios = Table(title=f"{title}: error and CPU time"), Table(title="Rival's time over ours")
    for name in ("problem", "solver", "error · time at each tolerance"):
        runs.add_column(name)
    for name in ("problem", *(f"error {asked:g}" for asked in comparisons[0]().asked)):
        ratios.add_column(name)
    for make in comparisons:
        comparison = make()
        problem, rivals = comparison.problem, comparison.rivals
        tell(problem.title)
        tolerances = [tolerance for tolerance in TOLERANCES if tolerance > 2.0 * comparison.fine]
        reference, *ours = our_runs(problem, (comparison.fine, *tolerances))
        found = {"reluflow": ours} | {method: list(rival_runs(method, comparison)) for method in rivals}
        if comparison.grouped:
            found["grouped path"] = list(grouped_runs(problem))
        points = {
            name: [(error(run, reference, problem), run.seconds) for run in each] for name, each in found.items()
        }
        for name, each in found.items():
            said = " · ".join(
                f"{run.tolerance:.0e}: {reached:.1e} {spoken(seconds)}"
                for run, (reached, seconds) in zip(each, points[name], strict=True)
            )
            runs.add_row(problem.title, name, said)
        compared = []
        for asked in comparison.asked:
            own = seconds_at(asked, points["reluflow"])
            known = [
                each for each in (seconds_at(asked, points[method]) for method in rivals) if np.isfinite(each)
            ]
            compared.append(f"{min(known) / own:.1f}" if known else f"never (ours {spoken(own)})")
        ratios.add_row(problem.title, *compared)
    return Group(runs, "", ratios)
