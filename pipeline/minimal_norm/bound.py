"""A bound of the maximum over the unit sphere of |sum_k q_k phi(<u, x_k>)|, where the patterns are too many.

With phi(z) = slope z + (1 - slope) relu(z) the sum is <l, u> + sum_k c_k relu(<u, x_k>). The numbers z_k =
relu(<u, x_k>) satisfy z_k (<u, x_k> - z_k) = 0, z_k >= 0 and z_k >= <u, x_k>: with any multipliers delta_k > 0,
alpha_k >= 0, beta_k >= 0 and tau for |u| <= 1, the maximum over all u and z of the Lagrangian, which is concave
where H = tau - 1/4 sum delta_k x_k x_k^T is positive, is a bound (the dual of Shor's relaxation; for the
networks of Raghunathan, Steinhardt & Liang 2018):

    tau + sum_k e_k^2/(4 delta_k) + 1/4 <v, H^-1 v>,
    e = c + alpha + beta,   v = l + 1/2 sum_k (c + alpha - beta)_k x_k.

It is convex in all of them and in q, and valid wherever the search for the least one ends. For orthogonal points
it is exact.
"""

from __future__ import annotations

import numpy as np

from pipeline.minimal_norm.reduction import Reduced

SHARPNESS = (16.0, 64.0)
"""The bounds b of both signs count as (sum b^p)^(1/p), with these p one after the other."""
WORK, TRIES = 1e11, (40, 300)
"""How many q and multipliers are tried: so many multiplications, but never fewer or more than that. It is a count,
for what is published must not depend on the machine's speed."""
MOST_FACTORS = 25
"""How many tau are tried."""
MOST_PRODUCTS = 20_000
"""Of so many points at most all products of two are formed."""
STRETCH = 1_000
"""How many rows of inner products are formed at a time."""


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
        size = _rough_bound(np.abs(own), unit)
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

    points, labels = reduced.points, reduced.labels
    free = reduced.bias is not None
    radius = np.sqrt(2.0) if free else 1.0
    n = len(labels)
    best = (-np.inf, np.zeros(n), 0.0)

    def loss(numbers: np.ndarray, power: float) -> tuple[float, np.ndarray]:
        nonlocal best
        q, rest = numbers[:n], numbers[n:].reshape(2, 3 * n)
        q = q - q.mean() if free else q
        gain = float(q @ labels)
        sides = [
            _of_side(sign * q, multipliers, points, slope) for sign, multipliers in zip((1, -1), rest, strict=True)
        ]
        bounds = np.array([side[0] for side in sides])
        largest = float(bounds.max())
        if gain / (radius * largest) > best[0]:
            best = gain / (radius * largest), q, radius * largest
        if not gain > 0:
            return np.inf, np.zeros_like(numbers)
        shares = (bounds / largest) ** power
        weights = shares / shares.sum() / bounds
        by_q = weights[0] * sides[0][1] - weights[1] * sides[1][1] - labels / gain
        by_q = by_q - by_q.mean() if free else by_q
        gradient = np.concatenate([by_q, weights[0] * sides[0][2], weights[1] * sides[1][2]])
        return float(np.log(largest) + np.log(shares.sum()) / power - np.log(gain)), gradient

    first = start / (float(np.abs(start).max()) or 1.0)
    numbers = np.concatenate(
        [first, _first_multipliers(first, points, slope), _first_multipliers(-first, points, slope)]
    )
    limits = [(None, None)] * n + 2 * _limits(numbers[n : 2 * n])
    tries = int(np.clip(WORK / (2 * len(points) * points.shape[1] ** 2), *TRIES))
    for power in SHARPNESS:
        found = minimize(
            loss, numbers, (power,), jac=True, method="L-BFGS-B", bounds=limits,
            options={"maxfun": tries // len(SHARPNESS), "maxiter": tries},
        )  # fmt: skip
        numbers = found.x
    return best[1], best[2]


def _of_side(
    q: np.ndarray, multipliers: np.ndarray, points: np.ndarray, slope: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """The bound of the sum itself, not of its size, and its gradients by q and by the multipliers."""
    value, gradient, h = _lagrangian(multipliers, slope * (q @ points), (1 - slope) * q, points)
    n = len(q)
    return value, (1 - slope) * gradient[n : 2 * n] + 0.5 * slope * (points @ h), gradient


def _first_multipliers(q: np.ndarray, points: np.ndarray, slope: float) -> np.ndarray:
    """Multipliers (log delta, alpha, beta) to begin with."""
    c = (1 - slope) * q
    upwards = np.maximum(c, 0.0)
    # The better one is a product of all points with all.
    rough = _rough_bound(upwards, points) if len(c) <= STRETCH else float(upwards @ np.linalg.norm(points, axis=1))
    rough = rough or float(np.abs(c).max(initial=0.0)) or 1.0
    return np.concatenate([np.full(len(c), np.log(rough)), np.maximum(-c, 0.0), np.zeros(len(c))])


def _limits(log_delta: np.ndarray) -> list[tuple[float, float | None]]:
    """Bounds of the multipliers that begin with these."""
    n, middle = len(log_delta), float(log_delta[0])
    return [(middle - 20.0, middle + 20.0)] * n + [(0.0, None)] * (2 * n)


def _rough_bound(c: np.ndarray, points: np.ndarray) -> float:
    """Of the relus of c >= 0: |sum over S of c_k x_k|^2 <= sum over all k, l of max(<c_k x_k, c_l x_l>, 0).

    Of very many points, whose products would take minutes, by Cauchy and Schwarz: |c| times the largest singular
    value of the points.
    """
    if len(c) > MOST_PRODUCTS:
        there = points[c > 0]
        return float(np.linalg.norm(c) * np.sqrt(max(np.linalg.eigvalsh(there.T @ there)[-1], 0.0)))
    scaled = c[:, None] * points
    parts = [scaled[i : i + STRETCH] for i in range(0, len(c), STRETCH)]
    return float(np.sqrt(sum(np.sum(np.maximum(part @ scaled.T, 0.0)) for part in parts)))


def _lagrangian(
    multipliers: np.ndarray, linear: np.ndarray, c: np.ndarray, points: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """The bound at (log delta, alpha, beta), with the best tau, its gradient, and H^-1 v."""
    n = len(c)
    delta, alpha, beta = np.exp(multipliers[:n]), multipliers[n : 2 * n], multipliers[2 * n :]
    e, v = c + alpha + beta, linear + 0.5 * (c + alpha - beta) @ points
    scaled = points * (0.5 * np.sqrt(delta))[:, None]
    tau, h = _best_tau(scaled.T @ scaled, v)
    along = points @ h
    value = tau + float(np.sum(e**2 / (4 * delta)) + 0.25 * v @ h)
    by_delta = along**2 / 16 - e**2 / (4 * delta**2)
    gradient = np.concatenate([by_delta * delta, e / (2 * delta) + along / 4, e / (2 * delta) - along / 4])
    return value, gradient, h


def _best_tau(form: np.ndarray, v: np.ndarray) -> tuple[float, np.ndarray]:
    """The tau for which tau - form is positive and |h| = 2, h = (tau - form)^-1 v, by Newton's method; tau and h.

    It is the secular equation of a trust region (More and Sorensen 1983). Every tau that has a Cholesky factor
    gives a bound; the last one that has is taken.
    """
    from scipy.linalg.lapack import dpotrf, dpotrs  # cho_factor and cho_solve take as long again around them

    identity = np.eye(len(v))
    low, high = 0.0, float(np.abs(form).sum(axis=1).max(initial=0.0)) + 0.5 * float(np.linalg.norm(v)) + 1e-100
    tau, best = high, (high, np.zeros_like(v))
    for _ in range(MOST_FACTORS):
        factor, failed = dpotrf(tau * identity - form, lower=1)
        if failed:
            low = tau
            tau = 0.5 * (low + high)
            continue
        h = dpotrs(factor, v, lower=1)[0]
        length = float(np.linalg.norm(h))
        if length >= 2.0:
            low = tau
        else:
            high = tau
        best = tau, h
        if abs(length - 2.0) <= 1e-6 or length == 0.0:
            break
        slope_of_it = float(h @ dpotrs(factor, h, lower=1)[0])
        tau = tau + length**2 / slope_of_it * (length - 2.0) / 2.0
        if not low < tau < high:
            tau = 0.5 * (low + high)
    return best
