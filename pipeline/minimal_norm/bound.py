"""A bound of the maximum over the unit sphere of |sum_k q_k phi(<u, x_k>)|, where the patterns are too many.

With phi(z) = slope z + (1 - slope) relu(z) the sum is <l, u> + sum_k c_k relu(<u, x_k>). The numbers z_k =
relu(<u, x_k>) satisfy z_k (<u, x_k> - z_k) = 0, z_k >= 0 and z_k >= <u, x_k>: with any multipliers delta_k > 0,
alpha_k >= 0, beta_k >= 0 and tau for |u| <= 1, the maximum over all u and z of the Lagrangian, which is concave
where H = tau - 1/4 sum delta_k x_k x_k^T is positive, is a bound (the dual of Shor's relaxation; for the
networks of Raghunathan, Steinhardt & Liang 2018):

    tau + sum_k e_k^2/(4 delta_k) + 1/4 <v, H^-1 v>,
    e = c + alpha + beta,   v = l + 1/2 sum_k (c + alpha - beta)_k x_k.

It is convex in all of them, and valid wherever the search for the least one ends. For orthogonal points it is
exact.
"""

from __future__ import annotations

import numpy as np

SEARCH = 120
"""How many values of the multipliers are tried."""


def certificate_bound(q: np.ndarray, points: np.ndarray, slope: float = 0.0) -> float:
    """A bound of max over unit u of |sum_k q_k phi(<u, x_k>)|.

    Parameters
    ----------
    q, points
        [point] and [point, coord].
    """
    return max(_bound_above(sign * q, points, slope) for sign in (1, -1))


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
    pull = y[there] / (np.abs(y).max(initial=0.0) or 1.0) / length[there] * length[there].min(initial=np.inf)
    bounds = []
    for sign in (1, -1):
        own = np.where(sign * pull > 0, pull, 0.0)
        size = _rough_bound(np.abs(own), unit)
        bounds.append(1.0 if size > 0 else 0.0)
        q[there] += own / (size or 1.0)
    total = (1 - slope) * max(bounds) if slope < 0 else max(bounds) + slope * min(bounds)
    q[there] /= length[there]
    return q / max(total, 1.0), min(total, 1.0)


def _bound_above(q: np.ndarray, points: np.ndarray, slope: float) -> float:
    from scipy.optimize import minimize

    linear, c = slope * (q @ points), (1 - slope) * q
    size = float(np.linalg.norm(linear) + np.linalg.norm(c) * np.linalg.norm(points))
    if not (c > 0).any():  # no relu pushes upwards: the linear part alone
        return float(np.linalg.norm(linear))
    linear, c, n = linear / size, c / size, len(q)
    best = np.inf

    def lagrangian(multipliers: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best
        value, gradient = _lagrangian(multipliers, linear, c, points)
        best = min(best, value)
        return value, gradient

    rough = _rough_bound(np.maximum(c, 0.0), points)
    start = np.concatenate([np.full(n, np.log(rough)), np.maximum(-c, 0.0), np.zeros(n)])
    limits = [(np.log(rough) - 20.0, np.log(rough) + 20.0)] * n + [(0.0, None)] * (2 * n)
    minimize(lagrangian, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": SEARCH})
    return size * min(best, float(np.linalg.norm(linear)) + rough)


def _rough_bound(c: np.ndarray, points: np.ndarray) -> float:
    """Of the relus of c >= 0: |sum over S of c_k x_k|^2 <= sum over all k, l of max(<c_k x_k, c_l x_l>, 0)."""
    scaled = c[:, None] * points
    return float(np.sqrt(np.sum(np.maximum(scaled @ scaled.T, 0.0))))


def _lagrangian(
    multipliers: np.ndarray, linear: np.ndarray, c: np.ndarray, points: np.ndarray
) -> tuple[float, np.ndarray]:
    """The bound at (log delta, alpha, beta), with the best tau, and its gradient."""
    n = len(c)
    delta, alpha, beta = np.exp(multipliers[:n]), multipliers[n : 2 * n], multipliers[2 * n :]
    e, v = c + alpha + beta, linear + 0.5 * (c + alpha - beta) @ points
    values, vectors = np.linalg.eigh(0.25 * (points.T * delta) @ points)
    part = vectors.T @ v
    largest = max(float(values[-1]), 0.0)
    above = _best_distance(largest - values, part**2)
    tau = largest + above
    h = vectors @ (part / (largest - values + above))
    along = points @ h
    value = tau + float(np.sum(e**2 / (4 * delta)) + 0.25 * v @ h)
    by_delta = along**2 / 16 - e**2 / (4 * delta**2)
    return value, np.concatenate([by_delta * delta, e / (2 * delta) + along / 4, e / (2 * delta) - along / 4])


def _best_distance(below: np.ndarray, squares: np.ndarray) -> float:
    """How far above the largest eigenvalue tau is best: where 1/4 sum squares/(below + distance)^2 = 1."""
    low, high = 0.0, 0.5 * float(np.sqrt(squares.sum())) + 1e-100
    floor = 1e-12 * (float(below.max()) + high)  # H stays positive whatever rounds
    for _ in range(60):
        middle = 0.5 * (low + high)
        if np.sum(squares / (below + middle) ** 2) > 4:
            low = middle
        else:
            high = middle
    return max(high, floor)
