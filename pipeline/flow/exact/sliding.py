"""When a neuron that slides along boundaries leaves them (Filippov; ENGINE.md section 4).

A boundary is that of a point k and, if there is one, of the point on the opposite ray; it is named by the first
of the two. Let D_off be the sum with every boundary that the neuron slides along on its negative side, and
gamma_i the jump of <D, e_i> across boundary i. The multipliers phi_i, which hold <D, e_i> at 0, solve

    Gram (phi gamma) = -<D_off, e>

linear in r: polynomials over the step. With nu = -phi gamma, sliding lasts while phi is in [0, 1], that is while

    s nu_i >= 0 >= s (nu_i + gamma_i),   s the sign of a.

For one boundary nu and nu + gamma are the speeds <D, e> with the point off and on: both push towards it.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.exact.compiled import kernel
from pipeline.flow.exact.curve import SIZE
from pipeline.flow.exact.pattern import DEPENDENT
from pipeline.flow.exact.states import SLIDING


@kernel
def list_boundaries(state, opposite, boundaries):
    """Write the boundaries that are slid along into ``boundaries``; return their number."""
    count = 0
    for k in range(state.shape[0]):
        if state[k] == SLIDING and not 0 <= opposite[k] < k:
            boundaries[count] = k
            count += 1
    return count


@kernel
def write_pulls(state, gain, curve, problem, boundaries, count, gram, off, on):
    """Write nu and nu + gamma of every boundary that is slid along into the columns of ``off`` and ``on``.

    Parameters
    ----------
    gain : float64[n]
        phi' of the pattern.
    curve : float64[6, n]
        The residual.
    boundaries, count
        From :func:`list_boundaries`.
    gram : float64[n, n]
        Room.
    off, on : float64[6, n]
        Column i: boundary number i.
    """
    overlap, length, opposite, slope = problem.gram, problem.length, problem.opposite, problem.slope
    n = length.shape[0]
    for p in range(count):
        l = boundaries[p]
        for i in range(SIZE):
            off[i, p] = 0.0
        for k in range(n):
            share = gain[k]
            if state[k] == SLIDING:  # its boundary's negative side, where only the opposite point is on
                share = 1.0 if 0 <= opposite[k] < k else slope
            if share == 0.0:
                continue
            share *= overlap[k, l] / (n * length[l])
            for i in range(SIZE):
                off[i, p] += share * curve[i, k]
        for o in range(p + 1):
            k = boundaries[o]
            gram[p, o] = overlap[k, l] / (length[k] * length[l])
    solve_gram(gram, count, off)
    for p in range(count):
        k = boundaries[p]
        l = opposite[k]
        for i in range(SIZE):
            jump = curve[i, k] * length[k]
            if l >= 0:
                jump += curve[i, l] * length[l]
            on[i, p] = off[i, p] + (1.0 - slope) / n * jump


@kernel
def solve_gram(gram, count, right):
    """Solve gram nu = right for each row of ``right``, in place (Cholesky; ``gram``'s lower triangle is lost).

    A boundary whose normal depends on those before it gets no multiplier: the others can hold the neuron.
    """
    for p in range(count):
        for o in range(p + 1):
            total = gram[p, o]
            for c in range(o):
                total -= gram[p, c] * gram[o, c]
            if o < p:
                gram[p, o] = total / gram[o, o] if gram[o, o] > 0.0 else 0.0
            else:
                gram[p, p] = sqrt(total) if total > DEPENDENT else 0.0
    for i in range(SIZE):
        for p in range(count):
            for c in range(p):
                right[i, p] -= gram[p, c] * right[i, c]
            right[i, p] = right[i, p] / gram[p, p] if gram[p, p] > 0.0 else 0.0
        for p in range(count - 1, -1, -1):
            for c in range(p + 1, count):
                right[i, p] -= gram[c, p] * right[i, c]
            right[i, p] = right[i, p] / gram[p, p] if gram[p, p] > 0.0 else 0.0
