"""The limit lambda -> 0 of the gradient flow, in the time tau = t/(-ln lambda): jumps from saddle to saddle.

Between two jumps the residual r is constant. A neuron has the norm |w_j| = lambda^(-l_j), that is l_j =
ln|w_j|/(-ln lambda), which is -1 at the start. It has time to follow the frozen flow of directions to its end
u_j (:mod:`pipeline.stationary.frozen_flow`), and then grows at the rate dl_j/dtau = s_j G(u_j). The first l_j to
reach 0 ends the wait. Then, at one instant tau, the flow leads from the saddle, left along (u_j, s_j), to
another stationary point (:mod:`pipeline.flow.limit.fast_flow`). Small neurons turn on the way, and go on from
where they are; one that carried the function and vanishes begins to shrink from l_j = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from pipeline.flow.limit.fast_flow import Saddle, Work, follow_escape, places
from pipeline.network.activation import Activation
from pipeline.network.algebra import loss
from pipeline.stationary import Ends, FrozenFlow, Neurons

FITTED = 1e-8
"""|r_k| over the largest label up to which a label is fitted: r_k is 0."""
STILL = 1e-9
"""|s G| over the largest possible force up to which a neuron neither grows nor shrinks."""
TOGETHER = 1e-9
"""The difference of two waits up to which they are one: neurons with the same history reach 0 together."""
BALANCED = 1e-12
"""How far |a_j|/|w_j| of a balanced start may be from 1."""
MOST_JUMPS = 1000
NOT_FOLLOWED = "the flow from this saddle was not followed to another stationary point"
TOO_LONG = "the flow from this saddle takes long; reluflow theory limit follows it"


@dataclass(frozen=True)
class Plateau:
    """A stationary point at which the process waits.

    Attributes
    ----------
    time
        tau at which it is reached; 0 for the start.
    escaping
        Numbers of the neurons whose l_j reached 0 and led to it; none for the start.
    residual
        r [point], 0 where the label is fitted.
    direction, sign
        u_j at the end of the frozen flow there [neuron, coord], and s_j [neuron].
    norm
        |w_j| [neuron]; 0 for neurons that are 0 there.
    level
        l_j on arrival [neuron].
    rate
        dl_j/dtau there [neuron].
    passage, approach
        The t that the flow takes to it from the saddle before, but for a hundredth of the loss at each end, and
        until it is there; NaN for the start.
    """

    time: float
    escaping: np.ndarray
    residual: np.ndarray
    direction: np.ndarray
    sign: np.ndarray
    norm: np.ndarray
    level: np.ndarray
    rate: np.ndarray
    passage: float
    approach: float = np.nan

    @property
    def loss(self) -> float:
        """L there."""
        return float(loss(self.residual))

    @property
    def half_squared_norm(self) -> float:
        """1/2 |theta|^2 there; of balanced neurons the sum of |w_j|^2."""
        return float(np.sum(self.norm**2))


@dataclass
class Process:
    """The process as it goes on: its ``plateaus`` so far, and in the end the ``reason`` for it.

    ``tie``: neurons of several directions have reached 0 at one instant; in which proportion they escape the limit
    does not say, and equal norms are taken.
    """

    data: xr.Dataset
    activation: Activation
    neurons: Neurons
    work: Work
    plateaus: list[Plateau] = field(default_factory=list)
    reason: str = ""
    tie: bool = False
    ends: Ends | None = None

    @classmethod
    def of(
        cls, data: xr.Dataset, init: xr.Dataset, slope: float, work: float, ends: Ends | None = None
    ) -> Process:
        """Follow it from a start to its end, or until its fast flows have taken so much work.

        ``ends`` of the start's own frozen flow, if they are known.
        """
        found = init.variables
        start = Neurons.at(data.variables["x"].values, found["direction"].values, found["output_ratio"].values)
        process = cls(data, Activation(slope), start, Work(work), ends=ends)
        process.go()
        return process

    def go(self) -> None:
        """Wait and jump until there is nothing left to do."""
        y = self.data.variables["y"].values
        width = len(self.neurons.ratio)
        balanced = np.abs(np.abs(self.neurons.ratio) - 1.0) <= BALANCED
        time, ways, escaping, residual = 0.0, (np.nan, np.nan), np.zeros(0, dtype=int), y.copy()
        norm, level = np.zeros(width), np.full(width, -1.0)
        while True:
            ends, rate = self.align(residual, norm)
            self.plateaus.append(
                Plateau(
                    time, escaping, residual, ends.direction, np.sign(ends.ratio), norm, level, rate, *ways
                )
            )  # fmt: skip
            growing = rate > 0
            self.reason = self.over(residual, growing)
            if self.reason:
                return
            wait = np.where(growing, -level / np.where(growing, rate, 1.0), np.inf)
            step = float(wait.min())
            escaping = np.flatnonzero(wait <= step + TOGETHER)
            level = np.where(norm > 0, 0.0, level + rate * step)
            level[escaping] = 0.0
            time += step
            if (level[~balanced] < -1.0 - TOGETHER).any():
                self.reason = "an unbalanced neuron shrinks to its first size, where its imbalance decides"
                return
            self.tie |= len(np.unique(places(ends.of(escaping), escaping * 0)[1])) > 1
            saddle = Saddle(ends, norm, escaping, float(loss(residual)), float(rate[escaping].max()))
            arrival = follow_escape(self.data, self.activation, saddle, self.work)
            if arrival is None:
                self.reason = TOO_LONG if self.work.used_up else NOT_FOLLOWED
                return
            level = np.where((norm > 0) & (arrival.norm == 0), 0.0, level)
            self.neurons, norm, ways = arrival.neurons, arrival.norm, (arrival.passage, arrival.approach)
            residual = np.where(np.abs(arrival.residual) <= FITTED * np.abs(y).max(), 0.0, arrival.residual)

    def align(self, residual: np.ndarray, norm: np.ndarray) -> tuple[Neurons, np.ndarray]:
        """Follow all small neurons to the ends of their directions' flow, where they grow at these rates."""
        flow = FrozenFlow(self.data.variables["x"].values, residual, self.activation)
        # Neurons at one place go one way. Those that carry the function have no force.
        first, group = places(self.neurons, (norm > 0).astype(int))
        if self.ends is not None:
            ends, group, self.ends = self.ends, np.arange(len(norm)), None
        else:
            ends = flow.follow(self.neurons.of(first))
        self.followed = bool(ends.followed.all())
        rate = np.where(np.abs(ends.rate) <= STILL * flow.size, 0.0, ends.rate)[group]
        return ends.of(group), np.where(norm > 0, 0.0, rate)

    def over(self, residual: np.ndarray, growing: np.ndarray) -> str:
        """Say why the process ends here; nothing if it goes on."""
        if not residual.any():
            return "all labels are fitted"
        if not self.followed:
            return "a neuron's direction is not unique: its w reaches 0, or it meets too many boundaries"
        if not growing.any():
            return "no neuron grows"
        return "there are too many jumps" if len(self.plateaus) > MOST_JUMPS else ""
