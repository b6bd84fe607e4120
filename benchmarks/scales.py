"""What lambda, the width, the number of points and the kind of data cost our solver."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter, sleep

import numpy as np
from rich.console import Group
from rich.table import Table

from benchmarks.problems import MOST_STEPS, Account, Problem, solve
from benchmarks.timing import ENOUGH, Failed, TooLong, fastest, spoken, tell
from pipeline.configuration import DataConfig, InitConfig, load_config
from pipeline.data import generate_data
from pipeline.flow import initialise
from pipeline.flow.exact.integration.loop import integrate

TOLERANCE = 1e-6
LIMIT, QUICK_LIMIT = 30.0, 3.0
LAMBDAS, QUICK_LAMBDAS = (-2, -6, -20, -100, -300, -1000, -3000, -10_000), (-6, -100, -1000, -10_000)
WIDTHS, QUICK_WIDTHS = (60, 1000, 10_000, 100_000, 1_000_000), (60, 1000, 10_000)
POINTS, QUICK_POINTS = (2, 4, 8, 16, 32, 75), (2, 8)
PRESETS = (
    "non-orthogonal", "non-orthogonal-large", "nearly-orthogonal", "small-width", "unbalanced", "leaky",
    "orthogonal-large",
)  # fmt: skip
SHARES = (0.5, 0.7, 0.85, 0.95)
"""Of a run's steps: the tail in which nothing crosses any more is looked for from here on."""


@dataclass(frozen=True)
class Scale:
    """One run until it rests: what was varied, and what it cost.

    ``seconds`` is nan with the reason in ``status`` if it did not come to rest. ``tail`` is seconds a step in the
    part of the run in which nothing crosses any more.
    """

    what: str
    seconds: float = np.nan
    steps: int = 0
    rejected: int = 0
    crossings: int = 0
    patterns: int = 0
    status: str = ""
    tail: float = np.nan


@dataclass
class Scales:
    """The rows of each table."""

    lambdas: dict[int, Scale] = field(default_factory=dict)
    widths: dict[int, Scale] = field(default_factory=dict)
    families: list[Scale] = field(default_factory=list)
    presets: list[Scale] = field(default_factory=list)


def measure(quick: bool) -> Scales:
    """All rows."""
    limit, enough = (QUICK_LIMIT, 0.1) if quick else (LIMIT, ENOUGH)
    result = Scales()
    for power in QUICK_LAMBDAS if quick else LAMBDAS:
        problem = Problem.of("", "", "orthogonal", log10_scale=float(power))
        result.lambdas[power] = until_rest(f"1e{power}", problem, limit, enough)[0]
    for width in QUICK_WIDTHS if quick else WIDTHS:
        problem = Problem.of("", "", "orthogonal", width=width)
        row, account = until_rest(f"m = {width:,}", problem, limit, enough)
        tail = tail_cost(problem, account) if account else np.nan
        result.widths[width] = Scale(**(vars(row) | {"tail": tail}))
    result.families += [until_rest(what, p, limit, enough)[0] for what, p in families(quick)]
    for preset in PRESETS[: 2 if quick else None]:
        result.presets.append(until_rest(preset, Problem.of("", "", preset), limit, enough)[0])
    return result


def until_rest(what: str, problem: Problem, limit: float, enough: float) -> tuple[Scale, Account | None]:
    """One row: a first run against the clock, then repeats."""
    tell(f"until rest: {what}")
    try:
        account = solve(problem, TOLERANCE, limit)
    except (TooLong, Failed) as why:
        return Scale(what, status=f"> {limit:g} s ({why})" if isinstance(why, TooLong) else f"failed: {why}"), None
    seconds, account = fastest(partial(solve, problem, TOLERANCE), enough)
    row = Scale(
        what,
        seconds,
        len(account.record.time),
        account.rejected,
        account.crossings,
        account.patterns,
        account.status,
    )
    return row, account


def families(quick: bool) -> Iterator[tuple[str, Problem]]:
    """Orthonormal points, and Gaussian points in twice as many dimensions, 200 neurons each."""
    for kind in ("orthonormal", "gaussian_teacher"):
        for n in QUICK_POINTS if quick else POINTS:
            own = {"dimension": 2 * n, "teacher_width": 6} if kind == "gaussian_teacher" else {}
            data = generate_data(DataConfig(kind=kind, points=n, **own))
            init = initialise(data, InitConfig(width=200, log10_scale=-6.0))
            yield f"{kind.replace('_', ' ')}, n = {n}", Problem("", "", data, init)
    if not quick:
        config = load_config("high-dimensional")
        data = generate_data(config.data)
        end = float(config.flow.end_time or np.inf)
        yield (
            f"high-dimensional, n = 75, to t = {end:g}",
            Problem("", "", data, initialise(data, config.init), end),
        )


def tail_cost(problem: Problem, account: Account, repeats: int = 3) -> float:
    """Seconds a step after the last crossing; nan if that tail is too short to tell."""
    time = account.record.time
    for share in SHARES:
        first = int(share * len(time))
        if solve(problem, TOLERANCE, end=float(time[first])).crossings == account.crossings:
            break
    else:
        return np.nan
    return min(watched_tail(problem, first) for _ in range(repeats if len(problem.init["neuron"]) < 10**6 else 1))


def watched_tail(problem: Problem, first: int) -> float:
    """Seconds a step from step ``first`` on, read from the counter that a run shows to other threads.

    The difference of two runs would do for small networks; at a million neurons it drowns in the noise of the
    crossings before. The median: once in some ten steps a group is looked through (10 ms at a million).
    """
    reduced, watch = problem.reduced, np.zeros(3)
    run = threading.Thread(
        target=integrate, args=(reduced.neurons, reduced.problem, TOLERANCE, np.inf, MOST_STEPS, watch)
    )
    run.start()
    seen: list[tuple[float, float]] = []
    while run.is_alive():
        if watch[2] >= first and (not seen or watch[2] > seen[-1][1]):
            seen.append((perf_counter(), watch[2]))
        if watch[2] < first:
            sleep(1e-5)
    if len(seen) < 2:
        return np.nan
    counts = np.diff([steps for _, steps in seen])
    each = np.diff([now for now, _ in seen]) / counts
    order = np.argsort(each)
    half = np.searchsorted(np.cumsum(counts[order]), 0.5 * counts.sum())
    return float(each[order][half])


def tables(result: Scales) -> Group:
    """One table for what is varied."""
    found: list[Table | str] = []
    for title, rows in (
        ("λ√m: the paper's two points, m = 60", result.lambdas.values()),
        ("Width: the paper's two points, λ = 1e-6/√m", result.widths.values()),
        ("Points: 200 neurons, λ = 1e-6/√m", result.families),
        ("Presets, as they start", result.presets),
    ):
        table = Table(
            "run", "time", "steps", "refused", "crossings", "patterns", "a step's cost at last", "status",
            title=f"{title}; tolerance {TOLERANCE:g}, until nothing moves",
        )  # fmt: skip
        for row in rows:
            counts = (row.steps, row.rejected, row.crossings, row.patterns)
            done = np.isfinite(row.seconds)
            table.add_row(
                row.what, spoken(row.seconds) if done else "", *(f"{c:,}" if done else "" for c in counts),
                spoken(row.tail) if np.isfinite(row.tail) else "", row.status,
            )  # fmt: skip
        found += [table, ""]
    return Group(
        *found, "A step's cost at last: where nothing crosses any more, the median in the run's own tail."
    )
