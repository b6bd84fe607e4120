"""Where the flow is, what its steps must hold to, and what is kept of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.propagation.bernstein import SIZE
from pipeline.flow.gram.network import Data, Network
from pipeline.flow.gram.sweep import Sweep, make_sweep

NOW, STEP, LAST_STEP, LAST_ERROR, FASTEST, GROWING, UNIT, KERNEL = range(8)
FELT, SMOOTH, CHANGE, GROSS, WAITING, LOOKED, FACTORED, FORMED = range(8, 16)
"""Places in ``State.clock``: times, the largest |D_j| and that of a neuron that can grow, the unit of errors, the
length of the step that the tangent kernel was formed for (0 for none), and what share of an error of the
assumed residual the computed one feels, over the step's length (half of the labels' rate, where they are stiff);
whether the last step's cubic has told its end better than the slope, or the kernel, at the start; by how much the
residual changed over it (infinite until it has once); the size of the terms whose sum the network's output is;
whether a neuron that grows is so small yet that a saddle will have to be left; before which step the share was
measured; for which length of a step there is a factor (0 for none), and before which the kernel was formed."""
STEPS, REJECTED, CROSSINGS, SWEEPS, KERNELS, SENSITIVE, VANISHED, REPELLED = range(8)
"""Places in ``State.counts``; the last: neurons whose w reached 0; whose a changed its sign while they slid."""
MOST_INSTANTS = 64
"""How many of the instants of sensitive decisions are kept, the first ones."""


class State(NamedTuple):
    """The flow at the start of the next step, and all that a step works on.

    network : Network
    sweep : Sweep
    now, assumed : float64[2, n]
        The residual and its slope at the step's start, and those that are assumed at its end.
    last : float64[6, n]
        The residual over the last step (``exact.propagation.bernstein``).
    kernel, square, factor : float64[n, n]
        The tangent kernel times the length of a step, its square up to the diagonal, and the Cholesky factor
        (``tangent``).
    before : float64[n]
        The residual by the sweep before.
    predicted : float64[n]
        The residual at the step's end as the slope, or the kernel, told it.
    clock : float64[16]
    counts : int64[8]
    speed : float64[m, n]
        s_j <D_j, x_k> at the step's start.
    instants : float64[64]
        When the first of the decisions came that an error of the tolerance's size could change.
    extent : float64[2, m]
        The largest ln of its unit since the neuron last grew again, and the least one after it.
    """

    network: Network
    sweep: Sweep
    now: np.ndarray
    assumed: np.ndarray
    last: np.ndarray
    kernel: np.ndarray
    square: np.ndarray
    factor: np.ndarray
    before: np.ndarray
    predicted: np.ndarray
    clock: np.ndarray
    counts: np.ndarray
    speed: np.ndarray
    instants: np.ndarray
    extent: np.ndarray


class Record(NamedTuple):
    """Accepted steps, as ``exact.step_record.StepRecord`` has them.

    time, length, movement : float64[room]
    curve : float64[room, 6, n]
        The residual over each, as the network has it at both ends.
    assumed : float64[room, 2, n]
        The residual and its slope that were assumed at the end, under which the network was carried.
    """

    time: np.ndarray
    length: np.ndarray
    movement: np.ndarray
    curve: np.ndarray
    assumed: np.ndarray

    def part(self, steps: slice) -> Record:
        """Take some of the steps."""
        return Record(
            self.time[steps], self.length[steps], self.movement[steps], self.curve[steps], self.assumed[steps]
        )


class Aims(NamedTuple):
    """What the steps must hold to.

    allowed : float
        The error of a step, over the labels' scale, or over the residual's at the start if that is larger.
    end_time : float
    most_steps : int
    small : float
        The residual, in the same unit, below which what is allowed falls with it.
    resting : float
        |D| of one unfitted label.
    margin : float
        The tolerance: the angle to a boundary within which a decision is sensitive.
    """

    allowed: float
    end_time: float
    most_steps: int
    small: float
    resting: float
    margin: float


def make_state(data: Data, network: Network) -> State:
    """The flow at the start."""
    n = data.x.shape[0]
    now, assumed = np.zeros((2, 2, n))
    m = len(network.sign)
    kernel, square, factor = np.zeros((3, n, n))
    return State(
        network, make_sweep(data, m), now, assumed, np.zeros((SIZE, n)), kernel, square, factor, np.zeros(n),
        np.zeros(n), np.zeros(16), np.zeros(8, dtype=np.int64), np.zeros((m, n)), np.zeros(MOST_INSTANTS),
        np.array([network.log_norm, network.log_norm]),
    )  # fmt: skip


def make_record(room: int, n: int) -> Record:
    """Room for so many steps."""
    return Record(
        np.zeros(room), np.zeros(room), np.zeros(room), np.zeros((room, SIZE, n)), np.zeros((room, 2, n))
    )
