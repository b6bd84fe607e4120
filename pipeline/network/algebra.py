"""What the weights of a network do on points: h(x) = sum_j a_j phi(<w_j, x>), its loss, its gradient, its norm."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from catalog.schema.blocks import at_instant
from pipeline.network.activation import Activation

PRODUCTS_LIMIT = 2**22
"""How many products of neurons (or groups of them) and points are held at once."""


def weights(log_norm: np.ndarray, direction: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W (neuron, coord) and a (neuron) of a network as it is stored; 0 where they underflow."""
    norm = np.exp(log_norm)
    return norm[:, None] * direction, norm * ratio


def weights_at(trajectory: xr.Dataset, sample: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of one sample of a trajectory, of which nothing else is read."""
    return weights(*at_instant(trajectory, sample, "log_norm", "direction", "output_ratio"))


def pieces(chosen: np.ndarray, width: int) -> Iterator[np.ndarray]:
    """Cut indices so that a table of them with ``width`` columns is no larger than :data:`PRODUCTS_LIMIT`."""
    step = max(1, PRODUCTS_LIMIT // max(1, width))
    for first in range(0, len(chosen), step):
        yield chosen[first : first + step]


def outputs(x: np.ndarray, w: np.ndarray, a: np.ndarray, activation: Activation) -> np.ndarray:
    """h(x_k) for points x (point, coord), of a network of any width."""
    found = np.zeros(len(x))
    for part in pieces(np.flatnonzero(a), len(x)):
        found += a[part] @ activation.value(w[part] @ x.T)
    return found


def loss(residual: np.ndarray) -> np.ndarray:
    """L = 1/(2n) sum_k r_k^2 (eq 1) over the last dimension; of the labels: the loss of the network that is 0."""
    return np.asarray(0.5 * np.mean(residual**2, axis=-1))


def forces(x: np.ndarray, derivative: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """D_j = 1/n sum_k phi'_jk r_k x_k, for phi' (..., neuron, point) and r (..., point)."""
    return np.asarray((derivative * residual[..., None, :]) @ x / len(x))


def velocity(w: np.ndarray, a: np.ndarray, force: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The flow (3): dw_j/dt = a_j D_j and da_j/dt = <D_j, w_j>."""
    return a[..., None] * force, np.sum(force * w, axis=-1)


def gradient_norm(w: np.ndarray, a: np.ndarray, force: np.ndarray) -> np.ndarray:
    """|grad L|, the root of sum_j a_j^2 |D_j|^2 + <D_j, w_j>^2, of samples of a network.

    Parameters
    ----------
    w, a, force
        [sample, neuron, coord], [sample, neuron], [sample, neuron, coord]. Of any size: units keep the squares
        floats.
    """
    weight = np.maximum(np.abs(w).max(axis=(1, 2), initial=0.0), np.abs(a).max(axis=1, initial=0.0))
    push = np.abs(force).max(axis=(1, 2), initial=0.0)
    weight, push = (np.where(unit > 0.0, unit, 1.0) for unit in (weight, push))
    w, a, force = w / weight[:, None, None], a / weight[:, None], force / push[:, None, None]
    along = np.einsum("tjc,tjc->tj", force, w)
    square = a**2 * np.einsum("tjc,tjc->tj", force, force) + along**2
    return np.asarray(weight * push * np.sqrt(square.sum(axis=1)))


def half_squared_norm(norm: np.ndarray, a: np.ndarray) -> np.ndarray:
    """1/2 |theta|^2 = 1/2 sum_j (|w_j|^2 + a_j^2) for |w_j| and a_j (..., neuron)."""
    # Not norm^2 (1 + ratio^2): an |a| of 1 beside a |w| of 1e-200 would be 0 times infinity.
    return np.asarray(0.5 * (squares(norm) + squares(a)))


def squares(values: np.ndarray) -> np.ndarray:
    """The sum of squares over the neurons, the last dimension."""
    return np.asarray(np.einsum("...j,...j->...", values, values))
