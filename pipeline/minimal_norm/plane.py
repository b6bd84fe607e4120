"""The least norm for points that span a plane: one input with a penalised bias, or two coordinates without one.

With the numbers of ``sectors`` the dual

    max <q, y>  over the q with  |f(u)| <= 1  at all angles u

has four numbers a row instead of n. As a program over cones it is exact: f <= 1 on a sector if and only if some h
with |h| <= 1 has <h, u> >= f(u) on both of its walls. Its solution says at which angles f reaches 1. At these, and
on the walls, it is a linear program, whose dual are the masses of an interpolator. The angles at which f is above
1 then are added until the norm and the bound meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import block_array, csc_matrix, csr_matrix, eye_array, hstack

from pipeline.minimal_norm.candidates import merged
from pipeline.minimal_norm.columns import of_masses
from pipeline.minimal_norm.interpolator import Network, freedom_of
from pipeline.minimal_norm.reduction import Neurons, Reduced
from pipeline.minimal_norm.sectors import Maxima, Sectors, Sparse, maxima, unit

CLOSE = 1e-7
"""The gap, over the norm, at which the search ends."""
MOST_ROUNDS = 8
TOLERANCE = 1e-10
"""Of both programs."""
ACTIVE = 1e-6
"""How far below 1 the dual function may be in the direction of a neuron."""
ROUNDING = 1e-14
"""Subtracted on the diagonal of a correction's system, so that it is not singular."""
REFINEMENTS = 3
"""How often the masses are corrected."""
MOST_FREE = 200
"""Up to how many points the freedom of the minimum is counted: a singular value decomposition."""
LINEAR_PROGRAM_SECONDS_LIMIT = 20.0
"""After so many seconds a linear program is given up."""


@dataclass(frozen=True)
class Plane:
    """The best dual vector with the largest |f|, the interpolator (None: none was found), and the sectors."""

    q: np.ndarray
    height: float
    network: Network | None
    sectors: int


@dataclass(frozen=True)
class _Dual:
    """What the two programs share: the variables p = q scale, v and R, their equations and the cost.

    The scale of a point is the width of the narrower sector beside its wall: all numbers are of size 1 then.
    """

    sectors: Sectors
    slope: float
    scale: np.ndarray
    equations: Sparse
    cost: np.ndarray

    @classmethod
    def of(cls, reduced: Reduced, slope: float) -> _Dual:
        sectors = Sectors.of(reduced.points)
        n, count = len(reduced.points), len(sectors.wall)
        jumps, linear, narrow = sectors.jumps()
        scale = narrow[sectors.owner]
        owners = csr_matrix((np.ones(n), (sectors.owner, np.arange(n))), shape=(count, n))
        sums = csr_matrix(reduced.points.T * (scale.min() / scale))
        equations = block_array([[-owners, csr_matrix(linear), jumps], [sums, -scale.min() * np.eye(2), None]])
        cost = np.concatenate([-reduced.labels / scale, np.zeros(2 + count)])
        return cls(sectors, slope, scale, equations.tocsr(), cost)

    @property
    def size(self) -> float:
        """The cost is divided by this."""
        return float(np.abs(self.cost).max())

    def f(self, angle: np.ndarray, shares: tuple[Sparse, np.ndarray]) -> Sparse:
        """The rows of f at these angles; ``shares`` are what R is made of there, as :class:`Sectors` says it."""
        outputs, linear = shares
        nothing = csr_matrix((len(angle), len(self.scale)))
        bent = 1 - self.slope
        return hstack([nothing, csr_matrix(self.slope * unit(angle) + bent * linear), bent * outputs]).tocsr()

    def q(self, solution: np.ndarray) -> np.ndarray:
        return np.asarray(solution[: len(self.scale)] / self.scale)


def least_in_the_plane(reduced: Reduced, slope: float) -> Plane:
    """The minimum, as far as it is found.

    Parameters
    ----------
    reduced
        Points of rank 2 whose weights all count.
    slope
        Not 1.
    """
    dual = _Dual.of(reduced, slope)
    q, angle = _by_cones(dual)
    best, tops = _certified(reduced, dual, q)
    if best.height > 0:
        best = replace(best, q=best.q / best.height, height=1.0)
    angle = np.concatenate([dual.sectors.turn[:-1], angle, tops.angle[tops.height > (1 - ACTIVE) * best.height]])
    neurons: Neurons | None = None
    for _ in range(MOST_ROUNDS):
        found = _by_angles(dual, np.unique(angle))
        if found is None:
            break
        q, neurons = found
        other, tops = _certified(reduced, dual, q)
        best = max(best, other, key=lambda one: float(one.q @ reduced.labels) / max(one.height, 1.0))
        least = float(np.linalg.norm(neurons.weight, axis=1).sum())
        if least - float(best.q @ reduced.labels) / max(best.height, 1.0) <= CLOSE * least:
            break
        angle = np.concatenate([angle, tops.angle[tops.height > 1 + 0.1 * CLOSE]])
    if neurons is None:
        return best
    network = _network(reduced, neurons, slope, _freedom(reduced, dual, best))
    if not network.interpolates(reduced):
        length = np.linalg.norm(neurons.weight, axis=1)
        fitted = of_masses(reduced, slope, neurons.weight / length[:, None], length * neurons.sign)
        network = _network(reduced, Neurons(fitted.weight, fitted.sign), slope, network.freedom)
    return replace(best, network=network)


def _network(reduced: Reduced, neurons: Neurons, slope: float, freedom: float) -> Network:
    """Neurons of one sign in one sector added up: never of more norm."""
    one = merged(reduced, neurons, 0.0)
    return Network.of(reduced, one.weight, one.sign, slope, freedom)


def _certified(reduced: Reduced, dual: _Dual, q: np.ndarray) -> tuple[Plane, Maxima]:
    tops = maxima(q, reduced.points, dual.sectors, dual.slope)
    return Plane(q, float(tops.height.max()), None, len(tops.height)), tops


def _by_cones(dual: _Dual) -> tuple[np.ndarray, np.ndarray]:
    """The dual vector by the program over cones, and the angles of the h of length 1."""
    import clarabel

    turn = dual.sectors.turn
    width, walls = np.diff(turn), np.arange(len(turn) - 1)
    before = dual.f(turn[:-1], dual.sectors.at_walls(walls))
    after = dual.f(turn[1:], dual.sectors.at_walls(walls + 1))
    # h in the coordinates of each sector: along its left wall, and across.
    left, right = _along(np.zeros(len(walls))), _along(width)
    pairs = 2 * len(walls)
    place = np.arange(2 * pairs)
    balls = csr_matrix(
        (-np.ones(2 * pairs), (3 * (place // 2) + 1 + place % 2, place)), shape=(3 * pairs, 2 * pairs)
    )
    upper, lower = balls[:, : 2 * len(walls)], balls[:, 2 * len(walls) :]
    matrix = block_array(
        [[dual.equations, None, None], [before, -left, None], [after, -right, None], [-before, None, -left],
         [-after, None, -right], [None, upper, lower]]
    )  # fmt: skip
    rows, numbers = dual.equations.shape[0], matrix.shape[1]
    bound = np.concatenate([np.zeros(rows + 2 * pairs), np.tile([1.0, 0.0, 0.0], pairs)])
    cones = [clarabel.ZeroConeT(rows), clarabel.NonnegativeConeT(2 * pairs)]
    cones += [clarabel.SecondOrderConeT(3)] * pairs
    cost = np.concatenate([dual.cost / dual.size, np.zeros(2 * pairs)])
    settings = clarabel.DefaultSettings()
    settings.verbose, settings.max_threads = False, 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TOLERANCE
    solver = clarabel.DefaultSolver(csc_matrix((numbers, numbers)), cost, matrix.tocsc(), bound, cones, settings)
    solution = np.array(solver.solve().x)
    if not np.isfinite(solution).all():
        return np.zeros(len(dual.scale)), np.zeros(0)
    h = solution[len(dual.cost) :].reshape(2, len(walls), 2)
    angle = turn[:-1] + np.clip(np.arctan2(h[..., 1], h[..., 0]), 0.0, width)
    return dual.q(solution), angle[np.linalg.norm(h, axis=-1) > 1 - 1e-4]


def _along(angle: np.ndarray) -> Sparse:
    """Rows that take the component of each sector's h at this angle from its left wall."""
    row = np.repeat(np.arange(len(angle)), 2)
    return csr_matrix((unit(angle).ravel(), (row, np.arange(2 * len(angle)))), shape=(len(angle), 2 * len(angle)))


def _by_angles(dual: _Dual, angle: np.ndarray) -> tuple[np.ndarray, Neurons] | None:
    """The dual vector by the linear program for these angles alone, and a neuron at each; None if it fails."""
    from scipy.optimize import linprog

    rows = dual.f(angle, dual.sectors.at_angles(angle))
    tolerances = {"primal_feasibility_tolerance": TOLERANCE, "dual_feasibility_tolerance": TOLERANCE}
    options: Any = tolerances | {"time_limit": LINEAR_PROGRAM_SECONDS_LIMIT}
    found: Any = linprog(
        dual.cost / dual.size, A_ub=block_array([[rows], [-rows]]), b_ub=np.ones(2 * len(angle)),
        A_eq=dual.equations, b_eq=np.zeros(dual.equations.shape[0]), bounds=(None, None), method="highs",
        options=options,
    )  # fmt: skip
    if found.status != 0:
        return None
    above, below = np.split(np.asarray(found.ineqlin.marginals), 2)
    mass = dual.size * (below - above)
    used = np.flatnonzero(mass)
    mass = _refined(dual, rows[used], mass[used], dual.size * np.asarray(found.eqlin.marginals))
    return dual.q(found.x), Neurons(np.abs(mass)[:, None] * unit(angle[used]), np.where(mass > 0, 1, -1))


def _refined(dual: _Dual, rows: Sparse, mass: np.ndarray, multiplier: np.ndarray) -> np.ndarray:
    """The masses to rounding, by least squares in the variables of the program.

    In these a misfit is a second difference. By the outputs themselves the masses would be worse, the more so
    the closer the points are.
    """
    from scipy.sparse.linalg import splu

    columns = hstack([rows.T, -dual.equations.T]).tocsc()
    height, width = columns.shape
    found = np.concatenate([mass, multiplier])
    system = block_array([[eye_array(height), columns], [columns.T, -ROUNDING * eye_array(width)]])
    factors = splu(system.tocsc())
    for _ in range(REFINEMENTS):
        missing = -dual.cost - columns @ found
        found = found + factors.solve(np.concatenate([missing, np.zeros(width)]))[height:]
    return found[: len(mass)]


def _freedom(reduced: Reduced, dual: _Dual, best: Plane) -> float:
    """The number of active directions less the dimension of the space that their outputs span."""
    if len(reduced.points) > MOST_FREE:
        return np.nan
    tops = maxima(best.q / best.height, reduced.points, dual.sectors, dual.slope)
    active = tops.height > 1 - ACTIVE
    return float(freedom_of(reduced, unit(tops.angle[active]), tops.sign[active], dual.slope))
