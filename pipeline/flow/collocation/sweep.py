"""One sweep over all points: the residual at the nodes of a step, and the force on every neuron.

1. preactivations of a block of points, at the step's start and at its nodes: a product;
2. the residual at the nodes; a pair whose sign differs somewhere on the step is looked at by itself;
3. what every active pair pushes with: the residual, of a crossing pair the moments of its active part;
4. the force on the neurons: a product.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.compiling import inlined, inner
from pipeline.flow.collocation.events import AFTER, NUMBERS, PLAN, PLAN_AFTER, RISE, SHIFT, TIME, UNTIL, UP
from pipeline.flow.collocation.pairs import (
    add_active,
    find_root,
    interpolate,
    row_at,
    shifted_root,
    slope_at,
    value_at,
)
from pipeline.flow.collocation.products import add_force, multiply, sum_products
from pipeline.flow.collocation.residual import push, take_outputs
from pipeline.flow.collocation.rough import sweep_at_nodes

N, SLOPE, SCALE, RESTING, CARE = range(5)
"""Places in ``Points.about``."""
MOST_EVENTS = 4
"""Crossings of one pair in a step."""


class SweepWork(NamedTuple):
    """Workspace of a block; ``most`` is neurons x points of it.

    start, nodes : float64[m, size], float64[s * m, size]
        Preactivations, then what the pairs push with.
    residual : float64[s + 1, size]
        At the nodes; the last row at the step's start.
    bounds : float64[3, size]
        Lowest, highest and last preactivation of one neuron.
    crossing, words : uint8[size], int64[size / 8]
        Whether a neuron's sign differs at a point within the step; the same, eight points a number.
    force : float64[s * m, d]
    pair : int64[most, 4]
        Neuron, place in the block, first event, events.
    found : float64[most, s, s + 2]
        As :func:`pairs.add_active` writes it.
    values, bare, raw, smooth : float64[s + 1]
        One pair's preactivations, without its own corner; and the polynomials of both.
    outputs : float64[s]
    """

    start: np.ndarray
    nodes: np.ndarray
    residual: np.ndarray
    bounds: np.ndarray
    crossing: np.ndarray
    words: np.ndarray
    force: np.ndarray
    pair: np.ndarray
    found: np.ndarray
    values: np.ndarray
    bare: np.ndarray
    raw: np.ndarray
    smooth: np.ndarray
    outputs: np.ndarray


def make_sweep_work(stages: int, m: int, d: int, size: int) -> SweepWork:
    """Room for a block of ``size`` points."""
    s, most = stages, m * size
    values, bare, raw, smooth = np.zeros((4, s + 1))
    words = np.zeros(size // 8, dtype=np.int64)
    return SweepWork(
        np.zeros((m, size)), np.zeros((s * m, size)), np.zeros((s + 1, size)), np.zeros((3, size)),
        words.view(np.uint8), words, np.zeros((s * m, d)), np.zeros((most, 4), dtype=np.int64),
        np.zeros((most, s, s + 2)), values, bare, raw, smooth, np.zeros(s),
    )  # fmt: skip


@inlined
def hide_held(run, first, m, before, work):
    """Put the preactivations of held pairs to 0, which they are: what is left of them is rounding."""
    old, last, j = run
    for e in range(old, last):
        if before.values[e, TIME] == 0.0:
            place = before.point[e] - first
            work.start[j, place] = 0.0
            for i in range(work.residual.shape[0] - 1):
                work.nodes[i * m + j, place] = 0.0


@inlined
def read_pair(pair, run, scaled, tableau, before, work):
    """Write one pair's preactivations, and what they are without the corners of its own crossings.

    Parameters
    ----------
    pair : (j, place, slope)
    run : (first, last)
        Its events in the sweep before.
    scaled : float
        h |x_k|^2 / n.
    """
    j, place, slope = pair
    values, bare, outputs = work.values, work.bare, work.outputs
    s = len(tableau.nodes)
    m = work.start.shape[0]
    values[0] = work.start[j, place]
    bare[0] = values[0]
    for i in range(s):
        values[i + 1] = work.nodes[i * m + j, place]
        bare[i + 1] = values[i + 1]
    event = before.values[run[0]]
    if run[1] > run[0] and event[TIME] > 0.0:
        for l in range(s):
            corner = corner_moment(event, l, tableau, slope)
            for i in range(s):
                bare[i + 1] -= scaled * tableau.inner[i, l] * outputs[l] * corner
        interpolate(values, tableau, work.raw)
        interpolate(bare, tableau, work.smooth)
        return
    interpolate(values, tableau, work.raw)
    for q in range(s + 1):
        work.smooth[q] = work.raw[q]


@inlined
def turned(low, time, value, smooth):
    """Where a parabola turns between two times, and its value there, if its sign is another; else the later."""
    if smooth[2] != 0.0:
        middle = -0.5 * smooth[1] / smooth[2]
        if low < middle < time:
            there = value_at(smooth, 2, middle)
            if (there > 0.0) != (value > 0.0):
                return middle, there
    return time, value


@inlined
def follow_pair(pair, run, tableau, before, now, work):
    """Find one pair's crossings, note them, and write what its active part contributes.

    Parameters
    ----------
    pair : (j, k, row, scaled)
        ``row``: of ``work.found``; ``scaled``: h |x_k|^2 / n, for a unit of what is on beside what is off.
    run : (first, last)
        Its events in the sweep before.
    """
    j, k, row, scaled = pair
    found, outputs, s = work.found[row], work.outputs, len(tableau.nodes)
    for i in range(s):
        for l in range(s + 1):
            found[i, l] = 0.0
    old, last = run
    if last > old and before.values[old, TIME] == 0.0:
        until, after = before.values[old, PLAN], before.values[old, PLAN_AFTER]
        if until < 1.0 and after > 0.0:
            add_active((until, 1.0), work.raw, outputs, tableau, found)
        note((j, k, 0.0, 1.0), (until, after), 0.0, now)
        return
    on, begun, low, value, sample, events = work.bare[0] > 0.0, 0.0, 0.0, work.bare[0], 1, 0
    while sample <= s + 1:
        time = tableau.nodes[sample - 1] if sample <= s else 1.0
        there = value_at(work.smooth, s, time)
        if s == 2 and (there > 0.0) == on:
            time, there = turned(low, time, there, work.smooth)
        if (there > 0.0) == on or events == MOST_EVENTS:
            low, value, sample = time, there, sample + 1
            continue
        root = find_root(work.smooth, s, (low, time), (value, there))
        until, after = 0.0, 0.0
        if old + events < last:
            event = before.values[old + events]
            root = shifted_root(work.smooth, s, root, event[SHIFT], begun)
            until, after = event[PLAN], event[PLAN_AFTER]
        if on:
            add_active((begun, root), work.raw, outputs, tableau, found)
        on, begun, low, value = not on, root, min(root, time), there
        events += 1
        sliding = until if until > root else 0.0, after
        note((j, k, max(root, 1e-300), 1.0 if on else 0.0), sliding, rise_at(root, tableau, work), now)
        if until > root:
            on, begun = after > 0.0, until
            break
        if last > old:
            turn_own_corner(root, scaled if on else -scaled, before.values[old], tableau, work)
    if on and begun < 1.0:
        add_active((begun, 1.0), work.raw, outputs, tableau, found)


@inlined
def corner_moment(event, i, tableau, slope):
    """How much of n D_i, over x_k, is the corner of an event: what it pushes beside its state before it.

    That is its residual, which falls by what the neuron itself does at the point while it is on.
    """
    s, before = len(tableau.nodes), 0.0
    if not event[UP] > 0.0:
        rest = 1.0 - slope
        own = rest * event[RISE] * (tableau.nodes[i] - event[TIME])
        before = rest * (event[NUMBERS + s + i] - own)
    return event[NUMBERS + i] + event[NUMBERS + 2 * s + i] - before


@inlined
def rise_at(time, tableau, work):
    """The neuron's a at a time, times the slope of the preactivation."""
    s, output = len(tableau.nodes), 0.0
    for l in range(s):
        output += row_at(tableau.basis, l, s - 1, time) * work.outputs[l]
    return output * slope_at(work.smooth, s, time)


@inlined
def turn_own_corner(time, scaled, event, tableau, work):
    """Add to the pair's path, from one of its crossings on, what its point does to it there."""
    s = len(tableau.nodes)
    output, residual = 0.0, 0.0
    for l in range(s):
        weight = row_at(tableau.basis, l, s - 1, time)
        output += weight * work.outputs[l]
        residual += weight * event[NUMBERS + s + l]
    work.smooth[1] += scaled * output * residual
    work.smooth[0] -= scaled * output * residual * time


@inlined
def note(crossing, sliding, rise, now):
    """Note a crossing (j, k, time, up), the sliding (until, after) that follows it, and its ``RISE``.

    One at no time, as of forces that have overflown in a step too long for them, finds no room either.
    """
    e = now.number[0]
    if e == now.neuron.shape[0] or not crossing[2] <= 1.0:
        now.number[1] += 1
        return
    event = now.values[e]
    now.neuron[e], now.point[e], event[TIME], event[UP] = crossing
    event[UNTIL], event[AFTER] = sliding
    event[RISE] = rise
    now.number[0] = e + 1


@inlined
def next_marked(place, work):
    """The next marked point, from this one on; the number of points if there is none."""
    size = work.crossing.shape[0]
    while place < size and not work.crossing[place]:
        place += 1
        while place % 8 == 0 and place < size and work.words[place // 8] == 0:
            place += 8
    return place


@inner
def visit(run, at, points, tableau, notes, work):
    """Look at each pair of one neuron in one block that crosses, or did in the sweep before.

    Parameters
    ----------
    run : (j, pairs, old, last)
        The neuron, the pairs found so far in this block, and the neuron's events there in the sweep before.
    at : (first, step, visible)
        The number of the block's first point, the step's length, and whether the labels notice the neuron.

    Returns
    -------
    int
        The pairs found so far.
    """
    j, pairs, old, last = run
    first, step, visible = at
    before, now = notes
    n, slope = points.about[N], points.about[SLOPE]
    rest = 1.0 - slope
    s, m = len(tableau.nodes), work.start.shape[0]
    place = next_marked(0, work)
    while place < work.crossing.shape[0]:
        k, begin = first + place, old
        while old < last and before.point[old] == k:
            old += 1
        begun, scaled = now.number[0], step * points.square[k] / n
        read_pair((j, place, slope), (begin, old), scaled, tableau, before, work)
        follow_pair((j, k, pairs, rest * scaled), (begin, old), tableau, before, now, work)
        found = work.found[pairs]
        for i in range(s):
            value = work.nodes[i * m + j, place]
            taken = work.outputs[i] * value if visible and value > 0.0 else 0.0
            found[i, s] = found[i, s] if visible else 0.0
            work.residual[i, place] += rest * (taken - found[i, s])
        work.pair[pairs, 0], work.pair[pairs, 1] = j, place
        work.pair[pairs, 2], work.pair[pairs, 3] = begun, now.number[0] - begun
        pairs, place = pairs + 1, next_marked(place + 1, work)
    return pairs


@inlined
def push_crossing(pairs, first, slope, tableau, now, work):
    """Write what the pairs that cross push with, and note it with their events; and those that come near."""
    s, m = len(tableau.nodes), work.start.shape[0]
    rest = 1.0 - slope
    for p in range(pairs):
        j, place, begin, events = work.pair[p]
        found, residual = work.found[p], work.residual
        close = now.number[2]
        if events == 0 and close < now.left.shape[0] and work.start[j, place] != 0.0:
            now.close[close, 0], now.close[close, 1], now.left[close] = j, first + place, residual[0, place]
            now.number[2] = close + 1
        for i in range(s):
            own = -rest * found[i, s]
            for l in range(s):
                own += found[i, l] * (residual[l, place] + rest * found[l, s]) * tableau.inverse[i]
            own *= rest
            work.nodes[i * m + j, place] = slope * residual[i, place] + own
            for e in range(begin, begin + events):
                event = now.values[e]
                event[NUMBERS + i] = own
                event[NUMBERS + s + i] = residual[i, place] + rest * found[i, s]
                event[NUMBERS + 2 * s + i], event[NUMBERS + 3 * s + i] = 0.0, 0.0


@inner
def sweep(points, tableau, network, step, notes, work):
    """Write the force on every neuron for the neurons at the nodes, and note the crossings.

    Parameters
    ----------
    points : Points
    tableau : Tableau
    network : Network
        Its ``force`` is written.
    step : float
    notes : (Events, Events)
        Of the sweep before, and of this one.
    work : SweepWork

    Returns
    -------
    float
        The sum of the squared residuals at the step's start.
    """
    before, now = notes
    now.number[0], now.number[1], now.number[2] = 0, 0, 0
    if points.about[CARE] == 0.0:
        return sweep_at_nodes(points, (points.about[N], points.about[SLOPE]), tableau, network, step, work)
    force, residual = network.force, work.residual
    s, (_, m, d) = len(tableau.nodes), force.shape
    n, slope = points.about[N], points.about[SLOPE]
    size = work.crossing.shape[0]
    nodes = network.w.reshape(s * m, d)
    for i in range(s):
        for j in range(m):
            for c in range(d):
                force[i, j, c] = 0.0
    total, old = 0.0, 0
    for block in range(points.columns.shape[0]):
        first = block * size
        multiply(network.start_w, points.columns[block], work.start)
        multiply(nodes, points.columns[block], work.nodes)
        for i in range(s + 1):
            for k in range(size):
                residual[i, k] = points.labels[block, k]
        pairs = 0
        for j in range(m):
            last = old
            while last < before.number[0] and before.neuron[last] == j and before.point[last] < first + size:
                last += 1
            hide_held((old, last, j), first, m, before, work)
            near = before.near[j] * points.about[RESTING] * n / points.about[SCALE]
            crossing = take_outputs(j, near, network, tableau, slope, work)
            for e in range(old, last):
                work.crossing[before.point[e] - first] = 1
            if crossing or last > old:
                for i in range(s):
                    work.outputs[i] = network.a[i, j]
                pairs = visit(
                    (j, pairs, old, last), (first, step, network.scale[j] == 0), points, tableau, notes, work
                )
            old = last
        push(m, slope, work)
        push_crossing(pairs, first, slope, tableau, now, work)
        add_force(work.nodes, points.columns[block], work.force, force)
        total += sum_products(residual[s], residual[s])
    for i in range(s):
        for j in range(m):
            for c in range(d):
                force[i, j, c] /= n
    return total
