"""Newton's correction of the force where the labels are stiff: of the size m d, the numbers of all forces.

If the forces at the nodes change by delta_i, the neurons there move by h sum_l A_il B_j delta_l, B_j = [a I; w^T],
and the force that the sweep finds changes by -h sum_l A_il H M delta_l, with

    H = (1/n) sum_k c_k c_k^T  (c_k: x_k once for each neuron that is active there),
    M_j = B_j^T B_j = a^2 I + w w^T.

So Newton's step is (I + h A (x) H M) delta = (found - tried), however large h H M is. With the root R of M and
S = R H R it is (I + h A (x) S) u = R (found - tried), delta = R^-1 u. For two nodes the trace of A is 1/2 and its
determinant 1/12, so that

    (I + h A (x) S)^-1 = (I + h S/2 + h^2 S^2/12)^-1 (I + h (1/2 - A) (x) S):

one matrix is factorised in a step, symmetric and positive. H depends on the patterns alone and is kept for many
steps: another one than the step's costs sweeps, and no accuracy.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.products import multiply, multiply_transposed, sum_products
from pipeline.flow.collocation.projection import find_basis, take_out
from pipeline.flow.collocation.sweep import SLOPE, N

LARGEST = 1500
"""m d up to which there is a correction: three matrices of 18 megabytes."""
SMALL_MATRIX = 256
"""The size up to which plain loops multiply matrices, not the linear algebra library."""
POINTS_A_NUMBER = 12
"""H is the mean over so many points for each of its rows, where there are more."""
HEAVY = 1.5
"""The sum of |x_k|^2 in a block, over the mean, above which all of it counts: a few long points are all of H."""
FAINT = 1e-12
"""The share of the largest a^2 below which the labels do not notice a neuron's correction."""
WINDOW = 12
"""Of so many steps the mean length is taken."""
ON, LIMIT, TRACE, LEFT, SINCE, LEFT_MEAN, PAUSE, WAIT, FRESH, CONTRACTION = range(10)
"""Places in ``Correction.control``: whether it is in use; the mean step times the trace of S with the sweeps
alone; that trace now; how many steps the window has left, when it began, and the sum of what last sweeps left in
it; the windows until the correction may be tried, the next time and now; whether H is of this step's start; what
the last sweep left of the change of the one before."""


class Correction(NamedTuple):
    """The matrices, and what decides whether they are used.

    gram, side, factor : float64[m d, m d]
        H; S; the factor of Cholesky. Of size 0 where m d is above :data:`LARGEST`.
    columns : float64[m d, size]
        The c_k of a block.
    tried : float64[s, m, d]
        The force before the sweep.
    moved, solved : float64[s, m d]
        R (found - tried); u.
    root : float64[m, 2]
        Of R_j = alpha I + beta w w^T.
    control : float64[10]
    """

    gram: np.ndarray
    side: np.ndarray
    factor: np.ndarray
    columns: np.ndarray
    tried: np.ndarray
    moved: np.ndarray
    solved: np.ndarray
    root: np.ndarray
    control: np.ndarray


def make_correction(stages: int, m: int, d: int, size: int) -> Correction:
    """Room for ``m`` neurons of ``d`` coordinates; blocks of ``size`` points."""
    whole = m * d if stages == 2 and m * d <= LARGEST else 0
    gram, side, factor = np.zeros((3, whole, whole))
    moved, solved = np.zeros((2, stages, whole))
    return Correction(
        gram, side, factor, np.zeros((whole, size)), np.zeros((stages, m, d)), moved, solved, np.zeros((m, 2)),
        np.zeros(10),
    )  # fmt: skip


@inner
def begin_without(correction):
    """Nothing is corrected, nor known of what it would pay, before the first step."""
    control = correction.control
    for place in range(control.shape[0]):
        control[place] = 0.0
    control[LEFT], control[PAUSE] = WINDOW, 1.0


@inner
def multiply_by_transpose(rows, product):
    """``product = rows @ rows.T``; by plain loops its lower half alone."""
    count = rows.shape[0]
    if count > SMALL_MATRIX:
        multiply_transposed(rows, rows, product)
        return
    for i in range(count):
        for l in range(i + 1):
            product[i, l] = sum_products(rows[i], rows[l])


@inner
def write_active(before, columns, slope, into):
    """Write the c_k of a block, from its preactivations."""
    m, size = before.shape
    d = columns.shape[0]
    for j in range(m):
        row = before[j]
        for c in range(d):
            line, x = into[j * d + c], columns[c]
            for k in range(size):
                line[k] = x[k] if row[k] > 0.0 else slope * x[k]


@inner
def weigh(points):
    """The mean over blocks of the sum of |x_k|^2."""
    total = 0.0
    for k in range(points.square.shape[0]):
        total += points.square[k]
    return total / points.columns.shape[0]


@inner
def weight_of(block, mean, points):
    """The sum of |x_k|^2 in a block over that mean."""
    size, total = points.columns.shape[2], 0.0
    for k in range(block * size, (block + 1) * size):
        total += points.square[k]
    return total / mean if mean > 0.0 else 1.0


@inner
def add_block(block, share, points, network, work, correction):
    """Add a block's points to the lower half of H, each so many times."""
    gram, side = correction.gram, correction.side
    multiply(network.start_w, points.columns[block], work.start)
    write_active(work.start, points.columns[block], points.about[SLOPE], correction.columns)
    multiply_by_transpose(correction.columns, side)
    for i in range(gram.shape[0]):
        for l in range(i + 1):
            gram[i, l] += share * side[i, l]


@inner
def find_gram(points, network, work, correction):
    """Write H for the neurons at the step's start: of all heavy blocks, and of some of the others."""
    gram, n = correction.gram, points.about[N]
    count, (blocks, _, size) = gram.shape[0], points.columns.shape
    stride = min(max(1, int(n) // (POINTS_A_NUMBER * count)), blocks)
    gram[:] = 0.0
    mean, used, others, place = weigh(points), 0.0, 0.0, 0
    for block in range(blocks if stride > 1 else 0):
        if weight_of(block, mean, points) <= HEAVY:
            filled = min(float(size), n - block * size)
            others += filled
            used += filled if place % stride == 0 else 0.0
            place += 1
    place = 0
    for block in range(blocks):
        heavy = stride == 1 or weight_of(block, mean, points) > HEAVY
        if heavy or place % stride == 0:
            add_block(block, 1.0 if heavy else others / used, points, network, work, correction)
        place += 0 if heavy else 1
    for i in range(count):
        for l in range(i + 1):
            gram[i, l] /= n
            gram[l, i] = gram[i, l]


@inner
def find_roots(network, root):
    """Write R; of neurons that no label notices it is 0."""
    m, d = network.start_w.shape
    largest = 0.0
    for j in range(m):
        largest = max(largest, network.start_a[j] ** 2 if network.scale[j] == 0 else 0.0)
    for j in range(m):
        output, square = abs(network.start_a[j]), 0.0
        root[j, 0], root[j, 1] = 0.0, 0.0
        if network.scale[j] != 0 or not output * output > FAINT * largest:
            continue
        for c in range(d):
            square += network.start_w[j, c] ** 2
        root[j, 0] = output
        # (sqrt(a^2 + |w|^2) - |a|)/|w|^2, without the difference
        root[j, 1] = 1.0 / (sqrt(output * output + square) + output)


@inner
def times_root(vector, network, root):
    """Multiply a vector of all neurons by R in place."""
    m, d = network.start_w.shape
    for j in range(m):
        along = 0.0
        for c in range(d):
            along += network.start_w[j, c] * vector[j * d + c]
        for c in range(d):
            vector[j * d + c] = root[j, 0] * vector[j * d + c] + root[j, 1] * along * network.start_w[j, c]


@inner
def hold_rows(matrix, points, held, basis):
    """Take the directions out of each row that sliding neurons cannot move in."""
    d, count = points.rows.shape[1], held.number[0]
    for j in range(matrix.shape[0] // d if count > 0 else 0):
        rank = find_basis(j, (held.neuron, held.point, count), points, basis)
        for i in range(matrix.shape[0] if rank > 0 else 0):
            take_out(matrix[i, j * d : (j + 1) * d], rank, basis)


@inner
def transpose(matrix):
    """In place."""
    for i in range(matrix.shape[0]):
        for l in range(i):
            matrix[i, l], matrix[l, i] = matrix[l, i], matrix[i, l]


@inner
def find_side(points, state):
    """Write S = R P H P R, P the projection on what sliding neurons can do; return its trace."""
    network, correction = state.network, state.correction
    side, count = correction.side, correction.gram.shape[0]
    find_roots(network, correction.root)
    for i in range(count):
        for l in range(count):
            side[i, l] = correction.gram[i, l]
    for _ in range(2):
        hold_rows(side, points, state.held, state.corners.basis)
        for i in range(count):
            times_root(side[i], network, correction.root)
        transpose(side)
    trace = 0.0
    for i in range(count):
        trace += side[i, i]
    return trace


@inner
def factorise(step, correction):
    """Write the factor of Cholesky, lower, of I + h S/2 + h^2 S^2/12: all its eigenvalues are 1 at least."""
    side, factor = correction.side, correction.factor
    count = side.shape[0]
    multiply_by_transpose(side, factor)
    for i in range(count):
        for l in range(i + 1):
            value = step * step / 12.0 * factor[i, l] + 0.5 * step * side[i, l] + (1.0 if i == l else 0.0)
            value -= sum_products(factor[i, :l], factor[l, :l])
            factor[i, l] = value / factor[l, l] if l < i else sqrt(value)


@inner
def solve_factorised(factor, vector):
    """Solve in place."""
    count = vector.shape[0]
    for i in range(count):
        vector[i] = (vector[i] - sum_products(factor[i, :i], vector[:i])) / factor[i, i]
    for i in range(count - 1, -1, -1):
        vector[i] /= factor[i, i]
        row, value = factor[i], vector[i]
        for l in range(i):
            vector[l] -= value * row[l]


@inner
def correct(network, step, tableau, correction):
    """Correct the force that a sweep found from the one that was tried."""
    moved, solved, tried, force = correction.moved, correction.solved, correction.tried, network.force
    s, (_, m, d) = len(tableau.nodes), force.shape
    for i in range(s):
        for j in range(m):
            for c in range(d):
                moved[i, j * d + c] = force[i, j, c] - tried[i, j, c]
        times_root(moved[i], network, correction.root)
        for row in range(m * d):
            solved[i, row] = moved[i, row]
    for l in range(s):
        for row in range(m * d):
            value = step * sum_products(correction.side[row], moved[l])
            for i in range(s):
                solved[i, row] += ((0.5 if i == l else 0.0) - tableau.inner[i, l]) * value
    for i in range(s):
        solve_factorised(correction.factor, solved[i])
        add_correction(solved[i], tried[i], force[i], network, correction.root)


@inner
def add_correction(solved, tried, force, network, root):
    """Write tried + R^-1 u; a neuron that no label notices keeps the force that the sweep found."""
    m, d = force.shape
    for j in range(m):
        if root[j, 0] == 0.0:
            continue
        square, along = 0.0, 0.0
        for c in range(d):
            square += network.start_w[j, c] ** 2
            along += network.start_w[j, c] * solved[j * d + c]
        along *= root[j, 1] / (root[j, 0] + root[j, 1] * square)
        for c in range(d):
            force[j, c] = tried[j, c] + (solved[j * d + c] - along * network.start_w[j, c]) / root[j, 0]
