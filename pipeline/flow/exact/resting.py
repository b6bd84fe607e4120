"""Neurons that are at a boundary without being pushed off it: at the start, and for long times after.

A neuron that was pushed off its last point stays exactly at that point's boundary, by relu'(0) = 0. When the
residual there changes its sign, staying and leaving are both solutions of the flow: it is not unique.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.compiled import allocating, kernel
from pipeline.flow.exact.corner import CONTACT, decide_corner, jump_across
from pipeline.flow.exact.following import at_boundary
from pipeline.flow.exact.instant import PUSHING
from pipeline.flow.exact.reading import read_neuron
from pipeline.flow.exact.states import OFF


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
        s = neurons.sign[j] if neurons.sign[j] != 0.0 else 1.0 if z[q] >= 0.0 else -1.0
        own, unique = decide_corner(z, s, neurons.state[j], np.int64(-1), r, problem, PUSHING * bulk, CONTACT)
        changed += own
        ambiguous += not unique
    return changed, ambiguous


class Turned(NamedTuple):
    """Which boundaries a neuron could leave that was pushed towards them before.

    sign : float64[n]
        The last sign of each boundary's jump that was larger than an error; 0 if there was none.
    turned : bool[n]
        Whether it has changed, and nobody has asked yet who could leave.
    push : float64[n]
        The time integral of the jump since then: how far a neuron that leaves could have turned.
    released : int64[1]
        How many neurons could have left.
    """

    sign: np.ndarray
    turned: np.ndarray
    push: np.ndarray
    released: np.ndarray


@allocating
def nobody_turned(n):
    """The state at the start."""
    return Turned(np.zeros(n), np.zeros(n, dtype=np.bool_), np.zeros(n), np.zeros(1, dtype=np.int64))


@kernel
def note_signs(r, step, allowed, enough, problem, turned):
    """Follow the signs of the boundaries' jumps over a step of length ``step`` that ends with the residual ``r``.

    Parameters
    ----------
    allowed : float
        The largest residual that may be an error.
    enough : float
        The push that could turn a neuron by more than an error. A residual that dies out does not reach it.

    Returns
    -------
    bool
        Whether a boundary whose sign has changed has pushed as much.
    """
    due = False
    for k in range(r.shape[0]):
        if 0 <= problem.opposite[k] < k:
            continue
        jump = jump_across(k, r, 1.0, problem)
        sign = 1.0 if jump > 0.0 else -1.0
        if abs(jump) * r.shape[0] > allowed * problem.length[k] and sign != turned.sign[k]:
            turned.turned[k] = turned.sign[k] != 0.0
            turned.sign[k], turned.push[k] = sign, 0.0
        if turned.turned[k]:
            turned.push[k] += step * abs(jump)
            due = due or turned.push[k] > enough
    return due


@allocating
def count_released(neurons, lumps, r, enough, problem, turned):
    """Count the neurons that rest, off, at boundaries whose sign has changed, and could leave them now."""
    n, q = problem.x.shape
    z = np.empty(q + 2)
    for g in range(lumps.start.shape[0] - 1):
        for i in range(lumps.start[g + 1] - lumps.start[g]):
            read_neuron(neurons, lumps, g, i, z)
            released = False
            for k in range(n):
                if not (turned.turned[k] and turned.push[k] > enough) or lumps.state[g, k] != OFF:
                    continue
                s = 1.0 if z[q] >= 0.0 else -1.0
                if at_boundary(z, k, problem.x, problem.length[k]) and jump_across(k, r, s, problem) > 0.0:
                    released = True
            turned.released[0] += released
    for k in range(n):
        turned.turned[k] = turned.turned[k] and not turned.push[k] > enough
