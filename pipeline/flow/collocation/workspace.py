"""What the collocation path works on, and what it writes: the state of the flow, the record of its steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from pipeline.flow.collocation.corners import CornerWork, make_corner_work
from pipeline.flow.collocation.correction import Correction, make_correction
from pipeline.flow.collocation.events import Events, make_events
from pipeline.flow.collocation.network import Network, make_network
from pipeline.flow.collocation.sweep import SweepWork, make_sweep_work

NOW, STEP, LAST_STEP, SIZE, RATE, UNIT, LONG = range(7)
"""Places in ``State.clock``; the last are the residual's root mean square where a step was last begun; what a
sweep leaves of the change of the one before, over the step; the larger one of the labels and of the start; and the
length of the longest step of late."""
CROSSING_SHARE = 4
"""At most one in so many pairs of a neuron and a point may cross in a step."""
KEPT = 16_000_000
"""The bytes of a workspace that is kept for the next run."""
STEPS, REJECTED, CROSSINGS, SLIDINGS, REPELLED, VANISHED = range(6)
"""Places in ``State.counts``; the last: neurons whose a changed its sign while they slid; whose w reached 0."""


class State(NamedTuple):
    """The flow at the start of the next step, and all that a step works on.

    network : Network
    force : float64[s, m, d]
        Of the last step.
    held : Events
        Who slides at the step's start.
    notes : (Events, Events)
    work : SweepWork
    corners : CornerWork
    correction : Correction
    clock : float64[7]
    counts : int64[6]
    outputs : float64[3 + m, sampled]
        At some points: minus those at the step's start, and at its end by the last two sweeps; workspace.
    last : float64[m, d + 1]
        The neurons at the step's end by the sweep before.
    system : float64[s, s + 1]
    missed : float64[d + 1]
    """

    network: Network
    force: np.ndarray
    held: Events
    notes: tuple[Events, Events]
    work: SweepWork
    corners: CornerWork
    correction: Correction
    clock: np.ndarray
    counts: np.ndarray
    outputs: np.ndarray
    last: np.ndarray
    system: np.ndarray
    missed: np.ndarray


class Steps(NamedTuple):
    """Accepted steps: when, how long, where they start, and the force over each.

    time, length, loss, movement : float64[room]
        The loss at the step's start, and how far the network went.
    w, a, scale : float64[room, m, d], float64[room, m], int64[room, m]
        As :class:`pipeline.flow.collocation.network.Neurons` has them.
    force : float64[room, s, m, d]
    corrected : bool[room]
        Whether the sweeps were corrected: then they do not come to rest by themselves.
    held : int64[room, 2]
        Where the pairs that slide at its start stand in ``pairs``.
    pairs : int64[room for pairs, 2]
        Neuron and point.
    """

    time: np.ndarray
    length: np.ndarray
    loss: np.ndarray
    movement: np.ndarray
    w: np.ndarray
    a: np.ndarray
    scale: np.ndarray
    force: np.ndarray
    corrected: np.ndarray
    held: np.ndarray
    pairs: np.ndarray


def most_crossings(n: int, m: int) -> int:
    """How many crossings there is room for in a step."""
    return max(1024, n * m // CROSSING_SHARE)


def make_state(sizes: tuple[int, int, int, int], stages: int, most: int) -> State:
    """Room for the neurons, and for ``most`` crossings in a step.

    ``sizes``: neurons, coordinates, points in a block, and sampled ones.
    """
    m, d, size, sampled = sizes
    notes = make_events(most, stages, m), make_events(most, stages, m)
    return State(
        make_network(stages, m, d), np.zeros((stages, m, d)), make_events(most, stages, m), notes,
        make_sweep_work(stages, m, d, size), make_corner_work(stages, m, d, most),
        make_correction(stages, m, d, size), np.zeros(7), np.zeros(6, dtype=np.int64),
        np.zeros((3 + m, sampled)), np.zeros((m, d + 1)), np.zeros((stages, stages + 1)), np.zeros(d + 1),
    )  # fmt: skip


_kept: list[tuple[tuple[int, ...], State]] = []


@contextmanager
def lent_state(sizes: tuple[int, int, int, int], stages: int, most: int) -> Iterator[State]:
    """Lend a workspace for one run: that of the run before, if it has these sizes.

    The pages of a new one are touched for the first time in the steps, which took as long as all steps of a short
    run. What is left in it is written before it is read, but for the clock and the counts, which are empty.
    """
    asked = (*sizes, stages, most)
    try:
        made, state = _kept.pop()  # so that no other thread has it
    except IndexError:
        made = ()
    new = made != asked
    if new:
        state = make_state(sizes, stages, most)
    state.clock[:], state.counts[:] = 0.0, 0
    yield state
    if not _kept and (not new or size_of(state) <= KEPT):
        _kept.append((asked, state))


def size_of(state: Any) -> int:
    """The bytes of all arrays in a tuple of tuples."""
    return state.nbytes if isinstance(state, np.ndarray) else sum(size_of(part) for part in state)


def make_steps(room: int, stages: int, m: int, d: int, pairs: int) -> Steps:
    """Room for so many steps, and for so many pairs that slide at their starts."""
    whole, empty = np.int64, np.empty
    time, length, loss, movement = empty((4, room))
    return Steps(
        time, length, loss, movement, empty((room, m, d)), empty((room, m)), empty((room, m), whole),
        empty((room, stages, m, d)), empty(room, np.bool_), empty((room, 2), whole), empty((pairs, 2), whole),
    )  # fmt: skip
