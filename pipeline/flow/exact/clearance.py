"""How far the neurons of a large group are from their boundaries, so that most steps look at none of them.

A balanced neuron turns at |d w/|w| / dt| = |D - <D, w>w/|w|^2| <= |D|: the cosine with a point changes by no more
than the time integral of |D|. Once the least |cosine| of a group with point k is known, boundary k needs no look
until that much has been turned. The integral converges with the flow: at last a step costs nothing per neuron.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.curve import SIZE
from pipeline.flow.exact.patterns import MANY
from pipeline.flow.exact.reading import LOST

SURE = 1e-12
"""What rounding may make of a cosine, at most."""


@inlined
def largest_turn(lumps, g, curve, step, problem):
    """A bound of the integral of |D| of group g over the step: the polynomial stays in its coefficients' hull."""
    total = 0.0
    for k in range(curve.shape[1]):
        if lumps.gain[g, k] != 0.0:
            most = 0.0
            for i in range(SIZE):
                most = max(most, abs(curve[i, k]))
            total += abs(lumps.gain[g, k]) * most * problem.length[k]
    return step * total / curve.shape[1]


@inlined
def leave_clear(clear, turn, side, turns):
    """Take the boundaries that nobody can reach within ``turn`` off the list of those to be looked at.

    Returns
    -------
    anyone, anyone_turns : bool
    """
    anyone, anyone_turns = False, False
    for k in range(side.shape[0]):
        if clear[k] > turn:
            side[k], turns[k] = 0.0, False
        anyone, anyone_turns = anyone or side[k] != 0.0, anyone_turns or turns[k]
    return anyone, anyone_turns


@kernel
def measure_clearance(lumps, g, z, problem, w):
    """Write the least |cosine| of group g's neurons with each point: with those ahead now and those later.

    Parameters
    ----------
    lumps
        At the start of the step; their ``clear`` is written.
    z : float64[m, q + 2]
        The neurons at the last lumping.
    w : float64[>= q]
        Room.
    """
    x, length, first, clear = problem.x, problem.length, lumps.row[g], lumps.clear
    n, q = x.shape
    for k in range(n):
        clear[g, k] = 2.0
    for i in range(lumps.start[g], lumps.start[g + 1]):
        j = lumps.order[i]
        square = 0.0
        for c in range(q):
            w[c] = 0.0
            for b in range(q + 1):
                w[c] += z[j, b] * lumps.columns[first + b, c]
            square += w[c] * w[c]
        # The bound holds for |a| = |w| alone, and what rounding has made of w says nothing.
        known = z[j, q + 1] == 0.0 and square > LOST
        for k in range(n):
            along = 0.0
            for c in range(q):
                along += w[c] * x[k, c]
            cosine = abs(along) / (sqrt(square) * length[k]) - SURE if known else 0.0
            clear[g, k] = min(clear[g, k], cosine)


@kernel
def spend(lumps, curve, step, problem):
    """Take the step's turn off what was clear: it has been done, and no neuron has crossed."""
    clear = lumps.clear
    for g in range(clear.shape[0]):
        if lumps.kind[g] == MANY:
            turn = largest_turn(lumps, g, curve, step, problem)
            for k in range(clear.shape[1]):
                clear[g, k] -= turn
