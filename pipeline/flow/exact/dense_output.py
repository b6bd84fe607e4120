"""Dense output: when to look at the trajectory, and what every neuron is doing then.

The record of the steps determines everything (each neuron obeys a linear equation whose coefficient is the
recorded residual), so the run is replayed: the groups are carried along as in the integration, without its
predicting, correcting and refusing, and every neuron is read off at each sample from the start of its step. Where
the step is long beside the rates of fitted labels the recorded residual is right within the step and yet not what
the neurons carried along it give: then it is corrected up to the sample first, as the integration does up to the
step's end (``corrector.interior``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.corrector.interior import carry_within, largest_at_end
from pipeline.flow.exact.corrector.workspace import StepWorkspace, make_step_workspace
from pipeline.flow.exact.events.candidates import find_candidates
from pipeline.flow.exact.events.clearance import subtract_turn
from pipeline.flow.exact.events.crossings import Events, cross, follow_candidates, make_events
from pipeline.flow.exact.machine_code.jit import entry_point, inlined, jitted
from pipeline.flow.exact.network.groups import copy_rows, make_network
from pipeline.flow.exact.propagation.bernstein import SIZE, restrict
from pipeline.flow.exact.propagation.instant import write_sample
from pipeline.flow.exact.propagation.magnus import carry_propagator, carry_trial
from pipeline.flow.exact.propagation.reconstruction import copy_neurons, gather, renew_units
from pipeline.flow.exact.step_record import StepRecord

UNIFORM_SHARE = 0.2
"""The share of the samples that is spread evenly over the time; the rest goes where the trajectory moves."""
AGREEING = 0.1
"""The difference of a sample's residual from the step's polynomial, over what is allowed, that is left there."""
RELATIVE = 0.01
"""The same, over the largest residual, where that is smaller than what is allowed."""
SEVERAL, MUCH = 256, 0.05
"""How many neurons have to cross before a sample, and of how many, as a share of all and summed over samples, to
go on from the sample: each that has crossed since the step's start is followed from there for every sample, and
of 100,000 neurons a fifth cross in a step with 44 samples."""
TAIL_SHARE = 0.1
"""The share that follows the logarithm of the loss: the exponential tail moves nothing but is looked at."""


class Samples(NamedTuple):
    """The network at each sample.

    direction : float64[samples, m, q]
        In the solver's coordinates, unit vectors.
    log_norm, output_ratio : float64[samples, m]
    state : int8[samples, m, n]
    residual : float64[samples, n]
        From the neurons themselves, so that what is stored agrees with itself.
    gradient_norm : float64[samples]
    """

    direction: np.ndarray
    log_norm: np.ndarray
    output_ratio: np.ndarray
    state: np.ndarray
    residual: np.ndarray
    gradient_norm: np.ndarray


def place_samples(record: StepRecord, count: int, label_scale: float, end_time: float | None = None) -> np.ndarray:
    """Times from 0 to the end, dense where the trajectory moves.

    Equal steps of a clock that runs with the movement of the residual and of the groups' directions, with the
    fall of the loss' logarithm, and a little with the time itself.

    Parameters
    ----------
    record
        The steps of an integration.
    count
        How many samples.
    label_scale
        The root mean square of the labels.
    end_time
        Where the last sample goes; the record's end if not given.

    Returns
    -------
    float64[count]
    """
    if len(record.time) == 0:
        return np.linspace(0.0, end_time or 0.0, count)
    edges = np.append(record.time, record.time[-1] + record.length[-1])
    last = edges[-1] if end_time is None else end_time
    residual = np.concatenate([record.curve[:1, 0], record.curve[:, -1]])
    loss = np.mean(residual**2, axis=1) / label_scale**2
    fall = np.abs(np.diff(np.log(np.maximum(loss, 1e-20))))
    clock = (
        (1.0 - UNIFORM_SHARE - TAIL_SHARE) * _share(record.movement)
        + TAIL_SHARE * _share(fall)
        + UNIFORM_SHARE * _share(record.length)
    )
    reading = np.concatenate([[0.0], np.cumsum(clock)])
    if last > edges[-1]:
        extra = UNIFORM_SHARE * (last - edges[-1]) / last
        edges, reading = np.append(edges, last), np.append(reading, reading[-1] + extra)
    times: np.ndarray = np.interp(np.linspace(0.0, reading[-1], count), reading, edges)
    times[0], times[-1] = 0.0, last
    return times


def _share(amount: np.ndarray) -> np.ndarray:
    total = amount.sum()
    return amount / total if total > 0.0 else np.full(len(amount), 1.0 / len(amount))


class Evaluation(NamedTuple):
    """What reading the trajectory works on.

    work, events
        As in the integration.
    part : float64[6, n]
        The residual over the part of a step up to a sample.
    derivative, force, normals : float64[n], float64[q], float64[q + 1, q]
        Workspace: phi' and n D of one neuron, and a basis of the boundaries that it slides along.
    vectors : float64[m, q]
        Of each group: the sum of a_j w_j, then n D.
    mass : float64[m]
        Each neuron's |w|^2, over the largest.
    allowed : float
        The largest error of the residual.
    """

    work: StepWorkspace
    events: Events
    part: np.ndarray
    derivative: np.ndarray
    force: np.ndarray
    normals: np.ndarray
    vectors: np.ndarray
    mass: np.ndarray
    allowed: float


@entry_point
def evaluate(neurons, problem, record, times, first, allowed):
    """Read every neuron at each of ``times``.

    Parameters
    ----------
    neurons : Neurons
        At the start of step ``first``, or at t = 0, as the integration had them.
    problem : Problem
    record : StepRecord
        The steps of that integration.
    times : float64[samples]
        Increasing. Past the record's end the network rests.
    first : int
    allowed : float
        The largest error of the residual, in its own units; infinite for some of the neurons alone, whose residual
        is not the network's.

    Returns
    -------
    Samples
    neurons, first
        From which the later times can be read.
    """
    neurons, samples = copy_neurons(neurons), times.shape[0]
    taken, own = empty_samples(neurons, problem, samples), make_evaluation(neurons, problem, allowed)
    network, vector = make_network(neurons, problem), own.events.work.group.vector
    done = np.int64(0)  # a literal 0 would be compiled for once more
    while first < record.time.shape[0] and done < samples:
        step, curve = record.length[first], record.curve[first]
        base, since, followed = network, 0.0, 0
        while done < samples and times[done] < record.time[first] + step:
            s = max((times[done] - record.time[first]) / step, since)
            evaluate_sample(base, (curve, step), (since, s), own, (taken, done))
            done += 1
            crossed = own.events.crossed.total[0]
            followed += crossed
            if crossed > SEVERAL and followed > MUCH * neurons.sign.shape[0]:
                moved = copy_neurons(base.neurons)
                cross(moved, base.trial, own.events.crossed, vector)
                base, since, followed = make_network(moved, problem), s, 0
        if done == samples:
            break
        if repeat_step(network, curve, step, own.events, record.regrouped[first]):
            cross(neurons, network.trial, own.events.crossed, vector)
            network = make_network(neurons, problem)
        first += 1
    own.events.crossed.total[0] = 0
    while done < samples:
        write_sample(network, network.groups, own, taken, done)
        done += 1
    gather(neurons, network.groups, neurons.z, neurons.log_scale, vector)
    return taken, neurons, first


@inlined
def empty_samples(neurons, problem, samples):
    """Samples that are still to be written."""
    (m, n), q = neurons.state.shape, problem.x.shape[1]
    return Samples(
        direction=np.empty((samples, m, q)),
        log_norm=np.empty((samples, m)),
        output_ratio=np.empty((samples, m)),
        state=np.empty((samples, m, n), dtype=np.int8),
        residual=np.empty((samples, n)),
        gradient_norm=np.empty(samples),
    )


@inlined
def make_evaluation(neurons, problem, allowed):
    """Allocate what reading the trajectory works on."""
    (m, n), q = neurons.state.shape, problem.x.shape[1]
    return Evaluation(
        work=make_step_workspace(problem),
        events=make_events(neurons, problem),
        part=np.empty((SIZE, n)),
        derivative=np.empty(n),
        force=np.empty(q),
        normals=np.empty((q + 1, q)),
        vectors=np.empty((m, q)),  # memory that is touched only as far as there are groups
        mass=np.empty(m),
        allowed=allowed,
    )


@jitted
def repeat_step(network, curve, step, events, regrouped):
    """Carry the groups through a recorded step; return whether the neurons have to be read back and grouped anew.

    That is so where some have events, which are not crossed yet, and where the integration has ``regrouped``. Then
    ``trial`` is at the step's end, else ``groups``.
    """
    carry_trial(network, curve, step)
    crossed, events.crossed.total[0] = 0, 0
    if find_candidates(network, curve, step, events.candidates, events.work) > 0:
        crossed = follow_candidates(network, curve, step, events)
    if crossed > 0 or regrouped:
        return True
    subtract_turn(network.groups, curve, step, network.problem)
    copy_rows(network.trial, network.groups)
    renew_units(network.groups)
    return False


@jitted
def evaluate_sample(network, over, fractions, own, into):
    """Write the network after a fraction of a step.

    Parameters
    ----------
    network : Network
        At the first of the fractions; ``trial`` is workspace.
    over : (curve, step)
        The step's residual, float64[6, n], and its length.
    fractions : (float, float)
        Of the step: where the network is, and where it is looked at.
    own : Evaluation
    into : (Samples, int)
        Which sample is written.
    """
    trial, events, part = network.trial, own.events, own.part
    length = (fractions[1] - fractions[0]) * over[1]
    restrict(over[0], fractions[0], fractions[1], part)
    apart = AGREEING * own.allowed
    if apart < np.inf:
        apart = min(apart, RELATIVE * largest_at_end(part))
    carry_within(network, part, length, apart, own.work)
    carry_propagator(network.groups, network.motion.impulses, trial.propagator, trial.propagator_logs)
    events.crossed.total[0] = 0
    if length > 0.0 and find_candidates(network, part, length, events.candidates, events.work) > 0:
        follow_candidates(network, part, length, events)
    write_sample(network, trial, own, into[0], into[1])
