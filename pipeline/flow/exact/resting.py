"""Neurons that are at a boundary without being pushed off it: at the start, and for long times after.

A neuron that was pushed off its last point stays exactly at that point's boundary, by relu'(0) = 0. When the
residual there changes its sign, staying and leaving are both solutions of the flow: it is not unique.
"""

from __future__ import annotations

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


@kernel
def note_signs(r, allowed, problem, signs):
    """Write the sign of every boundary's jump into ``signs``, where it is larger than ``allowed``.

    Returns
    -------
    turned : bool
        Whether one has changed.
    """
    turned = False
    for k in range(r.shape[0]):
        if 0 <= problem.opposite[k] < k:
            continue
        jump = r[k]
        if problem.opposite[k] >= 0:
            jump += r[problem.opposite[k]] * problem.length[problem.opposite[k]] / problem.length[k]
        if abs(jump) > allowed:
            sign = 1.0 if jump > 0.0 else -1.0
            turned = turned or signs[k] == -sign
            # What has turned is told from what is new by its size until it has been looked at.
            signs[k] = 2.0 * sign if signs[k] == -sign else sign
    return turned


@allocating
def count_released(neurons, lumps, r, problem, signs):
    """How many neurons rest, off, at a boundary whose jump has changed its sign, and could leave it now."""
    n, q = problem.x.shape
    z, count = np.empty(q + 2), 0
    for g in range(lumps.start.shape[0] - 1):
        for i in range(lumps.start[g + 1] - lumps.start[g]):
            read_neuron(neurons, lumps, g, i, z)
            released = False
            for k in range(n):
                if abs(signs[k]) != 2.0 or lumps.state[g, k] != OFF:
                    continue
                s = 1.0 if z[q] >= 0.0 else -1.0
                if at_boundary(z, k, problem.x, problem.length[k]) and jump_across(k, r, s, problem) > 0.0:
                    released = True
            count += released
    for k in range(n):
        signs[k] = 1.0 if signs[k] > 0.0 else -1.0 if signs[k] < 0.0 else 0.0
    return count
