"""The network inside a step: the residual up to an instant, corrected until the rows carried along it agree.

A step is long beside the rate of a label that is fitted (h K >> 1): there the residual is small, its polynomial
right to the tolerance, and the rows carried along it are off by h K times the polynomial's error. At the step's
end the corrector has removed that. At an instant inside it (a sample, or an event for which the step is cut) the
same is done for the time up to there::

    (1 + WEIGHT s h K) dp = r - p

with p the polynomial and r what the rows give. CORRECTION_SHAPE dp is added to the polynomial; it is dp at the
end, and its integral s h WEIGHT dp. A fitted label's dp is a small part of r - p, so its residual stays what the
polynomial says, and one whose rate is slow is taken from the rows.
"""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.corrector.residual import Observation, correct, observe
from pipeline.flow.exact.corrector.step_control import norm
from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.network.groups import Rows
from pipeline.flow.exact.propagation.bernstein import SIZE
from pipeline.flow.exact.propagation.magnus import boost_weights, carry_rows, write_impulses

ROUNDING = 2e-14
"""The difference of the rows' residual from the polynomial's, over the residual's terms, that is rounding."""
CORRECTIONS = 6
CORRECTION_SHAPE = (0.0, 4.4, 6.7, 6.9, 5.0, 1.0)
"""s^2 + 22 s (1 - s) in Bernstein form. With s^2 alone a label with h K = 30 would end a tenth of r - p off."""
WEIGHT = 4.0
"""Its integral over [0, 1]."""


@jitted
def carry_within(network, part, length, allowed, work):
    """Carry the rows through the time ``length`` of a step, and correct the residual until they agree with it.

    Parameters
    ----------
    network : Network
        The rows of ``trial`` and the impulses are written.
    part : float64[6, n]
        The residual over that time; changed in place.
    allowed : float
        How far apart they may be.
    work : StepWorkspace
    """
    seen, added, last = work.inside, work.correction, np.inf
    gap, without_kernel = seen.r, Observation(seen.r, seen.gross, work.no_kernel, seen.preactivation)
    groups, problem, motion = network.groups, network.problem, network.motion
    carried = Rows(network.trial.rows, network.trial.logs)
    for k in range(added.shape[0]):
        added[k] = 0.0
    for correction in range(CORRECTIONS + 1):
        boost_weights(part, length, motion.weights)
        write_impulses(groups, motion.weights, problem.x, motion.impulses)
        carry_rows(groups, motion.impulses, carried.rows, carried.logs)
        if last == 0.0 or correction == CORRECTIONS or length == 0.0:
            break
        observe(carried, groups, problem, without_kernel)
        apart = distance(gap, part)
        if apart <= max(allowed, ROUNDING * largest_term(seen.gross, problem)):
            break
        if apart < last:
            last = apart
            observe(carried, groups, problem, seen)
            for k in range(gap.shape[0]):
                gap[k] -= part[SIZE - 1, k]
            correct(seen.kernel, length, work.inside_weights, work.no_slopes, work.matrix, gap)
            if not norm(gap) < np.inf:  # the kernel is too large for a float's square
                break
        else:  # a correction that does not bring them nearer is taken back
            last = 0.0
        for k in range(gap.shape[0]):
            added[k] = -added[k] if last == 0.0 else gap[k]
            for i in range(SIZE):
                part[i, k] += CORRECTION_SHAPE[i] * added[k]


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
