"""Dense output: when to look at the trajectory, and what every neuron is doing then.

The record of the steps determines everything (each neuron obeys a linear equation whose coefficient is the
recorded residual), so the run is replayed: the groups are carried along as in the integration, without its
predicting, correcting and refusing, and every neuron is read off at each sample from the start of its step.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.boost import active_sum
from pipeline.flow.exact.carrying import carry_all
from pipeline.flow.exact.compiled import entry, kernel
from pipeline.flow.exact.crossings import cross, find_losers, mark
from pipeline.flow.exact.following import follow
from pipeline.flow.exact.patterns import gather, lump, neuron_from_lump, normalise
from pipeline.flow.exact.record import Record
from pipeline.flow.exact.states import ON

UNIFORM_SHARE = 0.2
"""The share of the samples that is spread evenly over the time; the rest goes where the trajectory moves."""
TAIL_SHARE = 0.1
"""The share that follows the logarithm of the loss: the exponential tail moves nothing but is looked at."""


class Samples(NamedTuple):
    """The network at each sample.

    direction : float64[samples, m, q]
        In the solver's coordinates, unit vectors.
    log_norm : float64[samples, m]
    state : int8[samples, m, n]
    residual : float64[samples, n]
        From the neurons themselves, so that what is stored agrees with itself.
    gradient_norm : float64[samples]
    """

    direction: np.ndarray
    log_norm: np.ndarray
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
    residual = np.concatenate([record.cubic[:1, 0], record.cubic[:, 2]])
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
def replay(neurons, problem, record, times):
    """Read every neuron at each of ``times``.

    Parameters
    ----------
    neurons : Neurons
        At t = 0, as the integration had them.
    problem : Problem
    record : Record
        The steps of that integration.
    times : float64[samples]
        Increasing. Past the record's end the network rests.

    Returns
    -------
    Samples
    """
    m, n = neurons.state.shape
    q = problem.x.shape[1]
    samples = times.shape[0]
    taken = Samples(
        np.empty((samples, m, q)),
        np.empty((samples, m)),
        np.empty((samples, m, n), dtype=np.int8),
        np.empty((samples, n)),
        np.empty(samples),
    )
    lumps = lump(neurons)
    done = np.int64(0)  # a literal 0 would be compiled for once more
    steps = record.time.shape[0]
    for i in range(steps):
        step = record.length[i]
        cubic = (record.cubic[i, 0], record.cubic[i, 1], record.cubic[i, 2], record.cubic[i, 3], step)
        moved = carry_all(lumps, cubic, step, problem)
        losers = find_losers(neurons, lumps, moved.rows, cubic, problem)
        while done < samples and times[done] < record.time[i] + step:
            take_sample(neurons, lumps, losers, cubic, times[done] - record.time[i], problem, taken, done)
            done += 1
        if losers.shape[0] > 0:
            neurons, lumps, _ = cross(neurons, lumps, moved, losers, cubic, problem)
        else:
            lumps = moved
    nothing = np.empty(0, dtype=np.int64)
    rest = np.zeros(n)
    while done < samples:
        take_sample(neurons, lumps, nothing, (rest, rest, rest, rest, 1.0), 0.0, problem, taken, done)
        done += 1
    return taken


@kernel
def take_sample(neurons, lumps, losers, cubic, time, problem, taken, place):
    """Write the network at ``time`` within the step into ``taken`` at ``place``."""
    m, size = neurons.z.shape
    z, log_norm = np.empty((m, size)), np.empty(m)
    gather(neurons, carry_all(lumps, cubic, time, problem), z, log_norm)
    state = neurons.state
    if losers.shape[0] > 0:
        state = state.copy()
        loses = mark(losers, neurons)
        for g in range(lumps.start.shape[0] - 1):
            for i in range(lumps.start[g], lumps.start[g + 1]):
                j = lumps.order[i]
                if loses[j]:
                    log_norm[j] = neuron_from_lump(neurons, lumps, g, i - lumps.start[g], z[j])
                    growth, _, _, _, _ = follow(z[j], neurons.sign[j], state[j], cubic, problem, time)
                    log_norm[j] += growth + normalise(z[j], neurons.sign[j])
    write_sample(z, log_norm, state, problem, taken, place)


@kernel
def write_sample(z, log_norm, state, problem, taken, place):
    """Write one instant: the neurons, what is left to fit, and |grad L|.

    |grad L|^2 = sum_j a_j^2 |D_j|^2 + <D_j, w_j>^2, in a logarithmic unit: near the origin it underflows.
    """
    directions, log_norms, states = taken.direction[place], taken.log_norm[place], taken.state[place]
    residual, x, y = taken.residual[place], problem.x, problem.y
    n, q = x.shape
    reference = -np.inf
    for j in range(z.shape[0]):
        log_norms[j] = log_norm[j]
        reference = max(reference, log_norm[j])
        for c in range(q):
            directions[j, c] = z[j, c]
        for k in range(n):
            states[j, k] = state[j, k]
    for k in range(n):
        residual[k] = y[k]
    for j in range(z.shape[0]):
        weight = z[j, q] * exp(2.0 * log_norm[j])
        for k in range(n):
            if state[j, k] == ON:
                for c in range(q):
                    residual[k] -= weight * z[j, c] * x[k, c]
    square = 0.0
    force = np.empty(q)
    for j in range(z.shape[0]):
        active_sum(state[j], residual, x, force)
        along, size = 0.0, 0.0
        for c in range(q):
            along += force[c] * z[j, c]
            size += force[c] * force[c]
        square += (along * along + size) * exp(2.0 * (log_norm[j] - reference))
    taken.gradient_norm[place] = exp(reference + 0.5 * log(square)) / n if square > 0.0 else 0.0
