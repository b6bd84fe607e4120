"""The loop over the steps: from crossing to crossing, and from the start to the end."""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.corrector.residual import observe
from pipeline.flow.exact.corrector.step_control import (
    growth_factor,
    growth_rates,
    mean_alignment,
    residual_change,
)
from pipeline.flow.exact.corrector.workspace import LastStep, make_step_workspace
from pipeline.flow.exact.events.clearance import subtract_turn
from pipeline.flow.exact.events.crossings import cross, make_events
from pipeline.flow.exact.events.resting import decide_start
from pipeline.flow.exact.integration.checkpoints import keep_checkpoint, make_checkpoints
from pipeline.flow.exact.integration.state import (
    Aims,
    Progress,
    Solver,
    note_released,
    note_sensitive_times,
    note_turned,
    observe_start,
    start_next_step,
)
from pipeline.flow.exact.integration.step_search import find_step, longest_step
from pipeline.flow.exact.integration.termination import (
    CROSSED,
    FULL,
    GOING_ON,
    OUT_OF_STEPS,
    STALLED,
    reason_to_pause,
    remove_rounding,
    root_mean_square,
)
from pipeline.flow.exact.machine_code.jit import entry_point, inlined, jitted
from pipeline.flow.exact.network.groups import Rows, copy_rows, make_network
from pipeline.flow.exact.propagation.reconstruction import copy_neurons, renew_units
from pipeline.flow.exact.step_record import copy_record, doubled_record, empty_record, write_step

LOCAL_SHARE = 0.4
"""The share of the tolerance that one step's defect may use: measured so that the worst error of the whole
run stays within the tolerance (benchmarks/work_precision.py)."""
SHARE_TOLERANCE = 1e-6
"""The tolerance below which the share falls with its sixth root, as the steps, whose errors add, grow."""


@entry_point
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
    record : StepRecord
    status : int
    rejected, crossings, patterns, ambiguous : int
        ``ambiguous``: how often a neuron met a point where the flow is not unique.
    state : int8[m, n]
        Of the neurons at t = 0: those that start at boundaries have theirs decided.
    sensitive : int
        How often a neuron came so close to a decision that an error of the tolerance's size could change it.
    instants : float64[:]
        When the first of these did.
    checkpoints : Checkpoints
        The neurons at the start of some of the steps.
    """
    n = problem.x.shape[0]
    neurons, record = copy_neurons(neurons), empty_record(256, n)
    events, work = make_events(neurons, problem), make_step_workspace(problem)
    events.work.margin[0] = tolerance  # the same array as events.work.path.roots.margin, which the search reads
    network = make_network(neurons, problem)
    current = observe_start(network, work)
    changed, ambiguous = decide_start(neurons, current.r, problem)
    if changed > 0:
        network = make_network(neurons, problem)
        current = observe_start(network, work)
    state, checkpoints = neurons.state.copy(), make_checkpoints(neurons)
    aims = Aims(allowed_defect(tolerance, current.r, problem), end_time, most_steps)
    progress = Progress(0.0, 0.0, 1.0, 0.0, np.int64(0), np.int64(0), np.bool_(False))
    crossings, patterns = 0, network.groups.start.shape[0] - 1
    while True:
        event, progress = advance(Solver(network, work, events, current), record, progress, aims, watch)
        if event == FULL:
            record = doubled_record(record, progress.steps)
        elif event == CROSSED:
            crossed = events.crossed
            for i in range(crossed.total[0]):
                crossings += crossed.events[i]
                ambiguous += not crossed.unique[i]
            cross(neurons, network.trial, crossed, events.work.group.vector)
            note_turned(network, progress.time, current)
            keep_checkpoint(checkpoints, neurons, progress.steps, crossed.total[0])
            network = make_network(neurons, problem)
            observe_groups(network, current, work)
            patterns = max(patterns, network.groups.start.shape[0] - 1)
        else:
            break
    taken = empty_record(progress.steps, n)
    copy_record(record, taken, progress.steps)
    ambiguous += current.sign_changes.released[0]
    sensitive, instants = current.sensitive_count[0], current.sensitive_times
    return taken, event, progress.rejected, crossings, patterns, ambiguous, state, sensitive, instants, checkpoints


@inlined
def allowed_defect(tolerance, r, problem):
    """The largest defect of one step; ``r`` is the residual at the start."""
    share = LOCAL_SHARE * min(tolerance / SHARE_TOLERANCE, 1.0) ** (1.0 / 6.0)
    # A start far above the labels has residuals of its own size: they are the unit then.
    return share * tolerance * max(problem.label_scale, root_mean_square(r))


@inlined
def observe_groups(network, current, work):
    """Observe the residual of groups that have just been made, and go on from it."""
    groups, problem = network.groups, network.problem
    mean_alignment(groups, current.r, problem, network.motion.alignment, work.n_force)
    observe(Rows(groups.rows, groups.logs), groups, problem, work.end)
    start_next_step(current, work.end)


@jitted
def advance(solver, record, progress, aims, watch):
    """Step on until neurons cross, the flow ends, or the record is full.

    Returns
    -------
    event : int
        CROSSED, FULL or a status.
    progress : Progress
    """
    network, work, current = solver.network, solver.work, solver.current
    time, step, last_step, last_error, steps, rejected, smooth = progress
    event = GOING_ON
    while steps < aims.most_steps:
        remove_rounding(current.r, network.problem, work)
        rates = growth_rates(
            network.groups, work.pushing, network.problem, network.motion.group_speeds, work.n_force
        )
        progress = Progress(time, step, last_step, last_error, steps, rejected, smooth)
        event = reason_to_pause(solver, progress, rates[0], aims, watch)
        if event == GOING_ON and steps == record.time.shape[0]:
            event = FULL
        if event != GOING_ON:
            break
        step = longest_step(solver, rates, progress, aims)
        last = LastStep(record.curve[max(steps - 1, 0)], current.last_r, current.last_d, last_step, smooth)
        step, error, order, wanted, refused = find_step(solver, last, time, step, aims.allowed)
        rejected += refused
        if not error <= 1.0:
            event = STALLED
            break
        note_sensitive_times(solver.events.crossed, time, step, current)
        note_released(solver, step, aims.allowed)
        smooth = solver.events.crossed.total[0] == 0
        regrouped = not smooth or rates[2] > 0.0 or wanted > step
        write_step(record, steps, (time, step, movement(solver), regrouped), work.curve)
        if not regrouped:
            go_to_end(solver, step)
        factor = growth_factor((error, step), (last_error, last_step), order, smooth)
        time = aims.end_time if step >= aims.end_time - time else time + step
        last_step, last_error = step, error
        step = max(step * factor, wanted if wanted > step else 0.0)
        steps += 1
        if regrouped:
            event = CROSSED
            break
    if event == GOING_ON:
        event = OUT_OF_STEPS
    return event, Progress(time, step, last_step, last_error, steps, rejected, smooth)


@inlined
def movement(solver):
    """How far a step has moved the residual and the groups' directions, and what share of the neurons crossed."""
    network, work, r = solver.network, solver.work, solver.work.end.r
    turning = mean_alignment(network.trial, r, network.problem, network.motion.alignment, work.n_force)
    moved = residual_change(solver.current.r, r, network.problem) + turning
    return moved + solver.events.crossed.total[0] / network.neurons.sign.shape[0]


@inlined
def go_to_end(solver, step):
    """Let the groups, and what is known of them, be those at the end of a step in which nothing has crossed."""
    network, work = solver.network, solver.work
    subtract_turn(network.groups, work.curve, step, network.problem)
    copy_rows(network.trial, network.groups)
    renew_units(network.groups)
    start_next_step(solver.current, work.end)
