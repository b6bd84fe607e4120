"""The solver's loop: assume the residual over a step, carry the network through it, correct, accept.

    1. predict the residual's right end (value and slope) by the last step's cubic;
    2. carry every group's rows through the step: two boosts each (commutator-free Magnus, order 4);
    3. compare the residual they give with the assumed one, correct by the tangent kernel, repeat;
    4. the defect |r computed - r assumed| in the middle decides on the step;
    5. find the neurons that cross a boundary, cut the step if they matter, and go on.

The step's cubic is all that has to be remembered: the whole trajectory of every neuron follows from it.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.attempt import RESIDUAL_FLOOR, attempt, exchange_rows, make_room, predict
from pipeline.flow.exact.boost import LARGEST_BOOST
from pipeline.flow.exact.carrying import carry_lumps
from pipeline.flow.exact.compiled import entry, inlined
from pipeline.flow.exact.crossings import cross, find_losers, worth_stopping_for
from pipeline.flow.exact.pace import (
    FIRST_RAPIDITY,
    fastest_growth,
    growth_factor,
    length,
    mean_alignment,
    residual_change,
    time_until_felt,
)
from pipeline.flow.exact.patterns import lump
from pipeline.flow.exact.record import copy_record, empty_record, longer, write_step
from pipeline.flow.exact.residual import observe, slope

CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED = 1, 2, 3, 4, 5
"""Why an integration ended; :class:`pipeline.flow.status.Status` has the sentences."""

LOCAL_SHARE = 0.4
"""The share of the tolerance that one step's defect may use: measured so that the worst error of the whole
run stays within the tolerance (benchmarks/work_precision.py)."""
SETTLED = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
RESTING = 1e-14
"""|D| of the fastest group that can still grow, over that of an unfitted label, at which nothing moves."""
CROSSING_SHARE = 0.1
"""The share of one step's allowance that its crossings may use before they cut it."""
FELT = 0.01
"""The share of one step's allowance below which a group's output is not felt yet."""


@inlined
def reason_to_stop(time, end_time, r, fastest, problem):
    """The status with which the flow ends here, OUT_OF_STEPS if it goes on; ``r`` without its rounding."""
    square = 0.0
    for k in range(r.shape[0]):
        square += r[k] * r[k]
    if sqrt(square / r.shape[0]) <= SETTLED * problem.label_scale:
        return CONVERGED
    if fastest <= RESTING * problem.resting_growth:
        return STATIONARY
    if time >= end_time:
        return END_TIME
    return OUT_OF_STEPS


@inlined
def drop_rounding(r, problem, room):
    """Write the residual without what is only rounding into ``room.gap``: what can still push."""
    for k in range(r.shape[0]):
        rounding = RESIDUAL_FLOOR * max(problem.label_scale, room.gross[k])
        room.gap[k] = r[k] if abs(r[k]) > rounding else 0.0


@inlined
def settle(neurons, lumps, start, last, time, step, allowed, problem, room):
    """Shorten the step until its defect is allowed and no crossing in it matters.

    Parameters
    ----------
    start : (r0, d0, kernel0)
        Residual, slope and tangent kernel at the step's start.
    last : (cubics, steps, last_step, smooth)
        What the prediction continues.

    Returns
    -------
    step, error : float
        The error is infinite if the time can't resolve the step any more.
    losers : int64[:]
    refused : int
    """
    r0, d0, kernel0 = start
    cubics, steps, last_step, smooth = last
    losers, error, refused = np.zeros(0, dtype=np.int64), np.inf, 0
    while time + step > time:
        predict(r0, d0, step, cubics, steps - 1, last_step, smooth, room)
        error = attempt(lumps, r0, d0, kernel0, step, allowed, problem, room)
        if error <= 1.0:
            cubic = (r0, room.left, room.p, room.q, step)
            losers = find_losers(neurons, lumps, room.rows, cubic, problem)
            cut = np.inf
            if losers.shape[0] > 0:
                cut = worth_stopping_for(neurons, lumps, losers, cubic, problem, CROSSING_SHARE * allowed)
            if cut >= step:
                break
            step = cut
        else:
            step *= min(max(0.9 * error**-0.25, 0.1), 0.9) if error < np.inf else 0.25
        error = np.inf
        refused += 1
    return step, error, losers, refused


@entry
def integrate(neurons, problem, tolerance, end_time, most_steps):
    """Follow the flow from ``neurons`` at t = 0 until it converges, rests, or reaches ``end_time``.

    Parameters
    ----------
    neurons : Neurons
        Normalised to |w| = 1.
    problem : Problem
    tolerance : float
        The aim for the worst error of the residual over the whole run, in units of the labels' scale, or of
        the residual at the start if that is larger.
    end_time : float
        ``inf`` to go on until nothing moves any more.
    most_steps : int

    Returns
    -------
    record : Record
    status : int
    rejected, crossings, patterns : int
    """
    n = problem.x.shape[0]
    record = empty_record(256, n)
    steps, rejected, crossings = 0, 0, 0
    time, step, last_step, last_error = 0.0, 0.0, 1.0, 0.0

    lumps = lump(neurons)
    patterns = lumps.start.shape[0] - 1
    room = make_room(lumps, problem)
    r0, d0 = np.empty(n), np.empty(n)
    kernel0 = np.empty((n, n))
    observe(lumps.rows, lumps.logs, lumps, problem, r0, room.gross, kernel0, room.reach)
    slope(kernel0, r0, d0)
    # A start far above the labels has residuals of its own size: they are the unit then.
    allowed = LOCAL_SHARE * tolerance * max(problem.label_scale, length(r0) / sqrt(n))
    alignment = np.zeros(patterns)
    mean_alignment(lumps, r0, problem, alignment, room.push)
    status, smooth = OUT_OF_STEPS, np.bool_(False)  # a literal would be compiled for once more
    while steps < most_steps:
        drop_rounding(r0, problem, room)
        fastest, rates = fastest_growth(lumps, room.gap, problem.x)
        status = reason_to_stop(time, end_time, room.gap, fastest, problem)
        if status != OUT_OF_STEPS:
            break
        if steps == 0:
            step = FIRST_RAPIDITY / fastest
        felt = FELT * allowed / problem.label_scale
        step = min(step, LARGEST_BOOST / fastest, time_until_felt(lumps, rates, problem, felt), end_time - time)

        start, last = (r0, d0, kernel0), (record.cubic, steps, last_step, smooth)
        step, error, losers, refused = settle(neurons, lumps, start, last, time, step, allowed, problem, room)
        rejected += refused
        if not error <= 1.0:
            status = STALLED
            break

        if steps == record.time.shape[0]:
            record = longer(record)
        cubic = (r0, room.left, room.p, room.q, step)
        moved = carry_lumps(lumps, cubic, step, problem, room.rows, room.logs)
        turning = mean_alignment(moved, room.r, problem, alignment, room.push)
        write_step(record, steps, time, step, residual_change(r0, room.r, problem) + turning, cubic)
        if losers.shape[0] > 0:
            neurons, lumps, events = cross(neurons, lumps, moved, losers, cubic, problem)
            crossings += events
            patterns = max(patterns, lumps.start.shape[0] - 1)
            room = make_room(lumps, problem)
            alignment = np.zeros(lumps.start.shape[0] - 1)
            mean_alignment(lumps, r0, problem, alignment, room.push)
            observe(lumps.rows, lumps.logs, lumps, problem, room.r, room.gross, room.kernel, room.reach)
        else:
            lumps, room = moved, exchange_rows(room, lumps)
        for k in range(n):
            r0[k] = room.r[k]
            for l in range(n):
                kernel0[k, l] = room.kernel[k, l]
        slope(kernel0, r0, d0)

        factor = growth_factor(error, step, last_error, last_step, smooth)
        smooth = losers.shape[0] == 0
        time = end_time if step >= end_time - time else time + step
        last_step, last_error = step, error
        step *= factor
        steps += 1
    taken = empty_record(steps, n)
    copy_record(record, taken, steps)
    return taken, status, rejected, crossings, patterns
