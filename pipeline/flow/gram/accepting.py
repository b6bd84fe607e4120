"""From one step to the next: in units of their own again, on the boundaries along which the neurons slide."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from pipeline.flow.exact.integration.state import DEEP, TURNED
from pipeline.flow.gram.compiling import allocating, inlined, inner, scanning
from pipeline.flow.gram.network import SLIDING
from pipeline.flow.gram.neuron import FAR
from pipeline.flow.gram.sliding import DEPENDENT, choose, solve, write_column
from pipeline.flow.gram.state import MOST_INSTANTS, NOW, SENSITIVE

SMALL = -14.0
"""ln of the square of a unit, over the labels, below which a neuron that grows waits: seven e-folds."""
SHRUNK = 0.5
"""|w_j| at a step's end, over that at its start, below which the preactivations are formed anew: their rounding
became a larger share of them."""
WELL_KNOWN = 0.5
"""a^2, over |w|^2, from which on |a| is told by |w|."""
VANISHING, NEAR = 1e-5, 1e-4
"""|w|/|a| of a neuron with |a| > |w| that shrinks, and how near its w comes to 0 over the way of a step, at which
it is on its way to 0, as the collocation path has it."""


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
    rank = 0
    for k in range(side.shape[0]):
        if side[k] != SLIDING or rank == corner.point.shape[0] - 1:
            continue
        square = write_column(k, rank, gram, corner)
        if square > DEPENDENT * gram[k, k]:
            choose(k, square, rank, corner)
            rank += 1
    return rank


@inner
def put_on_boundaries(w, rank, data, corner):
    """Take the part in the span of these points out of w, twice: once would leave its rounding."""
    chosen, rest = corner.chosen, corner.rest
    for _ in range(2):
        for a in range(rank):
            rest[a] = along(w, data.x[chosen[a]])
        solve(rank, corner)
        for a in range(rank):
            x = data.x[chosen[a]]
            for c in range(w.shape[0]):
                w[c] -= rest[a] * x[c]


@allocating
def write_weights(data, network, sweep, exact):
    """Write the trial's w_j into its ``force``.

    Those that slide are put on their boundaries, from which only rounding has moved them: all of them if
    ``exact``, else those that have shrunk.
    """
    trial = sweep.trial
    (m, q) = network.w.shape
    np.dot(trial.moved, data.x, trial.force)
    for j in range(m):
        w, before = trial.force[j], network.w[j]
        for c in range(q):
            w[c] += before[c]
        imbalance = network.imbalance[j]
        if not exact and not has_shrunk(trial.size[j] ** 2 - imbalance, before, imbalance):
            continue
        rank = factorise(trial.side[j], data.gram, sweep.corner)
        if rank > 0:
            put_on_boundaries(w, rank, data, sweep.corner)


@inlined
def has_shrunk(square, before, imbalance):
    """Whether w, of this |w|^2, has lost so much of its length that its preactivations are formed anew."""
    return square < SHRUNK * SHRUNK * (along(before, before) if imbalance != 0.0 else 1.0)


@inlined
def keep_imbalance(square, size, imbalance):
    """By what w, of which |w|^2 is known, is to be stretched, and a^2, so that a^2 - |w|^2 is kept (Lemma 1).

    The one of the two that is larger tells the other: |w| where a may be 0.
    """
    if square + imbalance >= WELL_KNOWN * square:
        return 1.0, square + imbalance
    return sqrt((size * size - imbalance) / square), size * size


@inlined
def meets_zero(w, before, imbalance):
    """Whether w reaches 0, where all boundaries meet: where |a| > |w| one that slides does in finite time."""
    if not imbalance > 0.0:
        return False
    start, end, product = along(before, before), along(w, w), along(w, before)
    if end < start and end <= VANISHING * VANISHING * imbalance:
        return True
    way, back = start + end - 2.0 * product, start - product
    return 0.0 < back <= way and start * way - back * back <= NEAR * NEAR * way * way


@scanning
def take_sides(end, scale, side, g):
    """Take a neuron's (preactivations, states), the former times ``scale``; return the sum of their sizes."""
    (g_end, side_end), total = end, 0.0
    for k in range(g.shape[0]):
        side[k] = side_end[k]
        g[k] = scale * g_end[k] if side_end[k] != SLIDING else 0.0
        total += abs(g[k])
    return total


@scanning
def write_preactivations(w, x, g):
    """Write <w, x_k>."""
    for k in range(x.shape[0]):
        total = 0.0
        for c in range(w.shape[0]):
            total += w[c] * x[k, c]
        g[k] = total


@allocating
def accept(data, network, sweep, exact):
    """Go to the trial's end.

    Parameters
    ----------
    exact : bool
        Whether the preactivations are formed anew, and neurons put on their boundaries: what rounding has left
        since that was done is taken away.

    Returns
    -------
    turned : float
        How far the directions have turned, on average.
    gross : float
        The size of the terms whose sum the network's output is, on average over the points.
    waiting : float
        1 if a neuron that grows is still small.
    vanished, repelled : int
        How many w reach 0, and how many a have changed their sign while the neurons slid.
    """
    trial, waiting, small, vanished, repelled = sweep.trial, 0.0, SMALL + log(data.scale), 0, 0
    (m, q), n = network.w.shape, data.x.shape[0]
    write_weights(data, network, sweep, exact)
    turned, gross = 0.0, 0.0
    for j in range(m):
        w, before, imbalance = trial.force[j], network.w[j], network.imbalance[j]
        square, change = along(w, w), 0.0
        shrunk = has_shrunk(square, before, imbalance)
        vanished += meets_zero(w, before, imbalance)
        repelled += trial.sign[j] != network.sign[j] and count_sliding(network.side[j]) > 0.0
        stretch, output = keep_imbalance(square, trial.size[j], imbalance)
        unit = sqrt(0.5 * (stretch * stretch * square + output))
        network.log_norm[j] += log(unit)
        if unit > 1.0 and 2.0 * network.log_norm[j] < small:
            waiting = 1.0
        for c in range(q):
            after = stretch * w[c] / unit
            change += (after - before[c]) ** 2
            before[c] = after
        turned += sqrt(change) / m
        network.sign[j], network.size[j] = trial.sign[j], sqrt(output) / unit
        network.imbalance[j] = imbalance / unit / unit
        trial.size[j] = stretch / unit
        if not exact and shrunk:
            write_preactivations(before, data.x, trial.g[j])
            trial.size[j] = 1.0
    if exact:
        np.dot(network.w, data.x.T, trial.g)
    for j in range(m):
        end, scale = (trial.g[j], trial.side[j]), 1.0 if exact else trial.size[j]
        output = exp(2.0 * network.log_norm[j]) * network.size[j]
        gross += output * take_sides(end, scale, network.side[j], network.g[j]) / n
    return turned, gross, waiting, vanished, repelled


@inner
def note_doubt(instant, state):
    """Count a decision that an error of the tolerance's size could change; keep the first ones' instants."""
    counts = state.counts
    if counts[SENSITIVE] < MOST_INSTANTS:
        state.instants[counts[SENSITIVE]] = instant
    counts[SENSITIVE] += 1


@inner
def note_doubts(state, step):
    """Count the neurons with such a decision within the step that is accepted."""
    doubt = state.sweep.doubt
    for j in range(doubt.shape[0]):
        if doubt[j] < FAR:
            note_doubt(state.clock[NOW] + doubt[j] * step, state)


@scanning
def count_sliding(side):
    """At how many boundaries a neuron slides."""
    count = 0.0
    for k in range(side.shape[0]):
        count += 1.0 if side[k] == SLIDING else 0.0
    return count


@inner
def note_revived(state, instant):
    """Count the neurons that grow again after they have shrunk so far that an error has chosen their direction.

    On a line there is one direction: what a neuron shrinks there does not count.
    """
    network, (highest, lowest) = state.network, (state.extent[0], state.extent[1])
    for j in range(highest.shape[0]):
        now = network.log_norm[j]
        revived = highest[j] - lowest[j] > DEEP and now > lowest[j] + TURNED
        if revived:
            note_doubt(instant, state)
        if revived or now > highest[j]:
            highest[j], lowest[j] = now, now
        elif now < lowest[j]:
            if count_sliding(network.side[j]) >= network.w.shape[1] - 1:
                highest[j] += now - lowest[j]
            lowest[j] = now
