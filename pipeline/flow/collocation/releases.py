"""The corners in the path of a neuron that slides: it is let go within the step, and crosses while it is held.

Where sliding ends n D jumps from the share theta to 0 or 1; and of the jump at another boundary only what lies in
the boundaries along which the neuron slides then moves it. Each such corner J at t_c is without the moments of

    P_i = (1/b_i) J int_{t_c}^1 l_i,

which for the other crossings are known better: of these neurons alone all are found so.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.corners import goes_on, write_speed
from pipeline.flow.collocation.events import AFTER, JUMP, TIME, UNTIL, UP
from pipeline.flow.collocation.pairs import row_at
from pipeline.flow.collocation.projection import DEPENDENT, take_out
from pipeline.flow.collocation.shares import jumped, press, read_held


@inner
def slides(j, now, work):
    """Whether neuron j slides anywhere in the step."""
    until = 0.0
    for place in range(work.first[j], work.first[j + 1]):
        until = max(until, now.values[work.order[place], UNTIL])
    return until > 0.0


@inner
def free_part(e, time, points, now, work):
    """Write what is left of x_k of an event in the boundaries along which its neuron slides at a time."""
    j, rank, into = now.neuron[e], 0, work.free
    for place in range(work.first[j], work.first[j + 1]):
        event = now.values[work.order[place]]
        if not event[TIME] < time < event[UNTIL] or work.order[place] == e or rank == work.basis.shape[0] - 1:
            continue
        k, row, left = now.point[work.order[place]], work.basis[rank], 0.0
        for c in range(row.shape[0]):
            row[c] = points.rows[k, c] / sqrt(points.square[k])
        take_out(row, rank, work.basis)
        for c in range(row.shape[0]):
            left += row[c] * row[c]
        if left > DEPENDENT:
            for c in range(row.shape[0]):
                row[c] /= sqrt(left)
            rank += 1
    for c in range(into.shape[0]):
        into[c] = points.rows[now.point[e], c]
    take_out(into, rank, work.basis)


@inner
def held_push(e, time, flow, now, work):
    """What holds a sliding pair at a time, over x_k, and by how much n D jumps, over x_k, if it goes on."""
    points, tableau, network = flow
    press(e, points, tableau, now, work)
    jumps, _ = jumped(e, work.first[now.neuron[e]], time, points, now, work)
    write_speed(e, points, tableau, network.force, now, work.speed)
    _, off, there = read_held(e, (time, jumps), flow, now, work)
    square = points.square[now.point[e]]
    return -off / square, there / square


@inner
def released(e, flow, now, work):
    """By how much n D jumps, over x_k, where a pair's sliding ends."""
    held, there = held_push(e, now.values[e, UNTIL], flow, now, work)
    return (there if now.values[e, AFTER] > 0.0 else 0.0) - held


@inner
def add_moments(jump, time, tableau, work):
    """Add a corner along ``work.free`` to P_i."""
    s = len(tableau.nodes)
    for i in range(s):
        share = row_at(tableau.integral, i, s, 1.0) - row_at(tableau.integral, i, s, time)
        for c in range(work.free.shape[0]):
            work.smeared[i, c] += jump * share * tableau.inverse[i] * work.free[c]


@inner
def smear_while_sliding(j, flow, now, work):
    """Write P_i of a neuron that slides in the step."""
    points, tableau, _ = flow
    for place in range(work.first[j], work.first[j + 1]):
        e = work.order[place]
        event = now.values[e]
        if event[TIME] > 0.0:
            if event[UNTIL] > 0.0:
                held, there = held_push(e, event[TIME], flow, now, work)
                event[JUMP] = held if event[UP] > 0.0 else held - there
            free_part(e, event[TIME], points, now, work)
            add_moments(event[JUMP], event[TIME], tableau, work)
        if 0.0 < event[UNTIL] < 1.0:
            jump = released(e, flow, now, work)
            free_part(e, event[UNTIL], points, now, work)
            add_moments(jump, event[UNTIL], tableau, work)


@inner
def add_corner(jump, time, work):
    """Take a corner along ``work.free`` into the sums over those that have been."""
    for c in range(work.free.shape[0]):
        work.sums[0, c] += jump * work.free[c]
        work.sums[1, c] += jump * time * work.free[c]


@inner
def pass_while_sliding(e, points, now, work):
    """As ``pass_corner``, of a neuron that slides in the step."""
    free_part(e, now.values[e, TIME], points, now, work)
    add_corner(now.values[e, JUMP], now.values[e, TIME], work)


@inner
def pass_releases(j, between, flow, now, work):
    """Take in those places where neuron j ceases to slide between two times."""
    for place in range(work.first[j], work.first[j + 1]):
        e = work.order[place]
        if 0.0 < now.values[e, UNTIL] < 1.0 and between[0] <= now.values[e, UNTIL] < between[1]:
            jump = released(e, flow, now, work)
            free_part(e, now.values[e, UNTIL], flow[0], now, work)
            add_corner(jump, now.values[e, UNTIL], work)


@inner
def look_while_sliding(e, flow, now, work):
    """As ``look_at_corners``, of a neuron that slides in the step."""
    points, tableau, _ = flow
    time, x, square = now.values[e, TIME], points.rows[now.point[e]], points.square[now.point[e]]
    s, first, speed, way = len(tableau.nodes), e, 0.0, 0.0
    while goes_on(first, now):
        first -= 1
    for c in range(x.shape[0]):
        speed += work.sums[0, c] * x[c]
        way += (time * work.sums[0, c] - work.sums[1, c]) * x[c]
    for own in range(first, e):
        speed -= now.values[own, JUMP] * square
        way -= now.values[own, JUMP] * square * (time - now.values[own, TIME])
    for i in range(s):
        smeared = 0.0
        for c in range(x.shape[0]):
            smeared += work.smeared[i, c] * x[c]
        own = first
        while own == first or (own < now.number[0] and goes_on(own, now)):
            if now.values[own, TIME] > 0.0:
                share = row_at(tableau.integral, i, s, 1.0) - row_at(tableau.integral, i, s, now.values[own, TIME])
                smeared -= now.values[own, JUMP] * share * tableau.inverse[i] * square
            own += 1
        speed -= row_at(tableau.basis, i, s - 1, time) * smeared
        way -= row_at(tableau.integral, i, s, time) * smeared
    return speed, way
