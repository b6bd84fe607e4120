"""The least norm as a linear program over directions, more of which are added until the dual asks for none.

A mass m >= 0 along each unit direction u of a set, of either sign: the least sum of masses that fits the labels.
Its dual is the q of ``program`` with |sum_k q_k phi(<u, x_k>)| <= 1 at these directions alone; the maxima above 1
in the cells of the others are directions that are missing. The simplex method goes from vertex to vertex, whatever
the sizes of the masses: it finds its way where the interior-point method is lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.minimal_norm.interpolator import Network
from pipeline.minimal_norm.reduction import Reduced
from pipeline.minimal_norm.sphere import Chart, peaks
from pipeline.network.activation import Activation

VIOLATION = 1e-9
"""How far above 1 the dual function may be at the end."""
MOST_ROUNDS = 40
MOST_ADDED = 400
"""How many directions are added at a time, those first that are violated most."""
OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
"""The linear program's own tolerances, the least that there are."""
MOST_PIVOTS = 20
"""How many steps the simplex method may take for each point: it is known to circle."""
FEWEST = 50
"""How many random directions there are at least; with their opposites twice as many."""


def over_directions(
    reduced: Reduced, slope: float, directions: np.ndarray, charts: list[Chart] | None = None
) -> tuple[np.ndarray, Network] | None:
    """The dual vector and the network, or None if the directions are too few to fit the labels.

    Parameters
    ----------
    directions
        [direction, coord]: of any length.
    charts
        With all patterns: directions are added then until none is missing.
    """
    from scipy.optimize import linprog

    unit, cost = of_length_1(reduced, directions)
    options: Any = OPTIONS | {"maxiter": MOST_PIVOTS * len(reduced.labels)}
    for _ in range(MOST_ROUNDS):
        outputs = Activation(slope).value(reduced.points @ unit.T)
        found: Any = linprog(
            np.tile(cost, 2), A_eq=np.hstack([outputs, -outputs]), b_eq=reduced.labels, method="highs-ds",
            options=options,
        )  # fmt: skip
        if found.x is None:
            return None
        q = np.asarray(found.eqlin.marginals)
        q = q if reduced.bias is None else q - q.mean()
        tops = None if charts is None else peaks(q, charts, slope, 1 + VIOLATION)
        if tops is None or not len(tops.height):
            break
        more, price = of_length_1(reduced, tops.direction[:MOST_ADDED])
        unit, cost = np.concatenate([unit, more]), np.concatenate([cost, price])
    mass = found.x[: len(found.x) // 2] - found.x[len(found.x) // 2 :]
    return q, of_masses(reduced, slope, unit[: len(mass)], mass)


def many_directions(reduced: Reduced) -> np.ndarray:
    """[direction, coord]: the points' own, random ones with the kink on a point each, a free constant.

    Each with its opposite. Kinks elsewhere may leave points that are close together on one side of them all.
    """
    points, bias = reduced.points, reduced.bias is not None
    random = np.random.default_rng(0).standard_normal((max(len(points), FEWEST), points.shape[1]))
    on = np.resize(points, random.shape)
    if bias:
        random[:, -1] = -np.sum(random[:, :-1] * on[:, :-1], axis=1)
    else:
        random -= np.sum(random * on, axis=1)[:, None] * on
    constant = np.eye(points.shape[1])[-1:] if bias else random[:0]
    return np.concatenate([points, -points, random, -random, constant])


def of_masses(reduced: Reduced, slope: float, unit: np.ndarray, mass: np.ndarray) -> Network:
    """The network of these masses, negative for a negative output, made to fit as well as can be."""
    kept = mass != 0
    outputs = Activation(slope).value(reduced.points @ unit[kept].T)
    mass = mass[kept] + np.linalg.lstsq(outputs, reduced.labels - outputs @ mass[kept])[0]
    return Network.of(reduced, np.abs(mass)[:, None] * unit[kept], np.where(mass > 0, 1, -1), slope, np.nan)


def of_length_1(reduced: Reduced, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The directions, of length 1 in the coordinates that count, and what a mass of 1 costs: 0 for a constant."""
    size = np.linalg.norm(directions[:, : reduced.penalised], axis=1)
    return directions / np.where(size > 0, size, 1.0)[:, None], np.where(size > 0, 1.0, 0.0)
