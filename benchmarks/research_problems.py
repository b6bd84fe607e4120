"""Networks of research size: as many activation patterns as neurons, and many points with few neurons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks.problems import Problem
from catalog.schema import conform
from pipeline.network.points import describe

INTERVALS = 10
"""Between the instants at which residuals are compared."""
TOLERANCES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
"""Of our solver; a problem takes those above twice its reference's."""
EARLY = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Where the start is large: the labels are fitted to 1e-2 at t = 0.5, to 1e-11 at 2."""
ERRORS = (1e-2, 5e-3, 1e-3, 5e-4, 1e-4, 5e-5, 1e-5, 2e-6, 1e-6, 1e-7)
"""At which the times are compared."""


@dataclass(frozen=True)
class Row:
    """One problem: a student of m neurons learns a teacher on n Gaussian points in d dimensions.

    Attributes
    ----------
    start
        The size of a weight at the start.
    end
        The paper's t to reach.
    fine
        The tolerance of the reference.
    grouped
        The tolerances at which the grouped path follows it, too.
    instants
        At which residuals are compared; none: eleven, equally far from each other.
    """

    n: int
    d: int
    m: int
    start: float
    end: float
    fine: float
    grouped: tuple[float, ...] = ()
    instants: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """By which it is asked for."""
        return f"{self.n}x{self.d}x{self.m}"


@dataclass(frozen=True)
class Family:
    """Problems of one kind.

    Attributes
    ----------
    teacher
        The teacher's neurons.
    asked
        How many times as fast as the fastest rival it has to be at these errors; at every other one 1.
    few
        The rows of a quick look.
    """

    key: str
    title: str
    teacher: int
    rows: tuple[Row, ...]
    asked: dict[float, float]
    few: int

    def chosen(self, names: Iterable[str], quick: bool) -> list[Row]:
        """The rows of these names; all, or the first few of a quick look, if there are none."""
        wanted = set(names)
        if wanted:
            return [row for row in self.rows if row.key in wanted]
        return list(self.rows[: self.few] if quick else self.rows)

    def problem(self, row: Row) -> Problem:
        """Draw a row's data and start."""
        return drawn(row, self.teacher)


PATTERNS = Family(
    "patterns", "As many patterns as neurons", 6,
    (
        Row(50, 20, 100, 0.01, 50.0, 1e-8, (1e-2, 1e-3)),
        Row(100, 10, 200, 0.01, 50.0, 1e-8, (1e-2, 1e-3)),
        Row(75, 150, 200, 0.01, 100.0, 1e-8, (1e-2, 1e-3)),
        Row(100, 50, 200, 1.0, 20.0, 1e-8, (), EARLY),
        Row(200, 50, 500, 0.01, 50.0, 3e-8, (1e-3,)),
        Row(500, 100, 500, 0.01, 50.0, 1e-7, (1e-3,)),
        Row(1_000, 784, 1_000, 0.01, 20.0, 1e-5),
    ),
    {5e-3: 3.0, 5e-4: 20.0}, 1,
)  # fmt: skip
POINTS = Family(
    "points", "Many points, few neurons", 5,
    (
        Row(200, 2, 5, 0.1, 3.0, 1e-8),
        Row(800, 2, 5, 0.1, 3.0, 1e-8),
        Row(800, 2, 20, 0.1, 20.0, 1e-8),
        Row(1_000, 9, 20, 0.1, 20.0, 1e-8),
        Row(10_000, 2, 5, 0.1, 3.0, 1e-8),
        Row(10_000, 20, 50, 0.1, 20.0, 1e-8),
        Row(100_000, 9, 20, 0.1, 10.0, 1e-8),
    ),
    {1e-3: 1.0, 5e-5: 3.0, 1e-5: 8.0, 2e-6: 25.0}, 1,
)  # fmt: skip
FAMILIES = (PATTERNS, POINTS)


def row_of(key: str) -> tuple[Family, Row]:
    """The row of this name, and what it belongs to."""
    return next((family, row) for family in FAMILIES for row in family.rows if row.key == key)


def drawn(row: Row, teacher: int) -> Problem:
    """Gaussian points labelled by a teacher, and a balanced network."""
    n, d, m, g = row.n, row.d, row.m, np.random.default_rng(0)
    x = g.standard_normal((n, d)) / np.sqrt(d)
    y = np.maximum(x @ g.standard_normal((teacher, d)).T, 0.0) @ g.choice([-1.0, 1.0], teacher)
    w, signs = row.start * g.standard_normal((m, d)), g.choice([-1.0, 1.0], m)
    length = np.linalg.norm(w, axis=1)
    init = conform(
        "initial",
        {
            "log_norm": np.log(length),
            "direction": w / length[:, None],
            "output_ratio": signs,
            "log_init_scale": np.log(row.start),
        },
    )
    data = describe(x, y, [f"x{i + 1}" for i in range(d)])
    title, spacing = f"n = {n:,}, d = {d}, m = {m:,}", row.end / INTERVALS
    return Problem(row.key, title, data, init, row.end, spacing, instants=row.instants)
