"""When the statements look: the instants and intervals that they name, by the paper's formulas."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import xarray as xr

from pipeline.inputs.arguments import PROPER_SHARE, number
from pipeline.network.points import describe_points

INSIDE = 12
"""How many instants of each interval are looked at."""


@dataclass(frozen=True)
class Times:
    """The paper's times of one run; the larger |D| is that of the sign fitted first.

    Attributes
    ----------
    t1
        -epsilon ln(lambda)/|D_-| (Lemma 2).
    second_phase
        From the leading order of t2 to its bound, -(1 + 3 epsilon) ln(lambda)/|D_+| (Lemma 3).
    saddle
        Fact 1's interval, [-(1 + 3 epsilon) ln(lambda)/|D_+|, -(1 - epsilon) ln(lambda)/|D_-|].
    third_phase
        From the leading order of t3 to its bound, -(1 + 3 r epsilon) ln(lambda)/|D_-| (Lemma 4).
    """

    t1: float
    second_phase: tuple[float, float]
    saddle: tuple[float, float]
    third_phase: tuple[float, float]


def paper_times(log_scale: float, larger: float, smaller: float, epsilon: float) -> Times:
    """The paper's times for ln lambda < 0 and |D| of the two signs; infinite where a |D| is 0."""

    def over(rate: float, factor: float) -> float:
        return -factor * log_scale / rate if rate > 0.0 else inf

    ratio = larger / smaller if smaller > 0.0 else inf
    return Times(
        t1=over(smaller, epsilon),
        second_phase=(over(larger, 1.0), over(larger, 1.0 + 3.0 * epsilon)),
        saddle=(over(larger, 1.0 + 3.0 * epsilon), over(smaller, 1.0 - epsilon)),
        third_phase=(over(smaller, 1.0), over(smaller, 1.0 + 3.0 * ratio * epsilon)),
    )


def statement_times(data: xr.Dataset, log_scale: float, *, epsilon: float = 0.05) -> np.ndarray:
    """When a trajectory has to be looked at for every statement: the instants and some inside each interval.

    Parameters
    ----------
    data
        The dataset of the stage data.
    log_scale
        ln lambda, as in ``log_init_scale``.
    epsilon
        The free constant of the lemmas.

    Returns
    -------
    float64[time]
        Increasing; empty for lambda >= 1, where the paper names no time.
    """
    data = describe_points(data)
    log_scale, epsilon = number("log_scale", log_scale), number("epsilon", epsilon, PROPER_SHARE)
    rates = [float(np.hypot.reduce(data.variables[f"growth_{sign}"].values)) for sign in ("positive", "negative")]
    if not log_scale < 0.0:
        return np.empty(0)
    times = paper_times(log_scale, max(rates), min(rates), epsilon)
    intervals = [span for span in (times.second_phase, times.saddle, times.third_phase) if span[0] < span[1] < inf]
    instants = np.concatenate([[times.t1], *(np.linspace(*span, INSIDE) for span in intervals)])
    return np.unique(instants[np.isfinite(instants)])
