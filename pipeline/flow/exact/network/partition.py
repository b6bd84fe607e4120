"""Which neurons belong together: those of one activation pattern, found by a hash table."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.network.activation import SLIDING

FEWEST_SLOTS, GROWTH = 256, 16
"""The hash table's first size, and by what it grows when half of it is used: groups are few, if neurons are many,
and a table of twice as many slots as there are neurons would be cleared at every grouping."""


class Partition(NamedTuple):
    """Which neurons are in which group: as in ``PatternGroups``."""

    group: np.ndarray
    order: np.ndarray
    start: np.ndarray
    minus: np.ndarray
    free: np.ndarray


@allocating
def partition_by_pattern(neurons):
    """Find which neurons are in which group.

    Returns
    -------
    Partition
    """
    m, slots, group_count = neurons.sign.shape[0], FEWEST_SLOTS, -1
    group, first = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64)
    while group_count < 0:
        group_count = number_groups(neurons, np.zeros(slots, dtype=np.int64), first, group)
        slots *= GROWTH
    partition = Partition(
        group=group,
        order=np.empty(m, dtype=np.int64),
        start=np.empty(group_count + 1, dtype=np.int64),
        minus=np.empty(group_count, dtype=np.int64),
        free=np.empty(group_count, dtype=np.int64),
    )
    sort_neurons(neurons.sign, partition, np.zeros(3 * group_count + 1, dtype=np.int64))
    return partition


@jitted
def number_groups(neurons, table, first, group):
    """Number the groups in the order of their first neuron.

    Parameters
    ----------
    neurons : Neurons
    table : int64[a power of 2]
        Zeros; workspace: a hash table of the patterns.
    first, group : int64[m]
        Written: each group's first neuron, each neuron's group.

    Returns
    -------
    groups : int
        -1 if they need more than half of the table.
    """
    z, sign, state = neurons.z, neurons.sign, neurons.state
    m, n = state.shape
    size = table.shape[0]
    group_count = 0
    for j in range(m):
        side = line_side(z[j], sign[j], state[j])
        slot = first_slot(state[j], side, size)
        while True:
            found = table[slot]
            if found == 0:
                if 2 * group_count >= size:
                    return -1
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


@inlined
def first_slot(state, side, size):
    """Where to look for a pattern first, in a table of ``size`` slots."""
    key = np.uint64(14695981039346656037) ^ side  # FNV-1a: short, and the table verifies every match
    for k in range(state.shape[0]):
        key = (key ^ np.uint64(state[k])) * np.uint64(1099511628211)
    return np.int64((key ^ (key >> np.uint64(29))) & np.uint64(size - 1))


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
