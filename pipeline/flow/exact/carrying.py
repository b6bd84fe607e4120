"""The groups through a step: every row, and what gives the neurons behind the rows back."""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.boost import boost_neuron, boost_rows, project
from pipeline.flow.exact.compiled import allocating, hot, kernel
from pipeline.flow.exact.curve import moments, restrict
from pipeline.flow.exact.patterns import FEW, LINE, MANY, beside

LARGE = 20_000
"""Multiplications from which a matrix product of the library is worth its call."""


@hot
def boost_weights(b, step, weights):
    """What each point's x_k weighs in the two boosts over a step: rows of tau r_k / n.

    Parameters
    ----------
    b : float64[6, n]
        The residual over the step (:mod:`pipeline.flow.exact.curve`).
    weights : float64[2, n]
        Row i: the factor of x_k in tau D of boost i. Written.
    """
    n = b.shape[1]
    for k in range(n):
        first, second = moments(b, k)
        weights[0, k], weights[1, k] = step / n * first, step / n * second


@hot
def write_push(gain, g, weights, x, normals, first, last, pushes, place):
    """Write tau D of both boosts of group ``g``, whose normals are ``normals[first:last]``, at ``place``.

    Where only one point pushes D keeps its direction, and one boost does the work of both.
    """
    n, q = x.shape
    points = 0
    for c in range(q):
        pushes[0, place, c], pushes[1, place, c] = 0.0, 0.0
    for k in range(n):
        factor = gain[g, k]
        if factor == 0.0:
            continue
        points += 1
        for c in range(q):
            pushes[0, place, c] += factor * weights[0, k] * x[k, c]
            pushes[1, place, c] += factor * weights[1, k] * x[k, c]
    for i in range(2):
        if last > first:
            project(pushes[i, place], normals, first, last)
    if points == 1:
        for c in range(q):
            pushes[0, place, c] += pushes[1, place, c]
            pushes[1, place, c] = 0.0


@hot
def write_pushes(lumps, weights, x, pushes):
    """Write tau D of both boosts for every group into ``pushes`` (2, groups, q)."""
    gain, edge, normals = lumps.gain, lumps.edge, lumps.normals
    groups, n = gain.shape
    if groups * n * x.shape[1] <= LARGE:
        for g in range(groups):
            write_push(gain, g, weights, x, normals, edge[g], edge[g + 1], pushes, g)
        return
    push_by_products(gain, weights, x, pushes)
    for g in range(groups):
        for i in range(2):
            project(pushes[i, g], normals, edge[g], edge[g + 1])


@allocating
def push_by_products(gain, weights, x, pushes):
    """The sums of :func:`write_pushes` by matrix products."""
    for i in range(2):
        pushes[i] = np.dot(gain * weights[i], x)


@kernel
def line_growth(row, push):
    """By how much ln |w| grows for a balanced neuron (w, a) on a line: d ln|w|/dt = s <w/|w|, D>."""
    q = push.shape[0]
    along, square = 0.0, 0.0
    for i in range(q):
        along += row[i] * push[i]
        square += row[i] * row[i]
    return along * row[q] / square


@hot
def carry_rows(lumps, pushes, rows, logs):
    """Write the rows of ``lumps`` after the boosts ``pushes`` into ``rows`` and ``logs``."""
    old_rows, old_logs = lumps.rows, lumps.logs
    for i in range(rows.shape[0]):
        logs[i] = old_logs[i]
        for c in range(rows.shape[1]):
            rows[i, c] = old_rows[i, c]
    boost_groups(lumps, pushes, rows, logs)


@hot
def boost_groups(lumps, pushes, rows, logs):
    """Boost the ``rows`` of the groups of ``lumps`` by ``pushes``, in place."""
    row, kind = lumps.row, lumps.kind
    for g in range(row.shape[0] - 1):
        first, last = row[g], row[g + 1]
        if last == first:
            continue
        for i in range(2):
            if kind[g] == MANY:
                boost_rows(rows, logs, first, last, pushes, i, g)
            elif kind[g] == FEW:
                for j in range(first, last):
                    logs[j] += boost_neuron(rows[j], pushes[i, g])
            else:
                logs[first] += line_growth(rows[first], pushes[i, g])


@hot
def carry_columns(lumps, pushes, columns, column_logs):
    """Write the columns of ``lumps`` after the boosts ``pushes`` into ``columns`` and ``column_logs``."""
    row, kind, old_rows, old, old_logs = lumps.row, lumps.kind, lumps.rows, lumps.columns, lumps.column_logs
    for i in range(old.shape[0]):
        column_logs[i] = old_logs[i]
        for c in range(old.shape[1]):
            columns[i, c] = old[i, c]
    for g in range(row.shape[0] - 1):
        first = row[g]
        if row[g + 1] == first or kind[g] == FEW:
            continue
        for i in range(2):
            if kind[g] == LINE:
                column_logs[first] += line_growth(old_rows[first], pushes[i, g])
            else:
                boost_rows(columns, column_logs, first, row[g + 1], pushes, i, g)


@allocating
def carry_all(lumps, b, step, high, problem):
    """The lumps, rows and columns, carried from the step's start to its fraction ``high``."""
    x = problem.x
    moved = beside(lumps)
    part, weights = np.empty_like(b), np.empty((2, x.shape[0]))
    pushes = np.empty((2, lumps.gain.shape[0], x.shape[1]))
    restrict(b, 0.0, high, part)
    boost_weights(part, high * step, weights)
    write_pushes(lumps, weights, x, pushes)
    carry_rows(lumps, pushes, moved.rows, moved.logs)
    carry_columns(lumps, pushes, moved.columns, moved.column_logs)
    return moved
