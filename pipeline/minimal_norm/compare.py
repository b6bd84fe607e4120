"""How far the network is from the least norm, along time."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.blocks import along_time
from catalog.schema import conform, validate


def compare(trajectory: xr.Dataset, minimum: xr.Dataset) -> xr.Dataset:
    """Compare every instant of the trajectory with the minimum.

    Parameters
    ----------
    trajectory
        Stage 2's dataset.
    minimum
        The dataset of :func:`minimal_norm`.

    Returns
    -------
    Dataset
        ``minimum`` with half_squared_norm(time) = 1/2 |theta|^2, excess(time) over the minimal value, and
        distance(time) in weights to the set of minimal networks of the same width whose outputs have the signs
        of that instant (an unbalanced a_j may change its sign). Excess and distance are NaN where the minimum
        is not known.
    """
    validate("trajectory", trajectory)
    validate("minimum", minimum)
    value = float(minimum["value"])
    targets = {
        int(sign): weight
        for sign, weight in zip(minimum["output_sign"].values, minimum["weight"].values, strict=True)
    }

    def course(log_norm: np.ndarray, ratio: np.ndarray, *direction: np.ndarray) -> tuple[np.ndarray, ...]:
        norm = np.exp(log_norm)
        output = norm * ratio
        # Not norm^2 (1 + ratio^2): an |a| of 1 beside a |w| of 1e-200 would be 0 times infinity.
        half = 0.5 * np.sum(norm**2 + output**2, axis=1)
        if not direction:
            return half, np.full(len(half), np.nan)
        return half, distance(norm[..., None] * direction[0], output, targets)

    wanted = ["log_norm", "output_ratio"] + ([] if np.isnan(value) else ["direction"])
    half, distances = along_time(course, *(trajectory[name] for name in wanted))
    return conform(
        "minimal_norm",
        {
            **{str(name): minimum[name].values for name in minimum.data_vars},
            "time": trajectory["time"].values,
            "half_squared_norm": half,
            "excess": half - value,
            "distance": distances,
        },
        dict(minimum.attrs),
    )


def distance(w: np.ndarray, a: np.ndarray, targets: dict[int, np.ndarray]) -> np.ndarray:
    """|theta - theta*| for the nearest theta* among the minimal networks whose outputs have the signs of ``a``.

    A minimal network of this width has w_j = c_j v/|v| and a_j = s c_j for the neurons of one sign s, with
    c_j >= 0 and sum c_j^2 = |v|: how the minimal neuron v is split is free. The nearest split is
    c proportional to the positive part of <w_j, v>/|v| + s a_j; all else is a sum of squares. If there is no
    neuron of a sign that the minimum needs, one that rests at 0 is thought of. A neuron with a_j = 0 takes the
    side that it leans to.

    Parameters
    ----------
    w, a
        [time, neuron, coord] and [time, neuron].
    targets
        The minimal neuron's weight under each output sign for which there is one.

    Returns
    -------
    float[time]
    """
    size = {sign: float(np.linalg.norm(target)) for sign, target in targets.items()}
    unit = {sign: target / size[sign] for sign, target in targets.items()}
    along = {sign: w @ unit[sign] for sign in targets}
    lean = sum((sign * along[sign] for sign in targets), start=np.zeros_like(a))
    side = np.sign(np.where(a == 0.0, lean, a))
    away_w, away_a, square = w.copy(), a.copy(), np.zeros(len(a))
    for sign in targets:
        own = side == sign
        split = size[sign] * _nearest_split(along[sign] + sign * a, own)
        # Not split @ unit, a product of matrices of width 1: on a busy machine BLAS takes ten times as long.
        away_w -= np.einsum("tj,c->tjc", split, unit[sign])
        away_a -= sign * split
        square += np.where(own.any(axis=1), 0.0, 2.0 * size[sign] ** 2)
    square += np.einsum("tjc,tjc->t", away_w, away_w) + np.einsum("tj,tj->t", away_a, away_a)
    return np.asarray(np.sqrt(square))


def _nearest_split(wish: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The nonnegative rows of length 1 that are nearest to ``wish`` on the neurons ``own``, and 0 elsewhere."""
    split = np.where(own, np.maximum(wish, 0.0), 0.0)
    # If no neuron wishes for any of it (never when balanced), the least unwilling one takes it all.
    unwilling = np.flatnonzero(own.any(axis=1) & ~(split > 0).any(axis=1))
    if len(unwilling):
        split[unwilling, np.argmax(np.where(own, wish, -np.inf)[unwilling], axis=1)] = 1.0
    largest = split.max(axis=1, keepdims=True, initial=0.0)
    split = np.divide(split, largest, out=split, where=largest > 0)  # the square of 1e-200 would be 0
    length = np.linalg.norm(split, axis=1, keepdims=True)
    return np.asarray(np.divide(split, length, out=split, where=length > 0))
