"""Neurons that turn back next to a boundary within a step: there an error decides whether they cross it."""

from __future__ import annotations

from math import sqrt

from pipeline.flow.gram.compiling import inner, scanning
from pipeline.flow.gram.neuron import FAR

FROM_AFAR = 0.01
"""The share of the margin by which a neuron comes closer before it turns: what is to and fro is no decision."""


@scanning
def count_turns(before, after):
    """Count the boundaries from which a neuron turned back between (speeds, states) at a step's two ends."""
    (speed, side), (speed_after, side_after), count = before, after, 0.0
    for k in range(speed.shape[0]):
        same = (side[k] == side_after[k]) & (side[k] * speed[k] < 0.0) & (side[k] * speed_after[k] > 0.0)
        count += 1.0 if same else 0.0
    return count


@inner
def first_turn(data, before, after, ends, limits):
    """The share of the step after which the neuron turned back next to a boundary; FAR if it did not.

    The distance to the boundary is the cubic with its values and speeds at the step's ends.

    Parameters
    ----------
    before, after : (float64[n], float64[n])
        As :func:`count_turns` has them.
    ends : (float64[n], float64[n], float)
        Its preactivations at the start and at the end, and |w| there.
    limits : (float, float)
        The step's length, and the angle that is next to a boundary.
    """
    (speed, side), (speed_after, side_after), (g, g_after, size), (step, margin) = before, after, ends, limits
    first = FAR
    for k in range(speed.shape[0]):
        if side[k] != side_after[k] or not (side[k] * speed[k] < 0.0 and side[k] * speed_after[k] > 0.0):
            continue
        here, start = side[k] * g[k], step * side[k] * speed[k]
        far, end = side[k] * g_after[k] - here, step * size * side[k] * speed_after[k]
        square, cube = 3.0 * far - 2.0 * start - end, start + end - 2.0 * far
        share = -start / (square + sqrt(max(square * square - 3.0 * cube * start, 0.0)))
        least = here + share * (start + share * (square + share * cube))
        close = margin * (1.0 + share * (size - 1.0)) * data.length[k]
        if least <= close and here - least >= FROM_AFAR * close:
            first = min(first, share)
    return first
