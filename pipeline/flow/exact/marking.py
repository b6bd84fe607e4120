"""Which neurons may have an event within a step.

The Bernstein coefficients of a group's D say, without looking at any neuron, which boundaries its neurons can
move towards and whether it goes on sliding. Only the neurons of the groups that remain are looked at, and only
those that end on the wrong side are marked.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.boost import boost_neuron, boost_rows, project
from pipeline.flow.exact.carrying import boost_weights, write_push
from pipeline.flow.exact.clearance import largest_turn, leave_clear, measure_clearance
from pipeline.flow.exact.compiled import hot, inlined, kernel
from pipeline.flow.exact.curve import SIZE, first_below, restrict
from pipeline.flow.exact.instant import PUSHING, largest_force
from pipeline.flow.exact.patterns import FEW, LINE, MANY
from pipeline.flow.exact.reading import read_neuron
from pipeline.flow.exact.sliding import any_repels, find_multipliers, held_side
from pipeline.flow.exact.states import OFF, SLIDING


class Marks(NamedTuple):
    """The neurons that may have an event within a step.

    total : int64[1]
    movers : int64[m, 2]
        ``movers[:total[0]]``: the group, and the number in it.
    marked : bool[m]
        Whether a neuron is among them.
    """

    total: np.ndarray
    movers: np.ndarray
    marked: np.ndarray


@inlined
def mark(marks, j, g, number):
    """Put neuron ``j``, which is number ``number`` of group ``g``, on the list, if it is not there."""
    if not marks.marked[j]:
        place = marks.total[0]
        marks.marked[j] = True
        marks.movers[place, 0], marks.movers[place, 1] = g, number
        marks.total[0] = place + 1


@kernel
def mark_few(rows, row, order, bounds, side, up, down, problem, margin, g, marks):
    """Mark the neurons of a group of few that are beyond a boundary where its ``rows`` are.

    Parameters
    ----------
    rows, row
        The group's are ``rows[row:]``.
    bounds : (begin, minus, free, end)
        The group's places in ``order``, by the sign of a.
    side : float64[n]
        The sign of <w, x_k> beyond boundary k; 0 where nobody can get there.
    up, down : bool[n]
        Whether those with a > 0, and those with a < 0, may get there.
    margin : float
        Those that are closer to boundary k than this share of |w||x_k| are marked too.
    """
    x, (begin, minus, free, end) = problem.x, bounds
    for i in range(begin, end):
        square = 0.0
        for c in range(x.shape[1]):
            square += rows[row + i - begin, c] * rows[row + i - begin, c]
        size = sqrt(square)
        for k in range(x.shape[0]):
            if side[k] == 0.0 or (i < minus and not up[k]) or (minus <= i < free and not down[k]):
                continue
            total = 0.0
            for c in range(x.shape[1]):
                total += rows[row + i - begin, c] * x[k, c]
            if side[k] * total > -margin * problem.length[k] * size:
                mark(marks, order[i], g, i - begin)


@kernel
def mark_many(columns, row, order, z, bounds, side, up, down, problem, view, margin, g, marks):
    """The same for a group of many, from its ``columns`` and the neurons ``z`` at the last lumping.

    Parameters
    ----------
    view : float64[>= q + 1]
        Room.
    """
    x, (begin, minus, free, end) = problem.x, bounds
    size, square = x.shape[1] + 1, 0.0
    for b in range(size):
        for c in range(x.shape[1]):
            square += columns[row + b, c] * columns[row + b, c]
    longest = sqrt(2.0 * square)  # no neuron is longer, for |w|^2 + a^2 was 2
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
            if total > -margin * problem.length[k] * longest:
                mark(marks, j, g, i - begin)


@kernel
def mark_all(lumps, g, first, last, marks):
    """Mark the neurons ``order[first:last]`` of group g."""
    for i in range(first, last):
        mark(marks, lumps.order[i], g, i - lumps.start[g])


@kernel
def mark_turned(neurons, lumps, g, moved, z, marks):
    """Mark the neurons of group g whose a may change its sign and has; ``z``, float64[q + 2], is room."""
    q = z.shape[0] - 2
    for i in range(lumps.free[g] - lumps.start[g], lumps.start[g + 1] - lumps.start[g]):
        read_neuron(neurons, lumps, g, i, z)
        before = z[q]
        read_neuron(neurons, moved, g, i, z)
        if before * z[q] <= 0.0:
            mark(marks, lumps.order[lumps.start[g] + i], g, i)


@kernel
def mark_leavers(lumps, g, curve, tolerance, problem, desk, marks):
    """Mark the neurons of a group that stop sliding along a boundary within the step.

    The two signs of a are told apart; those that may change it are marked if either leaves.
    """
    start, minus, free = lumps.start[g], lumps.minus[g], lumps.free[g]
    gain, off, on = desk.alone, desk.off, desk.on
    for k in range(gain.shape[0]):
        gain[k] = lumps.gain[g, k]
    count, spare = find_multipliers(lumps.state[g], gain, curve, problem, desk.boundaries, desk.gram, off, on)
    positive, negative = spare < 0, spare < 0
    for p in range(count):
        for s in (1.0, -1.0):
            e, least = held_side(off, on, p, s, spare), np.inf
            for i in range(SIZE):
                least = min(least, min(e * off[i, p], -e * on[i, p]))
            if least < -tolerance:
                positive, negative = positive or s > 0.0, negative or s < 0.0
    if spare > 0:
        positive = positive or any_repels(lumps.state[g], 1.0, tolerance, problem, curve)
        negative = negative or any_repels(lumps.state[g], -1.0, tolerance, problem, curve)
    if positive:
        mark_all(lumps, g, start, minus, marks)
    if negative:
        mark_all(lumps, g, minus, free, marks)
    if positive or negative:
        mark_all(lumps, g, free, lumps.start[g + 1], marks)


@hot
def write_rates(lumps, g, curve, i, problem, force, rates):
    """Write n <D, x_k> of group g at Bernstein coefficient ``i`` for every point into ``rates``.

    By way of D, or straight from the points' inner products where these are fewer than the coordinates.
    """
    x, overlap, gain, first, last = problem.x, problem.gram, lumps.gain, lumps.edge[g], lumps.edge[g + 1]
    n, q = x.shape
    if n < 2 * q and last - first < q // 2:
        for k in range(n):
            rates[i, k] = 0.0
        for l in range(n):
            factor = gain[g, l] * curve[i, l]
            if factor != 0.0:
                for k in range(n):
                    rates[i, k] += factor * overlap[l, k]
        for b in range(first, last):
            along = 0.0
            for l in range(n):
                along += gain[g, l] * curve[i, l] * lumps.shade[b, l]
            for k in range(n):
                rates[i, k] -= along * lumps.shade[b, k]
        return
    for c in range(q):
        force[c] = 0.0
    for k in range(n):
        factor = gain[g, k] * curve[i, k]
        if factor != 0.0:
            for c in range(q):
                force[c] += factor * x[k, c]
    if last > first:
        project(force, lumps.normals, first, last)
    for k in range(n):
        rates[i, k] = 0.0
        for c in range(q):
            rates[i, k] += force[c] * x[k, c]


@kernel
def choose_sides(state, g, opposite, length, rates, pushed, some_up, some_down, some_free, side, up, down, turns):
    """Which boundaries the neurons of group g may reach in a step, from n <D, x_k> at its ends.

    Where D pushes towards a boundary those with a > 0 may reach it, where away those with a < 0; where it does
    both in turn, the boundary is one that ``turns``. ``pushed`` is the least n <D, x_k>/|x_k| that counts.

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
        rounding = pushed * length[k]
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
def find_movers(neurons, lumps, moved, curve, step, problem, desk, marks):
    """List the neurons that may have an event within the step; ``moved`` are the lumps at its end.

    Returns
    -------
    count : int
    """
    x, length, opposite = problem.x, problem.length, problem.opposite
    start, minus, free, row, kind, edge = lumps.start, lumps.minus, lumps.free, lumps.row, lumps.kind, lumps.edge
    state, order, z = lumps.state, lumps.order, neurons.z
    rows, columns, rates, force, view = moved.rows, moved.columns, desk.off, desk.push, desk.glance
    side, up, down, turns = desk.gain, desk.touching, desk.ignored, desk.turns
    n, q = x.shape
    tolerance = PUSHING * largest_force(curve, length)
    for g in range(start.shape[0] - 1):
        if row[g + 1] == row[g]:
            # What rests on boundaries may be released. Not what was stopped for ever: its w is 0.
            if 0 < edge[g + 1] - edge[g] < q:
                mark_leavers(lumps, g, curve, tolerance, problem, desk, marks)
            continue
        bounds = (start[g], minus[g], free[g], start[g + 1])
        wavers = free[g] < start[g + 1]
        if edge[g + 1] > edge[g]:
            mark_leavers(lumps, g, curve, tolerance, problem, desk, marks)
        if wavers:
            mark_turned(neurons, lumps, g, moved, view, marks)
        if kind[g] == LINE:
            continue
        write_rates(lumps, g, curve, 0, problem, force, rates)
        write_rates(lumps, g, curve, SIZE - 1, problem, force, rates)
        anyone, anyone_turns = choose_sides(
            state, g, opposite, length, rates, n * tolerance, minus[g] > start[g], free[g] > minus[g], wavers,
            side, up, down, turns,
        )  # fmt: skip
        if anyone and kind[g] == MANY:
            turn = largest_turn(lumps, g, curve, step, problem)
            anyone, anyone_turns = leave_clear(lumps.clear[g], turn, side, desk.turns)
        if not anyone:
            continue
        before = marks.total[0]
        if kind[g] == FEW:
            mark_few(rows, row[g], order, bounds, side, up, down, problem, 0.0, g, marks)
        else:
            mark_many(columns, row[g], order, z, bounds, side, up, down, problem, view, 0.0, g, marks)
            if marks.total[0] == before:
                measure_clearance(lumps, g, z, problem, view)
        if anyone_turns:
            mark_turning(neurons, lumps, g, bounds, curve, step, problem, desk, marks)
    return marks.total[0]


@kernel
def mark_turning(neurons, lumps, g, bounds, curve, step, problem, desk, marks):
    """Mark the neurons of group g that are beyond a boundary at the instant where their way to it turns."""
    rates, side, alone, margin = desk.off, desk.gain, desk.alone, desk.margin[0]
    n = problem.x.shape[0]
    for i in range(1, SIZE - 1):
        write_rates(lumps, g, curve, i, problem, desk.push, rates)
    for k in range(n):
        alone[k] = 0.0
    for k in range(n):
        if not desk.turns[k]:
            continue
        for i in range(SIZE):
            desk.rate[i, 0] = rates[i, k] if rates[0, k] > 0.0 else -rates[i, k]
        bend = first_below(desk.rate, 0, 0.0)
        if bend >= 1.0:
            continue
        carry_group(lumps, g, curve, step, bend, problem, desk)
        alone[k] = side[k]
        if lumps.kind[g] == FEW:
            mark_few(
                desk.rows, 0, lumps.order, bounds, alone, desk.touching, desk.ignored, problem, margin, g, marks
            )
        else:
            mark_many(
                desk.rows, 0, lumps.order, neurons.z, bounds, alone, desk.touching, desk.ignored, problem,
                desk.glance, margin, g, marks,
            )  # fmt: skip
        alone[k] = 0.0


@kernel
def carry_group(lumps, g, curve, step, high, problem, desk):
    """Lay what group g's neurons are read from, its rows if they are few, else its columns, on the desk.

    As they are at the fraction ``high`` of the step.
    """
    rows, logs, pushes, first, last = desk.rows, desk.logs, desk.pushes, lumps.row[g], lumps.row[g + 1]
    restrict(curve, 0.0, high, desk.spare)
    boost_weights(desk.spare, high * step, desk.weights)
    write_push(lumps.gain, g, desk.weights, problem.x, lumps.normals, lumps.edge[g], lumps.edge[g + 1], pushes, 0)
    few = lumps.kind[g] == FEW
    source = lumps.rows if few else lumps.columns
    for i in range(last - first):
        for c in range(source.shape[1]):
            rows[i, c] = source[first + i, c]
    for boost in range(2):
        if not few:
            boost_rows(rows, logs, 0, last - first, pushes, boost, 0)
        else:
            for i in range(last - first):
                boost_neuron(rows[i], pushes[boost, 0])
