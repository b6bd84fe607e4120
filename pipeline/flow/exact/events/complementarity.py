"""Lemke's method for the box-constrained linear complementarity problem of a corner.

Find theta in [0, 1]^c with, for F(theta) = q + M theta,

    theta_i = 0 where F_i > 0,  theta_i = 1 where F_i < 0,  F_i = 0 where 0 < theta_i < 1.

On a bounded box the method ends at a solution for every M and q (Eaves 1971), also where M is singular: boundaries
whose normals depend on each other make it so. The path begins at theta = 0; ties are broken lexicographically.
"""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted

AT_ZERO, AT_ONE, BETWEEN = 1, 2, 3
"""Where a multiplier is: at a bound, or in the basis of the solution."""
MOST_PIVOTS = 100
"""Pivots over the number of unknowns; the method needs a few times that number at most."""
NOISE = 1e-13
"""What rounding leaves of a zero in the tableau, whose largest entry is 1 at first."""


@jitted
def comes_first(tableau, row, other, column, slack):
    """Whether ``row`` is before ``other`` in the lexicographic ratio test of ``column``."""
    own, others = tableau[row, column], tableau[other, column]
    last = tableau.shape[1] - 1
    difference = tableau[row, last] / own - tableau[other, last] / others
    # Not relative to them: of two zeros with rounding one may be twice the other, and the path was a circle.
    tie = NOISE * (1.0 / own + 1.0 / others)
    if abs(difference) > tie:
        return difference < 0.0
    for i in range(slack):
        difference = tableau[row, i] / own - tableau[other, i] / others
        if abs(difference) > tie:
            return difference < 0.0
    return row < other


@jitted
def exchange(tableau, row, column):
    """One pivot: ``column`` enters the basis in ``row``."""
    unit = 1.0 / tableau[row, column]
    for c in range(tableau.shape[1]):
        tableau[row, c] *= unit
    for i in range(tableau.shape[0]):
        if i != row:
            factor = tableau[i, column]
            if factor != 0.0:
                for c in range(tableau.shape[1]):
                    tableau[i, c] -= factor * tableau[row, c]


@allocating
def solve_box_complementarity(matrix, offset, theta, place):
    """Solve for ``theta``, with M = ``matrix`` and q = ``offset``.

    Parameters
    ----------
    matrix, offset : float64[c, c], float64[c]
    theta : float64[c]
        Written: the solution.
    place : int64[c]
        Written: AT_ZERO, AT_ONE or BETWEEN. The columns of M of those between are independent in the basis.

    Returns
    -------
    bool
        False if rounding has stopped the method (theta is then the last point of its path).
    """
    # With the multiplier lambda of theta <= 1: w = q + M theta + lambda + z0 >= 0 and v = 1 - theta >= 0 are
    # complementary to theta and to lambda. Columns: w, v, theta, lambda, z0, right-hand side.
    c = offset.shape[0]
    tableau, basis = np.zeros((2 * c, 4 * c + 2)), np.empty(2 * c, dtype=np.int64)
    write_tableau(matrix, offset, tableau, basis)
    row, least = -1, 0.0
    for i in range(c):
        if offset[i] < least:
            row, least = i, offset[i]
    ended = row < 0 or follow_path(tableau, basis, row)
    read_solution(tableau, basis, theta, place)
    return ended


@inlined
def write_tableau(matrix, offset, tableau, basis):
    """Write the problem at theta = 0, where the basis is w and v; its unit is the largest entry's size."""
    c = offset.shape[0]
    size, cover = 2 * c, 4 * c
    largest = max(np.abs(matrix).max(), np.abs(offset).max())
    unit = 1.0 / largest if largest > 0.0 else 1.0
    for i in range(size):
        tableau[i, i], basis[i] = 1.0, i
    for i in range(c):
        for l in range(c):
            tableau[i, size + l] = -unit * matrix[i, l]
        tableau[i, size + c + i], tableau[i, cover], tableau[i, cover + 1] = -1.0, -1.0, unit * offset[i]
        tableau[c + i, size + i], tableau[c + i, cover + 1] = 1.0, 1.0


@inlined
def follow_path(tableau, basis, row):
    """Exchange basis and columns from that of z0 on, which enters in ``row``, until z0 leaves; whether it did."""
    size = tableau.shape[0]
    cover, ended = 2 * size, False
    exchange(tableau, row, cover)
    entering, basis[row] = row + size, cover
    for _ in range(MOST_PIVOTS * size):
        row = -1
        for i in range(size):
            if tableau[i, entering] > 1e-11 and (row < 0 or comes_first(tableau, i, row, entering, size)):
                row = i
        if row < 0:
            break
        leaving = basis[row]
        exchange(tableau, row, entering)
        basis[row] = entering
        if leaving == cover:
            ended = True
            break
        entering = leaving + size if leaving < size else leaving - size
    return ended


@inlined
def read_solution(tableau, basis, theta, place):
    """Write theta, and where each multiplier is, from the last basis."""
    c, size = theta.shape[0], basis.shape[0]
    cover = 2 * size
    for i in range(c):
        theta[i], place[i] = 0.0, AT_ZERO
    for i in range(size):
        if size <= basis[i] < size + c:
            theta[basis[i] - size], place[basis[i] - size] = tableau[i, cover + 1], BETWEEN
    for i in range(size):  # theta = 1 has its multiplier in the basis, or no slack v
        if size + c <= basis[i] < cover:
            place[basis[i] - size - c] = AT_ONE
