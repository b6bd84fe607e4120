"""One step: assume the residual's right end, carry the rows, compare, correct, and measure the defect."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from pipeline.flow.exact.corrector.modes import amplitude, fastest_rate, into_modes, turn_modes
from pipeline.flow.exact.corrector.residual import (
    SMALLEST_LOG,
    Observation,
    correct,
    observe,
    residual_derivative,
)
from pipeline.flow.exact.machine_code.jit import inlined, jitted, llvm_inlined
from pipeline.flow.exact.network.groups import Rows
from pipeline.flow.exact.propagation.bernstein import SIZE, restrict, slope_at, value, write_cubic
from pipeline.flow.exact.propagation.magnus import boost_groups, boost_weights, carry_rows, write_impulses

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
MOST_SWEEPS = 8
CUBIC_TO_MIDDLE = 1.0 / 32.0
"""The integral of s (1 - s) (1 - 2 s) from a step's start to its middle."""
MISSING_CUBIC = 0.1
"""A stiff mode's cubic term that may be missing, over the largest defect: at most a tenth of it is in r."""
SMOOTH = 0.1
"""A cubic term over its mode, up to which the mode varies smoothly. After a crossing it may jump: over a long step
any polynomial oscillates then, a cubic more than a quadratic, and neurons would cross that do not."""
MOST_CUBICS = 2


@inlined
def predict(start, step, last, work):
    """Write the predicted right end into ``work``: the last polynomial continued, or a line after a kink.

    Where that line is too steep for the step (h K > 1) it is the implicit Euler method's: (1 + h K) p = r.

    Parameters
    ----------
    start : StepStart
    last : LastStep
    """
    p, q = work.assumed_r, work.assumed_d
    for k in range(start.r.shape[0]):
        if last.smooth:
            s = 1.0 + step / last.length
            p[k], q[k] = value(last.curve, k, s), slope_at(last.curve, k, s, last.length)
        else:
            p[k], q[k] = start.r[k] + step * start.d[k], start.d[k]
    if not last.smooth and step * fastest_rate(start.kernel) > 1.0:
        for k in range(start.r.shape[0]):
            p[k], work.slope_gap[k] = start.r[k], 0.0
            work.weights.value[k], work.weights.slope[k] = 1.0, 0.0
        correct(start.kernel, step, work.weights, work.slope_gap, work.matrix, p)
        residual_derivative(start.kernel, p, q)


@inlined
def nearly_rests(start, step, allowed):
    """Whether no label moves within the step by as much as it may be wrong, though none is fitted.

    So it is on the way to a saddle or to a minimum that does not interpolate. The residuals stay, and only their
    components along the kernel's modes, which vanish, say what there is to resolve.
    """
    moves = False
    for k in range(start.r.shape[0]):
        moves = moves or step * abs(start.d[k]) > min(allowed, RELATIVE_SHARE * abs(start.r[k]))
    return not moves


@llvm_inlined
def choose_polynomials(start, step, last, allowed, work):
    """Decide for each mode on its polynomial, and write what the right end weighs in its integral.

    While nothing is stiff and something moves the labels themselves serve as modes.

    Returns
    -------
    order : int
        6 if every mode that is not stiff remembers the last step, else 4.
    """
    back, kernel = last.length / step, start.kernel
    value_weight, slope_weight = 0.0, 0.0
    if last.smooth and back < FURTHEST_BACK:
        s = -back
        # The right end's cubic basis, continued to the last step's start, is what the correction cancels there.
        value_integral = correction_integral(-s * s * (3.0 - 2.0 * s), -6.0 * s * (1.0 - s), s)
        slope_integral = correction_integral(s * s * (1.0 - s), s * (2.0 - 3.0 * s), s)
        value_weight, slope_weight = 0.5 + value_integral, 1.0 / 12.0 - slope_integral
    n = kernel.shape[0]
    modes, mode_kernel, decay_rates, stiff, remembers = (
        work.modes, work.start_kernel, work.decay_rates, work.stiff, work.remembers,
    )  # fmt: skip
    for_value, for_slope = work.weights
    speed = step * fastest_rate(kernel)
    if speed > REMEMBERING or (speed > DAMPED and nearly_rests(start, step, allowed)):
        turn_modes(kernel, modes, mode_kernel, decay_rates, work.matrix)
    else:
        for k in range(n):
            decay_rates[k] = kernel[k, k]
            for l in range(n):
                modes[k, l], mode_kernel[k, l] = 1.0 if k == l else 0.0, kernel[k, l]
    order = 6
    for i in range(n):
        speed = step * decay_rates[i]
        stiff[i], work.cubic[i] = speed > STIFF, 0.0
        remembers[i] = last.smooth and back < FURTHEST_BACK and speed < REMEMBERING
        if stiff[i]:
            for_value[i], for_slope[i] = 2.0 / 3.0, 1.0 / 6.0
        elif remembers[i]:
            for_value[i], for_slope[i] = value_weight, slope_weight
        else:
            for_value[i], for_slope[i] = 0.5, 1.0 / 12.0
            order = 4
    return order


@inlined
def correction_terms(gap, slope_gap, s):
    """Alpha and beta of the correction s^2 (1-s)^2 (alpha + beta s) with this value and slope at ``s``."""
    shape = s * s * (1.0 - s) * (1.0 - s)
    tilt = 2.0 * s * (1.0 - s) * (1.0 - 2.0 * s)
    level = gap / shape
    beta = (slope_gap - tilt * level) / shape
    return level - beta * s, beta


@inlined
def correction_integral(gap, slope_gap, s):
    """The integral over [0, 1] of that correction."""
    alpha, beta = correction_terms(gap, slope_gap, s)
    return (2.0 * alpha + beta) / 60.0


@llvm_inlined
def write_curve(start, step, last, work):
    """Write the polynomials with the right end (p, q) into ``work``: mode by mode, then label by label."""
    curve, mode_curve, modes = work.curve, work.mode_curve, work.modes
    n = start.r.shape[0]
    s = -last.length / step
    for i in range(n):
        r, d = amplitude(modes, start.r, i), amplitude(modes, start.d, i)
        p, q = amplitude(modes, work.assumed_r, i), amplitude(modes, work.assumed_d, i)
        left, added = 2.0 * (p - r) / step - q if work.stiff[i] else d, work.cubic[i] / step
        write_cubic(mode_curve, i, (r, left + added), (p, q + added), step)
        if work.remembers[i]:
            # The cubic at the last step's start, where it should be what was there.
            gap = amplitude(modes, last.r, i) - value(mode_curve, i, s)
            slope_gap = step * (amplitude(modes, last.d, i) - slope_at(mode_curve, i, s, step))
            alpha, beta = correction_terms(gap, slope_gap, s)
            mode_curve[2, i] += 0.1 * alpha
            mode_curve[3, i] += 0.1 * (alpha + beta)
    for side in range(SIZE):
        for k in range(n):
            curve[side, k] = 0.0
            for i in range(n):
                curve[side, k] += modes[k, i] * mode_curve[side, i]


@llvm_inlined
def carry_and_observe(network, over, impulses, carried, seen):
    """Carry the rows of the network's groups along a residual, and look at what they give.

    Parameters
    ----------
    over : (curve, step)
        The assumed residual, float64[6, n], over the time ``step``.
    impulses, carried : float64[2, groups, q], Rows
        Written: the boosts, and the rows after them.
    seen : Observation
        Written.
    """
    groups, problem, weights = network.groups, network.problem, network.motion.weights
    boost_weights(over[0], over[1], weights)
    write_impulses(groups, weights, problem.x, impulses)
    carry_rows(groups, impulses, carried.rows, carried.logs)
    observe(carried, groups, problem, seen)


@jitted
def try_step(network, start, last, step, allowed, work):
    """One step of length ``step`` from the predicted right end in ``work``, corrected until it settles.

    On return ``work`` holds the assumed right end (p, q), the polynomials, and the residual and the kernel of the
    rows carried with them, which are in ``network.trial``.

    Parameters
    ----------
    network : Network
    start : StepStart
    last : LastStep
    allowed : float
        The largest defect.

    Returns
    -------
    error : float
        The defect over what is allowed; infinite if anything overflowed or the sweeps did not settle.
    order : int
        Of the step: the defect goes with its power.
    """
    n = start.r.shape[0]
    p, q, r, gap, modes, kernel = work.assumed_r, work.assumed_d, work.end.r, work.gap, work.modes, work.end.kernel
    mode_gap, mode_slope_gap, slope_gap = work.mode_gap, work.mode_slope_gap, work.slope_gap
    carried = Rows(network.trial.rows, network.trial.logs)
    tolerance, gross, scale = work.tolerance, work.end.gross, network.problem.label_scale
    order, cubics, quadratic = choose_polynomials(start, step, last, allowed, work), 0, 0.0
    for _ in range(MOST_SWEEPS):
        write_curve(start, step, last, work)
        carry_and_observe(network, (work.curve, step), network.motion.impulses, carried, work.end)
        largest, left = scale, 0.0
        for k in range(n):
            largest, left = max(largest, gross[k]), max(left, abs(start.r[k]))
            gap[k] = r[k] - p[k]
        floor, settled = RESIDUAL_FLOOR * largest, True
        for i in range(n):
            small = RELATIVE_SHARE * max(abs(amplitude(modes, start.r, i)), abs(amplitude(modes, r, i)))
            small = max(small, CARRIED * step * work.decay_rates[i] * left)
            tolerance[i] = max(min(allowed, small), floor)
            mode_gap[i] = amplitude(modes, gap, i)
            settled = settled and abs(mode_gap[i]) <= max(SETTLED_GAP * tolerance[i], floor)
        worst = worst_share(mode_gap, tolerance)
        if worst == np.inf:
            return np.inf, order
        if settled:
            # The error of the quadratics decides on the step still: the middle shows little of what cubics lack.
            worst = max(quadratic, worst, middle_defect(network, step, work))
            if cubics == MOST_CUBICS or not worst <= 1.0 or not add_cubics(start, step, allowed, work):
                return max(worst, boost_error(network) / allowed), order
            cubics, quadratic = cubics + 1, worst
            continue
        residual_derivative(kernel, p, slope_gap)
        for k in range(n):
            q[k], slope_gap[k] = slope_gap[k], slope_gap[k] - q[k]
        for i in range(n):
            mode_slope_gap[i] = amplitude(modes, slope_gap, i)
        into_modes(kernel, modes, work.end_kernel, work.matrix)
        correct(work.end_kernel, step, work.weights, mode_slope_gap, work.matrix, mode_gap)
        for k in range(n):
            gap[k] = 0.0
            for i in range(n):
                gap[k] += modes[k, i] * mode_gap[i]
        for k in range(n):
            p[k] += gap[k]
            for l in range(n):
                q[k] -= kernel[k, l] * gap[l]
    return np.inf, order


@inlined
def middle_defect(network, step, work):
    """The largest |r computed - r assumed| in the middle of the step and error of the boosts, over the tolerance.

    That error is the difference at the end of two steps of half the length. The residual assumed does not show it:
    it is corrected until it agrees with the boosts. The defect passes through the corrector's matrix first
    (Shampine's filter for implicit methods): a fitted mode forgets its errors, and unfiltered its rounding times
    h K would refuse every long step; who reads the network there corrects it first (``corrector.interior``). The
    kernel is that of the step's start: a mode that is fitted only during the step has not forgotten anything.
    """
    middle, part, modes = work.middle, work.part, work.modes
    gap, slope_gap = work.mode_gap, work.mode_slope_gap
    carried, impulses = network.motion.middle, network.motion.middle_impulses
    seen = Observation(middle, work.middle_gross, work.no_kernel, work.end.preactivation)
    restrict(work.curve, 0.0, 0.5, part)
    carry_and_observe(network, (part, 0.5 * step), impulses, carried, seen)
    for k in range(middle.shape[0]):
        middle[k] -= part[SIZE - 1, k]
    for i in range(middle.shape[0]):
        gap[i], slope_gap[i] = amplitude(modes, middle, i), 0.0
        work.middle_by_mode[i] = gap[i]
    restrict(work.curve, 0.5, 1.0, part)
    boost_weights(part, 0.5 * step, network.motion.weights)
    write_impulses(network.groups, network.motion.weights, network.problem.x, impulses)
    boost_groups(network.groups, impulses, carried.rows, carried.logs)
    observe(carried, network.groups, network.problem, seen)
    for k in range(middle.shape[0]):
        middle[k] -= work.end.r[k]
    for i in range(middle.shape[0]):
        halved = HALVED * abs(amplitude(modes, middle, i))
        gap[i] += halved if gap[i] > 0.0 else -halved
    correct(work.start_kernel, step, work.weights, slope_gap, work.matrix, gap)
    return worst_share(gap, work.tolerance)


@inlined
def add_cubics(start, step, allowed, work):
    """Add to the stiff modes' quadratics the cubic term that the middle shows to be missing.

    A mode that follows is right at the step's end, and so is its integral over the step: the rows give both. What
    a quadratic lacks first is a multiple of s (1 - s) (1 - 2 s), which is zero at both ends, in the middle and in
    that integral. No defect shows it, and a sample inside the step was off by up to three tolerances; the rows
    carried to the middle show its integral up to there.

    Returns
    -------
    matters : bool
        Whether what was missing can be felt in a sample.
    """
    matters = False
    for i in range(work.cubic.shape[0]):
        if work.stiff[i]:
            missing = work.middle_by_mode[i] / (CUBIC_TO_MIDDLE * step * work.decay_rates[i])
            size = max(abs(amplitude(work.modes, start.r, i)), abs(amplitude(work.modes, work.assumed_r, i)))
            if MISSING_CUBIC * allowed < abs(missing) < SMOOTH * size:
                work.cubic[i] += missing
                matters = True
    return matters


@inlined
def boost_error(network):
    """What the step's boosts are wrong by in h: (|a||z|)^(1/2) |dw||x_k| of a row.

    dw is the difference of w from that after two half steps. An error of w that no label shows at present may
    show later; of |w| far above |a| it is felt more than |a||dw| says (w decides what a becomes), and less than
    |w||dw| does.
    """
    problem, (halves, half_logs) = network.problem, network.motion.middle
    rows, logs, log_unit = network.trial.rows, network.trial.logs, problem.log_unit
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
