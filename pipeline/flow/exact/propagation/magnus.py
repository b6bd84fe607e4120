"""The groups through a step: every row, and what gives the neurons behind the rows back."""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, jitted, llvm_inlined
from pipeline.flow.exact.network.activation import project
from pipeline.flow.exact.network.groups import empty_like_groups
from pipeline.flow.exact.network.spans import FEW, LINE, MANY
from pipeline.flow.exact.propagation.bernstein import moments, restrict
from pipeline.flow.exact.propagation.boost import boost_neuron, boost_rows

PRODUCT_SIZE = 20_000
"""Multiplications from which a matrix product of the library is worth its call."""


@llvm_inlined
def boost_weights(b, step, weights):
    """What each point's x_k weighs in the two boosts over a step: rows of tau r_k / n.

    Parameters
    ----------
    b : float64[6, n]
        The residual over the step (``propagation.bernstein``).
    weights : float64[2, n]
        Row i: the factor of x_k in tau D of boost i. Written.
    """
    n = b.shape[1]
    for k in range(n):
        first, second = moments(b, k)
        weights[0, k], weights[1, k] = step / n * first, step / n * second


@llvm_inlined
def write_impulse(groups, g, weights, x, impulses, place):
    """Write tau D of both boosts of group ``g`` at ``place`` of ``impulses``, float64[2, :, q].

    Where only one point pushes D keeps its direction, and one boost does the work of both.
    """
    derivative, first, last = groups.derivative, groups.edge[g], groups.edge[g + 1]
    n, q = x.shape
    points = 0
    for c in range(q):
        impulses[0, place, c], impulses[1, place, c] = 0.0, 0.0
    for k in range(n):
        factor = derivative[g, k]
        if factor == 0.0:
            continue
        points += 1
        for c in range(q):
            impulses[0, place, c] += factor * weights[0, k] * x[k, c]
            impulses[1, place, c] += factor * weights[1, k] * x[k, c]
    for i in range(2):
        if last > first:
            project(impulses[i, place], groups.normals, first, last)
    if points == 1:
        for c in range(q):
            impulses[0, place, c] += impulses[1, place, c]
            impulses[1, place, c] = 0.0


@llvm_inlined
def write_impulses(groups, weights, x, impulses):
    """Write tau D of both boosts for every group into ``impulses`` (2, groups, q)."""
    edge, normals = groups.edge, groups.normals
    group_count, n = groups.derivative.shape
    if group_count * n * x.shape[1] <= PRODUCT_SIZE:
        for g in range(group_count):
            write_impulse(groups, g, weights, x, impulses, g)
        return
    impulses_by_products(groups.derivative, weights, x, impulses)
    for g in range(group_count):
        for i in range(2):
            project(impulses[i, g], normals, edge[g], edge[g + 1])


@allocating
def impulses_by_products(derivative, weights, x, impulses):
    """The sums of :func:`write_impulses` by matrix products."""
    for i in range(2):
        impulses[i] = np.dot(derivative * weights[i], x)


@jitted
def line_growth(row, impulse):
    """By how much ln |w| grows for a balanced neuron (w, a) on a line: d ln|w|/dt = s <w/|w|, D>."""
    q = impulse.shape[0]
    along, square = 0.0, 0.0
    for i in range(q):
        along += row[i] * impulse[i]
        square += row[i] * row[i]
    return along * row[q] / square


@llvm_inlined
def carry_rows(groups, impulses, rows, logs):
    """Write the rows of ``groups`` after the boosts ``impulses`` into ``rows`` and ``logs``."""
    old_rows, old_logs = groups.rows, groups.logs
    for i in range(rows.shape[0]):
        logs[i] = old_logs[i]
        for c in range(rows.shape[1]):
            rows[i, c] = old_rows[i, c]
    boost_groups(groups, impulses, rows, logs)


@llvm_inlined
def boost_groups(groups, impulses, rows, logs):
    """Boost the ``rows`` of the groups of ``groups`` by ``impulses``, in place."""
    row, kind = groups.row, groups.kind
    for g in range(row.shape[0] - 1):
        first, last = row[g], row[g + 1]
        if last == first:
            continue
        for i in range(2):
            if kind[g] == MANY:
                boost_rows((rows, logs), (first, last), impulses, i, g)
            elif kind[g] == FEW:
                for j in range(first, last):
                    logs[j] += boost_neuron(rows[j], impulses[i, g])
            else:
                logs[first] += line_growth(rows[first], impulses[i, g])


@llvm_inlined
def carry_propagator(groups, impulses, propagator, propagator_logs):
    """Write the propagator of ``groups`` after the boosts ``impulses``, and its logarithms."""
    row, kind, old_rows = groups.row, groups.kind, groups.rows
    old, old_logs = groups.propagator, groups.propagator_logs
    for i in range(old.shape[0]):
        propagator_logs[i] = old_logs[i]
        for c in range(old.shape[1]):
            propagator[i, c] = old[i, c]
    for g in range(row.shape[0] - 1):
        first = row[g]
        if row[g + 1] == first or kind[g] == FEW:
            continue
        for i in range(2):
            if kind[g] == LINE:
                propagator_logs[first] += line_growth(old_rows[first], impulses[i, g])
            else:
                boost_rows((propagator, propagator_logs), (first, row[g + 1]), impulses, i, g)


@jitted
def carry_trial(network, curve, step):
    """Carry the groups of a network along the residual ``curve`` through the time ``step``, into ``trial``."""
    groups, trial, motion = network.groups, network.trial, network.motion
    boost_weights(curve, step, motion.weights)
    write_impulses(groups, motion.weights, network.problem.x, motion.impulses)
    carry_rows(groups, motion.impulses, trial.rows, trial.logs)
    carry_propagator(groups, motion.impulses, trial.propagator, trial.propagator_logs)


@allocating
def carry_all(groups, b, step, high, problem):
    """Carry the groups, rows and propagator, from the step's start to its fraction ``high``."""
    x = problem.x
    moved = empty_like_groups(groups)
    part, weights = np.empty_like(b), np.empty((2, x.shape[0]))
    impulses = np.empty((2, groups.derivative.shape[0], x.shape[1]))
    restrict(b, 0.0, high, part)
    boost_weights(part, high * step, weights)
    write_impulses(groups, weights, x, impulses)
    carry_rows(groups, impulses, moved.rows, moved.logs)
    carry_propagator(groups, impulses, moved.propagator, moved.propagator_logs)
    return moved
