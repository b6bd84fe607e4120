"""Where several boundaries meet: which states they take at one instant (Filippov).

A neuron is at the boundaries of the points k with <w, x_k> = 0. Along the unit normal e of each its velocity is
s <D, e> (s the sign of a, time in units of 1/|a|), and it jumps by J e from the negative to the positive side::

    v(theta) = s D_off + sum_i theta_i J_i e_i,   J_i = s (1 - slope)/n (r_i |x_i| + r_l |x_l|)

with l the point on the opposite ray, if there is one. A state of the corner is a theta_i in [0, 1] a boundary:
theta_i = 1 where v leads to its positive side, 0 where to its negative one, and v along it where 0 < theta_i < 1.

Normals may be parallel, or depend on each other, as in every grid with a bias. All normals of one line are one
boundary: its sides turn all its points at once. In a plane of normals every sector and ray is tried, and what
leaves the corner is preferred to what stays. In more dimensions it is a complementarity problem, which always has
an answer. If there are several, the one that is nearest to the present states is taken, with fewer points on
(relu'(0) = 0), and the flow is said not to be unique.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.boost import project
from pipeline.flow.exact.compiled import allocating, inlined, kernel
from pipeline.flow.exact.complementarity import AT_ONE, AT_ZERO, BETWEEN, solve_box_complementarity
from pipeline.flow.exact.states import OFF, ON, SLIDING

CONTACT = 1e-11
"""The share of |w||x_k| up to which a neuron is at boundary k."""
PARALLEL = 1e-9
"""The share of a unit normal up to which it is parallel to another, or depends on others."""
AHEAD = 1e-6
"""The fraction of the step by which the multipliers of dependent boundaries look ahead: at the very instant of an
exchange both choices hold."""


@kernel
def find_contacts(z, k, state, problem, width, contacts):
    """Write the boundaries at which the neuron is into ``contacts``, ``k`` (unless -1) among them.

    Parameters
    ----------
    width : float
        The share of |w||x_k| up to which it is at one.

    Returns
    -------
    count : int
    """
    x, length, opposite = problem.x, problem.length, problem.opposite
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
        if l == k or state[l] == SLIDING or abs(along) <= width * size * length[l]:
            contacts[count] = l
            count += 1
    return count


@inlined
def jump_across(k, r, s, problem):
    """J of boundary k for the residual ``r``."""
    l = problem.opposite[k]
    total = r[k] * problem.length[k]
    if l >= 0:
        total += r[l] * problem.length[l]
    return s * (1.0 - problem.slope) / problem.x.shape[0] * total


@kernel
def write_lowest_velocity(contacts, state, r, s, problem, velocity):
    """Write s D with every boundary of ``contacts`` on its negative side into ``velocity``."""
    x, opposite, slope = problem.x, problem.opposite, problem.slope
    n, q = x.shape
    for c in range(q):
        velocity[c] = 0.0
    for k in range(n):
        gain = 1.0 if state[k] == ON else slope if state[k] == OFF else 0.0
        for i in range(contacts.shape[0]):
            if contacts[i] == k:
                gain = slope
            elif opposite[k] >= 0 and contacts[i] == opposite[k]:
                gain = 1.0
        if gain != 0.0:
            factor = s * gain * r[k] / n
            for c in range(q):
                velocity[c] += factor * x[k, c]


@kernel
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
def gather_lines(normals, jumps, low):
    """Gather parallel normals into lines, each with one boundary.

    Parameters
    ----------
    normals : float64[count, p]
        The unit normals of the boundaries, in coordinates of their span.
    jumps : float64[count]
        J of each.
    low : float64[p]
        The velocity with all on their negative sides; on return, with all lines on theirs.

    Returns
    -------
    line : int64[count]
        Each boundary's line.
    facing : float64[count]
        +1 where its normal is the line's, -1 where the opposite of it.
    axes, heights : float64[lines, p], float64[lines]
        The lines' normals and jumps.
    """
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
    return line, facing, axes[:lines].copy(), heights[:lines].copy()


@inlined
def side_of(line_state, facing):
    """A boundary's state for its line's: the other side where it faces the other way."""
    if line_state == SLIDING:
        return SLIDING
    return line_state if facing > 0.0 else ON if line_state == OFF else OFF


@kernel
def count_changes(present, line, facing, found):
    """How many boundaries leave their ``present`` states for the lines' ``found`` ones, and how many are on then.

    A point that is on costs less than a change: the nearest answer first, of equally near ones the fewer on.
    """
    total = 0.0
    for i in range(present.shape[0]):
        new = side_of(found[line[i]], facing[i])
        if new != present[i]:
            total += 1.0
        if new == ON:
            total += 1e-3
    return total


@kernel
def consider(found, velocity, cost, best, best_velocity, best_cost, tolerance):
    """Keep an answer, its velocity and its cost if it is cheaper than the best so far.

    Returns
    -------
    cost : float
        Of the best.
    same : bool
        Whether both move alike.
    """
    same = True
    for c in range(velocity.shape[0]):
        if not abs(velocity[c] - best_velocity[c]) <= tolerance:
            same = False
    if best_cost == np.inf:
        same = True
    if cost < best_cost:
        for l in range(found.shape[0]):
            best[l] = found[l]
        for c in range(velocity.shape[0]):
            best_velocity[c] = velocity[c]
        best_cost = cost
    return best_cost, same


@allocating
def decide_on_line(present, line, facing, axes, heights, low, tolerance, best):
    """Choose the state of one boundary; False if it could take several."""
    below = 0.0
    for c in range(axes.shape[1]):
        below += axes[0, c] * low[c]
    above = below + heights[0]
    if below > tolerance and above < -tolerance:
        best[0] = SLIDING
        return True
    found = np.empty(1, dtype=np.int8)
    cost, leaves, stays = np.inf, above >= -tolerance, below <= tolerance
    for side in (OFF, ON):
        found[0] = side
        if (side == OFF and stays) or (side == ON and leaves):
            own = count_changes(present, line, facing, found)
            if own < cost:
                cost, best[0] = own, side
    # Both sides lead away from it: but where their difference is rounding they are one.
    return not (stays and leaves and above > tolerance and heights[0] > 2.0 * tolerance)


@allocating
def decide_in_plane(present, line, facing, axes, heights, low, tolerance, best):
    """Choose the states of the lines of one plane, by trying each sector and each ray; False if several answer."""
    lines = axes.shape[0]
    found, velocity, ray = np.empty(lines, dtype=np.int8), np.empty(2), np.empty(2)
    best_velocity, cost, unique = np.zeros(2), np.inf, True
    for l in range(lines):
        for way in (1.0, -1.0):
            ray[0], ray[1] = -way * axes[l, 1], way * axes[l, 0]
            velocity[0], velocity[1] = low[0], low[1]
            for i in range(lines):
                found[i] = OFF
                if i != l and ray[0] * axes[i, 0] + ray[1] * axes[i, 1] > 0.0:
                    found[i] = ON
                    velocity[0] += heights[i] * axes[i, 0]
                    velocity[1] += heights[i] * axes[i, 1]
            below = velocity[0] * axes[l, 0] + velocity[1] * axes[l, 1]
            along = velocity[0] * ray[0] + velocity[1] * ray[1]
            if below > tolerance and below + heights[l] < -tolerance and along > tolerance:
                found[l] = SLIDING
                velocity[0], velocity[1] = along * ray[0], along * ray[1]
                own = count_changes(present, line, facing, found)
                cost, same = consider(found, velocity, own, best, best_velocity, cost, tolerance)
                unique = unique and same
                continue
            for side in (OFF, ON):  # the two sectors beside the ray
                found[l] = side
                if side == ON:
                    velocity[0] += heights[l] * axes[l, 0]
                    velocity[1] += heights[l] * axes[l, 1]
                holds = True
                for i in range(lines):
                    speed = velocity[0] * axes[i, 0] + velocity[1] * axes[i, 1]
                    if (speed if found[i] == ON else -speed) < -tolerance:
                        holds = False
                if holds:
                    own = count_changes(present, line, facing, found)
                    cost, same = consider(found, velocity, own, best, best_velocity, cost, tolerance)
                    unique = unique and same
    if cost == np.inf:
        for l in range(lines):
            best[l] = SLIDING
    return unique


@allocating
def decide_in_space(present, line, axes, heights, low, tolerance, best):
    """Choose the states of the lines by the complementarity problem; False if another start has another answer."""
    lines, p = axes.shape
    start = np.full(lines, OFF, dtype=np.int8)
    attracting = True
    for i in range(present.shape[0]):
        if present[i] == ON and start[line[i]] == OFF:
            start[line[i]] = ON
    for l in range(lines):
        attracting = attracting and heights[l] <= tolerance
    velocity = np.zeros(p)
    solve_lines(start, axes, heights, low, tolerance, best, velocity)
    if attracting:  # the velocity is the shortest of the box: there is one
        return True
    other, others = np.empty(lines, dtype=np.int8), np.zeros(p)
    for side in (OFF, ON):
        start[:] = side
        solve_lines(start, axes, heights, low, tolerance, other, others)
        for c in range(p):
            if abs(others[c] - velocity[c]) > 10.0 * tolerance:
                return False
    return True


@allocating
def solve_lines(start, axes, heights, low, tolerance, found, velocity):
    """Write the states of the lines into ``found``, on the path from ``start``, and their velocity."""
    lines, p = axes.shape
    matrix, offset = np.empty((lines, lines)), np.empty(lines)
    theta, place = np.empty(lines), np.empty(lines, dtype=np.int64)
    for c in range(p):
        velocity[c] = low[c]
    for l in range(lines):
        if start[l] == ON:
            for c in range(p):
                velocity[c] += heights[l] * axes[l, c]
    for i in range(lines):
        flip = -1.0 if start[i] == ON else 1.0
        offset[i] = tolerance
        for c in range(p):
            offset[i] -= flip * velocity[c] * axes[i, c]
        for l in range(lines):
            matrix[i, l] = 0.0
            for c in range(p):
                matrix[i, l] -= flip * (-1.0 if start[l] == ON else 1.0) * heights[l] * axes[i, c] * axes[l, c]
    solve_box_complementarity(matrix, offset, theta, place)
    for l in range(lines):
        moved = theta[l] if place[l] != AT_ONE else 1.0
        size = abs(heights[l])
        if place[l] == BETWEEN and moved * size > tolerance and (1.0 - moved) * size > tolerance:
            found[l] = SLIDING
        else:
            stays = place[l] == AT_ZERO or (place[l] == BETWEEN and moved < 0.5)
            found[l] = start[l] if stays else OFF if start[l] == ON else ON
        flip = -1.0 if start[l] == ON else 1.0
        for c in range(p):
            velocity[c] += flip * moved * heights[l] * axes[l, c]


@allocating
def decide_corner(z, s, state, k, r, problem, tolerance, width):
    """Give every boundary at which the neuron ``z`` is the state that it takes now.

    Parameters
    ----------
    z : float64[q + 2]
    s : float
        The sign of a.
    state : int8[n]
        The present states; on return those taken.
    k : int
        The boundary that has just been reached, -1 for none.
    r : float64[n]
        The residual.
    tolerance : float
        The largest velocity along a normal that is rounding.
    width : float
        As :func:`find_contacts` has it; CONTACT for what is there exactly.

    Returns
    -------
    changed : int
        How many boundaries take another state.
    unique : bool
        False if the flow could go on in several ways.
    """
    n, q = problem.x.shape
    contacts = np.empty(n, dtype=np.int64)
    count = find_contacts(z, k, state, problem, width, contacts)
    if count == 0:
        return 0, True
    contacts = contacts[:count]
    basis, velocity = np.empty((q + 1, q)), np.empty(q)
    p = write_basis(contacts, problem, basis)
    write_lowest_velocity(contacts, state, r, s, problem, velocity)
    normals, jumps, present = np.zeros((count, p)), np.empty(count), np.empty(count, dtype=np.int8)
    low = np.zeros(p)
    for b in range(p):
        for c in range(q):
            low[b] += basis[b, c] * velocity[c]
            for i in range(count):
                normals[i, b] += basis[b, c] * problem.x[contacts[i], c] / problem.length[contacts[i]]
    for i in range(count):
        jumps[i], present[i] = jump_across(contacts[i], r, s, problem), state[contacts[i]]
    line, facing, axes, heights = gather_lines(normals, jumps, low)
    best = np.full(axes.shape[0], OFF, dtype=np.int8)
    if p == 1:
        unique = decide_on_line(present, line, facing, axes, heights, low, tolerance, best)
    elif p == 2:
        unique = decide_in_plane(present, line, facing, axes, heights, low, tolerance, best)
    else:
        unique = decide_in_space(present, line, axes, heights, low, tolerance, best)
        hold_dependent_lines(axes, best)
    changed = 0
    for i in range(count):
        k, new = contacts[i], side_of(best[line[i]], facing[i])
        l = problem.opposite[k]
        before = state[l] if l >= 0 else OFF
        set_state(state, problem.opposite, k, new)
        if new != present[i] or (l >= 0 and state[l] != before):
            changed += 1
    return changed, unique


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


@kernel
def set_state(state, opposite, k, new):
    """Put boundary ``k`` into state ``new``; the point on the opposite ray is on where k is off."""
    state[k] = new
    if opposite[k] >= 0:
        state[opposite[k]] = SLIDING if new == SLIDING else OFF if new == ON else ON


@allocating
def choose_held(state, curve, problem, boundaries, count, gain):
    """Choose independent boundaries of those slid along, and a side for each of the others.

    Where the normals depend on each other many multipliers hold the neuron. This takes a vertex of them: all but
    as many as are independent are at 0 or at 1, which makes the others linear in the residual.

    Parameters
    ----------
    state : int8[n]
    curve : float64[6, n]
        The residual.
    boundaries, count
        The boundaries that are slid along; on return the chosen ones come first.
    gain : float64[n]
        phi' of the points slid along, the chosen ones on their negative side: written for the others.

    Returns
    -------
    count : int
        How many were chosen; -1 if no multipliers in [0, 1] hold the neuron any more.
    """
    n, q = problem.x.shape
    contacts, r = boundaries[:count].copy(), np.empty(n)
    for k in range(n):
        r[k] = curve[0, k] + 5.0 * AHEAD * (curve[1, k] - curve[0, k])
    basis, velocity = np.empty((q + 1, q)), np.empty(q)
    p = write_basis(contacts, problem, basis)
    write_lowest_velocity(contacts, state, r, 1.0, problem, velocity)
    normals, low, jumps = np.zeros((count, p)), np.zeros(p), np.empty(count)
    bulk = 0.0
    for k in range(n):
        bulk += abs(r[k]) * problem.length[k] / n
    for b in range(p):
        for c in range(q):
            low[b] += basis[b, c] * velocity[c]
            for i in range(count):
                normals[i, b] += basis[b, c] * problem.x[contacts[i], c] / problem.length[contacts[i]]
    for i in range(count):
        jumps[i] = jump_across(contacts[i], r, 1.0, problem)
        if jumps[i] > 0.0:  # count it from its positive side: then every jump attracts
            for b in range(p):
                low[b] += jumps[i] * normals[i, b]
    matrix, offset = np.empty((count, count)), np.empty(count)
    theta, place = np.empty(count), np.empty(count, dtype=np.int64)
    for i in range(count):
        offset[i] = 0.0
        for b in range(p):
            offset[i] -= low[b] * normals[i, b]
        for l in range(count):
            matrix[i, l] = 0.0
            for b in range(p):
                matrix[i, l] += abs(jumps[l]) * normals[i, b] * normals[l, b]
    ended = solve_box_complementarity(matrix, offset, theta, place)
    worst = 0.0
    for b in range(p):
        left = low[b]
        for i in range(count):
            left -= (1.0 if place[i] == AT_ONE else theta[i]) * abs(jumps[i]) * normals[i, b]
        worst = max(worst, abs(left))
    chosen, last = 0, count - 1
    for i in range(count):
        k = contacts[i]
        if place[i] == BETWEEN:
            boundaries[chosen] = k
            chosen += 1
        else:
            boundaries[last] = k
            last -= 1
            if (place[i] == AT_ONE) != (jumps[i] > 0.0):
                gain[k] = 1.0
                if problem.opposite[k] >= 0:
                    gain[problem.opposite[k]] = problem.slope
    return chosen if ended and worst <= 1e-9 * bulk else -1
