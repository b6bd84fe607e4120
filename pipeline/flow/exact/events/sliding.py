"""When a neuron that slides along boundaries leaves them (Filippov).

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

from pipeline.flow.exact.events.vertex import choose_held
from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.network.activation import SLIDING
from pipeline.flow.exact.propagation.bernstein import SIZE

DEPENDENT = 1e-5
"""The share of a unit normal below which it depends on those before it: their inner products can't tell less."""


@jitted
def list_boundaries(state, opposite, boundaries):
    """Write the boundaries that are slid along into ``boundaries``; return their number."""
    count = 0
    for k in range(state.shape[0]):
        if state[k] == SLIDING and not 0 <= opposite[k] < k:
            boundaries[count] = k
            count += 1
    return count


@jitted
def find_multipliers(state, derivative, curve, problem, multipliers):
    """Choose the boundaries whose multipliers hold a neuron, and write their nu and nu + gamma.

    Parameters
    ----------
    state : int8[n]
    derivative : float64[n]
        phi' of the pattern; on return, phi' at the points slid along too, the chosen boundaries being on their
        negative sides.
    curve : float64[6, n]
        The residual.
    multipliers : Multipliers
        Written: the chosen boundaries first.

    Returns
    -------
    count : int
        How many were chosen.
    dependent : int
        How many others there are, whose normals depend on the chosen ones; -1 if no multipliers in [0, 1] hold
        the neuron at all of its boundaries.
    """
    boundaries, gram = multipliers.boundaries, multipliers.gram
    count = list_boundaries(state, problem.opposite, boundaries)
    for k in range(state.shape[0]):
        if state[k] == SLIDING:
            derivative[k] = 1.0 if 0 <= problem.opposite[k] < k else problem.negative_slope
    write_multipliers(derivative, curve, problem, count, multipliers)
    independent = True
    for number in range(count):
        independent = independent and gram[number, number] > 0.0
    if independent:
        return count, 0
    chosen = choose_held(state, curve, problem, boundaries[:count], derivative)
    if chosen < 0:
        return 0, -1
    write_multipliers(derivative, curve, problem, chosen, multipliers)
    return chosen, count - chosen


@jitted
def write_multipliers(derivative, curve, problem, count, multipliers):
    """Write nu and nu + gamma of the first ``count`` boundaries.

    Parameters
    ----------
    derivative : float64[n]
        phi' at every point, that of these boundaries on their negative sides.
    """
    boundaries, gram, off, on = multipliers
    overlap, length, opposite = problem.gram, problem.length, problem.opposite
    n = length.shape[0]
    for number in range(count):
        l = boundaries[number]
        for i in range(SIZE):
            off[i, number] = 0.0
        for k in range(n):
            if derivative[k] != 0.0:
                share = derivative[k] * overlap[k, l] / (n * length[l])
                for i in range(SIZE):
                    off[i, number] += share * curve[i, k]
        for other in range(number + 1):
            k = boundaries[other]
            gram[number, other] = overlap[k, l] / (length[k] * length[l])
    solve_gram(gram, count, off)
    for number in range(count):
        k = boundaries[number]
        l = opposite[k]
        for i in range(SIZE):
            jump = curve[i, k] * length[k]
            if l >= 0:
                jump += curve[i, l] * length[l]
            on[i, number] = off[i, number] + (1.0 - problem.negative_slope) / n * jump


@inlined
def held_side(off, on, number, sign_a, dependent):
    """The sign e for which boundary number ``p`` is slid along while e nu >= 0 >= e (nu + gamma).

    That of a: both sides push towards the boundary. Where normals depend on each other (``dependent`` > 0) others
    hold the neuron at a boundary that pushes away; there only the multiplier has to be in [0, 1].
    """
    if dependent > 0:
        return 1.0 if on[0, number] <= off[0, number] else -1.0
    return sign_a


@inlined
def any_repels(state, sign_a, tolerance, problem, curve):
    """Whether a boundary that is slid along may push away from itself on both sides within the step."""
    for k in range(state.shape[0]):
        if state[k] == SLIDING and not 0 <= problem.opposite[k] < k:
            l = problem.opposite[k]
            for i in range(SIZE):
                jump = curve[i, k] * problem.length[k]
                if l >= 0:
                    jump += curve[i, l] * problem.length[l]
                if sign_a * (1.0 - problem.negative_slope) * jump > curve.shape[1] * tolerance:
                    return True
    return False


@jitted
def solve_gram(gram, count, right):
    """Solve gram nu = right for each row of ``right``, in place (Cholesky; ``gram``'s lower triangle is lost).

    The diagonal is 0 at a boundary whose normal depends on those before it; it gets no multiplier.
    """
    for number in range(count):
        for other in range(number + 1):
            total = gram[number, other]
            for c in range(other):
                total -= gram[number, c] * gram[other, c]
            if other < number:
                gram[number, other] = total / gram[other, other] if gram[other, other] > 0.0 else 0.0
            else:
                gram[number, number] = sqrt(total) if total > DEPENDENT * DEPENDENT else 0.0
    for i in range(SIZE):
        for number in range(count):
            for c in range(number):
                right[i, number] -= gram[number, c] * right[i, c]
            right[i, number] = right[i, number] / gram[number, number] if gram[number, number] > 0.0 else 0.0
        for number in range(count - 1, -1, -1):
            for c in range(number + 1, count):
                right[i, number] -= gram[c, number] * right[i, c]
            right[i, number] = right[i, number] / gram[number, number] if gram[number, number] > 0.0 else 0.0
