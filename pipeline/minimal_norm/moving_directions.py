"""Interpolators over directions that the dual asks for, where the patterns are too many for the convex program.

The least sum of masses on some directions is a linear program, whose dual vector q says where a mass is missing:
at unit u with |sum_k q_k phi(<u, x_k>)| > 1. From the heaviest directions and from random ones the sum is climbed
to such u, they are joined to the heaviest, and the program is solved again: the norm falls with each round
(column generation; the conditional gradient of Bach 2017). The climb is that of a sum whose kinks are rounded off,
by steps that become smaller, so that a direction moves to where the sum is larger and seldom beyond.
"""

from __future__ import annotations

import numpy as np

from pipeline.minimal_norm.columns import many_directions, of_masses, over_directions
from pipeline.minimal_norm.interior_point import least_masses
from pipeline.minimal_norm.interpolator import Network
from pipeline.minimal_norm.reduction import Neurons, Reduced
from pipeline.network.activation import Activation

WORK, MOST_ROUNDS = 4e10, 40
"""The multiplications, and the rounds, after which the search ends: some seconds' work. It is a count, for what is
published must not depend on the machine's speed."""
FEWEST_ROUNDS = 3
"""So many rounds at least have to be possible: fewer lead nowhere."""
CLIMB, SLOWER = 25, 3.0
"""The steps of a climb, and by how much the i-th is smaller: the old direction counts so many times i."""
WIDE, NARROW = 0.1, 0.01
"""The <u, x> within which a kink is rounded off, at the climb's first step and at its last."""
EXPLORED = 50
"""How many random directions are climbed from in each round."""
ASKED = 1e-3
"""How far above 1 the dual has to be."""
SAME = 1e-7
"""How far below 1 the cosine of two directions is at least that are not one."""
ROUGHLY, CLOSELY = 0.1, 1e-3
"""The relative gaps of the program on the way, and at the end."""


def over_moving_directions(reduced: Reduced, slope: float, known: Neurons | None = None) -> Network | None:
    """The interpolator of the last round; None if there is none, or the points are too many.

    Parameters
    ----------
    known
        Neurons whose directions are among the first ones, the heaviest of them.
    """
    points, labels = reduced.points, reduced.labels
    n, r = points.shape
    rounds = int(min(WORK / (15 * n**3 + 4 * CLIMB * n**2 * r), MOST_ROUNDS))
    if reduced.bias is not None or rounds < FEWEST_ROUNDS:
        return None
    random = np.random.default_rng(0)
    unit = _of_length_1(_first(reduced, known))
    for left in range(rounds, -1, -1):
        outputs = Activation(slope).value(points @ unit.T)
        found = least_masses(outputs, labels, ROUGHLY if left else CLOSELY)
        if found is None:
            return None
        mass, q = found
        order = np.argsort(-np.abs(mass), kind="stable")
        if not left:
            break
        heaviest = order[:n]
        more = _of_length_1(random.standard_normal((EXPLORED, r)))
        starts = np.concatenate([unit[heaviest], more, more])
        sign = np.concatenate([np.where(mass[heaviest] < 0, -1.0, 1.0), np.ones(EXPLORED), -np.ones(EXPLORED)])
        missing = _missing(climbed(starts, sign, q, points, slope), n)
        if not len(missing):
            break
        unit = np.concatenate([unit[order[: 2 * n]], missing])
    heaviest = unit[order[: n + n // 4]]
    vertex = over_directions(reduced, slope, heaviest)  # no more neurons than points
    network = of_masses(reduced, slope, unit[order], mass[order]) if vertex is None else vertex[1]
    return network if network.interpolates(reduced) else None


def climbed(
    unit: np.ndarray, sign: np.ndarray, q: np.ndarray, points: np.ndarray, slope: float
) -> tuple[np.ndarray, np.ndarray]:
    """Where sign times sum_k q_k phi(<u, x_k>) is largest on the way uphill from each start, and how large."""
    best, height = unit, np.full(len(unit), -np.inf)
    for step in range(CLIMB + 1):
        along = unit @ points.T
        there = sign * (Activation(slope).value(along) @ q)
        higher = there > height
        best, height = np.where(higher[:, None], unit, best), np.where(higher, there, height)
        width = WIDE * (NARROW / WIDE) ** (step / CLIMB)
        rounded = slope + (1 - slope) * np.clip(0.5 + along / (2 * width), 0.0, 1.0)
        uphill = sign[:, None] * ((rounded * q) @ points)
        unit = _of_length_1(SLOWER * step * np.linalg.norm(uphill, axis=1)[:, None] * unit + uphill)
    return best, height


def _missing(tops: tuple[np.ndarray, np.ndarray], most: int) -> np.ndarray:
    """The highest of those directions at which the dual is above 1, each once."""
    unit, height = tops
    order = np.argsort(-height, kind="stable")
    unit = unit[order[height[order] > 1 + ASKED]]
    near = np.tril(np.abs(unit @ unit.T) > 1 - SAME, -1)
    return np.asarray(unit[~near.any(axis=1)][:most])


def _first(reduced: Reduced, known: Neurons | None) -> np.ndarray:
    directions = many_directions(reduced)
    if known is None:
        return directions
    heaviest = np.argsort(-np.linalg.norm(known.weight, axis=1), kind="stable")[: 2 * len(reduced.points)]
    weight = known.weight[heaviest]
    return np.concatenate([weight[weight.any(axis=1)], directions])


def _of_length_1(vectors: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(vectors, axis=1)
    return vectors / np.where(size > 0, size, 1.0)[:, None]
