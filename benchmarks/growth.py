"""How the cost of a step, and of a crossing, grows with the sizes, by slopes of processor time in logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time

import numpy as np
from rich.table import Table

from benchmarks.problems import Problem
from benchmarks.research_problems import Row, drawn
from benchmarks.timing import spoken, tell
from pipeline.flow import follow_flow
from pipeline.flow.gram.build import load_many_patterns
from pipeline.flow.gram.network import Data
from pipeline.flow.gram.state import CROSSINGS, FASTEST, NOW, STEP, STEPS, Aims, State, make_record, make_state
from pipeline.flow.gram.steps import take_steps
from pipeline.flow.many_patterns import data_of, network_of

WIDE = ((200, 50, 200), (400, 50, 200), (400, 100, 400), (800, 100, 400), (1600, 100, 400), (1600, 200, 400))
QUICK_WIDE = ((100, 20, 50), (200, 20, 100))
"""Points, coordinates, neurons on the Gram path."""
FEW = (
    (1_000, 9, 20), (3_000, 9, 20), (10_000, 9, 20), (30_000, 9, 20), (100_000, 9, 20), (10_000, 20, 50),
    (30_000, 20, 50),
)  # fmt: skip
QUICK_FEW = ((1_000, 2, 5), (2_000, 2, 5))
"""The same on the collocation path."""
STILL, MOVING = 1e-9, 0.3
"""h |D| of the fastest neuron in a step in which nothing crosses, and in one in which much does."""
REPEATS = 3
LOOSE, TOLERANCE = 1e9, 1e-4
"""No step is refused, and crossings are followed one by one as at this tolerance."""


@dataclass(frozen=True)
class Slope:
    """One cost at several sizes.

    Attributes
    ----------
    sizes
        What it is said to grow as.
    seconds
        Of a step, or a crossing.
    """

    what: str
    sizes: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def power(self) -> float:
        """The slope of its logarithm over that of the size."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])


STEP_COST, CROSSING_COST, COLLOCATION = (
    "a step on the Gram path, with m n q",
    "a crossing there, with n + q",
    "a step on the collocation path, with m n d",
)


def measure(quick: bool) -> list[Slope]:
    """The three slopes."""
    tell("the cost of a step and of a crossing")
    load_many_patterns()
    wide, few = (QUICK_WIDE, QUICK_FEW) if quick else (WIDE, FEW)
    costs = [gram_costs(drawn(Row(*sizes, 0.1, 1.0, 0.0), 6)) for sizes in wide]
    qs = [min(n, d) for n, d, _ in wide]
    return [
        Slope(
            STEP_COST,
            tuple(float(m * n * q) for (n, _, m), q in zip(wide, qs, strict=True)),
            tuple(step for step, _ in costs),
        ),
        Slope(
            CROSSING_COST,
            tuple(float(n + q) for (n, _, _), q in zip(wide, qs, strict=True)),
            tuple(crossing for _, crossing in costs),
        ),
        Slope(
            COLLOCATION,
            tuple(float(m * n * d) for n, d, m in few),
            tuple(collocation_cost(drawn(Row(*sizes, 0.1, 5.0, 0.0), 5)) for sizes in few),
        ),
    ]


def gram_costs(problem: Problem) -> tuple[float, float]:
    """Seconds of a step in which nothing crosses, and what a crossing adds to one."""
    still, none = one_step(problem, STILL)
    moving, crossings = one_step(problem, MOVING)
    return still, (moving - still) / max(crossings - none, 1)


def one_step(problem: Problem, length: float) -> tuple[float, int]:
    """The least processor seconds of a first step of this length, and its crossings."""
    least, crossings = np.inf, 0
    for _ in range(REPEATS):
        data, state = begun(problem)
        step = length / state.clock[FASTEST]
        state.clock[STEP] = step
        aims = aims_of(problem, state.clock[NOW] + step, 1)
        record, watch = make_record(1, len(data.y)), np.zeros(3)
        before = process_time()
        take_steps(data, state, record, aims, watch)
        least = min(least, process_time() - before)
        assert state.counts[STEPS] == 1
        crossings = int(state.counts[CROSSINGS])
    return least, crossings


def begun(problem: Problem) -> tuple[Data, State]:
    """The flow before its first step, with the speeds known."""
    data = data_of(problem.reduced)
    state = make_state(data, network_of(problem.reduced, data))
    take_steps(data, state, make_record(1, len(data.y)), aims_of(problem, 1.0, 0), np.zeros(3))
    return data, state


def aims_of(problem: Problem, end: float, most: int) -> Aims:
    """Take whatever comes, to the end or for so many steps."""
    return Aims(LOOSE, end, most, 1.0, problem.reduced.problem.resting_growth, TOLERANCE)


def collocation_cost(problem: Problem) -> float:
    """Processor seconds of a run's step, at its least."""
    found = []
    for _ in range(REPEATS):
        before = process_time()
        steps = follow_flow(problem.data, problem.init, end_time=problem.end, tolerance=TOLERANCE).account["steps"]
        found.append((process_time() - before) / steps)
    return min(found)


def table(slopes: list[Slope]) -> Table:
    """What each costs at its sizes, and the slope."""
    result = Table("cost of", "size: seconds", "power", title="How costs grow: processor time, the least of three")
    for slope in slopes:
        pairs = zip(slope.sizes, slope.seconds, strict=True)
        result.add_row(slope.what, " · ".join(f"{a:.2g}: {spoken(b)}" for a, b in pairs), f"{slope.power:.2f}")
    return result
