"""Many points, some of them on one ray: one boundary for all of these."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.flow.collocation.points import Points, are_apart, in_blocks, write_slopes
from pipeline.flow.collocation.sweep import N
from pipeline.network.rays import unit_rows

DIGITS = 12
"""Of the coordinates of two unit vectors, which are the same where the points count as on one ray."""
CLOSE = 10.0**-DIGITS
"""The relative difference of two slopes from which on they are told apart."""
ROUNDING = 1e-14
"""The share of a label that rounding leaves of it."""


@dataclass(frozen=True)
class Boundaries:
    """The data with one point for each ray, at which it has one boundary.

    h is homogeneous, so all that points s_k u of one direction ask for is one point S u with the label
    sum s_k y_k / S, S^2 = sum s_k^2. Of two points with one boundary it is not told which of them holds a neuron
    that slides there: they did so by turns, in steps without number.

    Attributes
    ----------
    points
        One for each ray, with the n and the scales of all points.
    point : int64[n]
        Which of them stands for each point; -1 for zero vectors.
    unfit
        The mean square of what no network can fit of the labels.
    """

    points: Points
    point: np.ndarray
    unfit: float

    def of_all(self, slides: np.ndarray) -> np.ndarray:
        """Who slides, int64[sliding, 3], with all points of the rays in the place of the one."""
        found = [
            np.stack([np.full(len(k), t), np.full(len(k), j), k], axis=1)
            for t, j, ray in slides
            for k in [np.flatnonzero(self.point == ray)]
        ]
        return np.concatenate([np.zeros((0, 3), dtype=np.int64), *found])


def boundaries_of(points: Points, neurons: int) -> Boundaries | None:
    """One point for each ray, where any has several.

    Parameters
    ----------
    points
        All of them, as the solver would have them.
    neurons
        How many there are.
    """
    n = int(points.about[N])
    x, y = points.rows[:n], points.labels.reshape(-1)[:n]
    if all_differ(x):
        return None
    units, length = unit_rows(x)
    there = np.flatnonzero(length > 0.0)
    rounded = rounded_rows(units[there])
    _, first, group = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    if len(first) == len(x):
        return None
    point, share = np.full(len(x), -1, dtype=np.int64), np.zeros(len(x))
    point[there] = group.reshape(-1)
    size = np.sqrt(np.bincount(point[there], length[there] ** 2))
    share[there] = length[there] / size[point[there]]
    label = np.bincount(point[there], (share * y)[there])
    left = y - share * label[point]
    left[np.abs(left) <= ROUNDING * np.abs(y)] = 0.0
    merged = in_blocks(units[there[first]] * size[:, None], label, neurons, 0.0)
    merged.about[:] = points.about
    return Boundaries(merged, point, float(np.mean(left**2)))


def fewer_rays(x: np.ndarray, least: int) -> bool:
    """Whether the points lie on fewer than so many rays from the origin."""
    if len(x) < least:
        return True
    if all_differ(x[:least]) or all_differ(x):  # so many of them tell, and are sorted at once
        return False
    with np.errstate(all="ignore"):
        slopes = np.sort(x[:, 0] / x[:, 1])
        lines = 1 + np.count_nonzero(np.diff(slopes) > CLOSE * np.abs(slopes[1:]))
    return bool(lines < least) and len(rays_of(x)) < least  # to tell all apart takes ten times as long


def rays_of(x: np.ndarray) -> np.ndarray:
    """One unit vector for each ray."""
    units, length = unit_rows(x)
    return np.unique(rounded_rows(units[length > 0.0]), axis=0)


def opposite_rays(x: np.ndarray) -> bool:
    """Whether two points are on opposite rays: they have one boundary, at which both jump."""
    if all_differ(x):
        return False
    rays = rays_of(x)
    return len(np.unique(np.concatenate([rays, -rays + 0.0]), axis=0)) < 2 * len(rays)


def rounded_rows(units: np.ndarray) -> np.ndarray:
    """Unit vectors, such that those of one ray are the same."""
    rounded: np.ndarray = np.round(units, DIGITS) + 0.0  # no -0
    return rounded


def all_differ(x: np.ndarray) -> bool:
    """Whether the first two coordinates tell that no two points are on one ray: a tenth of the work."""
    slopes = np.empty(len(x))
    write_slopes(x, slopes)
    slopes.sort()
    return bool(are_apart(slopes, CLOSE))
