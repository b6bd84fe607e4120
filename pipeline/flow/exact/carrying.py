"""The groups through a step: every row, and what gives the neurons behind the rows back."""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.boost import boost_neuron, boost_rows, project
from pipeline.flow.exact.compiled import kernel
from pipeline.flow.exact.curve import moments, restrict
from pipeline.flow.exact.patterns import FEW, LINE, MANY, Lumps

LARGE = 20_000
"""Multiplications from which a matrix product of the library is worth its call."""


@kernel
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


@kernel
def write_pushes(lumps, weights, x, pushes):
    """Write tau D of both boosts for every group into ``pushes`` (2, groups, q).

    Where only one point pushes D keeps its direction, and one boost does the work of both.
    """
    gain, edge, normals = lumps.gain, lumps.edge, lumps.normals
    groups, n = gain.shape
    q = x.shape[1]
    large = groups * n * q > LARGE
    if large:
        for i in range(2):
            pushes[i] = np.dot(gain * weights[i], x)
    for g in range(groups):
        points = 0
        for c in range(q if not large else 0):
            pushes[0, g, c], pushes[1, g, c] = 0.0, 0.0
        for k in range(n):
            factor = gain[g, k]
            if factor == 0.0:
                continue
            points += 1
            if not large:
                for c in range(q):
                    pushes[0, g, c] += factor * weights[0, k] * x[k, c]
                    pushes[1, g, c] += factor * weights[1, k] * x[k, c]
        if edge[g + 1] > edge[g]:
            for i in range(2):
                project(pushes[i, g], normals, edge[g], edge[g + 1])
        if points == 1:
            for c in range(q):
                pushes[0, g, c] += pushes[1, g, c]
                pushes[1, g, c] = 0.0


@kernel
def line_growth(row, push):
    """By how much ln |w| grows for a balanced neuron (w, a) on a line: d ln|w|/dt = s <w/|w|, D>."""
    q = push.shape[0]
    along, square = 0.0, 0.0
    for i in range(q):
        along += row[i] * push[i]
        square += row[i] * row[i]
    return along * row[q] / square


@kernel
def carry_rows(lumps, pushes, rows, logs):
    """Write the rows of ``lumps`` after the boosts ``pushes`` into ``rows`` and ``logs``."""
    old_rows, old_logs, row, kind = lumps.rows, lumps.logs, lumps.row, lumps.kind
    for i in range(rows.shape[0]):
        logs[i] = old_logs[i]
        for c in range(rows.shape[1]):
            rows[i, c] = old_rows[i, c]
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


@kernel
def carry_lumps(lumps, pushes, rows, logs):
    """The lumps after the boosts ``pushes``, their rows being known to be ``rows`` then."""
    columns, column_logs = lumps.columns.copy(), lumps.column_logs.copy()
    row, kind, old_rows = lumps.row, lumps.kind, lumps.rows
    for g in range(row.shape[0] - 1):
        first = row[g]
        if row[g + 1] == first or kind[g] == FEW:
            continue
        for i in range(2):
            if kind[g] == LINE:
                column_logs[first] += line_growth(old_rows[first], pushes[i, g])
            else:
                boost_rows(columns, column_logs, first, row[g + 1], pushes, i, g)
    return Lumps(
        lumps.order, lumps.start, lumps.minus, lumps.free, lumps.row, lumps.kind, lumps.state, lumps.gain,
        lumps.edge, lumps.normals, lumps.shade, rows, logs, columns, column_logs,
    )  # fmt: skip


@kernel
def carry_all(lumps, b, step, high, problem):
    """The lumps, rows and columns, carried from the step's start to its fraction ``high``."""
    x = problem.x
    part, weights = np.empty_like(b), np.empty((2, x.shape[0]))
    restrict(b, 0.0, high, part)
    boost_weights(part, high * step, weights)
    pushes = np.empty((2, lumps.gain.shape[0], x.shape[1]))
    write_pushes(lumps, weights, x, pushes)
    rows, logs = np.empty_like(lumps.rows), np.empty_like(lumps.logs)
    carry_rows(lumps, pushes, rows, logs)
    return carry_lumps(lumps, pushes, rows, logs)
