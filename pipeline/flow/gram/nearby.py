"""One neuron through an impulse, crossing by crossing, among the few points whose boundaries are near its path.

Between two crossings all n preactivations would be moved and looked at. Of most points the path under the first
speeds ends far from the boundary. They are moved once: by kappa v, and by (M_k - kappa a_k) G_k for each point k
whose share of the impulse changed on the way, with a_k that share at the start and M_k its integral over the path.
A point that then lies beyond its boundary was near, and the neuron is carried again. A neuron whose a becomes 0 on
the way goes back from there: near is then what lies within as far on both sides.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.gram.at_once import pass_at_once
from pipeline.flow.gram.compiling import inlined, inner, scanning
from pipeline.flow.gram.network import SLIDING, Data
from pipeline.flow.gram.neuron import (
    ALONG,
    DOUBT,
    FAR,
    FLIPPED,
    KAPPA,
    MARGIN,
    SIZE,
    SQUARE,
    add_moved,
    advance,
    begin_sliding,
    finish,
    kappa_after,
    kappa_at_turn,
    least,
    measure,
    meet,
    place_of,
    share_to_turn,
    shortfall,
    time_to,
    turn_back,
    turns,
    write_gaps,
)
from pipeline.flow.gram.sliding import Row, add_row, list_flagged

WIDTH = 3
"""Place in ``Nearby.start``."""
COARSE = 1e-2
"""The tolerance from which on the crossings of an impulse are taken at once (``at_once``): at 1e-3 that errs by up
to four tolerances."""
TRIALS = 3
"""So many times the points that are near are chosen at most: what is missed then is met in the next boost."""


class Nearby(NamedTuple):
    """The points whose boundaries are near a neuron's path, and workspace.

    size : int64[1]
        How many are: those in ``Corner.listed``, the first ones below.
    met : float64[n]
        Whether the neuron met the boundary.
    g, speed, side, moved, impulse, gap : float64[n]
        As :class:`~pipeline.flow.gram.sliding.Row` has them.
    length : float64[n]
    held : float64[n]
        What holds the neuron at the start, of the points along which it slides.
    gram : float64[n, n]
        Rows of the points whose boundaries were met.
    start : float64[4]
        |D|^2, <D, w> and |a| at the start; and how far one crossing can move a preactivation, for kappa = 1.
    """

    size: np.ndarray
    met: np.ndarray
    g: np.ndarray
    speed: np.ndarray
    side: np.ndarray
    moved: np.ndarray
    impulse: np.ndarray
    gap: np.ndarray
    length: np.ndarray
    held: np.ndarray
    gram: np.ndarray
    start: np.ndarray


def make_nearby(n: int) -> Nearby:
    """Room for n points."""
    met, g, speed, side, moved, impulse, gap, length, held = np.zeros((9, n))
    return Nearby(
        np.zeros(1, dtype=np.int64), met, g, speed, side, moved, impulse, gap,
        length, held, np.zeros((n, n)), np.zeros(4),
    )  # fmt: skip


@inner
def write_width(data, impulse, nearby):
    """Write how far a crossing can move a preactivation, for kappa = 1: of a typical point, and its own."""
    square, total, n = 0.0, 0.0, impulse.shape[0]
    for k in range(n):
        square += impulse[k] * impulse[k]
        total += data.length[k] * data.length[k]
    nearby.start[WIDTH] = sqrt(square / n) * total / n


@scanning
def mark_near(row, kappa, width, flag):
    """Flag the points whose boundaries are near the path's end, or beyond which it ends, or where it slides.

    Returns
    -------
    float
        By how much the path ends beyond boundaries: 0 if it meets none.
    """
    g, speed, side, total = row.g, row.speed, row.side, 0.0
    for k in range(g.shape[0]):
        here = side[k] * g[k]
        here = here if here > 0.0 else 0.0
        end = here + kappa * side[k] * speed[k]
        flag[k] = 1 if end <= width else 0
        total += -end if end < 0.0 else 0.0
    return total


@scanning
def mark_within(row, far, width, flag):
    """Flag the points whose boundaries are near a path that goes so far along D or back."""
    g, speed, side = row.g, row.speed, row.side
    for k in range(g.shape[0]):
        flag[k] = 1 if side[k] * g[k] <= far * abs(speed[k]) + width else 0


@inlined
def collect(data, row, corner, nearby):
    """Collect what is known of the points that are near: those that are flagged."""
    count = list_flagged(corner)
    for i in range(count):
        k = corner.listed[i]
        nearby.g[i], nearby.speed[i], nearby.side[i] = row.g[k], row.speed[k], row.side[k]
        nearby.impulse[i], nearby.length[i] = row.impulse[k], data.length[k]
        nearby.moved[i], nearby.met[i] = 0.0, 0.0
    nearby.size[0] = count


@inlined
def part_of(row, nearby):
    """The neuron, of these points alone."""
    count = nearby.size[0]
    return Row(
        nearby.g[:count], nearby.speed[:count], nearby.side[:count], nearby.moved[:count], nearby.impulse[:count],
        nearby.gap[:count], row.motion, row.curve, row.sign,
    )  # fmt: skip


@inlined
def write_products(i, data, listed, nearby):
    """Write the products of the i-th point, whose boundary is met, and the others."""
    row = data.gram[listed[i]]
    for l in range(nearby.size[0]):
        nearby.gram[i, l] = row[listed[l]]
    nearby.met[i] = 1.0


@inlined
def put_at_start(data, row, corner, nearby):
    """Put the neuron at the impulse's start; return at how many boundaries it slides."""
    sliding, motion = 0, row.motion
    for i in range(nearby.size[0]):
        if nearby.side[i] == SLIDING:
            write_products(i, data, corner.listed, nearby)
            corner.point[sliding], corner.held[sliding] = i, nearby.held[sliding]
            corner.place[sliding] = SLIDING
            sliding += 1
    for i in range(SIZE + 1):
        motion[i] = nearby.start[i]
    motion[KAPPA], motion[DOUBT], motion[FLIPPED] = 0.0, FAR, 1.0
    return sliding


@inlined
def pass_boundaries(whole, row, corner, nearby):
    """Carry the neuron through the impulse, by the points that are near; return how many boundaries it met."""
    sliding, motion = put_at_start(whole, row, corner, nearby), row.motion
    part = part_of(row, nearby)
    data = Data(
        whole.x, nearby.gram, whole.y, whole.slope, whole.scale, nearby.length[: nearby.size[0]], whole.direct
    )
    left, events, most = 1.0, 0, 64 + 8 * row.g.shape[0]
    while motion[SQUARE] > 0.0 and events < most:
        turning = turns(left, motion)
        reached = kappa_at_turn(motion) if turning else kappa_after(left, motion)
        if shortfall(part.g, part.speed, part.side, reached) == 0.0:
            far = FAR
        else:
            write_gaps(part.g, part.speed, part.side, part.gap)
            far = least(part.gap)
        if far < reached:
            left = max(left - time_to(far, motion), 0.0)
            advance(far, part)
            k = place_of(far, part.gap)
            write_products(k, whole, corner.listed, nearby)
            sliding = meet(k, sliding, data, part, corner, left)
        elif turning:
            left -= share_to_turn(motion)
            advance(reached, part)
            turn_back(sliding, part, data.gram, corner)
            sliding = 0
        else:
            break
        events += 1
    advance(kappa_after(left, motion), part)
    finish(sliding, data, part, corner)
    motion[KAPPA] *= motion[FLIPPED]  # of the first s_j again
    return events


@scanning
def write_ends(g, speed, kappa, ends):
    """Write where the path under the first speeds ends."""
    for k in range(g.shape[0]):
        ends[k] = g[k] + kappa * speed[k]


@scanning
def mark_missed(ends, side, flag):
    """Flag the points that lie beyond their boundaries and were not near; return how many."""
    missed = 0.0
    for k in range(ends.shape[0]):
        beyond = (side[k] * ends[k] < 0.0) & (flag[k] == 0)
        missed += 1.0 if beyond else 0.0
        flag[k] = 1 if beyond else flag[k]
    return missed


@inlined
def move_others(data, row, corner, nearby):
    """Write where all points end into ``row.gap``; return how many of them should have been near."""
    far, slid = row.motion[KAPPA], 0
    write_ends(row.g, row.speed, far, row.gap)
    for i in range(nearby.size[0]):
        if nearby.met[i] > 0.0:
            k = corner.listed[i]
            share = row.impulse[k] if row.side[k] > 0.0 else data.slope * row.impulse[k]
            if row.side[k] == SLIDING:
                share -= nearby.held[slid]
                slid += 1
            add_row(row.gap, nearby.moved[i] - far * share, data.gram[k])
    return mark_missed(row.gap, row.side, corner.flag)


@inlined
def write_back(data, row, listed, nearby):
    """Write where the neuron ends, and what was added to w."""
    far = row.motion[KAPPA]
    add_moved(row.moved, row.impulse, row.side, data.slope, far)
    for k in range(row.g.shape[0]):
        row.g[k] = row.gap[k]
    for i in range(nearby.size[0]):
        k = listed[i]
        share = row.impulse[k] if row.side[k] > 0.0 else data.slope * row.impulse[k]
        row.moved[k] += nearby.moved[i] - far * share
        row.g[k], row.side[k] = nearby.g[i], nearby.side[i]


@inlined
def mark(reached, data, row, corner, nearby):
    """Flag the points that are near; return whether no boundary is met, and a keeps its sign."""
    motion, start = row.motion, nearby.start
    if turns(1.0, motion):
        write_width(data, row.impulse, nearby)  # at coarse tolerances nobody has
        far = max(kappa_at_turn(motion), abs(reached))
        mark_within(row, far, far * start[WIDTH], corner.flag)
        return False
    return mark_near(row, reached, reached * start[WIDTH], corner.flag) == 0.0 or motion[SQUARE] == 0.0


@inner
def pass_one_by_one(reached, sliding, data, row, corner, nearby):
    """Carry the neuron to ``reached``, or as far as the boundaries let it; return how many it met."""
    motion, start, events = row.motion, nearby.start, 0
    if mark(reached, data, row, corner, nearby):
        advance(reached, row)
        finish(sliding, data, row, corner)
        return 0
    for i in range(sliding):
        nearby.held[i] = corner.held[i]
    for i in range(SIZE + 1):
        start[i] = motion[i]
    for _ in range(TRIALS):
        collect(data, row, corner, nearby)
        events = pass_boundaries(data, row, corner, nearby)
        if move_others(data, row, corner, nearby) == 0.0:
            break
    write_back(data, row, corner.listed, nearby)
    return events


@inlined
def carry_neuron(active_impulse, data, row, corner, nearby):
    """Carry one neuron through an impulse; return how many boundaries it met.

    Parameters
    ----------
    active_impulse : float64[n]
        The impulse of each point that is active, as in ``row.speed``: where the neuron slides as if off.
    """
    motion = row.motion
    motion[SQUARE], motion[ALONG], held = measure(active_impulse, row)
    motion[KAPPA], motion[DOUBT], motion[FLIPPED] = 0.0, FAR, 1.0
    sliding = begin_sliding(data, row, corner) if held > 0.0 else 0
    reached = kappa_after(1.0, motion)
    if motion[MARGIN] >= COARSE and not turns(1.0, motion):
        return pass_at_once(reached, sliding, data, row, corner, nearby)
    return pass_one_by_one(reached, sliding, data, row, corner, nearby)
