"""The loop: predict the force, sweep over the points until it is right, accept the step or shorten it.

The difference of the last two sweeps at the step's end, in the network's outputs, decides: with s nodes and s
sweeps it is of the order h^(2 s), and the error of an accepted step is smaller by another factor h.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.collocation.compiling import allocating, entry_point, inner
from pipeline.flow.collocation.corners import turn_corners
from pipeline.flow.collocation.events import PLAN, PLAN_AFTER, TIME, UNTIL, UP
from pipeline.flow.collocation.network import balance, carry, choose_units, extrapolate
from pipeline.flow.collocation.sweep import RESTING, SCALE, SLOPE, N, sweep
from pipeline.flow.collocation.workspace import CROSSINGS, LAST_STEP, NOW, REJECTED, SLIDINGS, STEP, STEPS

ROOM_USED, CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 99
"""Why the kernel returns: the record is full, or as ``pipeline.flow.exact.integration`` has it."""
FIRST_RAPIDITY = 0.05
"""h |D| of the fastest neuron in the first step that is tried."""
LARGEST_RAPIDITY = 1.0
"""The same in any step: up to there the equations of a neuron's nodes are far from singular."""
CONVERGED_RESIDUAL = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
RESTING_RATE = 2e-13
"""|D| of the fastest neuron, over that of a residual as large as the labels everywhere, at which nothing moves."""
MOVEMENT_SHARE, LEAST_CHANGE = 0.1, 1e-13
"""The share of the outputs' movement in a step by which the last sweep may change them, if the tolerance does not
ask for less; and the change, over the labels' scale, that is always allowed. Without the first the sweeps' noise,
of a tolerance, would go on for ever where the flow comes to rest."""
UNNOTICED = 1e-16
"""|a_j| |w_j| |x|, over the labels' scale, that no residual can tell from 0."""
STRAIGHT = 1e-12
"""1 + the cosine between a decaying neuron and its force at which it turns no more."""
FASTEST, SLOWEST = 4.0, 0.2
"""By how much a step's length changes at most."""
SAFETY = 0.9
SLIDING_SWEEPS = 5
"""How many more sweeps there may be until sliding within the step is as it was assumed."""
UNSLID = 0.1
"""The share of what a neuron may err by that it may miss for sliding that was not."""


@inner
def write_outputs(points, w, a, scale, into):
    """Write the network's outputs at the sampled points."""
    slope = points.about[SLOPE]
    d, sampled = points.sample.shape
    for k in range(sampled):
        into[k] = 0.0
    for j in range(w.shape[0]):
        if scale[j] != 0:
            continue
        for k in range(sampled):
            value = 0.0
            for c in range(d):
                value += w[j, c] * points.sample[c, k]
            into[k] += a[j] * (value if value > 0.0 else slope * value)


@inner
def root_mean_square(one, other):
    """Of the difference."""
    total = 0.0
    for k in range(one.shape[0]):
        total += (one[k] - other[k]) ** 2
    return sqrt(total / one.shape[0])


@inner
def relative_change(network, last):
    """By how much the neurons' ends have changed since the last sweep, over their sizes: the root mean square."""
    m, d = network.end_w.shape
    total = 0.0
    for j in range(m):
        square = network.end_a[j] ** 2
        change = (network.end_a[j] - last[j, d]) ** 2
        last[j, d] = network.end_a[j]
        for c in range(d):
            square += network.end_w[j, c] ** 2
            change += (network.end_w[j, c] - last[j, c]) ** 2
            last[j, c] = network.end_w[j, c]
        total += change / square
    return sqrt(total / m)


@inner
def copy_force(source, target):
    """Copy the forces of a step."""
    s, m, d = source.shape
    for i in range(s):
        for j in range(m):
            for c in range(d):
                target[i, j, c] = source[i, j, c]


@inner
def predict(state, step, tableau):
    """Continue the last step's force, where there is one; at the beginning it is constant."""
    copy_force(state.force, state.network.force)
    if state.clock[LAST_STEP] > 0.0:
        extrapolate(state.network.force, step / state.clock[LAST_STEP], tableau, state.system)


@inner
def fastest(force):
    """The largest |D_j| at the nodes."""
    s, m, d = force.shape
    largest = 0.0
    for i in range(s):
        for j in range(m):
            square = 0.0
            for c in range(d):
                square += force[i, j, c] ** 2
            largest = max(largest, square)
    return sqrt(largest)


@inner
def still_moves(points, network, force):
    """Whether any neuron moves that the labels notice, or that may grow until they do.

    One that decays along its force, straight, does so for ever once the others rest: it is held at as many
    boundaries as there are directions to turn to.
    """
    s, m, d = force.shape
    resting, n, scale = points.about[RESTING], points.about[N], points.about[SCALE]
    unnoticed = UNNOTICED * scale * scale / (resting * n) if resting > 0.0 else 0.0
    for j in range(m):
        pushed, size, along = 0.0, 0.0, 0.0
        for c in range(d):
            pushed += force[s - 1, j, c] ** 2
            size += network.start_w[j, c] ** 2
            along += force[s - 1, j, c] * network.start_w[j, c]
        along = along if network.start_a[j] > 0.0 else -along
        if sqrt(pushed) <= RESTING_RATE * n * resting:
            continue
        if network.scale[j] == 0 and size > unnoticed:
            return True
        if not along <= -(1.0 - STRAIGHT) * sqrt(pushed * size):
            return True
    return False


@allocating
def try_step(points, tableau, state, step, rounds, allowed):
    """Sweep over a step until its force is right.

    Parameters
    ----------
    rounds : int
        Sweeps; there is one more where they come to rest but are not there.
    allowed : (float, float)
        Of the outputs, and relative to the neurons' sizes.

    Returns
    -------
    error : float
        Of the last sweep, over what is allowed; infinite if they do not come to rest.
    total : float
        The sum of the squared residuals at the step's start.
    which : int
        Which of ``state.notes`` the last sweep wrote.
    """
    network, notes, outputs = state.network, state.notes, state.outputs
    carry(network, step, tableau, state.system)
    write_outputs(points, network.end_w, network.end_a, network.scale, outputs[1])
    relative_change(network, state.last)
    total, error, before, which = 0.0, np.inf, np.inf, 1
    for turn in range(rounds + SLIDING_SWEEPS):
        which = 1 - which
        pair = (notes[1 - which], notes[which]) if turn > 0 else (state.held, notes[which])
        total = sweep(points, tableau, network, step, pair, state.work)
        if notes[which].number[1] > 0:
            return np.inf, total, which
        missed = turn_corners(points, tableau, network, step, notes[which], state.corners)
        carry(network, step, tableau, state.system)
        write_outputs(points, network.end_w, network.end_a, network.scale, outputs[2])
        change = relative_change(network, state.last) / allowed[1]
        moved = max(MOVEMENT_SHARE * root_mean_square(outputs[2], outputs[0]), LEAST_CHANGE * points.about[SCALE])
        error = max(root_mean_square(outputs[2], outputs[1]) / min(allowed[0], moved), change)
        for k in range(outputs.shape[1]):
            outputs[1, k] = outputs[2, k]
        # Who begins to slide, or ends, is known one sweep later than that somebody crosses.
        if missed > UNSLID * allowed[1] and turn < rounds + SLIDING_SWEEPS - 1:
            continue
        if turn >= rounds - 1 and (error <= 1.0 or turn >= rounds or not error <= 0.5 * before):
            break
        before = error
    return error, total, which


@inner
def accept(points, state, which):
    """Go to the step's end; who slides there is put on the boundary to rounding, and noted in ``held``."""
    network, now, held = state.network, state.notes[which], state.held
    m, d = network.end_w.shape
    count, rows = 0, points.rows
    for e in range(now.number[0]):
        if now.values[e, UNTIL] >= 1.0:
            held.neuron[count], held.point[count] = now.neuron[e], now.point[e]
            held.values[count, TIME], held.values[count, UP] = 0.0, 1.0
            held.values[count, PLAN], held.values[count, PLAN_AFTER] = 1.0, 0.0
            count += 1
        if now.values[e, TIME] > 0.0:
            state.counts[CROSSINGS] += 1
    held.number[0] = count
    state.counts[SLIDINGS] = max(state.counts[SLIDINGS], count)
    for j in range(m):
        network.start_a[j] = network.end_a[j]
        for c in range(d):
            network.start_w[j, c] = network.end_w[j, c]
    balance(network)
    for _ in range(3 if count > 0 else 0):
        for e in range(count):
            put_on_boundary(network.start_w[held.neuron[e]], rows[held.point[e]], points.square[held.point[e]])
    choose_units(network)


@inner
def put_on_boundary(w, x, square):
    """Take the part along x out of w, and keep |w|, on which Lemma 1 depends."""
    along, before, after = 0.0, 0.0, 0.0
    for c in range(w.shape[0]):
        along += w[c] * x[c]
        before += w[c] * w[c]
    for c in range(w.shape[0]):
        w[c] -= along / square * x[c]
        after += w[c] * w[c]
    if after > 0.0:
        for c in range(w.shape[0]):
            w[c] *= sqrt(before / after)


@inner
def write_start(state, record, place, pairs):
    """Write where a step starts; return how many pairs that slide are in the record then."""
    network, held = state.network, state.held
    m, d = network.start_w.shape
    record.time[place] = state.clock[NOW]
    for j in range(m):
        record.a[place, j] = network.start_a[j]
        record.scale[place, j] = network.scale[j]
        for c in range(d):
            record.w[place, j, c] = network.start_w[j, c]
    record.held[place, 0] = pairs
    for e in range(held.number[0]):
        record.pairs[pairs, 0], record.pairs[pairs, 1] = held.neuron[e], held.point[e]
        pairs += 1
    record.held[place, 1] = pairs
    return pairs


@inner
def write_end(state, record, place, step, scale):
    """Write the force over an accepted step, and how far the network went in it."""
    m, d = state.network.end_w.shape
    record.length[place] = step
    copy_force(state.network.force, record.force[place])
    copy_force(state.network.force, state.force)
    turned = 0.0
    for j in range(m):
        square, change = state.network.end_a[j] ** 2, (state.network.end_a[j] - record.a[place, j]) ** 2
        for c in range(d):
            square += state.network.end_w[j, c] ** 2
            change += (state.network.end_w[j, c] - record.w[place, j, c]) ** 2
        turned += sqrt(change / square) / m
    record.movement[place] = turned + root_mean_square(state.outputs[2], state.outputs[0]) / scale
    for k in range(state.outputs.shape[1]):
        state.outputs[0, k] = state.outputs[2, k]


@allocating
def begin(points, tableau, state):
    """Find the first force, and the length to try."""
    network = state.network
    s, m, d = network.force.shape
    for i in range(s):
        for j in range(m):
            network.a[i, j] = network.start_a[j]
            for c in range(d):
                network.w[i, j, c] = network.start_w[j, c]
    write_outputs(points, network.start_w, network.start_a, network.scale, state.outputs[0])
    sweep(points, tableau, network, 0.0, (state.held, state.notes[0]), state.work)
    copy_force(network.force, state.force)
    speed = fastest(network.force)
    state.clock[STEP] = FIRST_RAPIDITY / speed if speed > 0.0 else 1.0


@entry_point
def take_steps(points, tableau, state, record, aims, watch):
    """Take steps until the record is full or the flow ends.

    Parameters
    ----------
    points : Points
    tableau : Tableau
    state : State
    record : Steps
    aims : float64[5]
        The error allowed in a step: of the outputs, and of the neurons over their sizes; the end time; how many
        steps there may be in all; the residual below which the first falls with it.
    watch : float64[3]
        As :func:`pipeline.flow.exact.machine_code.interruptible.run_interruptibly` has it.

    Returns
    -------
    steps : int
        How many of the record were written.
    reason : int
    """
    clock, counts, s = state.clock, state.counts, len(tableau.nodes)
    n, scale, end = points.about[N], points.about[SCALE], aims[2]
    place, pairs, first = 0, 0, False
    if counts[STEPS] == 0 and clock[LAST_STEP] == 0.0:
        begin(points, tableau, state)
    while True:
        if place == record.time.shape[0] or pairs + state.held.number[0] > record.pairs.shape[0]:
            return place, ROOM_USED
        if clock[NOW] >= end:
            return place, END_TIME
        if counts[STEPS] >= aims[3]:
            return place, OUT_OF_STEPS
        after = write_start(state, record, place, pairs)
        first, step, error, size = clock[LAST_STEP] == 0.0, clock[STEP], np.inf, scale
        while not error <= 1.0:
            if watch[0] != 0.0:
                return place, INTERRUPTED
            if not still_moves(points, state.network, state.force):
                return place, STATIONARY
            speed = fastest(state.force)
            step = min(min(step, LARGEST_RAPIDITY / speed), end - clock[NOW])
            if clock[NOW] + step <= clock[NOW]:
                return place, STALLED
            predict(state, step, tableau)
            rounds = s + 1 if first else s
            allowed = (aims[0] * min(1.0, size / aims[4]), aims[1])
            error, total, which = try_step(points, tableau, state, step, rounds, allowed)
            size = sqrt(total / n)
            record.loss[place] = 0.5 * total / n
            if size <= CONVERGED_RESIDUAL * scale:
                return place, CONVERGED
            if not error <= 1.0:
                counts[REJECTED] += 1
                shorter = max(SAFETY * error ** (-0.5 / s), SLOWEST) if error < np.inf else SLOWEST
                step *= min(shorter, SAFETY)
        write_end(state, record, place, step, scale)
        accept(points, state, which)
        growth = SAFETY * max(error, 1e-12) ** (-0.5 / s)
        clock[NOW] = end if step == end - clock[NOW] else clock[NOW] + step
        clock[LAST_STEP], clock[STEP] = step, step * min(max(growth, SLOWEST), FASTEST)
        counts[STEPS] += 1
        place, pairs = place + 1, after
        watch[1], watch[2] = clock[NOW], counts[STEPS]
