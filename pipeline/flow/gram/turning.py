"""Neurons that turn back next to a boundary within a step: there an error decides whether they cross it."""

from __future__ import annotations

from math import sqrt

from pipeline.flow.gram.compiling import inner, scanning
from pipeline.flow.gram.neuron import FAR
from pipeline.flow.gram.sliding import list_flagged

BULGE = 4.0 / 27.0
"""The largest value of s (1 - s)^2."""
FROM_AFAR = 0.01
"""The share of the margin by which a neuron comes closer before it turns: what is to and fro is no decision."""


@scanning
def flag_turns(data, before, after, limits, flag):
    """Flag the boundaries next to which a neuron may have turned back within a step; return how many.

    The distance to a boundary is the cubic with its values and speeds at the step's ends, which is lower than both
    values by at most :data:`BULGE` of what the speeds weigh.

    Parameters
    ----------
    before, after : (float64[n], float64[n], float64[n], (float, float))
        Its preactivations, speeds and states at the step's start, |a| and |w|; the same at its end.
    limits : (float, float)
        The step's length, and the angle that is next to a boundary.
    """
    g, speed, side, (size, length) = before
    g_after, speed_after, side_after, (size_after, length_after) = after
    step, margin = limits
    count, most = 0.0, margin * max(length, length_after)
    for k in range(speed.shape[0]):
        start, end = step * size * side[k] * speed[k], step * size_after * side[k] * speed_after[k]
        nearest = min(side[k] * g[k], side[k] * g_after[k]) - BULGE * (end - start)
        same = (side[k] == side_after[k]) & (start < 0.0) & (end > 0.0)
        turned = same & (nearest <= most * data.length[k])
        flag[k] = 1 if turned else 0
        count += 1.0 if turned else 0.0
    return count


@inner
def first_turn(data, before, after, limits, corner):
    """The share of the step after which the neuron turned back next to a flagged boundary; FAR if it did not."""
    g, speed, side, (size, length) = before
    g_after, speed_after, _, (size_after, length_after) = after
    (step, margin), first = limits, FAR
    for i in range(list_flagged(corner)):
        k = corner.listed[i]
        here, start = side[k] * g[k], step * size * side[k] * speed[k]
        far, end = side[k] * g_after[k] - here, step * size_after * side[k] * speed_after[k]
        square, cube = 3.0 * far - 2.0 * start - end, start + end - 2.0 * far
        share = -start / (square + sqrt(max(square * square - 3.0 * cube * start, 0.0)))
        least = here + share * (start + share * (square + share * cube))
        close = margin * (length + share * (length_after - length)) * data.length[k]
        if least <= close and here - least >= FROM_AFAR * close:
            first = min(first, share)
    return first
