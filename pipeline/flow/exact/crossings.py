"""The neurons that cross a boundary within a step, one by one, and what that does to the step."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.compiled import allocating, inlined, kernel
from pipeline.flow.exact.following import ROOT_STEPS, follow
from pipeline.flow.exact.marking import Marks
from pipeline.flow.exact.reading import gather, normalise, read_neuron
from pipeline.flow.exact.states import OFF, ON

UNFELT = -100.0
"""The logarithm of what a neuron adds to h, over the labels' scale, below which its crossings are never missed."""


class Followed(NamedTuple):
    """Neurons with events within a step, at its end: the first ``total[0]`` of each array.

    total : int64[1]
    neuron : int64[m]
    z, log_scale, state
        As in :class:`~pipeline.flow.exact.patterns.Neurons`.
    events : int64[m]
    first : float64[m]
        When the first was, as a fraction of the step.
    missed : float64[m]
        What the group, which knows nothing of them, is wrong by in the residual at the step's end.
    unique : bool[m]
    doubts : float64[m]
        When those that came so close to a decision that an error of the tolerance's size could change it first
        did, as fractions of the step; ``doubtful[0]`` of them, with or without events.
    doubtful : int64[1]
    """

    total: np.ndarray
    neuron: np.ndarray
    z: np.ndarray
    log_scale: np.ndarray
    state: np.ndarray
    events: np.ndarray
    first: np.ndarray
    missed: np.ndarray
    unique: np.ndarray
    doubts: np.ndarray
    doubtful: np.ndarray


@allocating
def lay_lists(neurons):
    """Empty lists for as many movers as there are neurons (memory that is touched only when one is written).

    Returns
    -------
    Marks, Followed
    """
    (m, n), size = neurons.state.shape, neurons.z.shape[1]
    marks = Marks(np.zeros(1, dtype=np.int64), np.empty((m, 2), dtype=np.int64), np.zeros(m, dtype=np.bool_))
    return marks, Followed(
        np.zeros(1, dtype=np.int64), np.empty(m, dtype=np.int64), np.empty((m, size)), np.empty(m),
        np.empty((m, n), dtype=np.int8), np.empty(m, dtype=np.int64), np.empty(m), np.empty(m),
        np.empty(m, dtype=np.bool_), np.empty(m), np.zeros(1, dtype=np.int64),
    )  # fmt: skip


@kernel
def follow_movers(neurons, lumps, moved, curve, step, problem, desk, marks, found):
    """Follow each marked neuron through the step; list those that do have an event, and clear the marks.

    Returns
    -------
    count : int
    """
    n, movers = neurons.state.shape[1], marks.movers
    neuron, z, log_scale, state, events = found.neuron, found.z, found.log_scale, found.state, found.events
    kept, doubtful = 0, 0
    for i in range(marks.total[0]):
        g, number = movers[i, 0], movers[i, 1]
        j = lumps.order[lumps.start[g] + number]
        marks.marked[j] = False
        log_start = read_neuron(neurons, lumps, g, number, z[kept])
        for k in range(n):
            state[kept, k] = neurons.state[j, k]
        log_scale[kept], events[kept], found.unique[kept] = follow(
            z[kept], log_start, neurons.sign[j], state[kept], curve, step, problem, desk
        )
        if desk.sensitive[0] < np.inf:
            found.doubts[doubtful] = desk.sensitive[0]
            doubtful += 1
        if events[kept] > 0:
            neuron[kept], found.first[kept] = j, desk.times[0]
            log_scale[kept] += normalise(z[kept], neurons.sign[j])
            log_there = read_neuron(neurons, moved, g, number, desk.there)
            found.missed[kept] = difference(
                z[kept], log_scale[kept], state[kept], desk.there, log_there, lumps.state[g], problem
            )
            kept += 1
    marks.total[0] = 0
    found.total[0], found.doubtful[0] = kept, doubtful
    return kept


@kernel
def difference(z, log_scale, state, other, other_log, other_state, problem):
    """The largest difference over the points of what a neuron ``z`` and its ``other`` version add to h."""
    x, q, slope = problem.x, problem.x.shape[1], problem.slope
    if 2.0 * (max(log_scale, other_log) - problem.log_unit) < UNFELT:
        return 0.0
    unit, other_unit, largest = exp(2.0 * log_scale) * z[q], exp(2.0 * other_log) * other[q], 0.0
    for k in range(x.shape[0]):
        along, other_along = 0.0, 0.0
        for c in range(q):
            along += x[k, c] * z[c]
            other_along += x[k, c] * other[c]
        gain = 1.0 if state[k] == ON else slope if state[k] == OFF else 0.0
        other_gain = 1.0 if other_state[k] == ON else slope if other_state[k] == OFF else 0.0
        largest = max(largest, abs(unit * gain * along - other_unit * other_gain * other_along))
    return largest


@kernel
def cross(neurons, moved, found, vector):
    """Bring every neuron to the end of a step in which some cross, in place.

    Parameters
    ----------
    neurons
        At the last lumping; on return at the end of the step.
    moved : Lumps
        At the end of the step.
    found : Followed
    vector : float64[q + 1]
        Room.
    """
    z, log_scale, state = neurons.z, neurons.log_scale, neurons.state
    gather(neurons, moved, z, log_scale, vector)
    for i in range(found.total[0]):
        j = found.neuron[i]
        log_scale[j] = found.log_scale[i]
        for c in range(z.shape[1]):
            z[j, c] = found.z[i, c]
        for k in range(state.shape[1]):
            state[j, k] = found.state[i, k]


@inlined
def worth_stopping_for(found, allowed):
    """The fraction of the step to which it must be cut because of its events, infinite if it stands.

    A crossing bends dr/dt, or at least its derivative, which the step's polynomial doesn't see. The crossings of
    tiny neurons cost nothing and are let pass; the step is cut at the first one with which the sum of what is
    missed exceeds ``allowed``.
    """
    total = missed_until(np.inf, found)
    if total <= allowed:
        return np.inf
    low, high = 0.0, 1.0
    for _ in range(ROOT_STEPS):
        middle = 0.5 * (low + high)
        if missed_until(middle, found) > allowed:
            high = middle
        else:
            low = middle
    # A millionth of the rest beyond it, so that the repeated step sees it happen; and no shorter than is needed
    # for events at the very start, whose errors shrink with the step.
    cut = max(high + 1e-6 * (1.0 - high), 0.5 * allowed / total)
    return cut if cut < 1.0 - 1e-6 else np.inf


@kernel
def missed_until(time, found):
    """What is missed of the neurons whose first event is at ``time`` or before."""
    total = 0.0
    for i in range(found.total[0]):
        if found.first[i] <= time:
            total += found.missed[i]
    return total
