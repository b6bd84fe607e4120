"""One step: assume the residual's right end, carry the rows, compare, correct, and measure the defect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.boost import hermite, hermite_slope, magnus_weights
from pipeline.flow.exact.carrying import carry_rows
from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.residual import correct, observe, slope

RELATIVE_SHARE = 0.01
"""A residual smaller than the tolerance is still resolved to this fraction of itself: its sign decides which
points are lost, and must not be noise."""
RESIDUAL_FLOOR = 2e-14
"""Below this share of the labels' scale the residual is rounding."""
SETTLED_GAP = 0.2
"""The gap between the computed and the assumed right end, over the tolerance, at which the sweeps end."""
STIFF = 10.0
"""Times hK from which a label follows instead of moving."""
SWEEPS = 8


class Room(NamedTuple):
    """The arrays that an attempt writes: allocated once a lumping, since at 3 us a step allocation would show.

    p, q : float64[n]
        The assumed right end: value and slope of the residual.
    r : float64[n]
        The residual that the rows give there.
    kernel : float64[n, n]
    rows, logs
        The rows at the right end.
    left : float64[n]
        The slope at the left end as the step's polynomial has it.
    gross : float64[n]
        The sizes of the residual's terms.
    stiff : bool[n]
        Labels that are fitted and follow (hK >> 1): their polynomial is the quadratic without the left slope,
        which makes the step L-stable for them (Radau IIA instead of Lobatto IIIA). With the cubic an error of
        such a label would never be forgotten, only its rounding amplified.
    """

    p: np.ndarray
    q: np.ndarray
    r: np.ndarray
    kernel: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    middle_rows: np.ndarray
    middle_logs: np.ndarray
    middle: np.ndarray
    gap: np.ndarray
    slope_gap: np.ndarray
    tolerance: np.ndarray
    reach: np.ndarray
    matrix: np.ndarray
    weights: np.ndarray
    push: np.ndarray
    nothing: np.ndarray
    left: np.ndarray
    gross: np.ndarray
    stiff: np.ndarray


@kernel
def make_room(lumps, problem):
    """Room for the attempts at steps with these lumps."""
    n, q = problem.x.shape
    shape = lumps.rows.shape
    return Room(
        np.empty(n), np.empty(n), np.empty(n), np.empty((n, n)),
        np.empty(shape), np.empty(shape[0]), np.empty(shape), np.empty(shape[0]),
        np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty((n, n)),
        np.empty((2, n)), np.empty(q), np.empty((0, 0)),
        np.empty(n), np.empty(n), np.zeros(n, dtype=np.bool_),
    )  # fmt: skip


@inlined
def exchange_rows(room, lumps):
    """The same room, writing into the arrays of ``lumps``, which are no longer needed."""
    return Room(
        room.p, room.q, room.r, room.kernel, lumps.rows, lumps.logs, room.middle_rows, room.middle_logs,
        room.middle, room.gap, room.slope_gap, room.tolerance, room.reach, room.matrix, room.weights, room.push,
        room.nothing, room.left, room.gross, room.stiff,
    )  # fmt: skip


@inlined
def predict(r0, d0, step, cubics, last, last_step, smooth, room):
    """Write the predicted right end into ``room``: the last cubic continued, or a line after a kink."""
    for k in range(r0.shape[0]):
        if smooth:
            s = 1.0 + step / last_step
            p0, q0, p1, q1 = cubics[last, 0, k], cubics[last, 1, k], cubics[last, 2, k], cubics[last, 3, k]
            room.p[k] = hermite(p0, q0, p1, q1, last_step, s)
            room.q[k] = hermite_slope(p0, q0, p1, q1, last_step, s)
        else:
            room.p[k] = r0[k] + step * d0[k]
            room.q[k] = d0[k]


@kernel
def attempt(lumps, r0, d0, kernel0, step, allowed, problem, room):
    """One step of length ``step`` from the predicted right end in ``room``, corrected until it settles.

    On return ``room`` holds the assumed right end (p, q), the rows carried with it, and the residual and the
    kernel that those give.

    Returns
    -------
    error : float
        The defect over what is allowed; infinite if anything overflowed or the sweeps did not settle.
    """
    n = r0.shape[0]
    p, q, r, gap = room.p, room.q, room.r, room.gap
    for k in range(n):
        room.stiff[k] = step * kernel0[k, k] > STIFF
        room.left[k] = d0[k]
    cubic = (r0, room.left, p, q, step)
    for _ in range(SWEEPS):
        for k in range(n):
            if room.stiff[k]:
                room.left[k] = 2.0 * (p[k] - r0[k]) / step - q[k]
        magnus_weights(cubic, 0.0, step, room.weights)
        carry_rows(lumps, room.weights, problem.x, room.rows, room.logs, room.push)
        observe(room.rows, room.logs, lumps, problem, r, room.gross, room.kernel, room.reach)
        for k in range(n):
            small = RELATIVE_SHARE * max(abs(r0[k]), abs(r[k]))
            floor = RESIDUAL_FLOOR * max(problem.label_scale, room.gross[k])
            room.tolerance[k] = max(min(allowed, small), floor)
            gap[k] = r[k] - p[k]
        worst = worst_share(gap, room.tolerance)
        if worst == np.inf:
            return np.inf
        if worst <= SETTLED_GAP:
            return max(worst, middle_defect(lumps, cubic, kernel0, problem, room))
        slope(room.kernel, p, room.slope_gap)
        for k in range(n):
            q[k], room.slope_gap[k] = room.slope_gap[k], room.slope_gap[k] - q[k]
        correct(room.kernel, step, room.stiff, room.slope_gap, room.matrix, gap)
        for k in range(n):
            p[k] += gap[k]
            for l in range(n):
                q[k] -= room.kernel[k, l] * gap[l]
    return np.inf


@inlined
def middle_defect(lumps, cubic, kernel0, problem, room):
    """The largest |r computed - r assumed| in the middle of the step, over the tolerance.

    The defect passes through the corrector's matrix first (Shampine's filter for implicit methods): a fitted
    label forgets its errors, and unfiltered its rounding times h K would refuse every long step. The kernel is
    that of the step's start: a label that is fitted only during the step has not forgotten anything.
    """
    r0, left, p, q, step = cubic
    magnus_weights(cubic, 0.0, 0.5 * step, room.weights)
    carry_rows(lumps, room.weights, problem.x, room.middle_rows, room.middle_logs, room.push)
    observe(room.middle_rows, room.middle_logs, lumps, problem, room.middle, room.gap, room.nothing, room.reach)
    for k in range(r0.shape[0]):
        room.middle[k] -= hermite(r0[k], left[k], p[k], q[k], step, 0.5)
        room.slope_gap[k] = 0.0
    correct(kernel0, step, room.stiff, room.slope_gap, room.matrix, room.middle)
    return worst_share(room.middle, room.tolerance)


@inlined
def worst_share(error, tolerance):
    """The largest |error|/tolerance; infinite as soon as one is not a finite number."""
    worst = 0.0
    for k in range(error.shape[0]):
        share = abs(error[k]) / tolerance[k]
        if not share < np.inf:
            return np.inf
        worst = max(worst, share)
    return worst
