"""The neurons that cross a boundary within a step, one by one, and what that does to the step."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.events.boundary_times import ROOT_STEPS
from pipeline.flow.exact.events.candidates import Candidates
from pipeline.flow.exact.events.neuron_path import FollowedNeuron, follow
from pipeline.flow.exact.events.workspace import EventWorkspace, make_event_workspace
from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.network.activation import OFF, ON
from pipeline.flow.exact.propagation.reconstruction import gather, normalise, read_neuron

NEGLIGIBLE_OUTPUT_LOG = -100.0
"""The logarithm of what a neuron adds to h, over the labels' scale, below which its crossings do not count."""


class Crossed(NamedTuple):
    """Neurons with events within a step, at its end: the first ``total[0]`` of each array.

    total : int64[1]
    neuron : int64[m]
    z, log_scale, state
        As in :class:`pipeline.flow.exact.network.groups.Neurons`.
    events : int64[m]
    first : float64[m]
        When the first was, as a fraction of the step.
    ignored_error : float64[m]
        What the group, which knows nothing of them, is wrong by in the residual at the step's end.
    unique : bool[m]
    sensitive_times : float64[m]
        When those that came so close to a decision that an error of the tolerance's size could change it first
        did, as fractions of the step; ``sensitive_count[0]`` of them, with or without events.
    sensitive_count : int64[1]
    """

    total: np.ndarray
    neuron: np.ndarray
    z: np.ndarray
    log_scale: np.ndarray
    state: np.ndarray
    events: np.ndarray
    first: np.ndarray
    ignored_error: np.ndarray
    unique: np.ndarray
    sensitive_times: np.ndarray
    sensitive_count: np.ndarray


class Events(NamedTuple):
    """What the search for a step's events works on, and what it finds."""

    work: EventWorkspace
    candidates: Candidates
    crossed: Crossed


@allocating
def make_events(neurons, problem):
    """Make empty lists for as many events as there are neurons (memory that is touched only when one is written).

    Returns
    -------
    Events
    """
    (m, n), size = neurons.state.shape, neurons.z.shape[1]
    candidates = Candidates(
        total=np.zeros(1, dtype=np.int64),
        listed=np.empty((m, 2), dtype=np.int64),
        is_listed=np.zeros(m, dtype=np.bool_),
    )
    crossed = Crossed(
        total=np.zeros(1, dtype=np.int64),
        neuron=np.empty(m, dtype=np.int64),
        z=np.empty((m, size)),
        log_scale=np.empty(m),
        state=np.empty((m, n), dtype=np.int8),
        events=np.empty(m, dtype=np.int64),
        first=np.empty(m),
        ignored_error=np.empty(m),
        unique=np.empty(m, dtype=np.bool_),
        sensitive_times=np.empty(m),
        sensitive_count=np.zeros(1, dtype=np.int64),
    )
    return Events(make_event_workspace(problem), candidates, crossed)


@jitted
def follow_candidates(network, curve, step, events):
    """Follow each candidate through the step; list those that do have an event, and clear the candidates.

    Returns
    -------
    count : int
    """
    problem, neurons, groups = network.problem, network.neurons, network.groups
    candidates, crossed, work, there = (
        events.candidates,
        events.crossed,
        events.work.path,
        events.work.group.vector,
    )
    n, listed = neurons.state.shape[1], candidates.listed
    kept, sensitive = 0, 0
    for i in range(candidates.total[0]):
        g, number = listed[i, 0], listed[i, 1]
        j = groups.order[groups.start[g] + number]
        candidates.is_listed[j] = False
        z, state = crossed.z[kept], crossed.state[kept]
        log_start = read_neuron(neurons, groups, g, number, z)
        for k in range(n):
            state[k] = neurons.state[j, k]
        neuron = FollowedNeuron(z, neurons.sign[j], state)
        log_end, count, unique = follow(neuron, log_start, (curve, step), problem, work)
        if work.roots.sensitive[0] < np.inf:
            crossed.sensitive_times[sensitive] = work.roots.sensitive[0]
            sensitive += 1
        if count > 0:
            log_end += normalise(z, neurons.sign[j])
            log_there = read_neuron(neurons, network.trial, g, number, there)
            crossed.neuron[kept], crossed.log_scale[kept] = j, log_end
            crossed.events[kept], crossed.unique[kept], crossed.first[kept] = count, unique, work.times[0]
            own, other = (z, log_end, state), (there, log_there, groups.state[g])
            crossed.ignored_error[kept] = difference(own, other, problem)
            kept += 1
    candidates.total[0] = 0
    crossed.total[0], crossed.sensitive_count[0] = kept, sensitive
    return kept


@jitted
def difference(own, other, problem):
    """The largest difference over the points of what two versions (z, log_scale, state) of a neuron add to h."""
    (z, log_scale, state), (other_z, other_log, other_state) = own, other
    x, q, slope = problem.x, problem.x.shape[1], problem.negative_slope
    if 2.0 * (max(log_scale, other_log) - problem.log_unit) < NEGLIGIBLE_OUTPUT_LOG:
        return 0.0
    unit, other_unit, largest = exp(2.0 * log_scale) * z[q], exp(2.0 * other_log) * other_z[q], 0.0
    for k in range(x.shape[0]):
        along, other_along = 0.0, 0.0
        for c in range(q):
            along += x[k, c] * z[c]
            other_along += x[k, c] * other_z[c]
        derivative = 1.0 if state[k] == ON else slope if state[k] == OFF else 0.0
        other_derivative = 1.0 if other_state[k] == ON else slope if other_state[k] == OFF else 0.0
        largest = max(largest, abs(unit * derivative * along - other_unit * other_derivative * other_along))
    return largest


@jitted
def cross(neurons, trial, crossed, vector):
    """Bring every neuron to the end of a step in which some cross, in place.

    Parameters
    ----------
    neurons
        At the last grouping; on return at the end of the step.
    trial : PatternGroups
        At the end of the step.
    crossed : Crossed
    vector : float64[q + 2]
        Workspace.
    """
    z, log_scale, state = neurons.z, neurons.log_scale, neurons.state
    gather(neurons, trial, z, log_scale, vector)
    for i in range(crossed.total[0]):
        j = crossed.neuron[i]
        log_scale[j] = crossed.log_scale[i]
        for c in range(z.shape[1]):
            z[j, c] = crossed.z[i, c]
        for k in range(state.shape[1]):
            state[j, k] = crossed.state[i, k]


@inlined
def fraction_to_keep(crossed, allowed):
    """The fraction of the step to which it must be cut because of its events, infinite if it stands.

    A crossing changes the derivative of dr/dt, or dr/dt itself, at one instant; the step's polynomial is smooth
    there. The crossings of tiny neurons have no effect and are ignored; the step is cut at the first one with
    which the sum of the ignored errors exceeds ``allowed``.
    """
    total = ignored_error_until(np.inf, crossed)
    if total <= allowed:
        return np.inf
    low, high = 0.0, 1.0
    for _ in range(ROOT_STEPS):
        middle = 0.5 * (low + high)
        if ignored_error_until(middle, crossed) > allowed:
            high = middle
        else:
            low = middle
    # A millionth of the rest beyond it, so that the repeated step sees it happen; and no shorter than is needed
    # for events at the very start, whose errors shrink with the step.
    cut = max(high + 1e-6 * (1.0 - high), 0.5 * allowed / total)
    return cut if cut < 1.0 - 1e-6 else np.inf


@jitted
def ignored_error_until(time, crossed):
    """The sum of the ignored errors of the neurons whose first event is at ``time`` or before."""
    total = 0.0
    for i in range(crossed.total[0]):
        if crossed.first[i] <= time:
            total += crossed.ignored_error[i]
    return total
