"""Towards which boundaries D pushes the neurons of a group within a step: known without looking at any of them."""

from __future__ import annotations

from pipeline.flow.exact.machine_code.jit import inlined, jitted, llvm_inlined
from pipeline.flow.exact.network.activation import OFF, SLIDING, project
from pipeline.flow.exact.propagation.bernstein import SIZE


@llvm_inlined
def write_pushes(network, g, curve, i, work):
    """Write n <D, x_k> of group g at Bernstein coefficient ``i`` for every point into ``work.pushes``.

    By way of D, or straight from the points' inner products where these are fewer than the coordinates.
    """
    (n, q), (first, last) = network.problem.x.shape, (network.groups.edge[g], network.groups.edge[g + 1])
    if n < 2 * q and last - first < q // 2:
        write_pushes_of_points(network, g, curve, i, work.pushes)
    else:
        write_pushes_of_force(network, g, curve, i, work)


@inlined
def write_pushes_of_points(network, g, curve, i, pushes):
    """Sum <x_l, x_k> phi'_l r_l over the points l, less what the boundaries that the group slides along take."""
    groups, overlap, normal_overlap = network.groups, network.problem.gram, network.groups.normal_overlap
    derivative, n = groups.derivative, overlap.shape[0]
    for k in range(n):
        pushes[i, k] = 0.0
    for l in range(n):
        factor = derivative[g, l] * curve[i, l]
        if factor != 0.0:
            for k in range(n):
                pushes[i, k] += factor * overlap[l, k]
    for b in range(groups.edge[g], groups.edge[g + 1]):
        along = 0.0
        for l in range(n):
            along += derivative[g, l] * curve[i, l] * normal_overlap[b, l]
        for k in range(n):
            pushes[i, k] -= along * normal_overlap[b, k]


@inlined
def write_pushes_of_force(network, g, curve, i, work):
    """Sum n D over the points first, and take its products with them."""
    groups, x, pushes, n_force = network.groups, network.problem.x, work.pushes, work.n_force
    derivative, first, last = groups.derivative, groups.edge[g], groups.edge[g + 1]
    n, q = x.shape
    for c in range(q):
        n_force[c] = 0.0
    for k in range(n):
        factor = derivative[g, k] * curve[i, k]
        if factor != 0.0:
            for c in range(q):
                n_force[c] += factor * x[k, c]
    if last > first:
        project(n_force, groups.normals, first, last)
    for k in range(n):
        pushes[i, k] = 0.0
        for c in range(q):
            pushes[i, k] += n_force[c] * x[k, c]


@inlined
def largest_deviation(curve, problem):
    """By how much n <D, x_k>/|x_k| of any pattern can differ within a step from the line between its ends.

    Its Bernstein coefficients differ from the line's by no more. Where D is nearly 0, as on a plateau, they may
    have the other sign than both ends.
    """
    total = 0.0
    for k in range(curve.shape[1]):
        deviation = 0.0
        for i in range(1, SIZE - 1):
            fraction = i / (SIZE - 1)
            apart = abs(curve[i, k] - (1.0 - fraction) * curve[0, k] - fraction * curve[SIZE - 1, k])
            deviation = max(deviation, apart)
        total += deviation * problem.length[k]
    return max(1.0, abs(problem.negative_slope)) * total


@jitted
def choose_sides(groups, g, problem, speeds, work):
    """Write which boundaries the neurons of group g may reach in a step, from n <D, x_k> at its ends.

    Where D may push towards a boundary those with a > 0 may reach it, where away those with a < 0; where it does
    both in turn at the ends, the boundary is one that ``turns``.

    Parameters
    ----------
    speeds : (least, deviation)
        The least n <D, x_k>/|x_k| that counts, and by how much it may be larger inside the step.
    work : EventWorkspace
        Its ``group.pushes`` are read, its ``reachable`` is written.

    Returns
    -------
    anyone, anyone_turns : bool
    """
    opposite, length, state, pushes = problem.opposite, problem.length, groups.state, work.group.pushes
    (least, deviation), (side, up, down, turns) = speeds, work.reachable
    some_up, some_down = groups.minus[g] > groups.start[g], groups.free[g] > groups.minus[g]
    some_free = groups.free[g] < groups.start[g + 1]
    anyone, anyone_turns = False, False
    for k in range(side.shape[0]):
        side[k], turns[k] = 0.0, False
        if state[g, k] == SLIDING or 0 <= opposite[k] < k:
            continue
        beyond = 1.0 if state[g, k] == OFF else -1.0
        early, late = beyond * pushes[0, k], beyond * pushes[SIZE - 1, k]
        rounding, inside = least * length[k], deviation * length[k]
        up[k] = some_up and max(early, late) + inside > rounding
        down[k] = some_down and min(early, late) - inside < -rounding
        if up[k] or down[k] or some_free:
            side[k], anyone = beyond, True
            # Those that come back before the end are seen only where they turn.
            turns[k] = (early > rounding and late < -rounding and (up[k] or some_free)) or (
                early < -rounding and late > rounding and (down[k] or some_free)
            )
            anyone_turns = anyone_turns or turns[k]
    return anyone, anyone_turns


@inlined
def pushed_at_ends(reachable, pushes, least, length):
    """Whether D pushes towards, or away from, every listed boundary at an end of the step already."""
    for k in range(length.shape[0]):
        if reachable.side[k] != 0.0:
            early, late = reachable.side[k] * pushes[0, k], reachable.side[k] * pushes[SIZE - 1, k]
            if reachable.up[k] and not max(early, late) > least * length[k]:
                return False
            if reachable.down[k] and not min(early, late) < -least * length[k]:
                return False
    return True


@jitted
def leave_pushed(network, g, curve, least, work):
    """Take the boundaries towards which nothing pushes the neurons of group g within the step off the list.

    What :func:`choose_sides` allows for the inside of a step holds for any pattern: where points are orthogonal it
    lists boundaries towards which D has no part. There the Bernstein coefficients of <D, x_k> themselves decide:
    four more products with the points cost less than to look at the neurons of a large group.

    Parameters
    ----------
    least : float
        The least n <D, x_k>/|x_k| that counts.
    work : EventWorkspace
        Its ``reachable`` is changed; ``group.pushes`` are known at both ends.

    Returns
    -------
    anyone, anyone_turns : bool
    """
    reachable, pushes, length = work.reachable, work.group.pushes, network.problem.length
    side, up, down, turns = reachable
    anyone, anyone_turns = False, False
    inside = not pushed_at_ends(reachable, pushes, least, length)
    if inside:
        for i in range(1, SIZE - 1):
            write_pushes(network, g, curve, i, work.group)
    some_free = network.groups.free[g] < network.groups.start[g + 1]
    for k in range(side.shape[0]):
        if inside and side[k] != 0.0:
            towards, away, rounding = 0.0, 0.0, least * length[k]
            for i in range(SIZE):
                towards, away = max(towards, side[k] * pushes[i, k]), min(away, side[k] * pushes[i, k])
            up[k], down[k] = up[k] and towards > rounding, down[k] and away < -rounding
            if not (up[k] or down[k] or some_free):
                side[k], turns[k] = 0.0, False
        anyone, anyone_turns = anyone or side[k] != 0.0, anyone_turns or turns[k]
    return anyone, anyone_turns
