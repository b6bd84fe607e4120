"""The network inside a step: the residual up to an instant, corrected until the rows carried along it agree.

A step is long beside the rate of a label that is fitted (h K >> 1): there the residual is small, its polynomial
right to the tolerance, and the rows carried along it are off by h K times the polynomial's error. At the step's
end the corrector has removed that. At an instant inside it (a sample, or an event for which the step is cut) the
same is done for the time up to there::

    (1 + WEIGHT s h K) dp = r - p

with p the polynomial and r what the rows give. BEND dp is added to the polynomial; it is dp at the end, and its
integral s h WEIGHT dp. A fitted label's dp is a small part of r - p, so its residual stays what the polynomial
says, and one whose rate is slow is taken from the rows.
"""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.carrying import boost_weights, carry_rows, write_pushes
from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.curve import SIZE
from pipeline.flow.exact.pace import norm
from pipeline.flow.exact.residual import correct, observe

ROUNDING = 2e-14
"""The difference of the rows' residual from the polynomial's, over the residual's terms, that is rounding."""
CORRECTIONS = 6
BEND = (0.0, 4.4, 6.7, 6.9, 5.0, 1.0)
"""s^2 + 22 s (1 - s) in Bernstein form. With s^2 alone a label with h K = 30 would end a tenth of r - p off."""
WEIGHT = 4.0
"""Its integral over [0, 1]."""


@kernel
def carry_within(lumps, moved, part, length, allowed, problem, room):
    """Carry the rows through the time ``length`` of a step, and correct the residual until they agree with it.

    Parameters
    ----------
    moved : Lumps
        Its rows are written.
    part : float64[6, n]
        The residual over that time; changed in place.
    allowed : float
        How far apart they may be.
    room : Room
        ``room.pushes`` are the boosts.
    """
    gap, gross, matrix, kernel, zeros = room.gap, room.gross, room.matrix, room.turned, room.slope_gap
    weight, slope_weight = room.value_weight, room.slope_weight
    bent, last = room.turned_gap, np.inf
    for k in range(gap.shape[0]):
        weight[k], slope_weight[k], zeros[k], bent[k] = WEIGHT, 0.0, 0.0, 0.0
    for correction in range(CORRECTIONS + 1):
        boost_weights(part, length, room.weights)
        write_pushes(lumps, room.weights, problem.x, room.pushes)
        carry_rows(lumps, room.pushes, moved.rows, moved.logs)
        if last == 0.0 or correction == CORRECTIONS or length == 0.0:
            break
        observe(moved.rows, moved.logs, lumps, problem, gap, gross, room.nothing, room.reach)
        apart = distance(gap, part)
        if apart <= max(allowed, ROUNDING * largest_term(gross, problem)):
            break
        if apart < last:
            last = apart
            observe(moved.rows, moved.logs, lumps, problem, gap, gross, kernel, room.reach)
            for k in range(gap.shape[0]):
                gap[k] -= part[SIZE - 1, k]
            correct(kernel, length, weight, slope_weight, zeros, matrix, gap)
            if not norm(gap) < np.inf:  # the kernel is too large for a float's square
                break
        else:  # a correction that does not bring them nearer is taken back
            last = 0.0
        for k in range(gap.shape[0]):
            bent[k] = -bent[k] if last == 0.0 else gap[k]
            for i in range(SIZE):
                part[i, k] += BEND[i] * bent[k]


@inlined
def distance(r, part):
    """The largest |r - p|, ``r`` from the rows and p the polynomial's right end; infinite if one is no number."""
    worst = 0.0
    for k in range(r.shape[0]):
        apart = abs(r[k] - part[SIZE - 1, k])
        if not apart < np.inf:
            return np.inf
        worst = max(worst, apart)
    return worst


@inlined
def largest_term(gross, problem):
    """The largest of what the residual's terms add up to."""
    terms = problem.label_scale
    for k in range(gross.shape[0]):
        terms = max(terms, gross[k])
    return terms


@inlined
def largest_at_end(part):
    """The largest residual at the right end of the polynomials."""
    largest = 0.0
    for k in range(part.shape[1]):
        largest = max(largest, abs(part[SIZE - 1, k]))
    return largest
