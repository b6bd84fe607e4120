"""One neuron under an impulse that is known: the boost, and the boundaries that are crossed on the way.

With D constant the neuron moves along D: w' = |a| D, |a|' = <D, w> for s_j = 1, and with -D for s_j = -1. So all
its preactivations are g_k + kappa v_k with v_k = <D, x_k> and one number kappa, the integral of |a|, that only
grows. The boundary that is next is the least -g_k / v_k; there v changes by a row of the Gram matrix.

Where |a| < |w|, a may become 0. From there on s_j is another, and the neuron goes back the way that it came.
"""

from __future__ import annotations

from math import exp, log1p, sqrt

from pipeline.flow.gram.compiling import inlined, inner, scanning
from pipeline.flow.gram.doubts import cross
from pipeline.flow.gram.network import OFF, ON, SLIDING
from pipeline.flow.gram.release import release
from pipeline.flow.gram.sliding import add_impulse, add_row, list_flagged, settle

FAR, NEAR, LEAST = 1e90, 1e-200, 1e-300
"""From where on a boundary is never reached, which is so where it does not come closer; and what makes it so."""
SQUARE, ALONG, SIZE, KAPPA, DOUBT, MARGIN, IMBALANCE, FLIPPED = range(8)
"""Places in ``Row.motion``."""
SMALL = 1e-4
"""The rapidity below which its series is taken."""


@scanning
def shortfall(g, speed, side, kappa):
    """By how much the neuron would be beyond boundaries if it went so far: 0 if it meets none.

    It takes a third of the time of finding the first one, and often there is none.
    """
    total = 0.0
    for k in range(g.shape[0]):
        here, closing = side[k] * g[k], -side[k] * speed[k]
        here = here if here > 0.0 else 0.0
        beyond = closing * kappa - here
        total += beyond if beyond > 0.0 else 0.0
    return total


@scanning
def write_gaps(g, speed, side, gap):
    """Write how far each boundary is, as kappa: without a branch, which is guessed wrong half of the time."""
    for k in range(g.shape[0]):
        here, closing = side[k] * g[k], -side[k] * speed[k]
        here = here if here > 0.0 else 0.0
        closing = closing if closing > LEAST else LEAST
        gap[k] = (here + NEAR) / closing


@scanning
def least(gap):
    """The least of them: four at a time."""
    one, two, three, four = FAR, FAR, FAR, FAR
    quarter = gap.shape[0] // 4
    for i in range(quarter):
        k = 4 * i
        one, two = min(one, gap[k]), min(two, gap[k + 1])
        three, four = min(three, gap[k + 2]), min(four, gap[k + 3])
    for k in range(4 * quarter, gap.shape[0]):
        one = min(one, gap[k])
    return min(min(one, two), min(three, four))


@inlined
def place_of(value, gap):
    """The first place at which a value stands."""
    for k in range(gap.shape[0]):
        if gap[k] == value:
            return k
    return -1


@scanning
def measure(active_impulse, row):
    """Measure the force on a neuron.

    Returns
    -------
    square, along : float
        |D|^2 and <D, w>.
    sliding : float
        Along how many points it slides.
    """
    g, speed, side = row.g, row.speed, row.side
    square, along, sliding = 0.0, 0.0, 0.0
    for k in range(active_impulse.shape[0]):
        square += active_impulse[k] * speed[k]
        along += active_impulse[k] * g[k]
        sliding += 1.0 if side[k] == SLIDING else 0.0
    return max(square, 0.0), along, sliding


@scanning
def flag_sliding(side, impulse, flag):
    """Flag the points along which the neuron slides; return how many of them repel it now.

    Few neurons slide: in one loop with :func:`measure` that would take seven times as long.
    """
    repelling = 0.0
    for k in range(side.shape[0]):
        held = side[k] == SLIDING
        flag[k] = 1 if held else 0
        repelling += 1.0 if held & (impulse[k] >= 0.0) else 0.0
    return repelling


@inlined
def time_to(kappa, motion):
    """How much of the impulse it takes to get so far."""
    square, along, size = motion[SQUARE], motion[ALONG], motion[SIZE]
    rate = sqrt(square)
    far, p = kappa * rate, along / rate
    after = sqrt(max(size * size + far * (2.0 * p + far), 0.0))
    share = (2.0 * p + far) / (after + size + LEAST)
    # e^sigma - 1, by that of the two light-cone coordinates |a| + p, |a| - p which is not a small difference.
    grown = far * (1.0 + share) / (size + p) if p >= 0.0 else far * (1.0 - share) / (after - p - far)
    return log1p(grown) / rate


@inlined
def kappa_after(share, motion):
    """How far the neuron gets by this share of the impulse."""
    square, along, size = motion[SQUARE], motion[ALONG], motion[SIZE]
    rapidity = share * sqrt(square)
    if rapidity < SMALL:
        second = 0.5 * share * share
        return second * along * (1.0 + rapidity**2 / 12.0) + size * share * (1.0 + rapidity**2 / 6.0)
    up = exp(rapidity)
    down, rate = 1.0 / up, sqrt(square)
    half = 0.5 * (up - down)
    return (along / rate * 0.5 * (up + down - 2.0) + size * half) / rate


@inlined
def size_after(kappa, motion):
    """|a| so far along D."""
    square, along, size = motion[SQUARE], motion[ALONG], motion[SIZE]
    return sqrt(max(size * size + kappa * (2.0 * along + kappa * square), 0.0))


@inner
def share_to_turn(motion):
    """How much of the impulse it takes until a is 0; FAR if D does not lead there."""
    square, along, size = motion[SQUARE], motion[ALONG], motion[SIZE]
    if not (along < 0.0 and square > 0.0):
        return FAR
    rate = sqrt(square)
    p = -along / rate
    return 0.5 * log1p(2.0 * size / (p - size)) / rate if p > size else FAR


@inner
def kappa_at_turn(motion):
    """How far the neuron gets until a is 0."""
    square, along, size = motion[SQUARE], motion[ALONG], motion[SIZE]
    rate = sqrt(square)
    p = -along / rate
    return size * size / (rate * (p + sqrt((p - size) * (p + size))))


@inlined
def turns(left, motion):
    """Whether a becomes 0 within what is left of the impulse: it can only where |a| < |w|."""
    return motion[IMBALANCE] < 0.0 and share_to_turn(motion) < left


@inlined
def turn_back(sliding, row, gram, corner):
    """Let a, which is 0 now, change its sign: s_j, and with it the impulse and the speeds, are their opposites.

    Boundaries along which the neuron slides push it away on both sides from now on: their points go off.
    """
    motion = row.motion
    for i in range(sliding):
        row.side[corner.point[i]] = OFF
        add_impulse(corner.point[i], corner.held[i], row, gram)
    for k in range(row.g.shape[0]):
        row.speed[k], row.impulse[k] = -row.speed[k], -row.impulse[k]
    motion[SIZE], motion[ALONG] = 0.0, max(-motion[ALONG], 0.0)
    motion[KAPPA], motion[FLIPPED] = -motion[KAPPA], -motion[FLIPPED]


@inlined
def advance(kappa, row):
    """Go on along D."""
    motion = row.motion
    square, along = motion[SQUARE], motion[ALONG]
    add_row(row.g, kappa, row.speed)
    motion[SIZE] = size_after(kappa, motion)
    motion[ALONG] = along + kappa * square
    motion[KAPPA] += kappa


@inlined
def begin_sliding(data, row, corner):
    """Collect the points at which the neuron slides, and settle them for a new impulse.

    Those that repel it, as their residuals have changed the sign, can't hold it any more: it is released.

    Returns
    -------
    int
        At how many it slides.
    """
    repelling = flag_sliding(row.side, row.impulse, corner.flag)
    listed, most, count = list_flagged(corner), corner.point.shape[0] - 1, 0
    for i in range(listed if repelling > 0.0 else 0):
        if row.impulse[corner.listed[i]] >= 0.0:
            release(corner.listed[i], data, row, corner)
    for i in range(listed):
        k = corner.listed[i]
        if row.side[k] == SLIDING and count < most:
            corner.point[count], corner.held[count], corner.place[count] = k, 0.0, SLIDING
            count += 1
        elif row.side[k] == SLIDING:
            row.side[k] = OFF
    return settle(count, data, row, corner) if count > 0 else 0


@inner
def meet(k, sliding, data, row, corner, left):
    """Let the neuron cross the boundary of point k, or slide along it; return at how many points it slides.

    ``left`` of the impulse is left there: where an error could decide, that is noted.
    """
    gram, rest = data.gram, 1.0 - data.slope
    up = row.side[k] == OFF
    change = rest * row.impulse[k] if up else -rest * row.impulse[k]
    row.g[k] = 0.0
    for i in range(sliding):
        corner.place[i] = SLIDING
    if row.impulse[k] >= 0.0 or (sliding == 0 and (row.speed[k] + change * gram[k, k] > 0.0) == up):
        if cross(k, change, data, row) > 0.0:
            row.motion[DOUBT] = min(row.motion[DOUBT], 1.0 - left)
        row.side[k] = ON if up else OFF
        return settle(sliding, data, row, corner) if sliding > 0 else 0
    if sliding == corner.point.shape[0] - 1:
        row.speed[k] = 0.0
        return sliding
    before = row.side[k]
    corner.point[sliding] = k
    corner.held[sliding] = 0.0 if up else -rest * row.impulse[k]
    corner.place[sliding] = (ON if up else OFF) if sliding > 0 else SLIDING
    count = settle(sliding + 1, data, row, corner)
    if row.side[k] == before:
        row.speed[k] = 0.0  # it was no more than rounding that brought the neuron here
    return count


@inner
def finish(sliding, data, row, corner):
    """Write what the boost has added to w, point by point."""
    far = row.motion[KAPPA]
    add_moved(row.moved, row.impulse, row.side, data.slope, far)
    for i in range(sliding):
        row.moved[corner.point[i]] -= corner.held[i] * far


@scanning
def add_moved(moved, impulse, side, slope, far):
    """Add the impulse of each point."""
    for k in range(moved.shape[0]):
        moved[k] += far * (impulse[k] if side[k] > 0.0 else slope * impulse[k])
