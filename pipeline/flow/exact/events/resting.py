"""Neurons at a boundary from which nothing drives them away: at the start, and for long times after.

A neuron that was pushed off its last point stays exactly at that point's boundary, by relu'(0) = 0. When the
residual there changes its sign, staying and leaving are both solutions of the flow: it is not unique.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.events.boundary_times import at_boundary
from pipeline.flow.exact.events.contacts import CONTACT, Contact, jump_across
from pipeline.flow.exact.events.corner import decide_corner
from pipeline.flow.exact.events.pattern_force import SPEED_ROUNDING
from pipeline.flow.exact.machine_code.jit import allocating, jitted
from pipeline.flow.exact.network.activation import OFF
from pipeline.flow.exact.propagation.reconstruction import read_neuron


@allocating
def decide_start(neurons, r, problem):
    """Give the neurons that start at boundaries their states there, in place.

    Returns
    -------
    changed, ambiguous : int
        How many boundaries take another state than off, and for how many neurons the flow could start in
        several ways.
    """
    m, n = neurons.state.shape
    q = problem.x.shape[1]
    changed, ambiguous, bulk = 0, 0, 0.0
    for k in range(n):
        bulk += abs(r[k]) * problem.length[k] / n
    for j in range(m):
        z, found = neurons.z[j], False
        for k in range(n):
            found = found or at_boundary(z, k, problem.x, problem.length[k])
        if not found:
            continue
        sign_a = neurons.sign[j] if neurons.sign[j] != 0.0 else 1.0 if z[q] >= 0.0 else -1.0
        at = Contact(z, sign_a, np.int64(-1), CONTACT)
        own, unique = decide_corner(at, neurons.state[j], r, problem, SPEED_ROUNDING * bulk)
        changed += own
        ambiguous += not unique
    return changed, ambiguous


class SignChanges(NamedTuple):
    """Which boundaries a neuron could leave that was pushed towards them before.

    sign : float64[n]
        The last sign of each boundary's jump that was larger than an error; 0 if there was none.
    changed : bool[n]
        Whether it has changed, and the neurons that could leave have not been counted yet.
    impulse : float64[n]
        The time integral of the jump since then: how far a neuron that leaves could have turned.
    released : int64[1]
        How many neurons could have left.
    """

    sign: np.ndarray
    changed: np.ndarray
    impulse: np.ndarray
    released: np.ndarray


@allocating
def no_sign_changes(n):
    """The state at the start."""
    return SignChanges(np.zeros(n), np.zeros(n, dtype=np.bool_), np.zeros(n), np.zeros(1, dtype=np.int64))


@jitted
def note_signs(r, step, limits, problem, changes):
    """Follow the signs of the boundaries' jumps over a step of length ``step`` that ends with the residual ``r``.

    Parameters
    ----------
    limits : (allowed, enough)
        The largest residual that may be an error; the impulse that could turn a neuron by more than an error. A
        residual that dies out does not reach it.

    Returns
    -------
    bool
        Whether a boundary whose sign has changed has pushed as much.
    """
    (allowed, enough), due = limits, False
    for k in range(r.shape[0]):
        if 0 <= problem.opposite[k] < k:
            continue
        jump = jump_across(k, r, 1.0, problem)
        sign = 1.0 if jump > 0.0 else -1.0
        if abs(jump) * r.shape[0] > allowed * problem.length[k] and sign != changes.sign[k]:
            changes.changed[k] = changes.sign[k] != 0.0
            changes.sign[k], changes.impulse[k] = sign, 0.0
        if changes.changed[k]:
            changes.impulse[k] += step * abs(jump)
            due = due or changes.impulse[k] > enough
    return due


@allocating
def count_released(network, r, enough, changes):
    """Count the neurons that rest, off, at boundaries whose sign has changed, and could leave them now."""
    problem, neurons, groups = network.problem, network.neurons, network.trial
    n, q = problem.x.shape
    z = np.empty(q + 2)
    for g in range(groups.start.shape[0] - 1):
        for i in range(groups.start[g + 1] - groups.start[g]):
            read_neuron(neurons, groups, g, i, z)
            released = False
            for k in range(n):
                if not (changes.changed[k] and changes.impulse[k] > enough) or groups.state[g, k] != OFF:
                    continue
                sign_a = 1.0 if z[q] >= 0.0 else -1.0
                if at_boundary(z, k, problem.x, problem.length[k]) and jump_across(k, r, sign_a, problem) > 0.0:
                    released = True
            changes.released[0] += released
    for k in range(n):
        changes.changed[k] = changes.changed[k] and not changes.impulse[k] > enough
