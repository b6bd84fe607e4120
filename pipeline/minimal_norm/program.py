"""The least norm as a convex program over activation patterns (Pilanci & Ergen 2020), by an interior-point method.

A neuron of the pattern P whose weight is u, with output of the sign s and |a| = |w| = |u|^(1/2), costs |u| of
1/2 |theta|^2 and adds s gain_P <u, x_k> to the outputs: linear while u stays in the cone of P. So

    min sum |u_i|  over  u_i in the cone of P_i  with  sum_i s_i gain_i <u_i, x_k> = y_k,

over the patterns of both signs. Its dual is max <q, y> over the q with |sum_k q_k phi(<u, x_k>)| <= 1 for all
unit u: a q that breaks this in the cone of P says that P is missing, and so the patterns are found as they are
needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.minimal_norm.reduction import Reduced
from pipeline.network.activation_patterns import first_of_each

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix


@dataclass(frozen=True)
class Blocks:
    """The neurons that the program may use: pattern[block, point] and the sign[block] of their outputs."""

    pattern: np.ndarray
    sign: np.ndarray

    def __len__(self) -> int:
        return len(self.sign)

    def joined(self, pattern: np.ndarray, sign: np.ndarray) -> Blocks:
        """These and those, each once."""
        both = np.column_stack([np.concatenate([self.sign, sign]) > 0, np.concatenate([self.pattern, pattern])])
        both = both[np.sort(first_of_each(both))]
        return Blocks(both[:, 1:], np.where(both[:, 0], 1, -1))


@dataclass(frozen=True)
class Solution:
    """The weights u[block, coord] and the dual q[point]; if not ``feasible``, a q that says what is missing.

    That is a q with <q, y> > 0 and sum_k q_k phi(<u, x_k>) s <= 0 for all u that the blocks allow.
    """

    weight: np.ndarray
    q: np.ndarray
    feasible: bool


TOLERANCE = 1e-11
LOOSEST = 1e-8
"""The tolerance with which a program is tried again that came to no numbers."""
RUN_AWAY = 1e12
"""The dual of a problem in units of 1 beyond which it grows without end: infeasible, whatever the solver says."""


def solve(reduced: Reduced, blocks: Blocks, slope: float, tolerance: float = TOLERANCE) -> Solution:
    """The program over these blocks."""
    import clarabel
    from scipy.sparse import csc_matrix

    points, p = reduced.points, reduced.penalised
    (n, r), count = points.shape, len(blocks)
    matrix = constraints(reduced, blocks, slope)
    right = np.zeros(matrix.shape[0])
    right[:n] = reduced.labels
    for i in np.flatnonzero(_is_linear(reduced, blocks)):  # 0 <= 1 in the place of its n inequalities
        start = n + i * (n + p + 1)
        right[start : start + n] = 1.0
    cones = [clarabel.ZeroConeT(n)]
    for _ in range(count):
        cones += [clarabel.NonnegativeConeT(n), clarabel.SecondOrderConeT(p + 1)]
    cost = np.tile(np.eye(1, r + 1)[0], count)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    nothing = csc_matrix((len(cost), len(cost)))
    found = clarabel.DefaultSolver(nothing, cost, matrix, right, cones, settings).solve()
    q = -np.array(found.z[:n])
    if not (np.isfinite(found.z).all() and np.isfinite(found.x).all()):  # lost in rounding
        if tolerance < LOOSEST:
            return solve(reduced, blocks, slope, LOOSEST)
        return Solution(np.zeros((count, r)), reduced.labels, False)
    infeasible = found.status in (
        clarabel.SolverStatus.PrimalInfeasible, clarabel.SolverStatus.AlmostPrimalInfeasible
    ) or not np.abs(q).max(initial=0.0) < RUN_AWAY  # fmt: skip
    weight = np.array(found.x).reshape(count, r + 1)[:, 1:]
    return Solution(weight, q, not infeasible)


def constraints(reduced: Reduced, blocks: Blocks, slope: float) -> csc_matrix[np.float64]:
    """The matrix of equalities, then for each block n inequalities and a cone; columns |u|, u of each block."""
    from scipy.sparse import csc_matrix

    points, penalised = reduced.points, reduced.penalised
    (n, r), count = points.shape, len(blocks)
    of_block = n + np.arange(count) * (n + penalised + 1)
    gain = np.where(blocks.pattern, 1.0, slope) * blocks.sign[:, None]
    side = np.where(blocks.pattern, -1.0, 1.0) * ~_is_linear(reduced, blocks)[:, None]
    values = np.zeros((count, r + 1, 2 * n + 1))
    values[:, 1:, :n] = gain[:, None, :] * points.T
    values[:, 1:, n : 2 * n] = side[:, None, :] * points.T
    values[:, : penalised + 1, 2 * n] = -1.0
    rows = np.zeros(values.shape, dtype=np.int64)
    rows[:, :, :n] = np.arange(n)
    rows[:, :, n : 2 * n] = (of_block[:, None] + np.arange(n))[:, None, :]
    rows[:, :, 2 * n] = of_block[:, None] + n + np.minimum(np.arange(r + 1), penalised)
    starts = np.arange(count * (r + 1) + 1) * (2 * n + 1)
    height = n + count * (n + penalised + 1)
    matrix = csc_matrix((values.ravel(), rows.ravel(), starts), shape=(height, count * (r + 1)))
    matrix.eliminate_zeros()
    return matrix


def with_one_line(reduced: Reduced, blocks: Blocks, slope: float) -> Blocks:
    """With a free bias: the blocks with one for all neurons that are active on every point, or on none.

    A constant costs nothing then, so that such neurons give any linear function at the cost of its slope, whatever
    their sign. As two blocks, each in its cone, they could grow together without end.
    """
    if reduced.bias is None:
        return blocks
    bent = ~_is_linear(reduced, blocks)
    line = Blocks(np.full((1, len(reduced.points)), abs(slope) <= 1), np.ones(1, dtype=int))
    return line.joined(blocks.pattern[bent], blocks.sign[bent])


def _is_linear(reduced: Reduced, blocks: Blocks) -> np.ndarray:
    on = blocks.pattern
    return np.asarray((on.all(axis=1) | ~on.any(axis=1)) & (reduced.bias is not None))
