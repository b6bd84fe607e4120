"""What crossings do to a neuron's path within the step, and which of them are the beginning of sliding.

A crossing at t_c has n D jump by J = +-r_k x_k; of the force the steps know its moments alone, so their path is
a smooth one where the true path has a corner. The difference is a sum over the neuron's crossings,

    (h a / n) [ sum over those before t of (J (t - t_c) + J' (t - t_c)^2/2) - sum_i L_i(t) P_i ],
    P_i = (1/b_i) sum of int_{t_c}^1 (J + J' (t - t_c)) l_i

and it moves the neuron's later crossings in the step: without it the method would be of order 1 only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.compiling import inlined, inner
from pipeline.flow.collocation.events import CHANGE, JUMP, NUMBERS, TIME
from pipeline.flow.collocation.pairs import row_at
from pipeline.flow.collocation.sweep import SLOPE, N, corner_moment


class CornerWork(NamedTuple):
    """Workspace.

    order : int64[most]
        The events, neuron after neuron, each neuron's by time.
    first : int64[m + 1]
        Where each neuron's begin.
    bucket, spare : int64[max(most, m) + 2], int64[most]
    smeared : float64[s, d]
        P_i.
    sums : float64[2, d]
        Sum of J, and of J t_c, over the crossings so far.
    basis : float64[d, d]
        Of the span of the points along which a neuron slides.
    free : float64[d]
        What is left of a point in the boundaries along which a neuron slides.
    bends : float64[4, d]
        Sum of J', J' t_c, J' t_c^2 and J t_c^2 over the crossings so far.
    speed, there, moment : float64[s]
        <D_off, x_k> at the nodes; the nodes' polynomials at some time; integrals over the time that is slid.
    pressed : float64[s]
        <P_i, x_k>.
    values, path : float64[s + 1]
        A pair's preactivations, and their polynomial.
    """

    order: np.ndarray
    first: np.ndarray
    bucket: np.ndarray
    spare: np.ndarray
    smeared: np.ndarray
    sums: np.ndarray
    basis: np.ndarray
    free: np.ndarray
    bends: np.ndarray
    speed: np.ndarray
    there: np.ndarray
    moment: np.ndarray
    pressed: np.ndarray
    values: np.ndarray
    path: np.ndarray


def make_corner_work(stages: int, m: int, d: int, most: int) -> CornerWork:
    """Room for ``most`` events."""
    order, spare = np.zeros((2, most), dtype=np.int64)
    first, bucket = np.zeros(m + 1, dtype=np.int64), np.zeros(max(most, m) + 2, dtype=np.int64)
    return CornerWork(
        order, first, bucket, spare, np.zeros((stages, d)), np.zeros((2, d)), np.zeros((d, d)), np.zeros(d),
        np.zeros((4, d)), *np.zeros((4, stages)), *np.zeros((2, stages + 1)),
    )  # fmt: skip


@inlined
def write_basis(time, tableau, there):
    """Write the nodes' polynomials at a time."""
    s = len(tableau.nodes)
    for l in range(s):
        there[l] = row_at(tableau.basis, l, s - 1, time)


@inlined
def write_speed(e, points, tableau, force, now, speed):
    """Write <D, x_k> at the nodes as it would be with the point off for this neuron."""
    j, k, event, s = now.neuron[e], now.point[e], now.values[e], len(tableau.nodes)
    share, x = points.square[k] / points.about[N], points.rows[k]
    for l in range(s):
        total, push = -share * (event[NUMBERS + l] + event[NUMBERS + 2 * s + l]), force[l, j]
        for c in range(x.shape[0]):
            total += push[c] * x[c]
        speed[l] = total


@inlined
def read_event(e, points, tableau, now, work):
    """Read an event at the time of ``work.there``.

    Returns
    -------
    off : float
        <D, x_k>, if the point were off for this neuron.
    there : float
        By how much n D jumps, over x_k, if the point goes on.
    """
    event, s = now.values[e], len(tableau.nodes)
    off, there = 0.0, 0.0
    for l in range(s):
        off += work.there[l] * work.speed[l]
        there += work.there[l] * event[NUMBERS + s + l]
    return off, (1.0 - points.about[SLOPE]) * there


@inlined
def output_at(e, tableau, network, now, work):
    """The neuron's a at the time of ``work.there``."""
    output = 0.0
    for l in range(len(tableau.nodes)):
        output += work.there[l] * network.a[l, now.neuron[e]]
    return output


@inner
def sort_events(now, work):
    """Order the events by neuron, and each neuron's by time."""
    count, m = now.number[0], work.first.shape[0] - 1
    first, order, bucket, spare = work.first, work.order, work.bucket, work.spare
    for j in range(m + 1):
        first[j] = 0
    for e in range(count):
        first[now.neuron[e] + 1] += 1
    for j in range(m):
        first[j + 1] += first[j]
    for j in range(m):
        bucket[j] = first[j]
    for e in range(count):
        j = now.neuron[e]
        spare[bucket[j]] = e
        bucket[j] += 1
    for j in range(m):
        begin, end = first[j], first[j + 1]
        length = end - begin
        for b in range(length + 1):
            bucket[b] = 0
        for i in range(begin, end):
            bucket[min(int(now.values[spare[i], TIME] * length), length - 1) + 1] += 1
        for b in range(length):
            bucket[b + 1] += bucket[b]
        for i in range(begin, end):
            b = min(int(now.values[spare[i], TIME] * length), length - 1)
            order[begin + bucket[b]] = spare[i]
            bucket[b] += 1
        for i in range(begin + 1, end):
            e, place = order[i], i
            while place > begin and now.values[order[place - 1], TIME] > now.values[e, TIME]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = e


@inlined
def begin_neuron(work):
    """Empty the sums of a neuron."""
    s, d = work.smeared.shape
    for c in range(d):
        work.sums[0, c], work.sums[1, c] = 0.0, 0.0
        work.bends[0, c], work.bends[1, c], work.bends[2, c] = 0.0, 0.0, 0.0
        for i in range(s):
            work.smeared[i, c] = 0.0


@inlined
def goes_on(e, now):
    """Whether this event's pair had one in the step already: the moments of all stand with the first."""
    return e > 0 and now.point[e - 1] == now.point[e] and now.neuron[e - 1] == now.neuron[e]


@inlined
def smear(e, points, tableau, now, work):
    """Add a pair's events to P_i."""
    if goes_on(e, now):
        return
    event, x = now.values[e], points.rows[now.point[e]]
    s, d = len(tableau.nodes), x.shape[0]
    for i in range(s):
        moment, row = corner_moment(event, i, tableau, points.about[SLOPE]), work.smeared[i]
        for c in range(d):
            row[c] += moment * x[c]


@inlined
def smear_all(j, points, tableau, now, work):
    """Write P_i of neuron j."""
    for place in range(work.first[j], work.first[j + 1]):
        if now.values[work.order[place], TIME] > 0.0:
            smear(work.order[place], points, tableau, now, work)


@inlined
def pass_corner(e, points, now, work):
    """Take a crossing into the sums over those that have been."""
    jumps, moments, x = work.sums[0], work.sums[1], points.rows[now.point[e]]
    jump, change, time = now.values[e, JUMP], now.values[e, CHANGE], now.values[e, TIME]
    moment = jump * time
    once, twice = change * time, change * time * time
    for c in range(x.shape[0]):
        jumps[c] += jump * x[c]
        moments[c] += moment * x[c]
        work.bends[0, c] += change * x[c]
        work.bends[1, c] += once * x[c]
        work.bends[2, c] += twice * x[c]


@inlined
def look_at_corners(e, points, tableau, now, work):
    """Write what the corners of the neuron's other pairs have done to its path at an event.

    Returns
    -------
    speed, way : float
        What they add there to n <D, x_k>, and to its integral, in units of the step.
    """
    event, k = now.values[e], now.point[e]
    x, time, jumps, moments = points.rows[k], event[TIME], work.sums[0], work.sums[1]
    s, square, first = len(tableau.nodes), points.square[k], e
    while goes_on(first, now):
        first -= 1
    speed, way, bends = 0.0, 0.0, work.bends
    for c in range(x.shape[0]):
        turned = time * bends[0, c] - bends[1, c]
        speed += (jumps[c] + turned) * x[c]
        way += (time * jumps[c] - moments[c] + 0.5 * (time * (turned - bends[1, c]) + bends[2, c])) * x[c]
    for own in range(first, e):
        past = time - now.values[own, TIME]
        turned = now.values[own, CHANGE] * past
        speed -= (now.values[own, JUMP] + turned) * square
        way -= (now.values[own, JUMP] + 0.5 * turned) * past * square
    for i in range(s):
        smeared, row = 0.0, work.smeared[i]
        for c in range(x.shape[0]):
            smeared += row[c] * x[c]
        if time > 0.0:
            smeared -= corner_moment(now.values[first], i, tableau, points.about[SLOPE]) * square
        speed -= row_at(tableau.basis, i, s - 1, time) * smeared
        way -= row_at(tableau.integral, i, s, time) * smeared
    return speed, way
