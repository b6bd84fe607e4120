"""What the collocation path works on, and what it writes: the state of the flow, the record of its steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.corners import CornerWork, make_corner_work
from pipeline.flow.collocation.correction import Correction, make_correction
from pipeline.flow.collocation.events import Events, make_events
from pipeline.flow.collocation.network import Network, Neurons, make_network
from pipeline.flow.collocation.points import Points
from pipeline.flow.collocation.sweep import SweepWork, make_sweep_work

NOW, STEP, LAST_STEP, SIZE, RATE = range(5)
"""Places in ``State.clock``; the last are the residual's root mean square where a step was last begun, and what a
sweep leaves of the change of the one before, over the step."""
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
    clock : float64[5]
    counts : int64[6]
    outputs : float64[4, sampled]
        At some points: at the step's start, and at its end by the last two sweeps; workspace.
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
        As :class:`Neurons` has them.
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


def make_state(points: Points, neurons: Neurons, stages: int, most: int) -> State:
    """The neurons before the first step; room for ``most`` crossings in a step."""
    m, d = neurons.w.shape
    network = make_network(stages, m, d)
    network.start_w[...], network.start_a[...], network.scale[...] = neurons
    network.conserved[...] = neurons.conserved
    notes = make_events(most, stages, m), make_events(most, stages, m)
    return State(
        network, np.zeros((stages, m, d)), make_events(most, stages, m), notes,
        make_sweep_work(stages, m, d, points.labels.shape[1]), make_corner_work(stages, m, d, most),
        make_correction(stages, m, d, points.labels.shape[1]), np.zeros(5), np.zeros(6, dtype=np.int64),
        np.zeros((4, points.sample.shape[1])), np.zeros((m, d + 1)), np.zeros((stages, stages + 1)),
        np.zeros(d + 1),
    )  # fmt: skip


def make_steps(room: int, stages: int, m: int, d: int, pairs: int) -> Steps:
    """Room for so many steps, and for so many pairs that slide at their starts."""
    time, length, loss, movement = np.zeros((4, room))
    whole = np.int64
    return Steps(
        time, length, loss, movement, np.zeros((room, m, d)), np.zeros((room, m)), np.zeros((room, m), whole),
        np.zeros((room, stages, m, d)), np.zeros(room, np.bool_), np.zeros((room, 2), whole),
        np.zeros((pairs, 2), whole),
    )  # fmt: skip
