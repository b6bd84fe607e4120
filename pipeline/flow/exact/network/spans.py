"""Each group's pattern, what its sliding leaves it to move in, and how many rows of which kind stand for it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import jitted
from pipeline.flow.exact.network.activation import find_normals, write_derivative
from pipeline.flow.exact.network.partition import line_side

FEW, MANY, LINE = 1, 2, 3
"""The kinds of groups (:mod:`pipeline.flow.exact.network.groups`): few neurons, many, and those on a line."""


class Spans(NamedTuple):
    """Each group's pattern, and what its sliding leaves it to move in: as in ``PatternGroups``."""

    state: np.ndarray
    derivative: np.ndarray
    row: np.ndarray
    kind: np.ndarray
    edge: np.ndarray
    normals: np.ndarray
    normal_overlap: np.ndarray


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
            kind[g], rows = LINE, 1
        elif members <= q + 1:
            kind[g], rows = FEW, members
        else:
            kind[g], rows = MANY, q + 1
        row[g + 1] = row[g] + (rows if moves else 0)
    for b in range(edge[kind.shape[0]]):
        for k in range(n):
            normal_overlap[b, k] = 0.0
            for i in range(q):
                normal_overlap[b, k] += normals[b, i] * x[k, i]
