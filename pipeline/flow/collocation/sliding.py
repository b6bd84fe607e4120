"""Which crossings are the beginning of sliding, until when, and what holds a neuron then.

Where both sides of a boundary push a neuron towards it, it slides (Filippov): from there on the point pushes with
that share theta of its residual that holds the neuron at the boundary, -n <D_off, x_k> / (r_k |x_k|^2), until
theta leaves [0, 1]. All that is of the size of one jump: so D there is the one with its corners, n D and

    sum over the neuron's crossings before t of J - sum_i l_i(t) P_i.
"""

from __future__ import annotations

from math import sqrt

from pipeline.flow.collocation.compiling import inlined, inner
from pipeline.flow.collocation.corners import (
    begin_neuron,
    look_at_corners,
    output_at,
    pass_corner,
    read_event,
    smear_all,
    sort_events,
    write_basis,
    write_speed,
)
from pipeline.flow.collocation.events import (
    CHANGE,
    JUMP,
    NUMBERS,
    PLAN,
    PLAN_AFTER,
    RISE,
    SHIFT,
    TIME,
    UNTIL,
    UP,
)
from pipeline.flow.collocation.holding import gather, hold_together, holds_throughout
from pipeline.flow.collocation.pairs import row_at, slope_of_row
from pipeline.flow.collocation.releases import (
    look_while_sliding,
    pass_releases,
    pass_while_sliding,
    slides,
    smear_while_sliding,
)
from pipeline.flow.collocation.shares import jumped, press, product_of, read_held
from pipeline.flow.collocation.sweep import CARE, SLOPE, N
from pipeline.flow.collocation.touching import corner_height, look_at_near

ROUNDS = 60
"""Of the forces that hold neurons at several boundaries at once, at most."""
SETTLED = 1e-14
"""The change of such a force, over the largest, at which they are found."""
LOOKS = 16
"""In how many places of a step the share theta is looked at."""
HALVINGS = 30
"""By which the end of sliding is found between two of them."""
RETURNED = 0.1
"""Of what a neuron errs by, at most, for a boundary that it comes back to, the share that counts: the whole of it
took 3 % more steps at 1e-3, and no error was smaller."""


@inlined
def hold(e, points, tableau, network, now, work):
    """Add the force that holds a sliding neuron at a boundary.

    Returns
    -------
    change, size : float
        Of n D, over x_k.
    """
    speed, there, event = work.speed, work.there, now.values[e]
    write_speed(e, points, tableau, network.force, now, speed)
    j, k, n, s = now.neuron[e], now.point[e], points.about[N], len(tableau.nodes)
    low, high = event[TIME], event[UNTIL]
    moment = work.moment
    for i in range(s):
        moment[i] = 0.0
    for place in range(len(tableau.places)):
        write_basis(low + (high - low) * tableau.places[place], tableau, there)
        value = 0.0
        for l in range(s):
            value += there[l] * speed[l]
        for i in range(s):
            moment[i] += (high - low) * tableau.shares[place] * there[i] * value
    change, size = 0.0, 0.0
    for i in range(s):
        held = n * moment[i] + event[NUMBERS + 3 * s + i]
        pushed = -held / (tableau.weights[i] * points.square[k])
        difference = pushed - event[NUMBERS + 2 * s + i]
        event[NUMBERS + 2 * s + i] = pushed
        change, size = max(change, abs(difference)), max(size, abs(pushed))
        for c in range(points.rows.shape[1]):
            network.force[i, j, c] += difference * points.rows[k, c] / n
    return change, size


@inner
def hold_all(points, tableau, network, now, work):
    """Add what holds every sliding neuron: together what does so over the whole step, the others one by one."""
    members = work.spare
    count = gather(now, members)
    for _ in range(ROUNDS):
        change, largest, first = 0.0, 0.0, 0
        while first < count:
            last = first + 1
            while last < count and now.neuron[members[last]] == now.neuron[members[first]]:
                last += 1
            group = members[first : min(last, first + points.rows.shape[1] - 1)]
            changed, size = hold_together(group, points, tableau, network, now, work)
            change, largest, first = max(change, changed), max(largest, size), last
        for e in range(now.number[0]):
            if now.values[e, UNTIL] > 0.0 and not holds_throughout(e, now):
                changed, size = hold(e, points, tableau, network, now, work)
                change, largest = max(change, changed), max(largest, size)
        if change <= SETTLED * largest:
            return


@inlined
def turn_held(e, points, tableau, now, work):
    """Write the moments, while the pair slides, of what crossings do to n <D, x_k>."""
    event, s, j = now.values[e], len(tableau.nodes), now.neuron[e]
    low, high = event[TIME], event[UNTIL]
    press(e, points, tableau, now, work)
    for i in range(s):
        event[NUMBERS + 3 * s + i] = 0.0
    for place in range(work.first[j], work.first[j + 1]):
        other = work.order[place]
        begun = max(now.values[other, TIME], low)
        if begun < high:
            jump = product_of(e, other, points, now) * now.values[other, JUMP]
            for i in range(s):
                whole = row_at(tableau.integral, i, s, high) - row_at(tableau.integral, i, s, begun)
                event[NUMBERS + 3 * s + i] += jump * whole
    for place in range(len(tableau.places)):
        write_basis(low + (high - low) * tableau.places[place], tableau, work.there)
        value = 0.0
        for l in range(s):
            value += work.there[l] * work.pressed[l]
        for i in range(s):
            event[NUMBERS + 3 * s + i] -= (high - low) * tableau.shares[place] * work.there[i] * value


@inlined
def share_held(e, time, jumps, flow, now, work):
    """Theta at a time, as -1 (below 0: the point goes off), 0 (slides) or 1 (above 1: it goes on).

    Once the neuron's a has changed its sign both sides push it away, and relu'(0) = 0 decides: off. ``jumps`` is
    of the neuron's crossings before the time, as :func:`jumped` has it; ``flow``: points, tableau, network.
    """
    _, tableau, network = flow
    write_basis(now.values[e, TIME], tableau, work.there)
    output = output_at(e, tableau, network, now, work)
    later, off, there = read_held(e, (time, jumps), flow, now, work)
    if output * later < 0.0:
        return -1
    needed = -off
    if there < 0.0:
        needed, there = off, -there
    return -1 if needed < 0.0 else 1 if needed > there else 0


@inlined
def leave(e, passed, step, flow, now, work):
    """Follow a pair from the end of its sliding on: it may come back to the boundary.

    That has no place in the step, as the pair's pushes stand with its first crossing. So by how much the neuron
    may err for it is noted in ``now.harm``: where that is too much the step is too long.

    Parameters
    ----------
    passed : (jumps, place)
        Of the neuron's crossings before that end, as :func:`jumped` has it.
    """
    points, event, (jumps, place) = flow[0], now.values[e], passed
    start, on, way, back = event[PLAN], event[PLAN_AFTER] > 0.0, 0.0, 0.0
    length = (1.0 - start) / LOOKS
    for look in range(LOOKS):
        time = start + (look + 0.5) * length
        more, place = jumped(e, place, time, points, now, work)
        jumps += more
        output, off, there = read_held(e, (time, jumps), flow, now, work)
        speed = off + there if on else off
        way += length * output * speed
        if (way < 0.0) if on else (way > 0.0):
            back += length * (abs(speed) if off * (off + there) < 0.0 else abs(there))
    harm = RETURNED * back * step / points.about[N] / sqrt(points.square[now.point[e]])
    now.harm[0] = max(now.harm[0], harm)


@inlined
def plan_end(e, step, flow, now, work):
    """Find until when a neuron slides that does from this event on."""
    points, tableau, _ = flow
    event = now.values[e]
    start = event[TIME]
    press(e, points, tableau, now, work)
    low, (before, place) = start, jumped(e, work.first[now.neuron[e]], start, points, now, work)
    for look in range(1, LOOKS + 1):
        high = start + (1.0 - start) * look / LOOKS
        more, after = jumped(e, place, high, points, now, work)
        side = share_held(e, high, before + more, flow, now, work)
        if side != 0:
            for _ in range(HALVINGS):
                middle = 0.5 * (low + high)
                more, _ = jumped(e, place, middle, points, now, work)
                if share_held(e, middle, before + more, flow, now, work) == 0:
                    low = middle
                else:
                    high = middle
            event[PLAN], event[PLAN_AFTER] = high, 1.0 if side > 0 else 0.0
            more, after = jumped(e, place, high, points, now, work)
            leave(e, (before + more, after), step, flow, now, work)
            return
        low, before, place = high, before + more, after
    event[PLAN] = 1.0


@inlined
def plan_event(e, corner, step, flow, now, work):
    """Decide whether a neuron slides from this event on, and until when; and by how much its force jumps there.

    ``corner`` is what the neuron's other corners add to n <D, x_k> there.

    Returns
    -------
    float
        What n D of the neuron misses of the sliding that has come out, in its time.
    """
    points, tableau, network = flow
    event, k = now.values[e], now.point[e]
    write_speed(e, points, tableau, network.force, now, work.speed)
    write_basis(event[TIME], tableau, work.there)
    off, there = read_event(e, points, tableau, now, work)
    output = output_at(e, tableau, network, now, work)
    off += corner / points.about[N]
    on = off + there * points.square[k] / points.about[N]
    event[PLAN], event[PLAN_AFTER] = 0.0, 0.0
    event[JUMP] = there if event[UP] > 0.0 else -there
    if event[UNTIL] > 0.0:
        held = -points.about[N] * off / points.square[k]
        event[JUMP] = held if event[UP] > 0.0 else held - there
    if event[UNTIL] > 0.0 or (output * off > 0.0 and output * on < 0.0):
        plan_end(e, step, flow, now, work)
        return abs(event[PLAN] - max(event[UNTIL], event[TIME])) * abs(there) * sqrt(points.square[k])
    return 0.0


@inner
def begin_corners(points, tableau, now, work):
    """Write by how much n D jumps at every crossing, and what that does while other pairs slide."""
    s, rest = len(tableau.nodes), 1.0 - points.about[SLOPE]
    for e in range(now.number[0]):
        event = now.values[e]
        write_basis(event[TIME], tableau, work.there)
        there, change = 0.0, -rest * event[RISE]
        for l in range(s):
            there += work.there[l] * event[NUMBERS + s + l]
            change += slope_of_row(tableau.basis, l, s - 1, event[TIME]) * event[NUMBERS + s + l]
        event[JUMP] = rest * (there if event[UP] > 0.0 else -there)
        event[CHANGE] = rest * (change if event[UP] > 0.0 else -change)
    for e in range(now.number[0]):
        if now.values[e, UNTIL] > 0.0:
            turn_held(e, points, tableau, now, work)


@inlined
def turn_neuron(j, step, flow, now, work):
    """Plan what one neuron slides on in the next sweep, and shift its crossings; as :func:`turn_corners`."""
    points, tableau, network = flow
    missed, first, last, before = 0.0, work.first[j], work.first[j + 1], 0.0
    held = slides(j, now, work)
    begin_neuron(work)
    if held:
        smear_while_sliding(j, flow, now, work)
    else:
        smear_all(j, points, tableau, now, work)
    for place in range(first, last):
        e = work.order[place]
        event = now.values[e]
        if held:
            pass_releases(j, (before, event[TIME]), flow, now, work)
            speed, way = look_while_sliding(e, flow, now, work)
        else:
            speed, way = look_at_corners(e, points, tableau, now, work)
        before = event[TIME]
        missed = max(missed, plan_event(e, speed, step, flow, now, work))
        if event[TIME] > 0.0:
            write_basis(event[TIME], tableau, work.there)
            event[SHIFT] = step * output_at(e, tableau, network, now, work) / points.about[N] * way
            now.near[j] = max(now.near[j], corner_height(event[TIME], tableau, work))
            if held:
                pass_while_sliding(e, points, now, work)
            else:
                pass_corner(e, points, now, work)
    now.near[j] *= step * abs(network.a[0, j]) / points.about[N]
    if now.number[2] > 0:
        look_at_near(j, step, flow, now, work)
    return missed


@inner
def turn_corners(points, tableau, network, step, now, work):
    """Add the forces of sliding; plan what slides in the next sweep, and shift its crossings.

    Returns
    -------
    float
        How far a neuron goes, over its size, for sliding that this sweep did not assume, or assumed too much of.
    """
    missed, flow = 0.0, (points, tableau, network)
    now.harm[0] = 0.0
    for j in range(now.near.shape[0]):
        now.near[j] = 0.0
    if points.about[CARE] < 2.0:
        work.first[:] = 0
        hold_all(points, tableau, network, now, work)
        for e in range(now.number[0]):
            missed = max(missed, plan_event(e, 0.0, step, flow, now, work))
            now.values[e, SHIFT] = 0.0
        return missed * step / points.about[N]
    sort_events(now, work)
    begin_corners(points, tableau, now, work)
    hold_all(points, tableau, network, now, work)
    for j in range(work.first.shape[0] - 1):
        if work.first[j] < work.first[j + 1]:
            missed = max(missed, turn_neuron(j, step, flow, now, work))
    return missed * step / points.about[N]
