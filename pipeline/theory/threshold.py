"""How small lambda must be: the lambda* below which the minimum norm is reached, against m and n (section 3.2).

The paper infers that lambda* scales as Theta(1)/sqrt(m) e^(-Theta(n)). Here lambda* is where the final excess over
the minimum falls below 5 % of it, by bisection in ln(lambda), on starts that meet assumption 3.

Both laws are the idle neurons' doing (:mod:`pipeline.theory.ladder`). S_{+,1}, a share of the m neurons, has
fitted its labels when m lambda^2 e^(2 |D| t) is of order 1; those that grow at rho |D| are then at
m lambda^2 e^(2 rho |D| t) ~ (m lambda^2)^(1 - rho), which is the excess. So lambda* goes as 1/sqrt(m); and with
equal labels 1 - rho = 1 - sqrt(1 - 2/n), about 1/n, so that a given excess needs ln(1/lambda) proportional to n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice

import numpy as np
import xarray as xr

from pipeline.inputs.arguments import PAIRS, counts, whole
from pipeline.theory.ends import end_of, labelled_points, meets_assumption_3, start_of

WIDTHS, POINTS, SEEDS = (64, 128, 256, 512, 1024), (2, 4, 6, 8, 10), 5
FEW_POINTS, MANY_NEURONS = 4, 512
"""The n at which m varies, and the m at which n does."""
ALLOWED = 0.05
"""The relative excess at lambda*."""
LOWEST, HIGHEST, HALVINGS = -8.0, 0.0, 7
"""The range of log10 lambda, and how often it is halved: to 0.06."""


def threshold_law(
    widths: Sequence[int] = WIDTHS,
    points: Sequence[int] = POINTS,
    seeds: int = SEEDS,
    advance: Callable[[], None] = lambda: None,
) -> xr.Dataset:
    """Find lambda* for each width at n = 4, and for each number of points at m = 512.

    Parameters
    ----------
    widths, points
        Numbers of neurons, at least 2 (one can't meet assumption 3), and even numbers of orthonormal points.
    seeds
        How many starts that meet assumption 3 for each.
    advance
        Called after each.

    Returns
    -------
    Dataset
        log10_threshold_width(width, start) and log10_threshold_points(points, start); the fitted
        width_exponent = d ln(lambda*)/d ln(m) beside the paper's -1/2, and points_rate = -d ln(lambda*)/dn.
    """
    points, widths = counts("points", points), counts("widths", widths, PAIRS)
    seeds = whole("seeds", seeds)

    def found(n: int, m: int) -> list[float]:
        values = [log10_threshold(*labelled_points(n), m, seed) for seed in islice(good_seeds(n, m), seeds)]
        advance()
        return values

    by_width = np.array([found(FEW_POINTS, m) for m in widths])
    by_points = np.array([found(n, MANY_NEURONS) for n in points])
    log10 = {"long_name": "log10 lambda*", "comment": "The largest lambda with an excess of 5 %.", "units": "1"}
    across_m, across_n = np.median(by_width, axis=1), np.median(by_points, axis=1)
    exponent = np.polyfit(np.log10(widths), across_m, 1)[0] if len(widths) > 1 else np.nan
    rate = -np.log(10.0) * np.polyfit(points, across_n, 1)[0] if len(points) > 1 else np.nan
    return xr.Dataset(
        {
            "log10_threshold_width": (("width", "start"), by_width, log10),
            "log10_threshold_points": (("points", "start"), by_points, log10),
            "width_exponent": ((), exponent, {"long_name": "d ln(lambda*)/d ln(m)", "units": "1"}),
            "points_rate": ((), rate, {"long_name": "-d ln(lambda*)/dn", "units": "1"}),
        },
        {
            "width": ("width", np.asarray(widths), {"long_name": "number of neurons m", "units": "1"}),
            "points": ("points", np.asarray(points), {"long_name": "number of points n", "units": "1"}),
            "start": ("start", np.arange(seeds), {"long_name": "start", "units": "1"}),
        },
        {
            "law": "threshold",
            "seeds": seeds,
            "allowed_excess": ALLOWED,
            "points_of_widths": FEW_POINTS,
            "width_of_points": MANY_NEURONS,
        },
    )


def good_seeds(n: int, width: int) -> Iterator[int]:
    """The seeds whose starts meet assumption 3, in order."""
    data, _ = labelled_points(n)
    return (seed for seed in count() if meets_assumption_3(data, start_of(data, width, 0.0, seed, False)))


def log10_threshold(data: xr.Dataset, least: float, width: int, seed: int) -> float:
    """log10 of lambda* of one start; NaN if the excess is too large even at :data:`LOWEST`."""

    def small(log10_scale: float) -> bool:
        return end_of(data, start_of(data, width, log10_scale, seed, False), least).excess <= ALLOWED

    low, high = LOWEST, HIGHEST
    if not small(low):
        return float("nan")
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if small(middle) else (low, middle)
    return 0.5 * (low + high)
