"""The boundaries at which a neuron is at one instant: their normals, their jumps, and the lines that they share.

Along the unit normal e of each boundary the neuron's velocity is s <D, e> (s the sign of a, time in units of
1/|a|), and it jumps by J e from the negative to the positive side::

    J_i = s (1 - slope)/n (r_i |x_i| + r_l |x_l|)

with l the point on the opposite ray, if there is one. ``events.corner`` decides on which sides the neuron goes on.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING, project

CONTACT = 1e-11
"""The share of |w||x_k| up to which a neuron is at boundary k."""
PARALLEL = 1e-9
"""The share of a unit normal up to which it is parallel to another, or depends on others."""


class Contact(NamedTuple):
    """A neuron at its boundaries.

    z : float64[q + 2]
    sign_a : float
        The sign of a; s in formulas.
    k : int
        The boundary that has just been reached, -1 for none.
    width : float
        The share of |w||x_k| up to which the neuron is at boundary k; CONTACT for what is there exactly.
    """

    z: np.ndarray
    sign_a: float
    k: int
    width: float


class Lines(NamedTuple):
    """The lines of a corner's normals: parallel normals have one boundary.

    line : int64[count]
        Each boundary's line.
    facing : float64[count]
        +1 where its normal is the line's, -1 where the opposite of it.
    axes, jumps : float64[lines, p], float64[lines]
        The lines' normals, in coordinates of their span, and their jumps J.
    low : float64[p]
        The velocity with all lines on their negative sides.
    """

    line: np.ndarray
    facing: np.ndarray
    axes: np.ndarray
    jumps: np.ndarray
    low: np.ndarray


class Span(NamedTuple):
    """Boundaries in coordinates of their normals' span.

    normals : float64[count, p]
        The unit normals.
    jumps : float64[count]
        J of each.
    low : float64[p]
        The velocity with all on their negative sides.
    """

    normals: np.ndarray
    jumps: np.ndarray
    low: np.ndarray


@jitted
def find_contacts(at, state, problem, contacts):
    """Write the boundaries at which the neuron is into ``contacts``, that which it has reached among them.

    Returns
    -------
    count : int
    """
    x, length, opposite, z = problem.x, problem.length, problem.opposite, at.z
    count, square = 0, 0.0
    for c in range(x.shape[1]):
        square += z[c] * z[c]
    size = sqrt(square)
    for l in range(x.shape[0]):
        if 0 <= opposite[l] < l:
            continue
        along = 0.0
        for c in range(x.shape[1]):
            along += z[c] * x[l, c]
        if l == at.k or state[l] == SLIDING or abs(along) <= at.width * size * length[l]:
            contacts[count] = l
            count += 1
    return count


@inlined
def jump_across(k, r, sign_a, problem):
    """J of boundary k for the residual ``r``."""
    l = problem.opposite[k]
    total = r[k] * problem.length[k]
    if l >= 0:
        total += r[l] * problem.length[l]
    return sign_a * (1.0 - problem.negative_slope) / problem.x.shape[0] * total


@allocating
def lowest_velocity(contacts, state, r, sign_a, problem):
    """``sign_a`` D with every boundary of ``contacts`` on its negative side, float64[q]."""
    x, opposite, slope = problem.x, problem.opposite, problem.negative_slope
    n, q = x.shape
    velocity = np.zeros(q)
    for k in range(n):
        derivative = 1.0 if state[k] == ON else slope if state[k] == OFF else 0.0
        for i in range(contacts.shape[0]):
            if contacts[i] == k:
                derivative = slope
            elif opposite[k] >= 0 and contacts[i] == opposite[k]:
                derivative = 1.0
        if derivative != 0.0:
            factor = sign_a * derivative * r[k] / n
            for c in range(q):
                velocity[c] += factor * x[k, c]
    return velocity


@jitted
def write_basis(contacts, problem, basis):
    """Write an orthonormal basis of the contacts' normals into ``basis``; return its size."""
    x, length = problem.x, problem.length
    q, size = x.shape[1], 0
    for i in range(contacts.shape[0]):
        if size == q:
            break
        k = contacts[i]
        for c in range(q):
            basis[size, c] = x[k, c] / length[k]
        for _ in range(2):
            project(basis[size], basis, np.int64(0), size)
        square = 0.0
        for c in range(q):
            square += basis[size, c] * basis[size, c]
        if square > PARALLEL * PARALLEL:
            for c in range(q):
                basis[size, c] /= sqrt(square)
            project(basis[size], basis, np.int64(0), size)
            square = 0.0
            for c in range(q):
                square += basis[size, c] * basis[size, c]
            for c in range(q):
                basis[size, c] /= sqrt(square)
            size += 1
    return size


@allocating
def span_of(contacts, state, r, sign_a, problem):
    """Write the boundaries ``contacts`` in coordinates of their normals' span.

    Returns
    -------
    Span
    """
    x, length = problem.x, problem.length
    count, q = contacts.shape[0], x.shape[1]
    basis, velocity = np.empty((q + 1, q)), lowest_velocity(contacts, state, r, sign_a, problem)
    p = write_basis(contacts, problem, basis)
    span = Span(normals=np.zeros((count, p)), jumps=np.empty(count), low=np.zeros(p))
    for b in range(p):
        for c in range(q):
            span.low[b] += basis[b, c] * velocity[c]
            for i in range(count):
                span.normals[i, b] += basis[b, c] * x[contacts[i], c] / length[contacts[i]]
    for i in range(count):
        span.jumps[i] = jump_across(contacts[i], r, sign_a, problem)
    return span


@allocating
def gather_lines(span):
    """Gather parallel normals into lines, each with one boundary.

    Returns
    -------
    Lines
    """
    normals, jumps, low = span.normals, span.jumps, span.low.copy()
    count, p = normals.shape
    line, facing = np.empty(count, dtype=np.int64), np.empty(count)
    axes, heights, lines = np.empty((count, p)), np.zeros(count), 0
    for i in range(count):
        line[i] = -1
        for l in range(lines):
            same, opposed = 0.0, 0.0
            for c in range(p):
                same = max(same, abs(normals[i, c] - axes[l, c]))
                opposed = max(opposed, abs(normals[i, c] + axes[l, c]))
            if min(same, opposed) <= PARALLEL:
                line[i], facing[i] = l, 1.0 if same < opposed else -1.0
                break
        if line[i] < 0:
            line[i], facing[i] = lines, 1.0
            for c in range(p):
                axes[lines, c] = normals[i, c]
            lines += 1
        heights[line[i]] += jumps[i]
        if facing[i] < 0.0:  # on its positive side where the line is on its negative one
            for c in range(p):
                low[c] += jumps[i] * normals[i, c]
    return Lines(line, facing, axes[:lines].copy(), heights[:lines].copy(), low)
