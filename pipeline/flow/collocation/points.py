"""The data as these kernels see it: in blocks of points, so that all of a block stays in the processor's cache."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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


def in_blocks(x: np.ndarray, y: np.ndarray, neurons: int, slope: float, care: int = 2) -> Points:
    """Points ``x`` (n, d) and labels ``y`` (n,) for so many neurons; ``care`` is the last of ``about``."""
    n, d = x.shape
    size = min(max(NUMBERS // (3 * neurons) // 8 * 8, FEWEST), MOST)
    blocks = -(-n // size)
    size = -(-n // (8 * blocks)) * 8  # blocks of one size: what fills the last one costs as much as points
    rows, labels = np.zeros((blocks * size, d)), np.zeros(blocks * size)
    rows[:n], labels[:n] = x, y
    square = np.einsum("kc,kc->k", rows, rows)
    scale = float(np.sqrt(np.mean(y**2))) or 1.0
    sampled = min(n, SAMPLED)
    chosen = np.arange(sampled) * (n - 1) // max(sampled - 1, 1)
    return Points(
        rows,
        np.ascontiguousarray(rows.reshape(blocks, size, d).transpose(0, 2, 1)),
        labels.reshape(blocks, size),
        square,
        np.ascontiguousarray(x[chosen].T),
        np.array([n, slope, scale, scale * np.sqrt(square.max(initial=0.0)) / n, care]),
    )
