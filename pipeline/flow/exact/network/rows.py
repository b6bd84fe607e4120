"""The rows that stand for the neurons of a group: themselves, a triangular factor of many, or one for a line."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.network.spans import FEW, LINE

BLOCK = 64
"""How many neurons are added to a factor at a time."""


@jitted
def write_rows(neurons, groups, block):
    """Write the groups' rows and propagators into zeros; ``block``, float64[q + 1, BLOCK], is workspace."""
    for g in range(groups.kind.shape[0]):
        if groups.row[g + 1] == groups.row[g]:
            continue
        if groups.kind[g] == FEW:
            write_neurons(neurons, groups, g)
            continue
        reference = -np.inf
        for i in range(groups.start[g], groups.start[g + 1]):
            reference = max(reference, neurons.log_scale[groups.order[i]])
        if groups.kind[g] == LINE:
            write_line(neurons, groups, g, reference)
        else:
            write_factor(neurons, groups, g, reference, block)


@inlined
def write_neurons(neurons, groups, g):
    """Write the neurons of a group of few as its rows."""
    first = groups.row[g]
    for i in range(groups.start[g + 1] - groups.start[g]):
        j = groups.order[groups.start[g] + i]
        groups.logs[first + i] = neurons.log_scale[j]
        for c in range(neurons.z.shape[1]):
            groups.rows[first + i, c] = neurons.z[j, c]


@inlined
def write_line(neurons, groups, g, reference):
    """Write one row for the neurons of a group on a line; ``reference`` is the largest of their logarithms."""
    order, start, first, total = groups.order, groups.start, groups.row[g], 0.0
    for i in range(start[g], start[g + 1]):
        total += exp(2.0 * (neurons.log_scale[order[i]] - reference))
    groups.logs[first] = reference + 0.5 * log(total)
    for c in range(neurons.z.shape[1] - 1):
        groups.rows[first, c] = neurons.z[order[start[g]], c]


@inlined
def write_factor(neurons, groups, g, reference, block):
    """Write the triangular factor of a group of many, in units of exp(``reference``), and its propagator."""
    order, start, first, size = groups.order, groups.start, groups.row[g], neurons.z.shape[1] - 1
    filled = 0
    for i in range(start[g], start[g + 1]):
        j = order[i]
        unit = exp(neurons.log_scale[j] - reference)
        for c in range(size):
            block[c, filled] = unit * neurons.z[j, c]
        filled += 1
        if filled == block.shape[1] or i == start[g + 1] - 1:
            add_to_factor(groups.rows, first, block, filled)
            filled = 0
    for c in range(size):
        groups.logs[first + c] = reference
        groups.propagator[first + c, c] = 1.0


@jitted
def add_to_factor(rows, first, block, count):
    """Update the triangular factor R = ``rows[first:]`` so that R^T R grows by B B^T, B = ``block[:, :count]``.

    By Householder's reflections; both are changed in place, and the block is used up. The diagonal stays positive.
    A neuron is a column of B: the sums go along the memory.
    """
    size = block.shape[0]
    for i in range(size):
        square = inner_product(block[i], block[i], count)
        if square == 0.0:
            continue
        length = sqrt(rows[first + i, i] * rows[first + i, i] + square)
        head = rows[first + i, i] + length
        rows[first + i, i] = length
        for c in range(i + 1, size):
            total = head * rows[first + i, c] + inner_product(block[i], block[c], count)
            total *= 2.0 / (head * head + square)
            rows[first + i, c] = total * head - rows[first + i, c]
            for b in range(count):
                block[c, b] -= total * block[i, b]


@inlined
def inner_product(one, other, count):
    """The inner product of the first ``count`` numbers: four sums at a time, which do not wait for one another."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for part in range(count // 4):
        b = 4 * part
        first += one[b] * other[b]
        second += one[b + 1] * other[b + 1]
        third += one[b + 2] * other[b + 2]
        fourth += one[b + 3] * other[b + 3]
    for b in range(count - count % 4, count):
        first += one[b] * other[b]
    return (first + second) + (third + fourth)
