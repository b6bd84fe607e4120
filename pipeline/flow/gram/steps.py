"""The loop: predict the residual, carry the network, correct the residual, accept the step or shorten it.

How far the computed residual is from the assumed one at the step's end decides. A crossing cuts no step.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.propagation.bernstein import SIZE, write_cubic
from pipeline.flow.gram.accepting import accept, along, note_doubts, note_revived
from pipeline.flow.gram.compiling import allocating, entry_point, inner
from pipeline.flow.gram.neuron import MARGIN
from pipeline.flow.gram.prediction import STIFF, goes_on, is_implicit, predict
from pipeline.flow.gram.state import (
    CHANGE,
    CROSSINGS,
    FASTEST,
    FELT,
    FORMED,
    GROSS,
    GROWING,
    KERNEL,
    LAST_ERROR,
    LAST_STEP,
    LOOKED,
    NOW,
    REJECTED,
    REPELLED,
    SMOOTH,
    STEP,
    STEPS,
    SWEEPS,
    UNIT,
    VANISHED,
    WAITING,
)
from pipeline.flow.gram.sweep import ONE_BOOST, carry, copy_start, write_impulses, write_residual, write_slope
from pipeline.flow.gram.tangent import correct, felt_error, write_kernel

ROOM_USED, CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 99
"""Why the kernel returns: the record is full, or as ``pipeline.flow.exact.integration`` has it; it stalls, too,
where the w of a neuron reaches 0."""
FIRST_RAPIDITY, FIRST_SHARE = 0.05, 0.3
"""h |D| of the fastest neuron in the first step that is tried: at coarse tolerances more, so many times its fourth
root."""
LARGEST_RAPIDITY = 3.0
"""The same in any step: a neuron that shrinks loses as many digits as it then grows e-folds."""
CONVERGED_RESIDUAL = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
RESTING_RATE = 1e-14
"""|D| of the fastest neuron that can grow, over that of one unfitted label, at which nothing moves."""
IDLE_CHANGE, IDLE_SHARE, IDLE_TURN = 1e-14, 1e-9, 1e-6
"""Over a step as long as the labels' rate, where nothing changes but by rounding: the residual's change over its
terms, and over itself; and the rapidity of the fastest neuron that can grow."""
FITTED_SHARE, HIDDEN_RESIDUAL = 1e-13, 1e-6
"""The share of its terms below which a residual is rounding; and the residual, over the labels' scale, that
rounding may hide in a flow that has converged (``exact.integration``)."""
FLOOR = 2e-14
"""The smallest error that is asked for, over the labels' scale: rounding."""
CALM, CALM_SHARE = 0.1, 0.25
"""The residual's change over a step, over what is allowed, below which the flow comes to rest, once it has been
more; and the share of it that a step may err by then: more would move neurons to and fro for ever."""
WAITING_SHARE = 0.3
"""The share of what is allowed that a step may err by while neurons wait at a saddle. What their logarithms are
off by then is a shift of the time at which they escape, and the crossings that follow multiply it: on the preset
``high-dimensional`` the error after the second escape was 2.5 tolerances of 1e-7, it is 0.8."""
LONGEST, SHORTEST = 4.0, 0.2
"""By how much a step's length changes at most."""
WHOLE_REST = 1.2
"""What is left to the end, over a step's length, up to which it is taken at once: a short step costs as much."""
REFORMED = 8
"""After so many steps the preactivations are formed anew (``accepting``)."""
SAFETY, NOW_POWER, LAST_POWER = 0.9, 0.25, 0.1
"""A step's length goes with these powers of its error and of the last one's (Gustafsson's controller)."""
LEAST = 1e-6
"""The smallest error that tells a step's length."""
SINGLE, SINGLE_MOVED, SINGLE_TURNED = 3.0, 0.4, 0.5
"""The error of the assumed residual up to which it need not be corrected, what a correction would then change the
computed one by, and turn a neuron by, over what is allowed."""
PREDICTED = 30.0
"""The error of the assumed residual, in the same unit, up to which it can be corrected."""
MOVED, LEFT = 1.0, 0.1
"""What the correction may change the computed residual by, or turn a neuron by, and what of that may be left to
the next one, over what is allowed. What the polynomial leaves out within the step is a twentieth of the former."""
MISSED = 0.3
"""How far the frozen kernel's flow may be from the cubic in the middle of a step, over what is allowed."""
ROUNDS = 2
"""Corrections of a step at most."""
STIFF_AHEAD = 0.6
"""As :data:`STIFF`, but where the slope is continued, which makes of an error the share 1 - z + z^2/2, with z
twice the felt share: without a kernel steps are shortened to it. Above them every step is corrected."""
ROUNDED_UP = 1.0 + 1e-9
"""What a step that was shortened to the latter may be above it."""
LOOK, WORTH = 8, 0.1
"""The felt share is measured after so many steps, once an error is at least this much of what is allowed. Where a
step is one boost, not in the first steps, either, unless points are few beside their coordinates: there of five
steps one is stiff; elsewhere of ten it would be one more."""
SLOW, SLOW_IF_STIFF = 0.3, 0.1
"""How much of its error a correction may leave before it is given the tangent kernel: where labels are stiff less
than what the next prediction makes of it, or it would never decay."""


@inner
def root_mean_square(r):
    """Over the points."""
    total = 0.0
    for k in range(r.shape[0]):
        total += r[k] * r[k]
    return sqrt(total / r.shape[0])


@inner
def difference(one, other):
    """The root mean square of the difference."""
    total = 0.0
    for k in range(one.shape[0]):
        total += (one[k] - other[k]) ** 2
    return sqrt(total / one.shape[0])


@inner
def write_curve(now, assumed, step, curve):
    """Write the cubic with these values and slopes at its ends."""
    for k in range(now.shape[1]):
        write_cubic(curve, k, (now[0, k], now[1, k]), (assumed[0, k], assumed[1, k]), step)


@allocating
def sweep_once(data, state, step):
    """Carry the network through the step under the residual that is assumed.

    Returns
    -------
    error : float
        How far the residual that it leaves at the end is from that.
    crossings : int
    """
    write_curve(state.now, state.assumed, step, state.sweep.curve)
    write_impulses((0.0, 1.0), step, state.sweep)
    crossings = carry(data, state.network, state.sweep)
    write_residual(data, state.network, state.sweep)
    state.counts[SWEEPS] += 1
    return difference(state.sweep.residual, state.assumed[0]), crossings


@inner
def turned_by_error(data, state, step):
    """How far a neuron turns, or grows by e-folds, for the error of the assumed residual.

    It is |h/2 sum of errors x / n|, over all points, or as for independent errors. Of a small neuron nothing else
    tells it.
    """
    sweep, assumed, impulse, n = state.sweep, state.assumed, state.before, data.x.shape[0]
    for k in range(n):
        impulse[k] = 0.5 * step * (sweep.residual[k] - assumed[0, k]) / n
    alone, together = 0.0, 0.0
    for k in range(n):
        alone += (impulse[k] * data.length[k]) ** 2
        together += impulse[k] * along(impulse, data.gram[k])
    return sqrt(max(alone, together))


@inner
def copy_row(source, target):
    """Copy a row."""
    for k in range(source.shape[0]):
        target[k] = source[k]


@allocating
def try_step(data, state, step, allowed):
    """Sweep, and correct what was assumed, until the residual is what was assumed.

    Returns
    -------
    error : float
        At most 1 if the step can be accepted.
    length_error : float
        What tells the step's length: 1 is as much as there may be.
    crossings : int
    """
    clock, implicit = state.clock, is_implicit(state, step)
    missed = predict(state, step) / (MISSED * allowed)
    if missed > 1.0:
        return np.inf, missed, 0
    error, crossings = sweep_once(data, state, step)
    turned = turned_by_error(data, state, step) * clock[UNIT] / allowed
    first = max(error / (PREDICTED * allowed), turned / MOVED, missed)
    if not first <= 1.0:
        return np.inf, first, crossings
    felt = clock[FELT] * step
    stiff = felt > (STIFF if clock[SMOOTH] > 0.0 else ROUNDED_UP * STIFF_AHEAD)
    due = state.counts[STEPS] - clock[LOOKED] >= LOOK and error > WORTH * allowed
    shift = felt_error(state, step) if implicit else felt * error
    single = max(error / SINGLE, shift / SINGLE_MOVED) <= allowed and turned <= SINGLE_TURNED
    if error <= FLOOR * clock[UNIT] or (single and (implicit or not (stiff or due))):
        return 0.0, max(first, shift / (MOVED * allowed)), crossings
    left, moved, crossings = correct_step(data, state, step, (error, allowed))
    return max(left, 0.5 * moved), max(first, moved), crossings


@allocating
def correct_step(data, state, step, errors):
    """Correct what was assumed, and sweep, until the residual is what was assumed.

    Parameters
    ----------
    errors : (float, float)
        That of what is assumed, and what is allowed.

    Returns
    -------
    left, moved : float
        What is left to another correction, and what the first one has moved: at most 1 if that is allowed.
    crossings : int
    """
    (error, allowed), clock, sweep = errors, state.clock, state.sweep
    moved, left, crossings = 0.0, np.inf, 0
    if sweep.motion[MARGIN] >= ONE_BOOST and clock[KERNEL] > 0.0 and clock[FORMED] < state.counts[STEPS]:
        write_kernel(data, state, step)  # what it foretold was wrong: a correction by it would be, too
    for turn in range(ROUNDS):
        write_slope(data, state.network, sweep, (state.speed, -1.0))
        correct(state, step)
        copy_row(sweep.residual, state.before)
        before = error
        error, crossings = sweep_once(data, state, step)
        change = difference(sweep.residual, state.before)
        if turn == 0:
            moved, clock[FELT] = change / (MOVED * allowed), change / (before * step)
            clock[LOOKED] = state.counts[STEPS]
        turned = turned_by_error(data, state, step) * clock[UNIT] / allowed
        left = max(change * error / (before * allowed), turned) / LEFT
        slow = not error <= (SLOW_IF_STIFF if clock[FELT] * step > STIFF else SLOW) * before
        fresh = clock[KERNEL] > 0.0 and clock[FORMED] == state.counts[STEPS]
        if left <= 1.0 and (fresh or not slow):
            break
        if slow and not fresh:
            write_kernel(data, state, step)
    return left, moved, crossings


@allocating
def find_step(data, state, aims, watch):
    """Find a step whose error is allowed; its length is 0 if the time can't resolve it."""
    clock = state.clock
    size = root_mean_square(state.now[0]) / clock[UNIT]
    allowed = aims.allowed * min(1.0, size / aims.small) * clock[UNIT]
    if clock[WAITING] > 0.0:
        allowed *= WAITING_SHARE
    if clock[CHANGE] < CALM * allowed:
        allowed = CALM_SHARE * clock[CHANGE]
    allowed = max(allowed, FLOOR * max(clock[UNIT], clock[GROSS]))
    rest, refused = aims.end_time - clock[NOW], False
    step = rest if rest <= WHOLE_REST * clock[STEP] else clock[STEP]
    ahead = clock[LAST_STEP] > 0.0 and clock[SMOOTH] == 0.0 and clock[KERNEL] == 0.0
    if ahead and clock[FELT] * step > STIFF_AHEAD:
        step = STIFF_AHEAD / clock[FELT]  # what goes to and fro from step to step decays in shorter ones
    while True:
        step = min(min(step, LARGEST_RAPIDITY / clock[FASTEST]), rest)
        if clock[NOW] + step <= clock[NOW] or watch[0] != 0.0:
            return 0.0, 0
        error, length_error, crossings = try_step(data, state, step, allowed)
        if error <= 1.0:
            break
        state.counts[REJECTED] += 1
        refused = True
        worse = error if error < np.inf else length_error
        step *= min(max(SAFETY * worse ** -(1.0 / 3.0), SHORTEST), SAFETY) if worse < np.inf else SHORTEST
    now, last = max(length_error, LEAST), max(clock[LAST_ERROR], LEAST)
    growth = min(max(SAFETY * now**-NOW_POWER * (last / now) ** LAST_POWER, SHORTEST), LONGEST)
    clock[STEP] = step * (min(growth, 1.0) if refused else growth)
    clock[LAST_ERROR] = now
    return step, crossings


@allocating
def begin(data, state, aims):
    """Find the residual and the speeds at the start, and the length to try."""
    clock, sweep = state.clock, state.sweep
    copy_start(state.network, sweep, 0, len(state.network.sign))
    write_residual(data, state.network, sweep)
    clock[FASTEST], clock[GROWING] = write_slope(data, state.network, sweep, (state.speed, 0.0))
    for k in range(state.now.shape[1]):
        state.now[0, k], state.now[1, k] = sweep.residual[k], sweep.slope[k]
    clock[UNIT] = max(data.scale, root_mean_square(state.now[0]))
    clock[LAST_ERROR] = 1.0
    clock[CHANGE], clock[LOOKED] = np.inf, 0.0 if aims.margin >= ONE_BOOST and not data.direct else -LOOK
    sweep.motion[MARGIN] = aims.margin
    first = max(FIRST_RAPIDITY, FIRST_SHARE * sqrt(sqrt(aims.margin)))
    clock[STEP] = first / clock[FASTEST] if clock[FASTEST] > 0.0 else 1.0


@allocating
def go_to_end(data, state, step, record, place):
    """Take the trial at the step's end as the present, write the step; return how much the residual changed."""
    clock, sweep, now, assumed = state.clock, state.sweep, state.now, state.assumed
    record.time[place], record.length[place] = clock[NOW], step
    for i in range(2):
        copy_row(assumed[i], record.assumed[place, i])
    clock[FASTEST], clock[GROWING] = write_slope(data, state.network, sweep, (state.speed, step))
    note_doubts(state, step)
    exact = (state.counts[STEPS] + 1) % REFORMED == 0
    turned, clock[GROSS], clock[WAITING], vanished, repelled = accept(data, state.network, sweep, exact)
    state.counts[VANISHED] += vanished
    state.counts[REPELLED] += repelled
    note_revived(state, clock[NOW] + step)
    copy_row(sweep.residual, assumed[0])
    copy_row(sweep.slope, assumed[1])
    change = difference(assumed[0], now[0])
    record.movement[place] = turned + change / data.scale
    clock[SMOOTH] = 1.0 if clock[LAST_STEP] == 0.0 or goes_on(state, step) else 0.0
    write_curve(now, assumed, step, state.last)
    for i in range(SIZE):
        copy_row(state.last[i], record.curve[place, i])
    for i in range(2):
        copy_row(assumed[i], now[i])
    return change


@inner
def is_idle(size, clock):
    """Whether over a step as long as the labels' rate nothing changed but by rounding."""
    step, change = clock[LAST_STEP], clock[CHANGE]
    if clock[FELT] * step < 0.5 * STIFF or clock[GROWING] * step > IDLE_TURN:
        return False
    return change <= IDLE_SHARE * size and change <= IDLE_CHANGE * max(clock[UNIT], clock[GROSS])


@inner
def reason_to_stop(data, state, aims, watch):
    """The status with which the flow ends here, ROOM_USED if it does not."""
    clock = state.clock
    size = root_mean_square(state.now[0])
    if state.counts[VANISHED] > 0:
        return STALLED
    if size <= max(CONVERGED_RESIDUAL * data.scale, FITTED_SHARE * clock[GROSS]):
        return CONVERGED if size <= HIDDEN_RESIDUAL * data.scale else STALLED
    if clock[GROWING] <= RESTING_RATE * aims.resting or is_idle(size, clock):
        return STATIONARY
    if clock[NOW] >= aims.end_time:
        return END_TIME
    if watch[0] != 0.0:
        return INTERRUPTED
    return OUT_OF_STEPS if state.counts[STEPS] >= aims.most_steps else ROOM_USED


@entry_point
def take_steps(data, state, record, aims, watch):
    """Take steps until the record is full or the flow ends.

    Parameters
    ----------
    data : Data
    state : State
    record : Record
    aims : Aims
    watch : float64[3]
        As :func:`pipeline.flow.exact.machine_code.interruptible.run_interruptibly` has it.

    Returns
    -------
    steps : int
        How many of the record were written.
    reason : int
    """
    clock, counts, place = state.clock, state.counts, 0
    if clock[UNIT] == 0.0:
        begin(data, state, aims)
    while True:
        reason = reason_to_stop(data, state, aims, watch)
        if reason != ROOM_USED or place == record.time.shape[0]:
            return place, reason
        step, crossings = find_step(data, state, aims, watch)
        if step == 0.0:
            return place, INTERRUPTED if watch[0] != 0.0 else STALLED
        change = go_to_end(data, state, step, record, place)
        if clock[CHANGE] < np.inf or change >= CALM * aims.allowed * clock[UNIT]:
            clock[CHANGE] = change
        clock[LAST_STEP] = step
        clock[NOW] = aims.end_time if step == aims.end_time - clock[NOW] else clock[NOW] + step
        counts[STEPS] += 1
        counts[CROSSINGS] += crossings
        place += 1
        watch[1], watch[2] = clock[NOW], counts[STEPS]
