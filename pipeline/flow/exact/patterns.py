"""Neurons with the same activation pattern share one propagator: the network as a few groups of rows.

D depends on a neuron only through its pattern (and nothing else of it), so everything the residual can see of
the c neurons of one pattern is their second moment S = sum z z^T. A group therefore carries at most q + 1
*rows* with S = rows^T rows: the neurons themselves when they are few, else a triangular factor of them. A
factor, not S itself, because squaring would lose the small neurons of a group below 1e-8 of its largest.

A group that stands for more neurons than it has rows also carries *columns*: the product of all its boosts
since the lumping, applied to the unit vectors. They give any neuron back as columns @ z when it is asked for.
Nothing is done per neuron while nobody asks.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.compiled import kernel
from pipeline.flow.exact.states import ON


class Neurons(NamedTuple):
    """Every neuron at the time of the last lumping.

    z : float64[m, q + 1]
        (w, a) in units of exp(log_scale); |w| = 1 there.
    log_scale : float64[m]
    sign : float64[m]
        s_j, the sign of a_j.
    state : int8[m, n]
        OFF or ON at each point.
    """

    z: np.ndarray
    log_scale: np.ndarray
    sign: np.ndarray
    state: np.ndarray


class Lumps(NamedTuple):
    """The groups: neurons of one pattern and one sign of a, and the rows that stand for them.

    order : int64[m]
        The neurons, group after group; those of group g are ``order[start[g]:start[g + 1]]``.
    start : int64[groups + 1]
    row : int64[groups + 1]
        The rows of group g are ``rows[row[g]:row[g + 1]]``; none for a group that is off everywhere.
    state : int8[groups, n]
    sign : float64[groups]
    rows, logs : float64[:, q + 1], float64[:]
        The rows, each in units of exp of its log.
    columns, column_logs : float64[:, q + 1], float64[:]
        Row row[g] + c: the image of unit vector c; all of a group in the same unit. Not used where the rows
        are the neurons themselves.
    """

    order: np.ndarray
    start: np.ndarray
    row: np.ndarray
    state: np.ndarray
    sign: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    columns: np.ndarray
    column_logs: np.ndarray


@kernel
def group_neurons(sign, state):
    """Number the groups in the order of their first neuron.

    Returns
    -------
    group : int64[m]
    groups : int
    """
    m, n = state.shape
    size = 2
    while size < 2 * m:
        size *= 2
    table = np.zeros(size, dtype=np.int64)  # group number + 1
    first = np.empty(m, dtype=np.int64)
    group = np.empty(m, dtype=np.int64)
    groups = 0
    for j in range(m):
        key = np.uint64(14695981039346656037)  # FNV-1a: short, and the table verifies every match
        if sign[j] > 0:
            key ^= np.uint64(255)
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
            same = (sign[other] > 0) == (sign[j] > 0)
            for k in range(n):
                if state[other, k] != state[j, k]:
                    same = False
                    break
            if same:
                group[j] = found - 1
                break
            slot = (slot + 1) & (size - 1)
    return group, groups


@kernel
def add_to_factor(factor, vector):
    """Update the triangular ``factor`` so that factor^T factor grows by vector vector^T (Givens rotations).

    Both are changed in place; ``vector`` is used up.
    """
    size = vector.shape[0]
    for i in range(size):
        if vector[i] == 0.0:
            continue
        diagonal = factor[i, i]
        length = sqrt(diagonal * diagonal + vector[i] * vector[i])
        cosine, sine = diagonal / length, vector[i] / length
        factor[i, i] = length
        for c in range(i + 1, size):
            old = factor[i, c]
            factor[i, c] = cosine * old + sine * vector[c]
            vector[c] = cosine * vector[c] - sine * old


@kernel
def lump(neurons):
    """Gather the neurons into groups and give each group its rows.

    A group that is off everywhere never moves (D = 0) and adds nothing to h: it has no rows.
    """
    z, log_scale, sign, state = neurons
    m, n = state.shape
    size = z.shape[1]
    group, groups = group_neurons(sign, state)

    start = np.zeros(groups + 1, dtype=np.int64)
    for j in range(m):
        start[group[j] + 1] += 1
    for g in range(groups):
        start[g + 1] += start[g]
    order = np.empty(m, dtype=np.int64)
    filled = np.zeros(groups, dtype=np.int64)
    for j in range(m):
        order[start[group[j]] + filled[group[j]]] = j
        filled[group[j]] += 1

    row = np.zeros(groups + 1, dtype=np.int64)
    group_state = np.empty((groups, n), dtype=np.int8)
    group_sign = np.empty(groups)
    for g in range(groups):
        member = order[start[g]]
        group_sign[g] = sign[member]
        moves = False
        for k in range(n):
            group_state[g, k] = state[member, k]
            moves = moves or state[member, k] == ON
        row[g + 1] = row[g] + (min(start[g + 1] - start[g], size) if moves else 0)

    rows = np.zeros((row[groups], size))
    logs = np.zeros(row[groups])
    columns = np.zeros((row[groups], size))
    column_logs = np.zeros(row[groups])
    vector = np.empty(size)
    for g in range(groups):
        first, members = row[g], start[g + 1] - start[g]
        if row[g + 1] == first:
            continue
        if members <= size:
            for i in range(members):
                j = order[start[g] + i]
                logs[first + i] = log_scale[j]
                for c in range(size):
                    rows[first + i, c] = z[j, c]
            continue
        reference = -np.inf
        for i in range(start[g], start[g + 1]):
            reference = max(reference, log_scale[order[i]])
        for i in range(start[g], start[g + 1]):
            j = order[i]
            unit = exp(log_scale[j] - reference)
            for c in range(size):
                vector[c] = unit * z[j, c]
            add_to_factor(rows[first : first + size], vector)
        for c in range(size):
            logs[first + c] = reference
            columns[first + c, c] = 1.0
    return Lumps(order, start, row, group_state, group_sign, rows, logs, columns, column_logs)


@kernel
def normalise(z, sign):
    """Scale ``z`` in place to |w| = 1 and restore a = s |w| exactly (Lemma 1); return the log of the factor.

    The boost conserves a^2 - |w|^2 to rounding, but the balanced manifold repels neurons that shrink: without
    this, rounding would grow like exp(2 delta t) until it flipped the sign of a.
    """
    q = z.shape[0] - 1
    square = 0.0
    for c in range(q):
        square += z[c] * z[c]
    if square == 0.0:
        return 0.0
    norm = sqrt(square)
    for c in range(q):
        z[c] /= norm
    z[q] = sign
    return log(norm)


@kernel
def gather(neurons, lumps, z, log_scale):
    """Write every neuron as its lump has carried it into ``z`` and ``log_scale``, scaled to |w| = 1.

    The arrays are taken out of the tuples first: an attribute in the loop would be counted in and out of use
    by atomic instructions, 150 ns a neuron.
    """
    start, order, row = lumps.start, lumps.order, lumps.row
    rows, logs, columns, column_logs = lumps.rows, lumps.logs, lumps.columns, lumps.column_logs
    old, old_log, sign = neurons.z, neurons.log_scale, neurons.sign
    size = old.shape[1]
    for g in range(start.shape[0] - 1):
        first, members = row[g], start[g + 1] - start[g]
        for i in range(members):
            j = order[start[g] + i]
            if row[g + 1] == first:
                for c in range(size):
                    z[j, c] = old[j, c]
                log_scale[j] = old_log[j]
                continue
            if members <= size:
                for c in range(size):
                    z[j, c] = rows[first + i, c]
                log_scale[j] = logs[first + i]
            else:
                for c in range(size):
                    z[j, c] = 0.0
                    for b in range(size):
                        z[j, c] += old[j, b] * columns[first + b, c]
                log_scale[j] = old_log[j] + column_logs[first]
            log_scale[j] += normalise(z[j], sign[j])


@kernel
def neuron_from_lump(neurons, lumps, g, i, z):
    """Write neuron number ``i`` of group ``g`` as its lump has carried it into ``z``; return its log scale."""
    size = z.shape[0]
    first = lumps.row[g]
    j = lumps.order[lumps.start[g] + i]
    if lumps.row[g + 1] == first:
        for c in range(size):
            z[c] = neurons.z[j, c]
        return neurons.log_scale[j]
    if lumps.start[g + 1] - lumps.start[g] <= size:
        for c in range(size):
            z[c] = lumps.rows[first + i, c]
        return lumps.logs[first + i]
    for c in range(size):
        z[c] = 0.0
    for b in range(size):
        for c in range(size):
            z[c] += neurons.z[j, b] * lumps.columns[first + b, c]
    return neurons.log_scale[j] + lumps.column_logs[first]
