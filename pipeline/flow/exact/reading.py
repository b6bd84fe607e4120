"""Every neuron, read back from the lump that has carried it."""

from __future__ import annotations

from math import exp, log, sqrt

from pipeline.flow.exact.boost import project
from pipeline.flow.exact.compiled import allocating, inlined, kernel
from pipeline.flow.exact.patterns import FEW, LINE, Neurons

LOST = 1e-20
"""The square of a neuron, in the unit of its group's columns, below which it is their rounding."""


@allocating
def copy_neurons(neurons):
    """The same neurons in arrays of their own."""
    return Neurons(neurons.z.copy(), neurons.log_scale.copy(), neurons.sign, neurons.state.copy())


@kernel
def normalise(z, sign):
    """Scale ``z`` in place to (|w|^2 + a^2)/2 = 1 and restore a^2 - |w|^2 = c exactly (Lemma 1).

    For c >= 0 by a, whose sign is known; for c < 0 by the length of w, since a may be 0.

    Returns
    -------
    float
        The logarithm of the factor.
    """
    q = z.shape[0] - 2
    square = 0.0
    for i in range(q):
        square += z[i] * z[i]
    a, c = z[q], z[q + 1]
    if c >= 0.0:
        wanted = sqrt(square + c)
        a = wanted if sign > 0.0 or (sign == 0.0 and a > 0.0) else -wanted
    elif square > 0.0:
        stretch = sqrt((a * a - c) / square)
        for i in range(q):
            z[i] *= stretch
        square = a * a - c
    size = sqrt(0.5 * (square + a * a))
    if size == 0.0:
        return 0.0
    unit = 1.0 / size
    for i in range(q):
        z[i] *= unit
    z[q] = a * unit
    z[q + 1] = c * unit * unit
    return log(size)


@kernel
def read_neuron(neurons, lumps, g, i, z):
    """Write neuron number ``i`` of group ``g`` as its lump has carried it into ``z``; return its log scale."""
    old, columns = neurons.z, lumps.columns
    size = z.shape[0] - 1
    first = lumps.row[g]
    j = lumps.order[lumps.start[g] + i]
    log_scale = neurons.log_scale[j]
    if lumps.row[g + 1] == first or lumps.kind[g] == LINE:
        for c in range(size + 1):
            z[c] = old[j, c]
        return log_scale if lumps.row[g + 1] == first else log_scale + lumps.column_logs[first]
    if lumps.kind[g] == FEW:
        for c in range(size + 1):
            z[c] = lumps.rows[first + i, c]
        return lumps.logs[first + i]
    for c in range(size):
        z[c] = 0.0
    for b in range(size):
        for c in range(size):
            z[c] += old[j, b] * columns[first + b, c]
    growth = lumps.column_logs[first]
    if shrunk(z, old, j):
        growth = -growth
    z[size] = old[j, size] * exp(-2.0 * growth) if old[j, size] != 0.0 else 0.0
    return log_scale + growth


@inlined
def shrunk(z, old, j):
    """Whether ``z``, neuron ``j`` as its group's columns give it, is only their rounding; it is put right then.

    Such a neuron stands against D to 1e-10: it has kept its direction, and shrunk by as much as others have grown.
    """
    size = z.shape[0] - 1
    square = 0.0
    for c in range(size):
        square += z[c] * z[c]
    if square < LOST:
        for c in range(size):
            z[c] = old[j, c]
    return square < LOST


@kernel
def gather(neurons, lumps, z, log_scale, vector):
    """Write every neuron as its lump has carried it into ``z`` and ``log_scale``, normalised, on its boundaries.

    They may be the neurons' own; ``vector``, float64[q + 1], is room. What only rounding is left of is kept as
    :func:`shrunk` says. In the order in which the neurons lie in memory: group after group would read it all as
    often as there are groups.
    """
    group, start, order, row, kind, edge = lumps.group, lumps.start, lumps.order, lumps.row, lumps.kind, lumps.edge
    rows, logs, columns, column_logs = lumps.rows, lumps.logs, lumps.columns, lumps.column_logs
    normals = lumps.normals
    old, old_log, sign = neurons.z, neurons.log_scale, neurons.sign
    size = old.shape[1] - 1
    for j in range(old.shape[0]):
        g = group[j]
        first = row[g]
        rests = row[g + 1] == first
        if not rests and kind[g] == FEW:
            continue
        growth = 0.0 if rests else column_logs[first]
        if rests or kind[g] == LINE:
            for c in range(size + 1):
                z[j, c] = old[j, c]
            log_scale[j] = old_log[j] + growth
            continue
        square = 0.0
        for c in range(size):
            vector[c] = 0.0
            for b in range(size):
                vector[c] += old[j, b] * columns[first + b, c]
            square += vector[c] * vector[c]
        lost = square < LOST
        for c in range(size):
            z[j, c] = old[j, c] if lost else vector[c]
        log_scale[j] = old_log[j] + (-growth if lost else growth)
        z[j, size] = old[j, size] * exp(-2.0 * growth) if old[j, size] != 0.0 else 0.0
        if edge[g + 1] > edge[g]:
            project(z[j, : size - 1], normals, edge[g], edge[g + 1])
        log_scale[j] += normalise(z[j], sign[j])
    for g in range(start.shape[0] - 1):
        if row[g + 1] == row[g] or kind[g] != FEW:
            continue
        for i in range(start[g + 1] - start[g]):
            j = order[start[g] + i]
            for c in range(size + 1):
                z[j, c] = rows[row[g] + i, c]
            log_scale[j] = logs[row[g] + i]
            if edge[g + 1] > edge[g]:
                project(z[j, : size - 1], normals, edge[g], edge[g + 1])
            log_scale[j] += normalise(z[j], sign[j])
