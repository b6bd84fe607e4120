"""The network at any instant: it is carried on from a step's start, under the residual that was assumed there."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.propagation.bernstein import slope_at, write_cubic
from pipeline.flow.gram.accepting import accept, along, keep_imbalance, write_weights
from pipeline.flow.gram.compiling import allocating, entry_point, inner, scanning
from pipeline.flow.gram.network import SLIDING, Network
from pipeline.flow.gram.neuron import MARGIN
from pipeline.flow.gram.sliding import exchange
from pipeline.flow.gram.sweep import (
    ONE_BOOST,
    boost_all,
    carry,
    copy_start,
    join_impulses,
    write_active_impulse,
    write_impulses,
    write_residual,
)

OFF_STATE, ON_STATE, SLIDING_STATE = 1, 2, 3
"""The states as the trajectory has them."""
SHORT = 0.2
"""The part of a step up to which one boost is as good as two."""


class Seen(NamedTuple):
    """What is read at each instant.

    direction : float64[times, m, q]
    log_norm, output_ratio : float64[times, m]
    state : int8[times, m, n]
    residual : float64[times, n]
    gradient_norm : float64[times]
    """

    direction: np.ndarray
    log_norm: np.ndarray
    output_ratio: np.ndarray
    state: np.ndarray
    residual: np.ndarray
    gradient_norm: np.ndarray


def make_seen(times: int, network: Network) -> Seen:
    """Room for so many instants."""
    (m, q), n = network.w.shape, network.g.shape[1]
    states = np.zeros((times, m, n), dtype=np.int8)
    log_norm, output_ratio = np.zeros((2, times, m))
    return Seen(np.zeros((times, m, q)), log_norm, output_ratio, states, np.zeros((times, n)), np.zeros(times))


@scanning
def write_states(side, state):
    """Write one neuron's states."""
    for k in range(side.shape[0]):
        state[k] = ON_STATE if side[k] > 0.0 else (OFF_STATE if side[k] < 0.0 else SLIDING_STATE)


@inner
def hold(j, data, sweep, impulse):
    """Project D_j off the points along which the neuron slides, as far as they hold it."""
    trial, corner, count, d = sweep.trial, sweep.corner, 0, sweep.trial.force[j]
    for k in range(impulse.shape[0]):
        if trial.side[j, k] == SLIDING and impulse[k] < 0.0 and count < corner.point.shape[0] - 1:
            corner.point[count], corner.place[count] = k, SLIDING
            corner.limit[count], corner.off[count] = -(1.0 - data.slope) * impulse[k], along(d, data.x[k])
            count += 1
    if count > 0:
        exchange(count, data.gram, corner)
    for i in range(count):
        x = data.x[corner.point[i]]
        for c in range(d.shape[0]):
            d[c] -= corner.found[i] * x[c]


@allocating
def gradient_norm(data, network, sweep, direction):
    """|grad L| at the trial: of neuron j it is (a_j D_j, <D_j, w_j>), with |w_j|^2 = a_j^2 - c."""
    trial, n, total = sweep.trial, sweep.residual.shape[0], 0.0
    for k in range(n):
        sweep.signed[0, k], sweep.signed[1, k] = sweep.residual[k] / n, -sweep.residual[k] / n
    for j in range(network.sign.shape[0]):
        impulse = sweep.signed[0 if trial.sign[j] > 0.0 else 1]
        write_active_impulse(trial.side[j], impulse, data.slope, trial.active_impulse[j])
    np.dot(trial.active_impulse, data.x, trial.force)
    for j in range(network.sign.shape[0]):
        hold(j, data, sweep, sweep.signed[0 if trial.sign[j] > 0.0 else 1])
        d, w = trial.force[j], direction[j]
        unit, turning = exp(2.0 * network.log_norm[j]), along(d, w) ** 2
        total += unit * trial.size[j] ** 2 * (along(d, d) + turning) - unit * network.imbalance[j] * turning
    return sqrt(total)


@allocating
def look(data, network, sweep, seen, place):
    """Write all of one instant: the trial's."""
    trial = sweep.trial
    write_weights(data, network, sweep, True)
    for j in range(network.w.shape[0]):
        w = trial.force[j]
        square = along(w, w)
        stretch, output = keep_imbalance(square, trial.size[j], network.imbalance[j])
        size = sqrt(square)
        seen.log_norm[place, j] = network.log_norm[j] + log(stretch * size)
        seen.output_ratio[place, j] = trial.sign[j] * sqrt(output) / (stretch * size)
        for c in range(w.shape[0]):
            seen.direction[place, j, c] = w[c] / size
        write_states(trial.side[j], seen.state[place, j])
    write_residual(data, network, sweep)
    for k in range(seen.residual.shape[1]):
        seen.residual[place, k] = sweep.residual[k]
    seen.gradient_norm[place] = gradient_norm(data, network, sweep, seen.direction[place])


@allocating
def go_on(data, network, sweep, length, part):
    """Carry the trial through a part (from, to) of a step of this length.

    Through a short one by a single boost, whose error goes with the third power of the part.
    """
    write_impulses(part, length, sweep)
    if part[1] - part[0] <= SHORT or sweep.motion[MARGIN] >= ONE_BOOST:
        join_impulses(sweep.impulses)
        boost_all(data, network, sweep, 0)
    else:
        boost_all(data, network, sweep, 0)
        boost_all(data, network, sweep, 1)


@inner
def write_assumed(record, step, curve):
    """Write the residual under which the network was carried through a step."""
    length, known, assumed = record.length[step], record.curve[step], record.assumed[step]
    for k in range(curve.shape[1]):
        start = known[0, k], slope_at(known, k, 0.0, length)
        write_cubic(curve, k, start, (assumed[0, k], assumed[1, k]), length)


@entry_point
def read_steps(data, network, sweep, asked, seen):
    """Read the network at some times.

    Parameters
    ----------
    data : Data
    network : Network
        At the record's start; it is carried along.
    sweep : Sweep
    asked : (Record, float64[times])
        The steps, and times of the solver, increasing. Past the record's end the network rests.
    seen : Seen
    """
    record, times = asked
    np.dot(network.w, data.x.T, network.g)
    for j in range(network.g.shape[0]):
        for k in range(network.g.shape[1]):
            if network.side[j, k] == SLIDING:
                network.g[j, k] = 0.0
    done, count = 0, times.shape[0]
    for i in range(record.time.shape[0]):
        write_assumed(record, i, sweep.curve)
        length, since = record.length[i], 0.0
        copy_start(network, sweep, 0, len(network.sign))
        while done < count and times[done] < record.time[i] + length:
            s = (times[done] - record.time[i]) / length
            if s > since:
                go_on(data, network, sweep, length, (since, s))
                since = s
            look(data, network, sweep, seen, done)
            done += 1
        if done == count:
            return
        write_impulses((0.0, 1.0), length, sweep)
        carry(data, network, sweep)
        accept(data, network, sweep, False)
    copy_start(network, sweep, 0, len(network.sign))
    while done < count:
        look(data, network, sweep, seen, done)
        done += 1
