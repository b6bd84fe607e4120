"""Figure 1: when the phases end, as measured and as the paper predicts.

Measured by the exact solver along its steps, which its trajectory tells among its attributes
(:mod:`pipeline.flow.moments`), so that they do not depend on the samples; from the samples of another method:

- t1: all neurons of S_{+,1} and S_{-,1} have come within a cosine of 0.99 of D_+ and -D_- (where that comes
  after t2 or never, the phase of alignment ends when the first sign's residual has lost 1 %);
- t2: the labels of the sign with the larger |D| are fitted within 1 % for good;
- t3: those of the other sign are.

Predicted: Lemma 2's t1 = -epsilon ln(lambda)/|D_-| (by when, at the latest, they are aligned), and the leading
order of Lemmas 3 and 4, -ln(lambda)/|D_+| and -ln(lambda)/|D_-|. When the negative labels have the larger |D|,
the two signs change places, as the paper's 'without loss of generality' asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.schema import ALIGNED, FITTED


def first_time_above(time: np.ndarray, values: np.ndarray, level: float) -> float:
    """When ``values`` first reach ``level``, by linear interpolation; NaN if never."""
    reached = np.flatnonzero(values >= level)
    if len(reached) == 0:
        return float("nan")
    i = int(reached[0])
    if i == 0:
        return float(time[0])
    share = (level - values[i - 1]) / (values[i] - values[i - 1])
    return float(time[i - 1] + share * (time[i] - time[i - 1]))


def last_time_above(time: np.ndarray, values: np.ndarray, level: float) -> float:
    """When positive ``values`` fall below ``level`` for good; NaN if never.

    By interpolating their logarithm. After a fit nothing moves, and the next sample may be a hundred units
    away with the fall over soon: then the fall's own rate says earlier when, and that is taken (at
    lambda = 1e-1000 on ``orthonormal``, t2 is wrong by 0.07 instead of 0.8 of its 6148).
    """
    above = np.flatnonzero(~(values <= level))
    if len(above) == 0:
        return float(time[0])
    i = int(above[-1])
    if i == len(time) - 1:
        return float("nan")
    fall = np.log(values[i] / level)
    rate = np.log(values[i] / max(values[i + 1], 1e-300)) / (time[i + 1] - time[i])
    if i > 0 and values[i - 1] > 1.01 * values[i]:  # less is rounding's rate, not the fall's
        rate = max(rate, np.log(values[i - 1] / values[i]) / (time[i] - time[i - 1]))
    return float(time[i] + fall / rate)


def unfitted_share(residual: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The root mean square of the residual over that of the labels, at each time; NaN without labels."""
    if labels.size == 0:
        return np.full(len(residual), np.nan)
    unit = np.abs(labels).max()  # squares of labels of 1e-120 are no floats
    return np.asarray(np.sqrt(np.sum((residual / unit) ** 2, axis=1) / np.sum((labels / unit) ** 2)))


def fitted_time(time: np.ndarray, residual: np.ndarray, labels: np.ndarray) -> float:
    """When these labels are fitted within :data:`FITTED` for good; NaN if never, or if there are none."""
    if labels.size == 0:
        return float("nan")
    return last_time_above(time, unfitted_share(residual, labels), FITTED)


def fitting_starts(time: np.ndarray, residual: np.ndarray) -> float:
    """When the residual has lost :data:`FITTED` of its first size; NaN if never, or if there is none."""
    if residual.shape[1] == 0:
        return float("nan")
    size = np.linalg.norm(residual, axis=1)
    return first_time_above(time, size[0] - size, FITTED * size[0])


Times = tuple[float, float, float]


@dataclass(frozen=True)
class Told:
    """When each sign's neurons are aligned, when its residual moves, and when it is fitted.

    Each by the sign, 1 or -1; NaN where that does not come.
    """

    aligned: Mapping[int, float]
    moved: Mapping[int, float]
    fitted: Mapping[int, float]


def told_by(attributes: Mapping[Any, Any], last: float, first: int) -> Told | None:
    """Read what a trajectory's attributes tell; None if they do not.

    Parameters
    ----------
    attributes
        Of the trajectory.
    last
        Its last instant: what comes later has not come.
    first
        The sign that is fitted first, 1 or -1: it is told as 1.
    """
    names = ("aligned_times", "moved_times", "fitted_times")
    if not all(name in attributes for name in names):
        return None

    def existing(time: float) -> float:
        return time if 0.0 <= time <= last * (1.0 + 1e-12) else float("nan")

    def of(name: str) -> dict[int, float]:
        positive, negative = (existing(float(time)) for time in attributes[name])
        return {first: positive, -first: negative}

    return Told(*map(of, names))


def measured_times(
    time: np.ndarray,
    residual: np.ndarray,
    y: np.ndarray,
    alignment: Mapping[int, np.ndarray],
    told: Told | None = None,
) -> tuple[Times, Times]:
    """t1, t2, t3 as measured, and when the first three phases end.

    Parameters
    ----------
    time, residual
        [time] and [time, point].
    y
        The labels, with the sign that is fitted first as the positive one.
    alignment
        The least cosines of S_{+,1} (1) and of S_{-,1} (-1) with what they align with.
    told
        What the solver tells: from it, if it does, and not from the samples.
    """
    if told is None:
        told = told_by_samples(time, residual, y, alignment)
    # A set without neurons has no cosine, and nothing to wait for.
    aligned = [told.aligned[sign] for sign in (1, -1) if not np.isnan(alignment[sign]).all()]
    # Not Python's max: whether that returns a NaN depends on the order.
    times = (float(np.max(aligned)) if aligned else float("nan"), told.fitted[1], told.fitted[-1])
    # With labels of one sign only there is nothing to fit in between: convergence follows at once.
    ends = times if (y > 0).any() and (y < 0).any() else (times[0], times[1], times[1])
    if np.isnan(ends[0]) or ends[0] > ends[1]:  # a large start fits before it aligns, or never aligns
        ends = (told.moved[1], *ends[1:])
    return times, ends


def told_by_samples(
    time: np.ndarray, residual: np.ndarray, y: np.ndarray, alignment: Mapping[int, np.ndarray]
) -> Told:
    """The same from the samples, by interpolation: as exact as they are dense."""
    of_sign = {sign: sign * y > 0 for sign in (1, -1)}
    return Told(
        {sign: first_time_above(time, alignment[sign], ALIGNED) for sign in of_sign},
        {sign: fitting_starts(time, residual[:, rows]) for sign, rows in of_sign.items()},
        {sign: fitted_time(time, residual[:, rows], y[rows]) for sign, rows in of_sign.items()},
    )


def predicted_times(log_scale: float, larger: float, smaller: float, epsilon: float) -> Times:
    """The paper's t1, t2, t3 for |D| of the two signs; NaN where there is no label of a sign, or lambda >= 1."""
    escape = -log_scale if log_scale < 0 else float("nan")

    def over(rate: float) -> float:
        return escape / rate if rate > 0 else float("nan")

    return epsilon * over(smaller), over(larger), over(smaller)


def phase_numbers(time: np.ndarray, ends: Times, positive_first: bool) -> np.ndarray:
    """The phase at each time as a number of :data:`catalog.schema.PHASES`, for the ends t1, t2, t3.

    A time that does not exist (NaN) leaves its phase going on; one that comes before its predecessor makes
    its phase empty.
    """
    first, second = (2, 3) if positive_first else (3, 2)
    t1, t2, t3 = (np.inf if np.isnan(end) else end for end in ends)
    numbers = np.full(len(time), 1, dtype=np.int8)
    numbers[time >= t1] = first
    numbers[time >= t2] = second
    numbers[(time >= t2) & (time >= t3)] = 4
    return numbers
