"""One row of the statements table, and the three ways in which two sides are compared.

A row's margin is the difference of its two sides as they stand, positive where the claim holds with room. A
row that compares with a power of lambda has the natural logarithms of both sides, so that its margin counts
e-folds. What is measured can't be told from 0 below some resolution (the rounding of 16 digits, or the
solver's tolerance): both sides count as that resolution where they are below it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, inf, isnan, log, nan

import numpy as np

from pipeline.inputs.arguments import Allowed, number
from pipeline.inputs.kinds import instance
from pipeline.statements.reading import Reading

LOGARITHM = Allowed(infinite=True)


@dataclass(frozen=True)
class Row:
    """What became of one statement on one run.

    Attributes
    ----------
    measured, bound
        The two sides; natural logarithms if ``logarithmic``. NaN where the row does not apply.
    margin
        Their difference, positive where the claim holds with room.
    verdict
        A word of :data:`catalog.schema.VERDICTS`.
    reason
        Why it does not apply; else when and what was measured.
    logarithmic
        Whether the sides are natural logarithms.
    at
        The time of the measurement; NaN if it was over many instants.
    resolution
        The measured size below which it is rounding; 0 if there is none.
    """

    measured: float
    bound: float
    margin: float
    verdict: str
    reason: str
    logarithmic: bool = False
    at: float = nan
    resolution: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a verdict that the margin contradicts."""
        if self.verdict not in ("holds", "fails", "not_applicable"):
            raise ValueError(f"verdict {self.verdict!r}: allowed are holds, fails, not_applicable")
        if (self.verdict == "holds") != (self.margin >= 0.0):
            raise ValueError(f"a margin of {self.margin} is not one of a statement that {self.verdict}")


Assumption = Callable[[Reading], str]
"""Returns why a statement does not apply, or an empty text."""


@dataclass(frozen=True)
class Statement:
    """A statement of the paper: its row's name, its sentence, what it assumes, and how it is measured."""

    name: str
    claim: str
    assumptions: tuple[Assumption, ...]
    measure: Callable[[Reading], Row]

    def check(self, run: Reading) -> Row:
        """Measure it on ``run``, if all it assumes is met there."""
        for assumption in self.assumptions:
            reason = run.once(assumption)
            if reason:
                return not_applicable(reason)
        return self.measure(run)


def at_most(measured: float, bound: float, reason: str, at: float = nan) -> Row:
    """The row of a claim ``measured <= bound``."""
    return _row(measured, bound, bound - measured, reason, at=at)


def at_least(measured: float, bound: float, reason: str, at: float = nan) -> Row:
    """The row of a claim ``measured >= bound``."""
    return _row(measured, bound, measured - bound, reason, at=at)


def log_at_most(
    log_measured: float, log_bound: float, reason: str, at: float = nan, *, resolution: float = 0.0
) -> Row:
    """The row of a claim ``measured <= bound`` between two sizes given by their natural logarithms.

    Parameters
    ----------
    log_measured, log_bound
        The two sides; ``-inf`` for a measured 0.
    resolution
        The size below which a measured one is rounding.
    """
    lowest = log(resolution) if resolution > 0.0 else -inf
    if log_bound < lowest:
        reason += f"; the bound is below what the numbers resolve, {resolution:.1g}, which is taken in its place"
    margin = float(log_margin(np.array([log_measured]), log_bound, resolution)[0])
    measured = lowest if log_measured == -inf else log_measured
    return _row(measured, log_bound, margin, reason, at=at, logarithmic=True, resolution=resolution)


def log_margin(log_measured: np.ndarray, log_bound: float, resolution: float) -> np.ndarray:
    """The difference ln bound - ln measured, both raised to the resolution."""
    lowest = log(resolution) if resolution > 0.0 else -inf
    return np.asarray(max(log_bound, lowest) - np.maximum(log_measured, lowest))


def not_applicable(reason: str) -> Row:
    """The row of a statement that says nothing of this run."""
    return Row(nan, nan, nan, "not_applicable", reason)


def fails(reason: str) -> Row:
    """The row of a statement that fails because what it speaks of never comes."""
    return Row(nan, nan, nan, "fails", reason)


def _row(
    measured: float,
    bound: float,
    margin: float,
    reason: str,
    *,
    at: float,
    logarithmic: bool = False,
    resolution: float = 0.0,
) -> Row:
    if isnan(margin) or margin in (inf, -inf):
        return not_applicable("the run's numbers are not finite")
    return Row(measured, bound, margin, "holds" if margin >= 0.0 else "fails", reason, logarithmic, at, resolution)


def in_digits(log_value: float) -> str:
    """A positive number in three digits, given by its natural logarithm: 1e-1000 is no float.

    Examples
    --------
    >>> in_digits(-1000 * 2.302585092994046), in_digits(0.0), in_digits(float("-inf"))
    ('1.00e-1000', '1', '0')
    """
    log_value = log_value if isinstance(log_value, float) else number("log_value", log_value, LOGARITHM)
    if isnan(log_value):
        return "nan"
    if log_value == inf:
        return "inf"
    if log_value == -inf:
        return "0"
    exponent = log_value / log(10.0)
    if -3.0 <= exponent < 4.0:
        return f"{10.0**exponent:.3g}"
    whole = floor(exponent + 1e-9)
    return f"{10.0 ** (exponent - whole):.2f}e{whole:+03d}"


def printed_sides(row: Row) -> tuple[str, str, str]:
    """Write a row's measured side, bound and margin; three empty texts where it has none."""
    row = instance("row", row, Row, "a Row, as statement_rows has them")
    if isnan(row.margin):
        return "", "", ""
    if row.logarithmic:
        return in_digits(row.measured), in_digits(row.bound), f"{row.margin:.3g} e-folds"
    return f"{row.measured:.3g}", f"{row.bound:.3g}", f"{row.margin:.3g}"
