"""Which boundaries hold a neuron where several of them meet.

A step decides at each crossing by itself whether its neuron slides from there on. Where boundaries meet that may
have no end: each crossing turns the neuron to the next boundary, round about a corner at which it should rest on
all of them, in steps that become ever shorter. So at the start of such a step the shares theta of all boundaries
that the neuron is at are found together: of a neuron with output a the theta_k in [0, 1] for which

    v_k = a <D, x_k>,  n D = n D_off + sum_k theta_k r_k x_k,
    v_k <= 0 where theta_k = 0,  v_k = 0 between,  v_k >= 0 where theta_k = 1.

Where both sides of each push the neuron towards it, a r_k < 0, that is the least |D|^2 over a box, found by one
coordinate after another. Who has a share between 0 and 1 is held from there on.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.events import PLAN, PLAN_AFTER, TIME, UP
from pipeline.flow.collocation.products import add_force, multiply
from pipeline.flow.collocation.projection import find_basis, put_on_boundaries
from pipeline.flow.collocation.residual import subtract_active
from pipeline.flow.collocation.sweep import SLOPE
from pipeline.flow.collocation.workspace import LONG, STEP

SHRUNK = 1e-3
"""The next step over those before, below which boundaries are looked at together."""
AROUND, NEAR_SHARE, ROUNDED = 1e3, 1e-2, 1e-13
"""How near a boundary counts as met: by the ways that the neuron goes in such a step; at most that share of what a
neuron may err by; and at least what rounding leaves."""
ROUNDS, SETTLED = 20_000, 1e-11
"""Of the shares, at most; and their last change at which they are found."""
INSIDE = 1e-9
"""How far a share is from 0 and 1, at least, of a boundary that holds."""


@inner
def note_held(held, j, k, size):
    """Put a pair in its place among those that slide at the step's start, if it is not there yet."""
    count, place = held.number[0], 0
    while place < count:
        mine, other = (k // size, j, k), (held.point[place] // size, held.neuron[place], held.point[place])
        if mine == other:
            return
        if mine < other:
            break
        place += 1
    if count == held.neuron.shape[0]:
        return
    for e in range(count, place, -1):
        held.neuron[e], held.point[e] = held.neuron[e - 1], held.point[e - 1]
    held.neuron[place], held.point[place], held.number[0] = j, k, count + 1
    for e in range(count + 1):
        held.values[e, TIME], held.values[e, UP] = 0.0, 1.0
        held.values[e, PLAN], held.values[e, PLAN_AFTER] = 1.0, 0.0


@inner
def near_to(j, state, share):
    """How near neuron j is to a boundary that it counts as being at, over |x_k|."""
    speed, square = 0.0, 0.0
    for c in range(state.network.start_w.shape[1]):
        speed += state.force[0, j, c] ** 2
        square += state.network.start_w[j, c] ** 2
    way = AROUND * state.clock[STEP] * sqrt(speed) * abs(state.network.start_a[j])
    return max(min(way, NEAR_SHARE * share * sqrt(square)), ROUNDED * sqrt(square))


@inner
def note_near(j, first, room, points, state):
    """Write what a block's points push neuron j with; those that it is at do as if off, and are noted."""
    work, found, slope = state.work, state.notes[0], points.about[SLOPE]
    row, left, output = work.start[j], work.residual[0], state.network.start_a[j]
    for k in range(row.shape[0]):
        value, square = row[k], points.square[first + k]
        row[k] = left[k] if value > 0.0 else slope * left[k]
        close = found.number[2]
        if close == found.left.shape[0] or not (value * value <= room * room * square and output * left[k] < 0.0):
            continue
        found.close[close, 0], found.close[close, 1], found.left[close] = j, first + k, left[k]
        found.number[2], row[k] = close + 1, slope * left[k]


@inner
def find_near(points, state, share):
    """Write n D of each neuron at the step's start without the boundaries that it is at, and note these.

    They are those among ``close`` of the first of ``state.notes``, and ``left`` has their residuals.
    """
    network, work, held, force = state.network, state.work, state.held, state.network.force
    (m, d), size = network.start_w.shape, work.crossing.shape[0]
    slope, left = points.about[SLOPE], work.residual[0]
    state.notes[0].number[2] = 0
    for j in range(m):
        for c in range(d):
            force[0, j, c] = 0.0
    for block in range(points.columns.shape[0]):
        first = block * size
        multiply(network.start_w, points.columns[block], work.start)
        for e in range(held.number[0]):
            if first <= held.point[e] < first + size:
                work.start[held.neuron[e], held.point[e] - first] = 0.0
        for k in range(size):
            left[k] = points.labels[block, k]
        for j in range(m):
            subtract_active(work.start[j], network.start_a[j] if network.scale[j] == 0 else 0.0, slope, left)
        for j in range(m):
            note_near(j, first, near_to(j, state, share), points, state)
        add_force(work.start, points.columns[block], work.force[:m], force[:1])


@inner
def find_shares(j, points, force, found):
    """Find the theta of all boundaries that neuron j is at, and write them in the first column of ``values``.

    Returns
    -------
    bool
        Whether there are any, and they were found.
    """
    rest, count, shares = 1.0 - points.about[SLOPE], 0, found.values[:, 0]
    for q in range(found.number[2]):
        if found.close[q, 0] == j:
            shares[q] = 0.0
            count += 1
    for _ in range(ROUNDS if count > 0 else 0):
        change = 0.0
        for q in range(found.number[2]):
            if found.close[q, 0] != j:
                continue
            k, along, push = found.close[q, 1], 0.0, rest * found.left[q]
            for c in range(points.rows.shape[1]):
                along += force[c] * points.rows[k, c]
            share = min(max(shares[q] - along / (push * points.square[k]), 0.0), 1.0)
            for c in range(points.rows.shape[1]):
                force[c] += (share - shares[q]) * push * points.rows[k, c]
            change = max(change, abs(share - shares[q]))
            shares[q] = share
        if change <= SETTLED:
            return count > 0
    return False


@inner
def hold_where_boundaries_meet(points, state, share):
    """Hold the neurons at the step's start at the boundaries that do so together.

    Only where the next step is far shorter than those before.

    Parameters
    ----------
    share : float
        What a neuron may err by in a step, over its size.
    """
    network, held, found = state.network, state.held, state.notes[0]
    if not state.clock[STEP] < SHRUNK * state.clock[LONG]:
        return
    find_near(points, state, share)
    m, before, basis = network.start_w.shape[0], held.number[0], state.corners.basis
    for j in range(m):
        if not find_shares(j, points, network.force[0, j], found):
            continue
        for q in range(found.number[2]):
            if found.close[q, 0] == j and INSIDE < found.values[q, 0] < 1.0 - INSIDE:
                note_held(held, j, found.close[q, 1], state.work.crossing.shape[0])
    for j in range(m if held.number[0] > before else 0):
        rank = find_basis(j, (held.neuron, held.point, held.number[0]), points, basis)
        if rank > 0:
            put_on_boundaries(network.start_w[j], rank, basis)
