"""Every solver under one handle: bind it to a problem, run it at a tolerance, read its residuals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.problems import Account, Problem, residual_of, solve

Run = Callable[[float], Any]
"""From a tolerance (or a step size) to whatever the solver returns; raises TooLong or Failed."""


@dataclass(frozen=True)
class Solver:
    """A solver that is measured.

    Attributes
    ----------
    name
        In the tables and the plot.
    settings, quick
        Tolerances or step sizes, from coarse to fine; those of a quick look.
    bind
        Prepare the solver for a problem with so many seconds for each run: what is not timed (compiling).
        Raises ImportError if it is not installed.
    read
        The residuals float64[samples, n] from what a run has returned: not timed either.
    enough
        Seconds for which each measurement is repeated; None: as long as all others'.
    slow
        Not to be tried on large problems.
    """

    name: str
    settings: tuple[float, ...]
    quick: tuple[float, ...]
    bind: Callable[[Problem, float], Run]
    read: Callable[[Problem, Any], np.ndarray]
    enough: float | None = None
    slow: bool = False


def bind_ours(problem: Problem, limit: float) -> Run:
    """Our solver, its polynomials read at the problem's times included; the first run is against the clock."""
    seen: list[float] = []

    def run(tolerance: float) -> tuple[Account, np.ndarray]:
        account = solve(problem, tolerance, None if tolerance in seen else limit)
        seen.append(tolerance)
        return account, residual_of(problem, account.record)

    return run


OURS = Solver(
    "reluflow",
    (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10),
    (1e-3, 1e-4, 1e-6, 1e-8),
    bind_ours,
    lambda problem, found: found[1],
)
