"""The groups through a step: every row, and every column that stands for the neurons behind the rows."""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.boost import magnus_weights, propagate_rows
from pipeline.flow.exact.compiled import kernel
from pipeline.flow.exact.patterns import Lumps


@kernel
def carry_rows(lumps, weights, x, rows, logs, push):
    """Write the rows of ``lumps`` after the boosts of ``weights`` into ``rows`` and ``logs``."""
    old_rows, old_logs, row, state = lumps.rows, lumps.logs, lumps.row, lumps.state
    for i in range(rows.shape[0]):
        logs[i] = old_logs[i]
        for c in range(rows.shape[1]):
            rows[i, c] = old_rows[i, c]
    for g in range(row.shape[0] - 1):
        propagate_rows(rows, logs, row[g], row[g + 1], state[g], weights, x, push)


@kernel
def carry_lumps(lumps, cubic, end, problem, rows, logs):
    """The lumps carried from the step's start to ``end``, where their rows are known to be ``rows``."""
    x = problem.x
    weights, push = np.empty((2, x.shape[0])), np.empty(x.shape[1])
    magnus_weights(cubic, 0.0, end, weights)
    columns, column_logs = lumps.columns.copy(), lumps.column_logs.copy()
    start, row, state = lumps.start, lumps.row, lumps.state
    for g in range(start.shape[0] - 1):
        if start[g + 1] - start[g] > rows.shape[1]:
            propagate_rows(columns, column_logs, row[g], row[g + 1], state[g], weights, x, push)
    return Lumps(lumps.order, lumps.start, lumps.row, lumps.state, lumps.sign, rows, logs, columns, column_logs)


@kernel
def carry_all(lumps, cubic, end, problem):
    """The lumps, rows and columns, carried from the step's start to ``end``."""
    x = problem.x
    weights, push = np.empty((2, x.shape[0])), np.empty(x.shape[1])
    magnus_weights(cubic, 0.0, end, weights)
    rows, logs = np.empty_like(lumps.rows), np.empty_like(lumps.logs)
    carry_rows(lumps, weights, x, rows, logs, push)
    return carry_lumps(lumps, cubic, end, problem, rows, logs)
