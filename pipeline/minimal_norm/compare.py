"""How far the network is from the least norm, along time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from catalog.schema import conform, validate
from catalog.schema.blocks import coordinates_first, over_neurons
from pipeline.inputs.kinds import refuse_other_sizes
from pipeline.minimal_norm.difference import difference, largest_between, merged_distance, variation_norm
from pipeline.minimal_norm.lowering import lowered
from pipeline.minimal_norm.minimum import values_of
from pipeline.network.activation import Activation
from pipeline.network.algebra import half_squared_norm, squares, weights_at
from pipeline.network.points import take_points

WITHIN = 1e-3
"""The angle (radians) up to which neurons count as one in the variation norm of learned functions."""


def compare(trajectory: xr.Dataset, minimum: xr.Dataset, data: xr.Dataset | None = None) -> xr.Dataset:
    """Compare every instant of the trajectory with the minimum, and the learned function with the minimum's.

    Parameters
    ----------
    trajectory
        The dataset of the stage flow.
    minimum
        The dataset of :func:`pipeline.minimal_norm.minimal_norm`.
    data
        The dataset of the stage data; without it the functions are not compared, and the minimum is what it is.

    Returns
    -------
    Dataset
        ``minimum`` (where it is not certified: or a network of less norm that fits the labels, by way of the
        flow's end) with half_squared_norm(time) = 1/2 |theta|^2, excess(time) over the minimal value, and
        distance(time) in weights to the set of minimal networks of the same width, built from these minimal
        neurons, whose outputs have the signs of that instant (an unbalanced a_j may change its sign). Excess and
        distance are NaN where the minimum is not known. With a free bias the excess leaves the biases out. Beside
        free functions, which no network of neurons alone has, distances are NaN.
    """
    trajectory, minimum = validate("trajectory", trajectory), validate("minimum", minimum)
    data = take_points(data) if data is not None else None
    refuse_other_sizes(data=data, trajectory=trajectory, minimum=minimum)
    beside = "free_functions" in minimum.attrs
    if data is not None and not beside:
        minimum = lowered(minimum, data, trajectory, slope=Activation.of(trajectory).negative_slope)
    least = minimum.variables
    value, weight, sign = float(least["value"]), least["weight"].values, least["output_sign"].values
    free = minimum.attrs.get("free_coordinate")

    nearest = None if np.isnan(value) or beside else MinimalNeurons.of(weight, sign, free)

    def course(
        part: slice, log_norm: np.ndarray, ratio: np.ndarray, *direction: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        norm = np.exp(log_norm)
        output = norm * ratio
        half = half_squared_norm(norm, output)
        if nearest is None:
            return (half,)
        w = coordinates_first(direction[0])
        w *= norm
        biases = np.zeros(len(half)) if free is None else 0.5 * squares(w[free])
        return half, biases, *nearest.shares(w, output)

    joins = [np.add] if nearest is None else [np.add, np.add, *SHARES]
    wanted = ["log_norm", "output_ratio"] + ([] if nearest is None else ["direction"])
    half, *rest = over_neurons(course, joins, *(trajectory.variables[name] for name in wanted))
    excess, distances = half - value, np.full(len(half), np.nan)
    if nearest is not None:
        excess, distances = half - rest[0] - value, nearest.distance(*rest[1:])
    return conform(
        "minimal_norm",
        {
            **values_of(minimum),
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
    w, a = _heaviest(*weights_at(trajectory, -1))
    weight, sign = minimum.variables["weight"].values, minimum.variables["output_sign"].values
    slope = Activation.of(trajectory).negative_slope
    found = {"variation_norm": variation_norm(w, a, within=WITHIN)}
    names = ("hull_difference", "merged_distance", "variation_difference")
    if np.isnan(float(minimum.variables["value"])) or "free_functions" in minimum.attrs:
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
    nearest = MinimalNeurons.of(weight, output_sign, free)
    return nearest.distance(*nearest.shares(coordinates_first(w), np.array(a, dtype=float)))


@dataclass(frozen=True)
class MinimalNeurons:
    """What a network is compared with: see :func:`distance`.

    Attributes
    ----------
    unit
        The minimal neurons over the length that counts, [minimal_neuron, coord].
    sign
        Of their outputs.
    size
        sqrt(sum c_j^2) of each.
    square
        1 + |unit|^2 of each: a neuron c (unit, sign) has c^2 times that.
    known
        False if one is the limit of ever larger weights.
    """

    unit: np.ndarray
    sign: np.ndarray
    size: np.ndarray
    square: np.ndarray
    known: bool

    @classmethod
    def of(cls, weight: np.ndarray, sign: np.ndarray, free: int | None) -> MinimalNeurons:
        """The minimal neurons of these weights."""
        length = np.linalg.norm(weight, axis=1)
        counted = length if free is None else np.linalg.norm(np.delete(weight, free, axis=1), axis=1)
        known = bool((counted > CONSTANT * length).all())
        unit = weight / np.where(counted > 0, counted, 1.0)[:, None]
        return cls(unit, sign, np.sqrt(length) * np.sqrt(counted), 1.0 + np.sum(unit**2, axis=1), known)

    def shares(self, w: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What some neurons add to the distance, whatever the others are; both arrays are used up.

        Were it not for sum c_j^2 = size^2, the nearest c_j would be wish_j/square, or 0 for a negative wish. The
        nearest ones that have it are these in proportion, and what that adds to the squared distance depends on
        the wishes' own sum of squares alone (:meth:`distance`). So a network need not be looked at twice, nor as a
        whole, and nothing cancels.

        Parameters
        ----------
        w, a
            [coord, time, neuron] and [time, neuron].

        Returns
        -------
        square : float[time]
            The squared distance from those c_j.
        wishes : float[time, minimal_neuron]
            The sum of squares of the positive wishes.
        largest : float[time, minimal_neuron]
            The largest wish; -inf if no neuron is of its sign.
        """
        along = self._along(w)
        wish = [part + s * a for part, s in zip(along, self.sign, strict=True)]
        side = self._sides(a, along)
        wishes, largest = np.zeros((2, len(a), len(wish)))
        nearest = np.zeros(side.shape, dtype=np.int64)
        for s in np.unique(self.sign):
            rivals = np.flatnonzero(self.sign == s)
            chosen = rivals[np.argmax([wish[other] for other in rivals], axis=0)]
            nearest = np.where(side == s, chosen, nearest)
        taken: list[np.ndarray] = []
        for i, s in enumerate(self.sign.tolist()):
            own = (side == s) & (nearest == i)
            mine = np.where(own, wish[i], -np.inf)
            largest[:, i] = mine.max(axis=1, initial=-np.inf)
            positive = np.maximum(mine, 0.0, out=mine)
            wishes[:, i] = squares(positive)
            positive /= self.square[i]
            a -= s * positive
            taken.append(positive)
        self._take(w, taken)
        return np.einsum("ctj,ctj->t", w, w) + squares(a), wishes, largest

    def _along(self, w: np.ndarray) -> list[np.ndarray]:
        """How far each w [coord, time, neuron] lies along each minimal neuron."""
        if len(self.unit) < MANY:
            return [np.einsum("ctj,c->tj", w, v) for v in self.unit]
        return list((self.unit @ w.reshape(len(w), -1)).reshape(-1, *w.shape[1:]))

    def _take(self, w: np.ndarray, taken: list[np.ndarray]) -> None:
        """Take so much of each minimal neuron from w [coord, time, neuron]."""
        if len(taken) < MANY:
            for v, share in zip(self.unit, taken, strict=True):
                for c, part in enumerate(v):
                    w[c] -= part * share
            return
        shares = np.array(taken).reshape(len(taken), -1)
        for first in range(0, len(w), AT_ONCE):  # all at once they would be another w
            some = slice(first, first + AT_ONCE)
            w[some] -= (self.unit.T[some] @ shares).reshape(w[some].shape)

    def _sides(self, a: np.ndarray, along: list[np.ndarray]) -> np.ndarray:
        """The sign of the minimal neurons that each neuron belongs to."""
        side = np.sign(a)
        if (side == 0.0).any():
            signs = set(self.sign.tolist())
            lean = sum((_best(along, self.sign, s) * s for s in signs), start=np.zeros_like(a))
            side = np.where(side == 0.0, np.sign(lean), side)
        return np.asarray(side)

    def distance(self, square: np.ndarray, wishes: np.ndarray, largest: np.ndarray) -> np.ndarray:
        """|theta - theta*| from what all neurons add to it, float[time]."""
        if not self.known:
            return np.full(len(square), np.nan)
        # If no neuron wishes for any of it (never when balanced), the least unwilling one takes it all.
        unwilling = np.where(np.isfinite(largest), np.minimum(largest, 0.0), 0.0)
        missing = self.square * (self.size - np.sqrt(wishes) / self.square) ** 2 - 2.0 * self.size * unwilling
        return np.asarray(np.sqrt(square + missing.sum(axis=1)))


MANY = 4
"""From how many minimal neurons on they are gone through by matrix products. Of a width of 1 or 2 they take BLAS
ten times as long on a busy machine."""
AT_ONCE = 16
"""Of how many coordinates the products are formed at once."""
SHARES = (np.add, np.add, np.maximum)
"""How the shares of two parts of the neurons become those of both."""


CONSTANT = 1e-9
"""The share of its weight, without the free coordinate, up to which a minimal neuron counts as a constant."""


def _best(along: list[np.ndarray], output_sign: np.ndarray, sign: int) -> np.ndarray:
    """The most that each neuron lies along a minimal neuron of this sign."""
    return np.asarray(np.max([part for part, s in zip(along, output_sign, strict=True) if s == sign], axis=0))
