"""Where the residual of a point along which a neuron slides changes its sign: on which side the neuron goes on.

From then on the boundary repels on both sides. Shortly before, the point's share has reached one of its limits, 0
or the whole (``sliding``): the one towards which the neuron is pushed at the instant of the change, when the point
itself does nothing. A longer step sees that instant alone. So it decides, and with it each step that holds it, and
each reading inside of one, to the same side.
"""

from __future__ import annotations

from pipeline.flow.exact.propagation.bernstein import value
from pipeline.flow.gram.compiling import inner
from pipeline.flow.gram.network import OFF, ON, SLIDING
from pipeline.flow.gram.sliding import add_impulse, exchange

PIECES, HALVINGS = 16, 40
"""In so many pieces of the step a change of sign is looked for; and it is halved so often."""


@inner
def instant_of_change(k, row):
    """The first share of the step after which s_j r_k is not negative any more; 1 if it is to its end."""
    width = 1.0 / PIECES
    for i in range(PIECES):
        end = (i + 1) * width
        if row.sign * value(row.curve, k, end) >= 0.0:
            low, high = end - width, end
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                if row.sign * value(row.curve, k, middle) >= 0.0:
                    high = middle
                else:
                    low = middle
            return high
    return 1.0


@inner
def push_without(k, data, row, corner, share):
    """<D_j, x_k> of all other points after this share of the step."""
    gram, count, push = data.gram, 0, 0.0
    for l in range(row.side.shape[0]):
        force = row.sign * value(row.curve, l, share) if l != k else 0.0
        row.gap[l] = force if row.side[l] > 0.0 else data.slope * force
        push += row.gap[l] * gram[k, l]
        if row.side[l] == SLIDING and force < 0.0 and count < corner.point.shape[0] - 1:
            corner.point[count], corner.place[count] = l, SLIDING
            corner.limit[count] = -(1.0 - data.slope) * force
            count += 1
    for i in range(count):
        corner.off[i] = 0.0
        for l in range(row.side.shape[0]):
            corner.off[i] += row.gap[l] * gram[corner.point[i], l]
    if count > 0:
        exchange(count, gram, corner)
    for i in range(count):
        push -= corner.found[i] * gram[k, corner.point[i]]
    return push


@inner
def release(k, data, row, corner):
    """Let the neuron go from the boundary of point k, which acts by ``row.impulse[k] >= 0`` where it is active."""
    if push_without(k, data, row, corner, instant_of_change(k, row)) > 0.0:
        row.side[k] = ON
        add_impulse(k, (1.0 - data.slope) * row.impulse[k], row, data.gram)
    else:
        row.side[k] = OFF
