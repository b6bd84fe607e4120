"""What has to be remembered of a run: the accepted steps and the residual's cubic over each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.compiled import inlined, kernel


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


@kernel
def longer(record):
    """The record with room for twice as many steps."""
    steps, _, n = record.cubic.shape
    twice = empty_record(2 * steps, n)
    copy_record(record, twice, steps)
    return twice


@inlined
def write_step(record, place, time, step, movement, cubic):
    """Write one accepted step at ``place``."""
    r0, left, p, q, _ = cubic
    record.time[place], record.length[place], record.movement[place] = time, step, movement
    for k in range(r0.shape[0]):
        record.cubic[place, 0, k], record.cubic[place, 1, k] = r0[k], left[k]
        record.cubic[place, 2, k], record.cubic[place, 3, k] = p[k], q[k]
