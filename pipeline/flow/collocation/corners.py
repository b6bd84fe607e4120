"""What crossings do to a neuron's path within the step, and which of them are the beginning of sliding.

A crossing at t_c has n D jump by J = +-r_k x_k; of the force the steps know its moments alone, so their path is
a smooth one where the true path has a corner. The difference is a sum over the neuron's crossings,

    (h a / n) [ sum over those before t of J (t - t_c) - sum_i L_i(t) P_i ],
    P_i = (1/b_i) sum of J int_{t_c}^1 l_i

and it moves the neuron's later crossings in the step: without it the method would be of order 1 only.

Where both sides of a boundary push a neuron towards it, it slides (Filippov): from there on the point pushes with
that share theta of its residual that holds the neuron at the boundary, -n <D_off, x_k> / (r_k |x_k|^2), until
theta leaves [0, 1].
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.events import JUMP, NUMBERS, PLAN, PLAN_AFTER, SHIFT, TIME, UNTIL, UP
from pipeline.flow.collocation.pairs import row_at
from pipeline.flow.collocation.sweep import CARE, SLOPE, N

ROUNDS = 60
"""Of the forces that hold neurons at several boundaries at once, at most."""
SETTLED = 1e-14
"""The change of such a force, over the largest, at which they are found."""
LOOKS = 16
"""In how many places of a step the share theta is looked at."""
HALVINGS = 30
"""By which the end of sliding is found between two of them."""


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
    speed, there, moment : float64[s]
        <D_off, x_k> at the nodes; the nodes' polynomials at some time; integrals over the time that is slid.
    """

    order: np.ndarray
    first: np.ndarray
    bucket: np.ndarray
    spare: np.ndarray
    smeared: np.ndarray
    sums: np.ndarray
    speed: np.ndarray
    there: np.ndarray
    moment: np.ndarray


def make_corner_work(stages: int, m: int, d: int, most: int) -> CornerWork:
    """Room for ``most`` events."""
    order, spare = np.zeros((2, most), dtype=np.int64)
    first, bucket = np.zeros(m + 1, dtype=np.int64), np.zeros(max(most, m) + 2, dtype=np.int64)
    return CornerWork(
        order, first, bucket, spare, np.zeros((stages, d)), np.zeros((2, d)), *np.zeros((3, stages)),
    )  # fmt: skip


@inner
def write_basis(time, tableau, there):
    """Write the nodes' polynomials at a time."""
    s = len(tableau.nodes)
    for l in range(s):
        there[l] = row_at(tableau.basis, l, s - 1, time)


@inner
def write_speed(e, points, tableau, force, now, speed):
    """Write <D, x_k> at the nodes as it would be with the point off for this neuron."""
    j, k, event, s = now.neuron[e], now.point[e], now.values[e], len(tableau.nodes)
    share, x = points.square[k] / points.about[N], points.rows[k]
    for l in range(s):
        total, push = -share * (event[NUMBERS + l] + event[NUMBERS + 2 * s + l]), force[l, j]
        for c in range(x.shape[0]):
            total += push[c] * x[c]
        speed[l] = total


@inner
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


@inner
def output_at(e, tableau, network, now, work):
    """The neuron's a at the time of ``work.there``."""
    output = 0.0
    for l in range(len(tableau.nodes)):
        output += work.there[l] * network.a[l, now.neuron[e]]
    return output


@inner
def hold(e, points, tableau, network, now, work):
    """Add the force that holds a sliding neuron at a boundary.

    Returns
    -------
    change, size : float
        Of n D, over x_k.
    """
    speed, there, event = work.speed, work.there, now.values[e]
    write_speed(e, points, tableau, network.force, now, speed)
    j, k, n, s = now.neuron[e], now.point[e], points.about[N], len(tableau.nodes)
    low, high = event[TIME], event[UNTIL]
    moment = work.moment
    for i in range(s):
        moment[i] = 0.0
    for place in range(len(tableau.places)):
        write_basis(low + (high - low) * tableau.places[place], tableau, there)
        value = 0.0
        for l in range(s):
            value += there[l] * speed[l]
        for i in range(s):
            moment[i] += (high - low) * tableau.shares[place] * there[i] * value
    change, size = 0.0, 0.0
    for i in range(s):
        pushed = -n * moment[i] / (tableau.weights[i] * points.square[k])
        difference = pushed - event[NUMBERS + 2 * s + i]
        event[NUMBERS + 2 * s + i] = pushed
        change, size = max(change, abs(difference)), max(size, abs(pushed))
        for c in range(points.rows.shape[1]):
            network.force[i, j, c] += difference * points.rows[k, c] / n
    return change, size


@inner
def hold_all(points, tableau, network, now, work):
    """Add what holds every sliding neuron, at several boundaries at once too."""
    for _ in range(ROUNDS):
        change, largest = 0.0, 0.0
        for e in range(now.number[0]):
            if now.values[e, UNTIL] > 0.0:
                changed, size = hold(e, points, tableau, network, now, work)
                change, largest = max(change, changed), max(largest, size)
        if change <= SETTLED * largest:
            return


@inner
def share_held(e, time, flow, tableau, now, work):
    """Theta at a time, as -1 (below 0: the point goes off), 0 (slides) or 1 (above 1: it goes on).

    Once the neuron's a has changed its sign both sides push it away, and relu'(0) = 0 decides: off.
    """
    points, network = flow
    write_basis(now.values[e, TIME], tableau, work.there)
    output = output_at(e, tableau, network, now, work)
    write_basis(time, tableau, work.there)
    if output * output_at(e, tableau, network, now, work) < 0.0:
        return -1
    off, there = read_event(e, points, tableau, now, work)
    needed, there = -points.about[N] * off, there * points.square[now.point[e]]
    if there < 0.0:
        needed, there = -needed, -there
    return -1 if needed < 0.0 else 1 if needed > there else 0


@inner
def plan_end(e, points, tableau, network, now, work):
    """Find until when a neuron slides that does from this event on."""
    event = now.values[e]
    start = event[TIME]
    low = start
    for look in range(1, LOOKS + 1):
        high = start + (1.0 - start) * look / LOOKS
        side = share_held(e, high, (points, network), tableau, now, work)
        if side != 0:
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                if share_held(e, middle, (points, network), tableau, now, work) == 0:
                    low = middle
                else:
                    high = middle
            event[PLAN], event[PLAN_AFTER] = high, 1.0 if side > 0 else 0.0
            return
        low = high
    event[PLAN] = 1.0


@inner
def plan_event(e, points, tableau, network, now, work):
    """Decide whether a neuron slides from this event on, and until when; and by how much its force jumps there.

    Returns
    -------
    float
        What n D of the neuron misses of the sliding that has come out, in its time.
    """
    event, k = now.values[e], now.point[e]
    write_speed(e, points, tableau, network.force, now, work.speed)
    write_basis(event[TIME], tableau, work.there)
    off, there = read_event(e, points, tableau, now, work)
    output = output_at(e, tableau, network, now, work)
    on = off + there * points.square[k] / points.about[N]
    event[PLAN], event[PLAN_AFTER] = 0.0, 0.0
    event[JUMP] = there if event[UP] > 0.0 else -there
    if event[UNTIL] > 0.0:
        held = -points.about[N] * off / points.square[k]
        event[JUMP] = held if event[UP] > 0.0 else held - there
    if event[UNTIL] > 0.0 or (output * off > 0.0 and output * on < 0.0):
        plan_end(e, points, tableau, network, now, work)
        return abs(event[PLAN] - event[UNTIL]) * abs(there) * sqrt(points.square[k])
    return 0.0


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


@inner
def corner_moment(event, i, s, slope):
    """How much of n D_i, over x_k, is the corner of an event: what it pushes beside its state before it."""
    before = 0.0 if event[UP] > 0.0 else (1.0 - slope) * event[NUMBERS + s + i]
    return event[NUMBERS + i] + event[NUMBERS + 2 * s + i] - before


@inner
def begin_neuron(work):
    """Empty the sums of a neuron."""
    s, d = work.smeared.shape
    for c in range(d):
        work.sums[0, c], work.sums[1, c] = 0.0, 0.0
        for i in range(s):
            work.smeared[i, c] = 0.0


@inner
def smear(e, points, tableau, now, work):
    """Add an event to P_i."""
    event, x = now.values[e], points.rows[now.point[e]]
    s, d = len(tableau.nodes), x.shape[0]
    for i in range(s):
        moment, row = corner_moment(event, i, s, points.about[SLOPE]), work.smeared[i]
        for c in range(d):
            row[c] += moment * x[c]


@inner
def pass_corner(e, points, now, work):
    """Take a crossing into the sums over those that have been."""
    jumps, moments, x = work.sums[0], work.sums[1], points.rows[now.point[e]]
    jump = now.values[e, JUMP]
    moment = jump * now.values[e, TIME]
    for c in range(x.shape[0]):
        jumps[c] += jump * x[c]
        moments[c] += moment * x[c]


@inner
def shift_crossing(e, scaled, points, tableau, now, work):
    """Write what the neuron's other corners add to its preactivation there; ``scaled`` is h a / n."""
    event, j, k = now.values[e], now.neuron[e], now.point[e]
    x, time, jumps, moments = points.rows[k], event[TIME], work.sums[0], work.sums[1]
    s, d = len(tableau.nodes), x.shape[0]
    alone = (e == 0 or now.point[e - 1] != k or now.neuron[e - 1] != j) and (
        e + 1 == now.number[0] or now.point[e + 1] != k or now.neuron[e + 1] != j
    )
    total = 0.0
    for c in range(d):
        total += (time * jumps[c] - moments[c]) * x[c]
    for i in range(s):
        smeared, row = 0.0, work.smeared[i]
        for c in range(d):
            smeared += row[c] * x[c]
        if alone:
            smeared -= corner_moment(event, i, s, points.about[SLOPE]) * points.square[k]
        total -= row_at(tableau.integral, i, s, time) * smeared
    event[SHIFT] = scaled * total


@inner
def turn_corners(points, tableau, network, step, now, work):
    """Add the forces of sliding; plan what slides in the next sweep, and shift its crossings.

    Returns
    -------
    float
        How far a neuron goes, over its size, for sliding that this sweep did not assume, or assumed too much of.
    """
    missed = 0.0
    hold_all(points, tableau, network, now, work)
    if points.about[CARE] < 2.0:
        for e in range(now.number[0]):
            missed = max(missed, plan_event(e, points, tableau, network, now, work))
            now.values[e, SHIFT] = 0.0
        work.first[:] = 0
        return missed * step / points.about[N]
    sort_events(now, work)
    for j in range(work.first.shape[0] - 1):
        begin, end = work.first[j], work.first[j + 1]
        if begin == end:
            continue
        begin_neuron(work)
        for place in range(begin, end):
            e = work.order[place]
            missed = max(missed, plan_event(e, points, tableau, network, now, work))
            if now.values[e, TIME] > 0.0:
                smear(e, points, tableau, now, work)
        for place in range(begin, end):
            e = work.order[place]
            if now.values[e, TIME] > 0.0:
                write_basis(now.values[e, TIME], tableau, work.there)
                scaled = step * output_at(e, tableau, network, now, work) / points.about[N]
                shift_crossing(e, scaled, points, tableau, now, work)
                pass_corner(e, points, now, work)
    return missed * step / points.about[N]
