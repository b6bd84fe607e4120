"""The solver's loop: assume the residual over a step, carry the network through it, correct, accept.

    1. predict the residual's right end (value and slope) by the last step's cubic;
    2. carry every group's rows through the step: two boosts each (commutator-free Magnus, order 4);
    3. compare the residual they give with the assumed one, correct by the tangent kernel, repeat;
    4. the defect |r computed - r assumed| in the middle decides on the step;
    5. find the neurons that cross a boundary, cut the step if they matter, and go on.

The step's cubic is all that has to be remembered: the whole trajectory of every neuron follows from it.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.boost import LARGEST_BOOST, hermite, hermite_slope, magnus_weights
from pipeline.flow.compiled import entry, inlined, kernel
from pipeline.flow.crossings import carry_lumps, carry_rows, cross, find_losers, worth_stopping_for
from pipeline.flow.patterns import lump
from pipeline.flow.residual import correct, observe, slope
from pipeline.flow.states import ON

CONVERGED, STATIONARY, END_TIME, OUT_OF_STEPS, STALLED = 1, 2, 3, 4, 5
"""Why an integration ended; :class:`pipeline.flow.status.Status` has the sentences."""

LOCAL_SHARE = 0.4
"""The share of the tolerance that one step's defect may use: measured so that the worst error of the whole
run stays within the tolerance (benchmarks/tolerance.py)."""
RELATIVE_SHARE = 0.01
"""A residual smaller than the tolerance is still resolved to this fraction of itself: its sign decides which
points are lost, and must not be noise."""
RESIDUAL_FLOOR = 2e-14
"""Below this share of the labels' scale the residual is rounding."""
SETTLED = 1e-12
"""The residual, over the labels' scale, at which the flow has converged."""
RESTING = 1e-14
"""|D| of the fastest group that can still grow, over that of an unfitted label, at which nothing moves."""
SETTLED_GAP = 0.2
"""The gap between the computed and the assumed right end, over the tolerance, at which the sweeps end."""
STIFF = 10.0
"""Times hK from which a label follows instead of moving."""
CROSSING_SHARE = 0.1
"""The share of one step's allowance that its crossings may use before they cut it."""
FIRST_RAPIDITY = 0.1
"""The first step times the fastest growth rate; steps then grow by at most LARGEST_GROWTH, so that the
alignment, which no residual shows, is passed in steps of its own pace and can be sampled there."""
LARGEST_GROWTH = 2.5
FELT = 0.01
"""The share of one step's allowance below which a group's output is not felt yet."""
SWEEPS = 8


class Record(NamedTuple):
    """The accepted steps: when, how long, and the residual's cubic over each.

    time, length, movement : float64[steps]
        ``movement`` measures how far the residual and the groups' directions went (for placing samples).
    cubic : float64[steps, 4, n]
        r and dr/dt at the left end, r and dr/dt at the right end.
    """

    time: np.ndarray
    length: np.ndarray
    movement: np.ndarray
    cubic: np.ndarray


@kernel
def length(vector):
    """|v|."""
    square = 0.0
    for c in range(vector.shape[0]):
        square += vector[c] * vector[c]
    return sqrt(square)


@kernel
def fastest_growth(lumps, r, x):
    """The largest |D| over the groups that can still grow, and the headroom of the fastest.

    A group whose every row has no growing light-cone part (p = -a along D) can only shrink: it is at rest in
    the limit, whatever its D.

    Returns
    -------
    fastest : float
    rates : float64[groups]
    """
    n, q = x.shape
    row, state, rows = lumps.row, lumps.state, lumps.rows
    groups = row.shape[0] - 1
    rates = np.zeros(groups)
    force = np.empty(q)
    fastest = 0.0
    for g in range(groups):
        if row[g + 1] == row[g]:
            continue
        for c in range(q):
            force[c] = 0.0
        for k in range(n):
            if state[g, k] == ON:
                for c in range(q):
                    force[c] += r[k] / n * x[k, c]
        rate = length(force)
        if rate == 0.0:
            continue
        grows = False
        for i in range(row[g], row[g + 1]):
            p = 0.0
            for c in range(q):
                p += force[c] / rate * rows[i, c]
            a = rows[i, q]
            grows = grows or abs(p + a) > 1e-14 * (abs(p) + abs(a))
        if grows:
            rates[g] = rate
            fastest = max(fastest, rate)
    return fastest, rates


@inlined
def time_until_felt(lumps, rates, problem, level):
    """How long no group that is still too small to be felt can grow past ``level`` of the labels' scale.

    Without this a step of 300 e-folds would have to be refused many times before it stops short of the escape
    from a saddle.
    """
    until = np.inf
    for g in range(lumps.start.shape[0] - 1):
        if rates[g] == 0.0:
            continue
        largest = -np.inf
        for i in range(lumps.row[g], lumps.row[g + 1]):
            largest = max(largest, lumps.logs[i])
        room = 0.5 * log(level) + problem.log_unit - largest
        if room > 0.0:
            until = min(until, max(room, 0.5) / rates[g])
    return until


@kernel
def mean_alignment(lumps, r, problem, alignment, force):
    """Write each group's mean cosine with its D, weighted by the squared norms; return the mean change.

    A group whose points are fitted keeps its old value: the direction of a vanishing D is of no interest.
    """
    x = problem.x
    n, q = x.shape
    row, state, rows, logs = lumps.row, lumps.state, lumps.rows, lumps.logs
    groups = row.shape[0] - 1
    change = 0.0
    for g in range(groups):
        if row[g + 1] == row[g]:
            continue
        for c in range(q):
            force[c] = 0.0
        for k in range(n):
            if state[g, k] == ON:
                for c in range(q):
                    force[c] += r[k] * x[k, c]
        rate = length(force)
        if rate <= 1e-3 * n * problem.resting_growth:
            continue
        reference = logs[row[g]]
        along, total = 0.0, 0.0
        for i in range(row[g], row[g + 1]):
            unit = 1.0 if logs[i] == reference else exp(2.0 * min(logs[i] - reference, 300.0))
            p = 0.0
            for c in range(q):
                p += force[c] / rate * rows[i, c]
            along += unit * p * rows[i, q]
            total += unit * rows[i, q] * rows[i, q]
        if total > 0.0:
            change += abs(along / total - alignment[g]) / groups
            alignment[g] = along / total
    return change


class Room(NamedTuple):
    """The arrays that an attempt writes: allocated once a lumping, since at 3 us a step allocation would show.

    p, q : float64[n]
        The assumed right end: value and slope of the residual.
    r : float64[n]
        The residual that the rows give there.
    kernel : float64[n, n]
    rows, logs
        The rows at the right end.
    left : float64[n]
        The slope at the left end as the step's polynomial has it.
    gross : float64[n]
        The sizes of the residual's terms.
    stiff : bool[n]
        Labels that are fitted and follow (hK >> 1): their polynomial is the quadratic without the left slope,
        which makes the step L-stable for them (Radau IIA instead of Lobatto IIIA). With the cubic an error of
        such a label would never be forgotten, only its rounding amplified.
    """

    p: np.ndarray
    q: np.ndarray
    r: np.ndarray
    kernel: np.ndarray
    rows: np.ndarray
    logs: np.ndarray
    middle_rows: np.ndarray
    middle_logs: np.ndarray
    middle: np.ndarray
    gap: np.ndarray
    slope_gap: np.ndarray
    tolerance: np.ndarray
    reach: np.ndarray
    matrix: np.ndarray
    weights: np.ndarray
    push: np.ndarray
    nothing: np.ndarray
    left: np.ndarray
    gross: np.ndarray
    stiff: np.ndarray


@kernel
def make_room(lumps, problem):
    """Room for the attempts at steps with these lumps."""
    n, q = problem.x.shape
    shape = lumps.rows.shape
    return Room(
        np.empty(n), np.empty(n), np.empty(n), np.empty((n, n)),
        np.empty(shape), np.empty(shape[0]), np.empty(shape), np.empty(shape[0]),
        np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty((n, n)),
        np.empty((2, n)), np.empty(q), np.empty((0, 0)),
        np.empty(n), np.empty(n), np.zeros(n, dtype=np.bool_),
    )  # fmt: skip


@inlined
def worst_share(error, tolerance):
    """The largest |error|/tolerance; infinite as soon as one is not a finite number."""
    worst = 0.0
    for k in range(error.shape[0]):
        share = abs(error[k]) / tolerance[k]
        if not share < np.inf:
            return np.inf
        worst = max(worst, share)
    return worst


@inlined
def exchange_rows(room, lumps):
    """The same room, writing into the arrays of ``lumps``, which are no longer needed."""
    return Room(
        room.p, room.q, room.r, room.kernel, lumps.rows, lumps.logs, room.middle_rows, room.middle_logs,
        room.middle, room.gap, room.slope_gap, room.tolerance, room.reach, room.matrix, room.weights, room.push,
        room.nothing, room.left, room.gross, room.stiff,
    )  # fmt: skip


@kernel
def attempt(lumps, r0, d0, kernel0, step, allowed, problem, room):
    """One step of length ``step`` from the predicted right end in ``room``, corrected until it settles.

    On return ``room`` holds the assumed right end (p, q), the rows carried with it, and the residual and the
    kernel that those give.

    Returns
    -------
    error : float
        The defect over what is allowed; infinite if anything overflowed or the sweeps did not settle.
    """
    n = r0.shape[0]
    p, q, r, gap = room.p, room.q, room.r, room.gap
    for k in range(n):
        room.stiff[k] = step * kernel0[k, k] > STIFF
        room.left[k] = d0[k]
    cubic = (r0, room.left, p, q, step)
    for _ in range(SWEEPS):
        for k in range(n):
            if room.stiff[k]:
                room.left[k] = 2.0 * (p[k] - r0[k]) / step - q[k]
        magnus_weights(cubic, 0.0, step, room.weights)
        carry_rows(lumps, room.weights, problem.x, room.rows, room.logs, room.push)
        observe(room.rows, room.logs, lumps, problem, r, room.gross, room.kernel, room.reach)
        for k in range(n):
            small = RELATIVE_SHARE * max(abs(r0[k]), abs(r[k]))
            floor = RESIDUAL_FLOOR * max(problem.label_scale, room.gross[k])
            room.tolerance[k] = max(min(allowed, small), floor)
            gap[k] = r[k] - p[k]
        worst = worst_share(gap, room.tolerance)
        if worst == np.inf:
            return np.inf
        if worst <= SETTLED_GAP:
            return max(worst, middle_defect(lumps, cubic, kernel0, problem, room))
        slope(room.kernel, p, room.slope_gap)
        for k in range(n):
            q[k], room.slope_gap[k] = room.slope_gap[k], room.slope_gap[k] - q[k]
        correct(room.kernel, step, room.stiff, room.slope_gap, room.matrix, gap)
        for k in range(n):
            p[k] += gap[k]
            for l in range(n):
                q[k] -= room.kernel[k, l] * gap[l]
    return np.inf


@inlined
def middle_defect(lumps, cubic, kernel0, problem, room):
    """The largest |r computed - r assumed| in the middle of the step, over the tolerance.

    The defect passes through the corrector's matrix first (Shampine's filter for implicit methods): a fitted
    label forgets its errors, and unfiltered its rounding times h K would refuse every long step. The kernel is
    that of the step's start: a label that is fitted only during the step has not forgotten anything.
    """
    r0, left, p, q, step = cubic
    magnus_weights(cubic, 0.0, 0.5 * step, room.weights)
    carry_rows(lumps, room.weights, problem.x, room.middle_rows, room.middle_logs, room.push)
    observe(room.middle_rows, room.middle_logs, lumps, problem, room.middle, room.gap, room.nothing, room.reach)
    for k in range(r0.shape[0]):
        room.middle[k] -= hermite(r0[k], left[k], p[k], q[k], step, 0.5)
        room.slope_gap[k] = 0.0
    correct(kernel0, step, room.stiff, room.slope_gap, room.matrix, room.middle)
    return worst_share(room.middle, room.tolerance)


@inlined
def predict(r0, d0, step, cubics, last, last_step, smooth, room):
    """Write the predicted right end into ``room``: the last cubic continued, or a line after a kink."""
    for k in range(r0.shape[0]):
        if smooth:
            s = 1.0 + step / last_step
            p0, q0, p1, q1 = cubics[last, 0, k], cubics[last, 1, k], cubics[last, 2, k], cubics[last, 3, k]
            room.p[k] = hermite(p0, q0, p1, q1, last_step, s)
            room.q[k] = hermite_slope(p0, q0, p1, q1, last_step, s)
        else:
            room.p[k] = r0[k] + step * d0[k]
            room.q[k] = d0[k]


@inlined
def reason_to_stop(time, end_time, r, fastest, problem):
    """The status with which the flow ends here, OUT_OF_STEPS if it goes on; ``r`` without its rounding."""
    square = 0.0
    for k in range(r.shape[0]):
        square += r[k] * r[k]
    if sqrt(square / r.shape[0]) <= SETTLED * problem.label_scale:
        return CONVERGED
    if fastest <= RESTING * problem.resting_growth:
        return STATIONARY
    if time >= end_time:
        return END_TIME
    return OUT_OF_STEPS


@kernel
def longer(record):
    """The record with room for twice as many steps."""
    steps, _, n = record.cubic.shape
    twice = empty_record(2 * steps, n)
    copy_record(record, twice, steps)
    return twice


@kernel
def empty_record(steps, n):
    """A record with room for ``steps`` steps."""
    return Record(np.empty(steps), np.empty(steps), np.empty(steps), np.empty((steps, 4, n)))


@kernel
def copy_record(source, target, steps):
    """Copy the first ``steps`` steps (in loops: each array assignment costs half a second to compile)."""
    for i in range(steps):
        target.time[i], target.length[i] = source.time[i], source.length[i]
        target.movement[i] = source.movement[i]
        for side in range(4):
            for k in range(source.cubic.shape[2]):
                target.cubic[i, side, k] = source.cubic[i, side, k]


@inlined
def residual_change(r0, r1, problem):
    """The root mean square of a step's change of the residual, over the labels' scale."""
    square = 0.0
    for k in range(r0.shape[0]):
        square += (r1[k] - r0[k]) ** 2
    return sqrt(square / r0.shape[0]) / problem.label_scale


@entry
def integrate(neurons, problem, tolerance, end_time, most_steps):
    """Follow the flow from ``neurons`` at t = 0 until it converges, rests, or reaches ``end_time``.

    Parameters
    ----------
    neurons : Neurons
        Normalised to |w| = 1.
    problem : Problem
    tolerance : float
        The aim for the worst error of the residual over the whole run, in units of the labels' scale, or of
        the residual at the start if that is larger.
    end_time : float
        ``inf`` to go on until nothing moves any more.
    most_steps : int

    Returns
    -------
    record : Record
    status : int
    rejected, crossings, patterns : int
    """
    n = problem.x.shape[0]
    record = empty_record(256, n)
    steps, rejected, crossings = 0, 0, 0
    time, step, last_step, last_error = 0.0, 0.0, 1.0, 0.0

    lumps = lump(neurons)
    patterns = lumps.start.shape[0] - 1
    room = make_room(lumps, problem)
    r0, d0 = np.empty(n), np.empty(n)
    kernel0 = np.empty((n, n))
    observe(lumps.rows, lumps.logs, lumps, problem, r0, room.gross, kernel0, room.reach)
    slope(kernel0, r0, d0)
    # A start far above the labels has residuals of its own size: they are the unit then.
    allowed = LOCAL_SHARE * tolerance * max(problem.label_scale, length(r0) / sqrt(n))
    alignment = np.zeros(patterns)
    mean_alignment(lumps, r0, problem, alignment, room.push)
    status, smooth = OUT_OF_STEPS, np.bool_(False)  # a literal would be compiled for once more
    while steps < most_steps:
        for k in range(n):
            rounding = RESIDUAL_FLOOR * max(problem.label_scale, room.gross[k])
            room.gap[k] = r0[k] if abs(r0[k]) > rounding else 0.0
        fastest, rates = fastest_growth(lumps, room.gap, problem.x)
        status = reason_to_stop(time, end_time, room.gap, fastest, problem)
        if status != OUT_OF_STEPS:
            break
        if steps == 0:
            step = FIRST_RAPIDITY / fastest
        felt = FELT * allowed / problem.label_scale
        step = min(step, LARGEST_BOOST / fastest, time_until_felt(lumps, rates, problem, felt), end_time - time)

        losers, error = np.zeros(0, dtype=np.int64), np.inf
        while time + step > time:
            predict(r0, d0, step, record.cubic, steps - 1, last_step, smooth, room)
            error = attempt(lumps, r0, d0, kernel0, step, allowed, problem, room)
            if not error <= 1.0:
                rejected += 1
                step *= min(max(0.9 * error**-0.25, 0.1), 0.9) if error < np.inf else 0.25
                error = np.inf
                continue
            cubic = (r0, room.left, room.p, room.q, step)
            losers = find_losers(neurons, lumps, room.rows, cubic, problem)
            if losers.shape[0] > 0:
                cut = worth_stopping_for(neurons, lumps, losers, cubic, problem, CROSSING_SHARE * allowed)
                if cut < step:
                    rejected += 1
                    step = cut
                    error = np.inf
                    continue
            break
        if not error <= 1.0:
            status = STALLED
            break

        if steps == record.time.shape[0]:
            record = longer(record)
        cubic = (r0, room.left, room.p, room.q, step)
        record.time[steps], record.length[steps] = time, step
        for k in range(n):
            record.cubic[steps, 0, k], record.cubic[steps, 1, k] = r0[k], room.left[k]
            record.cubic[steps, 2, k], record.cubic[steps, 3, k] = room.p[k], room.q[k]
        moved = carry_lumps(lumps, cubic, step, problem, room.rows, room.logs)
        turning = mean_alignment(moved, room.r, problem, alignment, room.push)
        record.movement[steps] = residual_change(r0, room.r, problem) + turning
        if losers.shape[0] > 0:
            neurons, lumps, events = cross(neurons, lumps, moved, losers, cubic, problem)
            crossings += events
            patterns = max(patterns, lumps.start.shape[0] - 1)
            room = make_room(lumps, problem)
            alignment = np.zeros(lumps.start.shape[0] - 1)
            mean_alignment(lumps, r0, problem, alignment, room.push)
            observe(lumps.rows, lumps.logs, lumps, problem, room.r, room.gross, room.kernel, room.reach)
        else:
            lumps, room = moved, exchange_rows(room, lumps)
        for k in range(n):
            r0[k] = room.r[k]
            for l in range(n):
                kernel0[k, l] = room.kernel[k, l]
        slope(kernel0, r0, d0)

        # Gustafsson's predictive factor: while a saddle is left the error of equal steps grows exponentially.
        factor = 0.9 * max(error, 1e-8) ** -0.25
        if smooth and last_error > 0.0 and error > 1e-8:
            factor *= min(max(step / last_step * (last_error / error) ** 0.25, 0.4), 1.0)
        smooth = losers.shape[0] == 0
        time = end_time if step >= end_time - time else time + step
        last_step, last_error = step, error
        step *= min(factor, LARGEST_GROWTH)
        steps += 1
    taken = empty_record(steps, n)
    copy_record(record, taken, steps)
    return taken, status, rejected, crossings, patterns
