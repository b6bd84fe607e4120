"""One neuron at one instant: the force D of its pattern, its sign of a, and what happens to it at w = 0.

``events.corner`` decides which states these boundaries take together.
"""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.events.corner import set_state
from pipeline.flow.exact.events.sliding import find_multipliers
from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.network.activation import OFF, SLIDING, find_normals, project, write_derivative
from pipeline.flow.exact.propagation.bernstein import SIZE
from pipeline.flow.exact.propagation.magnus import PRODUCT_SIZE

SPEED_ROUNDING = 1e-12
"""The share of sum_k |r_k||x_k|/n, all that D could be, up to which a speed along a normal is rounding.

The one threshold for everything that asks whether a neuron is pushed. With two of them a push between the two
would set a neuron free that the other holds, without end."""
VANISHED = 1e-9
"""|w|/|a| below which a sliding neuron with |a| > |w| has reached w = 0."""
STRUCK = 1e-14
"""The same for one that slides nowhere: it reaches w = 0 only along the line through 0, up to rounding."""


@inlined
def inner(z, x, k):
    """<w, x_k>."""
    total = 0.0
    for c in range(x.shape[1]):
        total += z[c] * x[k, c]
    return total


@jitted
def sign_of_output(z, sign, force):
    """The sign of a now or, where it is 0, in a moment."""
    if sign != 0.0:
        return sign
    q = force.shape[1]
    a = z[q]
    if a == 0.0:
        for c in range(q):
            a += force[0, c] * z[c]
    return 1.0 if a >= 0.0 else -1.0


@jitted
def read_pattern(z, state, problem, work):
    """Write D and the multipliers of the pattern ``state`` into the workspace, and put ``z`` on its boundaries.

    Parameters
    ----------
    work : PathWorkspace

    Returns
    -------
    count, dependent : int
        As :func:`find_multipliers` has them.
    bulk : float
        The sum over the points of |r_k||x_k|/n, at most: the size against which a speed is rounding.
    """
    derivative, normals, curve, force = work.derivative, work.normals, work.curve, work.force
    x, length = problem.x, problem.length
    n, q = x.shape
    sliding = write_derivative(state, problem.negative_slope, derivative)
    large, bulk = SIZE * n * q > PRODUCT_SIZE, largest_force(curve, length)
    if large:
        force_by_products(curve, derivative, x, force)
    for i in range(SIZE if not large else 0):
        for c in range(q):
            force[i, c] = 0.0
        for k in range(n):
            if derivative[k] != 0.0:
                for c in range(q):
                    force[i, c] += derivative[k] / n * curve[i, k] * x[k, c]
    if sliding == 0:
        return 0, 0, bulk
    size = find_normals(state, problem, normals, np.int64(0))
    for i in range(SIZE):
        project(force[i], normals, np.int64(0), size)
    if size < q:  # what was stopped at w = 0 keeps the little that it has
        project(z[:q], normals, np.int64(0), size)
    count, dependent = find_multipliers(state, derivative, curve, problem, work.multipliers)
    return count, dependent, bulk


@jitted
def largest_force(curve, length):
    """The largest sum over the points of |r_k||x_k|/n over a step: no D is longer."""
    largest = 0.0
    for i in range(SIZE):
        total = 0.0
        for k in range(curve.shape[1]):
            total += abs(curve[i, k]) * length[k]
        largest = max(largest, total / curve.shape[1])
    return largest


@allocating
def force_by_products(curve, derivative, x, force):
    """The sums of :func:`read_pattern` by a matrix product, for many points."""
    force[:] = np.dot(curve * (derivative / derivative.shape[0]), x)


@inlined
def release_all(state, problem):
    """Put every boundary that is slid along on its negative side."""
    for k in range(state.shape[0]):
        if state[k] == SLIDING and not 0 <= problem.opposite[k] < k:
            set_state(state, problem.opposite, k, OFF)


@inlined
def place_beside(z, k, positive, problem):
    """Give a neuron at w = 0 a w too small for anything, on the side of boundary ``k`` that it belongs to."""
    q = problem.x.shape[1]
    size = 1e-12 * abs(z[q]) if positive else -1e-12 * abs(z[q])
    for c in range(q):
        z[c] = size * problem.x[k, c] / problem.length[k]
    z[q + 1] = z[q] * z[q] - size * size


@inlined
def stop_neuron(state, problem):
    """Stop a neuron for ever: by relu'(0) = 0, or for a leaky ReLU as if it slid along everything."""
    for l in range(state.shape[0]):
        state[l] = OFF if problem.negative_slope == 0.0 else SLIDING


@inlined
def cannot_move(force):
    """Whether nothing can move a neuron with this ``force``, float64[6, q]."""
    size = 0.0
    for i in range(SIZE):
        for c in range(force.shape[1]):
            size = max(size, abs(force[i, c]))
    return size == 0.0


@inlined
def vanished(z, share):
    """Whether w has reached 0, to ``share`` of a, with |a| > |w|: it could leave in any direction."""
    q = z.shape[0] - 2
    square = 0.0
    for c in range(q):
        square += z[c] * z[c]
    return z[q + 1] > 0.0 and square <= share * share * z[q] * z[q]
