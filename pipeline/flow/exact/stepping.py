"""The solver's loop: assume the residual over a step, carry the network through it, correct, accept.

    1. predict the residual's right end (value and slope) by the last step's polynomial;
    2. carry every group's rows through the step: two boosts each (commutator-free Magnus, order 4);
    3. compare the residual they give with the assumed one, correct by the tangent kernel, repeat;
    4. the defect |r computed - r assumed| in the middle decides on the step;
    5. find the neurons that cross a boundary, cut the step if they matter, and go on.

The step's polynomial is all that has to be remembered: the whole trajectory of every neuron follows from it.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.attempt import RESIDUAL_FLOOR, attempt, exchange_rows, make_room, predict
from pipeline.flow.exact.boost import LARGEST_BOOST
from pipeline.flow.exact.carrying import carry_lumps
from pipeline.flow.exact.compiled import entry, inlined, kernel
from pipeline.flow.exact.crossings import cross, find_movers, follow_movers, worth_stopping_for
from pipeline.flow.exact.following import lay_desk
from pipeline.flow.exact.pace import (
    FIRST_RAPIDITY,
    LARGEST_EBB,
    growth_factor,
    mean_alignment,
    norm,
    residual_change,
    survey,
    time_until_felt,
)
from pipeline.flow.exact.patterns import lump
from pipeline.flow.exact.record import copy_record, empty_record, longer, write_step
from pipeline.flow.exact.residual import observe, slope

CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, INTERRUPTED = 1, 2, 3, 4, 5, 99
"""Why an integration ended; :class:`pipeline.flow.status.Status` has the sentences of all but the last."""

LOCAL_SHARE = 0.4
"""The share of the tolerance that one step's defect may use: measured so that the worst error of the whole
run stays within the tolerance (benchmarks/work_precision.py)."""
SETTLED = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
RESTING = 1e-14
"""|D| of the fastest group that can still grow, over that of an unfitted label, at which nothing moves."""
CROSSING_SHARE = 0.1
"""The share of one step's allowance that its crossings may use before they cut it."""
FITTED = 10.0 * RESIDUAL_FLOOR
"""The share of its terms below which a residual pushes nothing: the solver can't hold it quieter."""
STIFFEST = 1e7
"""The largest h K: the corrector's matrix is of the size (h K)^2, and must not be singular to rounding."""
FELT = 0.01
"""The share of one step's allowance below which a group's output is not felt yet."""


@inlined
def reason_to_stop(time, end_time, r, quickest, problem):
    """The status with which the flow ends here, OUT_OF_STEPS if it goes on; ``r`` without its rounding."""
    square = 0.0
    for k in range(r.shape[0]):
        square += r[k] * r[k]
    if sqrt(square / r.shape[0]) <= SETTLED * problem.label_scale:
        return CONVERGED
    if quickest <= RESTING * problem.resting_growth:
        return STATIONARY
    if time >= end_time:
        return END_TIME
    return OUT_OF_STEPS


@inlined
def drop_rounding(r, problem, room):
    """Write the residual without what is only rounding into ``room.gap``: what can still push."""
    gross, gap, scale = room.gross, room.gap, problem.label_scale
    for k in range(r.shape[0]):
        gap[k] = r[k] if abs(r[k]) > FITTED * max(scale, gross[k]) else 0.0


@kernel
def settle(neurons, lumps, start, last, time, step, allowed, problem, room, desk, nobody):
    """Shorten the step until its defect is allowed and no crossing in it matters.

    Parameters
    ----------
    start : (r0, d0, kernel0)
        Residual, slope and tangent kernel at the step's start.
    last : (curve, r, d, step, smooth)
        What the prediction continues (:func:`~pipeline.flow.exact.attempt.predict`).
    nobody : Followed
        Without neurons.

    Returns
    -------
    step, error, order
        The error is infinite if the time can't resolve the step any more.
    moved : Lumps
        At the step's end.
    followed : Followed
        The neurons that cross within the step.
    wanted : float
        The length that the crossings have cut; the step itself if they have not.
    refused : int
    """
    r0, d0, kernel0 = start
    error, order, refused, wanted = np.inf, np.int64(4), np.int64(0), 0.0
    moved, followed = lumps, nobody
    while time + step > time:
        predict(r0, d0, step, last, room)
        error, order = attempt(lumps, r0, d0, kernel0, step, last, allowed, problem, room)
        if error <= 1.0:
            moved = carry_lumps(lumps, room.pushes, room.rows, room.logs)
            movers = find_movers(neurons, lumps, moved, room.curve, step, problem, desk)
            followed, cut = nobody, np.inf
            if movers.shape[0] > 0:
                followed = follow_movers(neurons, lumps, movers, room.curve, step, problem, desk)
                cut = worth_stopping_for(followed, CROSSING_SHARE * allowed)
            if cut >= 1.0:
                break
            wanted = max(wanted, step)
            step *= cut
        else:
            step *= min(max(0.9 * error ** (-1.0 / order), 0.1), 0.9) if error < np.inf else 0.25
        error = np.inf
        refused += 1
    return step, error, order, moved, followed, max(wanted, step), refused


@entry
def integrate(neurons, problem, tolerance, end_time, most_steps, watch):
    """Follow the flow from ``neurons`` at t = 0 until it converges, rests, or reaches ``end_time``.

    Parameters
    ----------
    neurons : Neurons
    problem : Problem
    tolerance : float
        The aim for the worst error of the residual over the whole run, in units of the labels' scale, or of
        the residual at the start if that is larger.
    end_time : float
        ``inf`` to go on until nothing moves any more.
    most_steps : int
    watch : float64[3]
        Between here and another thread: the first entry is set there to stop (else 0); time and steps are
        written here.

    Returns
    -------
    record : Record
    status : int
    rejected, crossings, patterns, ambiguous : int
        ``ambiguous``: how many neurons met a point where the flow is not unique.
    """
    n = problem.x.shape[0]
    record = empty_record(256, n)
    steps, rejected, crossings, ambiguous = 0, 0, 0, 0
    time, step, last_step, last_error = 0.0, 0.0, 1.0, 0.0

    lumps = lump(neurons, problem)
    patterns = lumps.start.shape[0] - 1
    room, desk = make_room(lumps, problem), lay_desk(problem)
    nobody = follow_movers(neurons, lumps, np.empty((0, 2), dtype=np.int64), room.curve, step, problem, desk)
    r0, d0, last_r, last_d = np.empty(n), np.empty(n), np.zeros(n), np.zeros(n)
    kernel0 = np.empty((n, n))
    observe(lumps.rows, lumps.logs, lumps, problem, r0, room.gross, kernel0, room.reach)
    slope(kernel0, r0, d0)
    # A start far above the labels has residuals of its own size: they are the unit then.
    allowed = LOCAL_SHARE * tolerance * max(problem.label_scale, norm(r0) / sqrt(n))
    alignment = np.zeros(patterns)
    force = np.empty(problem.x.shape[1])
    mean_alignment(lumps, r0, problem, alignment, force)
    status, smooth = OUT_OF_STEPS, np.bool_(False)  # a literal would be compiled for once more
    while steps < most_steps:
        drop_rounding(r0, problem, room)
        quickest, strongest, ebbing, rates = survey(lumps, room.gap, problem)
        status = reason_to_stop(time, end_time, room.gap, quickest, problem)
        if status != OUT_OF_STEPS:
            break
        watch[1], watch[2] = time, steps
        if watch[0] != 0.0:
            status = INTERRUPTED
            break
        if steps == 0:
            step = FIRST_RAPIDITY / quickest
        felt = FELT * allowed / problem.label_scale
        step = min(step, LARGEST_BOOST / strongest, time_until_felt(lumps, rates, problem, felt), end_time - time)
        if ebbing > 0.0:
            step = min(step, LARGEST_EBB / ebbing)
        for k in range(n):
            if step * kernel0[k, k] > STIFFEST:
                step = STIFFEST / kernel0[k, k]

        start = (r0, d0, kernel0)
        last = (record.curve[max(steps - 1, 0)], last_r, last_d, last_step, smooth)
        step, error, order, moved, followed, wanted, refused = settle(
            neurons, lumps, start, last, time, step, allowed, problem, room, desk, nobody
        )
        rejected += refused
        if not error <= 1.0:
            status = STALLED
            break

        if steps == record.time.shape[0]:
            record = longer(record, steps)
        turning = mean_alignment(moved, room.r, problem, alignment, force)
        crossing = followed.neuron.shape[0] / neurons.sign.shape[0]
        movement = residual_change(r0, room.r, problem) + turning + crossing
        write_step(record, steps, time, step, movement, room.curve)
        smooth = followed.neuron.shape[0] == 0
        if not smooth or ebbing > 0.0:
            for i in range(followed.neuron.shape[0]):
                crossings += followed.events[i]
                ambiguous += not followed.unique[i]
            neurons, lumps = cross(neurons, moved, followed, problem)
            patterns = max(patterns, lumps.start.shape[0] - 1)
            room = make_room(lumps, problem)
            alignment = np.zeros(lumps.start.shape[0] - 1)
            mean_alignment(lumps, r0, problem, alignment, force)
            observe(lumps.rows, lumps.logs, lumps, problem, room.r, room.gross, room.kernel, room.reach)
        else:
            lumps, room = moved, exchange_rows(room, lumps)
        reached, reached_kernel = room.r, room.kernel
        for k in range(n):
            last_r[k], last_d[k] = r0[k], d0[k]
            r0[k] = reached[k]
            for l in range(n):
                kernel0[k, l] = reached_kernel[k, l]
        slope(kernel0, r0, d0)

        factor = growth_factor(error, order, step, last_error, last_step, smooth)
        time = end_time if step >= end_time - time else time + step
        last_step, last_error = step, error
        step = max(step * factor, wanted if wanted > step else 0.0)
        steps += 1
    watch[1], watch[2] = time, steps
    taken = empty_record(steps, n)
    copy_record(record, taken, steps)
    return taken, status, rejected, crossings, patterns, ambiguous
