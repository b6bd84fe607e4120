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

from pipeline.flow.exact.corrector.interior import carry_within, largest_at_end
from pipeline.flow.exact.corrector.residual import Observation, observe, residual_derivative
from pipeline.flow.exact.corrector.step import RESIDUAL_FLOOR, predict, try_step
from pipeline.flow.exact.corrector.step_control import (
    FIRST_RAPIDITY,
    LARGEST_SHRINKING,
    growth_factor,
    growth_rates,
    mean_alignment,
    norm,
    residual_change,
    stiffness_limit,
    time_until_felt,
)
from pipeline.flow.exact.corrector.workspace import LastStep, StepStart, StepWorkspace, make_step_workspace
from pipeline.flow.exact.events.candidates import find_candidates
from pipeline.flow.exact.events.clearance import subtract_turn
from pipeline.flow.exact.events.crossings import (
    Events,
    cross,
    follow_candidates,
    fraction_to_keep,
    ignored_error_until,
    make_events,
)
from pipeline.flow.exact.events.resting import (
    SignChanges,
    count_released,
    decide_start,
    no_sign_changes,
    note_signs,
)
from pipeline.flow.exact.machine_code.jit import allocating, entry_point, inlined, jitted, llvm_inlined
from pipeline.flow.exact.network.groups import Network, Rows, copy_rows, make_network
from pipeline.flow.exact.propagation.bernstein import SIZE, restrict
from pipeline.flow.exact.propagation.boost import LARGEST_BOOST
from pipeline.flow.exact.propagation.magnus import carry_propagator
from pipeline.flow.exact.propagation.reconstruction import copy_neurons, renew_units
from pipeline.flow.exact.step_record import copy_record, doubled_record, empty_record, write_step

CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED, INTERRUPTED = 1, 2, 3, 4, 5, 99
"""Why an integration ended; :class:`pipeline.network.status.Status` has the sentences of all but the last."""

GOING_ON, CROSSED, FULL = 0, -1, -2
"""What else can be said of a step: neurons have crossed and are to be grouped anew, the record is full."""

LOCAL_SHARE = 0.4
"""The share of the tolerance that one step's defect may use: measured so that the worst error of the whole
run stays within the tolerance (benchmarks/work_precision.py)."""
SHARE_TOLERANCE = 1e-6
"""The tolerance below which the share falls with its sixth root, as the steps, whose errors add, grow."""
CONVERGED_RESIDUAL = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
HIDDEN_RESIDUAL = 1e-6
"""The residual, over the labels' scale, that rounding may hide in a flow that has converged."""
RESTING_RATE = 1e-14
"""|D| of the fastest group that can still grow, over that of an unfitted label, at which nothing moves."""
CROSSING_SHARE = 0.1
"""The share of one step's allowance that its crossings may use before they cut it."""
NEXT_CROSSING_SHARE = 4.0
"""Times what a step's crossings may use: the next step tries to reach so far. Where every step is cut, a longer
next step would not help: neurons beyond the cut need not be followed."""
STAYING = 0.5
"""If the step is cut to half of this share or less (a quarter), and still this share (half) of the error of events
at its start remains, that error does not come from the step's length: no cut helps, and the step is accepted."""
UNSEEN_ROUNDINGS = 10.0
"""Times the residual's rounding: what a neuron adds to h within a boundary's width (boundary_times.BEYOND)."""
FITTED_SHARE = 10.0 * RESIDUAL_FLOOR
"""The share of its terms below which a residual pushes nothing: the solver can't hold it quieter."""
IDLE_TURN = 0.01
"""The rapidity of the fastest group over the longest step (``stiffness_limit``) up to which it is rounding."""
TURNING_TOLERANCES = 10.0
"""Times the tolerance: the angle by which a neuron must be able to turn before it is said that it could leave."""
MOST_SENSITIVE_TIMES = 64
"""How many of the instants of sensitive decisions are kept, the first ones."""
FELT_SHARE = 0.01
"""The share of one step's allowance up to which a group's output has no effect yet (it is not *felt*)."""


@inlined
def reason_to_stop(solver, progress, fastest_felt, end_time):
    """The status with which the flow ends here, GOING_ON if it does not.

    It rests if nothing is pushed, or if over the longest step that there can be nothing turns but by the rounding
    of fitted residuals, and the loss has not fallen: such steps would go on without end.

    It has converged if the residual is small without its rounding. Of neurons that are enormous beside the labels
    the rounding may hide a residual that is not small at all: that is no convergence.
    """
    problem, r, pushing = solver.network.problem, solver.current.r, solver.work.pushing
    if root_mean_square(pushing) <= CONVERGED_RESIDUAL * problem.label_scale:
        return CONVERGED if root_mean_square(r) <= HIDDEN_RESIDUAL * problem.label_scale else STALLED
    longest = stiffness_limit(solver.current.kernel, r, problem)
    idle = 0.0 < longest <= progress.step and fastest_felt * longest <= IDLE_TURN
    fallen = root_mean_square(solver.current.last_r) > (1.0 + RESIDUAL_FLOOR) * root_mean_square(r)
    if (idle and not fallen) or fastest_felt <= RESTING_RATE * problem.resting_growth:
        return STATIONARY
    if progress.time >= end_time:
        return END_TIME
    return GOING_ON


@inlined
def root_mean_square(r):
    """Over the points."""
    return norm(r) / sqrt(r.shape[0])


@inlined
def rounding(problem, gross):
    """The size of the residual's rounding, from the sizes of its terms."""
    largest = problem.label_scale
    for k in range(gross.shape[0]):
        largest = max(largest, gross[k])
    return RESIDUAL_FLOOR * largest


@inlined
def without_rounding(r, problem, work):
    """Write the residual without what is only rounding into ``work.pushing``: what can still push."""
    gross, pushing, scale = work.end.gross, work.pushing, problem.label_scale
    for k in range(r.shape[0]):
        pushing[k] = r[k] if abs(r[k]) > FITTED_SHARE * max(scale, gross[k]) else 0.0


class CurrentState(NamedTuple):
    """The residual where the flow is, what the next prediction continues, and what was noted on the way.

    r, d : float64[n]
        The residual and its slope.
    kernel : float64[n, n]
        The tangent kernel.
    last_r, last_d : float64[n]
        Residual and slope at the start of the last step.
    sign_changes : SignChanges
        Who could leave a boundary at which it rests: there the flow is not unique.
    sensitive_count : int64[1]
        How many neurons came so close to a decision that an error of the tolerance's size could have changed it.
    sensitive_times : float64[64]
        When the first of these did.
    """

    r: np.ndarray
    d: np.ndarray
    kernel: np.ndarray
    last_r: np.ndarray
    last_d: np.ndarray
    sign_changes: SignChanges
    sensitive_count: np.ndarray
    sensitive_times: np.ndarray


class Solver(NamedTuple):
    """All that a step works on: the network, the arrays of the steps and of the events, and where the flow is."""

    network: Network
    work: StepWorkspace
    events: Events
    current: CurrentState


class Progress(NamedTuple):
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
def longest_step(solver, rates, progress, aims):
    """The length to try: what the errors allow, unless such a step would skip something.

    Parameters
    ----------
    rates : (fastest_felt, fastest, fastest_shrinking)
        As :func:`growth_rates` has them.
    """
    network = solver.network
    fastest_felt, fastest, fastest_shrinking = rates
    step = FIRST_RAPIDITY / fastest_felt if progress.steps == 0 else progress.step
    felt = FELT_SHARE * aims.allowed / network.problem.label_scale
    step = min(step, LARGEST_BOOST / fastest)
    step = min(step, time_until_felt(network.groups, network.motion.group_speeds, network.problem, felt))
    step = min(step, aims.end_time - progress.time)
    if fastest_shrinking > 0.0:
        step = min(step, LARGEST_SHRINKING / fastest_shrinking)
    return min(step, stiffness_limit(solver.current.kernel, solver.current.r, network.problem))


@inlined
def find_step(solver, last, time, step, allowed):
    """Find the step whose defect is allowed and in which no crossing matters.

    ``solver.network.trial`` is written (the groups at the step's end), and ``solver.events.crossed`` (the neurons
    that cross within the step).

    Parameters
    ----------
    last : LastStep

    Returns
    -------
    step, error, order
        The error is infinite if the time can't resolve the step any more.
    wanted : float
        The length that the crossings have cut; the step itself if they have not.
    refused : int
    """
    network, work, events, current = solver.network, solver.work, solver.events, solver.current
    start, trial = StepStart(current.r, current.d, current.kernel), network.trial
    error, order, refused, wanted, settled = np.inf, np.int64(4), np.int64(0), 0.0, False
    before = np.inf
    while not settled and time + step > time:
        predict(start, step, last, work)
        error, order = try_step(network, start, last, step, allowed, work)
        if not error <= 1.0:
            step *= min(max(0.9 * error ** (-1.0 / order), 0.1), 0.9) if error < np.inf else 0.25
            refused += 1
        while error <= 1.0 and not settled:
            carry_propagator(network.groups, network.motion.impulses, trial.propagator, trial.propagator_logs)
            bearable = max(CROSSING_SHARE * allowed, UNSEEN_ROUNDINGS * rounding(network.problem, work.end.gross))
            cut = np.inf
            events.crossed.total[0], events.crossed.sensitive_count[0] = 0, 0
            if find_candidates(network, work.curve, step, events.candidates, events.work) > 0:
                follow_candidates(network, work.curve, step, events)
                cut = fraction_to_keep(events.crossed, bearable)
            at_start = ignored_error_until(0.0, events.crossed)
            # An error that does not shrink with the step comes from before it: a neuron was beyond its boundary.
            settled = cut >= 1.0 or (at_start <= allowed and at_start > STAYING * before)
            if not settled:
                before = at_start if at_start > bearable and cut <= 0.5 * STAYING else np.inf
                kept = fraction_to_keep(events.crossed, NEXT_CROSSING_SHARE * bearable)
                wanted = max(wanted, step * min(kept, 1.0))
                shorten(network, cut, step, allowed, work)
                step *= cut
                if not time + step > time:
                    error = np.inf
    return step, error if settled else np.inf, order, max(wanted, step), refused


@jitted
def shorten(network, cut, step, allowed, work):
    """Keep only the fraction ``cut`` of a step: before the event for which it is cut the step is valid.

    The residual at the end is the polynomial's, which the rows give to what is ``allowed``; whoever goes on from
    there will observe it anew.
    """
    curve, part, r = work.curve, work.part, work.end.r
    restrict(curve, 0.0, cut, part)
    carry_within(network, part, cut * step, min(allowed, largest_at_end(part)), work)
    for k in range(r.shape[0]):
        for i in range(SIZE):
            curve[i, k] = part[i, k]
        r[k] = part[SIZE - 1, k]


@llvm_inlined
def start_next_step(current, reached):
    """Take what was observed at the end of the step, ``reached``, as the present."""
    r, d, kernel, last_r, last_d = current.r, current.d, current.kernel, current.last_r, current.last_d
    for k in range(r.shape[0]):
        last_r[k], last_d[k] = r[k], d[k]
        r[k] = reached.r[k]
        for l in range(r.shape[0]):
            kernel[k, l] = reached.kernel[k, l]
    residual_derivative(kernel, r, d)


@inlined
def note_sensitive_times(crossed, time, step, current):
    """Count a step's sensitive decisions, and keep the first ``MOST_SENSITIVE_TIMES`` of their instants."""
    for i in range(crossed.sensitive_count[0]):
        if current.sensitive_count[0] < MOST_SENSITIVE_TIMES:
            current.sensitive_times[current.sensitive_count[0]] = time + crossed.sensitive_times[i] * step
        current.sensitive_count[0] += 1


@inlined
def note_released(solver, step, allowed):
    """Count the neurons that could leave boundaries at which they rest, once the residual has changed its sign."""
    network, r, changes = solver.network, solver.work.end.r, solver.current.sign_changes
    enough = TURNING_TOLERANCES * solver.events.work.margin[0]
    if note_signs(r, step, (allowed, enough), network.problem, changes):
        count_released(network, r, enough, changes)


@jitted
def advance(solver, record, progress, aims, watch):
    """Step on until neurons cross, the flow ends, or the record is full.

    Returns
    -------
    event : int
        CROSSED, FULL or a status.
    progress : Progress
    """
    network, work, events, current = solver.network, solver.work, solver.events, solver.current
    problem, motion = network.problem, network.motion
    time, step, last_step, last_error, steps, rejected, smooth = progress
    event = GOING_ON
    while steps < aims.most_steps:
        without_rounding(current.r, problem, work)
        rates = growth_rates(network.groups, work.pushing, problem, motion.group_speeds, work.n_force)
        fastest_felt, _, fastest_shrinking = rates
        progress = Progress(time, step, last_step, last_error, steps, rejected, smooth)
        event = reason_to_stop(solver, progress, fastest_felt, aims.end_time)
        watch[1], watch[2] = time, steps
        if event == GOING_ON and watch[0] != 0.0:
            event = INTERRUPTED
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
        crossed = events.crossed.total[0]
        note_sensitive_times(events.crossed, time, step, current)
        note_released(solver, step, aims.allowed)
        turning = mean_alignment(network.trial, work.end.r, problem, motion.alignment, work.n_force)
        movement = residual_change(current.r, work.end.r, problem) + turning
        movement += crossed / network.neurons.sign.shape[0]
        smooth = crossed == 0
        regrouped = not smooth or fastest_shrinking > 0.0 or wanted > step
        write_step(record, steps, (time, step, movement, regrouped), work.curve)
        if not regrouped:
            subtract_turn(network.groups, work.curve, step, problem)
            copy_rows(network.trial, network.groups)
            renew_units(network.groups)
            start_next_step(current, work.end)
        else:
            event = CROSSED
        factor = growth_factor((error, step), (last_error, last_step), order, smooth)
        time = aims.end_time if step >= aims.end_time - time else time + step
        last_step, last_error = step, error
        step = max(step * factor, wanted if wanted > step else 0.0)
        steps += 1
        if event == CROSSED:
            break
    if event == GOING_ON:
        event = OUT_OF_STEPS
    return event, Progress(time, step, last_step, last_error, steps, rejected, smooth)


@allocating
def observe_start(network, work):
    """The state at t = 0."""
    n = network.problem.x.shape[0]
    current = CurrentState(
        r=np.empty(n),
        d=np.empty(n),
        kernel=np.empty((n, n)),
        last_r=np.zeros(n),
        last_d=np.zeros(n),
        sign_changes=no_sign_changes(n),
        sensitive_count=np.zeros(1, dtype=np.int64),
        sensitive_times=np.empty(MOST_SENSITIVE_TIMES),
    )
    groups = network.groups
    seen = Observation(current.r, work.end.gross, current.kernel, work.end.preactivation)
    observe(Rows(groups.rows, groups.logs), groups, network.problem, seen)
    residual_derivative(current.kernel, current.r, current.d)
    mean_alignment(groups, current.r, network.problem, network.motion.alignment, work.n_force)
    return current


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
    state = neurons.state.copy()
    # A start far above the labels has residuals of its own size: they are the unit then.
    share = LOCAL_SHARE * min(tolerance / SHARE_TOLERANCE, 1.0) ** (1.0 / 6.0)
    allowed = share * tolerance * max(problem.label_scale, root_mean_square(current.r))
    aims = Aims(allowed, end_time, most_steps)
    progress = Progress(0.0, 0.0, 1.0, 0.0, np.int64(0), np.int64(0), np.bool_(False))
    crossings, patterns = 0, network.groups.start.shape[0] - 1
    while True:
        solver = Solver(network, work, events, current)
        event, progress = advance(solver, record, progress, aims, watch)
        if event == FULL:
            record = doubled_record(record, progress.steps)
        elif event == CROSSED:
            crossed = events.crossed
            for i in range(crossed.total[0]):
                crossings += crossed.events[i]
                ambiguous += not crossed.unique[i]
            cross(neurons, network.trial, crossed, events.work.group.vector)
            network = make_network(neurons, problem)
            groups = network.groups
            mean_alignment(groups, current.r, problem, network.motion.alignment, work.n_force)
            observe(Rows(groups.rows, groups.logs), groups, problem, work.end)
            start_next_step(current, work.end)
            patterns = max(patterns, groups.start.shape[0] - 1)
        else:
            break
    taken = empty_record(progress.steps, n)
    copy_record(record, taken, progress.steps)
    return (
        taken,
        event,
        progress.rejected,
        crossings,
        patterns,
        ambiguous + current.sign_changes.released[0],
        state,
        current.sensitive_count[0],
        current.sensitive_times,
    )
