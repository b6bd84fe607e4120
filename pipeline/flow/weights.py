"""Between labelled datasets and plain weights: what every method but the exact one computes with.

In plain units a network is w (m, d) and a (m,). Between 1e-150 and 1e150 floats hold their squares too; the
exact method has no such limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import conform, variable
from pipeline.flow.initial import LARGEST, SMALLEST
from pipeline.inputs.errors import RequestError
from pipeline.network import algebra
from pipeline.network.activation_patterns import first_of_each
from pipeline.network.status import Status

BALANCED = 1e-12
"""The relative difference of |a_j| and |w_j| up to which a start counts as balanced."""

BOTTOM = float(np.nextafter(0.0, 1.0))
"""The smallest float: what stands for the size of a neuron that has shrunk below it."""

BLOCK = 1_000_000
"""Pre-activations held at a time while a trajectory is read: 8 megabytes."""


def plain_weights(init: xr.Dataset, method: str) -> tuple[np.ndarray, np.ndarray]:
    """The initial network as w (m, d) and a (m,).

    Raises
    ------
    RequestError
        If a weight is too small or too large for a float and its square.
    """
    log_norm, ratio = init["log_norm"].values, init["output_ratio"].values
    with np.errstate(divide="ignore"):
        log_sizes = np.concatenate([log_norm, log_norm + np.log(np.abs(ratio))])
    log_sizes = log_sizes[log_sizes > -np.inf]  # a weight of exactly 0 is a float
    for size in (log_sizes.min(initial=0.0), log_sizes.max(initial=0.0)):
        if not np.log(SMALLEST) <= size <= np.log(LARGEST):
            raise RequestError(
                f"init.log10_scale: an initial weight of the size 1e{size / np.log(10.0):+.0f}: "
                f"{SMALLEST:g} to {LARGEST:g} is allowed with flow.method = {method!r}"
            )
    return algebra.weights(log_norm, init["direction"].values, ratio)


def refuse_unbalanced(init: xr.Dataset, method: str) -> None:
    """Raise unless |a_j| = |w_j| for every neuron.

    Raises
    ------
    RequestError
    """
    ratio = np.abs(init["output_ratio"].values)
    furthest = int(np.argmax(np.abs(ratio - 1.0)))
    if not abs(ratio[furthest] - 1.0) <= BALANCED:
        raise RequestError(
            f"init.start: neuron {furthest} has |a|/|w| = {ratio[furthest]:.6g}: "
            f"only balanced starts (1 for every neuron) are allowed with flow.method = {method!r}"
        )


def account_of(
    method: str, status: Status, tolerance: float, seconds: float, steps: int, rejected: int
) -> dict[str, Any]:
    """The attributes that every method's trajectory has: how it ended, in how many steps and seconds."""
    return {
        "method": method,
        "status": status.word,
        "status_message": status.value,
        "tolerance": tolerance,
        "solver_seconds": seconds,
        "sampling_seconds": 0.0,
        "steps": steps,
        "rejected_steps": rejected,
    }


def label_trajectory(
    data: xr.Dataset,
    init: xr.Dataset,
    times: np.ndarray,
    w: np.ndarray,
    a: np.ndarray,
    *,
    slope: float,
    account: dict[str, Any],
) -> xr.Dataset:
    """Plain weights at ``times`` as the labelled trajectory.

    Parameters
    ----------
    data, init
        The datasets that the weights started from.
    times
        Of the samples.
    w, a
        float64[samples, m, d] and float64[samples, m].
    slope
        Of the leaky ReLU: phi(u) = u for u > 0, else slope u.
    account
        The attributes: status, steps, seconds. ``crossings`` (changes of an activation from a sample to the
        next) and ``patterns`` (different activations that neurons have, at the start or at the end,
        whichever is more) are counted here.

    Returns
    -------
    Dataset
        Residual, loss and gradient are those of the weights stored beside them. A neuron below the smallest
        float keeps its last direction.
    """
    x, y = data["x"].values, data["y"].values
    samples, m, _ = w.shape
    n = len(y)
    off, on = (variable("trajectory", "activation").flag(name) for name in ("off", "on"))
    direction, log_norm, output_ratio = in_logarithms(w, a, init["direction"].values)
    activation = np.empty((samples, m, n), dtype=np.int8)
    residual, gradient_norm = np.empty((samples, n)), np.empty(samples)
    for part in _parts(samples, m * n):
        # Signs from the directions: <w, x> of a small w underflows.
        active = direction[part] @ x.T > 0.0
        activation[part] = np.where(active, on, off)
        derivative = np.where(active, 1.0, slope)
        residual[part] = y - np.einsum("tj,tjk->tk", a[part], derivative * (w[part] @ x.T))
        force = algebra.forces(x, derivative, residual[part])
        gradient_norm[part] = algebra.gradient_norm(w[part], a[part], force)
    with np.errstate(over="ignore"):
        loss = algebra.loss(residual)
    account = account | {
        "crossings": int(np.count_nonzero(activation[1:] != activation[:-1])),
        "patterns": max(len(first_of_each(activation[at] == on)) for at in (0, -1)),
    }
    trajectory = conform(
        "trajectory",
        {
            "time": times,
            "direction": direction,
            "log_norm": log_norm,
            "output_ratio": output_ratio,
            "activation": activation,
            "residual": residual,
            "loss": loss,
            "gradient_norm": gradient_norm,
            "log_init_scale": init["log_init_scale"].values,
        },
        account,
    )
    trajectory["coord"].attrs.update(data["coord"].attrs)
    return trajectory


def in_logarithms(w: np.ndarray, a: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directions, ln |w| and a/|w| of weights (samples, m, d) and (samples, m), for all sizes that floats have.

    A neuron at exactly 0 has its direction of the sample before (of ``first`` (m, d), at the start) and the
    size :data:`BOTTOM`; an a/|w| beyond the largest float is the largest float.
    """
    exponent = np.frexp(np.abs(w).max(axis=2))[1]
    # A power of two loses no digit, so the sign of <w, x_k> stays what it is.
    direction = np.ldexp(w, -exponent[:, :, None])
    length = np.linalg.norm(direction, axis=2)
    vanished = length == 0.0
    length[vanished] = 1.0
    direction /= length[:, :, None]
    for t in np.flatnonzero(vanished.any(axis=1)):
        direction[t, vanished[t]] = (direction[t - 1] if t else first)[vanished[t]]
    log_norm = np.where(vanished, np.log(BOTTOM), np.log(length) + exponent * np.log(2.0))
    greatest = np.finfo(float).max
    exponent[vanished] = np.frexp(BOTTOM)[1]
    with np.errstate(over="ignore"):
        output_ratio = np.clip(np.ldexp(a, -exponent) / length, -greatest, greatest)
    return direction, log_norm, output_ratio


def _parts(samples: int, size: int) -> Iterator[slice]:
    """Slices of the samples that hold about :data:`BLOCK` numbers each."""
    length = max(1, BLOCK // size)
    for start in range(0, samples, length):
        yield slice(start, min(start + length, samples))
