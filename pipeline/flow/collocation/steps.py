"""The loop: predict the force, sweep over the points until it is right, accept the step or shorten it.

What the next sweep would still change at the step's end, in the network's outputs and in each neuron, decides: the
change of the last one times the share of the change before it that it was. After two sweeps that is of the order
h^5. A sweep more costs less than a shorter step where it is enough, as after a crossing that the predicted force
knew nothing of.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.collocation.accepting import accept, write_end, write_start
from pipeline.flow.collocation.comparing import (
    change_in_step,
    copy_force,
    relative_change,
    root_mean_square,
    write_outputs,
)
from pipeline.flow.collocation.compiling import entry_point, inner
from pipeline.flow.collocation.correction import CONTRACTION, ON, WAIT, begin_without, correct, factorise
from pipeline.flow.collocation.modes import hold_where_boundaries_meet
from pipeline.flow.collocation.network import carry, extrapolate
from pipeline.flow.collocation.sliding import turn_corners
from pipeline.flow.collocation.stiffness import first_trial, judge, prepare, refresh
from pipeline.flow.collocation.sweep import CARE, RESTING, SCALE, N, sweep
from pipeline.flow.collocation.workspace import (
    LAST_STEP,
    LONG,
    NOW,
    RATE,
    REJECTED,
    SIZE,
    STEP,
    STEPS,
    UNIT,
    VANISHED,
)

ROOM_USED, CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, MET_ZERO, INTERRUPTED = 0, 1, 2, 3, 4, 5, 50, 99
"""Why the kernel returns: the record is full, or as ``pipeline.flow.exact.integration`` has it; or the w of a
neuron reached 0, where all boundaries meet."""
FIRST_RAPIDITY = 0.05
"""h |D| of the fastest neuron in the first step that is tried."""
LARGEST_RAPIDITY = 1.0
"""The same in any step: up to there the equations of a neuron's nodes are far from singular."""
CONVERGED_RESIDUAL = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
SMALL_RESIDUAL = 0.1
"""The residual, over the unit of errors, below which what the outputs may err by falls with it."""
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
FADING = 0.999
"""The share of the longest step's length that is remembered after each other one."""
SAFETY, ORDER = 0.9, 0.2
"""The error after two sweeps is of the order 5."""
MORE, MOST = 2, 18
"""So many sweeps more than there have to be, for what crossings leave; and where sliding is not yet as the sweep
assumes it, or where the step is :data:`SHORT` beside the last one. A neuron that slides and crosses elsewhere has
sweeps that leave a fifth, or a fiftieth, however short the step."""
SHORT = 0.5
CHECKED = 6
"""Where crossings have no corners a step is one sweep, if what a second would change is little enough by what the
last seconds did; of so many steps one has a second."""
LEAST_LEFT = 0.2
"""What a sweep leaves of the change before it, at least: less is luck, or says nothing of the method's error."""
LABOURED = 0.5
"""The error that counts, at least, of a step that took more sweeps than there have to be: the next one is as long.
Shortened by a tenth, as it was, it took twice as many steps where the labels are stiff."""
CHATTERING = 0.1
"""A step over the mean of all before it at which the record ends, for crossings to be followed: who slides,
unseen, chatters."""
UNSLID = 0.1
"""The share of what a neuron may err by that it may miss for sliding that was not."""
TOUCHED = 30.0
"""The error of a step within which a neuron touches a boundary unseen: the next that is tried is half as long."""
SLOW = 0.5
"""What a sweep leaves, at most, where two more may be enough."""
SMOOTH = 0.1
"""Where the sweeps are corrected they come to rest at once however long the step is, and what they change says
nothing of the method's own error. Of what the continued force misses, this much times the part of itself by which
the network changes in the step: h^3 against h^5/4320 where it is smooth, and more where many neurons cross."""
WITHIN = 0.05
"""And this much of it over the tolerance: within the step the path is right to the third order only."""


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


@inner
def change_of_sweep(points, state, allowed):
    """By how much a sweep changes the step's end, over what is allowed."""
    network, outputs = state.network, state.outputs
    write_outputs(points, (network.end_w, network.end_a), network.scale, outputs[2], outputs[3:])
    moved = max(MOVEMENT_SHARE * root_mean_square(outputs[2], outputs[0]), LEAST_CHANGE * points.about[SCALE])
    change = root_mean_square(outputs[2], outputs[1]) / min(allowed[0], moved)
    for k in range(outputs.shape[1]):
        outputs[1, k] = outputs[2, k]
    return max(change, relative_change(network, state.last) / allowed[1])


@inner
def change_in_all(points, state, total):
    """By how much the network changes over the step, over itself; ``total``: of the squared residuals."""
    outputs = root_mean_square(state.outputs[2], state.outputs[0])
    return outputs / sqrt(total / points.about[N]) + change_in_step(state.network)


@inner
def sweep_once(points, tableau, state, step, pair):
    """Find the force anew for the neurons at the nodes, and the neurons for the force.

    Returns
    -------
    total : float
        The sum of the squared residuals at the step's start.
    missed : float
        As :func:`turn_corners` has it.
    """
    network, corrected = state.network, state.correction.control[ON] > 0.0
    copy_force(network.force, state.correction.tried)
    total = sweep(points, tableau, network, step, pair, state.work)
    if pair[1].number[1] > 0:
        return total, np.inf
    missed = turn_corners(points, tableau, network, step, pair[1], state.corners)
    if corrected:
        correct(network, step, tableau, state.correction)
    carry(network, step, tableau, state.system)
    return total, missed


@inner
def try_step(points, tableau, state, step, rounds, allowed):
    """Sweep over a step until its force is right.

    Parameters
    ----------
    rounds : int
        Sweeps, at least; there are more where they come to rest but are not there.
    allowed : (float, float, float)
        Of the outputs; relative to the neurons' sizes; and the latter over the tolerance.

    Returns
    -------
    error : float
        What the sweeps leave, over what is allowed; infinite if there is no room for the crossings.
    total : float
        The sum of the squared residuals at the step's start.
    which : int
        Which of ``state.notes`` the last sweep wrote.
    """
    network, notes, control = state.network, state.notes, state.correction.control
    if control[ON] > 0.0:
        factorise(step, state.correction)
    carry(network, step, tableau, state.system)
    write_outputs(points, (network.end_w, network.end_a), network.scale, state.outputs[1], state.outputs[3:])
    relative_change(network, state.last)
    total, error, before, continued, which = 0.0, np.inf, np.inf, 0.0, 1
    known, ratio = False, state.clock[RATE] * step if rounds == 1 else 1.0
    for turn in range(rounds + MOST):
        which = 1 - which
        pair = (notes[1 - which], notes[which]) if turn > 0 else (state.held, notes[which])
        total, missed = sweep_once(points, tableau, state, step, pair)
        if missed == np.inf:
            return np.inf, total, which
        change = change_of_sweep(points, state, allowed)
        continued = change if turn == 0 else continued
        known = before < np.inf
        ratio = ratio if not known else change / before if before > 0.0 else 0.0
        left, before = min(max(ratio, LEAST_LEFT), 1.0), change
        error = change * left
        # Who begins to slide, or ends, is known one sweep later than that somebody crosses; and changes all.
        if missed > UNSLID * allowed[1] and turn < rounds + MOST - 1:
            before, ratio = np.inf, 1.0
            continue
        soon = turn < rounds + MORE - 1 and error * left**2 <= 1.0
        more = not known or (left <= SLOW and (soon or step < SHORT * state.clock[LAST_STEP]))
        if turn >= rounds - 1 and not (error > 1.0 and more):
            break
    state.clock[RATE] = ratio / step if known else state.clock[RATE]
    control[CONTRACTION] = ratio
    error = (
        max(error, LABOURED if points.about[CARE] == 0.0 else 1.0) if turn >= rounds and error <= 1.0 else error
    )
    error = max(error, TOUCHED) if notes[which].harm[0] > allowed[1] else error
    if control[ON] > 0.0:
        turned = change_in_all(points, state, total)
        error = max(error, continued * max(SMOOTH * min(turned, 1.0), WITHIN * allowed[2]))
    return error, total, which


@inner
def begin(points, tableau, state, unfit):
    """Find the first force, the length to try, and the unit of errors; ``unfit``: as in ``aims``."""
    network = state.network
    state.held.number[:], state.held.near[:] = 0, 0.0
    begin_without(state.correction)
    s, m, d = network.force.shape
    for i in range(s):
        for j in range(m):
            network.a[i, j] = network.start_a[j]
            for c in range(d):
                network.w[i, j, c] = network.start_w[j, c]
    outputs = state.outputs
    write_outputs(points, (network.start_w, network.start_a), network.scale, outputs[0], outputs[3:])
    total = sweep(points, tableau, network, 0.0, (state.held, state.notes[0]), state.work)
    state.clock[SIZE] = sqrt(total / points.about[N])
    state.clock[UNIT] = max(points.about[SCALE], sqrt(total / points.about[N] + unfit))
    copy_force(network.force, state.force)
    speed = fastest(network.force)
    state.clock[STEP] = FIRST_RAPIDITY / speed if speed > 0.0 else 1.0
    state.correction.control[WAIT] = first_trial(points, state.correction)


@inner
def find_step(points, tableau, state, aims, watch):
    """Take the next step, as long as its error allows, without accepting it.

    Returns
    -------
    step, error : float
    total : float
        The sum of the squared residuals at its start.
    which : int
        Which of ``state.notes`` is right.
    reason : int
        Why there is none; else :data:`ROOM_USED`.
    """
    clock = state.clock
    n, scale, (share, end, _, tolerance, _) = points.about[N], points.about[SCALE], aims
    step, error, total, which = clock[STEP], np.inf, 0.0, 0
    rounds = 2 + (clock[LAST_STEP] == 0.0)
    if points.about[CARE] < 2.0 and state.correction.control[ON] == 0.0 and state.counts[STEPS] % CHECKED != 0:
        rounds = 1
    prepare(points, state)
    while not error <= 1.0:
        if watch[0] != 0.0:
            return step, error, total, which, INTERRUPTED
        if not still_moves(points, state.network, state.force):
            return step, error, total, which, STATIONARY
        step = min(min(step, LARGEST_RAPIDITY / fastest(state.force)), end - clock[NOW])
        if clock[NOW] + step <= clock[NOW]:
            return step, error, total, which, STALLED
        predict(state, step, tableau)
        outputs = share * min(clock[UNIT], clock[SIZE] / SMALL_RESIDUAL)
        allowed = (outputs, share, share / tolerance)
        error, total, which = try_step(points, tableau, state, step, rounds, allowed)
        clock[SIZE] = sqrt(total / n)
        if clock[SIZE] <= CONVERGED_RESIDUAL * scale:
            return step, error, total, which, CONVERGED
        if not error <= 1.0:
            state.counts[REJECTED] += 1
            if refresh(points, state):
                continue
            shorter = max(SAFETY * error**-ORDER, SLOWEST) if error < np.inf else SLOWEST
            step *= min(shorter, SAFETY)
    return step, error, total, which, ROOM_USED


@inner
def step_on(points, tableau, state, record, aims, watch):
    """As :func:`take_steps`, which counts who uses an array each time that it is named."""
    clock, counts = state.clock, state.counts
    n, scale, (_, end, most, _, unfit) = points.about[N], points.about[SCALE], aims
    place, pairs = 0, 0
    if counts[STEPS] == 0 and clock[LAST_STEP] == 0.0:
        begin(points, tableau, state, unfit)
    while True:
        hold_where_boundaries_meet(points, state, aims[0])
        if place == record.time.shape[0] or pairs + state.held.number[0] > record.pairs.shape[0]:
            return place, ROOM_USED
        if clock[NOW] >= end:
            return place, END_TIME
        if counts[STEPS] >= most:
            return place, OUT_OF_STEPS
        after = write_start(state, record, place, pairs)
        step, error, total, which, reason = find_step(points, tableau, state, aims, watch)
        if reason != ROOM_USED:
            return place, reason
        record.loss[place] = 0.5 * total / n
        write_end(state, record, place, step, scale)
        accept(points, state, which)
        growth = SAFETY * max(error, 1e-12) ** -ORDER
        clock[NOW] = end if step == end - clock[NOW] else clock[NOW] + step
        clock[LAST_STEP], clock[STEP] = step, step * min(max(growth, SLOWEST), FASTEST)
        clock[LONG] = max(step, FADING * clock[LONG])
        counts[STEPS] += 1
        judge(points, state)
        if counts[VANISHED] > 0:
            return place + 1, MET_ZERO
        place, pairs = place + 1, after
        watch[1], watch[2] = clock[NOW], counts[STEPS]
        if points.about[CARE] == 0.0 and step < CHATTERING * clock[NOW] / counts[STEPS]:
            return place, ROOM_USED


@entry_point
def take_steps(points, tableau, state, record, aims, watch):
    """Take steps until the record is full or the flow ends.

    Parameters
    ----------
    points : Points
    tableau : Tableau
    state : State
    record : Steps
    aims : (float, float, float, float, float)
        What a step may err by: the outputs over the unit of errors, the neurons over their sizes; the end time;
        how many steps there may be in all; the tolerance; the mean square of what ``points`` leave out of the
        labels.
    watch : float64[3]
        As :func:`pipeline.flow.exact.machine_code.interruptible.run_interruptibly` has it.

    Returns
    -------
    steps : int
        How many of the record were written.
    reason : int
    """
    return step_on(points, tableau, state, record, aims, watch)
