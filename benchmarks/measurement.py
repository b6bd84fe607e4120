"""One point of a work-precision diagram, and what lies between such points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Measurement:
    """A solver's time and worst error at one setting.

    Attributes
    ----------
    problem, solver : str
        The problem's key; the solver's name.
    setting : float
        Tolerance or step size.
    seconds : float
        nan if it was not measured (not installed, failed, too long).
    error : float
        max |r - reference| over the problem's times and points; nan likewise.
    note : str
        Why not, or what else there is to say.
    """

    problem: str
    solver: str
    setting: float
    seconds: float = np.nan
    error: float = np.nan
    note: str = ""

    @property
    def measured(self) -> bool:
        """Whether there is a point to draw."""
        return bool(np.isfinite(self.seconds) and np.isfinite(self.error) and self.error > 0.0)


def best(points: Iterable[Measurement]) -> list[Measurement]:
    """The points that no other beats in both time and error, from the coarsest on.

    What a solver costs at an error is what its quickest setting costs that is as accurate: a setting that takes
    longer and is worse (next to rounding, or by luck) is nobody's choice.
    """
    least, found = np.inf, []
    for point in sorted((p for p in points if p.measured), key=lambda p: p.error):
        if point.seconds < least:
            least = point.seconds
            found.append(point)
    return found[::-1]


def front(points: Iterable[Measurement]) -> np.ndarray:
    """The same as (ln error, ln seconds)."""
    return np.array([(np.log(p.error), np.log(p.seconds)) for p in best(points)]).reshape(-1, 2)


def seconds_at(points: Iterable[Measurement], error: float) -> tuple[float, bool]:
    """A solver's time for ``error``, log-log between its points.

    Returns
    -------
    seconds : float
        nan if the solver was never so accurate; its coarsest point's if it was never so coarse.
    within : bool
        Whether ``error`` lies between its points: else the time is an upper bound.
    """
    curve = front(points)
    if len(curve) == 0 or not error > 0.0 or np.log(error) < curve[-1, 0]:
        return np.nan, False
    at = np.interp(-np.log(error), -curve[:, 0], curve[:, 1])
    return float(np.exp(at)), bool(np.log(error) <= curve[0, 0])
