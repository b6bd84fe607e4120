"""Which way a neuron can leave a corner of boundaries, by Filippov's definition and brute force.

The boundaries are the hyperplanes <w, x_k> = 0; parallel and antiparallel points share one, with a unit normal
e_u. The velocity is v = s D, s the sign of a. On its positive side boundary u adds P_u e_u to D, on its negative
side Q_u e_u. A *mode* is a side +1, -1 or 0 (sliding) for each boundary; it is admissible if

- v, projected off the normals of the boundaries that are slid along, moves to the stated side of all others;
- some mean of the forces in the open regions around (the regions of the arrangement of the slid boundaries, with
  the others at their sides) has that projection: then v is in Filippov's set.

For boundaries with independent normals the second condition is a multiplier between 0 and 1 for each. For
dependent ones it is membership in a convex hull. Nothing here is shared with the solver.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from scipy.optimize import linprog

PARALLEL = 1e-12
"""The sine below which two points share a boundary."""
DEPENDENT = 1e-8
"""The singular value of unit normals below which they are dependent."""


@dataclass(frozen=True)
class Boundaries:
    """The hyperplanes of the points.

    Attributes
    ----------
    normal : float64[boundaries, d]
        Unit normals, each along its first point.
    of : int64[n]
        The boundary of each point, -1 for a zero vector.
    along : float64[n]
        |x_k|, negative where x_k points to the negative side.
    slope : float
        Of the leaky ReLU.
    """

    normal: np.ndarray
    of: np.ndarray
    along: np.ndarray
    slope: float

    @classmethod
    def between(cls, x: np.ndarray, slope: float) -> Boundaries:
        """Find the boundaries of the points ``x`` (n, d)."""
        normals: list[np.ndarray] = []
        of, along = np.full(len(x), -1), np.zeros(len(x))
        for k, point in enumerate(x):
            length = np.linalg.norm(point)
            if length == 0.0:
                continue
            unit = point / length
            for u, normal in enumerate(normals):
                cosine = unit @ normal
                if np.linalg.norm(unit - cosine * normal) <= PARALLEL:
                    of[k], along[k] = u, length * np.sign(cosine)
                    break
            else:
                of[k], along[k] = len(normals), length
                normals.append(unit)
        return cls(np.array(normals).reshape(-1, x.shape[1]), of, along, slope)

    def gains(self, side: np.ndarray) -> np.ndarray:
        """phi' (..., n) at the points for sides (..., boundaries); 0 where the neuron slides."""
        if len(self.normal) == 0:
            return np.zeros((*side.shape[:-1], len(self.of)))
        way = np.where(self.of >= 0, side[..., self.of] * np.sign(self.along), 0.0)
        return np.where(way > 0, 1.0, np.where(way < 0, self.slope, 0.0))

    def forces(self, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P and Q (..., boundaries): what each boundary adds to D along its normal, from residuals (..., n)."""
        n = len(self.of)
        share = r * self.along / n
        positive = np.where(self.along > 0, 1.0, self.slope)
        negative = np.where(self.along > 0, self.slope, 1.0)
        which = (self.of[:, None] == np.arange(len(self.normal))).astype(float)
        return (share * positive) @ which, (share * negative) @ which

    def has_dead_side(self, hand: np.ndarray) -> bool:
        """Whether all points of the boundaries ``hand`` (a mask) can be off at once: a neuron can rest there."""
        here = np.isin(self.of, np.flatnonzero(hand))
        normal, side = self.normal[hand], np.searchsorted(np.flatnonzero(hand), self.of[here])
        off = [one for one in regions(normal) if (one[side] * self.along[here] < 0).all()]
        return bool(off)

    def switched_off(self, r: np.ndarray) -> np.ndarray:
        """What each boundary (..., boundaries) adds with phi'(0) = slope for all its points."""
        which = (self.of[:, None] == np.arange(len(self.normal))).astype(float)
        return self.slope * (r * self.along / len(self.of)) @ which


def regions(normal: np.ndarray) -> np.ndarray:
    """The sign vectors (regions, boundaries) of the open regions of hyperplanes through 0."""
    if np.linalg.matrix_rank(normal, tol=DEPENDENT) == 2:
        found = faces_of_lines(normal)
        return found[(found != 0).all(axis=1)].astype(float)
    signs: list[tuple[int, ...]] = [()]
    for u in range(len(normal)):
        signs = [(*old, way) for old in signs for way in (-1, 1) if _open(normal[: u + 1], (*old, way))]
    return np.array(signs, dtype=float).reshape(-1, len(normal))


def faces_of_lines(normal: np.ndarray) -> np.ndarray:
    """The sign vectors (faces, boundaries) of lines through 0 in a plane: 0, the rays and the regions between."""
    flat = normal @ np.linalg.svd(normal, full_matrices=False)[2][:2].T
    rays = np.arctan2(flat[:, 1], flat[:, 0]) + np.pi / 2
    rays = np.sort(np.concatenate([rays, rays + np.pi]) % (2 * np.pi))
    ways = np.concatenate([rays, 0.5 * (rays + np.append(rays[1:], rays[0] + 2 * np.pi))])
    reach = flat @ np.array([np.cos(ways), np.sin(ways)])
    found = np.where(np.abs(reach) <= DEPENDENT, 0, np.sign(reach)).T.astype(int)
    return np.unique(np.concatenate([np.zeros((1, len(normal)), dtype=int), found]), axis=0)


def _open(normal: np.ndarray, signs: tuple[int, ...]) -> bool:
    """Whether some point is strictly on these sides."""
    q = normal.shape[1]
    lines = -np.array(signs)[:, None] * normal
    rows = np.column_stack([lines, np.ones(len(normal))])  # sign <normal, w> >= t
    best = linprog(
        np.r_[np.zeros(q), -1.0], A_ub=rows, b_ub=np.zeros(len(normal)), bounds=[(-1, 1)] * q + [(None, 1)]
    )
    return bool(best.status == 0 and best.x[-1] > DEPENDENT)


class Corner:
    """The boundaries that are slid along at once: where D may go, and whether Filippov's set allows it.

    Parameters
    ----------
    normal : float64[slid, d]
    """

    def __init__(self, normal: np.ndarray) -> None:
        self.normal = normal
        _, sizes, rows = np.linalg.svd(normal, full_matrices=False)
        self.span = rows[sizes > DEPENDENT]
        self.independent = len(self.span) == len(normal)
        self.projector = np.eye(normal.shape[1]) - self.span.T @ self.span
        self.solve = -np.linalg.pinv(normal.T) if self.independent else None
        self.signs = None if self.independent else regions(normal @ self.span.T)

    def margin(self, rest: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
        """How far the projected force is inside Filippov's set, negative outside; in units of the force.

        Parameters
        ----------
        rest : float64[d]
            The force of all other boundaries.
        positive, negative : float64[slid]
            P and Q of the boundaries slid along.
        """
        if self.independent:
            held = self.solve @ rest
            low, high = np.minimum(positive, negative), np.maximum(positive, negative)
            return float(np.minimum(held - low, high - held).min())
        forces = np.where(self.signs > 0, positive, negative) @ (self.normal @ self.span.T)
        target = -self.span @ rest
        return flat_margin(forces, target) if len(self.span) == 2 else hull_margin(forces, target)


def flat_margin(points: np.ndarray, target: np.ndarray) -> float:
    """How far ``target`` is inside the convex hull of ``points`` (many, 2): the least over the hull's sides."""
    i, k = np.triu_indices(len(points), 1)
    edges = points[k] - points[i]
    length = np.linalg.norm(edges, axis=1)
    edges = edges[length > 1e-14 * max(np.abs(points).max(), 1e-300)]
    if len(edges) == 0:
        return -float(np.linalg.norm(points[0] - target))
    edges = edges / np.linalg.norm(edges, axis=1)[:, None]
    ways = np.concatenate([edges, edges @ np.array([[0.0, 1.0], [-1.0, 0.0]])])
    ways = np.concatenate([ways, -ways])
    return float((ways @ (points - target).T).max(axis=1).min())


def hull_margin(points: np.ndarray, target: np.ndarray) -> float:
    """The same in any dimension: minus the distance (largest coordinate) from the hull, 0 inside."""
    many, q = points.shape
    equal = np.column_stack([points.T, -np.eye(q), np.eye(q), np.zeros(q)])
    total = np.r_[np.ones(many), np.zeros(2 * q + 1)]
    unit = max(np.abs(points).max(), np.abs(target).max(), 1e-300)
    equal[:, :many] /= unit
    below = np.column_stack([np.zeros((2 * q, many)), np.eye(2 * q), -np.ones(2 * q)])
    best = linprog(
        np.r_[np.zeros(many + 2 * q), 1.0],
        A_ub=below, b_ub=np.zeros(2 * q), A_eq=np.vstack([equal, total]), b_eq=np.r_[target / unit, 1.0],
    )  # fmt: skip
    return -unit * float(best.fun)


@dataclass(frozen=True)
class Choice:
    """An admissible mode: the sides of the boundaries at hand, and v."""

    side: np.ndarray
    velocity: np.ndarray


def steady(choices: list[np.ndarray]) -> list[int]:
    """Which modes (by their sides) no other one refines.

    A mode that slides where another, with the same sides elsewhere, leaves is a solution, but one from which every
    nearby trajectory departs: gradient descent by however small steps takes the other.
    """
    return [
        i
        for i, one in enumerate(choices)
        if not any(k != i and (other[one != 0] == one[one != 0]).all() for k, other in enumerate(choices))
    ]


@lru_cache(maxsize=5000)
def _corner(shape: tuple[int, ...], content: bytes) -> Corner:
    return Corner(np.frombuffer(content).reshape(shape))


def corner_of(normal: np.ndarray) -> Corner:
    """The corner of these normals, built once."""
    return _corner(normal.shape, np.ascontiguousarray(normal).tobytes())


@lru_cache(maxsize=5000)
def _sides(shape: tuple[int, ...], content: bytes) -> np.ndarray:
    normal = np.frombuffer(content).reshape(shape)
    if len(normal) > 2 and np.linalg.matrix_rank(normal, tol=DEPENDENT) == 2:
        found = faces_of_lines(normal)
    else:
        found = np.array(list(product((0, 1, -1), repeat=len(normal))), dtype=int)
    return found[np.argsort(np.abs(found).sum(axis=1), kind="stable")]


def sides_of(normal: np.ndarray) -> np.ndarray:
    """The sides that there can be (many, boundaries): all of them, or a plane's faces; the most sliding first."""
    return _sides(normal.shape, np.ascontiguousarray(normal).tobytes())


def admissible(
    rest: np.ndarray, normal: np.ndarray, positive: np.ndarray, negative: np.ndarray, s: float, tolerance: float
) -> list[Choice]:
    """All modes that Filippov's definition allows at a corner, by enumeration.

    Parameters
    ----------
    rest : float64[d]
        The force of all boundaries that are elsewhere.
    normal, positive, negative
        Of the boundaries at hand: (many, d), (many,), (many,).
    s
        The sign of a.
    tolerance
        The speed that is rounding.

    Returns
    -------
    list of Choice
        With different velocities; of modes that share a velocity the one that slides most.
    """
    found: list[Choice] = []
    for sides in sides_of(normal):
        slid = sides == 0
        force = rest + np.where(sides > 0, positive, np.where(sides < 0, negative, 0.0)) @ normal
        if slid.any():
            corner = corner_of(normal[slid])
            velocity = s * (corner.projector @ force)
        else:
            velocity = s * force
        if (sides * (normal @ velocity) <= np.where(slid, -1.0, tolerance)).any():
            continue
        if slid.any() and corner.margin(force, positive[slid], negative[slid]) < -tolerance:
            continue
        if all(np.linalg.norm(velocity - other.velocity) > 3 * tolerance for other in found):
            found.append(Choice(sides, velocity))
    return found
