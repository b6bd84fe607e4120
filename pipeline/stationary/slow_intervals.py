"""Where the flow is slow: the intervals in which g = |grad L|^2 / L, the rate at which ln L falls, is small.

Along the flow d ln L/dt = -g. Near a stationary point whose loss is not 0, g is small; on the way from one to the
next it is large. So a slow interval is a minimum of ln g between two peaks, each :data:`PROMINENCE` times as
high: no formula and no scale of the data enters. At the start the peak before is infinitely high, and so
is the one after the end of a run whose data is not fitted: a run may begin or end at a stationary point. A run
that converges to loss 0 ends in a tail, which is no slow interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.stationary.history import GRID, History, Moments, crossing_time, straight

PROMINENCE = 10.0
"""By which factor g is higher at both peaks beside a plateau. ``non-orthogonal`` has waves of up to a factor of
4.9 while neurons cross boundaries; its saddle is 1e6 deep. The saddle of ``orthogonal`` is 13 deep at
lambda = 1e-2/sqrt(m), 2.5 at 1e-1/sqrt(m). What is this deep need not be at a stationary point:
``non-orthogonal`` at 1e-100 passes slowly, for 21 units of time, by none; its kind is then unknown."""
ROUNDING = 1e-20
"""The share of the largest g below which a smaller one is the solver's rounding (at lambda = 1e-1000 g rests
between 1e-23 and 1e-32 of it, in waves), or too small for a float: what is below counts as equal."""
FITTED = 1e-12
"""The share of the zero network's loss below which the flow has arrived: a slow tail of rounding is no saddle."""


@dataclass(frozen=True)
class SlowInterval:
    """An interval in which the flow is slow, and at which of the history's instants it is slowest."""

    start: float
    end: float
    slowest: int


def find_slow_intervals(history: History, rate: float, zero_loss: float) -> list[SlowInterval]:
    """Find where a flow is slow; :mod:`pipeline.stationary.plateau_intervals` joins those that are one plateau.

    Parameters
    ----------
    history
        Where it can be read between its instants, peaks and crossings are.
    rate
        The smaller of |D_+| and |D_-| that is not 0: what g is compared with in a run that has no peak at all.
    zero_loss
        The loss of the zero network, 1/(2n) sum_k y_k^2.

    Returns
    -------
    list of SlowInterval
        In time's order. Each lasts while g is below its lower peak over :data:`PROMINENCE`. A network that never
        moves has one.
    """
    time, loss, gradient_norm = history.time, history.loss, history.gradient_norm
    arrived = np.flatnonzero(loss <= FITTED * zero_loss)
    length = int(arrived[0]) if len(arrived) else len(time)
    if length == 0 or zero_loss == 0:
        return []
    if not gradient_norm[:length].any():
        return [SlowInterval(float(time[0]), float(time[length - 1]), 0)]
    log_rate = logarithmic_rate(loss[:length], gradient_norm[:length])
    tops, bottoms = waves(log_rate, np.log(PROMINENCE))
    peaks = [np.inf, *(peak(history, log_rate, top) for top in tops[1:])]
    if not len(arrived):
        peaks[-1] = np.inf
    found = []
    for i, bottom in enumerate(bottoms):
        lower = min(peaks[i], peaks[i + 1])
        level = (lower if np.isfinite(lower) else _log(rate)) - np.log(PROMINENCE)
        if log_rate[bottom] < level:
            # A peak between two instants may be above the level that these are below: the interval ends there.
            first = tops[i] if i else 0
            last = tops[i + 1] if i + 1 < len(bottoms) else length - 1
            start, end = interval(history, log_rate[: last + 1], (first, bottom), level)
            inside = np.flatnonzero((time[:length] >= start) & (time[:length] <= end))
            # The end of a run is no peak: a tail, in which the loss falls as fast as ever, has none either.
            if end < time[length - 1] or np.log(loss[inside[0]] / loss[inside[-1]]) < np.log(2.0):
                found.append(SlowInterval(start, end, slowest_of(history, inside)))
    return found


def slowest_of(history: History, instants: np.ndarray) -> int:
    """At which of these instants g is least: if at several, at the start, or else at the one in the middle."""
    rate = history.gradient_norm[instants] / np.sqrt(history.loss[instants])
    least = instants[rate == rate.min()]
    if least[0] == 0:
        return 0
    middle = 0.5 * (history.time[least[0]] + history.time[least[-1]])
    return int(least[np.argmin(np.abs(history.time[least] - middle))])


def log_rates(loss: np.ndarray, gradient_norm: np.ndarray) -> np.ndarray:
    """Take ln g; +inf where it is no number (a run away)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # Not |grad L|^2: the square of a gradient beyond 1e154, or below 1e-162, is no float.
        found = 2.0 * np.log(gradient_norm) - np.log(loss)
    found[np.isnan(found) | np.isposinf(found)] = np.inf
    return np.asarray(found)


def logarithmic_rate(loss: np.ndarray, gradient_norm: np.ndarray) -> np.ndarray:
    """Follow ln g, not below :data:`ROUNDING` of its largest."""
    found = log_rates(loss, gradient_norm)
    highest = found[np.isfinite(found)].max(initial=-np.inf)
    return np.asarray(np.maximum(found, highest + np.log(ROUNDING))) if np.isfinite(highest) else found


def peak(history: History, log_rate: np.ndarray, top: int) -> float:
    """Find the largest ln g next to the instant ``top``, up to the one before and the one after."""
    highest = float(log_rate[top])
    if history.read is None or not np.isfinite(highest):
        return highest
    beside = history.time[max(top - 1, 0)], history.time[top], history.time[min(top + 1, len(log_rate) - 1)]
    times = np.concatenate([np.linspace(*pair, GRID) for pair in pairwise(beside)])
    there = history.read(times)
    return max(highest, float(log_rates(there.loss, there.gradient_norm).max()))


def waves(values: np.ndarray, height: float) -> tuple[list[int], list[int]]:
    """The bottoms of ``values`` between which they rise by ``height`` or more, and the peaks around them.

    Returns
    -------
    tops : list of int, one more than bottoms
        Where the values are largest before the first bottom, between each two, and after the last.
    bottoms : list of int
        Where the values are least between two such peaks.

    Notes
    -----
    One pass: a bottom counts once the values have risen by ``height`` above it, a peak once they have fallen by
    as much below it.
    """
    bottoms: list[int] = []
    lowest = highest = 0
    falling = True
    for i, value in enumerate(values.tolist()):
        if falling:
            if value < values[lowest]:
                lowest = i
            elif value >= values[lowest] + height:
                bottoms.append(lowest)
                falling, highest = False, i
        elif value > values[highest]:
            highest = i
        elif value <= values[highest] - height:
            falling, lowest = True, i
    if falling:
        bottoms.append(lowest)
    edges = [0, *bottoms, len(values) - 1]
    tops = [first + int(np.argmax(values[first : last + 1])) for first, last in pairwise(edges)]
    return tops, bottoms


def interval(
    history: History, log_rate: np.ndarray, instants: tuple[int, int], level: float
) -> tuple[float, float]:
    """When ln g falls below ``level`` before the second of two instants, and when it rises above it after.

    At the earliest at the first of the two, at the latest at the end of ``log_rate``.
    """
    time, (first, bottom) = history.time, instants
    above = first + np.flatnonzero(log_rate[first:] >= level)
    before, after = above[above < bottom], above[above > bottom]

    def crossing(outside: int, inside: int) -> float:
        ends = [(float(time[i]), float(log_rate[i] - level)) for i in (outside, inside)]
        return straight(*ends) if history.read is None else crossing_time(above_level(history.read, level), *ends)

    start = crossing(before[-1], before[-1] + 1) if len(before) else float(time[first])
    end = crossing(after[0], after[0] - 1) if len(after) else float(time[len(log_rate) - 1])
    return start, end


def above_level(read: Callable[[np.ndarray], Moments], level: float) -> Callable[[np.ndarray], np.ndarray]:
    """How far ln g is above ``level`` at any instants."""

    def values(times: np.ndarray) -> np.ndarray:
        there = read(times)
        return log_rates(there.loss, there.gradient_norm) - level

    return values


def _log(value: float) -> float:
    return float(np.log(value)) if value > 0 else -np.inf
