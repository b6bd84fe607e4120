"""What the errors are measured against, and why it can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from benchmarks.peers import bind_diffrax, bind_scipy, read_weights
from benchmarks.problems import Problem, residual_of, solve
from benchmarks.timing import Failed, TooLong, spoken

FINEST = (1e-12, 1e-11, 1e-10, 1e-9, 1e-8)
STRICT = 1e-3
"""The witness's absolute tolerance, in units of its relative one and of the initial weights."""
LIMIT, QUICK_LIMIT = 15.0, 2.0


@dataclass(frozen=True)
class Reference:
    """The residuals to compare with.

    Attributes
    ----------
    residual : float64[samples, n]
    words : str
        Where they are from, and who agrees.
    witnessed : bool
        Whether a general solver has followed the same problem at a fine tolerance.
    """

    residual: np.ndarray
    words: str
    witnessed: bool


def find_reference(problem: Problem, quick: bool) -> Reference:
    """Our solver at the finest tolerance that ends well, with the next one and SciPy's DOP853 beside it."""
    limit = QUICK_LIMIT if quick else LIMIT
    ours, remarks = by_ours(problem, limit)
    if not ours:
        residual, words = by_diffrax(problem, limit)
        return Reference(residual, " ".join([*remarks, words]), False)
    tolerance, residual = ours[0]
    words = [*remarks, f"Reference: reluflow at {tolerance:.0e}."]
    if len(ours) > 1:
        words.append(f"At {ours[1][0]:.0e} it differs by {worst(ours[1][1], residual):.1e}.")
    rtol = 1e-10 if quick else 1e-12
    before = perf_counter()
    try:
        weights = bind_scipy("DOP853", STRICT, problem, limit)(rtol)
    except (TooLong, Failed) as why:
        failed = f"failed ({why})" if isinstance(why, Failed) else f"takes > {limit:g} s"
        return Reference(residual, " ".join([*words, f"SciPy DOP853 at {rtol:.0e} {failed}."]), False)
    off, seconds = worst(read_weights(problem, weights), residual), spoken(perf_counter() - before)
    words.append(f"SciPy DOP853 at {rtol:.0e} ({seconds}) agrees with it to {off:.1e}.")
    return Reference(residual, " ".join(words), True)


def by_ours(problem: Problem, limit: float) -> tuple[list[tuple[float, np.ndarray]], list[str]]:
    """Our residuals at the two finest tolerances that end well, and what is to be said of the others."""
    found: list[tuple[float, np.ndarray]] = []
    remarks: list[str] = []
    for tolerance in FINEST:
        try:
            found.append((tolerance, residual_of(problem, solve(problem, tolerance, limit).record)))
        except TooLong as so_far:
            remarks.append(f"reluflow at {tolerance:.0e} takes > {limit:g} s ({so_far}).")
            break  # coarser ones hardly take less
        except Failed as why:
            remarks.append(f"reluflow at {tolerance:.0e} failed: {why}.")
        if len(found) == 2:
            break
    return found, remarks


def by_diffrax(problem: Problem, limit: float) -> tuple[np.ndarray, str]:
    """A peer's residuals at the finest tolerance that ends within the limit; nan if there is none."""
    nothing = np.full((len(problem.times), len(problem.y)), np.nan)
    try:
        run = bind_diffrax("Tsit5", 1.0, problem, limit)
    except ImportError:
        return nothing, "No reference."
    for rtol in (1e-8, 1e-7, 1e-6, 1e-5):
        try:
            return run(rtol), f"Reference: diffrax Tsit5 at {rtol:.0e}."
        except (TooLong, Failed):
            continue
    return nothing, f"No reference: diffrax Tsit5 at 1e-05 takes > {limit:g} s."


def worst(one: np.ndarray, other: np.ndarray) -> float:
    """The largest |one - other|."""
    return float(np.abs(one - other).max())
