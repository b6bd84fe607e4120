"""The forces that hold a neuron over a whole step at several boundaries: solved for together.

One after another, each for the others as they are, they come to rest slowly where boundaries are nearly parallel,
and until then say of a share theta that it has left [0, 1].
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.events import NUMBERS, TIME, UNTIL
from pipeline.flow.collocation.sweep import N

DEPENDENT = 1e-13
"""The share of |x_k|^2 that is left of it beside the points before, below which these do what it would."""


@inner
def holds_throughout(e, now):
    """Whether a pair slides over the whole step."""
    return now.values[e, TIME] == 0.0 and now.values[e, UNTIL] >= 1.0


@inner
def gather(now, into):
    """Write the events of the pairs that slide over the whole step, neuron by neuron; return how many."""
    count = 0
    for e in range(now.number[0]):
        if not holds_throughout(e, now):
            continue
        place = count
        while place > 0 and now.neuron[into[place - 1]] > now.neuron[e]:
            into[place] = into[place - 1]
            place -= 1
        into[place] = e
        count += 1
    return count


@inner
def factorise_gram(members, points, now, factor):
    """Write the factor of Cholesky, lower, of these points' products; 0 where one depends on those before."""
    for a in range(members.shape[0]):
        one = points.rows[now.point[members[a]]]
        for b in range(a + 1):
            other, value = points.rows[now.point[members[b]]], 0.0
            for c in range(one.shape[0]):
                value += one[c] * other[c]
            for c in range(b):
                value -= factor[a, c] * factor[b, c]
            if a == b:
                factor[a, a] = sqrt(value) if value > DEPENDENT * points.square[now.point[members[a]]] else 0.0
            else:
                factor[a, b] = value / factor[b, b] if factor[b, b] > 0.0 else 0.0


@inner
def solve_gram(factor, right):
    """Solve for ``right`` in place; what depends on others does nothing."""
    count = right.shape[0]
    for a in range(count):
        for b in range(a):
            right[a] -= factor[a, b] * right[b]
        right[a] = right[a] / factor[a, a] if factor[a, a] > 0.0 else 0.0
    for a in range(count - 1, -1, -1):
        for b in range(a + 1, count):
            right[a] -= factor[b, a] * right[b]
        right[a] = right[a] / factor[a, a] if factor[a, a] > 0.0 else 0.0


@inner
def hold_together(members, points, tableau, network, now, work):
    """Correct the forces that hold one neuron at these boundaries, so that <D_i, x_k> is 0 at all of them.

    Returns
    -------
    change, size : float
        Of n D, over x_k.
    """
    j, n, s, count = now.neuron[members[0]], points.about[N], len(tableau.nodes), members.shape[0]
    right, change, size = work.basis[count, :count], 0.0, 0.0
    factorise_gram(members, points, now, work.basis)
    for i in range(s):
        force = network.force[i, j]
        for a in range(count):
            x, along = points.rows[now.point[members[a]]], 0.0
            for c in range(x.shape[0]):
                along += force[c] * x[c]
            right[a] = -n * along - now.values[members[a], NUMBERS + 3 * s + i] / tableau.weights[i]
        solve_gram(work.basis, right)
        for a in range(count):
            x, event = points.rows[now.point[members[a]]], now.values[members[a]]
            event[NUMBERS + 2 * s + i] += right[a]
            change, size = max(change, abs(right[a])), max(size, abs(event[NUMBERS + 2 * s + i]))
            for c in range(x.shape[0]):
                force[c] += right[a] * x[c] / n
    return change, size
