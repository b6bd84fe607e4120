"""What is noted of a sweep: every crossing in the step, and what of it the next sweep has to know."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TIME, UP, UNTIL, AFTER, PLAN, PLAN_AFTER, JUMP, SHIFT, RISE, CHANGE = range(10)
"""Places in an event's numbers: when, in [0, 1] over the step (0: the pair slides from the step's start); 1 if the
point goes on there, else 0; the sliding that was assumed, up to when (0: none) and whether the point is on
afterwards; the same as it has come out; by how much n D jumps, over x_k; what the neuron's other corners add to
the preactivation there; by how much the neuron's output at the point would rise per step; and by how much J does
after it."""
MOST_CLOSE = 256
"""Pairs that are noted as near to a boundary in a sweep."""
NUMBERS = 10
"""After them: the pair's share of n D_i over x_k, beside what it always has (the slope of the leaky ReLU); the
point's residual at the nodes without the pair's own; what sliding adds to n D_i, over x_k; where the pair slides,
the moments over that time of what the neuron's crossings do to n <D, x_k> beside their moments over the step; s
numbers each."""


class Events(NamedTuple):
    """The crossings of a sweep, block by block, neuron by neuron, point by point.

    number : int64[3]
        How many there are, how many found no room, and how many pairs are near.
    neuron, point : int64[most]
    values : float64[most, 10 + 4 s]
        All of an event beside each other: they are read in the order of time too.
    near : float64[m]
        How far, over |x_k|, each neuron's path is off its polynomial for its corners.
    close, left : int64[close, 2], float64[close]
        Pairs that do not cross, and come so near in this sweep as the sweep before has found: neuron and point;
        and the point's residual.
    harm : float64[1]
        By how much a neuron may err, over its size, for one of these that it touches, or for a boundary that it
        leaves and comes back to.
    """

    number: np.ndarray
    neuron: np.ndarray
    point: np.ndarray
    values: np.ndarray
    near: np.ndarray
    close: np.ndarray
    left: np.ndarray
    harm: np.ndarray


def make_events(most: int, stages: int, m: int) -> Events:
    """Room for so many, of ``m`` neurons."""
    return Events(
        np.zeros(3, dtype=np.int64),
        np.zeros(most, dtype=np.int64),
        np.zeros(most, dtype=np.int64),
        np.zeros((most, NUMBERS + 4 * stages)),
        np.zeros(m),
        np.zeros((MOST_CLOSE, 2), dtype=np.int64),
        np.zeros(MOST_CLOSE),
        np.zeros(1),
    )
