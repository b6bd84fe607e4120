"""What has to be remembered of a run: the accepted steps and the residual's polynomial over each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.propagation.bernstein import SIZE


class StepRecord(NamedTuple):
    """The accepted steps: when, how long, and the residual's polynomial over each.

    time, length, movement : float64[steps]
        ``movement`` measures how far the residual and the groups' directions went, and how many neurons crossed
        (for placing samples).
    curve : float64[steps, 6, n]
        Bernstein coefficients (``propagation.bernstein``).
    regrouped : bool[steps]
        Whether the neurons were read back and grouped anew at the step's end, so that whoever repeats the step
        does the same: rounding grows from one grouping to the next, and can decide where a neuron crosses.
    """

    time: np.ndarray
    length: np.ndarray
    movement: np.ndarray
    curve: np.ndarray
    regrouped: np.ndarray


@allocating
def empty_record(steps, n):
    """A record with room for ``steps`` steps."""
    return StepRecord(
        np.empty(steps), np.empty(steps), np.empty(steps), np.empty((steps, SIZE, n)), np.zeros(steps, np.bool_)
    )


@jitted
def copy_record(source, target, steps):
    """Copy the first ``steps`` steps (in loops: each array assignment costs half a second to compile)."""
    for i in range(steps):
        target.time[i], target.length[i] = source.time[i], source.length[i]
        target.movement[i], target.regrouped[i] = source.movement[i], source.regrouped[i]
        for side in range(SIZE):
            for k in range(source.curve.shape[2]):
                target.curve[i, side, k] = source.curve[i, side, k]


@allocating
def doubled_record(record, steps):
    """The record of ``steps`` steps with room for twice as many."""
    twice = empty_record(2 * steps, record.curve.shape[2])
    copy_record(record, twice, steps)
    return twice


@inlined
def write_step(record, place, taken, curve):
    """Write one accepted step at ``place``; its time, length, movement, and whether it regroups in ``taken``."""
    record.time[place], record.length[place], record.movement[place], record.regrouped[place] = taken
    for i in range(SIZE):
        for k in range(curve.shape[1]):
            record.curve[place, i, k] = curve[i, k]
