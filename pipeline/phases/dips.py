"""Where the flow lingers: the dips of g = |grad L|^2 / L, the relative rate at which the loss falls.

Along the flow d ln L/dt = -g. Near a stationary point whose loss is not 0, g is small; on the way from one to the
next it is large. So a plateau is a dip of ln g between two peaks, each :data:`PROMINENCE` times as high: no
formula and no scale of the data enters. At the start the peak before is infinitely high, and so is the one after
the end of a run whose data is not fitted: a run may begin or end at a stationary point. A run that converges to
loss 0 ends in a tail, which is no dip.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

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
class Dip:
    """A plateau in time, and the sample at which the flow is slowest."""

    start: float
    end: float
    slowest: int


def find_dips(
    time: np.ndarray, loss: np.ndarray, gradient_norm: np.ndarray, rate: float, zero_loss: float
) -> list[Dip]:
    """Find where a run may linger; which of the dips are one plateau: :mod:`pipeline.phases.lingering`.

    Parameters
    ----------
    time, loss, gradient_norm
        [time].
    rate
        The smaller of |D_+| and |D_-| that is not 0: what g is compared with in a run that has no peak at all.
    zero_loss
        The loss of the zero network, 1/(2n) sum_k y_k^2.

    Returns
    -------
    list of Dip
        In time's order. A dip lasts while g is below its lower peak over :data:`PROMINENCE`. A network that never
        moves has one.
    """
    arrived = np.flatnonzero(loss <= FITTED * zero_loss)
    length = int(arrived[0]) if len(arrived) else len(time)
    if length == 0 or zero_loss == 0:
        return []
    if not gradient_norm[:length].any():
        return [Dip(float(time[0]), float(time[length - 1]), 0)]
    log_rate = logarithmic_rate(loss[:length], gradient_norm[:length])
    peaks, bottoms = waves(log_rate, np.log(PROMINENCE))
    peaks[0] = np.inf
    if not len(arrived):
        peaks[-1] = np.inf
    found = []
    for i, bottom in enumerate(bottoms):
        peak = min(peaks[i], peaks[i + 1])
        level = (peak if np.isfinite(peak) else _log(rate)) - np.log(PROMINENCE)
        if log_rate[bottom] < level:
            start, end = interval(time[:length], log_rate, bottom, level)
            inside = np.flatnonzero((time[:length] >= start) & (time[:length] <= end))
            # The end of a run is no peak: a tail, in which the loss falls as fast as ever, has none either.
            if end < time[length - 1] or np.log(loss[inside[0]] / loss[inside[-1]]) < np.log(2.0):
                slowest = inside[np.argmin(gradient_norm[inside] / np.sqrt(loss[inside]))]
                found.append(Dip(start, end, int(slowest)))
    return found


def logarithmic_rate(loss: np.ndarray, gradient_norm: np.ndarray) -> np.ndarray:
    """Follow ln g, not below :data:`ROUNDING` of its largest; +inf where it is no number (a run away)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # Not |grad L|^2: the square of a gradient beyond 1e154, or below 1e-162, is no float.
        found = 2.0 * np.log(gradient_norm) - np.log(loss)
    found[np.isnan(found) | np.isposinf(found)] = np.inf
    highest = found[np.isfinite(found)].max(initial=-np.inf)
    return np.asarray(np.maximum(found, highest + np.log(ROUNDING))) if np.isfinite(highest) else found


def waves(values: np.ndarray, height: float) -> tuple[np.ndarray, list[int]]:
    """The bottoms of ``values`` between which they rise by ``height`` or more, and the peaks around them.

    Returns
    -------
    peaks : float64[bottom + 1]
        The largest value before the first bottom, between each two, and after the last.
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
    peaks = [values[first : last + 1].max() for first, last in pairwise(edges)]
    return np.array(peaks, dtype=float), bottoms


def interval(time: np.ndarray, log_rate: np.ndarray, bottom: int, level: float) -> tuple[float, float]:
    """When ln g falls below ``level`` before ``bottom``, and when it rises above it after; linear in between."""
    above = np.flatnonzero(log_rate >= level)
    before, after = above[above < bottom], above[above > bottom]

    def crossing(outside: int, inside: int) -> float:
        if not np.isfinite(log_rate[[outside, inside]]).all():
            return float(time[inside])
        share = (level - log_rate[inside]) / (log_rate[outside] - log_rate[inside])
        return float(time[inside] + share * (time[outside] - time[inside]))

    start = crossing(before[-1], before[-1] + 1) if len(before) else float(time[0])
    end = crossing(after[0], after[0] - 1) if len(after) else float(time[-1])
    return start, end


def _log(value: float) -> float:
    return float(np.log(value)) if value > 0 else -np.inf
