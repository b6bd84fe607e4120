"""The data as the kernels see it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """The data set in the solver's coordinates.

    x : float64[n, q]
    y : float64[n]
    gram : float64[n, n]
        <x_k, x_l>; what is 0 up to rounding is exactly 0 here.
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
    label_scale: float
    log_unit: float
    resting_growth: float


def make_problem(x: np.ndarray, y: np.ndarray) -> Problem:
    """Prepare points ``x`` (n, q) and labels ``y`` (n,) for the kernels."""
    gram = x @ x.T
    lengths = np.sqrt(np.diag(gram))
    gram[np.abs(gram) <= 1e-14 * np.outer(lengths, lengths)] = 0.0
    label_scale = float(np.sqrt(np.mean(y**2))) or 1.0
    longest = float(lengths.max()) or 1.0
    return Problem(
        np.ascontiguousarray(x),
        np.ascontiguousarray(y),
        gram,
        label_scale,
        0.5 * float(np.log(label_scale / longest)),
        label_scale * longest / len(y),
    )
