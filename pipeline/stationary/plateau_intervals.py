"""The plateaus in time: each lasts while the trajectory is near one stationary point, and each point has one.

:mod:`pipeline.stationary.slow_intervals` finds where g = |grad L|^2/L is small. Two things remain. Slow intervals
next to the same stationary point are one plateau: near it g may be the solver's rounding, in waves, and a slow
approach may come in steps. And a slow interval may last longer than the trajectory is near its
point: while g is still small one label after the other may be fitted, each transition slow against the next.

A point is *left* when the loss has fallen by :data:`LEFT` of what it falls by until the next plateau, or any
label's residual has moved by that share of the most that it moves by until then; where no plateau follows, of
the loss and of the residuals themselves. It is *entered* likewise, with the plateau before. In between the loss
is within that share of the plateau's own, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr

from pipeline.stationary.history import History, crossing_time, straight
from pipeline.stationary.point import StationaryPoint
from pipeline.stationary.slow_intervals import FITTED, SlowInterval, find_slow_intervals

LEFT = 0.1
"""The share of the next transition at which a point is left. A tenth: a plateau then loses less than a fifth of
its loss from its start to its end, and what is drawn thick is flat."""
STILL = 0.3
"""The share of the way of the label that moves most, as which the way of one that moves less counts: all labels
move a little when one is fitted."""
SAME_RESIDUAL = 1e-8
"""max_k |r_k - r'_k| over the largest label up to which two instants are at one point, whatever it is."""
SAME_POINT = 1e-5
"""The same for the residuals r* of two stationary points: the solver's tolerance moves them by some 1e-6."""

JOINED_LIMIT = 8
"""Of more intervals not every two neighbours are joined, to see when the plateau of both would start and end."""


@dataclass(frozen=True)
class PlateauInterval:
    """From ``start`` to ``end`` a flow is near one point, and slowest at the history's instant ``slowest``.

    ``left``: the flow goes on from it.
    """

    start: float
    end: float
    slowest: int
    left: bool


def find_plateau_intervals(
    history: History,
    intervals: list[SlowInterval],
    points: Callable[[list[int]], list[StationaryPoint]] | None = None,
) -> list[PlateauInterval]:
    """Find when the flow is near which point.

    Parameters
    ----------
    history, intervals
        The latter from :func:`slow_intervals_of`.
    points
        Tells the stationary point next to each of some of the history's instants. None: each interval has its own.

    Returns
    -------
    list of PlateauInterval
        In time's order; they do not overlap, and no two are next to the same stationary point.
    """
    if points is not None:
        intervals = joined_by_points(history, intervals, points([interval.slowest for interval in intervals]))
    return [plateau_interval(history, intervals, number) for number in range(len(intervals))]


def slow_intervals_of(data: xr.Dataset, history: History) -> list[SlowInterval]:
    """Find where a run is slow, and its end if it rests there."""
    x, y = (data.variables[name].values for name in ("x", "y"))
    rates = [float(np.hypot.reduce(data.variables[f"growth_{sign}"].values)) for sign in ("positive", "negative")]
    # Both vanish for antipodal points of one label.
    whole = float(np.abs(y) @ np.linalg.norm(x, axis=1)) / len(y)
    rate, zero_loss = min((rate for rate in rates if rate > 0), default=whole), 0.5 * float(np.mean(y**2))
    found, time = find_slow_intervals(history, rate, zero_loss), history.time
    rests = history.rests and history.loss[-1] > FITTED * zero_loss
    if rests and not (found and found[-1].end == time[-1]):
        found.append(SlowInterval(found[-1].end if found else float(time[0]), float(time[-1]), len(time) - 1))
    return joined_by_labels(history, found)


def joined_by_labels(history: History, intervals: list[SlowInterval]) -> list[SlowInterval]:
    """Join the intervals between which no label moves: there are hundreds where g is rounding."""
    found: list[SlowInterval] = []
    for interval in intervals:
        if found and history.between(found[-1].slowest, interval.slowest) <= SAME_RESIDUAL * history.label:
            found[-1] = joined(found[-1], interval)
        else:
            found.append(interval)
    return found


def joined_by_points(
    history: History, intervals: list[SlowInterval], points: list[StationaryPoint]
) -> list[SlowInterval]:
    """Join the intervals from the first to the last that are next to one stationary point."""
    found: list[SlowInterval] = []
    first = 0
    while first < len(intervals):
        last = first
        for other in range(first + 1, len(intervals)):
            both_near = points[first].near and points[other].near
            pair = [(intervals[i], points[i]) for i in (first, other)]
            if (both_near or other == last + 1) and same(history, *pair):
                last = other
        found.append(SlowInterval(intervals[first].start, intervals[last].end, intervals[last].slowest))
        first = last + 1
    return slowest_at_rest(history, found)


def slowest_at_rest(history: History, intervals: list[SlowInterval]) -> list[SlowInterval]:
    """At rest all samples are as slow: the plateau's point is that of the end, as the flow's account has it."""
    if not history.rests or not intervals or history.time[-1] != intervals[-1].end:
        return intervals
    return [*intervals[:-1], SlowInterval(intervals[-1].start, intervals[-1].end, len(history.time) - 1)]


def likely_bounds(history: History, intervals: list[SlowInterval]) -> list[float]:
    """When plateaus may start and end: as the intervals are, and with any two neighbours joined.

    Which of them :func:`joined_by_points` joins is known only once the network has been looked at.
    """
    likely = [intervals]
    if len(intervals) <= JOINED_LIMIT:
        for i, pair in enumerate(pairwise(intervals)):
            likely.append([*intervals[:i], joined(*pair), *intervals[i + 2 :]])
    found = [one for some in likely for one in find_plateau_intervals(history, slowest_at_rest(history, some))]
    return sorted({bound for one in found for bound in (one.start, one.end)})


def same(
    history: History, one: tuple[SlowInterval, StationaryPoint], other: tuple[SlowInterval, StationaryPoint]
) -> bool:
    """Whether two points are no further apart, in their residuals, than the trajectory passes by them."""
    away = [
        float(np.abs(history.residual[interval.slowest] - point.residual).max(initial=0.0))
        for interval, point in (one, other)
        if point.near
    ]
    apart = float(np.abs(one[1].residual - other[1].residual).max(initial=0.0))
    return apart <= max(SAME_POINT * history.label, *away, 0.0)


def joined(first: SlowInterval, second: SlowInterval) -> SlowInterval:
    """One interval from the start of the first to the end of the second; slowest where the loss is least."""
    return SlowInterval(first.start, second.end, second.slowest)


def plateau_interval(history: History, intervals: list[SlowInterval], number: int) -> PlateauInterval:
    """When a plateau starts and ends, and whether it is left."""
    interval, time = intervals[number], history.time
    entered = crossing(history, interval.slowest, intervals[number - 1].slowest if number else None, -1)
    followed = number + 1 < len(intervals)
    left = crossing(history, interval.slowest, intervals[number + 1].slowest if followed else None, 1)
    start = interval.start if entered is None else max(interval.start, entered)
    # A slow interval may end, in waves of rounding, before the last point is left.
    end = (interval.end if followed else float(time[-1])) if left is None else min(interval.end, left)
    at = float(time[interval.slowest])
    return PlateauInterval(min(start, at), max(end, at), interval.slowest, followed or left is not None)


def crossing(history: History, at: int, other: int | None, step: int) -> float | None:
    """When the trajectory, from instant ``at`` on in one direction of time, is no more near.

    Parameters
    ----------
    history, at
        The plateau's slowest instant.
    other
        That of the neighbouring plateau; None: there is none.
    step
        1: later; -1: earlier.

    Returns
    -------
    float or None
        None: it is near to the end, or the start, of the run.
    """
    stop = (len(history.time) - 1 if step > 0 else 0) if other is None else other
    instants = np.arange(at, stop + step, step)

    def away(loss: np.ndarray, residual: np.ndarray) -> np.ndarray:
        fallen = np.abs(loss - history.loss[at])
        return np.column_stack([np.abs(residual - history.residual[at]), fallen])

    moved = away(history.loss[instants], history.residual[instants])
    size, way = history.loss[at], moved[:, :-1].max(axis=0)
    if other is None:
        way = np.maximum(way, np.abs(history.residual[at]))
    else:
        size = min(size, moved[-1, -1])
    way = np.maximum(way, STILL * way.max(initial=0.0))
    limits = LEFT * np.append(way, size)
    limits = np.where(limits > 0, limits, np.inf)
    beyond = np.flatnonzero((moved > limits).any(axis=1))
    if not len(beyond):
        return None
    last = int(beyond[0])
    near, far = (float(history.time[instants[i]]) for i in (last - 1, last))
    read = history.read
    if read is None:
        return first_beyond(near, far, moved[last - 1] / limits, moved[last] / limits)

    def left_to_go(times: np.ndarray) -> np.ndarray:
        there = read(times)
        return np.asarray(1.0 - (away(there.loss, there.residual) / limits).max(axis=1))

    ends = [(time, 1.0 - float((moved[i] / limits).max())) for i, time in ((last - 1, near), (last, far))]
    return crossing_time(left_to_go, *ends)


def first_beyond(near: float, far: float, before: np.ndarray, after: np.ndarray) -> float:
    """When the first of several shares exceeds 1, each on a straight line from ``near`` to ``far``."""
    over = after > 1.0
    ends = zip(1.0 - before[over], 1.0 - after[over], strict=True)
    found = [straight((near, float(one)), (far, float(other))) for one, other in ends]
    return min(found) if far > near else max(found)
