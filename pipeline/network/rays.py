"""Points on one ray from the origin: h is positively homogeneous, and tells them apart by their length alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

EXACT = 4e-16
"""The difference of two unit vectors up to which it is a float's rounding."""


def lengths(x: np.ndarray) -> np.ndarray:
    """|x_k|, for rows of any size that floats have: the square of 1e-200 is none."""
    size = np.abs(x).max(axis=1, initial=0.0)
    return np.asarray(np.linalg.norm(x / np.where(size > 0, size, 1.0)[:, None], axis=1) * size)


def unit_rows(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The directions of the rows and their lengths; a zero vector stays one."""
    length = lengths(x)
    return x / np.where(length > 0, length, 1.0)[:, None], length


def group_equal_rows(rows: np.ndarray, within: float) -> tuple[np.ndarray, np.ndarray]:
    """Group rows that differ by ``within`` at most, in every coordinate, from the first of their group.

    Returns
    -------
    first : int64[group]
        The first row of each, in order.
    group : int64[row]
        The number of each row's group; of several the first.
    """
    # The number of the first row of each group. Most rows are near no other, and a group of their own.
    owner = np.arange(len(rows))
    some = np.flatnonzero(maybe_near(rows, within))
    if not len(some):
        return owner, owner.copy()
    near, taken = rows[some], np.zeros(len(some), dtype=bool)
    for k in range(len(some)):
        if not taken[k]:
            same = np.abs(near - near[k]).max(axis=1, initial=0.0) <= within
            same[k] = True
            owner[some[same & ~taken]] = some[k]
            taken |= same
    first, group = np.unique(owner, return_inverse=True)
    return first, group.astype(np.int64)


def maybe_near(rows: np.ndarray, within: float, *, opposite: bool = False) -> np.ndarray:
    """Which rows may differ from another, or from the opposite of another, by ``within`` at most everywhere.

    Along one direction they lie as near then: sorting finds them, without a look at each pair.

    Returns
    -------
    bool[row]
    """
    along = some_direction(rows.shape[1])
    place = rows @ along
    rounding = 4 * np.finfo(float).eps * rows.shape[1] * float(np.abs(rows).max(initial=0.0))
    apart = (within + rounding) * float(np.abs(along).sum())
    place = np.abs(place) if opposite else place
    order = np.argsort(place)
    near = np.diff(place[order]) <= apart
    found = np.zeros(len(rows), dtype=bool)
    found[order[:-1][near]] = found[order[1:][near]] = True
    return found


@lru_cache
def some_direction(d: int) -> np.ndarray:
    """A direction in d coordinates that has nothing to do with the data, always the same."""
    direction = np.random.default_rng(0).standard_normal(d)
    direction.flags.writeable = False
    return direction


def rays(x: np.ndarray, within: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which points lie on one ray from the origin, whose unit vectors differ by ``within`` at most.

    Returns
    -------
    ray : int64[point]
        The number of each point's ray, -1 for zero vectors.
    first : int64[ray]
        The first point of each.
    weight : float64[point]
        The length of each point over that of its ray's first.
    """
    units, length = unit_rows(x)
    there = np.flatnonzero(length > 0)
    first, group = group_equal_rows(units[there], within)
    ray = np.full(len(x), -1, dtype=np.int64)
    ray[there], first = group, there[first]
    weight = np.where(ray >= 0, length / length[first[ray]] if len(first) else 0.0, 0.0)
    return ray, first, weight


def off_its_ray(x: np.ndarray, ray: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Which points are, by more than rounding, beside the ray of the point that stands for them: bool[point].

    Parameters
    ----------
    x
        [point, coord].
    ray, first
        The number of each point's ray, -1 for none; the point that stands for each ray.
    """
    away, there = np.zeros(len(x), dtype=bool), np.flatnonzero(ray >= 0)
    if len(first) == len(there):
        return away
    units = x[there] / np.linalg.norm(x[there], axis=1)[:, None]
    stands = x[first[ray[there]]]
    away[there] = np.abs(units - stands / np.linalg.norm(stands, axis=1)[:, None]).max(axis=1, initial=0.0) > EXACT
    return away
