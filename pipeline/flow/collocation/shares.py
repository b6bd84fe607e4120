"""What the share theta of a pair that slides depends on: the force without it, and other crossings."""

from __future__ import annotations

from pipeline.flow.collocation.compiling import inlined
from pipeline.flow.collocation.corners import goes_on, output_at, read_event, write_basis
from pipeline.flow.collocation.events import JUMP, TIME, UNTIL
from pipeline.flow.collocation.sweep import SLOPE, N, corner_moment


@inlined
def product_of(e, other, points, now):
    """<x_k, x_l> of two events; 0 for the event itself, and for one that slides, or has from the start."""
    k, l, event = now.point[e], now.point[other], now.values[other]
    total = 0.0
    if k == l or event[TIME] == 0.0 or event[UNTIL] > 0.0:
        return total
    for c in range(points.rows.shape[1]):
        total += points.rows[k, c] * points.rows[l, c]
    return total


@inlined
def press(e, points, tableau, now, work):
    """Write <P_i, x_k> of the neuron's other crossings."""
    s, j = len(tableau.nodes), now.neuron[e]
    for i in range(s):
        work.pressed[i] = 0.0
    for place in range(work.first[j], work.first[j + 1]):
        other = work.order[place]
        product = 0.0 if goes_on(other, now) else product_of(e, other, points, now)
        for i in range(s):
            work.pressed[i] += product * corner_moment(now.values[other], i, tableau, points.about[SLOPE])


@inlined
def jumped(e, place, time, points, now, work):
    """Sum J over the neuron's crossings from a place in their order up to a time, times x_k.

    Returns
    -------
    float
    int
        The place of the first crossing after that time.
    """
    total, last = 0.0, work.first[now.neuron[e] + 1]
    while place < last and now.values[work.order[place], TIME] < time:
        total += product_of(e, work.order[place], points, now) * now.values[work.order[place], JUMP]
        place += 1
    return total, place


@inlined
def read_held(e, at, flow, now, work):
    """What pushes a neuron at a time and after these jumps, of its crossings before it.

    Returns
    -------
    output, off, there : float
        The neuron's a; n <D, x_k>, if the point were off for it; and by how much that changes if it goes on.
    """
    (time, jumps), (points, tableau, network) = at, flow
    write_basis(time, tableau, work.there)
    off, there = read_event(e, points, tableau, now, work)
    off = points.about[N] * off + jumps
    for i in range(len(tableau.nodes)):
        off -= work.there[i] * work.pressed[i]
    return output_at(e, tableau, network, now, work), off, there * points.square[now.point[e]]
