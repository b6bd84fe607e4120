"""A neuron at the boundaries of several points: who holds it there, who goes on, who goes off.

A point k at which the neuron slides acts by a share of its residual. With e_k in [0, l_k], which is 0 where
the point is off and l_k where it is on, the speeds at these points are v = v_off - G e: the share is right if

    e_k = 0 and v_k <= 0,   or   e_k = l_k and v_k >= 0,   or   v_k = 0 between

which is a convex problem of a box, solved by exchanging the sets (Murty's principal pivoting).
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.gram.compiling import inlined, inner, scanning
from pipeline.flow.gram.network import OFF, ON, SLIDING

AT_ONCE = 6
"""So many exchanges are of all points at once; then one point at a time, which must come to an end."""
MOST_EXCHANGES = 400
CLOSE = 1e-12
"""Up to this share of its limits a point keeps its set."""
DEPENDENT = 1e-10
"""The share of |x_k|^2 below which a point lies in the span of those before it."""


class Corner(NamedTuple):
    """The points at whose boundary a neuron is, and workspace.

    point : int64[most]
    held, found, limit, off : float64[most]
        e before and after, l, and v_off.
    place : float64[most]
        OFF, ON or SLIDING.
    factor : float64[most, most]
        The Cholesky factor of G over the points that slide, above the diagonal; on it the inverses.
    rest : float64[most]
        Workspace of the factor, and the right side and the solution of its equations.
    free, chosen : int64[most]
        The places of those points in ``point``, and the points.
    flag : int8[n, and more up to a multiple of 8]
        Of all points: which are looked for.
    words : int64
        The same numbers, eight in one: most are 0.
    listed : int64[n]
        The points that are flagged: the first ones.
    """

    point: np.ndarray
    held: np.ndarray
    found: np.ndarray
    limit: np.ndarray
    off: np.ndarray
    place: np.ndarray
    factor: np.ndarray
    rest: np.ndarray
    free: np.ndarray
    chosen: np.ndarray
    flag: np.ndarray
    words: np.ndarray
    listed: np.ndarray


def make_corner(n: int, q: int) -> Corner:
    """Room for q + 2 points of n."""
    most = min(n, q + 2) + 1
    held, found, limit, off, place, rest = np.zeros((6, most))
    point, free, chosen = np.zeros((3, most), dtype=np.int64)
    words = np.zeros((n + 7) // 8, dtype=np.int64)
    return Corner(
        point, held, found, limit, off, place, np.zeros((most, most)), rest, free, chosen, words.view(np.int8),
        words, np.zeros(n, dtype=np.int64),
    )  # fmt: skip


class Row(NamedTuple):
    """One neuron within a step, and its impulses.

    g, speed, side, moved : float64[n]
        Of the trial.
    impulse : float64[n]
        s_j c_k.
    gap : float64[n]
        Workspace.
    motion : float64[8]
        |D|^2, <D, w>, |a|, and how far the neuron went along D so far: the integral of |a|; the share of the
        impulse at which the order of two boundaries decided, and the tolerance: the angle within which it may;
        a^2 - |w|^2, and -1 if a has changed its sign on the way, else 1.
    curve : float64[6, n]
        The residual over the step.
    sign : float
        s_j.
    """

    g: np.ndarray
    speed: np.ndarray
    side: np.ndarray
    moved: np.ndarray
    impulse: np.ndarray
    gap: np.ndarray
    motion: np.ndarray
    curve: np.ndarray
    sign: float


@scanning
def add_row(speed, factor, row):
    """``speed += factor row``."""
    for k in range(speed.shape[0]):
        speed[k] += factor * row[k]


@inlined
def list_flagged(corner):
    """List the points that are flagged; return how many."""
    count, listed = 0, corner.listed
    for i in range(corner.words.shape[0]):
        if corner.words[i] == 0:
            continue
        for k in range(8 * i, 8 * i + 8):
            if corner.flag[k] != 0:
                listed[count] = k
                count += 1
    return count


@inlined
def add_impulse(k, change, row, gram):
    """Add ``change`` to the impulse of point k, at whose boundary the neuron is."""
    row.motion[0] = max(row.motion[0] + change * (2.0 * row.speed[k] + change * gram[k, k]), 0.0)
    row.moved[k] -= change * row.motion[3]
    add_row(row.speed, change, gram[k])


@inlined
def collect_free(count, corner):
    """List the points that slide; return how many."""
    free = 0
    for i in range(count):
        if corner.place[i] == SLIDING:
            corner.free[free] = i
            free += 1
    return free


@inlined
def write_column(k, rank, gram, corner):
    """Write the column of point k, after ``rank`` others, into the factor; return what of |x_k|^2 is left.

    What is left of all products is updated with each of them: no sum waits for its last term.
    """
    factor, rest, square = corner.factor, corner.rest, gram[k, k]
    for b in range(rank):
        rest[b] = gram[k, corner.chosen[b]]
    for c in range(rank):
        share = rest[c] * factor[c, c]
        factor[c, rank] = share
        square -= share * share
        for b in range(c + 1, rank):
            rest[b] -= share * factor[c, b]
    return square


@inlined
def choose(k, square, rank, corner):
    """Let point k be the next one of the factor, whose column is written."""
    corner.factor[rank, rank] = 1.0 / sqrt(square)
    corner.chosen[rank] = k


@inlined
def solve(rank, corner):
    """Solve G e = ``corner.rest`` over the chosen points, in its place."""
    factor, rest = corner.factor, corner.rest
    for a in range(rank):
        rest[a] *= factor[a, a]
        for b in range(a + 1, rank):
            rest[b] -= rest[a] * factor[a, b]
    for a in range(rank - 1, -1, -1):
        rest[a] *= factor[a, a]
        for b in range(a):
            rest[b] -= rest[a] * factor[b, a]


@inlined
def solve_free(count, gram, corner):
    """Find e of the points that slide, so that their speeds are 0; a dependent one goes off.

    Returns
    -------
    int
        How many slide.
    """
    point, place, found = corner.point, corner.place, corner.found
    free, rank = collect_free(count, corner), 0
    for a in range(free):
        i = corner.free[a]
        square = write_column(point[i], rank, gram, corner)
        if square <= DEPENDENT * gram[point[i], point[i]]:
            place[i] = OFF
            continue
        choose(point[i], square, rank, corner)
        corner.free[rank] = i
        rank += 1
    for i in range(count):
        if place[i] != SLIDING:
            found[i] = corner.limit[i] if place[i] == ON else 0.0
    for a in range(rank):
        corner.rest[a] = corner.off[corner.free[a]]
    for l in range(count if free < count else 0):
        if place[l] == ON:
            for a in range(rank):
                corner.rest[a] -= found[l] * gram[corner.chosen[a], point[l]]
    solve(rank, corner)
    for a in range(rank):
        found[corner.free[a]] = corner.rest[a]
    return rank


@inlined
def better_place(i, count, gram, corner):
    """Where a point belongs by its share, or by its speed."""
    place, limit, k = corner.place[i], corner.limit[i], corner.point[i]
    if place == SLIDING:
        if corner.found[i] < -CLOSE * limit:
            return OFF
        return ON if corner.found[i] > (1.0 + CLOSE) * limit else SLIDING
    speed = corner.off[i]
    for l in range(count):
        speed -= corner.found[l] * gram[k, corner.point[l]]
    if place * speed < -CLOSE * limit * gram[k, k]:
        return SLIDING
    return place


@inlined
def exchange(count, gram, corner):
    """Find who slides, who is on and who is off, from the guess in ``corner.place``."""
    for turn in range(MOST_EXCHANGES):
        rank = solve_free(count, gram, corner)
        changed = 0
        for i in range(count - 1, -1, -1):
            after = better_place(i, count, gram, corner)
            if after != corner.place[i]:
                if after == SLIDING and dependent(i, rank, gram, corner):
                    continue
                corner.place[i] = after
                changed += 1
                if turn >= AT_ONCE:
                    break
        if changed == 0:
            return


@inlined
def dependent(i, rank, gram, corner):
    """Whether a point lies in the span of those that slide: what holds the neuron there holds it here."""
    k = corner.point[i]
    return write_column(k, rank, gram, corner) <= DEPENDENT * gram[k, k]


@inner
def settle(count, data, row, corner):
    """Let the neuron slide, or go on, at the boundaries where it is.

    Parameters
    ----------
    count : int
        How many points are in ``corner``, with their e in ``held`` and a guess in ``place``.

    Returns
    -------
    int
        At how many it slides: these are the first ones in ``corner`` afterwards.
    """
    gram, point = data.gram, corner.point
    for i in range(count):
        corner.limit[i] = -(1.0 - data.slope) * row.impulse[point[i]]
        corner.off[i] = row.speed[point[i]]
    for l in range(count):
        if corner.held[l] != 0.0:
            for i in range(count):
                corner.off[i] += corner.held[l] * gram[point[i], point[l]]
    exchange(count, gram, corner)
    sliding = 0
    for i in range(count):
        change = corner.held[i] - corner.found[i]
        if change != 0.0:
            add_impulse(point[i], change, row, gram)
    for i in range(count):
        k = point[i]
        row.side[k] = corner.place[i]
        if corner.place[i] == SLIDING:
            row.speed[k] = 0.0
            point[sliding], corner.held[sliding] = k, corner.found[i]
            sliding += 1
    return sliding
