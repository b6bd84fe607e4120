"""From one step to the next: unit vectors again, on the boundaries along which the neurons slide."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from pipeline.flow.gram.compiling import allocating, inner, scanning
from pipeline.flow.gram.network import SLIDING
from pipeline.flow.gram.neuron import FAR
from pipeline.flow.gram.sliding import DEPENDENT
from pipeline.flow.gram.state import MOST_INSTANTS, NOW, SENSITIVE

SMALL = -14.0
"""ln of |w|^2, over the labels, below which a neuron that grows waits: seven e-folds."""
FROM_AFAR = 0.01
"""The share of the margin by which a neuron comes closer before it turns: what is to and fro is no decision."""


@scanning
def along(w, x):
    """<w, x>."""
    total = 0.0
    for c in range(w.shape[0]):
        total += w[c] * x[c]
    return total


@inner
def factorise(side, gram, corner):
    """Write the Cholesky factor of the points at which a neuron slides; return how many are independent."""
    rank, factor, point = 0, corner.factor, corner.point
    for k in range(side.shape[0]):
        if side[k] != SLIDING or rank == point.shape[0] - 1:
            continue
        square = gram[k, k]
        for b in range(rank):
            total = gram[k, point[b]]
            for c in range(b):
                total -= factor[rank, c] * factor[b, c]
            factor[rank, b] = total / factor[b, b]
            square -= factor[rank, b] ** 2
        if square > DEPENDENT * gram[k, k]:
            factor[rank, rank] = sqrt(square)
            point[rank] = k
            rank += 1
    return rank


@inner
def put_on_boundaries(w, rank, data, corner):
    """Take the part in the span of these points out of w, twice: once would leave its rounding."""
    factor, point, found = corner.factor, corner.point, corner.found
    for _ in range(2):
        for a in range(rank):
            total = along(w, data.x[point[a]])
            for b in range(a):
                total -= factor[a, b] * found[b]
            found[a] = total / factor[a, a]
        for a in range(rank - 1, -1, -1):
            total = found[a]
            for b in range(a + 1, rank):
                total -= factor[b, a] * found[b]
            found[a] = total / factor[a, a]
            x = data.x[point[a]]
            for c in range(w.shape[0]):
                w[c] -= found[a] * x[c]


@allocating
def write_weights(data, network, sweep):
    """Write the trial's w_j into its ``force``, on the boundaries along which they slide."""
    trial = sweep.trial
    (m, q) = network.w.shape
    np.dot(trial.moved, data.x, trial.force)
    for j in range(m):
        w, before = trial.force[j], network.w[j]
        for c in range(q):
            w[c] += before[c]
        rank = factorise(trial.side[j], data.gram, sweep.corner)
        if rank > 0:
            put_on_boundaries(w, rank, data, sweep.corner)


@scanning
def take_sides(after, side, g):
    """Take a neuron's states; return the sum of its preactivations' sizes."""
    total = 0.0
    for k in range(g.shape[0]):
        side[k] = after[k]
        g[k] = g[k] if after[k] != SLIDING else 0.0
        total += abs(g[k])
    return total


@allocating
def accept(data, network, sweep):
    """Go to the trial's end.

    Returns
    -------
    turned : float
        How far the directions have turned, on average.
    gross : float
        The size of the terms whose sum the network's output is, on average over the points.
    waiting : float
        1 if a neuron that grows is still small.
    """
    trial, waiting, small = sweep.trial, 0.0, SMALL + log(data.scale)
    (m, q), n = network.w.shape, data.x.shape[0]
    write_weights(data, network, sweep)
    turned, gross = 0.0, 0.0
    for j in range(m):
        w, before = trial.force[j], network.w[j]
        size = sqrt(along(w, w))
        network.log_norm[j] += log(size)
        if size > 1.0 and 2.0 * network.log_norm[j] < small:
            waiting = 1.0
        change = 0.0
        for c in range(q):
            after = w[c] / size
            change += (after - before[c]) ** 2
            before[c] = after
        turned += sqrt(change) / m
    np.dot(network.w, data.x.T, network.g)
    for j in range(m):
        gross += exp(2.0 * network.log_norm[j]) * take_sides(trial.side[j], network.side[j], network.g[j]) / n
    return turned, gross, waiting


@scanning
def mark_turns(before, after, turned):
    """Mark the boundaries from which a neuron turned back between (speeds, states) at a step's start and its end.

    Returns
    -------
    float
        How many there are.
    """
    (speed, side), (speed_after, side_after), count = before, after, 0.0
    for k in range(turned.shape[0]):
        same = (side[k] == side_after[k]) & (side[k] * speed[k] < 0.0) & (side[k] * speed_after[k] > 0.0)
        turned[k] = 1.0 if same else 0.0
        count += turned[k]
    return count


@inner
def first_turn(j, data, state, step, margin):
    """The share of the step after which neuron j turned back next to a boundary; FAR if it did not.

    The distance to the boundary is the cubic with its values and speeds at the step's ends.
    """
    network, trial, turned = state.network, state.sweep.trial, state.sweep.gap
    before, after = (state.speed[j], network.side[j]), (trial.speed[j], trial.side[j])
    size, first = trial.size[j], FAR
    if mark_turns(before, after, turned) == 0.0:
        return FAR
    for k in range(turned.shape[0]):
        if turned[k] == 0.0:
            continue
        side = trial.side[j, k]
        here, start = side * network.g[j, k], step * side * state.speed[j, k]
        far, end = side * trial.g[j, k] - here, step * size * side * trial.speed[j, k]
        square, cube = 3.0 * far - 2.0 * start - end, start + end - 2.0 * far
        share = -start / (square + sqrt(max(square * square - 3.0 * cube * start, 0.0)))
        least = here + share * (start + share * (square + share * cube))
        close = margin * (1.0 + share * (size - 1.0)) * data.length[k]
        if least <= close and here - least >= FROM_AFAR * close:
            first = min(first, share)
    return first


@inner
def note_doubts(data, state, step, margin):
    """Count the neurons with such a decision within the step that is accepted; keep their speeds at its end."""
    speed, after, counts = state.speed, state.sweep.trial.speed, state.counts
    for j in range(speed.shape[0]):
        first = min(state.sweep.doubt[j], first_turn(j, data, state, step, margin))
        if first < FAR:
            if counts[SENSITIVE] < MOST_INSTANTS:
                state.instants[counts[SENSITIVE]] = state.clock[NOW] + first * step
            counts[SENSITIVE] += 1
        for k in range(speed.shape[1]):
            speed[j, k] = after[j, k]
