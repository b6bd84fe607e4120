"""Which neurons have an event within a step, and what that does to the step.

The Bernstein coefficients of a group's D say, without looking at any neuron, which boundaries its neurons can
move towards and whether it goes on sliding. Only the neurons of the groups that remain are looked at, and only
those that end on the wrong side are followed one by one.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.boost import project
from pipeline.flow.exact.carrying import carry_all
from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.curve import SIZE, first_below
from pipeline.flow.exact.following import PUSHING, ROOT_STEPS, follow
from pipeline.flow.exact.patterns import FEW, LINE, Neurons, gather, lump, normalise, read_neuron
from pipeline.flow.exact.sliding import list_boundaries, write_pulls
from pipeline.flow.exact.states import OFF, SLIDING

SLOTS = 4
"""How many of a neuron's events in one step are told apart when the step is cut."""


class Followed(NamedTuple):
    """Neurons with events within a step, at its end.

    neuron : int64[count]
    z, log_scale, state
        As in :class:`~pipeline.flow.exact.patterns.Neurons`.
    events : int64[count]
    times, errors : float64[count, SLOTS]
        From :func:`~pipeline.flow.exact.following.follow`.
    unique : bool[count]
    """

    neuron: np.ndarray
    z: np.ndarray
    log_scale: np.ndarray
    state: np.ndarray
    events: np.ndarray
    times: np.ndarray
    errors: np.ndarray
    unique: np.ndarray


@kernel
def mark_few(rows, row, order, bounds, side, up, down, x, marked):
    """Mark the neurons of a group of few that are beyond a boundary where its ``rows`` are.

    Single arrays, not the tuples they are in: handing a tuple of fifteen arrays on would cost more than the work.

    Parameters
    ----------
    bounds : (begin, minus, free, end)
        The group's places in ``order``, by the sign of a.
    side : float64[n]
        The sign of <w, x_k> beyond boundary k; 0 where nobody can get there.
    up, down : bool[n]
        Whether those with a > 0, and those with a < 0, may get there.
    """
    begin, minus, free, end = bounds
    for i in range(begin, end):
        for k in range(x.shape[0]):
            if side[k] == 0.0 or (i < minus and not up[k]) or (minus <= i < free and not down[k]):
                continue
            total = 0.0
            for c in range(x.shape[1]):
                total += rows[row + i - begin, c] * x[k, c]
            if side[k] * total > 0.0:
                marked[order[i]] = True


@kernel
def mark_many(columns, row, order, z, bounds, side, up, down, x, marked):
    """The same for a group of many, from its ``columns`` and the neurons ``z`` at the last lumping."""
    begin, minus, free, end = bounds
    size = columns.shape[1]
    view = np.empty(size)
    for k in range(x.shape[0]):
        if side[k] == 0.0:
            continue
        for b in range(size):
            view[b] = 0.0
            for c in range(x.shape[1]):
                view[b] += side[k] * columns[row + b, c] * x[k, c]
        for i in range(begin if up[k] else minus, end):
            if minus <= i < free and not down[k]:
                continue
            j = order[i]
            total = 0.0
            for b in range(size):
                total += view[b] * z[j, b]
            if total > 0.0:
                marked[j] = True


@kernel
def mark_all(order, first, last, marked):
    """Mark the neurons ``order[first:last]``."""
    for i in range(first, last):
        marked[order[i]] = True


@kernel
def mark_turned(neurons, lumps, g, moved, marked):
    """Mark the neurons of group g whose a may change its sign and has."""
    z = np.empty(neurons.z.shape[1])
    q = z.shape[0] - 2
    for i in range(lumps.free[g] - lumps.start[g], lumps.start[g + 1] - lumps.start[g]):
        read_neuron(neurons, lumps, g, i, z)
        before = z[q]
        read_neuron(neurons, moved, g, i, z)
        if before * z[q] <= 0.0:
            marked[lumps.order[lumps.start[g] + i]] = True


@kernel
def mark_leavers(lumps, g, curve, problem, desk, marked):
    """Mark the neurons of a group that stop sliding along a boundary within the step.

    The two signs of a are told apart; those that may change it are marked if either leaves.
    """
    state, start, minus, free = lumps.state[g], lumps.start[g], lumps.minus[g], lumps.free[g]
    count = list_boundaries(state, problem.opposite, desk.boundaries)
    write_pulls(
        state, lumps.gain[g], curve, problem, desk.boundaries, count, desk.base, desk.gram, desk.off, desk.on
    )
    bulk = 0.0
    for i in range(SIZE):
        total = 0.0
        for k in range(curve.shape[1]):
            total += abs(curve[i, k]) * problem.length[k]
        bulk = max(bulk, total / curve.shape[1])
    leaves = [False, False]
    for p in range(count):
        for way in range(2):
            s = 1.0 if way == 0 else -1.0
            least = np.inf
            for i in range(SIZE):
                least = min(least, min(s * desk.off[i, p], -s * desk.on[i, p]))
            leaves[way] = leaves[way] or least < -PUSHING * bulk
    if leaves[0]:
        mark_all(lumps.order, start, minus, marked)
    if leaves[1]:
        mark_all(lumps.order, minus, free, marked)
    if leaves[0] or leaves[1]:
        mark_all(lumps.order, free, lumps.start[g + 1], marked)


@kernel
def write_rates(gain, g, curve, i, x, normals, first, last, force, rates):
    """Write n <D, x_k> of group g at Bernstein coefficient ``i`` for every point into ``rates``; return n |D|."""
    n, q = x.shape
    for c in range(q):
        force[c] = 0.0
    for k in range(n):
        factor = gain[g, k] * curve[i, k]
        if factor != 0.0:
            for c in range(q):
                force[c] += factor * x[k, c]
    if last > first:
        project(force, normals, first, last)
    square = 0.0
    for c in range(q):
        square += force[c] * force[c]
    for k in range(n):
        rates[i, k] = 0.0
        for c in range(q):
            rates[i, k] += force[c] * x[k, c]
    return sqrt(square)


@kernel
def choose_sides(state, g, opposite, length, rates, size, some_up, some_down, some_free, side, up, down, turns):
    """Which boundaries the neurons of group g may reach in a step, from n <D, x_k> at its ends.

    Where D pushes towards a boundary those with a > 0 may reach it, where away those with a < 0; where it does
    both in turn, the boundary is one that ``turns``.

    Returns
    -------
    anyone, anyone_turns : bool
    """
    anyone, anyone_turns = False, False
    for k in range(side.shape[0]):
        side[k], turns[k] = 0.0, False
        if state[g, k] == SLIDING or 0 <= opposite[k] < k:
            continue
        beyond = 1.0 if state[g, k] == OFF else -1.0
        early, late = beyond * rates[0, k], beyond * rates[SIZE - 1, k]
        rounding = 1e-14 * size * length[k]
        up[k] = some_up and max(early, late) > rounding
        down[k] = some_down and min(early, late) < -rounding
        if up[k] or down[k] or some_free:
            side[k], anyone = beyond, True
            # Those that come back before the end are seen only where they turn.
            turns[k] = (early > rounding and late < -rounding and (up[k] or some_free)) or (
                early < -rounding and late > rounding and (down[k] or some_free)
            )
            anyone_turns = anyone_turns or turns[k]
    return anyone, anyone_turns


@kernel
def find_movers(neurons, lumps, moved, curve, step, problem, desk):
    """The neurons that may have an event within the step; ``moved`` are the lumps at its end.

    Returns
    -------
    movers : int64[count, 2]
        The group and the number in it.
    """
    x, length, opposite = problem.x, problem.length, problem.opposite
    start, minus, free, row, kind, edge = lumps.start, lumps.minus, lumps.free, lumps.row, lumps.kind, lumps.edge
    state, gain, normals, order, z = lumps.state, lumps.gain, lumps.normals, lumps.order, neurons.z
    rows, columns, rates, force = moved.rows, moved.columns, desk.off, desk.push
    side, up, down, turns = desk.gain, desk.touching, desk.ignored, desk.turns
    marked = np.empty(0, dtype=np.bool_)
    for g in range(start.shape[0] - 1):
        if row[g + 1] == row[g]:
            continue
        bounds = (start[g], minus[g], free[g], start[g + 1])
        slides, wavers = edge[g + 1] > edge[g], free[g] < start[g + 1]
        if marked.shape[0] == 0 and (slides or wavers):
            marked = np.zeros(z.shape[0], dtype=np.bool_)
        if slides:
            mark_leavers(lumps, g, curve, problem, desk, marked)
        if wavers:
            mark_turned(neurons, lumps, g, moved, marked)
        if kind[g] == LINE:
            continue
        size = write_rates(gain, g, curve, 0, x, normals, edge[g], edge[g + 1], force, rates)
        last = write_rates(gain, g, curve, SIZE - 1, x, normals, edge[g], edge[g + 1], force, rates)
        anyone, anyone_turns = choose_sides(
            state, g, opposite, length, rates, max(size, last), minus[g] > start[g], free[g] > minus[g], wavers,
            side, up, down, turns,
        )  # fmt: skip
        if not anyone:
            continue
        if marked.shape[0] == 0:
            marked = np.zeros(z.shape[0], dtype=np.bool_)
        if kind[g] == FEW:
            mark_few(rows, row[g], order, bounds, side, up, down, x, marked)
        else:
            mark_many(columns, row[g], order, z, bounds, side, up, down, x, marked)
        if anyone_turns:
            mark_turning(neurons, lumps, g, bounds, curve, step, problem, desk, marked)
    return list_marked(lumps, marked)


@kernel
def mark_turning(neurons, lumps, g, bounds, curve, step, problem, desk, marked):
    """Mark the neurons of group g that are beyond a boundary at the instant where their way to it turns."""
    x, rates, side = problem.x, desk.off, desk.gain
    n = x.shape[0]
    for i in range(1, SIZE - 1):
        write_rates(lumps.gain, g, curve, i, x, lumps.normals, lumps.edge[g], lumps.edge[g + 1], desk.push, rates)
    alone = np.zeros(n)
    for k in range(n):
        if not desk.turns[k]:
            continue
        for i in range(SIZE):
            desk.rate[i, 0] = rates[i, k] if rates[0, k] > 0.0 else -rates[i, k]
        bend = first_below(desk.rate, np.int64(0), 0.0, desk.room)
        if bend >= 1.0:
            continue
        there = carry_all(lumps, curve, step, bend, problem)
        alone[k] = side[k]
        row, order = lumps.row[g], lumps.order
        if lumps.kind[g] == FEW:
            mark_few(there.rows, row, order, bounds, alone, desk.touching, desk.ignored, x, marked)
        else:
            mark_many(there.columns, row, order, neurons.z, bounds, alone, desk.touching, desk.ignored, x, marked)
        alone[k] = 0.0


@inlined
def list_marked(lumps, marked):
    """The groups and numbers of the marked neurons."""
    count = 0
    for j in range(marked.shape[0]):
        count += marked[j]
    movers = np.empty((count, 2), dtype=np.int64)
    if count > 0:
        count = 0
        for g in range(lumps.start.shape[0] - 1):
            for i in range(lumps.start[g], lumps.start[g + 1]):
                if marked[lumps.order[i]]:
                    movers[count, 0], movers[count, 1] = g, i - lumps.start[g]
                    count += 1
    return movers


@kernel
def follow_movers(neurons, lumps, movers, curve, step, problem, desk):
    """Follow each of ``movers`` through the step; keep those that do have an event.

    Returns
    -------
    Followed
    """
    n, size = neurons.state.shape[1], neurons.z.shape[1]
    count = movers.shape[0]
    found = Followed(
        np.empty(count, dtype=np.int64), np.empty((count, size)), np.empty(count),
        np.empty((count, n), dtype=np.int8), np.empty(count, dtype=np.int64), np.empty((count, SLOTS)),
        np.empty((count, SLOTS)), np.empty(count, dtype=np.bool_),
    )  # fmt: skip
    neuron, z, log_scale, state, events = found.neuron, found.z, found.log_scale, found.state, found.events
    kept = 0
    for i in range(count):
        j = lumps.order[lumps.start[movers[i, 0]] + movers[i, 1]]
        log_start = read_neuron(neurons, lumps, movers[i, 0], movers[i, 1], z[kept])
        for k in range(n):
            state[kept, k] = neurons.state[j, k]
        log_scale[kept], events[kept], found.unique[kept] = follow(
            z[kept], log_start, neurons.sign[j], state[kept], curve, step, problem, desk,
            found.times[kept], found.errors[kept],
        )  # fmt: skip
        if events[kept] > 0:
            neuron[kept] = j
            log_scale[kept] += normalise(z[kept], neurons.sign[j])
            kept += 1
    return Followed(
        neuron[:kept], z[:kept], log_scale[:kept], state[:kept], events[:kept], found.times[:kept],
        found.errors[:kept], found.unique[:kept],
    )  # fmt: skip


@kernel
def cross(neurons, moved, followed, problem):
    """Bring every neuron to the end of a step in which some cross, and lump anew.

    Returns
    -------
    neurons, lumps
        At the end of the step.
    """
    z, log_scale = np.empty_like(neurons.z), np.empty_like(neurons.log_scale)
    gather(neurons, moved, z, log_scale)
    state = neurons.state.copy()
    for i in range(followed.neuron.shape[0]):
        j = followed.neuron[i]
        log_scale[j] = followed.log_scale[i]
        for c in range(z.shape[1]):
            z[j, c] = followed.z[i, c]
        for k in range(state.shape[1]):
            state[j, k] = followed.state[i, k]
    crossed = Neurons(z, log_scale, neurons.sign, state)
    return crossed, lump(crossed, problem)


@inlined
def worth_stopping_for(followed, allowed):
    """The fraction of the step to which it must be cut because of its events, infinite if it stands.

    A crossing bends dr/dt, which the step's polynomial doesn't see: by the end of the step the residual is wrong
    by that times the time left. The crossings of tiny neurons cost nothing and are let pass; the step is cut at
    the first one with which the sum of these errors exceeds ``allowed``.
    """
    total = 0.0
    for i in range(followed.neuron.shape[0]):
        for slot in range(SLOTS):
            total += followed.errors[i, slot]
    if total <= allowed:
        return np.inf
    low, high = 0.0, 1.0
    for _ in range(ROOT_STEPS):
        middle = 0.5 * (low + high)
        if error_until(middle, followed.times, followed.errors) > allowed:
            high = middle
        else:
            low = middle
    # A millionth of the rest beyond it, so that the repeated step sees it happen; and no shorter than is needed
    # for events at the very start, whose errors shrink with the step.
    cut = max(high + 1e-6 * (1.0 - high), 0.5 * allowed / total)
    return cut if cut < 1.0 - 1e-6 else np.inf


@inlined
def error_until(time, times, errors):
    """The sum of the errors of the events up to ``time``."""
    total = 0.0
    for i in range(times.shape[0]):
        for slot in range(times.shape[1]):
            if times[i, slot] <= time:
                total += errors[i, slot]
    return total
