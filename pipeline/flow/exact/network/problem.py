"""The data as the kernels see it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.network.rays import maybe_near


class Problem(NamedTuple):
    """The data set in the solver's coordinates and units: no zero vector, no two points on one ray.

    x : float64[n, q]
    y : float64[n]
    gram : float64[n, n]
        <x_k, x_l>; what is 0 up to rounding is exactly 0 here.
    length : float64[n]
        |x_k|.
    opposite : int64[n]
        The point on the opposite ray, whose boundary is the same; -1 for none.
    negative_slope : float
        phi'(u) for u < 0 (leaky ReLU).
    label_scale : float
        The root mean square of the labels: the unit of every tolerance on the residual.
    log_unit : float
        ln |w| of a neuron whose output is of the labels' scale: 1/2 ln(label_scale / max |x_k|).
    resting_growth : float
        |D| of one unfitted label: label_scale max |x_k| / n.
    """

    x: np.ndarray
    y: np.ndarray
    gram: np.ndarray
    length: np.ndarray
    opposite: np.ndarray
    negative_slope: float
    label_scale: float
    log_unit: float
    resting_growth: float


OPPOSITE = 1e-14
"""The largest coordinate of u_k + u_l, for unit vectors, at which two points lie on opposite rays."""


def make_problem(x: np.ndarray, y: np.ndarray, negative_slope: float = 0.0) -> Problem:
    """Prepare points ``x`` (n, q) and labels ``y`` (n,) for the kernels."""
    gram = x @ x.T
    length = np.sqrt(np.diag(gram))
    gram[np.abs(gram) <= 1e-14 * np.outer(length, length)] = 0.0
    label_scale = float(np.sqrt(np.mean(y**2))) or 1.0
    longest = float(length.max(initial=0.0)) or 1.0
    return Problem(
        np.ascontiguousarray(x),
        np.ascontiguousarray(y),
        gram,
        length,
        opposite_points(x, length),
        float(negative_slope),
        label_scale,
        0.5 * float(np.log(label_scale / longest)),
        label_scale * longest / len(y),
    )


def opposite_points(x: np.ndarray, length: np.ndarray) -> np.ndarray:
    """For each point the one on the opposite ray, -1 if there is none."""
    units = x / np.where(length > 0, length, 1.0)[:, None]
    opposite = np.full(len(x), -1, dtype=np.int64)
    some = np.flatnonzero(maybe_near(units, OPPOSITE, opposite=True))  # mostly none
    for k in some:
        # The distance itself: 1 + cosine could not tell angles below 1e-8 from none.
        facing = some[np.abs(units[some] + units[k]).max(axis=1) <= OPPOSITE]
        if len(facing):
            opposite[k] = facing[0]
    return opposite
