"""How wide the network must be: assumption 3, and whether the minimum norm is reached (section 3.2).

For an isotropic start a neuron is in S_{+,1} with probability p_+ = 2^-(n_+ + 1) (its sign, and the side of each
of the n_+ orthogonal points), in S_{-,1} with p_- likewise, never in both. So of m neurons

    P(assumption 3) = 1 - (1 - p_+)^m - (1 - p_-)^m + (1 - p_+ - p_-)^m,

which converges to 1 exponentially in m, and needs m of the order 2^(n/2). The paper says that the assumption is
necessary for the minimum norm, not only sufficient: here both are counted over the same seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from pipeline.inputs.arguments import counts, whole
from pipeline.theory.ends import end_of, labelled_points, start_of

POINTS, WIDTHS, SEEDS = (2, 4, 6, 8), (2, 4, 8, 16, 32, 64, 128, 256), 30
LOG10_SCALE = -30.0
"""log10 of lambda sqrt(m): small enough that the excess of a run that tends to the minimum is below 1e-7."""
CURVE = 200
"""How many widths the exact probability is given at."""
REACHED = 1e-2
"""The relative excess up to which the minimum counts as reached."""


def assumption_3_probability(n: int, width: int | np.ndarray) -> np.ndarray:
    """The exact probability for n orthogonal points, half of each sign."""
    n = whole("n", n)
    p, q = 0.5 ** (n // 2 + 1), 0.5 ** (n - n // 2 + 1)
    m = np.asarray(width, dtype=float)
    return np.asarray(1.0 - (1.0 - p) ** m - (1.0 - q) ** m + (1.0 - p - q) ** m)


def even_odds_width(n: int) -> float:
    """The width at which assumption 3 holds with probability 1/2, by bisection."""
    n = whole("n", n)
    low, high = 1.0, 2.0 ** (n + 8)
    while high / low > 1.0 + 1e-9:
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if assumption_3_probability(n, np.array(middle)) < 0.5 else (low, middle)
    return low


def width_law(
    points: Sequence[int] = POINTS,
    widths: Sequence[int] = WIDTHS,
    seeds: int = SEEDS,
    advance: Callable[[], None] = lambda: None,
) -> xr.Dataset:
    """Count over ``seeds`` starts how often assumption 3 holds, and how often the minimum norm is reached.

    Parameters
    ----------
    points, widths
        Even numbers n of orthonormal points, and numbers m of neurons.
    seeds
        How many starts for each.
    advance
        Called after each width of each n.

    Returns
    -------
    Dataset
        assumption_3, reached, agreement (points, width): shares of the starts, the last of those for which both or
        neither came true; probability: the exact one of assumption 3, and probability_curve on a finer
        grid of widths; even_odds(points): the width at which it
        is 1/2.
    """
    points, widths = counts("points", points), counts("widths", widths)
    seeds = whole("seeds", seeds)
    shares = np.zeros((3, len(points), len(widths)))
    for i, n in enumerate(points):
        data, least = labelled_points(n)
        for j, m in enumerate(widths):
            for seed in range(seeds):
                end = end_of(data, start_of(data, m, LOG10_SCALE, seed, per_sqrt_width=True), least)
                reached = end.excess <= REACHED
                shares[:, i, j] += np.array([end.assumption_3, reached, end.assumption_3 == reached]) / seeds
            advance()
    both = ("points", "width")
    exact = np.array([assumption_3_probability(n, np.array(widths)) for n in points])
    fine = np.geomspace(widths[0], widths[-1], CURVE)
    curve = np.array([assumption_3_probability(n, fine) for n in points])
    words = {
        "assumption_3": (both, shares[0], "share of starts that meet assumption 3"),
        "reached": (both, shares[1], "share of starts that reach the minimum norm"),
        "agreement": (both, shares[2], "share of starts where both or neither is true"),
        "probability": (both, exact, "exact probability of assumption 3"),
        "probability_curve": (("points", "fine_width"), curve, "exact probability of assumption 3"),
        "even_odds": (("points",), np.array([even_odds_width(n) for n in points]), "width of probability 1/2"),
    }
    return xr.Dataset(
        {name: (dims, values, {"long_name": said, "units": "1"}) for name, (dims, values, said) in words.items()},
        {
            "points": ("points", np.asarray(points), {"long_name": "number of points n", "units": "1"}),
            "fine_width": ("fine_width", fine, {"long_name": "number of neurons m", "units": "1"}),
            "width": ("width", np.asarray(widths), {"long_name": "number of neurons m", "units": "1"}),
        },
        {"law": "width", "seeds": seeds, "log10_scale": LOG10_SCALE, "reached_excess": REACHED},
    )
