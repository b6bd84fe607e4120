"""One neuron through an impulse, all its crossings at once: where the tolerance is coarse.

Each boundary that the path under the first speeds ends beyond is met where that path meets it, at kappa_k. From
there on the impulse of its point is another by dc_k, which moves the end by (kappa - kappa_k) dc_k x_k. Where both
sides push the neuron to the boundary it slides from there on, and the end is put on all of these boundaries by the
least displacement. What the crossings of one boost do to each other is left out: it is of the third order.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.gram.compiling import inlined, scanning
from pipeline.flow.gram.network import OFF, ON, SLIDING
from pipeline.flow.gram.neuron import KAPPA, SIZE, SQUARE, add_moved, size_after
from pipeline.flow.gram.sliding import DEPENDENT, add_row, choose, list_flagged, solve, write_column

ROUNDING = 1e-12
"""The share of |x_k| up to which an end that is beyond a boundary is on it."""


@scanning
def flag_met(g, speed, side, kappa, flag):
    """Flag the boundaries that the path meets before its end; return how many."""
    count = 0.0
    for k in range(g.shape[0]):
        here = side[k] * g[k]
        here = here if here > 0.0 else 0.0
        beyond = -side[k] * (kappa * speed[k]) > here
        flag[k] = 1 if beyond else 0
        count += 1.0 if beyond else 0.0
    return count


@inlined
def cross_all(count, sliding, data, row, corner, nearby):
    """Write how far each crossing moves the end, and add the points along which the neuron slides to the corner.

    ``row.g`` has the end of the path already. Returns at how many points the neuron slides.
    """
    rest, most = 1.0 - data.slope, corner.point.shape[0] - 1
    for i in range(count):
        k = corner.listed[i]
        up, impulse, speed = row.side[k] == OFF, row.impulse[k], row.speed[k]
        change = rest * impulse if up else -rest * impulse
        if impulse < 0.0 and (speed + change * data.gram[k, k] > 0.0) != up and sliding < most:
            row.side[k], nearby.moved[i] = SLIDING, 0.0
            corner.point[sliding] = k
            sliding += 1
        else:
            row.side[k] = ON if up else OFF
            nearby.moved[i] = change * min(max(row.g[k] / speed, 0.0), row.motion[KAPPA])
    return sliding


@inlined
def put_on(sliding, data, row, corner):
    """Find what puts ``row.g`` on the boundaries of these points; one that depends on others goes off.

    So does one that would hold the last direction: w would be 0, where the neuron slides along the others.

    Returns at how many points, the chosen ones, the neuron slides; their shares are in ``corner.rest``.
    """
    gram, rank = data.gram, 0
    for a in range(sliding):
        k = corner.point[a]
        square = write_column(k, rank, gram, corner)
        if square <= DEPENDENT * gram[k, k] or rank == data.x.shape[1] - 1:
            row.side[k] = OFF
            continue
        choose(k, square, rank, corner)
        rank += 1
    for a in range(rank):
        corner.rest[a] = row.g[corner.chosen[a]]
    solve(rank, corner)
    return rank


@scanning
def turn_missed(g, side, length):
    """Turn the states of points beyond whose boundaries the crossings have moved the end; return how many."""
    missed = 0.0
    for k in range(g.shape[0]):
        beyond = side[k] * g[k] < -ROUNDING * length[k]
        side[k] = -side[k] if beyond else side[k]
        missed += 1.0 if beyond else 0.0
    return missed


@inlined
def displace(k, moved, data, row):
    """Add ``moved x_k`` to w; return by how much |w|^2 grows."""
    grown = moved * (2.0 * row.g[k] + moved * data.gram[k, k])
    row.moved[k] += moved
    add_row(row.g, moved, data.gram[k])
    return grown


@inlined
def pass_at_once(reached, sliding, data, row, corner, nearby):
    """Carry the neuron along its path to ``reached``; return how many boundaries it met."""
    motion = row.motion
    met = flag_met(row.g, row.speed, row.side, reached, corner.flag)
    add_row(row.g, reached, row.speed)
    add_moved(row.moved, row.impulse, row.side, data.slope, reached)
    motion[KAPPA] = reached
    motion[SIZE] = size_after(reached, motion)
    for i in range(sliding):
        row.moved[corner.point[i]] -= corner.held[i] * reached
    if met == 0.0 or motion[SQUARE] == 0.0:
        return 0
    count = list_flagged(corner)
    sliding, grown = cross_all(count, sliding, data, row, corner, nearby), 0.0
    for i in range(count):
        if nearby.moved[i] != 0.0:
            grown += displace(corner.listed[i], nearby.moved[i], data, row)
    if sliding > 0:
        sliding = put_on(sliding, data, row, corner)
    for i in range(sliding):
        grown += displace(corner.chosen[i], -corner.rest[i], data, row)
    for i in range(sliding):
        row.g[corner.chosen[i]] = 0.0
    motion[SIZE] = sqrt(max(motion[SIZE] * motion[SIZE] + grown, 0.0))
    return count + int(turn_missed(row.g, row.side, data.length))
