"""The data as these kernels see it: in blocks of points, so that all of a block stays in the processor's cache."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.compiling import entry_point

NUMBERS = 32_768
"""How many preactivations are worked on at a time: 256 kilobytes."""
FEWEST, MOST = 64, 1024
"""Points in a block."""
SAMPLED = 256
"""Of how many points, evenly spread, the outputs are compared to tell an error."""


class Points(NamedTuple):
    """Points in blocks; the last one is filled up with zero vectors, at which no network does anything.

    rows : float64[blocks * size, d]
    columns : float64[blocks, d, size]
        The same, each block coordinate by coordinate.
    labels : float64[blocks, size]
    square : float64[blocks * size]
        |x_k|^2.
    sample : float64[d, sampled]
    about : float64[5]
        n, the slope of the leaky ReLU, the labels' root mean square, |D| of one unfitted label; and what is made
        of crossings within a step: 0 nothing, 1 the moments of what is active, 2 the path's corners besides.
    """

    rows: np.ndarray
    columns: np.ndarray
    labels: np.ndarray
    square: np.ndarray
    sample: np.ndarray
    about: np.ndarray


def in_blocks(
    x: np.ndarray,
    y: np.ndarray,
    neurons: int,
    slope: float,
    care: int = 2,
    units: tuple[float, float] = (1.0, 1.0),
) -> Points:
    """Points ``x`` (n, d) and labels ``y`` (n,) over their units, for so many neurons.

    ``care`` is the last of ``about``; both arrays are contiguous floats.
    """
    n, d = x.shape
    points = make_points(n, d, neurons)
    fill(x, y, units, (slope, float(care)), points)
    return points


def make_points(n: int, d: int, neurons: int) -> Points:
    """Room for ``n`` points of ``d`` coordinates, to be filled."""
    size = min(max(NUMBERS // (3 * neurons) // 8 * 8, FEWEST), MOST)
    blocks = -(-n // size)
    size = -(-n // (8 * blocks)) * 8  # blocks of one size: what fills the last one costs as much as points
    return Points(
        np.zeros((blocks * size, d)), np.zeros((blocks, d, size)), np.zeros((blocks, size)),
        np.zeros(blocks * size), np.zeros((d, min(n, SAMPLED))), np.zeros(5),
    )  # fmt: skip


@entry_point
def fill(x, y, units, kind, points):
    """Write the points: in one pass, where NumPy's calls took as long as the steps of a short run.

    Parameters
    ----------
    x, y : float64[n, d], float64[n]
    units : (float, float)
        Of both.
    kind : (float, float)
        The slope of the leaky ReLU, and what is made of crossings.
    points : Points
        As :func:`make_points` makes it.
    """
    rows, columns, labels, square, sample, about = points
    (n, d), size, sampled = x.shape, columns.shape[2], sample.shape[1]
    longest, labelled = 0.0, 0.0
    for k in range(n):
        block, place, total = k // size, k % size, 0.0
        for c in range(d):
            value = x[k, c] / units[0]
            rows[k, c], columns[block, c, place] = value, value
            total += value * value
        square[k] = total
        longest = max(longest, total)
        label = y[k] / units[1]
        labels[block, place] = label
        labelled += label * label
    for i in range(sampled):
        k = i * (n - 1) // max(sampled - 1, 1)
        for c in range(d):
            sample[c, i] = rows[k, c]
    scale = sqrt(labelled / n) if labelled > 0.0 else 1.0
    about[0], about[1], about[2], about[3], about[4] = n, kind[0], scale, scale * sqrt(longest) / n, kind[1]


@entry_point
def write_slopes(x, slopes):
    """Write the quotients of the first two coordinates of ``x`` (n, d): float64[n]."""
    for k in range(slopes.shape[0]):
        slopes[k] = x[k, 0] / x[k, 1]


@entry_point
def are_apart(slopes, close):
    """Whether no two of some sorted numbers differ by at most this share; not if one of them is no number."""
    apart = True
    for k in range(1, slopes.shape[0]):
        apart &= slopes[k] - slopes[k - 1] > close * abs(slopes[k])
    return apart
