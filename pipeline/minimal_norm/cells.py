"""The maximum over the unit sphere of |sum_k q_k phi(<u, x_k>)|, by the points that bend the sum upwards alone.

The sum is <l, u> + sum_k c_k relu(<u, x_k>). With the pattern A of the points of c_k > 0 given, it is concave:

    max over |u| <= 1 of <g_A, u> - sum_down |c_k| relu(<u, x_k>)
        = min over 0 <= s_k <= 1 of | g_A - sum_down s_k |c_k| x_k |,    g_A = l + sum_A c_k x_k,

whatever the number of the others; no piece is above the sum, and every u lies in the cell of some A. Half of the
points have far fewer cells than all of them. The minimum is approached for all cells at once, one s_k after the
other: each s is a bound from above, each u along what is left a value from below.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from pipeline.minimal_norm.arrangement import activation_patterns, count_in_general_position
from pipeline.minimal_norm.sphere import Chart, activation

MOST_NUMBERS = 8_000_000
"""How many numbers the cells may have, one a point: about two seconds' work."""
MOST_SUBSPACES = 12_000
"""How many subspaces the enumeration of the cells may descend into."""
MOST_SWEEPS = 400
CLOSE = 1e-10
"""How far, relative to it, a bound of a cell may be above the value found there."""


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
    bound, found = level, []
    for chart in charts:
        for sign in (1, -1):
            above, u, height = _of_one_sign(sign * q, chart.points, slope, level)
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
    numbers = len(charts) * len(charts[0].points) * count_in_general_position(points, dimension)
    subspaces = 1 if points <= dimension else comb(points, max(dimension - 2, 0))
    return numbers <= MOST_NUMBERS and len(charts) * subspaces <= MOST_SUBSPACES


def _cells(points: np.ndarray) -> np.ndarray:
    """[cell, point]: the patterns of these points; where they are as few as the coordinates, all there can be."""
    n, dimension = points.shape
    if n > dimension:
        return activation_patterns(points)
    return np.asarray((np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1)


def _of_one_sign(
    force: np.ndarray, points: np.ndarray, slope: float, level: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """The bound, and the unit vectors [peak, coord] and the heights [peak] above the level."""
    c = (1 - slope) * force
    up, down = c > 0, c < 0
    rest = _cells(points[up]) @ (c[up, None] * points[up]) + slope * (force @ points)
    walls = -c[down, None] * points[down]
    squares = np.sum(walls**2, axis=1)
    walls, squares = walls[squares > 0], squares[squares > 0]
    shares = np.zeros((len(rest), len(walls)))
    directions, heights, bound = [], [], level
    for sweep in range(MOST_SWEEPS):
        above = np.linalg.norm(rest, axis=1)
        high = above > level
        rest, shares, above = rest[high], shares[high], above[high]
        if not len(rest):
            break
        unit = rest / above[:, None]
        reached = activation(unit @ points.T, slope) @ force
        closed = reached >= above * (1 - CLOSE)
        if sweep == MOST_SWEEPS - 1:
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
