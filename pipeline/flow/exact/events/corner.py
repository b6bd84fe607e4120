"""Which states the boundaries take at which a neuron is, one or several of them, at one instant (Filippov).

A neuron is at the boundaries of the points k with <w, x_k> = 0. Along the unit normal e of each its velocity is
s <D, e> (s the sign of a, time in units of 1/|a|), and it jumps by J e from the negative to the positive side::

    v(theta) = s D_off + sum_i theta_i J_i e_i,   J_i = s (1 - slope)/n (r_i |x_i| + r_l |x_l|)

with l the point on the opposite ray, if there is one. The *corner* is where these boundaries meet. Its state is a
theta_i in [0, 1] for each of them: theta_i = 1 where v leads to the positive side of boundary i, 0 where to its
negative side, and v along it where 0 < theta_i < 1.

Normals may be parallel, or depend on each other, as in every grid with a bias. All normals of one line are one
boundary: its sides turn all its points at once. In a plane of normals every sector and ray is tried, and what
leaves the corner is preferred to what stays. In more dimensions it is a complementarity problem, which always has
an answer. If there are several, the one that is nearest to the present states is taken, with fewer points on
(relu'(0) = 0), and the flow is said not to be unique.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.events.complementarity import AT_ONE, AT_ZERO, BETWEEN, solve_box_complementarity
from pipeline.flow.exact.events.contacts import PARALLEL, find_contacts, gather_lines, span_of
from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING, project


@allocating
def decide_corner(at, state, r, problem, tolerance):
    """Give every boundary at which a neuron is the state that it takes now.

    Parameters
    ----------
    at : Contact
    state : int8[n]
        The present states; on return those taken.
    r : float64[n]
        The residual.
    tolerance : float
        The largest velocity along a normal that is rounding.

    Returns
    -------
    changed : int
        How many boundaries take another state.
    unique : bool
        False if the flow could go on in several ways.
    """
    all_contacts = np.empty(problem.x.shape[0], dtype=np.int64)
    count = find_contacts(at, state, problem, all_contacts)
    if count == 0:
        return 0, True
    contacts = all_contacts[:count]
    lines = gather_lines(span_of(contacts, state, r, at.sign_a, problem))
    present = np.empty(count, dtype=np.int8)
    for i in range(count):
        present[i] = state[contacts[i]]
    best = np.full(lines.axes.shape[0], OFF, dtype=np.int8)
    if lines.low.shape[0] == 1:
        unique = decide_on_line(present, lines, tolerance, best)
    elif lines.low.shape[0] == 2:
        unique = decide_in_plane(present, lines, tolerance, best)
    else:
        unique = decide_in_space(present, lines, tolerance, best)
        hold_dependent_lines(lines.axes, best)
    changed = 0
    for i in range(count):
        k, new = contacts[i], side_of(best[lines.line[i]], lines.facing[i])
        l = problem.opposite[k]
        before = state[l] if l >= 0 else OFF
        set_state(state, problem.opposite, k, new)
        if new != present[i] or (l >= 0 and state[l] != before):
            changed += 1
    return changed, unique


@allocating
def decide_on_line(present, lines, tolerance, best):
    """Choose the state of one boundary; False if it could take several."""
    axes, jump = lines.axes, lines.jumps[0]
    below = 0.0
    for c in range(axes.shape[1]):
        below += axes[0, c] * lines.low[c]
    above = below + jump
    if below > tolerance and above < -tolerance:
        best[0] = SLIDING
        return True
    found = np.empty(1, dtype=np.int8)
    cost, leaves, stays = np.inf, above >= -tolerance, below <= tolerance
    for side in (OFF, ON):
        found[0] = side
        if (side == OFF and stays) or (side == ON and leaves):
            own = count_changes(present, lines, found)
            if own < cost:
                cost, best[0] = own, side
    # Both sides lead away from it: but where their difference is rounding they are one.
    return not (stays and leaves and above > tolerance and jump > 2.0 * tolerance)


@allocating
def decide_in_plane(present, lines, tolerance, best):
    """Choose the states of the lines of one plane, by trying each sector and each ray; False if several answer."""
    axes, jumps = lines.axes, lines.jumps
    count = axes.shape[0]
    found, velocity, ray = np.empty(count, dtype=np.int8), np.empty(2), np.empty(2)
    best_velocity, cost, unique = np.zeros(2), np.inf, True
    for l in range(count):
        for way in (1.0, -1.0):
            ray[0], ray[1] = -way * axes[l, 1], way * axes[l, 0]
            write_beside_ray(lines, l, ray, found, velocity)
            below = velocity[0] * axes[l, 0] + velocity[1] * axes[l, 1]
            along = velocity[0] * ray[0] + velocity[1] * ray[1]
            if below > tolerance and below + jumps[l] < -tolerance and along > tolerance:
                found[l] = SLIDING
                velocity[0], velocity[1] = along * ray[0], along * ray[1]
                own = count_changes(present, lines, found)
                cost, same = consider(found, velocity, own, (best, best_velocity, cost), tolerance)
                unique = unique and same
                continue
            for side in (OFF, ON):  # the two sectors beside the ray
                found[l] = side
                if side == ON:
                    velocity[0] += jumps[l] * axes[l, 0]
                    velocity[1] += jumps[l] * axes[l, 1]
                if stays_in_sector(found, velocity, axes, tolerance):
                    own = count_changes(present, lines, found)
                    cost, same = consider(found, velocity, own, (best, best_velocity, cost), tolerance)
                    unique = unique and same
    if cost == np.inf:
        for l in range(count):
            best[l] = SLIDING
    return unique


@inlined
def write_beside_ray(lines, l, ray, found, velocity):
    """Write the states of the lines on a ray of line ``l``, itself off there, and the velocity that they give."""
    axes, jumps = lines.axes, lines.jumps
    velocity[0], velocity[1] = lines.low[0], lines.low[1]
    for i in range(axes.shape[0]):
        found[i] = OFF
        if i != l and ray[0] * axes[i, 0] + ray[1] * axes[i, 1] > 0.0:
            found[i] = ON
            velocity[0] += jumps[i] * axes[i, 0]
            velocity[1] += jumps[i] * axes[i, 1]


@inlined
def stays_in_sector(found, velocity, axes, tolerance):
    """Whether a velocity leads to the sides of all lines that ``found`` says."""
    stays = True
    for i in range(axes.shape[0]):
        speed = velocity[0] * axes[i, 0] + velocity[1] * axes[i, 1]
        if (speed if found[i] == ON else -speed) < -tolerance:
            stays = False
    return stays


@allocating
def decide_in_space(present, lines, tolerance, best):
    """Choose the states of the lines by the complementarity problem; False if another start has another answer."""
    count, p = lines.axes.shape
    start = np.full(count, OFF, dtype=np.int8)
    attracting = True
    for i in range(present.shape[0]):
        if present[i] == ON and start[lines.line[i]] == OFF:
            start[lines.line[i]] = ON
    for l in range(count):
        attracting = attracting and lines.jumps[l] <= tolerance
    velocity = solve_lines(start, lines, tolerance, best)
    if attracting:  # the velocity is the shortest of the box: there is one
        return True
    other = np.empty(count, dtype=np.int8)
    for side in (OFF, ON):
        start[:] = side
        others = solve_lines(start, lines, tolerance, other)
        for c in range(p):
            if abs(others[c] - velocity[c]) > 10.0 * tolerance:
                return False
    return True


@allocating
def solve_lines(start, lines, tolerance, found):
    """Write the states of the lines into ``found``, on the path from ``start``; return their velocity."""
    axes, jumps = lines.axes, lines.jumps
    count, p = axes.shape
    matrix, offset = np.empty((count, count)), np.empty(count)
    theta, place = np.empty(count), np.empty(count, dtype=np.int64)
    velocity = lines.low.copy()
    for l in range(count):
        if start[l] == ON:
            for c in range(p):
                velocity[c] += jumps[l] * axes[l, c]
    for i in range(count):
        flip = -1.0 if start[i] == ON else 1.0
        offset[i] = tolerance
        for c in range(p):
            offset[i] -= flip * velocity[c] * axes[i, c]
        for l in range(count):
            matrix[i, l] = 0.0
            for c in range(p):
                matrix[i, l] -= flip * (-1.0 if start[l] == ON else 1.0) * jumps[l] * axes[i, c] * axes[l, c]
    solve_box_complementarity(matrix, offset, theta, place)
    for l in range(count):
        moved = theta[l] if place[l] != AT_ONE else 1.0
        size = abs(jumps[l])
        if place[l] == BETWEEN and moved * size > tolerance and (1.0 - moved) * size > tolerance:
            found[l] = SLIDING
        else:
            stays = place[l] == AT_ZERO or (place[l] == BETWEEN and moved < 0.5)
            found[l] = start[l] if stays else OFF if start[l] == ON else ON
        flip = -1.0 if start[l] == ON else 1.0
        for c in range(p):
            velocity[c] += flip * moved * jumps[l] * axes[l, c]
    return velocity


@allocating
def hold_dependent_lines(axes, found):
    """Let a line slide whose normal lies in the span of those that do: the neuron stays at its boundary too."""
    lines, p = axes.shape
    span, size, rest = np.empty((p + 1, p)), 0, np.empty(p)
    for l in range(lines):
        if found[l] != SLIDING or size == p:
            continue
        span[size] = axes[l]
        for _ in range(2):
            project(span[size], span, np.int64(0), size)
        length = sqrt(np.sum(span[size] ** 2))
        if length > PARALLEL:
            span[size] /= length
            size += 1
    for l in range(lines):
        if found[l] != SLIDING:
            rest[:] = axes[l]
            project(rest, span, np.int64(0), size)
            if np.sum(rest**2) <= PARALLEL * PARALLEL:
                found[l] = SLIDING


@jitted
def count_changes(present, lines, found):
    """How many boundaries leave their ``present`` states for the lines' ``found`` ones, and how many are on then.

    A point that is on costs less than a change: the nearest answer first, of equally near ones the fewer on.
    """
    total = 0.0
    for i in range(present.shape[0]):
        new = side_of(found[lines.line[i]], lines.facing[i])
        if new != present[i]:
            total += 1.0
        if new == ON:
            total += 1e-3
    return total


@jitted
def consider(found, velocity, cost, best, tolerance):
    """Keep an answer, its velocity and its cost if it is cheaper than the best so far.

    Parameters
    ----------
    best : (states, velocity, cost)
        Int8[lines], float64[2] and the best cost, infinite if there is none.

    Returns
    -------
    cost : float
        Of the best.
    same : bool
        Whether both move alike.
    """
    states, best_velocity, best_cost = best
    same = True
    for c in range(velocity.shape[0]):
        if not abs(velocity[c] - best_velocity[c]) <= tolerance:
            same = False
    if best_cost == np.inf:
        same = True
    if cost < best_cost:
        for l in range(found.shape[0]):
            states[l] = found[l]
        for c in range(velocity.shape[0]):
            best_velocity[c] = velocity[c]
        best_cost = cost
    return best_cost, same


@inlined
def side_of(line_state, facing):
    """A boundary's state for its line's: the other side where it faces the other way."""
    if line_state == SLIDING:
        return SLIDING
    return line_state if facing > 0.0 else ON if line_state == OFF else OFF


@jitted
def set_state(state, opposite, k, new):
    """Put boundary ``k`` into state ``new``; the point on the opposite ray is on where k is off."""
    state[k] = new
    if opposite[k] >= 0:
        state[opposite[k]] = SLIDING if new == SLIDING else OFF if new == ON else ON
