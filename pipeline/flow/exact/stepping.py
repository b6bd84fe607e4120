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
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.attempt import RESIDUAL_FLOOR, attempt, fit_room, make_room, predict
from pipeline.flow.exact.boost import LARGEST_BOOST
from pipeline.flow.exact.carrying import carry_columns
from pipeline.flow.exact.clearance import spend
from pipeline.flow.exact.compiled import allocating, entry, hot, inlined, kernel
from pipeline.flow.exact.crossings import cross, follow_movers, lay_lists, worth_stopping_for
from pipeline.flow.exact.curve import SIZE, restrict
from pipeline.flow.exact.desk import lay_desk
from pipeline.flow.exact.interior import carry_within, largest_at_end
from pipeline.flow.exact.marking import find_movers
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
from pipeline.flow.exact.patterns import beside, lump, take_over
from pipeline.flow.exact.reading import copy_neurons
from pipeline.flow.exact.record import copy_record, empty_record, longer, write_step
from pipeline.flow.exact.residual import observe, slope
from pipeline.flow.exact.resting import Turned, count_released, decide_start, nobody_turned, note_signs

CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, INTERRUPTED = 1, 2, 3, 4, 5, 99
"""Why an integration ended; :class:`pipeline.flow.status.Status` has the sentences of all but the last."""

GOING_ON, CROSSED, FULL = 0, -1, -2
"""What else can be said of a step: neurons have crossed and are to be lumped anew, the record has no room left."""

LOCAL_SHARE = 0.4
"""The share of the tolerance that one step's defect may use: measured so that the worst error of the whole
run stays within the tolerance (benchmarks/work_precision.py)."""
FEW_STEPS = 1e-6
"""The tolerance below which the share falls with its sixth root, as the steps, whose errors add, grow."""
SETTLED = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
HIDDEN = 1e-6
"""The residual, over the labels' scale, that rounding may hide in a flow that has converged."""
RESTING = 1e-14
"""|D| of the fastest group that can still grow, over that of an unfitted label, at which nothing moves."""
CROSSING_SHARE = 0.1
"""The share of one step's allowance that its crossings may use before they cut it."""
AHEAD = 4.0
"""Times what a step's crossings may use: so far the next one tries to reach. Where every step is cut, those that
would cross in a longer one were followed for nothing."""
UNSEEN = 10.0
"""Times the residual's rounding: what a neuron adds to h within the width of a boundary (following.BEYOND)."""
FITTED = 10.0 * RESIDUAL_FLOOR
"""The share of its terms below which a residual pushes nothing: the solver can't hold it quieter."""
STIFFEST = 1e7
"""The largest h (K |D|)^(1/2): the rounding of a fitted residual, h K times that of the others, would turn a
neuron within the step by h^2 K |D| times 1e-16."""
TURNING = 10.0
"""Times the tolerance: the angle by which a neuron must be able to turn before it is said that it could leave."""
MOST_DOUBTS = 64
"""How many of the instants of sensitive decisions are kept, the first ones."""
FELT = 0.01
"""The share of one step's allowance below which a group's output is not felt yet."""


@inlined
def reason_to_stop(time, end_time, r, felt, quickest, problem):
    """The status with which the flow ends here, GOING_ON if it does not.

    ``felt`` is the residual ``r`` without its rounding. Of neurons that are enormous beside the labels the
    rounding may hide a residual that is not small at all: that is no convergence.
    """
    if root_mean_square(felt) <= SETTLED * problem.label_scale:
        return CONVERGED if root_mean_square(r) <= HIDDEN * problem.label_scale else STALLED
    if quickest <= RESTING * problem.resting_growth:
        return STATIONARY
    if time >= end_time:
        return END_TIME
    return GOING_ON


@inlined
def root_mean_square(r):
    """Over the points."""
    return norm(r) / sqrt(r.shape[0])


@inlined
def rounding(problem, room):
    """The size of the residual's rounding."""
    largest = problem.label_scale
    for k in range(room.gross.shape[0]):
        largest = max(largest, room.gross[k])
    return RESIDUAL_FLOOR * largest


@inlined
def drop_rounding(r, problem, room):
    """Write the residual without what is only rounding into ``room.gap``: what can still push."""
    gross, gap, scale = room.gross, room.gap, problem.label_scale
    for k in range(r.shape[0]):
        gap[k] = r[k] if abs(r[k]) > FITTED * max(scale, gross[k]) else 0.0


class Now(NamedTuple):
    """The residual where the flow is, and what the next prediction continues.

    r, d : float64[n]
        The residual and its slope.
    kernel : float64[n, n]
        The tangent kernel.
    last_r, last_d : float64[n]
        Residual and slope at the start of the last step.
    turned : Turned
        Who could leave a boundary at which it rests: there the flow is not unique.
    doubtful : int64[1]
        How many came so close to a decision that an error of the tolerance's size could have changed it.
    doubts : float64[64]
        When the first of these did.
    """

    r: np.ndarray
    d: np.ndarray
    kernel: np.ndarray
    last_r: np.ndarray
    last_d: np.ndarray
    turned: Turned
    doubtful: np.ndarray
    doubts: np.ndarray


class Course(NamedTuple):
    """How far the integration is.

    time : float
    step : float
        The length to try next.
    last_step, last_error : float
        Of the last step.
    steps, rejected : int
        Taken and refused so far.
    smooth : bool
        Whether no neuron has crossed since the last step's start.
    """

    time: float
    step: float
    last_step: float
    last_error: float
    steps: int
    rejected: int
    smooth: bool


class Aims(NamedTuple):
    """What the steps must hold to.

    allowed : float
        The largest defect of one step.
    end_time : float
    most_steps : int
    """

    allowed: float
    end_time: float
    most_steps: int


@inlined
def longest_step(course, lumps, now, quickest, strongest, ebbing, aims, problem, room):
    """The length to try: what the errors allow, unless something would be run over unseen."""
    step = FIRST_RAPIDITY / quickest if course.steps == 0 else course.step
    felt = FELT * aims.allowed / problem.label_scale
    step = min(step, LARGEST_BOOST / strongest)
    step = min(step, time_until_felt(lumps, room.rates, problem, felt))
    step = min(step, aims.end_time - course.time)
    if ebbing > 0.0:
        step = min(step, LARGEST_EBB / ebbing)
    fastest, force = 0.0, 0.0
    for k in range(now.r.shape[0]):
        fastest = max(fastest, now.kernel[k, k])
        force += abs(now.r[k]) * problem.length[k] / now.r.shape[0]
    if step * sqrt(fastest * force) > STIFFEST:
        step = STIFFEST / sqrt(fastest * force)
    return step


@inlined
def settle(neurons, lumps, moved, now, last, time, step, allowed, problem, room, desk, marks, found):
    """Find the step whose defect is allowed and in which no crossing matters.

    Parameters
    ----------
    last : (curve, r, d, step, smooth)
        What the prediction continues (:func:`~pipeline.flow.exact.attempt.predict`).
    moved : Lumps
        Written: at the step's end.
    found : Followed
        Written: the neurons that cross within the step.

    Returns
    -------
    step, error, order
        The error is infinite if the time can't resolve the step any more.
    wanted : float
        The length that the crossings have cut; the step itself if they have not.
    refused : int
    """
    error, order, refused, wanted, settled = np.inf, np.int64(4), np.int64(0), 0.0, False
    while not settled and time + step > time:
        predict(now.r, now.d, now.kernel, step, last, room)
        error, order = attempt(lumps, moved, now.r, now.d, now.kernel, step, last, allowed, problem, room)
        if not error <= 1.0:
            step *= min(max(0.9 * error ** (-1.0 / order), 0.1), 0.9) if error < np.inf else 0.25
            refused += 1
        while error <= 1.0 and not settled:
            carry_columns(lumps, room.pushes, moved.columns, moved.column_logs)
            bearable = max(CROSSING_SHARE * allowed, UNSEEN * rounding(problem, room))
            cut = np.inf
            found.total[0], found.doubtful[0] = 0, 0
            if find_movers(neurons, lumps, moved, room.curve, step, problem, desk, marks) > 0:
                follow_movers(neurons, lumps, moved, room.curve, step, problem, desk, marks, found)
                cut = worth_stopping_for(found, bearable)
            settled = cut >= 1.0
            if not settled:
                wanted = max(wanted, step * min(worth_stopping_for(found, AHEAD * bearable), 1.0))
                shorten(lumps, moved, cut, step, allowed, problem, room)
                step *= cut
                if not time + step > time:
                    error = np.inf
    return step, error if settled else np.inf, order, max(wanted, step), refused


@kernel
def shorten(lumps, moved, cut, step, allowed, problem, room):
    """Keep only the fraction ``cut`` of a step: until then nothing knew of the event for which it is cut.

    The residual at the end is the polynomial's, which the rows give to what is ``allowed``; whoever goes on from
    there will observe it anew.
    """
    curve, part, r = room.curve, room.part, room.r
    restrict(curve, 0.0, cut, part)
    carry_within(lumps, moved, part, cut * step, min(allowed, largest_at_end(part)), problem, room)
    for k in range(r.shape[0]):
        for i in range(SIZE):
            curve[i, k] = part[i, k]
        r[k] = part[SIZE - 1, k]


@hot
def go_on(now, room):
    """Take the end of the step as the present."""
    r, d, kernel, last_r, last_d = now.r, now.d, now.kernel, now.last_r, now.last_d
    reached, reached_kernel = room.r, room.kernel
    for k in range(r.shape[0]):
        last_r[k], last_d[k] = r[k], d[k]
        r[k] = reached[k]
        for l in range(r.shape[0]):
            kernel[k, l] = reached_kernel[k, l]
    slope(kernel, r, d)


@inlined
def note_doubts(found, time, step, now):
    """Count a step's sensitive decisions, and keep their instants while there is room."""
    for i in range(found.doubtful[0]):
        if now.doubtful[0] < MOST_DOUBTS:
            now.doubts[now.doubtful[0]] = time + found.doubts[i] * step
        now.doubtful[0] += 1


@kernel
def advance(neurons, lumps, moved, problem, room, desk, marks, found, record, now, aims, course, watch):
    """Step on until neurons cross, the flow ends, or the record is full.

    Returns
    -------
    event : int
        CROSSED, FULL or a status.
    course : Course
    """
    time, step, last_step, last_error, steps, rejected, smooth = course
    event = GOING_ON
    while steps < aims.most_steps:
        drop_rounding(now.r, problem, room)
        quickest, strongest, ebbing = survey(lumps, room.gap, problem, room.rates, room.force)
        event = reason_to_stop(time, aims.end_time, now.r, room.gap, quickest, problem)
        watch[1], watch[2] = time, steps
        if event == GOING_ON and watch[0] != 0.0:
            event = INTERRUPTED
        if event == GOING_ON and steps == record.time.shape[0]:
            event = FULL
        if event != GOING_ON:
            break
        course = Course(time, step, last_step, last_error, steps, rejected, smooth)
        step = longest_step(course, lumps, now, quickest, strongest, ebbing, aims, problem, room)
        last = (record.curve[max(steps - 1, 0)], now.last_r, now.last_d, last_step, smooth)
        step, error, order, wanted, refused = settle(
            neurons, lumps, moved, now, last, time, step, aims.allowed, problem, room, desk, marks, found
        )
        rejected += refused
        if not error <= 1.0:
            event = STALLED
            break
        note_doubts(found, time, step, now)
        enough = TURNING * desk.margin[0]
        if note_signs(room.r, step, aims.allowed, enough, problem, now.turned):
            count_released(neurons, moved, room.r, enough, problem, now.turned)
        turning = mean_alignment(moved, room.r, problem, room.alignment, room.force)
        movement = residual_change(now.r, room.r, problem) + turning + found.total[0] / neurons.sign.shape[0]
        write_step(record, steps, time, step, movement, room.curve)
        smooth = found.total[0] == 0
        if smooth and ebbing == 0.0 and not wanted > step:
            spend(lumps, room.curve, step, problem)
            take_over(lumps, moved)
            go_on(now, room)
        else:
            event = CROSSED
        factor = growth_factor(error, order, step, last_error, last_step, smooth)
        time = aims.end_time if step >= aims.end_time - time else time + step
        last_step, last_error = step, error
        step = max(step * factor, wanted if wanted > step else 0.0)
        steps += 1
        if event == CROSSED:
            break
    if event == GOING_ON:
        event = OUT_OF_STEPS
    return event, Course(time, step, last_step, last_error, steps, rejected, smooth)


@allocating
def begin(lumps, problem, room):
    """The residual of the lumps at t = 0."""
    n = problem.x.shape[0]
    now = Now(
        np.empty(n), np.empty(n), np.empty((n, n)), np.zeros(n), np.zeros(n), nobody_turned(n),
        np.zeros(1, dtype=np.int64), np.empty(MOST_DOUBTS),
    )  # fmt: skip
    observe(lumps.rows, lumps.logs, lumps, problem, now.r, room.gross, now.kernel, room.reach)
    slope(now.kernel, now.r, now.d)
    mean_alignment(lumps, now.r, problem, room.alignment, room.force)
    return now


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
        ``ambiguous``: how often a neuron met a point where the flow is not unique.
    state : int8[m, n]
        Of the neurons at t = 0: those that start at boundaries have theirs decided.
    sensitive : int
        How often a neuron came so close to a decision that an error of the tolerance's size could change it.
    instants : float64[:]
        When the first of these did.
    """
    n = problem.x.shape[0]
    neurons, record = copy_neurons(neurons), empty_record(256, n)
    desk, (marks, found) = lay_desk(problem), lay_lists(neurons)
    desk.margin[0] = tolerance
    lumps = lump(neurons, problem)
    moved, room = beside(lumps), make_room(lumps, problem)
    now = begin(lumps, problem, room)
    changed, ambiguous = decide_start(neurons, now.r, problem)
    if changed > 0:
        lumps = lump(neurons, problem)
        moved, room = beside(lumps), make_room(lumps, problem)
        now = begin(lumps, problem, room)
    state = neurons.state.copy()
    # A start far above the labels has residuals of its own size: they are the unit then.
    share = LOCAL_SHARE * min(tolerance / FEW_STEPS, 1.0) ** (1.0 / 6.0)
    allowed = share * tolerance * max(problem.label_scale, root_mean_square(now.r))
    aims = Aims(allowed, end_time, most_steps)
    course = Course(0.0, 0.0, 1.0, 0.0, np.int64(0), np.int64(0), np.bool_(False))
    crossings, patterns = 0, lumps.start.shape[0] - 1
    while True:
        event, course = advance(
            neurons, lumps, moved, problem, room, desk, marks, found, record, now, aims, course, watch
        )
        if event == FULL:
            record = longer(record, course.steps)
        elif event == CROSSED:
            for i in range(found.total[0]):
                crossings += found.events[i]
                ambiguous += not found.unique[i]
            cross(neurons, moved, found, desk.glance)
            lumps = lump(neurons, problem)
            moved, room = beside(lumps), fit_room(room, lumps)
            mean_alignment(lumps, now.r, problem, room.alignment, room.force)
            observe(lumps.rows, lumps.logs, lumps, problem, room.r, room.gross, room.kernel, room.reach)
            go_on(now, room)
            patterns = max(patterns, lumps.start.shape[0] - 1)
        else:
            break
    taken = empty_record(course.steps, n)
    copy_record(record, taken, course.steps)
    return (
        taken,
        event,
        course.rejected,
        crossings,
        patterns,
        ambiguous + now.turned.released[0],
        state,
        now.doubtful[0],
        now.doubts,
    )
