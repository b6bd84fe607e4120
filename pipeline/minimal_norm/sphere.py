"""The maximum over the unit sphere of |sum_k q_k phi(<u, x_k>)|, exactly.

Where u has the activation pattern P the sum is <g_P, u> with g_P = sum_k q_k gain_k x_k, gain 1 on P and ``slope``
off it. Its maximum over the cone of P in the unit ball is the length of the projection of g_P on the cone. Points
with q_k (1 - slope) >= 0 bend the sum upwards, and it lies above each of its pieces there: their walls may be left
out, which makes of the projection a problem in the others alone, and never exceeds the maximum sought.

With a free bias the ball bounds w alone. For sum q = 0 the sum is bounded in the bias b and piecewise linear,
so that it is largest with the kink on some point, b = -<w, x_l>: for each l a maximum over the sphere for the
points x_k - x_l, a chart of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from pipeline.minimal_norm.reduction import Reduced
from pipeline.network.activation_patterns import count_in_general_position, enumerate_patterns, words


@dataclass(frozen=True)
class Chart:
    """One sphere: the points as seen from it, the patterns on it (None: too many), its place in all weights.

    With a free bias, ``kink`` is the point on which the kink of every neuron on it lies.
    """

    points: np.ndarray
    patterns: np.ndarray | None
    embedding: np.ndarray
    kink: int | None = None


@dataclass(frozen=True)
class Peaks:
    """Directions at which |sum_k q_k phi(<u, x_k>)| is locally the largest.

    Attributes
    ----------
    height
        [peak], descending.
    sign
        [peak]: of the sum there.
    direction
        [peak, coord]: u, in the coordinates of the reduced data.
    pattern
        [peak, point]: whose cone holds u.
    """

    height: np.ndarray
    sign: np.ndarray
    direction: np.ndarray
    pattern: np.ndarray

    def above(self, level: float) -> Peaks:
        """Those that are above a level."""
        chosen = self.height > level
        return Peaks(self.height[chosen], self.sign[chosen], self.direction[chosen], self.pattern[chosen])

    @classmethod
    def none(cls, points: int, dimension: int) -> Peaks:
        """No peak at all."""
        empty = np.zeros((0, points), dtype=bool)
        return cls(np.zeros(0), np.zeros(0, dtype=int), np.zeros((0, dimension)), empty)


LARGEST_ENUMERATION = 4_000_000
"""How many signs (patterns times points, over all charts) are enumerated: about a second's work."""
MOST_SUBSPACES = 4_000
"""How many subspaces the enumeration may descend into: each costs some 60 microseconds, whatever is in it."""


def make_charts(reduced: Reduced) -> list[Chart]:
    """The spheres of the data, with their patterns where these can be enumerated."""
    points, p = reduced.points, reduced.penalised
    n = len(points)
    if p == 0 or n == 0:
        return []
    if reduced.bias is None:
        return [Chart(points, enumerate_patterns(points) if are_few(n, p, 1) else None, np.eye(p))]
    charts, inputs = [], points[:, :p]
    for l, centre in enumerate(inputs):
        seen = inputs - centre
        patterns = enumerate_patterns(seen) if are_few(n - 1, p, n) else None
        charts.append(Chart(seen, patterns, np.column_stack([np.eye(p), -centre]), l))
    return charts


def are_few(points: int, dimension: int, charts: int = 1) -> bool:
    """Whether the patterns of so many points can be enumerated."""
    signs = charts * points * count_in_general_position(points, dimension)
    return signs <= LARGEST_ENUMERATION and charts * comb(points, max(dimension - 2, 0)) <= MOST_SUBSPACES


def peaks(q: np.ndarray, charts: list[Chart], slope: float, level: float) -> Peaks:
    """The maximum over each pattern's cone, of those that exceed ``level``; all patterns must be known.

    Parameters
    ----------
    q
        [point]; with a free bias sum q = 0.
    charts
        From :func:`make_charts`.
    """
    found = []
    for chart in charts:
        for sign in (1, -1):
            force = sign * q
            height = _bounds(force, chart, slope)
            for pattern in _known(chart)[height > level]:
                top = project(force, chart.points, pattern, slope)
                if top.height > level:
                    found += _seen(chart, sign, top)
    return _sorted(found, charts)


def largest(q: np.ndarray, charts: list[Chart], slope: float) -> float:
    """The maximum over the unit sphere of |sum_k q_k phi(<u, x_k>)|; all patterns must be known."""
    best = 0.0
    for chart in charts:
        for sign in (1, -1):
            height = _bounds(sign * q, chart, slope)
            for i in np.argsort(-height, kind="stable"):
                if height[i] <= best:
                    break
                best = max(best, climb(sign * q, chart.points, _known(chart)[i], slope).height)
    return best


def climb_from(q: np.ndarray, charts: list[Chart], slope: float, starts: list[np.ndarray], level: float) -> Peaks:
    """The local maxima above ``level`` that are uphill of the patterns ``starts`` of each chart."""
    found = []
    for chart, patterns in zip(charts, starts, strict=True):
        for sign in (1, -1):
            for pattern in patterns:
                top = climb(sign * q, chart.points, pattern, slope)
                if top.height > level:
                    found += _seen(chart, sign, top)
    return _sorted(found, charts)


@dataclass(frozen=True)
class _Top:
    height: float
    direction: np.ndarray
    pattern: np.ndarray
    multiplier: np.ndarray


def project(force: np.ndarray, points: np.ndarray, pattern: np.ndarray, slope: float) -> _Top:
    """The maximum of <g_P, u> over the unit u on P's side of every point that bends the sum downwards."""
    g = (np.where(pattern, 1.0, slope) * force) @ points
    downwards = force * (1 - slope) < 0
    walls = np.where(pattern, 1.0, -1.0)[:, None] * points
    multiplier = np.zeros(len(force))
    if _outside(g, walls[downwards]):
        multiplier[downwards] = _multipliers(g, walls[downwards])
        g = g + multiplier @ walls
    height = float(np.linalg.norm(g))
    direction = g / (height or 1.0)
    return _Top(height, direction, np.where(downwards, pattern, points @ direction > 0), multiplier)


SLACK = 1e-11
"""How far a projection may be from what it should be, over g."""
ON_A_WALL = 1e-14
"""How far beyond a wall g may be by rounding, over its own length and the wall's."""


def _outside(g: np.ndarray, walls: np.ndarray, rounding: float = ON_A_WALL) -> bool:
    """Whether g is beyond one of the walls."""
    allowed = rounding * np.linalg.norm(walls, axis=1) * np.linalg.norm(g)
    return bool((walls @ g < -allowed).any())


def _multipliers(g: np.ndarray, walls: np.ndarray) -> np.ndarray:
    """The m >= 0 for which g + m walls is the projection of g on the cone of the walls."""
    from scipy.optimize import lsq_linear, nnls

    found: np.ndarray = nnls(walls.T, -g)[0]
    # SciPy 1.17 returns wrong ones now and then, for orthogonal walls for instance: nothing is taken unseen.
    if not _is_projection(g, walls, found):
        found = lsq_linear(walls.T, -g, (0.0, np.inf), method="bvls", tol=1e-15).x
    return found


def _is_projection(g: np.ndarray, walls: np.ndarray, multiplier: np.ndarray) -> bool:
    """Whether g + m walls is in the cone and at right angles to m walls: what makes it the projection."""
    held = multiplier @ walls
    size = float(np.linalg.norm(g))
    return bool(abs(held @ (g + held)) <= SLACK * size**2) and not _outside(g + held, walls, SLACK)


def climb(force: np.ndarray, points: np.ndarray, pattern: np.ndarray, slope: float) -> _Top:
    """From cone to cone to a local maximum of sum_k force_k phi(<u, x_k>): it never falls on the way.

    A wall of a point that bends the sum downwards is crossed when the multiplier that holds u there exceeds the
    bend: the sum rises beyond it then.
    """
    bend = -force * (1 - slope)
    top = project(force, points, pattern, slope)
    for _ in range(MOST_CLIMBS):
        crossed = top.multiplier > np.maximum(bend, 0.0) * (1 + 1e-12)
        following = top.pattern ^ crossed
        if np.array_equal(following, pattern):
            break
        pattern, before = following, top
        top = project(force, points, pattern, slope)
        if top.height <= before.height * (1 + 1e-13):
            return before
    return top


MOST_CLIMBS = 100


def _known(chart: Chart) -> np.ndarray:
    assert chart.patterns is not None, "the patterns are too many to be known"
    return chart.patterns


def _bounds(force: np.ndarray, chart: Chart, slope: float) -> np.ndarray:
    """A bound of the maximum over each pattern's cone: the least |g| of those that share what bends upwards.

    The sum is the least of the pieces of the points that bend downwards.
    """
    patterns = _known(chart)
    height = np.linalg.norm((np.where(patterns, 1.0, slope) * force) @ chart.points, axis=1)
    upwards = force * (1 - slope) >= 0
    group = np.unique(words(patterns & upwards), return_inverse=True)[1]
    least = np.full(group.max(initial=0) + 1, np.inf)
    np.minimum.at(least, group, height)
    return np.asarray(least[group])


def _seen(chart: Chart, sign: int, top: _Top) -> list[tuple[float, int, np.ndarray, np.ndarray]]:
    """The peak in all coordinates; with its kink on a point it belongs to the patterns on either side."""
    patterns = [top.pattern]
    if chart.kink is not None:
        patterns = [top.pattern.copy(), top.pattern.copy()]
        patterns[0][chart.kink], patterns[1][chart.kink] = False, True
    return [(top.height, sign, top.direction @ chart.embedding, pattern) for pattern in patterns]


def _sorted(found: list[tuple[float, int, np.ndarray, np.ndarray]], charts: list[Chart]) -> Peaks:
    found.sort(key=lambda peak: -peak[0])
    n, r = (len(charts[0].points), charts[0].embedding.shape[1]) if charts else (0, 0)
    return Peaks(
        np.array([peak[0] for peak in found]),
        np.array([peak[1] for peak in found], dtype=int),
        np.array([peak[2] for peak in found]).reshape(-1, r),
        np.array([peak[3] for peak in found], dtype=bool).reshape(-1, n),
    )
