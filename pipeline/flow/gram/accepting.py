"""From one step to the next: unit vectors again, on the boundaries along which the neurons slide."""

from __future__ import annotations

from math import log, sqrt

import numpy as np

from pipeline.flow.gram.compiling import allocating, inner
from pipeline.flow.gram.network import SLIDING
from pipeline.flow.gram.sliding import DEPENDENT


@inner
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
def accept(data, network, sweep):
    """Go to the trial's end; return how far the directions have turned, on average."""
    trial = sweep.trial
    (m, q), n = network.w.shape, data.x.shape[0]
    np.dot(trial.moved, data.x, trial.force)
    turned = 0.0
    for j in range(m):
        w, before = trial.force[j], network.w[j]
        for c in range(q):
            w[c] += before[c]
        rank = factorise(trial.side[j], data.gram, sweep.corner)
        if rank > 0:
            put_on_boundaries(w, rank, data, sweep.corner)
        size = sqrt(along(w, w))
        network.log_norm[j] += log(size)
        change = 0.0
        for c in range(q):
            after = w[c] / size
            change += (after - before[c]) ** 2
            before[c] = after
        turned += sqrt(change) / m
    np.dot(network.w, data.x.T, network.g)
    for j in range(m):
        for k in range(n):
            network.side[j, k] = trial.side[j, k]
            if trial.side[j, k] == SLIDING:
                network.g[j, k] = 0.0
    return turned
