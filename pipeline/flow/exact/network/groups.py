"""Neurons with the same activation pattern share one propagator: the network as a few groups of rows.

D depends on a neuron only through its pattern (and nothing else of it), so everything the residual can see of
the neurons of one pattern is their second moment S = sum z z^T. A group therefore carries *rows* with
S = rows^T rows:

- few neurons (up to q + 1): the neurons themselves;
- many: q + 1 rows, a triangular factor of them. A factor, not S itself, because squaring would lose the small
  neurons of a group below 1e-8 of its largest. Such a group also carries its *propagator*: the product of all its
  boosts since the grouping, applied to the unit vectors. It gives any neuron back as z @ propagator.
- neurons on a line: balanced neurons with one direction left to move in (they slide along all others, or there
  is one coordinate only) just grow or shrink, all by the same factor: one row, whose direction never changes.

Nothing is done per neuron while nobody asks.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, jitted, llvm_inlined
from pipeline.flow.exact.network.activation import SLIDING, find_normals, write_derivative
from pipeline.flow.exact.network.problem import Problem

FEW, MANY, LINE = 1, 2, 3


BLOCK = 64
"""How many neurons are added to a factor at a time."""


class Neurons(NamedTuple):
    """Every neuron at the time of the last grouping.

    z : float64[m, q + 2]
        (w, a, c), w and a in units of exp(log_scale) and c = a^2 - |w|^2 in its square;
        (|w|^2 + a^2)/2 = 1 there.
    log_scale : float64[m]
    sign : float64[m]
        The sign of a_j where it can't change (c >= 0), else 0.
    state : int8[m, n]
        OFF, ON or SLIDING at each point.
    """

    z: np.ndarray
    log_scale: np.ndarray
    sign: np.ndarray
    state: np.ndarray


class PatternGroups(NamedTuple):
    """The groups: neurons of one pattern, and the rows that stand for them.

    group : int64[m]
        Each neuron's.
    order : int64[m]
        The neurons, group after group; those of group g are ``order[start[g]:start[g + 1]]``: first those
        with a > 0, from ``minus[g]`` on those with a < 0, from ``free[g]`` on those whose a may change sign.
    start : int64[groups + 1]
    minus, free : int64[groups]
    row : int64[groups + 1]
        The rows of group g are ``rows[row[g]:row[g + 1]]``; none for a group that nothing can move.
    kind : int8[groups]
        FEW, MANY or LINE.
    state : int8[groups, n]
    derivative : float64[groups, n]
        phi' at each point, 0 where the group slides.
    edge : int64[groups + 1]
        ``normals[edge[g]:edge[g + 1]]`` spans the points that group g slides along.
    normals, normal_overlap : float64[:, q], float64[:, n]
        Orthonormal, and <normal, x_k>.
    rows, logs : float64[:, q + 2], float64[:]
        The rows (w, a, c), each in units of exp of its log. c is of use for FEW only.
    propagator, propagator_logs : float64[:, q + 1], float64[:]
        Row row[g] + i: the image of unit vector i; all of a group in the same unit. Of use for MANY; for LINE
        the one logarithm is the growth of every neuron.
    clear : float64[groups, n]
        How far a group of MANY may still turn until one of its neurons can be at that boundary; 0 or less: not
        known (``events.clearance``).
    """

    group: np.ndarray
    order: np.ndarray
    start: np.ndarray
    minus: np.ndarray
    free: np.ndarray
    row: np.ndarray
    kind: np.ndarray
    state: np.ndarray
    derivative: np.ndarray
    edge: np.ndarray
    normals: np.ndarray
    normal_overlap: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    propagator: np.ndarray
    propagator_logs: np.ndarray
    clear: np.ndarray


class Rows(NamedTuple):
    """Rows of all groups at one instant: as in :class:`PatternGroups`."""

    rows: np.ndarray
    logs: np.ndarray


class GroupMotion(NamedTuple):
    """What a trial step writes of each group.

    weights : float64[2, n]
        What each point weighs in the step's two boosts, from
        :func:`pipeline.flow.exact.propagation.magnus.boost_weights`.
    impulses, middle_impulses : float64[2, groups, q]
        tau D of both boosts: over the step, and over the half of it that is looked at.
    middle : Rows
        The rows in the middle of the step and, after the other half, at its end.
    group_speeds, alignment : float64[groups]
        |D| of the groups that can grow, and the cosine with D: ``growth_rates`` and ``mean_alignment`` of
        :mod:`pipeline.flow.exact.corrector.step_control`.
    """

    weights: np.ndarray
    impulses: np.ndarray
    middle_impulses: np.ndarray
    middle: Rows
    group_speeds: np.ndarray
    alignment: np.ndarray


class Network(NamedTuple):
    """The network of one solver: the data, the neurons, and the groups that stand for them.

    problem : Problem
    neurons : Neurons
        At the last grouping.
    groups, trial : PatternGroups
        At the start of the step, and at the end of the step that is tried.
    motion : GroupMotion
    """

    problem: Problem
    neurons: Neurons
    groups: PatternGroups
    trial: PatternGroups
    motion: GroupMotion


@jitted
def line_side(z, sign, state):
    """Which of the four lines' ends (sign of a, side of w) a balanced neuron on a line is at; 0 if on none."""
    q = z.shape[0] - 2
    sliding = 0
    for k in range(state.shape[0]):
        if state[k] == SLIDING:
            sliding += 1
    if sliding < q - 1 or z[q + 1] != 0.0 or sign == 0.0:
        return np.uint64(0)
    for i in range(q):
        if abs(z[i]) >= 0.5 / sqrt(float(q)):  # w is a unit vector: one coordinate is that large
            side = np.uint64(1) if z[i] > 0.0 else np.uint64(2)
            return side if sign > 0.0 else side + np.uint64(2)
    return np.uint64(0)


class Partition(NamedTuple):
    """Which neurons are in which group: as in :class:`PatternGroups`."""

    group: np.ndarray
    order: np.ndarray
    start: np.ndarray
    minus: np.ndarray
    free: np.ndarray


class Spans(NamedTuple):
    """Each group's pattern, and what its sliding leaves it to move in: as in :class:`PatternGroups`."""

    state: np.ndarray
    derivative: np.ndarray
    row: np.ndarray
    kind: np.ndarray
    edge: np.ndarray
    normals: np.ndarray
    normal_overlap: np.ndarray


@jitted
def number_groups(neurons, table, first, group):
    """Number the groups in the order of their first neuron.

    Parameters
    ----------
    neurons : Neurons
    table : int64[a power of 2, at least twice m]
        Zeros; workspace: a hash table of the patterns.
    first, group : int64[m]
        Written: each group's first neuron, each neuron's group.

    Returns
    -------
    groups : int
    """
    z, sign, state = neurons.z, neurons.sign, neurons.state
    m, n = state.shape
    size = table.shape[0]
    group_count = 0
    for j in range(m):
        side = line_side(z[j], sign[j], state[j])
        key = np.uint64(14695981039346656037) ^ side  # FNV-1a: short, and the table verifies every match
        for k in range(n):
            key = (key ^ np.uint64(state[j, k])) * np.uint64(1099511628211)
        slot = np.int64((key ^ (key >> np.uint64(29))) & np.uint64(size - 1))
        while True:
            found = table[slot]
            if found == 0:
                table[slot] = group_count + 1
                first[group_count] = j
                group[j] = group_count
                group_count += 1
                break
            other = first[found - 1]
            same = side == line_side(z[other], sign[other], state[other])
            for k in range(n):
                if state[other, k] != state[j, k]:
                    same = False
                    break
            if same:
                group[j] = found - 1
                break
            slot = (slot + 1) & (size - 1)
    return group_count


@jitted
def add_to_factor(rows, first, block, count):
    """Update the triangular factor R = ``rows[first:]`` so that R^T R grows by B^T B, B = ``block[:count]``.

    By Householder's reflections; both are changed in place, and the block is used up. The diagonal stays positive.
    """
    size = block.shape[1]
    for i in range(size):
        square = 0.0
        for b in range(count):
            square += block[b, i] * block[b, i]
        if square == 0.0:
            continue
        length = sqrt(rows[first + i, i] * rows[first + i, i] + square)
        head = rows[first + i, i] + length
        rows[first + i, i] = length
        for c in range(i + 1, size):
            total = head * rows[first + i, c]
            for b in range(count):
                total += block[b, i] * block[b, c]
            total *= 2.0 / (head * head + square)
            rows[first + i, c] = total * head - rows[first + i, c]
            for b in range(count):
                block[b, c] -= total * block[b, i]


@jitted
def sort_neurons(sign, partition, place):
    """Order the neurons by group, and in each by the sign of a: +, -, then those that may change it.

    Parameters
    ----------
    partition : Partition
        Its ``group`` is read, all else written.
    place : int64[3 groups + 1]
        Zeros; workspace.
    """
    group, order, start, minus, free = partition
    m, group_count = sign.shape[0], start.shape[0] - 1
    for j in range(m):
        rank = 0 if sign[j] > 0.0 else 1 if sign[j] < 0.0 else 2
        place[3 * group[j] + rank + 1] += 1
    for i in range(3 * group_count):
        place[i + 1] += place[i]
    for g in range(group_count):
        start[g], minus[g], free[g] = place[3 * g], place[3 * g + 1], place[3 * g + 2]
    start[group_count] = m
    for j in range(m):
        rank = 0 if sign[j] > 0.0 else 1 if sign[j] < 0.0 else 2
        i = 3 * group[j] + rank
        order[place[i]] = j
        place[i] += 1


@jitted
def write_states(neurons, partition, negative_slope, state, derivative):
    """Write each group's pattern and its derivative; return how many normals they take together, at most."""
    n, most = state.shape[1], 0
    for g in range(state.shape[0]):
        member = partition.order[partition.start[g]]
        for k in range(n):
            state[g, k] = neurons.state[member, k]
        most += write_derivative(state[g], negative_slope, derivative[g])
    return most


@jitted
def write_spans(neurons, problem, partition, spans):
    """Write what each group's sliding leaves it to move in, and how many rows of which kind it takes."""
    x, order, start = problem.x, partition.order, partition.start
    state, derivative, row, kind, edge, normals, normal_overlap = spans
    n, q = x.shape
    for g in range(kind.shape[0]):
        size = find_normals(state[g], problem, normals, edge[g])
        edge[g + 1] = edge[g] + size
        members = start[g + 1] - start[g]
        moves = False
        for k in range(n):
            moves = moves or derivative[g, k] != 0.0
        moves = moves and size < q
        member = order[start[g]]
        if size == q - 1 and line_side(neurons.z[member], neurons.sign[member], state[g]) > 0:
            kind[g] = LINE
            rows = 1
        elif members <= q + 1:
            kind[g] = FEW
            rows = members
        else:
            kind[g] = MANY
            rows = q + 1
        row[g + 1] = row[g] + (rows if moves else 0)
    for b in range(edge[kind.shape[0]]):
        for k in range(n):
            normal_overlap[b, k] = 0.0
            for i in range(q):
                normal_overlap[b, k] += normals[b, i] * x[k, i]


@jitted
def write_rows(neurons, groups, block):
    """Write the groups' rows and propagators into zeros; ``block``, float64[:, q + 1], is workspace."""
    z, log_scale = neurons.z, neurons.log_scale
    order, start, row, kind, rows, logs = (
        groups.order,
        groups.start,
        groups.row,
        groups.kind,
        groups.rows,
        groups.logs,
    )
    size = z.shape[1] - 1
    for g in range(kind.shape[0]):
        first, members = row[g], start[g + 1] - start[g]
        if row[g + 1] == first:
            continue
        if kind[g] == FEW:
            for i in range(members):
                j = order[start[g] + i]
                logs[first + i] = log_scale[j]
                for c in range(size + 1):
                    rows[first + i, c] = z[j, c]
            continue
        reference = -np.inf
        for i in range(start[g], start[g + 1]):
            reference = max(reference, log_scale[order[i]])
        if kind[g] == LINE:
            total = 0.0
            for i in range(start[g], start[g + 1]):
                total += exp(2.0 * (log_scale[order[i]] - reference))
            logs[first] = reference + 0.5 * log(total)
            for c in range(size):
                rows[first, c] = z[order[start[g]], c]
            continue
        filled = 0
        for i in range(start[g], start[g + 1]):
            j = order[i]
            unit = exp(log_scale[j] - reference)
            for c in range(size):
                block[filled, c] = unit * z[j, c]
            filled += 1
            if filled == block.shape[0] or i == start[g + 1] - 1:
                add_to_factor(rows, first, block, filled)
                filled = 0
        for c in range(size):
            logs[first + c] = reference
            groups.propagator[first + c, c] = 1.0


@allocating
def partition_by_pattern(neurons):
    """Find which neurons are in which group.

    Returns
    -------
    Partition
    """
    m, slots = neurons.sign.shape[0], 2
    while slots < 2 * m:
        slots *= 2
    group, first = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64)
    group_count = number_groups(neurons, np.zeros(slots, dtype=np.int64), first, group)
    partition = Partition(
        group=group,
        order=np.empty(m, dtype=np.int64),
        start=np.empty(group_count + 1, dtype=np.int64),
        minus=np.empty(group_count, dtype=np.int64),
        free=np.empty(group_count, dtype=np.int64),
    )
    sort_neurons(neurons.sign, partition, np.zeros(3 * group_count + 1, dtype=np.int64))
    return partition


@allocating
def group_by_pattern(neurons, problem):
    """Gather the neurons into groups and give each group its rows.

    A group that nothing can move (off everywhere: D = 0) and that adds nothing to h has no rows.

    Returns
    -------
    PatternGroups
    """
    n, size = neurons.state.shape[1], neurons.z.shape[1] - 1
    partition = partition_by_pattern(neurons)
    group_count = partition.minus.shape[0]
    state, derivative = np.empty((group_count, n), dtype=np.int8), np.empty((group_count, n))
    most = 1 + write_states(neurons, partition, problem.negative_slope, state, derivative)
    spans = Spans(  # with one normal more than are kept: a vector is written before it is found to be dependent
        state=state,
        derivative=derivative,
        row=np.zeros(group_count + 1, dtype=np.int64),
        kind=np.empty(group_count, dtype=np.int8),
        edge=np.zeros(group_count + 1, dtype=np.int64),
        normals=np.empty((most, size - 1)),
        normal_overlap=np.empty((most, n)),
    )
    write_spans(neurons, problem, partition, spans)
    rows = spans.row[group_count]
    groups = PatternGroups(
        group=partition.group,
        order=partition.order,
        start=partition.start,
        minus=partition.minus,
        free=partition.free,
        row=spans.row,
        kind=spans.kind,
        state=state,
        derivative=derivative,
        edge=spans.edge,
        normals=spans.normals,
        normal_overlap=spans.normal_overlap,
        rows=np.zeros((rows, size + 1)),
        logs=np.zeros(rows),
        propagator=np.zeros((rows, size)),
        propagator_logs=np.zeros(rows),
        clear=np.zeros((group_count, n)),
    )
    write_rows(neurons, groups, np.empty((BLOCK, size)))
    return groups


@allocating
def empty_like_groups(groups):
    """Make groups of the same neurons with rows and a propagator of their own, not yet written."""
    return PatternGroups(
        group=groups.group,
        order=groups.order,
        start=groups.start,
        minus=groups.minus,
        free=groups.free,
        row=groups.row,
        kind=groups.kind,
        state=groups.state,
        derivative=groups.derivative,
        edge=groups.edge,
        normals=groups.normals,
        normal_overlap=groups.normal_overlap,
        rows=np.empty_like(groups.rows),
        logs=np.empty_like(groups.logs),
        propagator=np.empty_like(groups.propagator),
        propagator_logs=np.empty_like(groups.propagator_logs),
        clear=groups.clear,
    )


@llvm_inlined
def copy_rows(source, target):
    """Write the rows and the propagator of the groups ``source`` into those of ``target``."""
    for i in range(source.rows.shape[0]):
        target.logs[i], target.propagator_logs[i] = source.logs[i], source.propagator_logs[i]
        for c in range(source.rows.shape[1]):
            target.rows[i, c] = source.rows[i, c]
        for c in range(source.propagator.shape[1]):
            target.propagator[i, c] = source.propagator[i, c]


@allocating
def make_network(neurons, problem):
    """Group the neurons, with workspace for the steps of these groups.

    Returns
    -------
    Network
    """
    groups = group_by_pattern(neurons, problem)
    (n, q), group_count = problem.x.shape, groups.derivative.shape[0]
    motion = GroupMotion(
        weights=np.empty((2, n)),
        impulses=np.empty((2, group_count, q)),
        middle_impulses=np.empty((2, group_count, q)),
        middle=Rows(np.empty_like(groups.rows), np.empty_like(groups.logs)),
        group_speeds=np.zeros(group_count),
        alignment=np.zeros(group_count),
    )
    return Network(problem, neurons, groups, empty_like_groups(groups), motion)
