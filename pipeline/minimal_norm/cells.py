"""The maximum over the unit sphere of |sum_k q_k phi(<u, x_k>)|, by the points that bend the sum upwards alone.

The sum is <l, u> + sum_k c_k relu(<u, x_k>). With the pattern A of the points of c_k > 0 given, it is concave:

    max over |u| <= 1 of <g_A, u> - sum_down |c_k| relu(<u, x_k>)
        = min over 0 <= s_k <= 1 of | g_A - sum_down s_k |c_k| x_k |,    g_A = l + sum_A c_k x_k,

whatever the number of the others; no piece is above the sum, and every u lies in the cell of some A. Half of the
points have far fewer cells than all of them. The minimum is approached for all cells at once, one s_k after the
other: each s is a bound from above, each u along what is left a value from below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np

from pipeline.minimal_norm.sphere import Chart, Peaks
from pipeline.network.activation import Activation
from pipeline.network.activation_patterns import (
    count_in_general_position,
    each_once,
    enumerate_patterns,
    first_of_each,
)

MOST_NUMBERS = 10_000_000
"""How many numbers the cells may have, one a point: about two seconds' work."""
MOST_SUBSPACES = 12_000
"""How many subspaces the enumeration of the cells may descend into."""
FEW = 18
"""Up to how many points all patterns are taken, whether there is a cell of each or not."""
MOST_CLIMBS = 30
CLOSELY, ROUGHLY = (1e-10, 400), (1e-4, 20)
"""How far, relative to it, a bound of a cell may be above the value found there, and how often each s_k is
improved at most: for the maximum, and on the way uphill."""


@dataclass(frozen=True)
class Heights:
    """What the sum reaches.

    Attributes
    ----------
    bound
        At least the maximum, if that is above the level asked for; else the level.
    sign, direction
        [peak] and [peak, coord of the reduced data]: u where sign times the sum is above the level.
    kink
        [peak]: the point on which the chart has the kink, -1 for none.
    height
        [peak]: the sum there, descending.
    """

    bound: float
    sign: np.ndarray
    direction: np.ndarray
    kink: np.ndarray
    height: np.ndarray

    def peaks(self, points: np.ndarray) -> Peaks:
        """The same, with the pattern of each."""
        return Peaks(self.height, self.sign, self.direction, self.direction @ points.T > 0)


def heights_above(level: float, q: np.ndarray, charts: list[Chart], slope: float) -> Heights | None:
    """Where and how far the sum is above ``level``, in every cell; None if they are too many.

    Parameters
    ----------
    level
        Above 0.
    q
        [point]; with a free bias of sum 0.
    charts
        From ``make_charts``, with or without their patterns.
    """
    c = (1 - slope) * q
    for sign in (1, -1):
        if not _are_few(int((sign * c > 0).sum()), charts):
            return None
    return _over(charts, q, level, lambda chart, force: _in_all_cells(force, chart.points, slope, level))


def uphill(level: float, q: np.ndarray, charts: list[Chart], slope: float, starts: list[np.ndarray]) -> Heights:
    """The local maxima above ``level`` that are uphill of patterns[start, point] of each chart, all at once.

    From cell to cell, the greatest of each, until no new cell is entered: the sum never falls on the way.
    """
    of = dict(zip([id(chart) for chart in charts], starts, strict=True))
    return _over(charts, q, level, lambda chart, force: _uphill(force, chart.points, slope, level, of[id(chart)]))


Maxima = tuple[float, np.ndarray, np.ndarray]
"""A bound, and the unit vectors [peak, coord] and the heights [peak] above a level."""


def _over(
    charts: list[Chart], q: np.ndarray, level: float, search: Callable[[Chart, np.ndarray], Maxima]
) -> Heights:
    """What ``search`` finds on all charts, for both signs of the sum."""
    bound, found = level, []
    for chart in charts:
        for sign in (1, -1):
            above, u, height = search(chart, sign * q)
            bound = max(bound, above)
            kink = -1 if chart.kink is None else chart.kink
            found += [(h, sign, direction @ chart.embedding, kink) for h, direction in zip(height, u, strict=True)]
    found.sort(key=lambda peak: -peak[0])
    return Heights(
        bound,
        np.array([peak[1] for peak in found], dtype=int),
        np.array([peak[2] for peak in found]).reshape(len(found), charts[0].embedding.shape[1]),
        np.array([peak[3] for peak in found], dtype=int),
        np.array([peak[0] for peak in found]),
    )


def are_likely_few(charts: list[Chart]) -> bool:
    """Whether the cells of half of the points, and some more, can be enumerated."""
    return _are_few(int(0.55 * len(charts[0].points)) + 1, charts)


def _are_few(points: int, charts: list[Chart]) -> bool:
    dimension = charts[0].points.shape[1]
    cells, subspaces = count_in_general_position(points, dimension), comb(points, max(dimension - 2, 0))
    if _are_all(points, dimension):
        cells, subspaces = 2**points, 1
    numbers = len(charts) * len(charts[0].points) * cells
    return numbers <= MOST_NUMBERS and len(charts) * subspaces <= MOST_SUBSPACES


def _are_all(points: int, dimension: int) -> bool:
    """Whether all patterns are taken: they are all there, or so few that telling which are takes longer."""
    return points <= dimension or (points <= FEW and dimension > 4)


def _cells(points: np.ndarray) -> np.ndarray:
    """[cell, point]: the patterns of these points, and maybe others."""
    n, dimension = points.shape
    if _are_all(n, dimension):
        return np.asarray((np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1)
    return enumerate_patterns(points)


def _in_all_cells(force: np.ndarray, points: np.ndarray, slope: float, level: float) -> Maxima:
    cells = _cells(points[(1 - slope) * force > 0])
    return _greatest(force, points, slope, level, cells, CLOSELY)


def _uphill(force: np.ndarray, points: np.ndarray, slope: float, level: float, starts: np.ndarray) -> Maxima:
    up = (1 - slope) * force > 0
    cells = each_once(starts[:, up])
    seen, directions, heights = cells, [np.zeros((0, points.shape[1]))], [np.zeros(0)]
    for _ in range(MOST_CLIMBS):
        _, unit, height = _greatest(force, points, slope, 0.0, cells, ROUGHLY)
        directions.append(unit[height > level])
        heights.append(height[height > level])
        both = np.concatenate([seen, each_once(unit @ points[up].T > 0)])
        first = first_of_each(both)
        cells = both[first[first >= len(seen)]]
        if not len(cells):
            break
        seen = np.concatenate([seen, cells])
    bound = max(float(height.max(initial=0.0)) for height in heights)
    return bound, np.concatenate(directions), np.concatenate(heights)


def _greatest(
    force: np.ndarray, points: np.ndarray, slope: float, level: float, cells: np.ndarray, effort: tuple[float, int]
) -> Maxima:
    """The maximum over each of these cells[cell, point that bends upwards], where it is above the level."""
    close, sweeps = effort
    c = (1 - slope) * force
    up, down = c > 0, c < 0
    rest = cells @ (c[up, None] * points[up]) + slope * (force @ points)
    walls = -c[down, None] * points[down]
    squares = np.sum(walls**2, axis=1)
    walls, squares = walls[squares > 0], squares[squares > 0]
    shares = np.zeros((len(rest), len(walls)))
    directions, heights, bound = [], [], level
    for sweep in range(sweeps):
        above = np.linalg.norm(rest, axis=1)
        high = above > level
        rest, shares, above = rest[high], shares[high], above[high]
        if not len(rest):
            break
        unit = rest / above[:, None]
        reached = Activation(slope).value(unit @ points.T) @ force
        closed = reached >= above * (1 - close)
        if sweep == sweeps - 1:
            closed[:] = True
        directions.append(unit[closed & (reached > level)])
        heights.append(reached[closed & (reached > level)])
        bound = max(bound, float(np.maximum(above, reached)[closed].max(initial=0.0)))
        rest, shares = rest[~closed], shares[~closed]
        for k, (wall, square) in enumerate(zip(walls, squares, strict=True)):
            share = np.clip(shares[:, k] + rest @ wall / square, 0.0, 1.0)
            rest = rest - (share - shares[:, k])[:, None] * wall
            shares[:, k] = share
    if not directions:
        return bound, np.zeros((0, points.shape[1])), np.zeros(0)
    return bound, np.concatenate(directions), np.concatenate(heights)
