"""The outputs of a network at points of any number, along a whole trajectory, in bounded memory."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema.blocks import along_time
from pipeline.network.activation import Activation
from pipeline.network.threads import one_thread

CACHED = 2**17
"""How many products are held at once: a megabyte, which a processor's cache holds."""


def outputs_along(trajectory: xr.Dataset, points: np.ndarray) -> np.ndarray:
    """h(x) of every sample of a trajectory at points (sample, coord): float64[time, sample].

    The trajectory may be lazy, and no more than a block of it is held. 10,000 points at 400 instants of 1,000
    neurons take five seconds; with the linear algebra library's threads, which spin, it was 25 times as much.
    """
    activation = Activation.of(trajectory)
    with one_thread(len(points)):
        (found,) = along_time(
            lambda *network: (outputs_at(points, activation, *network),),
            *(trajectory.variables[name] for name in ("log_norm", "direction", "output_ratio")),
        )
    return found


def outputs_at(
    points: np.ndarray, activation: Activation, log_norm: np.ndarray, direction: np.ndarray, ratio: np.ndarray
) -> np.ndarray:
    """h(x) of networks [time, neuron, ...] at points (sample, coord): float64[time, sample].

    phi is homogeneous: a_j phi(<w_j, x>) = a_j |w_j| phi(<w_j/|w_j|, x>).
    """
    norm = np.exp(log_norm)
    # A factor leaves the floats only where the product does; the exponential of ln|a| + ln|w| has, at 1e-200, an
    # error of 1e-13.
    coefficient = norm * ratio * norm
    found = np.empty((len(log_norm), len(points)))
    step = max(1, CACHED // direction.shape[1])
    for first in range(0, len(points), step):
        inputs_there = points[first : first + step].T
        for instant, neurons in enumerate(direction):
            before = neurons @ inputs_there
            # The ReLU in place: of 10,000 inputs and 1,000 neurons it takes longer than the products.
            plain = activation.negative_slope == 0.0
            u = np.maximum(before, 0.0, out=before) if plain else activation.value(before)
            found[instant, first : first + step] = coefficient[instant] @ u
    return found
