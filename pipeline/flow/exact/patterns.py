"""Neurons with the same activation pattern share one propagator: the network as a few groups of rows.

D depends on a neuron only through its pattern (and nothing else of it), so everything the residual can see of
the neurons of one pattern is their second moment S = sum z z^T. A group therefore carries *rows* with
S = rows^T rows:

- few neurons (up to q + 1): the neurons themselves;
- many: q + 1 rows, a triangular factor of them. A factor, not S itself, because squaring would lose the small
  neurons of a group below 1e-8 of its largest. Such a group also carries *columns*: the product of all its
  boosts since the lumping, applied to the unit vectors. They give any neuron back as columns @ z.
- neurons on a line: balanced neurons with one direction left to move in (they slide along all others, or there
  is one coordinate only) just grow or shrink, all by the same factor: one row, whose direction never changes.

Nothing is done per neuron while nobody asks.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.compiled import allocating, hot, kernel
from pipeline.flow.exact.pattern import find_normals, read_gain
from pipeline.flow.exact.states import SLIDING

FEW, MANY, LINE = 1, 2, 3


BLOCK = 64
"""How many neurons are added to a factor at a time."""


class Neurons(NamedTuple):
    """Every neuron at the time of the last lumping.

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


class Lumps(NamedTuple):
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
    gain : float64[groups, n]
        phi' at each point, 0 where the group slides.
    edge : int64[groups + 1]
        ``normals[edge[g]:edge[g + 1]]`` spans the points that group g slides along.
    normals, shade : float64[:, q], float64[:, n]
        Orthonormal, and <normal, x_k>.
    rows, logs : float64[:, q + 2], float64[:]
        The rows (w, a, c), each in units of exp of its log. c is of use for FEW only.
    columns, column_logs : float64[:, q + 1], float64[:]
        Row row[g] + i: the image of unit vector i; all of a group in the same unit. Of use for MANY; for LINE
        the one column_log is the growth of every neuron.
    clear : float64[groups, n]
        How far a group of MANY may still turn until one of its neurons can be at that boundary; 0 or less: not
        known (:mod:`pipeline.flow.exact.clearance`).
    """

    group: np.ndarray
    order: np.ndarray
    start: np.ndarray
    minus: np.ndarray
    free: np.ndarray
    row: np.ndarray
    kind: np.ndarray
    state: np.ndarray
    gain: np.ndarray
    edge: np.ndarray
    normals: np.ndarray
    shade: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    columns: np.ndarray
    column_logs: np.ndarray
    clear: np.ndarray


@kernel
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


@kernel
def group_neurons(z, sign, state, table, first, group):
    """Number the groups in the order of their first neuron.

    Parameters
    ----------
    z, sign, state
        As in :class:`Neurons`.
    table : int64[a power of 2, at least twice m]
        Zeros; room.
    first, group : int64[m]
        Written: each group's first neuron, each neuron's group.

    Returns
    -------
    groups : int
    """
    m, n = state.shape
    size = table.shape[0]
    groups = 0
    for j in range(m):
        side = line_side(z[j], sign[j], state[j])
        key = np.uint64(14695981039346656037) ^ side  # FNV-1a: short, and the table verifies every match
        for k in range(n):
            key = (key ^ np.uint64(state[j, k])) * np.uint64(1099511628211)
        slot = np.int64((key ^ (key >> np.uint64(29))) & np.uint64(size - 1))
        while True:
            found = table[slot]
            if found == 0:
                table[slot] = groups + 1
                first[groups] = j
                group[j] = groups
                groups += 1
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
    return groups


@kernel
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


@kernel
def sort_neurons(sign, group, place, order, start, minus, free):
    """Order the neurons by group, and in each by the sign of a: +, -, then those that may change it.

    Parameters
    ----------
    place : int64[3 groups + 1]
        Zeros; room.
    order, start, minus, free
        As in :class:`Lumps`; written.
    """
    m, groups = sign.shape[0], start.shape[0] - 1
    for j in range(m):
        rank = 0 if sign[j] > 0.0 else 1 if sign[j] < 0.0 else 2
        place[3 * group[j] + rank + 1] += 1
    for i in range(3 * groups):
        place[i + 1] += place[i]
    for g in range(groups):
        start[g], minus[g], free[g] = place[3 * g], place[3 * g + 1], place[3 * g + 2]
    start[groups] = m
    for j in range(m):
        rank = 0 if sign[j] > 0.0 else 1 if sign[j] < 0.0 else 2
        i = 3 * group[j] + rank
        order[place[i]] = j
        place[i] += 1


@kernel
def read_states(neuron_state, order, start, slope, state, gain):
    """Write each group's ``state`` and ``gain``; return how many normals they take together, at most."""
    n, most = state.shape[1], 0
    for g in range(state.shape[0]):
        member = order[start[g]]
        for k in range(n):
            state[g, k] = neuron_state[member, k]
        most += read_gain(state[g], slope, gain[g])
    return most


@kernel
def read_spans(neurons, problem, order, start, state, gain, row, kind, edge, normals, shade):
    """Write what each group's sliding leaves it to move in, and how many rows of which kind it takes."""
    x = problem.x
    n, q = x.shape
    for g in range(kind.shape[0]):
        size = find_normals(state[g], problem, normals, edge[g])
        edge[g + 1] = edge[g] + size
        members = start[g + 1] - start[g]
        moves = False
        for k in range(n):
            moves = moves or gain[g, k] != 0.0
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
            shade[b, k] = 0.0
            for i in range(q):
                shade[b, k] += normals[b, i] * x[k, i]


@kernel
def write_rows(z, log_scale, order, start, row, kind, rows, logs, columns, column_logs, block):
    """Give each group its rows and columns, written into zeros; ``block``, float64[:, q + 1], is room."""
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
            columns[first + c, c] = 1.0


@allocating
def lump(neurons, problem):
    """Gather the neurons into groups and give each group its rows.

    A group that nothing can move (off everywhere: D = 0) and that adds nothing to h has no rows.

    Returns
    -------
    Lumps
    """
    z, log_scale, sign, state = neurons.z, neurons.log_scale, neurons.sign, neurons.state
    (m, n), size = state.shape, z.shape[1] - 1
    slots = 2
    while slots < 2 * m:
        slots *= 2
    group, order, first = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64)
    groups = group_neurons(z, sign, state, np.zeros(slots, dtype=np.int64), first, group)
    start, place = np.empty(groups + 1, dtype=np.int64), np.zeros(3 * groups + 1, dtype=np.int64)
    minus, free = np.empty(groups, dtype=np.int64), np.empty(groups, dtype=np.int64)
    sort_neurons(sign, group, place, order, start, minus, free)
    states, gain = np.empty((groups, n), dtype=np.int8), np.empty((groups, n))
    most = read_states(state, order, start, problem.slope, states, gain)
    row, edge = np.zeros(groups + 1, dtype=np.int64), np.zeros(groups + 1, dtype=np.int64)
    kind = np.empty(groups, dtype=np.int8)
    normals, shade = np.empty((most + 1, size - 1)), np.empty((most + 1, n))  # one as room for a dependent vector
    read_spans(neurons, problem, order, start, states, gain, row, kind, edge, normals, shade)
    rows, logs = np.zeros((row[groups], size + 1)), np.zeros(row[groups])
    columns, column_logs = np.zeros((row[groups], size)), np.zeros(row[groups])
    write_rows(z, log_scale, order, start, row, kind, rows, logs, columns, column_logs, np.empty((BLOCK, size)))
    return Lumps(
        group, order, start, minus, free, row, kind, states, gain, edge, normals, shade, rows, logs, columns,
        column_logs, np.zeros((groups, n)),
    )  # fmt: skip


@allocating
def beside(lumps):
    """Lumps of the same neurons with rows and columns of their own, not yet written."""
    return Lumps(
        lumps.group, lumps.order, lumps.start, lumps.minus, lumps.free, lumps.row, lumps.kind, lumps.state,
        lumps.gain, lumps.edge, lumps.normals, lumps.shade, np.empty_like(lumps.rows), np.empty_like(lumps.logs),
        np.empty_like(lumps.columns), np.empty_like(lumps.column_logs), lumps.clear,
    )  # fmt: skip


@hot
def take_over(lumps, moved):
    """Write the rows and columns of ``moved`` into ``lumps``."""
    rows, logs, columns, column_logs = lumps.rows, lumps.logs, lumps.columns, lumps.column_logs
    new_rows, new_logs, new_columns, new_column_logs = moved.rows, moved.logs, moved.columns, moved.column_logs
    for i in range(rows.shape[0]):
        logs[i], column_logs[i] = new_logs[i], new_column_logs[i]
        for c in range(rows.shape[1]):
            rows[i, c] = new_rows[i, c]
        for c in range(columns.shape[1]):
            columns[i, c] = new_columns[i, c]
