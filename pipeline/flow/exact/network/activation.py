"""One activation pattern: what each point pushes, and where a neuron of it may move.

A point that is on pushes with its residual, one that is off with ``negative_slope`` times it. A neuron that slides
along the boundaries of some points moves in the complement of their span: its D is the sum over the other points,
projected there (Filippov). The projection is the same for all neurons of the pattern.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.exact.machine_code.jit import jitted

OFF, ON, SLIDING = 1, 2, 3
"""The three states of a point in a neuron's pattern; the same numbers stand in ``trajectory/activation``."""
DEPENDENT = 1e-9
"""The share of |x_k| below which x_k lies in the span of the sliding points before it."""


@jitted
def write_derivative(state, negative_slope, derivative):
    """Write phi' at each point, 0 where the neuron slides, into ``derivative``; return how many slide."""
    sliding = 0
    for k in range(state.shape[0]):
        if state[k] == ON:
            derivative[k] = 1.0
        elif state[k] == OFF:
            derivative[k] = negative_slope
        else:
            derivative[k] = 0.0
            sliding += 1
    return sliding


@jitted
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


@jitted
def active_sum(derivative, weights, x, total):
    """Write the sum of derivative_k weights_k x_k over k into ``total``: n D for the residual as weights."""
    for i in range(x.shape[1]):
        total[i] = 0.0
    for k in range(x.shape[0]):
        if derivative[k] != 0.0:
            factor = derivative[k] * weights[k]
            for i in range(x.shape[1]):
                total[i] += factor * x[k, i]


@jitted
def project(vector, normals, first, last):
    """Take the parts along the orthonormal ``normals[first:last]`` out of ``vector``, in place."""
    for b in range(first, last):
        along = 0.0
        for i in range(vector.shape[0]):
            along += normals[b, i] * vector[i]
        for i in range(vector.shape[0]):
            vector[i] -= along * normals[b, i]
