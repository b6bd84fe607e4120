"""How far the neurons of a large group are from their boundaries, so that most steps look at none of them.

A balanced neuron turns at |d w/|w| / dt| = |D - <D, w>w/|w|^2| <= |D|: the cosine with a point changes by no more
than the time integral of |D|. Once the least |cosine| of a group with point k is known, no neuron can be at
boundary k until that much has been turned. The integral converges with the flow: at last a step costs nothing per
neuron.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.network.spans import MANY
from pipeline.flow.exact.propagation.bernstein import SIZE
from pipeline.flow.exact.propagation.reconstruction import LOST_SQUARE

COSINE_ROUNDING = 1e-12
"""What rounding may make of a cosine, at most."""


@inlined
def largest_turn(groups, g, curve, step, problem):
    """A bound of the integral of |D| of group g over the step: the polynomial stays in its coefficients' hull."""
    total = 0.0
    for k in range(curve.shape[1]):
        if groups.derivative[g, k] != 0.0:
            most = 0.0
            for i in range(SIZE):
                most = max(most, abs(curve[i, k]))
            total += abs(groups.derivative[g, k]) * most * problem.length[k]
    return step * total / curve.shape[1]


@inlined
def leave_clear(clear, turn, side, turns):
    """Take the boundaries that no neuron can reach within ``turn`` off the list of those to be looked at.

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


@jitted
def measure_clearance(groups, g, z, problem, w):
    """Write the least |cosine| of group g's neurons with each point, reachable in this step or not.

    Parameters
    ----------
    groups
        At the start of the step; their ``clear`` is written.
    z : float64[m, q + 2]
        The neurons at the last grouping.
    w : float64[>= q]
        Workspace.
    """
    x, length, first, clear = problem.x, problem.length, groups.row[g], groups.clear
    n, q = x.shape
    for k in range(n):
        clear[g, k] = 2.0
    for i in range(groups.start[g], groups.start[g + 1]):
        j = groups.order[i]
        square = 0.0
        for c in range(q):
            w[c] = 0.0
            for b in range(q + 1):
                w[c] += z[j, b] * groups.propagator[first + b, c]
            square += w[c] * w[c]
        # The bound holds for |a| = |w| alone, and what rounding has made of w says nothing.
        known = z[j, q + 1] == 0.0 and square > LOST_SQUARE
        for k in range(n):
            along = 0.0
            for c in range(q):
                along += w[c] * x[k, c]
            cosine = abs(along) / (sqrt(square) * length[k]) - COSINE_ROUNDING if known else 0.0
            clear[g, k] = min(clear[g, k], cosine)


@jitted
def subtract_turn(groups, curve, step, problem):
    """Take the step's turn off what was clear: it has been done, and no neuron has crossed."""
    clear = groups.clear
    for g in range(clear.shape[0]):
        if groups.kind[g] == MANY:
            turn = largest_turn(groups, g, curve, step, problem)
            for k in range(clear.shape[1]):
                clear[g, k] -= turn
