"""How far the network is from the least norm, along time."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.blocks import along_time, at_instant
from catalog.schema import conform, validate
from pipeline.minimal_norm.difference import difference, largest_between, merged_distance, variation_norm
from pipeline.minimal_norm.lowering import lowered
from pipeline.points import take_points

WITHIN = 1e-3
"""The angle (radians) up to which neurons count as one in the variation norm of learned functions."""


def compare(trajectory: xr.Dataset, minimum: xr.Dataset, data: xr.Dataset | None = None) -> xr.Dataset:
    """Compare every instant of the trajectory with the minimum, and the learned function with the minimum's.

    Parameters
    ----------
    trajectory
        Stage 2's dataset.
    minimum
        The dataset of :func:`minimal_norm`.
    data
        Stage 1's dataset; without it the functions are not compared, and the minimum is what it is.

    Returns
    -------
    Dataset
        ``minimum`` (where it is not certified: or a network of less norm that fits the labels, by way of the
        flow's end) with half_squared_norm(time) = 1/2 |theta|^2, excess(time) over the minimal value, and
        distance(time) in weights to the set of minimal networks of the same width, built from these minimal
        neurons, whose outputs have the signs of that instant (an unbalanced a_j may change its sign). Excess and
        distance are NaN where the minimum is not known. With a free bias the excess leaves the biases out.
    """
    trajectory, minimum = validate("trajectory", trajectory), validate("minimum", minimum)
    data = take_points(data) if data is not None else None
    if data is not None:
        minimum = lowered(minimum, data, trajectory, slope=float(trajectory.attrs.get("slope", 0.0)))
    least = minimum.variables
    value, weight, sign = float(least["value"]), least["weight"].values, least["output_sign"].values
    free = minimum.attrs.get("free_coordinate")

    def course(log_norm: np.ndarray, ratio: np.ndarray, *direction: np.ndarray) -> tuple[np.ndarray, ...]:
        norm = np.exp(log_norm)
        output = norm * ratio
        # Not norm^2 (1 + ratio^2): an |a| of 1 beside a |w| of 1e-200 would be 0 times infinity.
        half = 0.5 * np.sum(norm**2 + output**2, axis=1)
        if not direction:
            return half, np.full(len(half), np.nan), np.full(len(half), np.nan)
        w = norm[..., None] * direction[0]
        counted = half if free is None else half - 0.5 * np.sum(w[..., free] ** 2, axis=1)
        return half, counted - value, distance(w, output, weight, sign, free)

    wanted = ["log_norm", "output_ratio"] + ([] if np.isnan(value) else ["direction"])
    half, excess, distances = along_time(course, *(trajectory.variables[name] for name in wanted))
    return conform(
        "minimal_norm",
        {
            **{str(name): least[name].values for name in minimum.data_vars},
            "time": trajectory.variables["time"].values,
            "half_squared_norm": half,
            "excess": excess,
            "distance": distances,
            **(compare_functions(data, trajectory, minimum) if data is not None else {}),
        },
        dict(minimum.attrs),
    )


def compare_functions(data: xr.Dataset, trajectory: xr.Dataset, minimum: xr.Dataset) -> dict[str, float]:
    """The learned function's own norm, and how far it is from the minimum's (NaN where that is not known).

    At the end of the trajectory: hull_difference is the largest |h - h*| between the data's points,
    merged_distance that of the weights once neurons of one direction are one, variation_norm and
    variation_difference those of the functions on the whole space, with neurons within :data:`WITHIN` as one.
    Of neurons that together have 1e-9 of the mass or less nothing is said.
    """
    log_norm, direction, ratio = at_instant(trajectory, -1, "log_norm", "direction", "output_ratio")
    norm = np.exp(log_norm)
    w, a = _heaviest(norm[:, None] * direction, norm * ratio)
    weight, sign = minimum.variables["weight"].values, minimum.variables["output_sign"].values
    slope = float(trajectory.attrs.get("slope", 0.0))
    found = {"variation_norm": variation_norm(w, a, within=WITHIN)}
    names = ("hull_difference", "merged_distance", "variation_difference")
    if np.isnan(float(minimum.variables["value"])):
        return found | dict.fromkeys(names, np.nan)
    output = sign * np.linalg.norm(weight, axis=1)
    both = difference(w, a, weight, output)
    values = (
        largest_between(data.variables["x"].values, *both, slope),
        merged_distance(w, a, weight, sign),
        variation_norm(*both, within=WITHIN),
    )
    return found | dict(zip(names, values, strict=True))


def _heaviest(w: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The neurons that make up the function: all but those with 1e-9 of the mass together."""
    mass = np.abs(a) * np.linalg.norm(w, axis=1)
    order = np.argsort(mass)
    kept = order[np.cumsum(mass[order]) > 1e-9 * mass.sum()]
    return w[kept], a[kept]


def distance(
    w: np.ndarray, a: np.ndarray, weight: np.ndarray, output_sign: np.ndarray, free: int | None = None
) -> np.ndarray:
    """|theta - theta*| for a near theta* among the minimal networks whose outputs have the signs of ``a``.

    A minimal network of this width has w_j = c_j v/|v| and a_j = s c_j for the neurons j that share the minimal
    neuron v of the sign s, with c_j >= 0 and sum c_j^2 = |v|^2: how v is split is free. The nearest split is c
    proportional to the positive part of the wish <w_j, v>/|v| + s a_j; all else is a sum of squares. If there are
    several minimal neurons of a sign, each neuron belongs to the one for which its wish is largest; another
    assignment might be nearer, so that this is an upper bound of the distance then. It is the distance where
    there is one minimal neuron of each sign. A minimal neuron without any neuron counts whole, as if one rested
    at 0. A neuron with a_j = 0 takes the side that it leans to.

    Parameters
    ----------
    w, a
        [time, neuron, coord] and [time, neuron].
    weight, output_sign
        The minimal neurons: [minimal_neuron, coord], with |a| = |w|, and [minimal_neuron].
    free
        The coordinate that does not count in the norm, if one does not: c_j is then |w_j| without it. The
        distance counts it. NaN if a minimal neuron has nothing else: it is the limit of ever larger weights.

    Returns
    -------
    float[time]
    """
    length = np.linalg.norm(weight, axis=1)
    counted = length if free is None else np.linalg.norm(np.delete(weight, free, axis=1), axis=1)
    if not (counted > CONSTANT * length).all():
        return np.full(len(a), np.nan)
    unit = weight / counted[:, None]
    size = np.sqrt(length) * np.sqrt(counted)
    # Not w @ unit.T, a product of matrices of width 1 or 2: on a busy machine BLAS takes ten times as long.
    along = [np.einsum("tjc,c->tj", w, v) for v in unit]
    wish = [part + s * a for part, s in zip(along, output_sign, strict=True)]
    side = np.sign(a)
    if (side == 0.0).any():
        lean = sum((_best(along, output_sign, s) * s for s in set(output_sign.tolist())), start=np.zeros_like(a))
        side = np.where(side == 0.0, np.sign(lean), side)
    away_w, away_a, square = w.copy(), a.copy(), np.zeros(len(a))
    for i, s in enumerate(output_sign.tolist()):
        rivals = [other for other in range(len(unit)) if output_sign[other] == s]
        own = side == s
        if len(rivals) > 1:
            own &= np.argmax([wish[other] for other in rivals], axis=0) == rivals.index(i)
        split = size[i] * _nearest_split(wish[i], own)
        away_w -= np.einsum("tj,c->tjc", split, unit[i])
        away_a -= s * split
        square += np.where(own.any(axis=1), 0.0, size[i] ** 2 * (1 + unit[i] @ unit[i]))
    square += np.einsum("tjc,tjc->t", away_w, away_w) + np.einsum("tj,tj->t", away_a, away_a)
    return np.asarray(np.sqrt(square))


CONSTANT = 1e-9
"""The share of its weight, without the free coordinate, up to which a minimal neuron counts as a constant."""


def _best(along: list[np.ndarray], output_sign: np.ndarray, sign: int) -> np.ndarray:
    """The most that each neuron lies along a minimal neuron of this sign."""
    return np.asarray(np.max([part for part, s in zip(along, output_sign, strict=True) if s == sign], axis=0))


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
