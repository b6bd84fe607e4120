"""Every neuron, read back from the group that has carried it."""

from __future__ import annotations

from math import exp, log, sqrt

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted, llvm_inlined
from pipeline.flow.exact.network.activation import project
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.network.spans import FEW, LINE, MANY

LOST_SQUARE = 1e-20
"""The square of a neuron, in the unit of its group's columns, below which it is their rounding."""
CANCELLED_UNIT = 1e-3
"""The largest entry of a propagator below which its group's unit is renewed. Boosts along one D leave 1/2."""


@allocating
def copy_neurons(neurons):
    """The same neurons in arrays of their own."""
    return Neurons(neurons.z.copy(), neurons.log_scale.copy(), neurons.sign, neurons.state.copy())


@llvm_inlined
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


@jitted
def read_neuron(neurons, groups, g, i, z):
    """Write neuron number ``i`` of group ``g`` as its group has carried it into ``z``; return its log scale."""
    old, propagator = neurons.z, groups.propagator
    size = z.shape[0] - 1
    first = groups.row[g]
    j = groups.order[groups.start[g] + i]
    log_scale = neurons.log_scale[j]
    if groups.row[g + 1] == first or groups.kind[g] == LINE:
        for c in range(size + 1):
            z[c] = old[j, c]
        return log_scale if groups.row[g + 1] == first else log_scale + groups.propagator_logs[first]
    if groups.kind[g] == FEW:
        for c in range(size + 1):
            z[c] = groups.rows[first + i, c]
        return groups.logs[first + i]
    for c in range(size):
        z[c] = 0.0
    for b in range(size):
        for c in range(size):
            z[c] += old[j, b] * propagator[first + b, c]
    growth = groups.propagator_logs[first]
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
    if square < LOST_SQUARE:
        for c in range(size):
            z[c] = old[j, c]
    return square < LOST_SQUARE


@inlined
def carry_neuron(neurons, groups, j, z):
    """Write neuron ``j`` of a group of many, on a line or at rest as its group has carried it into ``z``.

    For :func:`gather` and for reading samples, which go through the neurons in the order in which they lie in
    memory: group after group would read it all as often as there are groups. What only rounding is left of is kept
    as :func:`shrunk` says.

    Returns
    -------
    float
        Its log scale.
    """
    old, propagator, g = neurons.z, groups.propagator, groups.group[j]
    size, first = old.shape[1] - 1, groups.row[g]
    rests = groups.row[g + 1] == first
    growth = 0.0 if rests else groups.propagator_logs[first]
    if rests or groups.kind[g] == LINE:
        for c in range(size + 1):
            z[c] = old[j, c]
    else:
        square = 0.0
        for c in range(size):
            total = 0.0
            for b in range(size):
                total += old[j, b] * propagator[first + b, c]
            z[c] = total
            square += total * total
        if square < LOST_SQUARE:
            growth = -growth
            for c in range(size):
                z[c] = old[j, c]
        z[size] = old[j, size] * exp(-2.0 * growth) if old[j, size] != 0.0 else 0.0
    return neurons.log_scale[j] + growth


@jitted
def gather(neurons, groups, z, log_scale, vector):
    """Write every neuron as its group has carried it into ``z`` and ``log_scale``, normalised, on boundaries.

    They may be the neurons' own; ``vector`` is workspace, float64[q + 2].
    """
    group, start, order, row, kind, edge = (
        groups.group,
        groups.start,
        groups.order,
        groups.row,
        groups.kind,
        groups.edge,
    )
    rows, logs, normals, sign = groups.rows, groups.logs, groups.normals, neurons.sign
    size = z.shape[1] - 1
    for j in range(z.shape[0]):
        g = group[j]
        rests = row[g + 1] == row[g]
        if not rests and kind[g] == FEW:
            continue
        log_scale[j] = carry_neuron(neurons, groups, j, vector)
        for c in range(size + 1):
            z[j, c] = vector[c]
        if rests or kind[g] == LINE:
            continue
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


@llvm_inlined
def renew_units(groups):
    """Renew the units of large groups whose boosts have cancelled, in place.

    Each boost enlarges the unit by its whole rapidity. Where D turns back and forth for a long time the columns
    become small in it: neurons would be taken for those of which only rounding is left (:func:`shrunk`), and at
    last the columns would underflow.
    """
    rows, logs, propagator, propagator_logs = groups.rows, groups.logs, groups.propagator, groups.propagator_logs
    for g in range(groups.kind.shape[0]):
        first, last = groups.row[g], groups.row[g + 1]
        if last == first or groups.kind[g] != MANY or propagator_logs[first] < -log(CANCELLED_UNIT):
            continue
        largest = 0.0
        for i in range(first, last):
            for c in range(propagator.shape[1]):
                largest = max(largest, abs(propagator[i, c]))
        if not 0.0 < largest < CANCELLED_UNIT:
            continue
        growth, unit = log(largest), 1.0 / largest
        for i in range(first, last):
            logs[i] += growth
            propagator_logs[i] += growth
            for c in range(propagator.shape[1]):
                rows[i, c] *= unit
                propagator[i, c] *= unit
