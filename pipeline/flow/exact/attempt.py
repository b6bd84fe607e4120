"""One step: assume the residual's right end, carry the rows, compare, correct, and measure the defect."""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.carrying import boost_groups, boost_weights, carry_rows, write_pushes
from pipeline.flow.exact.compiled import allocating, hot, inlined, kernel
from pipeline.flow.exact.curve import SIZE, restrict, slope_at, value, write_cubic
from pipeline.flow.exact.modes import amplitude, fastest_rate, into_modes, turn_modes
from pipeline.flow.exact.residual import SMALLEST_LOG, correct, observe, slope

RELATIVE_SHARE = 0.01
"""What still moves a label, if smaller than the tolerance, is resolved to this fraction of itself: its sign
decides which points are lost, and whether anything moves at all, and must not be noise."""
RESIDUAL_FLOOR = 2e-14
"""Below this share of the labels' scale the residual is rounding."""
CARRIED = 4e-15
"""The rounding of a step's boosts, over h K |r|: in their sum D the residuals of a mode that is fitted cancel, and
what is left of their rounding moves the mode with its rate. It cannot be resolved, unless by shorter steps."""
SETTLED_GAP = 0.2
"""The gap between the computed and the assumed right end, over the tolerance, at which the sweeps end."""
STIFF = 10.0
"""Times h K from which a mode follows instead of moving."""
REMEMBERING = 2.0
"""Times h K up to which a mode's polynomial takes the last step into account: beyond it would not be stable."""
DAMPED = 0.25
"""Times h K from which what a mode has left must be corrected: the last polynomial would amplify it."""
FURTHEST_BACK = 6.0
"""The last step over this one up to which it is taken into account."""
BOOSTED = 1e-14
"""The rounding of w over a step, over |w|."""
HALVED = 16.0 / 15.0
"""The error of a step's boosts, of order 4, over its difference from that of two half steps."""
SWEEPS = 8


class Room(NamedTuple):
    """The arrays that the steps write: allocated once, but for the last six, whose sizes are those of the lumps.

    p, q : float64[n]
        The assumed right end: value and slope of the residual.
    r : float64[n]
        The residual that the rows give there.
    kernel : float64[n, n]
    curve : float64[6, n]
        The residual over the step (:mod:`pipeline.flow.exact.curve`).
    gross : float64[n]
        The sizes of the residual's terms.
    modes : float64[n, n]
        Column i: mode i of the tangent kernel (:mod:`pipeline.flow.exact.modes`); what follows is by mode.
    stiff : bool[n]
        Modes that are fitted and follow (h K >> 1): their polynomial is the quadratic without the left slope,
        which makes the step L-stable for them (Radau IIA instead of Lobatto IIIA). With the cubic an error of
        such a mode would never be forgotten, only its rounding amplified.
    remembers : bool[n]
        Modes whose polynomial takes the last step into account and is of degree 5.
    value_weight, slope_weight : float64[n]
        What the right end weighs in the polynomial's integral (:func:`~.residual.correct`).
    force : float64[q]
    rows, logs
        The rows in the middle of the step.
    pushes, middle_pushes : float64[2, groups, q]
        tau D of each group's two boosts, over the step and to its middle.
    rates, alignment : float64[groups]
        :func:`~.pace.survey`, :func:`~.pace.mean_alignment`.
    """

    p: np.ndarray
    q: np.ndarray
    r: np.ndarray
    kernel: np.ndarray
    middle: np.ndarray
    gap: np.ndarray
    slope_gap: np.ndarray
    turned_gap: np.ndarray
    turned_slope_gap: np.ndarray
    tolerance: np.ndarray
    reach: np.ndarray
    matrix: np.ndarray
    weights: np.ndarray
    nothing: np.ndarray
    curve: np.ndarray
    part: np.ndarray
    gross: np.ndarray
    modes: np.ndarray
    mode_rates: np.ndarray
    kernel0: np.ndarray
    turned: np.ndarray
    stiff: np.ndarray
    remembers: np.ndarray
    value_weight: np.ndarray
    slope_weight: np.ndarray
    force: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    pushes: np.ndarray
    middle_pushes: np.ndarray
    rates: np.ndarray
    alignment: np.ndarray


@allocating
def make_room(lumps, problem):
    """Room for steps with these lumps."""
    n, q = problem.x.shape
    groups = lumps.gain.shape[0]
    return Room(
        np.empty(n), np.empty(n), np.empty(n), np.empty((n, n)),
        np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n),
        np.empty((n, n)), np.empty((2, n)), np.empty((0, 0)),
        np.empty((SIZE, n)), np.empty((SIZE, n)), np.empty(n), np.eye(n), np.empty(n), np.empty((n, n)),
        np.empty((n, n)), np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.empty(n), np.empty(n),
        np.empty(q),
        np.empty_like(lumps.rows), np.empty_like(lumps.logs), np.empty((2, groups, q)), np.empty((2, groups, q)),
        np.zeros(groups), np.zeros(groups),
    )  # fmt: skip


@allocating
def fit_room(room, lumps):
    """The same room with what has the sizes of the lumps made anew."""
    groups, q = lumps.gain.shape[0], room.force.shape[0]
    return Room(
        room.p, room.q, room.r, room.kernel, room.middle, room.gap, room.slope_gap, room.turned_gap,
        room.turned_slope_gap, room.tolerance, room.reach, room.matrix, room.weights, room.nothing, room.curve,
        room.part, room.gross, room.modes, room.mode_rates, room.kernel0, room.turned, room.stiff, room.remembers,
        room.value_weight, room.slope_weight, room.force,
        np.empty_like(lumps.rows), np.empty_like(lumps.logs), np.empty((2, groups, q)), np.empty((2, groups, q)),
        np.zeros(groups), np.zeros(groups),
    )  # fmt: skip


@inlined
def predict(r0, d0, kernel0, step, last, room):
    """Write the predicted right end into ``room``: the last polynomial continued, or a line after a kink.

    Where that line is too steep for the step (h K > 1) it is the implicit Euler method's: (1 + h K) p = r.

    Parameters
    ----------
    last : (curve, r, d, step, smooth)
        The last step: its polynomial, residual and slope at its start, its length, and whether the flow has
        been smooth since.
    """
    curve, _, _, last_step, smooth = last
    p, q = room.p, room.q
    for k in range(r0.shape[0]):
        if smooth:
            s = 1.0 + step / last_step
            p[k], q[k] = value(curve, k, s), slope_at(curve, k, s, last_step)
        else:
            p[k], q[k] = r0[k] + step * d0[k], d0[k]
    if not smooth and step * fastest_rate(kernel0) > 1.0:
        for k in range(r0.shape[0]):
            p[k], room.slope_gap[k] = r0[k], 0.0
            room.value_weight[k], room.slope_weight[k] = 1.0, 0.0
        correct(kernel0, step, room.value_weight, room.slope_weight, room.slope_gap, room.matrix, p)
        slope(kernel0, p, q)


@inlined
def nearly_rests(r0, d0, step, allowed):
    """Whether no label moves within the step by as much as it may be wrong, though none is fitted.

    So it is on the way to a saddle or to a minimum that does not interpolate. The residuals stay, and only their
    components along the kernel's modes, which vanish, say what there is to resolve.
    """
    moves = False
    for k in range(r0.shape[0]):
        moves = moves or step * abs(d0[k]) > min(allowed, RELATIVE_SHARE * abs(r0[k]))
    return not moves


@hot
def choose_polynomials(r0, d0, kernel0, step, last, allowed, room):
    """Decide for each mode on its polynomial, and write what the right end weighs in its integral.

    While nothing is stiff and something moves the labels themselves serve as modes.

    Returns
    -------
    order : int
        6 if every mode that is not stiff remembers the last step, else 4.
    """
    _, _, _, last_step, smooth = last
    back = last_step / step
    value_weight, slope_weight = 0.0, 0.0
    if smooth and back < FURTHEST_BACK:
        s = -back
        # The right end's cubic basis, continued to the last step's start, is what the correction cancels there.
        value_bend = bend_integral(-s * s * (3.0 - 2.0 * s), -6.0 * s * (1.0 - s), s)
        slope_bend = bend_integral(s * s * (1.0 - s), s * (2.0 - 3.0 * s), s)
        value_weight, slope_weight = 0.5 + value_bend, 1.0 / 12.0 - slope_bend
    n = kernel0.shape[0]
    modes, turned, rates, stiff, remembers = (
        room.modes,
        room.kernel0,
        room.mode_rates,
        room.stiff,
        room.remembers,
    )
    for_value, for_slope = room.value_weight, room.slope_weight
    speed = step * fastest_rate(kernel0)
    if speed > REMEMBERING or (speed > DAMPED and nearly_rests(r0, d0, step, allowed)):
        turn_modes(kernel0, modes, turned, rates, room.matrix)
    else:
        for k in range(n):
            rates[k] = kernel0[k, k]
            for l in range(n):
                modes[k, l], turned[k, l] = 1.0 if k == l else 0.0, kernel0[k, l]
    order = 6
    for i in range(n):
        speed = step * rates[i]
        stiff[i] = speed > STIFF
        remembers[i] = smooth and back < FURTHEST_BACK and speed < REMEMBERING
        if stiff[i]:
            for_value[i], for_slope[i] = 2.0 / 3.0, 1.0 / 6.0
        elif remembers[i]:
            for_value[i], for_slope[i] = value_weight, slope_weight
        else:
            for_value[i], for_slope[i] = 0.5, 1.0 / 12.0
            order = 4
    return order


@inlined
def bend_terms(gap, slope_gap, s):
    """Alpha and beta of the correction s^2 (1-s)^2 (alpha + beta s) with this value and slope at ``s``."""
    shape = s * s * (1.0 - s) * (1.0 - s)
    tilt = 2.0 * s * (1.0 - s) * (1.0 - 2.0 * s)
    level = gap / shape
    beta = (slope_gap - tilt * level) / shape
    return level - beta * s, beta


@inlined
def bend_integral(gap, slope_gap, s):
    """The integral over [0, 1] of that correction."""
    alpha, beta = bend_terms(gap, slope_gap, s)
    return (2.0 * alpha + beta) / 60.0


@hot
def write_curve(r0, d0, step, last, room):
    """Write the polynomials with the right end (p, q) into ``room.curve``: mode by mode, then label by label."""
    _, last_r, last_d, last_step, _ = last
    b, part, modes, stiff, remembers = room.curve, room.part, room.modes, room.stiff, room.remembers
    right, right_slope = room.p, room.q
    n = r0.shape[0]
    s = -last_step / step
    for i in range(n):
        r, d = amplitude(modes, r0, i), amplitude(modes, d0, i)
        p, q = amplitude(modes, right, i), amplitude(modes, right_slope, i)
        left = 2.0 * (p - r) / step - q if stiff[i] else d
        write_cubic(part, i, r, left, p, q, step)
        if remembers[i]:
            # The cubic at the last step's start, where it should be what was there.
            gap = amplitude(modes, last_r, i) - value(part, i, s)
            slope_gap = step * (amplitude(modes, last_d, i) - slope_at(part, i, s, step))
            alpha, beta = bend_terms(gap, slope_gap, s)
            part[2, i] += 0.1 * alpha
            part[3, i] += 0.1 * (alpha + beta)
    for side in range(SIZE):
        for k in range(n):
            b[side, k] = 0.0
            for i in range(n):
                b[side, k] += modes[k, i] * part[side, i]


@hot
def sweep(lumps, curve, step, problem, weights, pushes, rows, logs, r, gross, kernel, reach):
    """Carry the rows of ``lumps`` along a residual, and look at what they give.

    Parameters
    ----------
    curve : float64[6, n]
        The assumed residual over the time ``step``.
    weights, pushes, rows, logs
        Written: the boosts, and the rows after them.
    r, gross, kernel, reach
        Written: as :func:`~.residual.observe` does.
    """
    boost_weights(curve, step, weights)
    write_pushes(lumps, weights, problem.x, pushes)
    carry_rows(lumps, pushes, rows, logs)
    observe(rows, logs, lumps, problem, r, gross, kernel, reach)


@kernel
def attempt(lumps, moved, r0, d0, kernel0, step, last, allowed, problem, room):
    """One step of length ``step`` from the predicted right end in ``room``, corrected until it settles.

    On return ``room`` holds the assumed right end (p, q), the polynomials, and the residual and the kernel of the
    rows carried with them, which are in ``moved``.

    Returns
    -------
    error : float
        The defect over what is allowed; infinite if anything overflowed or the sweeps did not settle.
    order : int
        Of the step: the defect goes with its power.
    """
    n = r0.shape[0]
    p, q, r, gap, modes, kernel = room.p, room.q, room.r, room.gap, room.modes, room.kernel
    turned_gap, turned_slope_gap, slope_gap = room.turned_gap, room.turned_slope_gap, room.slope_gap
    curve, weights, pushes, rows, logs = room.curve, room.weights, room.pushes, moved.rows, moved.logs
    tolerance, gross, reach, scale = room.tolerance, room.gross, room.reach, problem.label_scale
    order = choose_polynomials(r0, d0, kernel0, step, last, allowed, room)
    for _ in range(SWEEPS):
        write_curve(r0, d0, step, last, room)
        sweep(lumps, curve, step, problem, weights, pushes, rows, logs, r, gross, kernel, reach)
        largest, left = scale, 0.0
        for k in range(n):
            largest, left = max(largest, gross[k]), max(left, abs(r0[k]))
            gap[k] = r[k] - p[k]
        floor, settled = RESIDUAL_FLOOR * largest, True
        for i in range(n):
            small = RELATIVE_SHARE * max(abs(amplitude(modes, r0, i)), abs(amplitude(modes, r, i)))
            small = max(small, CARRIED * step * room.mode_rates[i] * left)
            tolerance[i] = max(min(allowed, small), floor)
            turned_gap[i] = amplitude(modes, gap, i)
            settled = settled and abs(turned_gap[i]) <= max(SETTLED_GAP * tolerance[i], floor)
        worst = worst_share(turned_gap, tolerance)
        if worst == np.inf:
            return np.inf, order
        if settled:
            worst = max(worst, middle_defect(lumps, step, problem, room))
            return max(worst, boost_error(lumps, moved, problem, room) / allowed), order
        slope(kernel, p, slope_gap)
        for k in range(n):
            q[k], slope_gap[k] = slope_gap[k], slope_gap[k] - q[k]
        for i in range(n):
            turned_slope_gap[i] = amplitude(modes, slope_gap, i)
        into_modes(kernel, modes, room.turned, room.matrix)
        correct(room.turned, step, room.value_weight, room.slope_weight, turned_slope_gap, room.matrix, turned_gap)
        for k in range(n):
            gap[k] = 0.0
            for i in range(n):
                gap[k] += modes[k, i] * turned_gap[i]
        for k in range(n):
            p[k] += gap[k]
            for l in range(n):
                q[k] -= kernel[k, l] * gap[l]
    return np.inf, order


@inlined
def middle_defect(lumps, step, problem, room):
    """The largest |r computed - r assumed| in the middle of the step and error of the boosts, over the tolerance.

    That error is the difference at the end of two steps of half the length. The residual assumed does not show it:
    it is corrected until it agrees with the boosts. The defect passes through the corrector's matrix first
    (Shampine's filter for implicit methods): a fitted mode forgets its errors, and unfiltered its rounding times
    h K would refuse every long step; who reads the network there corrects it first (:mod:`~.interior`). The
    kernel is that of the step's start: a mode that is fitted only during the step has not forgotten anything.
    """
    restrict(room.curve, 0.0, 0.5, room.part)
    sweep(
        lumps, room.part, 0.5 * step, problem, room.weights, room.middle_pushes, room.rows, room.logs, room.middle,
        room.gap, room.nothing, room.reach,
    )  # fmt: skip
    middle, part, modes, gap, slope_gap = (
        room.middle,
        room.part,
        room.modes,
        room.turned_gap,
        room.turned_slope_gap,
    )
    for k in range(middle.shape[0]):
        middle[k] -= part[SIZE - 1, k]
    for i in range(middle.shape[0]):
        gap[i], slope_gap[i] = amplitude(modes, middle, i), 0.0
    restrict(room.curve, 0.5, 1.0, part)
    boost_weights(part, 0.5 * step, room.weights)
    write_pushes(lumps, room.weights, problem.x, room.middle_pushes)
    boost_groups(lumps, room.middle_pushes, room.rows, room.logs)
    observe(room.rows, room.logs, lumps, problem, middle, room.gap, room.nothing, room.reach)
    for k in range(middle.shape[0]):
        middle[k] -= room.r[k]
    for i in range(middle.shape[0]):
        halved = HALVED * abs(amplitude(modes, middle, i))
        gap[i] += halved if gap[i] > 0.0 else -halved
    correct(
        room.kernel0, step, room.value_weight, room.slope_weight, room.turned_slope_gap, room.matrix,
        room.turned_gap,
    )  # fmt: skip
    return worst_share(room.turned_gap, room.tolerance)


@inlined
def boost_error(lumps, moved, problem, room):
    """What the step's boosts are wrong by in h: (|a||z|)^(1/2) |dw||x_k| of a row.

    dw is the difference of w from that after two half steps. An error of w that no label shows at present may
    show later; of |w| far above |a| it is felt more than |a||dw| says (w decides what a becomes), and less than
    |w||dw| does.
    """
    rows, logs, halves, half_logs, log_unit = moved.rows, moved.logs, room.rows, room.logs, problem.log_unit
    q, worst = problem.x.shape[1], 0.0
    for i in range(rows.shape[0]):
        if logs[i] - log_unit <= SMALLEST_LOG:
            continue
        ratio, square, error = exp(half_logs[i] - logs[i]), 0.0, 0.0
        for c in range(q):
            square += rows[i, c] * rows[i, c]
            error += (rows[i, c] - ratio * halves[i, c]) ** 2
        a, error = abs(rows[i, q]), max(sqrt(error) - BOOSTED * sqrt(square), 0.0)
        worst = max(worst, exp(2.0 * logs[i]) * sqrt(a * sqrt(square + a * a)) * error)
    longest = 0.0
    for k in range(problem.length.shape[0]):
        longest = max(longest, problem.length[k])
    return HALVED * worst * longest


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
