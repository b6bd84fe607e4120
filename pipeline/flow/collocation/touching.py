"""Boundaries that a neuron touches by the corners of its path alone: the step is too long to see them.

The polynomial of a step has the moments of the neuron's corners, and not the corners. A neuron that comes as near
to a boundary as these are high may touch it unseen; and where the two sides of the boundary push it apart it stays
on the other side, for long. So the sweep notes the pairs that come so near, and here their path has its corners.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.collocation.compiling import inlined
from pipeline.flow.collocation.events import JUMP, TIME
from pipeline.flow.collocation.pairs import interpolate, row_at, value_at
from pipeline.flow.collocation.sweep import N


@inlined
def corner_height(time, tableau, work):
    """How far the neuron's corners have brought n w/(h a) off its polynomial at a time."""
    s, d = work.smeared.shape
    total = 0.0
    for c in range(d):
        off = time * work.sums[0, c] - work.sums[1, c]
        for i in range(s):
            off -= row_at(tableau.integral, i, s, time) * work.smeared[i, c]
        total += off * off
    return sqrt(total)


@inlined
def begin_path(j, k, points, tableau, network, work):
    """Write the polynomial of a pair's preactivation, and <P_i, x_k>."""
    x, s, values = points.rows[k], len(tableau.nodes), work.values
    values[0] = 0.0
    for c in range(x.shape[0]):
        values[0] += network.start_w[j, c] * x[c]
    for i in range(s):
        values[i + 1], work.pressed[i] = 0.0, 0.0
        for c in range(x.shape[0]):
            values[i + 1] += network.w[i, j, c] * x[c]
            work.pressed[i] += work.smeared[i, c] * x[c]
    interpolate(values, tableau, work.path)


@inlined
def is_beyond(time, sums, scaled, tableau, work):
    """Whether a pair's path with its corners is on the other side at a time; ``sums``: of J, and of J t_c."""
    s, off = len(tableau.nodes), time * sums[0] - sums[1]
    for i in range(s):
        off -= row_at(tableau.integral, i, s, time) * work.pressed[i]
    return (value_at(work.path, s, time) + scaled * off > 0.0) != (work.path[0] > 0.0)


@inlined
def touches(j, k, scaled, flow, now, work):
    """Whether that is so anywhere: looked at at each corner, and between. ``scaled``: h a / n."""
    points, tableau, network = flow
    x, before, jumps, moments = points.rows[k], 0.0, 0.0, 0.0
    begin_path(j, k, points, tableau, network, work)
    for place in range(work.first[j], work.first[j + 1]):
        e = work.order[place]
        time, product = now.values[e, TIME], 0.0
        if time == 0.0:
            continue
        for between in (0.5 * (before + time), time):
            if is_beyond(between, (jumps, moments), scaled, tableau, work):
                return True
        for c in range(x.shape[0]):
            product += points.rows[now.point[e], c] * x[c]
        jumps += now.values[e, JUMP] * product
        moments += now.values[e, JUMP] * product * time
        before = time
    return is_beyond(0.5 * (before + 1.0), (jumps, moments), scaled, tableau, work)


@inlined
def look_at_near(j, step, flow, now, work):
    """Note in ``now.harm`` by how much neuron j may err, over its size, for a boundary that it touches unseen."""
    points, _, network = flow
    for q in range(now.number[2]):
        k = now.close[q, 1]
        harm = step * abs(now.left[q]) * sqrt(points.square[k]) / points.about[N]
        if now.close[q, 0] != j or harm <= now.harm[0]:
            continue
        if touches(j, k, step * network.a[0, j] / points.about[N], flow, now, work):
            now.harm[0] = harm
