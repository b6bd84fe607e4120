"""The neurons at some groupings of a run, from which its later part can be read without what came before.

To read one instant the groups are carried there as they were in the integration. What costs time is the neurons:
each crossing, and each grouping of all of them. A few copies, spread evenly over that time, save most of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.network.groups import Neurons

MOST = 4
"""How many are kept. Of a million neurons in a plane each takes 42 MB."""
CROSSING_COST = 100.0
"""What it takes to follow one neuron across a boundary, over what it takes to group one."""
SINCE, INTERVAL = range(2)
"""Places in ``Checkpoints.spent``."""


class Checkpoints(NamedTuple):
    """The neurons at the start of some steps, in the order ``place[:held[0]]``.

    z, log_scale, state
        As in :class:`pipeline.flow.exact.network.groups.Neurons`, with one more axis in front.
    step : int64[4]
        The step that begins with them.
    place : int64[4]
    held : int64[1]
        How many there are.
    spent : float64[2]
        What was spent since the last one, and what is spent from one to the next, in groupings of all neurons.
    """

    z: np.ndarray
    log_scale: np.ndarray
    state: np.ndarray
    step: np.ndarray
    place: np.ndarray
    held: np.ndarray
    spent: np.ndarray

    def neurons(self, sign: np.ndarray) -> list[tuple[int, Neurons]]:
        """The steps, and the neurons with which they begin."""
        return [
            (int(self.step[i]), Neurons(self.z[i], self.log_scale[i], sign, self.state[i]))
            for i in self.place[: self.held[0]]
        ]


@allocating
def make_checkpoints(neurons):
    """Make room for them: memory that is touched only when one is written.

    Returns
    -------
    Checkpoints
    """
    (m, n), size = neurons.state.shape, neurons.z.shape[1]
    return Checkpoints(
        z=np.empty((MOST, m, size)),
        log_scale=np.empty((MOST, m)),
        state=np.empty((MOST, m, n), dtype=np.int8),
        step=np.zeros(MOST, dtype=np.int64),
        place=np.arange(MOST),
        held=np.zeros(1, dtype=np.int64),
        spent=np.array([0.0, 1.0]),
    )


@jitted
def keep_checkpoint(kept, neurons, step, crossed):
    """Keep the neurons at the start of ``step`` if it is due; ``crossed`` of them have just crossed.

    Where there is no room every second one is given up, and the next ones come half as often.
    """
    m, place, spent = neurons.sign.shape[0], kept.place, kept.spent
    spent[SINCE] += 1.0 + CROSSING_COST * crossed / m
    if spent[SINCE] < spent[INTERVAL]:
        return
    if kept.held[0] == MOST:
        give_up_half(kept)
        if spent[SINCE] < spent[INTERVAL]:
            return
    i = place[kept.held[0]]
    kept.held[0] += 1
    kept.step[i], spent[SINCE] = step, 0.0
    for j in range(m):
        kept.log_scale[i, j] = neurons.log_scale[j]
        for c in range(neurons.z.shape[1]):
            kept.z[i, j, c] = neurons.z[j, c]
        for k in range(neurons.state.shape[1]):
            kept.state[i, j, k] = neurons.state[j, k]


@inlined
def give_up_half(kept):
    """Give up the first, the third, and so on."""
    place, half = kept.place, MOST // 2
    for i in range(half):
        # The later one of each pair moves to the front, the place of the other becomes free.
        earlier, later = place[2 * i], place[2 * i + 1]
        place[2 * i], place[2 * i + 1] = place[i], earlier
        place[i] = later
    kept.held[0] = half
    kept.spent[INTERVAL] *= 2.0
