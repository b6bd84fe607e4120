"""What goes from one step to the next: where the flow is, how far it has come, and what the steps must hold to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.corrector.residual import Observation, observe, residual_derivative
from pipeline.flow.exact.corrector.step_control import mean_alignment
from pipeline.flow.exact.corrector.workspace import StepWorkspace
from pipeline.flow.exact.events.crossings import Events
from pipeline.flow.exact.events.resting import SignChanges, count_released, no_sign_changes, note_signs
from pipeline.flow.exact.machine_code.jit import allocating, inlined, llvm_inlined
from pipeline.flow.exact.network.groups import Network, Rows
from pipeline.flow.exact.network.spans import LINE

TURNING_TOLERANCES = 10.0
"""Times the tolerance: the angle by which a neuron must be able to turn before it is said that it could leave."""
MOST_SENSITIVE_TIMES = 64
"""How many of the instants of sensitive decisions are kept, the first ones."""
DEEP = 20.0
"""By how many e-folds a neuron shrinks until an error decides how it goes on: its angle to the direction against
which it shrinks grows by as much, an error of 2e-9 to 1."""
TURNED = 1.0
"""By how many e-folds it has to grow again to count."""


class CurrentState(NamedTuple):
    """The residual where the flow is, what the next prediction continues, and what was noted on the way.

    r, d : float64[n]
        The residual and its slope.
    kernel : float64[n, n]
        The tangent kernel.
    last_r, last_d : float64[n]
        Residual and slope at the start of the last step.
    sign_changes : SignChanges
        Which neurons could leave a boundary at which they rest: there the flow is not unique.
    sensitive_count : int64[1]
        How many neurons came so close to a decision that an error of the tolerance's size could have changed it.
    sensitive_times : float64[64]
        When the first of these did.
    highest, lowest : float64[m]
        The largest log scale of each neuron since it last grew, and the smallest after that.
    """

    r: np.ndarray
    d: np.ndarray
    kernel: np.ndarray
    last_r: np.ndarray
    last_d: np.ndarray
    sign_changes: SignChanges
    sensitive_count: np.ndarray
    sensitive_times: np.ndarray
    highest: np.ndarray
    lowest: np.ndarray


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
        highest=network.neurons.log_scale.copy(),
        lowest=network.neurons.log_scale.copy(),
    )
    groups = network.groups
    seen = Observation(current.r, work.end.gross, current.kernel, work.end.preactivation)
    observe(Rows(groups.rows, groups.logs), groups, network.problem, seen)
    residual_derivative(current.kernel, current.r, current.d)
    mean_alignment(groups, current.r, network.problem, network.motion.alignment, work.n_force)
    return current


@llvm_inlined
def start_next_step(current, end):
    """Take what was observed at the ``end`` of the step as the present."""
    r, d, kernel, last_r, last_d = current.r, current.d, current.kernel, current.last_r, current.last_d
    for k in range(r.shape[0]):
        last_r[k], last_d[k] = r[k], d[k]
        r[k] = end.r[k]
        for l in range(r.shape[0]):
            kernel[k, l] = end.kernel[k, l]
    residual_derivative(kernel, r, d)


@inlined
def note_sensitive_times(crossed, time, step, current):
    """Count a step's sensitive decisions, and keep the first ``MOST_SENSITIVE_TIMES`` of their instants."""
    for i in range(crossed.sensitive_count[0]):
        note_sensitive_time(time + crossed.sensitive_times[i] * step, current)


@inlined
def note_sensitive_time(instant, current):
    """Count a sensitive decision, and keep its instant if it is one of the first."""
    if current.sensitive_count[0] < MOST_SENSITIVE_TIMES:
        current.sensitive_times[current.sensitive_count[0]] = instant
    current.sensitive_count[0] += 1


@inlined
def note_turned(network, time, current):
    """Count the neurons that grow again after they have shrunk so far that an error has chosen their direction.

    Called at a grouping, with the groups until then. On a line there is one direction: what a neuron shrinks there
    does not count.
    """
    log_scale, kind, group = network.neurons.log_scale, network.groups.kind, network.groups.group
    highest, lowest = current.highest, current.lowest
    for j in range(log_scale.shape[0]):
        now = log_scale[j]
        turned = highest[j] - lowest[j] > DEEP and now > lowest[j] + TURNED
        if turned:
            note_sensitive_time(time, current)
        if turned or now > highest[j]:
            highest[j], lowest[j] = now, now
        elif now < lowest[j]:
            if kind[group[j]] == LINE:
                highest[j] += now - lowest[j]
            lowest[j] = now


@inlined
def note_released(solver, step, allowed):
    """Count the neurons that could leave boundaries at which they rest, once the residual has changed its sign."""
    network, r, changes = solver.network, solver.work.end.r, solver.current.sign_changes
    enough = TURNING_TOLERANCES * solver.events.work.margin[0]
    if note_signs(r, step, (allowed, enough), network.problem, changes):
        count_released(network, r, enough, changes)
