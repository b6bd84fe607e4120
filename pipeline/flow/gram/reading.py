"""The network at any instant: it is carried on from a step's start, under the residual that was assumed there."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.propagation.bernstein import SIZE, slope_at, write_cubic
from pipeline.flow.gram.accepting import accept
from pipeline.flow.gram.compiling import allocating, entry_point, inner
from pipeline.flow.gram.network import ON, SLIDING, Network
from pipeline.flow.gram.sweep import carry, copy_start, write_impulses, write_residual, write_slope

OFF_STATE, ON_STATE, SLIDING_STATE = 1, 2, 3
"""The states as the trajectory has them."""


class Seen(NamedTuple):
    """What is read at each instant.

    direction : float64[times, m, q]
    log_norm : float64[times, m]
    state : int8[times, m, n]
    residual : float64[times, n]
    gradient_norm : float64[times]
    """

    direction: np.ndarray
    log_norm: np.ndarray
    state: np.ndarray
    residual: np.ndarray
    gradient_norm: np.ndarray


def make_seen(times: int, network: Network) -> Seen:
    """Room for so many instants."""
    (m, q), n = network.w.shape, network.g.shape[1]
    states = np.zeros((times, m, n), dtype=np.int8)
    return Seen(np.zeros((times, m, q)), np.zeros((times, m)), states, np.zeros((times, n)), np.zeros(times))


@inner
def copy_network(source, target):
    """Copy all that changes."""
    (m, q), n = source.w.shape, source.g.shape[1]
    for j in range(m):
        target.log_norm[j] = source.log_norm[j]
        for c in range(q):
            target.w[j, c] = source.w[j, c]
        for k in range(n):
            target.g[j, k], target.side[j, k] = source.g[j, k], source.side[j, k]


@inner
def write_states(network, seen, place):
    """Write the neurons of one instant."""
    (m, q), n = network.w.shape, network.g.shape[1]
    for j in range(m):
        seen.log_norm[place, j] = network.log_norm[j]
        for c in range(q):
            seen.direction[place, j, c] = network.w[j, c]
        for k in range(n):
            side = network.side[j, k]
            seen.state[place, j, k] = ON_STATE if side == ON else SLIDING_STATE if side == SLIDING else OFF_STATE


@allocating
def look(data, network, sweep, seen, place):
    """Write all of one instant."""
    write_states(network, seen, place)
    copy_start(network, sweep.trial)
    write_residual(data, network, sweep)
    for k in range(seen.residual.shape[1]):
        seen.residual[place, k] = sweep.residual[k]
    _, _, square = write_slope(data, network, sweep)
    seen.gradient_norm[place] = sqrt(square)


@allocating
def go_on(data, network, sweep, over, part):
    """Carry the network through a part (from, to) of a step (curve, length)."""
    write_impulses(over[0], part, over[1], sweep.impulses)
    carry(data, network, sweep)
    accept(data, network, sweep)


@inner
def write_assumed(record, step, curve):
    """Write the residual under which the network was carried through a step."""
    length, known, assumed = record.length[step], record.curve[step], record.assumed[step]
    for k in range(curve.shape[1]):
        start = known[0, k], slope_at(known, k, 0.0, length)
        write_cubic(curve, k, start, (assumed[0, k], assumed[1, k]), length)


@entry_point
def read_steps(data, networks, sweep, asked, seen):
    """Read the network at some times.

    Parameters
    ----------
    data : Data
    networks : (Network, Network)
        At the record's start, and workspace; the first is carried along.
    sweep : Sweep
    asked : (Record, float64[times])
        The steps, and times of the solver, increasing. Past the record's end the network rests.
    seen : Seen
    """
    network, apart = networks
    record, times = asked
    np.dot(network.w, data.x.T, network.g)
    for j in range(network.g.shape[0]):
        for k in range(network.g.shape[1]):
            if network.side[j, k] == SLIDING:
                network.g[j, k] = 0.0
    done, count, curve = 0, times.shape[0], np.empty((SIZE, data.x.shape[0]))
    for i in range(record.time.shape[0]):
        write_assumed(record, i, curve)
        over, since, copied = (curve, record.length[i]), 0.0, False
        while done < count and times[done] < record.time[i] + record.length[i]:
            if not copied:
                copy_network(network, apart)
                copied = True
            s = (times[done] - record.time[i]) / record.length[i]
            if s > since:
                go_on(data, apart, sweep, over, (since, s))
                since = s
            look(data, apart, sweep, seen, done)
            done += 1
        if done == count:
            return
        go_on(data, network, sweep, over, (0.0, 1.0))
    while done < count:
        look(data, network, sweep, seen, done)
        done += 1
