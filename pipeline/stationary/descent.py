"""Directions in which the loss falls from a stationary point, one-sided ones at the neurons' boundaries included.

A kept neuron j, w_j not 0, moves by v. With the points B on whose boundaries it lies (<w_j, x_k> = 0) the loss
changes to first order by -f(v),

    f(v) = a_j/n [<sum over k not in B of phi'_jk r_k x_k, v> + sum over k in B of r_k phi(<v, x_k>)],

a piecewise linear function: on each side of a boundary another one. phi(u) = s u + (1 - s) relu(u) with the
negative slope s, and f = <c, v> + sum over B of b_k relu(<v, x_k>), b_k = a_j (1 - s) r_k/n. The terms with
b_k > 0 are the largest of two linear functions each, so f is the largest of the functions

    g_S(v) = <c_S, v> - sum over b_k < 0 of |b_k| relu(<v, x_k>),   c_S = c + sum over S of b_k x_k,

over the subsets S of the points with b_k > 0. No direction descends if no g_S is positive anywhere, that is, if
each c_S lies in the zonotope of the vectors |b_k| x_k (Farkas). If one does not, the vector to it from the
nearest point of the zonotope descends.

A neuron that is 0 (w_j = 0 and a_j = 0) has no first derivative. The loss changes by -b F(v) to second order,
F(v) = 1/n sum_k r_k phi(<v, x_k>): it falls unless F is 0 everywhere.

Without such directions the point is a local minimum: within the patterns L = 1/(2n) |r - J u - q(u)|^2 with r
orthogonal to J u and, as the kept forces are 0, to the quadratic part q(u), so that L does not fall in any
direction u at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

from pipeline.network.algebra import pieces
from pipeline.network.patterns import Network, group_by_pattern
from pipeline.stationary.point import StationaryPoint

FLAT = 1e-8
"""The share of 1/n |r||x|, the largest slope that the residual could make, below which a slope is rounding."""
ROUNDING = 1e-12
"""The same share of 1/n |y||x|: of fitted labels a residual of rounding is left."""
SUBSETS = 256
"""How many subsets S are tried: eight points with b_k > 0 on one neuron's boundaries. Beyond, no answer is
given."""
VANISHED = 1e-6
"""|w_j| over |a_j| below which a neuron rests at w = 0, on the boundary of every point."""
PATTERNS = 2000
"""How many different neurons on boundaries are tried, a few milliseconds each. Beyond, no answer is given."""


@dataclass(frozen=True)
class Descent:
    """A direction in which the loss falls: the weights of ``neuron`` move by ``w`` (d) and ``a``.

    ``order`` is 1, or 2 for a neuron that is 0. ``point``: the point whose boundary the neuron crosses, None for
    a neuron that is 0.
    """

    neuron: int
    w: np.ndarray
    a: float
    order: int
    point: int | None


class UndecidedError(ArithmeticError):
    """Too many boundaries meet to try all their sides."""


def second_order_descent(network: Network, point: StationaryPoint) -> Descent | None:
    """Find a neuron that is 0 and a direction in which the loss falls as it grows; the steepest of those tried.

    It may turn anywhere; tried are the direction that it has, the force that it feels, and what is between them.
    """
    zero = np.flatnonzero(~point.kept & (point.a == 0))
    if not len(zero):
        return None
    zero = zero[np.unique(network.group[zero], return_index=True)[1]]
    own, force = network.direction[zero], point.force[network.group[zero]]
    force = force / np.linalg.norm(force, axis=1, keepdims=True)
    tried = np.stack([own, force, -force, own + 0.1 * force, own - 0.1 * force])
    tried /= np.linalg.norm(tried, axis=2, keepdims=True)
    inner = tried @ network.x.T
    slope = network.activation.value(inner) @ point.own_residual / len(network.y)
    way, steepest = np.unravel_index(np.argmax(np.abs(slope)), slope.shape)
    if abs(slope[way, steepest]) <= slope_floor(network, point):
        return None
    return Descent(int(zero[steepest]), tried[way, steepest], float(np.sign(slope[way, steepest])), 2, None)


def first_order_descent(network: Network, point: StationaryPoint, width: float) -> Descent | None:
    """Find a neuron on a boundary that a one-sided direction leads down from.

    Parameters
    ----------
    network, point
        The network and the stationary point next to it.
    width
        |cos(w_j, x_k)| up to which neuron j counts as on the boundary of point k.

    Raises
    ------
    UndecidedError
        If too many boundaries meet.
    """
    floor, length = slope_floor(network, point), np.linalg.norm(network.x, axis=1)
    there = length > 0
    units = network.x[there] / length[there, None]
    for neuron, cosines in touching(network, point, units, width):
        on_boundary = np.abs(cosines) <= width
        output = point.a[neuron] or network.a[neuron]
        for sign in (np.sign(output),) if output else (1.0, -1.0):
            slope = sign * point.own_residual[there] / len(network.y)
            derivative = network.activation.derivative(np.where(on_boundary, 0.0, cosines))
            steps = (1.0 - network.activation.negative_slope) * slope[on_boundary]
            x = network.x[there]
            way = rising(x.T @ (derivative * slope), steps, x[on_boundary], floor)
            if way is not None:
                share = np.abs(steps * (x[on_boundary] @ way))
                crossed = int(np.flatnonzero(there)[np.flatnonzero(on_boundary)[np.argmax(share)]])
                order, a = (1, 0.0) if output else (2, float(sign))
                return Descent(int(neuron), way / np.linalg.norm(way), a, order, crossed)
    return None


def touching(
    network: Network, point: StationaryPoint, units: np.ndarray, width: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Give one neuron of each kind that lies on a boundary, and its cosines with the points.

    Neurons of a kind share the sign of a, the points that they are on at and those on whose boundaries they lie.
    """
    moved = np.flatnonzero(point.kept | (point.a != 0))
    tried = 0
    for part in pieces(moved, len(units)):
        size = np.linalg.norm(point.w[part], axis=1, keepdims=True)
        own = np.where(size > 0, point.w[part] / np.where(size > 0, size, 1.0), network.direction[part])
        own[size[:, 0] <= VANISHED * np.abs(point.a[part])] = 0.0
        cosines = own @ units.T
        beside = np.abs(cosines) <= width
        rows = np.flatnonzero(beside.any(axis=1))
        state = np.where(beside[rows], 2, cosines[rows] > 0).astype(np.int8)
        sign = np.sign(np.where(point.a[part] != 0, point.a[part], network.ratio[part]))[rows]
        first, _ = group_by_pattern(state, sign)
        tried += len(first)
        if tried > PATTERNS:
            raise UndecidedError
        for row in rows[first]:
            yield int(part[row]), cosines[row]


def rising(linear: np.ndarray, steps: np.ndarray, points: np.ndarray, floor: float) -> np.ndarray | None:
    """Find v with <linear, v> + sum_k steps_k relu(<v, points_k>) > 0, or None; see the module's text.

    Parameters
    ----------
    linear, steps, points
        [coord], [boundary], [boundary, coord].
    floor
        The slope below which the function counts as 0.

    Raises
    ------
    UndecidedError
        If there are more than :data:`SUBSETS` subsets.
    """
    up, down = np.flatnonzero(steps > 0), np.flatnonzero(steps < 0)
    edges = np.abs(steps[down])[:, None] * points[down]
    if 2 ** len(up) > SUBSETS:
        subsets: Iterator[tuple[int, ...]] = chain(combinations(up, 0), combinations(up, 1), [tuple(up)])
    else:
        subsets = chain.from_iterable(combinations(up, size) for size in range(len(up) + 1))
    for subset in subsets:
        chosen = list(subset)
        way = outside(linear + steps[chosen] @ points[chosen], edges)
        if np.linalg.norm(way) > floor:
            return way
    if 2 ** len(up) > SUBSETS:
        raise UndecidedError
    return None


def outside(vector: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The vector from the nearest point of the zonotope sum_k [0, 1] edges_k to ``vector``; 0 inside."""
    if not len(edges):
        return vector
    from scipy.optimize import lsq_linear  # takes a while to import, and few runs end on a boundary

    # In units of the edges: bvls compares its steps with absolute numbers.
    unit = float(np.abs(edges).max())
    share = lsq_linear(edges.T / unit, vector / unit, bounds=(0.0, 1.0), method="bvls", tol=1e-14).x
    return np.asarray(vector - share @ edges)


def slope_floor(network: Network, point: StationaryPoint) -> float:
    """The slope below which the loss counts as flat: :data:`FLAT` of what the residual could make, or rounding."""
    size = max(FLAT * np.linalg.norm(point.own_residual), ROUNDING * np.linalg.norm(network.y))
    return float(size * np.linalg.norm(network.x)) / len(network.y)
