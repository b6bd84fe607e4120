"""A bound of the maximum over the unit sphere of sum_k q_k phi(<u, x_k>), by the dual of Shor's relaxation.

With phi(z) = slope z + (1 - slope) relu(z) the sum is <l, u> + sum_k c_k relu(<u, x_k>). With p_k = <u, x_k> the
numbers z_k = relu(p_k) satisfy z_k (p_k - z_k) = 0, z_k >= 0 and z_k >= p_k, and of each two points
(z_k - z_l) (p_k - p_l - z_k + z_l) >= 0, as the relu never rises faster than its argument (Fazlyab et al. 2019).
With any multipliers delta_k > 0, alpha_k >= 0, beta_k >= 0, lambda_kl >= 0 and tau for |u| <= 1, the maximum over
all u and z of the Lagrangian, which is concave where T = diag(delta) + the Laplacian of lambda and
H = tau - 1/4 X^T T X are positive, is a bound (for the networks of Raghunathan, Steinhardt & Liang 2018):

    tau + 1/4 <e, T^-1 e> + 1/4 <v, H^-1 v>,    e = c + alpha + beta,   v = l + 1/2 sum_k (c + alpha - beta)_k x_k.

It is convex in all of them and in q. For orthogonal points lambda = 0 is exact; for points that are near each
other and have unlike labels, as images, lambda is worth half as much again. It is sought for some pairs, within
blocks of points, so that T has a factor for each block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_FACTORS = 25
"""How many tau are tried."""
MOST_PRODUCTS = 20_000
"""Of so many points at most all products of two are formed."""
STRETCH = 1_000
"""How many rows of inner products are formed at a time."""
MOST_PAIRED, LARGEST_BLOCK = 1_200, 400
"""Up to how many points pairs have multipliers, and how many a block has at most: a factor takes their cube."""
NEAREST = 20
"""How many pairs each point is in: with the nearest points, and with as many of the other sign."""
FIRST_PAIR = 1e-4
"""The first multipliers of a point's pairs together, over that of its own."""


@dataclass(frozen=True)
class Block:
    """Points ``point``, and the pairs (one, other) of places among them that have a multiplier."""

    point: np.ndarray
    one: np.ndarray
    other: np.ndarray

    def laplacian(self, delta: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """T of these points."""
        size = len(self.point)
        form = np.zeros((size, size))
        form[self.one, self.other] = -pairs
        form += form.T
        np.fill_diagonal(form, delta[self.point] - form.sum(axis=1))
        return form


@dataclass(frozen=True)
class Relaxation:
    """The bound as a function of q and of the multipliers: log delta, alpha, beta, and lambda block by block."""

    points: np.ndarray
    slope: float
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, points: np.ndarray, labels: np.ndarray, slope: float) -> Relaxation:
        """With the pairs of points that are near each other; without any where the points are too many."""
        if len(points) > MOST_PAIRED:
            return cls(points, slope, ())
        return cls(points, slope, tuple(_block(points, labels, part) for part in _parts(points)))

    @property
    def pairs(self) -> int:
        """How many pairs have a multiplier."""
        return sum(len(block.one) for block in self.blocks)

    @property
    def work(self) -> int:
        """The multiplications that one bound takes."""
        n, r = self.points.shape
        return int(n * r**2 + sum(len(block.point) ** 2 * (len(block.point) // 3 + r) for block in self.blocks))

    def first(self, q: np.ndarray) -> np.ndarray:
        """Multipliers to begin with, those of pairs left out."""
        c = (1 - self.slope) * q
        upwards = np.maximum(c, 0.0)
        # The better one is a product of all points with all.
        few = len(c) <= STRETCH
        rough = rough_bound(upwards, self.points) if few else float(upwards @ np.linalg.norm(self.points, axis=1))
        rough = rough or float(np.abs(c).max(initial=0.0)) or 1.0
        return np.concatenate([np.full(len(c), np.log(rough)), np.maximum(-c, 0.0), np.zeros(len(c))])

    def with_pairs(self, multipliers: np.ndarray) -> np.ndarray:
        """Those multipliers, and small ones of the pairs."""
        n = len(self.points)
        between = FIRST_PAIR / n * np.exp(np.mean(multipliers[:n]))
        return np.concatenate([multipliers, np.full(self.pairs, between)])

    def limits(self, first: np.ndarray) -> list[tuple[float | None, float | None]]:
        """Bounds of the multipliers, where the search began with ``first``."""
        n, middle = len(self.points), float(first[0])
        return [(middle - 20.0, middle + 20.0)] * n + [(0.0, None)] * (2 * n + self.pairs)

    def bound(self, q: np.ndarray, multipliers: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The bound of the sum, not of its size, with the best tau; its gradients by q and by the multipliers."""
        n, slope = len(q), self.slope
        delta, alpha, beta = np.exp(multipliers[:n]), multipliers[n : 2 * n], multipliers[2 * n : 3 * n]
        c = (1 - slope) * q
        e, v = c + alpha + beta, (slope * q + 0.5 * (c + alpha - beta)) @ self.points
        factored = self._factored(delta, multipliers[3 * n :], e)
        if factored is None:
            return np.inf, np.zeros_like(q), np.zeros_like(multipliers)
        rows, g = factored
        tau, h = _best_tau(0.25 * (rows.T @ rows), v)
        along = self.points @ h
        value = tau + 0.5 * float(e @ g) + 0.25 * float(v @ h)
        between = [
            (along[k] - along[l]) ** 2 / 16 - (g[k] - g[l]) ** 2
            for k, l in ((block.point[block.one], block.point[block.other]) for block in self.blocks)
        ]
        by_multipliers = np.concatenate(
            [(along**2 / 16 - g**2) * delta, g + along / 4, g - along / 4, *between]
        )  # fmt: skip
        return value, (1 - slope) * (g + along / 4) + 0.5 * slope * along, by_multipliers

    def _factored(
        self, delta: np.ndarray, pairs: np.ndarray, e: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Rows R with R^T R = X^T T X, and 1/2 T^-1 e; None if T is not positive, up to rounding."""
        from scipy.linalg.lapack import dpotrf, dpotrs  # cho_factor and cho_solve take as long again around them

        if not self.blocks:
            return self.points * np.sqrt(delta)[:, None], e / (2 * delta)
        rows, g, first = np.empty_like(self.points), np.empty_like(e), 0
        for block in self.blocks:
            last = first + len(block.one)
            factor, failed = dpotrf(block.laplacian(delta, pairs[first:last]), lower=1, clean=1)
            if failed:
                return None
            rows[block.point] = factor.T @ self.points[block.point]
            g[block.point] = 0.5 * dpotrs(factor, e[block.point], lower=1)[0]
            first = last
        return rows, g


def rough_bound(c: np.ndarray, points: np.ndarray) -> float:
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


def _parts(points: np.ndarray) -> Sequence[np.ndarray]:
    """The points in blocks of the size that is allowed, halved along the direction in which they differ most."""
    found, waiting = [], [np.arange(len(points))]
    while waiting:
        part = waiting.pop()
        if len(part) <= LARGEST_BLOCK:
            found.append(part)
            continue
        inside = points[part] - points[part].mean(axis=0)
        along = inside @ np.linalg.svd(inside, full_matrices=False)[2][0]
        order = np.argsort(along, kind="stable")
        half = len(part) // 2
        waiting += [np.sort(part[order[:half]]), np.sort(part[order[half:]])]
    return found


def _block(points: np.ndarray, labels: np.ndarray, part: np.ndarray) -> Block:
    """Each point's pairs with those that are nearest to it, and with the nearest of those of the other sign."""
    products, n = points[part] @ points[part].T, len(part)
    np.fill_diagonal(products, -np.inf)
    positive = labels[part] > 0
    unlike = np.where(positive[:, None] != positive, products, -np.inf)
    numbers = []
    for of in (products, unlike):
        other = np.argsort(-of, axis=1, kind="stable")[:, :NEAREST]
        one = np.repeat(np.arange(n), other.shape[1])
        other, there = other.ravel(), np.isfinite(np.take_along_axis(of, other, axis=1)).ravel()
        numbers.append((np.minimum(one, other) * n + np.maximum(one, other))[there])
    both = np.unique(np.concatenate(numbers))
    return Block(part, both // n, both % n)


def _best_tau(form: np.ndarray, v: np.ndarray) -> tuple[float, np.ndarray]:
    """The tau for which tau - form is positive and |h| = 2, h = (tau - form)^-1 v, by Newton's method; tau and h.

    It is the secular equation of a trust region (More and Sorensen 1983). Every tau that has a Cholesky factor
    gives a bound; the last one that has is taken.
    """
    from scipy.linalg.lapack import dpotrf, dpotrs

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
