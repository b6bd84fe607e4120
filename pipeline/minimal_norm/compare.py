"""How far the network is from the least norm, along time."""

from __future__ import annotations

import numpy as np
import xarray as xr

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
        distance(time) in weights to the set of minimal networks of the same width and output signs.
    """
    validate("trajectory", trajectory)
    validate("minimum", minimum)
    norms = np.exp(trajectory["log_norm"].values)
    ratio = trajectory["output_ratio"].values
    half = 0.5 * np.sum(norms**2 * (1.0 + ratio**2), axis=1)
    return conform(
        "minimal_norm",
        {
            **{str(name): minimum[name].values for name in minimum.data_vars},
            "time": trajectory["time"].values,
            "half_squared_norm": half,
            "excess": half - float(minimum["value"]),
            "distance": distance(trajectory, minimum),
        },
        dict(minimum.attrs),
    )


def distance(trajectory: xr.Dataset, minimum: xr.Dataset) -> np.ndarray:
    """|theta - theta*| for the nearest theta* among the minimal networks.

    A minimal network of this width has w_j = c_j v/|v| and a_j = s c_j for the neurons of one sign, with
    c_j >= 0 and sum c_j^2 = |v|: how the minimal neuron v is split is free. The nearest split is
    c proportional to the positive part of <w_j, v>/|v| + s a_j; all else is a sum of squares. If there is no
    neuron of a sign that the minimum needs, one that rests at 0 is thought of.
    """
    norms = np.exp(trajectory["log_norm"].values)
    w = norms[..., None] * trajectory["direction"].values
    a = norms * trajectory["output_ratio"].values
    square = np.zeros(len(norms))
    for sign in (1, -1):
        chosen = np.sign(trajectory["output_ratio"].values[0]) == sign
        found = np.flatnonzero(minimum["output_sign"].values == sign)
        if not chosen.any():
            square += sum(2.0 * np.sum(minimum["weight"].values[i] ** 2) for i in found)
            continue
        ws, s_a = w[:, chosen], sign * a[:, chosen]
        if len(found) == 0:
            square += np.sum(ws**2, axis=(1, 2)) + np.sum(s_a**2, axis=1)
            continue
        target = minimum["weight"].values[found[0]]
        size = np.linalg.norm(target)
        unit = target / size
        wish = ws @ unit + s_a
        # If no neuron wishes for any of it (never when balanced), the least unwilling one takes it all.
        alone = np.eye(wish.shape[1])[np.argmax(wish, axis=1)]
        split = np.where((wish > 0).any(axis=1)[:, None], np.maximum(wish, 0.0), alone)
        split /= split.max(axis=1, keepdims=True)  # the square of 1e-200 would be 0
        c = size * split / np.linalg.norm(split, axis=1, keepdims=True)
        square += np.sum((ws - c[..., None] * unit) ** 2, axis=(1, 2)) + np.sum((s_a - c) ** 2, axis=1)
    return np.asarray(np.sqrt(square))
