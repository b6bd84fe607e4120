"""The loop: predict the residual, carry the network, correct the residual, accept the step or shorten it.

How far the computed residual is from the assumed one at the step's end decides. A crossing cuts no step.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.propagation.bernstein import SIZE, slope_at, value, write_cubic
from pipeline.flow.gram.accepting import accept
from pipeline.flow.gram.compiling import allocating, entry_point, inner
from pipeline.flow.gram.network import Data, Network
from pipeline.flow.gram.sweep import Sweep, carry, make_sweep, write_impulses, write_residual, write_slope
from pipeline.flow.gram.tangent import correct, write_kernel

ROOM_USED, CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 99
"""Why the kernel returns: the record is full, or as ``pipeline.flow.exact.integration`` has it."""
NOW, STEP, LAST_STEP, LAST_ERROR, FASTEST, GROWING, UNIT, KERNEL, FELT, SMOOTH = range(10)
"""Places in ``State.clock``: times, the largest |D_j| and that of a neuron that can grow, the unit of errors, the
length of the step at whose end the tangent kernel was formed (0 for none), and what share of an error of the
assumed residual the computed one feels, over the step's length (half of the labels' rate, where they are stiff);
and whether the last step's cubic has told its end better than its slope at the start."""
STEPS, REJECTED, CROSSINGS, SWEEPS, KERNELS = range(5)
"""Places in ``State.counts``."""
FIRST_RAPIDITY = 0.05
"""h |D| of the fastest neuron in the first step that is tried."""
LARGEST_RAPIDITY = 3.0
"""The same in any step: a neuron that shrinks loses as many digits as it then grows e-folds."""
CONVERGED_RESIDUAL = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
RESTING_RATE = 1e-14
"""|D| of the fastest neuron that can grow, over that of one unfitted label, at which nothing moves."""
FLOOR = 2e-14
"""The smallest error that is asked for, over the labels' scale: rounding."""
LONGEST, SHORTEST = 4.0, 0.2
"""By how much a step's length changes at most."""
SAFETY, NOW_POWER, LAST_POWER = 0.9, 0.25, 0.1
"""A step's length goes with these powers of its error and of the last one's (Gustafsson's controller)."""
LEAST = 1e-6
"""The smallest error that tells a step's length."""
SINGLE, PREDICTED = 0.2, 30.0
"""The errors of the assumed residual, over what is allowed: up to which it need not be corrected, and can be."""
MOVED, LEFT = 1.0, 0.1
"""What the correction may change the computed residual by, or turn a neuron by, and what of that may be left to
the next one, over what is allowed. What the polynomial leaves out within the step is a twentieth of the former."""
ROUNDS = 2
"""Corrections of a step at most."""
STIFF, LOOK = 0.35, 8
"""That share above which every step is corrected, or errors that are allowed would never decay; and it is measured
every so many steps."""
SLOW, SLOW_IF_STIFF = 0.3, 0.1
"""How much of its error a correction may leave before it is given the tangent kernel: where labels are stiff less
than what the next prediction makes of it, or it would never decay."""


class State(NamedTuple):
    """The flow at the start of the next step, and all that a step works on.

    network : Network
    sweep : Sweep
    now, assumed : float64[2, n]
        The residual and its slope at the step's start, and those that are assumed at its end.
    curve, last : float64[6, n]
        The residual over the step, and over the last one (``exact.propagation.bernstein``).
    kernel : float64[n, n]
    before : float64[n]
        The residual by the sweep before.
    clock : float64[10]
    counts : int64[5]
    """

    network: Network
    sweep: Sweep
    now: np.ndarray
    assumed: np.ndarray
    curve: np.ndarray
    last: np.ndarray
    kernel: np.ndarray
    before: np.ndarray
    clock: np.ndarray
    counts: np.ndarray


class Record(NamedTuple):
    """Accepted steps, as ``exact.step_record.StepRecord`` has them.

    time, length, movement : float64[room]
    curve : float64[room, 6, n]
        The residual over each, as the network has it at both ends.
    assumed : float64[room, 2, n]
        The residual and its slope that were assumed at the end, under which the network was carried.
    """

    time: np.ndarray
    length: np.ndarray
    movement: np.ndarray
    curve: np.ndarray
    assumed: np.ndarray

    def part(self, steps: slice) -> Record:
        """Take some of the steps."""
        return Record(
            self.time[steps], self.length[steps], self.movement[steps], self.curve[steps], self.assumed[steps]
        )


class Aims(NamedTuple):
    """What the steps must hold to.

    allowed : float
        The error of a step, over the labels' scale, or over the residual's at the start if that is larger.
    end_time : float
    most_steps : int
    small : float
        The residual, in the same unit, below which what is allowed falls with it.
    resting : float
        |D| of one unfitted label.
    """

    allowed: float
    end_time: float
    most_steps: int
    small: float
    resting: float


def make_state(data: Data, network: Network) -> State:
    """The flow at the start."""
    n = data.x.shape[0]
    now, assumed = np.zeros((2, 2, n))
    curve, last = np.zeros((2, SIZE, n))
    return State(
        network, make_sweep(data, len(network.sign)), now, assumed, curve, last, np.zeros((n, n)), np.zeros(n),
        np.zeros(10), np.zeros(5, dtype=np.int64),
    )  # fmt: skip


def make_record(room: int, n: int) -> Record:
    """Room for so many steps."""
    return Record(
        np.zeros(room), np.zeros(room), np.zeros(room), np.zeros((room, SIZE, n)), np.zeros((room, 2, n))
    )


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
def predict(state, step):
    """Assume the residual and its slope at the step's end: the last step's polynomial goes on.

    Or no more than the slope, where that was nearer: of what is only noise a cubic makes twenty times as much.
    """
    now, assumed, last = state.now, state.assumed, state.clock[LAST_STEP]
    for k in range(now.shape[1]):
        if state.clock[SMOOTH] > 0.0:
            assumed[0, k] = value(state.last, k, 1.0 + step / last)
            assumed[1, k] = slope_at(state.last, k, 1.0 + step / last, last)
        else:
            assumed[0, k], assumed[1, k] = now[0, k] + step * now[1, k], now[1, k]


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
    write_curve(state.now, state.assumed, step, state.curve)
    write_impulses(state.curve, (0.0, 1.0), step, state.sweep.impulses)
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
    sweep, assumed, impulse = state.sweep, state.assumed, state.before
    n, q = data.x.shape
    alone, together = 0.0, 0.0
    for k in range(n):
        impulse[k] = 0.5 * step * (sweep.residual[k] - assumed[0, k]) / n
        alone += impulse[k] * impulse[k] * data.gram[k, k]
    for c in range(q):
        total = 0.0
        for k in range(n):
            total += impulse[k] * data.x[k, c]
        together += total * total
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
    clock, sweep = state.clock, state.sweep
    predict(state, step)
    error, crossings = sweep_once(data, state, step)
    turned = turned_by_error(data, state, step) * clock[UNIT] / allowed
    first = max(error / (PREDICTED * allowed), turned / MOVED)
    if not first <= 1.0:
        return np.inf, first, crossings
    felt = clock[FELT] * step
    unmeasured = felt > STIFF or state.counts[STEPS] % LOOK == 0
    if error <= FLOOR * clock[UNIT] or (error <= SINGLE * allowed and turned <= LEFT and not unmeasured):
        return 0.0, max(first, felt * error / (MOVED * allowed)), crossings
    moved, left = 0.0, np.inf
    for turn in range(ROUNDS):
        write_slope(data, state.network, sweep)
        correct(state, step)
        copy_row(sweep.residual, state.before)
        before = error
        error, crossings = sweep_once(data, state, step)
        change = difference(sweep.residual, state.before)
        if turn == 0:
            moved, clock[FELT] = change / (MOVED * allowed), change / (before * step)
        turned = turned_by_error(data, state, step) * clock[UNIT] / allowed
        left = max(change * error / (before * allowed), turned) / LEFT
        slow = SLOW_IF_STIFF if clock[FELT] * step > STIFF else SLOW
        if left <= 1.0 and (error <= slow * before or clock[KERNEL] == step):
            break
        if not error <= slow * before and clock[KERNEL] != step:
            write_kernel(data, state.network, sweep, state.kernel)
            clock[KERNEL] = step
            state.counts[KERNELS] += 1
    return max(left, 0.5 * moved), max(first, moved), crossings


@allocating
def find_step(data, state, aims, watch):
    """Find a step whose error is allowed; its length is 0 if the time can't resolve it."""
    clock = state.clock
    size = root_mean_square(state.now[0]) / clock[UNIT]
    allowed = max(aims.allowed * min(1.0, size / aims.small), FLOOR) * clock[UNIT]
    step, refused = clock[STEP], False
    if clock[LAST_STEP] > 0.0 and clock[SMOOTH] == 0.0 and clock[FELT] * step > STIFF:
        step = STIFF / clock[FELT]  # what goes to and fro from step to step decays in shorter ones
    while True:
        step = min(min(step, LARGEST_RAPIDITY / clock[FASTEST]), aims.end_time - clock[NOW])
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
def begin(data, state):
    """Find the residual at the start, and the length to try."""
    clock, sweep = state.clock, state.sweep
    carry(data, state.network, sweep)  # under no impulse
    write_residual(data, state.network, sweep)
    clock[FASTEST], clock[GROWING], _ = write_slope(data, state.network, sweep)
    for k in range(state.now.shape[1]):
        state.now[0, k], state.now[1, k] = sweep.residual[k], sweep.slope[k]
    clock[UNIT] = max(data.scale, root_mean_square(state.now[0]))
    clock[LAST_ERROR] = 1.0
    clock[STEP] = FIRST_RAPIDITY / clock[FASTEST] if clock[FASTEST] > 0.0 else 1.0


@inner
def goes_on(state, step):
    """Whether the last step's cubic comes nearer to the residual at the step's end than the slope at its start."""
    now, reached, last = state.now, state.assumed[0], state.clock[LAST_STEP]
    smooth, rough = 0.0, 0.0
    for k in range(reached.shape[0]):
        smooth += (reached[k] - value(state.last, k, 1.0 + step / last)) ** 2
        rough += (reached[k] - now[0, k] - step * now[1, k]) ** 2
    return smooth <= rough


@allocating
def go_to_end(data, state, step, record, place):
    """Take the trial at the step's end as the present, and write the step."""
    clock, sweep, now, assumed = state.clock, state.sweep, state.now, state.assumed
    record.time[place], record.length[place] = clock[NOW], step
    for i in range(2):
        copy_row(assumed[i], record.assumed[place, i])
    clock[FASTEST], clock[GROWING], _ = write_slope(data, state.network, sweep)
    turned = accept(data, state.network, sweep)
    copy_row(sweep.residual, assumed[0])
    copy_row(sweep.slope, assumed[1])
    record.movement[place] = turned + difference(assumed[0], now[0]) / data.scale
    clock[SMOOTH] = 1.0 if clock[LAST_STEP] == 0.0 or goes_on(state, step) else 0.0
    write_curve(now, assumed, step, state.last)
    for i in range(SIZE):
        copy_row(state.last[i], record.curve[place, i])
    for i in range(2):
        copy_row(assumed[i], now[i])


@inner
def reason_to_stop(data, state, aims, watch):
    """The status with which the flow ends here, ROOM_USED if it does not."""
    clock = state.clock
    if root_mean_square(state.now[0]) <= CONVERGED_RESIDUAL * data.scale:
        return CONVERGED
    if clock[GROWING] <= RESTING_RATE * aims.resting:
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
        begin(data, state)
    while True:
        reason = reason_to_stop(data, state, aims, watch)
        if reason != ROOM_USED or place == record.time.shape[0]:
            return place, reason
        step, crossings = find_step(data, state, aims, watch)
        if step == 0.0:
            return place, INTERRUPTED if watch[0] != 0.0 else STALLED
        go_to_end(data, state, step, record, place)
        clock[LAST_STEP] = step
        clock[NOW] = aims.end_time if step == aims.end_time - clock[NOW] else clock[NOW] + step
        counts[STEPS] += 1
        counts[CROSSINGS] += crossings
        place += 1
        watch[1], watch[2] = clock[NOW], counts[STEPS]
