"""Decisions that an error of the tolerance's size could change: counted, as the grouped path counts them.

A neuron that turns back next to a boundary (``turning``); or that crosses one boundary next to
another, and is turned back from that one by the crossing itself: in the other order it would go on beyond it.
*Next to* a boundary is an angle up to the tolerance: |<w, x_k>| <= tolerance |x_k| |w|.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.gram.compiling import inner, scanning


@scanning
def add_row_watching(factor, gram_row, row, length, margin, lowest):
    """``speed += factor gram_row``; return from how many boundaries next to the neuron this turns it back.

    Those of points whose impulse is below ``lowest`` don't count.
    """
    speed, g, side, impulse, turned = row.speed, row.g, row.side, row.impulse, 0.0
    for l in range(speed.shape[0]):
        before = side[l] * speed[l]
        speed[l] += factor * gram_row[l]
        close = (side[l] * g[l] <= margin * length[l]) & (impulse[l] >= lowest)
        turned += 1.0 if close & (before < 0.0) & (side[l] * speed[l] > 0.0) else 0.0
    return turned


@inner
def cross(k, change, data, row):
    """Let the impulse change as the neuron crosses the boundary of point k; return how many turns are doubtful.

    Where both points hold it at their boundaries the two orders end alike: that problem is convex.
    """
    motion, gram = row.motion, data.gram
    length = sqrt(max(motion[2] * motion[2] - motion[6], 0.0))
    motion[0] = max(motion[0] + change * (2.0 * row.speed[k] + change * gram[k, k]), 0.0)
    row.moved[k] -= change * motion[3]
    lowest = 0.0 if row.impulse[k] < 0.0 else -np.inf
    return add_row_watching(change, gram[k], row, data.length, motion[5] * length, lowest)
