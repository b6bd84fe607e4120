"""What holds for one neuron at one instant: its pattern's D, and which boundaries it can stay at.

What is decided at an instant may set other boundaries of the same instant in motion (a corner): they are
visited one at a time, least index first, which is Murty's method for the linear complementarity problem that
a corner is, and ends.
"""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.boost import project
from pipeline.flow.exact.carrying import LARGE
from pipeline.flow.exact.compiled import allocating, inlined, kernel
from pipeline.flow.exact.curve import SIZE
from pipeline.flow.exact.pattern import find_normals, read_gain
from pipeline.flow.exact.sliding import list_boundaries, write_pulls
from pipeline.flow.exact.states import OFF, ON, SLIDING

PUSHING = 1e-10
"""The share of all points' pull beyond which a speed towards a boundary is no rounding."""
VANISHED = 1e-9
"""|w|/|a| below which a sliding neuron with |a| > |w| has reached w = 0."""
STRUCK = 1e-14
"""The same for one that slides nowhere: it must come straight down on 0, to rounding."""


@inlined
def inner(z, x, k):
    """<w, x_k>."""
    total = 0.0
    for c in range(x.shape[1]):
        total += z[c] * x[k, c]
    return total


@kernel
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


@kernel
def read_pattern(z, state, problem, desk):
    """Lay D and the pulls of the pattern ``state`` on the desk, and ``z`` on its boundaries.

    Returns
    -------
    count : int
        How many boundaries are slid along.
    bulk : float
        The sum over the points of |r_k||x_k|/n: the size against which a pull is rounding.
    """
    gain, normals, curve, force = desk.gain, desk.normals, desk.curve, desk.force
    x, length = problem.x, problem.length
    n, q = x.shape
    sliding = read_gain(state, problem.slope, gain)
    large, bulk = SIZE * n * q > LARGE, 0.0
    if large:
        force_by_products(curve, gain, x, force)
    for i in range(SIZE):
        for c in range(q if not large else 0):
            force[i, c] = 0.0
        total = 0.0
        for k in range(n):
            total += abs(curve[i, k]) * length[k]
            if gain[k] != 0.0 and not large:
                for c in range(q):
                    force[i, c] += gain[k] / n * curve[i, k] * x[k, c]
        bulk = max(bulk, total / n)
    if sliding == 0:
        return 0, bulk
    size = find_normals(state, problem, normals, np.int64(0))
    for i in range(SIZE):
        project(force[i], normals, np.int64(0), size)
    project(z[:q], normals, np.int64(0), size)
    count = list_boundaries(state, problem.opposite, desk.boundaries)
    write_pulls(state, gain, curve, problem, desk.boundaries, count, desk.gram, desk.off, desk.on)
    return count, bulk


@allocating
def force_by_products(curve, gain, x, force):
    """The sums of :func:`read_pattern` by a matrix product, for many points."""
    force[:] = np.dot(curve * (gain / gain.shape[0]), x)


@kernel
def set_state(state, opposite, k, new):
    """Put boundary ``k`` into state ``new``; the point on the opposite ray is on where k is off."""
    state[k] = new
    if opposite[k] >= 0:
        state[opposite[k]] = SLIDING if new == SLIDING else OFF if new == ON else ON


@kernel
def rightful_state(state, k, s, problem, desk, count, place, tolerance):
    """The state that boundary ``k``, at which the neuron is now, must have.

    Parameters
    ----------
    place : int
        Its number among the boundaries slid along, if it is one.
    """
    if state[k] == SLIDING:
        if s * desk.off[0, place] < -tolerance:
            return OFF
        return ON if s * desk.on[0, place] > tolerance else SLIDING
    x, length, force, normals = problem.x, problem.length, desk.force, desk.normals
    q = x.shape[1]
    speed, across = 0.0, 1.0
    for c in range(q):
        speed += s * force[0, c] * x[k, c] / length[k]
    for b in range(min(count, q)):
        along = 0.0
        for c in range(q):
            along += normals[b, c] * x[k, c] / length[k]
        across -= along * along
    jump = desk.curve[0, k] * length[k]
    if problem.opposite[k] >= 0:
        jump += desk.curve[0, problem.opposite[k]] * length[problem.opposite[k]]
    jump *= s * (1.0 - problem.slope) / x.shape[0] * max(across, 0.0)
    if state[k] == ON:
        if speed >= -tolerance:
            return ON
        return SLIDING if speed - jump > tolerance else OFF
    if speed <= tolerance:
        return OFF
    return SLIDING if speed + jump < -tolerance else ON


@inlined
def misplaced(state, s, problem, desk, count, tolerance):
    """The first boundary at which the neuron is and whose state can't last, and the state it must have.

    Returns
    -------
    k, new : int
        k = -1 for none.
    """
    found, new, place = -1, OFF, 0
    opposite, ignored, touching = problem.opposite, desk.ignored, desk.touching
    for k in range(state.shape[0]):
        if 0 <= opposite[k] < k:
            continue
        here = place
        if state[k] == SLIDING:
            place += 1
        if found >= 0 or ignored[k] or not (state[k] == SLIDING or touching[k]):
            continue
        rightful = rightful_state(state, k, s, problem, desk, count, here, tolerance)
        if rightful != state[k]:
            found, new = k, rightful
    return found, new


@inlined
def let_go(state, problem, desk):
    """Put every boundary that is slid along on its negative side."""
    for k in range(state.shape[0]):
        if state[k] == SLIDING and not 0 <= problem.opposite[k] < k:
            set_state(state, problem.opposite, k, OFF)
            desk.touching[k] = True


@inlined
def put_beside(z, k, positive, problem):
    """Give a neuron at w = 0 a w too small for anything, on the side of boundary ``k`` that it belongs to."""
    q = problem.x.shape[1]
    size = 1e-12 * abs(z[q]) if positive else -1e-12 * abs(z[q])
    for c in range(q):
        z[c] = size * problem.x[k, c] / problem.length[k]
    z[q + 1] = z[q] * z[q] - size * size


@inlined
def rest(state, problem):
    """Stop a neuron for ever: by relu'(0) = 0, or for a leaky ReLU as if it slid along everything."""
    for l in range(state.shape[0]):
        state[l] = OFF if problem.slope == 0.0 else SLIDING


@inlined
def stopped(desk):
    """Whether nothing can move a neuron of the pattern on the desk."""
    size = 0.0
    for i in range(SIZE):
        for c in range(desk.force.shape[1]):
            size = max(size, abs(desk.force[i, c]))
    return size == 0.0


@inlined
def vanished(z, share):
    """Whether w has reached 0, to ``share`` of a, with |a| > |w|: it could leave in any direction."""
    q = z.shape[0] - 2
    square = 0.0
    for c in range(q):
        square += z[c] * z[c]
    return z[q + 1] > 0.0 and square <= share * share * z[q] * z[q]
