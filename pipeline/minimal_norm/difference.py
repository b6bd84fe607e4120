"""How far two networks are apart as functions: on the data's hull, in variation norm, neuron by merged neuron.

As phi(z) = (1 + slope)/2 z + (1 - slope)/2 |z|, a network sum_i c_i phi(<u_i, x>) with unit u_i is a linear
function (1 + slope)/2 <v, x>, v = sum_i c_i u_i, and for each axis +-u one bump |<u, x>| times the total e of
the c_i along it. Bumps of different axes are linearly independent, so they are the same in every network that is
this function; only how an axis shares its mass among u and -u is free. The least sum of |c_i| is therefore

    |f|_var = sum over axes |e| + min |v - sum over axes o u|  over |o| <= |e|,

o the excess of u over -u: what the axes' own halves can't give of v takes neurons of its own, half of it each,
opposite and of opposite sign. The minimum is one of bounded least squares. On the whole space a function is as
large as its best network; on the data alone a smaller one may do the same (eq 8).
"""

from __future__ import annotations

import numpy as np

from pipeline.network.activation import Activation
from pipeline.network.rays import unit_rows

MOST_AXES = 500
"""Up to how many axes the variation norm is computed."""
NOTHING = 1e-150
"""|a||w| of a neuron that adds nothing: its square is no float."""
MOST_SEGMENTS = 2000
"""Pairs of points whose connecting lines are looked along; of more, as many are drawn with a fixed seed."""


def axes(weight: np.ndarray, within: float) -> tuple[np.ndarray, np.ndarray]:
    """The axes +-u of the neurons, those nearer than ``within`` (radians) to one already there merged with it.

    Parameters
    ----------
    weight : float64[neuron, coord]
        None of them 0; the first of each axis names it.
    within : float

    Returns
    -------
    unit : float64[axis, coord]
        No more than :data:`MOST_AXES`.
    number : int64[neuron]
        Each neuron's axis; -1 for those that have found none, for all of them where some of the neurons already
        have too many.
    """
    units = unit_rows(weight)[0]
    some = units[:: max(1, len(units) // (4 * MOST_AXES))]
    # Neurons apart by twice the angle share no axis, whoever names it: with too many of those all is said.
    if len(some) < len(units) and (_gathered(some, 2.0 * within)[1] < 0).any():
        return np.empty((0, weight.shape[1])), np.full(len(units), -1)
    first, number = _gathered(units, within)
    return units[first], number


def _gathered(units: np.ndarray, within: float) -> tuple[list[int], np.ndarray]:
    """The rows that name an axis, at most :data:`MOST_AXES`, and the axis of each row or -1."""
    number = np.full(len(units), -1)
    first: list[int] = []
    row = 0
    while row < len(units) and len(first) < MOST_AXES:
        # By the cosine only who may be near: of nearly parallel vectors it knows the angle to 1e-8 only.
        cosine = units @ units[row]
        near = np.flatnonzero((np.abs(cosine) >= 1.0 - 0.5 * within**2 - 1e-12) & (number < 0))
        side = np.where(cosine[near] < 0.0, -1.0, 1.0)
        here = near[np.linalg.norm(units[near] - side[:, None] * units[row], axis=1) <= within]
        number[here] = number[row] = len(first)
        first.append(row)
        row += int(np.argmax(number[row:] < 0)) if (number[row:] < 0).any() else len(units)
    return first, number


def variation_norm(weight: np.ndarray, output: np.ndarray, *, within: float = 1e-9) -> float:
    """The least sum_i |c_i| over all networks that are the function sum_j a_j phi(<w_j, x>), for any slope > -1.

    Parameters
    ----------
    weight : float64[neuron, coord]
    output : float64[neuron]
        a_j, with its sign.
    within : float
        The angle up to which two neurons share an axis. The norm is no continuous function of the axes: two
        neurons of opposite sign a hair apart count in full, one over the other not at all.

    Returns
    -------
    float
        At most sum_j |a_j||w_j|, and at most 1/2 |theta|^2; NaN for more than :data:`MOST_AXES` axes.
    """
    from scipy.optimize import lsq_linear

    moment = output[:, None] * weight
    size = np.linalg.norm(moment, axis=1)
    weight, output, moment, size = (part[size > NOTHING] for part in (weight, output, moment, size))
    if not len(size):
        return 0.0
    order = np.argsort(-size, kind="stable")
    weight, output, moment, size = (part[order] for part in (weight, output, moment, size))
    unit, number = axes(weight, within)
    if (number < 0).any():
        return float("nan")
    total = np.bincount(number, np.sign(output) * size, len(unit))
    linear = moment.sum(axis=0)
    free = np.abs(total) > 0.0
    if not free.any():
        return float(np.linalg.norm(linear))
    mass = float(np.abs(total).sum())
    bound, linear = np.abs(total[free]) / mass, linear / mass
    with np.errstate(divide="ignore"):  # bvls divides by a step of 0 along an axis that it is not on
        found = lsq_linear(unit[free].T, linear, (-bound, bound), method="bvls", tol=1e-14)
    return mass * float(1.0 + np.linalg.norm(linear - unit[free].T @ found.x))


def difference(
    weight: np.ndarray, output: np.ndarray, other: np.ndarray, other_output: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The network that is the first function less the second."""
    return np.concatenate([other, weight]), np.concatenate([-other_output, output])


def largest_between(x: np.ndarray, weight: np.ndarray, output: np.ndarray, slope: float = 0.0) -> float:
    """The largest |h| on the lines between the data's points: on their hull, where it is a line.

    h is linear between its kinks along a line, so the largest is at a kink or at an end. In more than one
    dimension the lines are the hull's skeleton and the diagonals: the largest in between may be larger.

    Parameters
    ----------
    x : float64[point, coord]
    weight, output
        As for :func:`variation_norm`.
    slope : float
    """
    height = x @ weight.T
    ends = Activation(slope).value(height) @ output
    pairs = _pairs(len(x))
    largest = float(np.abs(ends).max(initial=0.0))
    for first, last in pairs:
        crosses = height[first] * height[last] < 0.0
        begin, rise = height[first, crosses], (height[last] - height[first])[crosses]
        share = -begin / rise
        order = np.argsort(share)
        bend = (1.0 - slope) * (output[crosses] * np.abs(rise))[order]
        share = np.append(share[order], 1.0)
        # The slope at the first point is what, with all that bends on the way, leads to the last.
        slopes = ends[last] - ends[first] - np.sum(bend * (1.0 - share[:-1])) + np.append(0.0, np.cumsum(bend))
        values = ends[first] + np.cumsum(slopes * np.diff(share, prepend=0.0))
        largest = max(largest, float(np.abs(values).max()))
    return largest


def _pairs(n: int) -> np.ndarray:
    """[pair, 2]: all pairs of n points, first one first, or some of them: no list of all of 10,000 points'."""
    before = np.arange(n) * (2 * n - np.arange(n) - 1) // 2  # how many pairs there are before those of a point
    count = n * (n - 1) // 2
    if count <= MOST_SEGMENTS:
        number = np.arange(count)
    else:
        number = np.random.default_rng(0).choice(count, MOST_SEGMENTS, replace=False)
    first = np.searchsorted(before[:-1], number, side="right") - 1
    return np.stack([first, number - before[first] + first + 1], axis=1)


def merged_distance(
    weight: np.ndarray, output: np.ndarray, target: np.ndarray, sign: np.ndarray, *, within: float = 0.05
) -> float:
    """|theta - theta*| once neurons of one sign and, up to the angle ``within``, one direction are one neuron.

    They add up to the moment sum |a_j| w_j; balanced, its weight is that over the root of its length. Merged
    neurons and those of theta* are paired so that the distance is least; who stays alone is its own size away.

    Parameters
    ----------
    weight, output
        As for :func:`variation_norm`.
    target : float64[minimal_neuron, coord]
        Balanced: |a| = |w|.
    sign : int[minimal_neuron]

    Returns
    -------
    float
        NaN if more than :data:`MOST_AXES` neurons are left.
    """
    from scipy.optimize import linear_sum_assignment

    merged, merged_sign = merge(weight, output, within)
    if merged is None:
        return float("nan")
    alone, alone_there = np.sum(merged**2, axis=1), np.sum(target**2, axis=1)
    apart = np.sum((merged[:, None] - target) ** 2, axis=2)
    gain = alone[:, None] + alone_there - np.where(merged_sign[:, None] == sign, apart, np.inf)
    gain = np.maximum(gain, 0.0)
    rows, columns = linear_sum_assignment(-gain)
    return float(np.sqrt(max(2.0 * (alone.sum() + alone_there.sum() - gain[rows, columns].sum()), 0.0)))


def merge(weight: np.ndarray, output: np.ndarray, within: float) -> tuple[np.ndarray | None, np.ndarray]:
    """The balanced neurons (neuron, coord) that those of one sign and one direction add up to, and their signs.

    None for more than :data:`MOST_AXES`.
    """
    found, signs = [np.empty((0, weight.shape[1]))], []
    for sign in (1, -1):
        moment = (np.abs(output)[:, None] * weight)[np.sign(output) == sign]
        moment = moment[np.argsort(-np.linalg.norm(moment, axis=1), kind="stable")]
        moment = moment[np.linalg.norm(moment, axis=1) > NOTHING]
        unit, number = axes(moment, within)
        if (number < 0).any():
            return None, np.empty(0)
        # An axis has two ends: neurons of opposite directions are two.
        end = 2 * number + (np.einsum("jc,jc->j", moment, unit[number]) < 0)
        total = np.zeros((2 * len(unit), weight.shape[1]))
        np.add.at(total, end, moment)
        total = total[np.linalg.norm(total, axis=1) > NOTHING]
        found.append(total / np.sqrt(np.linalg.norm(total, axis=1, keepdims=True)))
        signs += [sign] * len(total)
    return np.concatenate(found), np.array(signs)
