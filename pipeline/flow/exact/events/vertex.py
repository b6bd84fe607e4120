"""The multipliers of boundaries whose normals depend on each other: a vertex of those that hold a neuron."""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.events.complementarity import AT_ONE, BETWEEN, solve_box_complementarity
from pipeline.flow.exact.events.contacts import span_of
from pipeline.flow.exact.machine_code.jit import allocating, inlined

AHEAD = 1e-6
"""The fraction of the step by which the multipliers of dependent boundaries look ahead: at the very instant of an
exchange both choices hold."""


@allocating
def choose_held(state, curve, problem, boundaries, derivative):
    """Choose independent boundaries of those slid along, and a side for each of the others.

    Where the normals depend on each other many multipliers hold the neuron. This takes a vertex of them: all but
    as many as are independent are at 0 or at 1, which makes the others linear in the residual.

    Parameters
    ----------
    state : int8[n]
    curve : float64[6, n]
        The residual.
    boundaries : int64[count]
        The boundaries that are slid along; on return the chosen ones come first.
    derivative : float64[n]
        phi' of the points slid along, the chosen ones on their negative side: written for the others.

    Returns
    -------
    count : int
        How many were chosen; -1 if no multipliers in [0, 1] hold the neuron any more.
    """
    n, count = problem.x.shape[0], boundaries.shape[0]
    contacts, r, bulk = boundaries.copy(), np.empty(n), 0.0
    for k in range(n):
        r[k] = curve[0, k] + 5.0 * AHEAD * (curve[1, k] - curve[0, k])
        bulk += abs(r[k]) * problem.length[k] / n
    span = span_of(contacts, state, r, 1.0, problem)
    for i in range(count):
        if span.jumps[i] > 0.0:  # count it from its positive side: then every jump attracts
            for b in range(span.low.shape[0]):
                span.low[b] += span.jumps[i] * span.normals[i, b]
    matrix, offset = np.empty((count, count)), np.empty(count)
    theta, place = np.empty(count), np.empty(count, dtype=np.int64)
    write_holding(span, matrix, offset)
    ended = solve_box_complementarity(matrix, offset, theta, place)
    chosen = write_chosen((contacts, span.jumps, place), problem, boundaries, derivative)
    return chosen if ended and speed_left(span, theta, place) <= 1e-9 * bulk else -1


@inlined
def write_holding(span, matrix, offset):
    """Write the complementarity problem of multipliers that hold the velocity in the ``span`` at 0."""
    normals, jumps, low = span
    count, p = normals.shape
    for i in range(count):
        offset[i] = 0.0
        for b in range(p):
            offset[i] -= low[b] * normals[i, b]
        for l in range(count):
            matrix[i, l] = 0.0
            for b in range(p):
                matrix[i, l] += abs(jumps[l]) * normals[i, b] * normals[l, b]


@inlined
def speed_left(span, theta, place):
    """The largest component of the velocity that the multipliers leave."""
    normals, jumps, low = span
    worst = 0.0
    for b in range(low.shape[0]):
        left = low[b]
        for i in range(theta.shape[0]):
            left -= (1.0 if place[i] == AT_ONE else theta[i]) * abs(jumps[i]) * normals[i, b]
        worst = max(worst, abs(left))
    return worst


@inlined
def write_chosen(found, problem, boundaries, derivative):
    """Write the chosen boundaries first, and on which sides the points of the others are; return how many.

    ``found`` are the contacts, their jumps, and where their multipliers are.
    """
    contacts, jumps, place = found
    chosen, last = 0, contacts.shape[0] - 1
    for i in range(contacts.shape[0]):
        k = contacts[i]
        if place[i] == BETWEEN:
            boundaries[chosen] = k
            chosen += 1
        else:
            boundaries[last] = k
            last -= 1
            if (place[i] == AT_ONE) != (jumps[i] > 0.0):
                derivative[k] = 1.0
                if problem.opposite[k] >= 0:
                    derivative[problem.opposite[k]] = problem.negative_slope
    return chosen
