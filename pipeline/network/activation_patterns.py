"""The activation patterns of a data set, exactly: the cells of a central arrangement of hyperplanes.

Each point x_k cuts the space of weights u by <u, x_k> = 0; the cells between the cuts are the patterns that
occur (Cover 1965: at most 2 sum over i < r of C(n - 1, i) in r dimensions, reached in general position). The
way is by induction. When the hyperplane of x_k is laid over those before it, a cell that it cuts shows as a
cell of what they leave on it, an arrangement in one dimension less. A point inside of that, moved a little to
either side, is a witness of both halves. So every cell has a witness in the end, and the signs at the witnesses
are the patterns.
"""

from __future__ import annotations

from math import comb

import numpy as np

PARALLEL = 1e-10
"""The sine up to which two hyperplanes are one. What lies between is too thin to matter: the dual function changes
by less than that across it."""


def count_in_general_position(points: int, dimension: int) -> int:
    """The number of cells of so many hyperplanes in general position (Cover 1965): never are there more."""
    return 2 * sum(comb(points - 1, i) for i in range(dimension)) if points else 1


def enumerate_patterns(x: np.ndarray) -> np.ndarray:
    """Which points are active, for every cell of full dimension.

    Parameters
    ----------
    x
        [point, coord], of any rank and in any position: repeated, opposite, dependent. Zero vectors are never
        active.

    Returns
    -------
    bool[pattern, point]
        Each once, sorted.
    """
    length = np.linalg.norm(x, axis=1)
    there = np.flatnonzero(length > 0)
    unit = x[there] / length[there, None]
    patterns = np.zeros((1, len(x)), dtype=bool)
    if len(there):
        above = _witnesses(unit) @ unit.T > 0
        patterns = np.zeros((len(above), len(x)), dtype=bool)
        patterns[:, there] = above
    return each_once(patterns)


def _witnesses(unit: np.ndarray) -> np.ndarray:
    """[witness, coord]: a unit vector inside of each cell of these unit normals, off all hyperplanes."""
    dimension = unit.shape[1]
    if dimension == 1:
        return np.array([[1.0], [-1.0]])
    if dimension == 2:
        return _witnesses_of_a_plane(unit)
    found = []
    for k, normal in enumerate(unit):
        flat = _complement(normal)
        rest = unit[:k] @ flat
        length = np.linalg.norm(rest, axis=1)
        if (length <= PARALLEL).any():  # the hyperplane was laid before
            continue
        if k == 0:
            found.append(np.stack([normal, -normal]))
            continue
        inside = _witnesses(rest / length[:, None]) @ flat.T
        # Half as far as the nearest of the other hyperplanes.
        along = np.abs(unit[:k] @ normal)
        aside = np.abs(inside @ unit[:k].T) / np.maximum(along, 1e-300)
        step = 0.5 * np.minimum(aside.min(axis=1, keepdims=True), 1.0)
        found += [inside + step * normal, inside - step * normal]
    witnesses = np.concatenate(found)
    # One on a hyperplane laid later is not needed: that has put its own on both sides.
    heights = witnesses @ unit.T
    off = (np.abs(heights) > PARALLEL * np.linalg.norm(witnesses, axis=1, keepdims=True)).all(axis=1)
    witnesses, heights = witnesses[off], heights[off]
    witnesses = witnesses[first_of_each(heights > 0)]
    return np.asarray(witnesses / np.linalg.norm(witnesses, axis=1, keepdims=True))


def _witnesses_of_a_plane(unit: np.ndarray) -> np.ndarray:
    """The middle of each sector between the lines."""
    angle = np.sort(np.mod(np.arctan2(unit[:, 1], unit[:, 0]), np.pi))
    width = np.diff(angle, append=angle[0] + np.pi)
    middle = (angle + width / 2)[width > PARALLEL]
    half = np.stack([-np.sin(middle), np.cos(middle)], axis=1)
    return np.concatenate([half, -half])


def _complement(normal: np.ndarray) -> np.ndarray:
    """[coord, coord - 1]: an orthonormal basis of the hyperplane with this unit normal (Householder)."""
    pivot = int(np.argmax(np.abs(normal)))
    mirror = normal.copy()
    mirror[pivot] += np.copysign(1.0, normal[pivot])
    reflection = np.eye(len(normal)) - np.outer(mirror, mirror) / (mirror @ mirror / 2)
    return np.delete(reflection, pivot, axis=1)


def words(patterns: np.ndarray) -> np.ndarray:
    """Each row packed into one item that compares as bytes."""
    packed = np.ascontiguousarray(np.packbits(patterns, axis=1))
    return packed.view(np.dtype((np.void, packed.shape[1]))).ravel()


def first_of_each(patterns: np.ndarray) -> np.ndarray:
    """The first row of each pattern, in the patterns' order: as ``np.unique`` along the rows.

    That makes a type with a field for each point: a second for 100,000 of them, and some ten for all searches.
    """
    if patterns.shape[1] == 0:
        return np.arange(min(len(patterns), 1))
    return np.unique(words(patterns), return_index=True)[1]


def each_once(patterns: np.ndarray) -> np.ndarray:
    """Every pattern once, sorted."""
    found: np.ndarray = patterns[first_of_each(patterns)]
    return found
