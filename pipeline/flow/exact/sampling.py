"""Dense output: when to look at the trajectory, and what every neuron is doing then.

The record of the steps determines everything (each neuron obeys a linear equation whose coefficient is the
recorded residual), so the run is replayed: the groups are carried along as in the integration, without its
predicting, correcting and refusing, and every neuron is read off at each sample from the start of its step. Where
the step is long beside the rates of fitted labels the recorded residual is right within the step and yet not what
the neurons carried along it give: then it is corrected up to the sample first, as the integration does up to the
step's end (:mod:`pipeline.flow.exact.interior`).
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.attempt import fit_room, make_room
from pipeline.flow.exact.boost import active_sum, project
from pipeline.flow.exact.carrying import carry_all, carry_columns
from pipeline.flow.exact.clearance import spend
from pipeline.flow.exact.compiled import allocating, entry, kernel
from pipeline.flow.exact.crossings import cross, follow_movers, lay_lists
from pipeline.flow.exact.curve import restrict
from pipeline.flow.exact.desk import lay_desk
from pipeline.flow.exact.interior import carry_within, largest_at_end
from pipeline.flow.exact.marking import find_movers
from pipeline.flow.exact.pattern import find_normals, read_gain
from pipeline.flow.exact.patterns import beside, lump
from pipeline.flow.exact.reading import copy_neurons, gather
from pipeline.flow.exact.record import Record

UNIFORM_SHARE = 0.2
"""The share of the samples that is spread evenly over the time; the rest goes where the trajectory moves."""
AGREEING = 0.1
"""The difference of a sample's residual from the step's polynomial, over what is allowed, that is left there."""
RELATIVE = 0.01
"""The same, over the largest residual, where that is smaller than what is allowed."""
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


def place_samples(record: Record, count: int, label_scale: float, end_time: float | None = None) -> np.ndarray:
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


@entry
def replay(neurons, problem, record, times, first, allowed):
    """Read every neuron at each of ``times``.

    Parameters
    ----------
    neurons : Neurons
        At the start of step ``first``, or at t = 0, as the integration had them.
    problem : Problem
    record : Record
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
    m, n = neurons.state.shape
    q = problem.x.shape[1]
    samples = times.shape[0]
    taken = Samples(
        np.empty((samples, m, q)),
        np.empty((samples, m)),
        np.empty((samples, m)),
        np.empty((samples, m, n), dtype=np.int8),
        np.empty((samples, n)),
        np.empty(samples),
    )
    neurons, desk = copy_neurons(neurons), lay_desk(problem)
    lumps, (marks, found) = lump(neurons, problem), lay_lists(neurons)
    room = make_room(lumps, problem)
    done = np.int64(0)  # a literal 0 would be compiled for once more
    steps = record.time.shape[0]
    while first < steps and (done < samples):
        step, curve = record.length[first], record.curve[first]
        while done < samples and times[done] < record.time[first] + step:
            s = max((times[done] - record.time[first]) / step, 0.0)
            part = np.empty_like(curve)
            restrict(curve, 0.0, s, part)
            take_sample(neurons, lumps, part, s * step, allowed, problem, room, desk, marks, found, taken, done)
            done += 1
        if done == samples:
            break
        moved = carry_all(lumps, curve, step, 1.0, problem)
        crossed = 0
        if find_movers(neurons, lumps, moved, curve, step, problem, desk, marks) > 0:
            crossed = follow_movers(neurons, lumps, moved, curve, step, problem, desk, marks, found)
        if crossed > 0:
            cross(neurons, moved, found, desk.glance)
            lumps = lump(neurons, problem)
            room = fit_room(room, lumps)
        else:
            spend(lumps, curve, step, problem)
            lumps = moved
        first += 1
    gather(neurons, lumps, neurons.z, neurons.log_scale, desk.glance)
    while done < samples:
        write_sample(neurons, problem, desk, taken, done)
        done += 1
    return taken, neurons, first


@allocating
def take_sample(neurons, lumps, part, length, allowed, problem, room, desk, marks, found, taken, place):
    """Write the network after the time ``length`` of a step into ``taken`` at ``place``.

    Parameters
    ----------
    part : float64[6, n]
        The residual over that time; corrected in place.
    """
    moved, there = beside(lumps), copy_neurons(neurons)
    apart = AGREEING * allowed
    if apart < np.inf:
        apart = min(apart, RELATIVE * largest_at_end(part))
    carry_within(lumps, moved, part, length, apart, problem, room)
    carry_columns(lumps, room.pushes, moved.columns, moved.column_logs)
    found.total[0] = 0
    if length > 0.0 and find_movers(neurons, lumps, moved, part, length, problem, desk, marks) > 0:
        follow_movers(neurons, lumps, moved, part, length, problem, desk, marks, found)
    cross(there, moved, found, desk.glance)
    write_sample(there, problem, desk, taken, place)


@kernel
def write_sample(neurons, problem, desk, taken, place):
    """Write one instant: the neurons, what is left to fit, and |grad L|.

    |grad L|^2 = sum_j a_j^2 |D_j|^2 + <D_j, w_j>^2, in a logarithmic unit: near the origin it underflows. D_j
    is the speed of the flow: projected where a neuron slides.
    """
    z, log_scale, state = neurons.z, neurons.log_scale, neurons.state
    directions, log_norms, ratios = taken.direction[place], taken.log_norm[place], taken.output_ratio[place]
    states, residual, x, y = taken.state[place], taken.residual[place], problem.x, problem.y
    n, q = x.shape
    gain, force, normals, reference = desk.gain, desk.push, desk.normals, -np.inf
    for k in range(n):
        residual[k] = y[k]
    for j in range(z.shape[0]):
        square = 0.0
        for c in range(q):
            square += z[j, c] * z[j, c]
        norm = sqrt(square)
        log_norms[j] = log_scale[j] + log(norm)
        ratios[j] = z[j, q] / norm
        reference = max(reference, log_scale[j])
        read_gain(state[j], problem.slope, gain)
        weight = z[j, q] * exp(2.0 * log_scale[j])
        for c in range(q):
            directions[j, c] = z[j, c] / norm
        for k in range(n):
            states[j, k] = state[j, k]
            if gain[k] != 0.0:
                for c in range(q):
                    residual[k] -= weight * gain[k] * z[j, c] * x[k, c]
    total = 0.0
    for j in range(z.shape[0]):
        if read_gain(state[j], problem.slope, gain) > 0:
            active_sum(gain, residual, x, force)
            project(force, normals, np.int64(0), find_normals(state[j], problem, normals, np.int64(0)))
        else:
            active_sum(gain, residual, x, force)
        along, size = 0.0, 0.0
        for c in range(q):
            along += force[c] * z[j, c]
            size += force[c] * force[c]
        total += (along * along + z[j, q] * z[j, q] * size) * exp(2.0 * (log_scale[j] - reference))
    taken.gradient_norm[place] = exp(reference + 0.5 * log(total)) / n if total > 0.0 else 0.0
