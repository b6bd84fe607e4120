"""The extremal directions of a residual: the critical points of G on the sphere, all of them.

G(u) = 1/n sum_k r_k phi(<u, x_k>) is what a small neuron of direction u climbs (equation (10); Maennel,
Bousquet and Gelly 2018). With phi(z) = slope z + (1 - slope) relu(z) and one unit normal n_h for all points
whose boundary is the same hyperplane h,

    G(u) = <l, u> + sum_h b_h relu(<u, n_h>).

Let B be the hyperplanes that hold u, F what they have in common, and g = l + sum of b_h n_h over the others with
<u, n_h> > 0. On F the sum is <g, u>, so u is critical along F if it is +-g_F/|g_F|, g_F the projection of g on F.
It is critical across F if

    g + sum over B of s_h b_h n_h   is in F for some 0 <= s_h <= 1

(0 is in Clarke's subdifferential of G on the sphere). So all of them are found by going through the flats F of the
arrangement and the cells of the other hyperplanes on each.

Along F, on the sphere, the second derivative of G is -G. Across F the slope to the side of h is -s_h b_h or (1
- s_h) b_h: down on both sides where b_h < 0, up where b_h > 0, none on one where s_h is 0 or 1. So u is a
maximum if b_h < 0 on all of B, and G > 0 where a direction has no slope; a minimum with both signs the
opposite; else a saddle. Where G is 0 on a whole cell (no point is active, or the active ones are fitted)
nothing moves: no point of such a cell, or of its border, counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from catalog.schema import variable
from pipeline.network.activation import Activation
from pipeline.network.activation_patterns import count_in_general_position, enumerate_patterns
from pipeline.network.rays import group_equal_rows, unit_rows
from pipeline.stationary.frozen_flow import FLAT
from pipeline.stationary.least_force import ROUNDING

MAXIMUM, MINIMUM, SADDLE = KINDS = variable("alignment", "kind").flags
"""What G is at a critical point."""
SAME = 1e-10
"""The difference of two unit vectors up to which they are one."""
ACROSS = 1e-9
"""The share of the largest possible force up to which a vector lies in a flat."""
MOST_CELLS = 40_000
"""How many cells of flats are gone through: about a second's work."""


@dataclass(frozen=True)
class Extremal:
    """Critical points of G.

    Attributes
    ----------
    direction
        u [extremal, coord], of length 1.
    value
        G(u) [extremal].
    kind
        A word of :data:`KINDS` [extremal].
    touching
        On the boundary of how many points u lies [extremal].
    """

    direction: np.ndarray
    value: np.ndarray
    kind: np.ndarray
    touching: np.ndarray


@dataclass(frozen=True)
class SphereFunction:
    """G in its own terms: ``linear`` l [coord], unit ``normals`` n_h and ``bends`` b_h [hyperplane]."""

    x: np.ndarray
    weight: np.ndarray
    activation: Activation
    linear: np.ndarray
    normals: np.ndarray
    bends: np.ndarray
    size: float

    @classmethod
    def of(cls, x: np.ndarray, residual: np.ndarray, activation: Activation) -> SphereFunction:
        """That of points x (n, d) and a residual r (n)."""
        slope, n = activation.negative_slope, len(x)
        unit, length = unit_rows(x)
        share = residual * length / n
        # Points on one line through the origin have one boundary: relu(-z) = relu(z) - z.
        leading = np.take_along_axis(unit, np.argmax(np.abs(unit) > 0.5 / np.sqrt(x.shape[1]), axis=1)[:, None], 1)
        side = np.where(leading[:, 0] < 0, -1.0, 1.0)
        some = np.flatnonzero(length > 0)
        first, group = group_equal_rows(unit[some] * side[some, None], SAME)
        bends = (1.0 - slope) * np.bincount(group, share[some], minlength=len(first))
        linear = slope * (share @ unit) + (1.0 - slope) * (np.where(side < 0, share, 0.0) @ unit)
        normals = unit[some][first] * side[some][first, None]
        size = float(np.abs(share).sum()) * max(1.0, abs(slope))
        return cls(x, residual / n, activation, linear, normals, bends, size)

    def value(self, u: np.ndarray) -> np.ndarray:
        """G(u), for u (..., coord)."""
        return np.asarray(self.activation.value(u @ self.x.T) @ self.weight)


def critical_points(x: np.ndarray, residual: np.ndarray, activation: Activation) -> Extremal | None:
    """All critical points of G on the sphere of the points' span; None if there are too many cells.

    Parameters
    ----------
    x, residual
        [point, coord] and [point].
    activation
        The ReLU, or the leaky one.
    """
    basis = span(x)
    if not basis.shape[1]:  # all points are 0
        return _none(x.shape[1])
    function = SphereFunction.of(x @ basis, residual, activation)
    if not feasible(len(function.normals), basis.shape[1]):
        return None
    found = [part for flat, held in flats(function.normals) for part in on_flat(function, flat, held)]
    if not found:
        return _none(x.shape[1])
    direction, kind = np.array([u for u, _ in found]), np.array([kind for _, kind in found])
    value = function.value(direction)
    order = np.lexsort((*np.round(direction.T, 9), -np.round(value / (function.size or 1.0), 12)))
    direction, kind, value = direction[order], kind[order], value[order]
    touching = (np.abs(direction @ unit_rows(x @ basis)[0].T) <= ACROSS).sum(axis=1)
    return Extremal(direction @ basis.T, value, kind, touching)


def _none(coordinates: int) -> Extremal:
    return Extremal(np.zeros((0, coordinates)), np.zeros(0), np.zeros(0, dtype="<U7"), np.zeros(0, int))


def span(x: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span the points [coord, rank]."""
    _, size, rows = np.linalg.svd(x, full_matrices=False)
    return np.asarray(rows[size > ROUNDING * size.max(initial=0.0)].T)


def feasible(hyperplanes: int, dimension: int) -> bool:
    """Whether the cells of all flats can be gone through."""
    cells = 0
    for held in range(dimension):
        rest = max(hyperplanes - held, 0)
        cells += comb(hyperplanes, held) * count_in_general_position(rest, dimension - held)
        if cells > MOST_CELLS:
            return False
    return dimension > 0


def flats(normals: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each flat of the arrangement but the origin: an orthonormal basis [coord, size], and who holds it.

    The whole space first. A flat that is in more hyperplanes than it needs is given once.
    """
    count, dimension = normals.shape
    yield np.eye(dimension), np.zeros(count, dtype=bool)
    for size in range(1, dimension):
        seen: set[bytes] = set()
        for chosen in combinations(range(count), size):
            values, rows = np.linalg.svd(normals[list(chosen)])[1:]
            if values[-1] <= SAME:
                continue
            flat = rows[size:].T
            held = (np.abs(normals @ flat) <= SAME).all(axis=1)
            if held.tobytes() not in seen:
                seen.add(held.tobytes())
                yield flat, held


def on_flat(function: SphereFunction, flat: np.ndarray, held: np.ndarray) -> Iterator[tuple[np.ndarray, str]]:
    """The critical points on one flat and on no smaller one, and what G is there."""
    others, bends = function.normals[~held], function.bends[~held]
    seen = others @ flat
    cells = enumerate_patterns(seen) if len(seen) else np.zeros((1, 0), dtype=bool)
    forces = function.linear + (cells * bends) @ others
    along = forces @ flat
    size = np.linalg.norm(along, axis=1)
    if flat.shape[1] == 1:
        unit = np.ones((len(cells), 1))
    else:  # where there is no force along the flat, G is level in the cell
        some = size > FLAT * function.size
        cells, forces, along, unit = cells[some], forces[some], along[some], along[some] / size[some, None]
    for sign in (1.0, -1.0):
        height = sign * (unit @ seen.T)
        own = ((height > ROUNDING) == cells).all(axis=1) & (np.abs(height) > ROUNDING).all(axis=1)
        for i in np.flatnonzero(own):
            shares = across(function, forces[i], flat, held)
            slope = sign * float(along[i] @ unit[i])
            slope = slope if abs(slope) > FLAT * function.size else 0.0
            kind = None if shares is None else kind_of(function.bends[held], shares, slope, flat.shape[1])
            if kind is not None:
                yield sign * flat @ unit[i], kind


def across(function: SphereFunction, force: np.ndarray, flat: np.ndarray, held: np.ndarray) -> np.ndarray | None:
    """The shares s_h for which the force lies in the flat; None if there are none."""
    off = force - flat @ (flat.T @ force)
    kinks = function.bends[held, None] * function.normals[held]
    if not held.any():
        return np.zeros(0)
    unit = function.size or 1.0
    shares = np.linalg.lstsq(kinks.T / unit, -off / unit, rcond=1e-12)[0]
    if (shares < -SAME).any() or (shares > 1 + SAME).any():
        if held.sum() == len(flat) - flat.shape[1]:  # independent: there are no others
            return None
        from scipy.optimize import lsq_linear

        shares = lsq_linear(kinks.T / unit, -off / unit, (0.0, 1.0), method="bvls", tol=1e-14).x
    missing = np.linalg.norm(off + shares @ kinks)
    return np.clip(shares, 0.0, 1.0) if missing <= ACROSS * unit else None


def kind_of(bends: np.ndarray, shares: np.ndarray, value: float, dimension: int) -> str | None:
    """What G is at a critical point of this value, on a flat of this dimension; None beside a level cell."""
    bent = np.abs(bends) > 0
    at_end = (np.minimum(shares, 1.0 - shares) <= ACROSS) | ~bent
    curved = dimension > 1 or bool(at_end.any())
    if curved and value == 0.0:
        return None
    for sign, kind in ((1.0, MAXIMUM), (-1.0, MINIMUM)):
        if (sign * bends[bent] < 0).all() and (not curved or sign * value > 0):
            return kind
    return SADDLE
