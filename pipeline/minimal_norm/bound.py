"""The dual vector that bounds the least norm best where patterns are too many: by ``relaxation``, or roughly."""

from __future__ import annotations

import numpy as np

from pipeline.minimal_norm.reduction import Reduced
from pipeline.minimal_norm.relaxation import Relaxation, rough_bound

SHARPNESS = (16.0, 64.0)
"""The bounds b of both signs count as (sum b^p)^(1/p), with these p one after the other: the
second with the multipliers of pairs."""
WORK, TRIES = 6e10, (40, 300)
"""How many q and multipliers are tried: so many multiplications, but never fewer or more than that. It is a count,
for what is published must not depend on the machine's speed."""
FLAT = 1e-12
"""The gain of a try below which the search ends: it goes on past stretches where the bound hardly moves."""


def rough_certificate(x: np.ndarray, y: np.ndarray, slope: float = 0.0) -> tuple[np.ndarray, float]:
    """A feasible q at the price of the points' inner products alone, and the bound that makes it feasible.

    q_k = c y_k/|x_k|^2 as for orthogonal points, with a factor c for each sign. With b_+ and b_- the rough bounds
    of the positive and the negative q_k, the sum is at most max(b_+ + slope b_-, b_- + slope b_+) for slope >= 0,
    and (1 - slope) max(b_+, b_-) below. Exact for orthogonal points and slope 0, else it may be far off.

    Returns
    -------
    q, certificate_norm
    """
    length = np.linalg.norm(x / (np.abs(x).max(initial=0.0) or 1.0), axis=1) * np.abs(x).max(initial=0.0)
    there = length > 0
    q = np.zeros(len(y))
    unit = x[there] / length[there, None]
    force = y[there] / (np.abs(y).max(initial=0.0) or 1.0) / length[there] * length[there].min(initial=np.inf)
    bounds = []
    for sign in (1, -1):
        own = np.where(sign * force > 0, force, 0.0)
        size = rough_bound(np.abs(own), unit)
        bounds.append(1.0 if size > 0 else 0.0)
        q[there] += own / (size or 1.0)
    total = (1 - slope) * max(bounds) if slope < 0 else max(bounds) + slope * min(bounds)
    q[there] /= length[there]
    return q / max(total, 1.0), min(total, 1.0)


def best_certificate(reduced: Reduced, slope: float, start: np.ndarray) -> tuple[np.ndarray, float]:
    """The q, from ``start`` on, for which this bound leaves most of <q, y>, and the bound.

    Bound and <q, y> are homogeneous in q and the multipliers of both signs of the sum together, so that their
    ratio is searched for all of them at once. With a free bias the q have sum 0; a neuron's kink is on a point at
    the maximum then, |b| <= |w|, and the sphere of radius 2^(1/2) holds (w, b).

    Returns
    -------
    q, certificate_norm
    """
    from scipy.optimize import minimize

    labels, points = reduced.labels, reduced.points
    free = reduced.bias is not None
    radius = np.sqrt(2.0) if free else 1.0
    n = len(labels)
    best = (-np.inf, np.zeros(n), 0.0)

    def loss(numbers: np.ndarray, power: float, relaxation: Relaxation) -> tuple[float, np.ndarray]:
        nonlocal best
        q, rest = numbers[:n], numbers[n:].reshape(2, -1)
        q = q - q.mean() if free else q
        gain = float(q @ labels)
        sides = [relaxation.bound(sign * q, multipliers) for sign, multipliers in zip((1, -1), rest, strict=True)]
        bounds = np.array([side[0] for side in sides])
        largest = float(bounds.max())
        if np.isfinite(largest) and gain / (radius * largest) > best[0]:
            best = gain / (radius * largest), q, radius * largest
        if not (gain > 0 and np.isfinite(largest)):
            return np.inf, np.zeros_like(numbers)
        shares = (bounds / largest) ** power
        weights = shares / shares.sum() / bounds
        by_q = weights[0] * sides[0][1] - weights[1] * sides[1][1] - labels / gain
        by_q = by_q - by_q.mean() if free else by_q
        gradient = np.concatenate([by_q, weights[0] * sides[0][2], weights[1] * sides[1][2]])
        return float(np.log(largest) + np.log(shares.sum()) / power - np.log(gain)), gradient

    first = start / (float(np.abs(start).max()) or 1.0)
    apart, paired = Relaxation(points, slope, ()), Relaxation.of(points, labels, slope)
    sides = np.stack([apart.first(first), apart.first(-first)])
    delta: np.ndarray = sides[0]
    for power, relaxation in zip(SHARPNESS, (apart, paired), strict=True):
        if relaxation.blocks:
            sides = np.stack([paired.with_pairs(multipliers) for multipliers in sides])
        limits: list[tuple[float | None, float | None]] = [(None, None)] * n
        limits += 2 * relaxation.limits(delta)
        tries = int(np.clip(WORK / (2 * relaxation.work), *TRIES))
        found = minimize(
            loss, np.concatenate([first, *sides]), (power, relaxation), jac=True, method="L-BFGS-B", bounds=limits,
            options={"maxfun": tries if relaxation.blocks else tries // 2, "maxiter": tries, "ftol": FLAT},
        )  # fmt: skip
        first, sides = found.x[:n], found.x[n:].reshape(2, -1)
    return best[1], best[2]
