"""One activation pattern: what each point pushes, and where a neuron of it may move.

A point that is on pushes with its residual, one that is off with ``slope`` times it. A neuron that slides along
the boundaries of some points moves in the complement of their span: its D is the sum over the other points,
projected there (Filippov; ENGINE.md section 4). The projection is the same for all neurons of the pattern.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.exact.boost import project
from pipeline.flow.exact.compiled import kernel
from pipeline.flow.exact.states import OFF, ON, SLIDING

DEPENDENT = 1e-9
"""The share of |x_k| below which x_k lies in the span of the sliding points before it."""


@kernel
def read_gain(state, slope, gain):
    """Write phi' at each point into ``gain``: 1, ``slope``, and 0 where the neuron slides; return those."""
    sliding = 0
    for k in range(state.shape[0]):
        if state[k] == ON:
            gain[k] = 1.0
        elif state[k] == OFF:
            gain[k] = slope
        else:
            gain[k] = 0.0
            sliding += 1
    return sliding


@kernel
def find_normals(state, problem, normals, first):
    """Write an orthonormal basis of the sliding points' span into ``normals[first:]``; return its size.

    Gram-Schmidt, each vector twice: once would leave 1e-16/sin(angle).
    """
    x, length, opposite = problem.x, problem.length, problem.opposite
    n, q = x.shape
    last = first
    for k in range(n):
        if state[k] != SLIDING or 0 <= opposite[k] < k or last - first == q:
            continue
        for i in range(q):
            normals[last, i] = x[k, i] / length[k]
        for _ in range(2):
            project(normals[last], normals, first, last)
        square = 0.0
        for i in range(q):
            square += normals[last, i] * normals[last, i]
        if square > DEPENDENT * DEPENDENT:
            unit = 1.0 / sqrt(square)
            for i in range(q):
                normals[last, i] *= unit
            project(normals[last], normals, first, last)
            last += 1
    return last - first
