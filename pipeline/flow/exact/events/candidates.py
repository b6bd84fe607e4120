"""Which neurons may have an event within a step.

The Bernstein coefficients of a group's D say, without looking at any neuron, which boundaries its neurons can
move towards and whether it goes on sliding. Only the neurons of the other groups are looked at, and only those
that end on the wrong side of a boundary become candidates.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.events.clearance import largest_turn, leave_clear, measure_clearance
from pipeline.flow.exact.events.group_pushes import (
    choose_sides,
    largest_deviation,
    leave_pushed,
    write_pushes,
)
from pipeline.flow.exact.events.pattern_force import SPEED_ROUNDING, largest_force
from pipeline.flow.exact.events.sliding import any_repels, find_multipliers, held_side
from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.network.spans import FEW, LINE, MANY
from pipeline.flow.exact.propagation.bernstein import SIZE, first_below, restrict
from pipeline.flow.exact.propagation.boost import boost_neuron, boost_rows
from pipeline.flow.exact.propagation.magnus import boost_weights, write_impulse
from pipeline.flow.exact.propagation.reconstruction import read_neuron


class Candidates(NamedTuple):
    """The neurons that may have an event within a step.

    total : int64[1]
    listed : int64[m, 2]
        ``listed[:total[0]]``: the group, and the number in it.
    is_listed : bool[m]
        Whether a neuron is among them.
    """

    total: np.ndarray
    listed: np.ndarray
    is_listed: np.ndarray


class Members(NamedTuple):
    """The neurons of one group: ``order[begin:end]``, by the sign of a.

    g : int
        The group.
    order : int64[m]
    begin, minus, free, end : int
        Those with a > 0 from ``begin`` on, with a < 0 from ``minus`` on, with a that may change its sign from
        ``free`` on.
    """

    g: int
    order: np.ndarray
    begin: int
    minus: int
    free: int
    end: int


@jitted
def find_candidates(network, curve, step, candidates, work):
    """List the neurons that may have an event within the step.

    Parameters
    ----------
    network : Network
        ``groups`` at the step's start, ``trial`` at its end.
    curve : float64[6, n]
        The residual over the time ``step``.
    work : EventWorkspace

    Returns
    -------
    count : int
    """
    problem, groups, trial = network.problem, network.groups, network.trial
    row, kind, edge, reachable, own = groups.row, groups.kind, groups.edge, work.reachable, work.group
    n, q = problem.x.shape
    tolerance = SPEED_ROUNDING * largest_force(curve, problem.length)
    speeds = (n * tolerance, largest_deviation(curve, problem))
    for g in range(kind.shape[0]):
        sliding = edge[g + 1] - edge[g]
        # What rests on boundaries may be released. Not what was stopped for ever: its w is 0.
        if sliding > 0 and (row[g + 1] > row[g] or sliding < q):
            add_leaving(network, g, curve, (own.derivative, work.path.multipliers, tolerance), candidates)
        if row[g + 1] == row[g]:
            continue
        if groups.free[g] < groups.start[g + 1]:
            add_sign_changes(network, g, own.vector, candidates)
        if kind[g] == LINE:
            continue
        write_pushes(network, g, curve, 0, own)
        write_pushes(network, g, curve, SIZE - 1, own)
        anyone, anyone_turns = choose_sides(groups, g, problem, speeds, work)
        if anyone and kind[g] == MANY:
            turn = largest_turn(groups, g, curve, step, problem)
            anyone, anyone_turns = leave_clear(groups.clear[g], turn, reachable.side, reachable.turns)
            if anyone:
                anyone, anyone_turns = leave_pushed(network, g, curve, speeds[0], work)
        if not anyone:
            continue
        before, members, first = candidates.total[0], members_of(groups, g), row[g]
        if kind[g] == FEW:
            add_from_few(trial.rows[first:], members, reachable, (problem, 0.0), candidates)
        else:
            at = (problem, 0.0, network.neurons.z, own.vector)
            add_from_many(trial.propagator[first:], members, reachable, at, candidates)
            if candidates.total[0] == before:
                measure_clearance(groups, g, network.neurons.z, problem, own.vector)
        if anyone_turns:
            add_turning(network, g, (curve, step), candidates, work)
    return candidates.total[0]


@inlined
def members_of(groups, g):
    """The neurons of group ``g``."""
    return Members(g, groups.order, groups.start[g], groups.minus[g], groups.free[g], groups.start[g + 1])


@inlined
def add_candidate(candidates, j, g, number):
    """Put neuron ``j``, which is number ``number`` of group ``g``, on the list, if it is not there."""
    if not candidates.is_listed[j]:
        place = candidates.total[0]
        candidates.is_listed[j] = True
        candidates.listed[place, 0], candidates.listed[place, 1] = g, number
        candidates.total[0] = place + 1


@jitted
def add_from_few(rows, members, reachable, at, candidates):
    """Add the neurons of a group of few that are beyond a boundary where its ``rows`` are.

    Parameters
    ----------
    rows : float64[members, >= q]
    members : Members
    reachable : Reachable
    at : (problem, margin)
        Those that are closer to boundary k than the share ``margin`` of |w||x_k| are added too.
    """
    problem, margin = at
    x, (g, order, begin, minus, free, end) = problem.x, members
    side, up, down, _ = reachable
    for i in range(begin, end):
        square = 0.0
        for c in range(x.shape[1]):
            square += rows[i - begin, c] * rows[i - begin, c]
        size = sqrt(square)
        for k in range(x.shape[0]):
            if side[k] == 0.0 or (i < minus and not up[k]) or (minus <= i < free and not down[k]):
                continue
            total = 0.0
            for c in range(x.shape[1]):
                total += rows[i - begin, c] * x[k, c]
            if side[k] * total > -margin * problem.length[k] * size:
                add_candidate(candidates, order[i], g, i - begin)


@jitted
def add_from_many(propagator, members, reachable, at, candidates):
    """Add the neurons of a group of many that are beyond a boundary where its ``propagator`` has carried them.

    Parameters
    ----------
    at : (problem, margin, z, seen)
        ``z`` are the neurons, float64[m, q + 2]; ``seen``, float64[>= q + 1], is workspace.
    """
    problem, margin, z, seen = at
    x, (g, order, begin, minus, free, end) = problem.x, members
    side, up, down, _ = reachable
    size, square = x.shape[1] + 1, 0.0
    for b in range(size):
        for c in range(x.shape[1]):
            square += propagator[b, c] * propagator[b, c]
    longest = sqrt(2.0 * square)  # no neuron is longer, for |w|^2 + a^2 was 2
    for k in range(x.shape[0]):
        if side[k] == 0.0:
            continue
        for b in range(size):
            seen[b] = 0.0
            for c in range(x.shape[1]):
                seen[b] += side[k] * propagator[b, c] * x[k, c]
        for i in range(begin if up[k] else minus, end):
            if minus <= i < free and not down[k]:
                continue
            j = order[i]
            total = 0.0
            for b in range(size):
                total += seen[b] * z[j, b]
            if total > -margin * problem.length[k] * longest:
                add_candidate(candidates, j, g, i - begin)


@jitted
def add_all(members, first, last, candidates):
    """Add the neurons ``order[first:last]`` of a group."""
    for i in range(first, last):
        add_candidate(candidates, members.order[i], members.g, i - members.begin)


@jitted
def add_sign_changes(network, g, z, candidates):
    """Add the neurons of group g whose a may change its sign and has; ``z``, float64[q + 2], is workspace."""
    neurons, groups = network.neurons, network.groups
    q = z.shape[0] - 2
    for i in range(groups.free[g] - groups.start[g], groups.start[g + 1] - groups.start[g]):
        read_neuron(neurons, groups, g, i, z)
        before = z[q]
        read_neuron(neurons, network.trial, g, i, z)
        if before * z[q] <= 0.0:
            add_candidate(candidates, groups.order[groups.start[g] + i], g, i)


@jitted
def add_leaving(network, g, curve, work, candidates):
    """Add the neurons of a group that stop sliding along a boundary within the step.

    The two signs of a are told apart; those that may change it are added if either leaves.

    Parameters
    ----------
    work : (derivative, multipliers, tolerance)
        ``tolerance``: the largest speed that is rounding.
    """
    groups, problem, (derivative, multipliers, tolerance) = network.groups, network.problem, work
    off, on = multipliers.off, multipliers.on
    for k in range(derivative.shape[0]):
        derivative[k] = groups.derivative[g, k]
    count, dependent = find_multipliers(groups.state[g], derivative, curve, problem, multipliers)
    positive, negative = dependent < 0, dependent < 0
    for number in range(count):
        for sign_a in (1.0, -1.0):
            e, least = held_side(off, on, number, sign_a, dependent), np.inf
            for i in range(SIZE):
                least = min(least, min(e * off[i, number], -e * on[i, number]))
            if least < -tolerance:
                positive, negative = positive or sign_a > 0.0, negative or sign_a < 0.0
    if dependent > 0:
        positive = positive or any_repels(groups.state[g], 1.0, tolerance, problem, curve)
        negative = negative or any_repels(groups.state[g], -1.0, tolerance, problem, curve)
    members = members_of(groups, g)
    if positive:
        add_all(members, members.begin, members.minus, candidates)
    if negative:
        add_all(members, members.minus, members.free, candidates)
    if positive or negative:
        add_all(members, members.free, members.end, candidates)


@jitted
def add_turning(network, g, over, candidates, work):
    """Add the neurons of group g that are beyond a boundary at the instant where their way to it turns.

    ``over`` is the step's residual and its length.
    """
    curve, groups, problem = over[0], network.groups, network.problem
    reachable, own, margin = work.reachable, work.group, work.margin[0]
    pushes, push, turning = own.pushes, own.push, own.turning
    members = members_of(groups, g)
    n = problem.x.shape[0]
    for i in range(1, SIZE - 1):
        write_pushes(network, g, curve, i, own)
    for k in range(n):
        turning.side[k], turning.up[k], turning.down[k] = 0.0, reachable.up[k], reachable.down[k]
    for k in range(n):
        if not reachable.turns[k]:
            continue
        for i in range(SIZE):
            push[i, 0] = pushes[i, k] if pushes[0, k] > 0.0 else -pushes[i, k]
        reversal = first_below(push, 0, 0.0)
        if reversal >= 1.0:
            continue
        carry_group(network, g, over, reversal, own)
        turning.side[k] = reachable.side[k]
        if groups.kind[g] == FEW:
            add_from_few(own.rows, members, turning, (problem, margin), candidates)
        else:
            at = (problem, margin, network.neurons.z, own.vector)
            add_from_many(own.rows, members, turning, at, candidates)
        turning.side[k] = 0.0


@jitted
def carry_group(network, g, over, fraction, work):
    """Write what a group's neurons are read from into ``work.rows``: rows if they are few, else the propagator.

    As they are at the ``fraction`` of the step whose residual and length are ``over``.
    """
    groups, rows, impulses = network.groups, work.rows, work.impulses
    first, last = groups.row[g], groups.row[g + 1]
    restrict(over[0], 0.0, fraction, work.part)
    boost_weights(work.part, fraction * over[1], work.weights)
    write_impulse(groups, g, work.weights, network.problem.x, impulses, 0)
    few = groups.kind[g] == FEW
    source = groups.rows if few else groups.propagator
    for i in range(last - first):
        for c in range(source.shape[1]):
            rows[i, c] = source[first + i, c]
    for boost in range(2):
        if not few:
            boost_rows((rows, work.logs), (0, last - first), impulses, boost, 0)
        else:
            for i in range(last - first):
                boost_neuron(rows[i], impulses[boost, 0])
