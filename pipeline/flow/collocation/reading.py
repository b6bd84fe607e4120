"""The network at any instant: each step that is asked for is done once more, with more nodes.

Within a step the polynomial of s nodes is right to the order s + 1 only, and smooth where the path has corners. So
the force is found again at s + 2 nodes, from the recorded one, with the step's crossings, and a neuron at time t
is that polynomial and the corners before t. At both ends of the step it is what the integration has.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.comparing import copy_force, relative_change
from pipeline.flow.collocation.compiling import entry_point, inlined, inner
from pipeline.flow.collocation.corners import begin_neuron, pass_corner, smear_all
from pipeline.flow.collocation.events import JUMP, PLAN, PLAN_AFTER, TIME, UNTIL, UP
from pipeline.flow.collocation.network import carry
from pipeline.flow.collocation.pairs import row_at, slope_of_row
from pipeline.flow.collocation.products import add_force, multiply
from pipeline.flow.collocation.projection import find_basis, put_on_boundaries, take_out
from pipeline.flow.collocation.releases import pass_releases, pass_while_sliding, slides, smear_while_sliding
from pipeline.flow.collocation.sliding import turn_corners
from pipeline.flow.collocation.sweep import SLOPE, N, sweep

MORE = 4
"""Sweeps more than there have to be, at most."""


class Step(NamedTuple):
    """An accepted step.

    w, a, scale : float64[m, d], float64[m], int64[m]
        At its start; the end is in the same units.
    end_w, end_a : float64[m, d], float64[m]
    force : float64[s, m, d]
    pairs : int64[sliding, 2]
        Neuron and point of each pair that slides at its start.
    length : float
    sweeps : int
        By how many sweeps the force is found again, at least.
    allowed : float
        What the last of them may change of a neuron, over its size, and miss of who slides.
    corrected : bool
        Whether the integration corrected its sweeps: then one sweep finds the crossings, and the force is the
        recorded one.
    """

    w: np.ndarray
    a: np.ndarray
    scale: np.ndarray
    end_w: np.ndarray
    end_a: np.ndarray
    force: np.ndarray
    pairs: np.ndarray
    length: float
    sweeps: int
    allowed: float
    corrected: bool


@inner
def begin_step(step, tableaus, state):
    """Put the network at the step's start, with its force at the finer nodes."""
    coarse, fine = tableaus
    network, held = state.network, state.held
    s, (m, d) = len(coarse.nodes), step.w.shape
    for j in range(m):
        network.start_a[j], network.scale[j] = step.a[j], step.scale[j]
        for c in range(d):
            network.start_w[j, c] = step.w[j, c]
    for i in range(len(fine.nodes)):
        for j in range(m):
            for c in range(d):
                network.force[i, j, c] = 0.0
        for l in range(s):
            weight = row_at(coarse.basis, l, s - 1, fine.nodes[i])
            for j in range(m):
                for c in range(d):
                    network.force[i, j, c] += weight * step.force[l, j, c]
    held.number[0] = step.pairs.shape[0]
    for e in range(step.pairs.shape[0]):
        held.neuron[e], held.point[e] = step.pairs[e, 0], step.pairs[e, 1]
        held.values[e, TIME], held.values[e, UP] = 0.0, 1.0
        held.values[e, PLAN], held.values[e, PLAN_AFTER] = 1.0, 0.0


@inlined
def twice_integrated(table, row, degree, time):
    """The integral from 0 of the polynomial whose coefficients are in one row of a table."""
    value = table[row, degree] / (degree + 1)
    for q in range(degree - 1, -1, -1):
        value = value * time + table[row, q] / (q + 1)
    return value * time


@inner
def add_bend(e, points, now, work):
    """Take a crossing into the sum of J t_c^2."""
    x, moment = points.rows[now.point[e]], now.values[e, JUMP] * now.values[e, TIME] ** 2
    for c in range(x.shape[0]):
        work.bends[3, c] += moment * x[c]


@inlined
def corner_at(c, time, tableau, work):
    """Of what the force is beside its polynomial: the integral from 0 to a time, and the integral of that."""
    s, sums, bends = len(tableau.nodes), work.sums, work.bends
    once = time * sums[0, c] - sums[1, c]
    once += 0.5 * (time * time * bends[0, c] - 2.0 * time * bends[1, c] + bends[2, c])
    twice = 0.5 * (time * time * sums[0, c] - 2.0 * time * sums[1, c] + bends[3, c])
    for i in range(s):
        once -= row_at(tableau.integral, i, s, time) * work.smeared[i, c]
        twice -= twice_integrated(tableau.integral, i, s, time) * work.smeared[i, c]
    return once, twice


@inner
def read_neuron(j, time, points, tableau, state):
    """Write neuron j at a time of the step into ``state.last``; its corners' sums are those before the time.

    With the force D + E, E its corners, a' = <w, D + E> and w' = a (D + E), so that of E there is, by parts,
    a int E - a' int int E in w, and <w, int E> - <w', int int E> in a.
    """
    network, work, into = state.network, state.corners, state.last[j]
    s, d = len(tableau.nodes), points.rows.shape[1]
    step, share = state.clock[0], state.clock[0] / points.about[N]
    output, turn, end = 0.0, 0.0, network.start_a[j]
    for c in range(d):
        into[c] = network.start_w[j, c]
    for i in range(s):
        weight, along = step * row_at(tableau.integral, i, s, time), 0.0
        output += row_at(tableau.basis, i, s - 1, time) * network.a[i, j]
        turn += slope_of_row(tableau.basis, i, s - 1, time) * network.a[i, j]
        for c in range(d):
            along += network.w[i, j, c] * network.force[i, j, c]
            into[c] += weight * network.a[i, j] * network.force[i, j, c]
        end += weight * along
    along = 0.0
    for c in range(d):
        once, twice = corner_at(c, time, tableau, work)
        pushed = 0.0
        for i in range(s):
            pushed += row_at(tableau.basis, i, s - 1, time) * network.force[i, j, c]
        along += share * (once * into[c] - twice * step * output * pushed)
        into[c] += share * (once * output - twice * turn)
    into[d] = end + along


@inner
def restore(into, step, j, time, missed):
    """Let a neuron meet the step's end, and Lemma 1: |a|^2 - |w|^2 is what it was."""
    d = into.shape[0] - 1
    conserved, square = step.a[j] ** 2, 0.0
    for c in range(d + 1):
        into[c] += time * missed[c]
    for c in range(d):
        conserved -= step.w[j, c] ** 2
        square += into[c] ** 2
    if conserved >= 0.0 or into[d] ** 2 >= square:
        into[d] = sqrt(max(conserved + square, 0.0)) * (1.0 if into[d] >= 0.0 else -1.0)
    else:
        scale = sqrt(max(into[d] ** 2 - conserved, 0.0) / square)
        for c in range(d):
            into[c] *= scale


@inner
def pass_before(j, between, flow, now, work):
    """Take neuron j's corners between two times into the sums."""
    points, held = flow[0], slides(j, now, work)
    if held:
        pass_releases(j, between, flow, now, work)
    for place in range(work.first[j], work.first[j + 1]):
        e = work.order[place]
        time = now.values[e, TIME]
        if time > 0.0 and between[0] <= time < between[1]:
            if held:
                pass_while_sliding(e, points, now, work)
            else:
                pass_corner(e, points, now, work)
                add_bend(e, points, now, work)


@inner
def read_times(j, times, points, tableau, state, asked):
    """Write one neuron at all of ``times``.

    Parameters
    ----------
    asked : (Events, Step, float64[times, m, d + 1])
    """
    now, step, into = asked
    work, d, flow = state.corners, points.rows.shape[1], (points, tableau, state.network)
    begin_neuron(work)
    if slides(j, now, work):
        smear_while_sliding(j, flow, now, work)
    else:
        smear_all(j, points, tableau, now, work)
    missed = state.missed
    for turn in range(2):
        work.sums[:], work.bends[:], before = 0.0, 0.0, 0.0
        for t in range(times.shape[0] if turn == 1 else 1):
            time = times[t] if turn == 1 else 1.0
            pass_before(j, (before, time), flow, now, work)
            before = time
            read_neuron(j, time, points, tableau, state)
            if turn == 0:
                for c in range(d):
                    missed[c] = step.end_w[j, c] - state.last[j, c]
                missed[d] = step.end_a[j] - state.last[j, d]
            else:
                restore(state.last[j], step, j, time, missed)
                for c in range(d + 1):
                    into[t, j, c] = state.last[j, c]


@inner
def find_again(points, tableau, state, step):
    """Sweep over a step at the finer nodes until its force is right; return which of the notes the last one wrote.

    Who slides is known one sweep later than that somebody crosses.
    """
    notes, network, which = state.notes, state.network, 1
    for turn in range(step.sweeps + MORE):
        which = 1 - which
        pair = (notes[1 - which], notes[which]) if turn > 0 else (state.held, notes[which])
        copy_force(network.force, state.correction.tried)
        sweep(points, tableau, network, step.length, pair, state.work)
        missed = turn_corners(points, tableau, network, step.length, pair[1], state.corners)
        if step.corrected:
            copy_force(state.correction.tried, network.force)
        carry(network, step.length, tableau, state.system)
        changed = relative_change(network, state.last)
        if turn >= step.sweeps - 1 and missed <= step.allowed and changed <= step.allowed:
            break
    return which


@inner
def read_inside(points, tableaus, state, step, times, into):
    """As :func:`read_step`."""
    values, slides = into
    fine = tableaus[1]
    begin_step(step, tableaus, state)
    state.clock[0] = step.length
    carry(state.network, step.length, fine, state.system)
    now, count = state.notes[find_again(points, fine, state, step)], 0
    for j in range(step.a.shape[0]):
        read_times(j, times, points, fine, state, (now, step, values))
    for t in range(times.shape[0]):
        first = count
        for e in range(now.number[0]):
            event = now.values[e]
            if event[UNTIL] > 0.0 and event[TIME] <= times[t] <= event[UNTIL] and count < slides.shape[0]:
                slides[count, 0], slides[count, 1], slides[count, 2] = t, now.neuron[e], now.point[e]
                count += 1
        hold_there(slides[first:count], points, values[t], state.corners.basis)
    return count


@entry_point
def read_step(points, tableaus, state, step, times, into):
    """Write the network at some instants of a step.

    Parameters
    ----------
    points : Points
    tableaus : (Tableau, Tableau)
        The integration's, and that of more nodes.
    state : State
        Of the latter: workspace.
    step : Step
    times : float64[times]
        In [0, 1] over the step, increasing.
    into : (float64[times, m, d + 1], int64[most, 3])
        The neurons; and who slides: the place in ``times``, neuron, point.

    Returns
    -------
    int
        How many slide.
    """
    return read_inside(points, tableaus, state, step, times, into)


@inner
def hold_there(slides, points, neurons, basis):
    """Put the neurons on the boundaries along which they slide."""
    count = slides.shape[0]
    for j in range(neurons.shape[0] if count > 0 else 0):
        rank = find_basis(j, (slides[:, 1], slides[:, 2], count), points, basis)
        if rank > 0:
            put_on_boundaries(neurons[j, :-1], rank, basis)


@inner
def write_signs(first, points, work, states):
    """Write the states of a block's points: 1 off, 2 on."""
    m, n = states.shape
    for j in range(m):
        row, into = work.start[j], states[j]
        for k in range(min(row.shape[0], n - first)):
            into[first + k] = 2 if row[k] > 0.0 else 1


@inner
def project(force, slides, points, basis):
    """Take what a sliding neuron can't follow out of its force."""
    count = slides.shape[0]
    for j in range(force.shape[1] if count > 0 else 0):
        rank = find_basis(j, (slides[:, 1], slides[:, 2], count), points, basis)
        take_out(force[0, j], rank, basis)


@entry_point
def look(points, neurons, slides, work, into):
    """Look at the network: what is left to fit, who is active where, and |grad L|, which is returned.

    Parameters
    ----------
    points : Points
    neurons : (float64[m, d], float64[m])
        The outputs are those that the labels notice.
    slides : int64[sliding, 3]
        As :func:`read_step` has them, of this instant.
    work : SweepWork
    into : (float64[n], int8[m, n])
        The residual; the states 1 off, 2 on, 3 sliding.
    """
    (w, a), (residual, states) = neurons, into
    (m, d), n = w.shape, residual.shape[0]
    slope, size, left = points.about[SLOPE], work.crossing.shape[0], work.residual[0]
    force, basis = np.zeros((1, m, d)), np.zeros((d, d))
    for block in range(points.columns.shape[0]):
        first = block * size
        multiply(w, points.columns[block], work.start)
        for e in range(slides.shape[0]):
            if first <= slides[e, 2] < first + size:
                work.start[slides[e, 1], slides[e, 2] - first] = 0.0
        write_signs(first, points, work, states)
        for k in range(size):
            left[k] = points.labels[block, k]
        for j in range(m):
            row, output = work.start[j], a[j]
            for k in range(size):
                left[k] -= output * (row[k] if row[k] > 0.0 else slope * row[k])
        for j in range(m):
            row = work.start[j]
            for k in range(size):
                row[k] = left[k] if row[k] > 0.0 else slope * left[k]
        for k in range(min(size, n - first)):
            residual[first + k] = left[k]
        add_force(work.start, points.columns[block], work.force[:m], force)
    for e in range(slides.shape[0]):
        states[slides[e, 1], slides[e, 2]] = 3
    project(force, slides, points, basis)
    total = 0.0
    for j in range(m):
        along, square = 0.0, 0.0
        for c in range(d):
            along += force[0, j, c] * w[j, c]
            square += force[0, j, c] ** 2
        total += along * along + a[j] ** 2 * square
    return sqrt(total) / points.about[N]
