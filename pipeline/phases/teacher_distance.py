"""How far the learned function is from the teacher that labelled the data, over all inputs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import variable
from catalog.schema.blocks import along_time
from pipeline.network.activation import Activation

MOST_PAIRS = 4_000_000
"""The pairs of neurons up to which it is computed, at every instant."""


def with_teacher_distance(trajectory: xr.Dataset, teacher: xr.Dataset) -> xr.Dataset:
    """Add teacher_distance(time), the root of E (h(x) - teacher(x))^2 over standard Gaussian x, to a trajectory.

    Parameters
    ----------
    trajectory
        Of data without a bias: with one, an input is no Gaussian vector, and there is no closed form.
    teacher
        The network that labelled them, as a start of the flow; its activation is the ReLU.

    Returns
    -------
    Dataset
        Unchanged where the network is so wide that it would take long.

    Notes
    -----
    The distance is the root of a difference, so that it is known to about 1e-8 of |h|.
    """
    if trajectory.sizes["neuron"] ** 2 > MOST_PAIRS:
        return trajectory
    slope = Activation.of(trajectory).negative_slope
    directions, sizes = teacher.variables["direction"].values, _coefficients(teacher)

    def distance(log_norm: np.ndarray, direction: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray]:
        found = np.empty(len(direction))
        size = np.exp(2.0 * log_norm) * ratio
        slopes = np.concatenate([np.full(direction.shape[1], slope), np.zeros(len(sizes))])
        for instant, neurons in enumerate(direction):
            unit = np.concatenate([neurons, directions])
            coefficient = np.concatenate([size[instant], -sizes])
            found[instant] = coefficient @ gaussian_kernel(unit, slopes) @ coefficient
        return (np.sqrt(np.maximum(found, 0.0)),)

    names = ("log_norm", "direction", "output_ratio")
    (found,) = along_time(distance, *(trajectory.variables[name] for name in names))
    specified = variable("trajectory", "teacher_distance")
    return trajectory.assign(teacher_distance=(specified.dims, found, specified.attributes))


def gaussian_kernel(unit: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """E phi_i(<u_i, x>) phi_j(<u_j, x>) over standard Gaussian x, for unit vectors and their leaky ReLUs' slopes.

    With phi_s(z) = relu(z) - s relu(-z) it is (1 + s t) k(theta) - (s + t) k(pi - theta), where
    k(theta) = (sin theta + (pi - theta) cos theta)/(2 pi) is the arc-cosine kernel (Cho and Saul 2009).
    """
    cosine = np.clip(unit @ unit.T, -1.0, 1.0)
    both = 1.0 + np.outer(slope, slope)
    sine, angle = np.sqrt(1.0 - cosine**2), np.arccos(cosine)
    same = (sine + (np.pi - angle) * cosine) / (2.0 * np.pi)
    if not slope.any():
        return np.asarray(same)
    opposite = (sine - angle * cosine) / (2.0 * np.pi)
    return np.asarray(both * same - (slope[:, None] + slope[None, :]) * opposite)


def _coefficients(network: xr.Dataset) -> np.ndarray:
    return np.asarray(
        np.exp(2.0 * network.variables["log_norm"].values) * network.variables["output_ratio"].values
    )
