"""The outputs of a network at points of any number, along a whole trajectory, in bounded memory."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema.blocks import along_time
from pipeline.network.activation import Activation
from pipeline.network.algebra import pieces


def outputs_along(trajectory: xr.Dataset, points: np.ndarray) -> np.ndarray:
    """h(x) of every sample of a trajectory at points (sample, coord): float64[time, sample].

    The trajectory may be lazy; some millions of products are held at once.
    """
    activation = Activation.of(trajectory)
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
    with np.errstate(divide="ignore"):  # an a_j of 0 adds nothing, which is ln 0
        size = np.exp(2.0 * log_norm + np.log(np.abs(ratio)))
    coefficient = np.copysign(size, ratio)
    found = np.empty((len(log_norm), len(points)))
    for part in pieces(np.arange(len(points)), direction.shape[1]):
        inputs_there = points[part].T
        for instant, neurons in enumerate(direction):
            found[instant, part] = coefficient[instant] @ activation.value(neurons @ inputs_there)
    return found
