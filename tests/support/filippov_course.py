"""What the twin found: the smooth stretches between events, and where the flow is not unique."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from filippov_neurons import Twin


class Ambiguity(NamedTuple):
    """A neuron for which the flow is not unique.

    ``kind``: "start" (at t = 0, where relu'(0) = 0 decides), "corner" (several modes at an event), "rest" (a
    neuron on a boundary that begins to repel), "held" (a neuron at a corner could also stay, but nothing near it
    does), "output" (a changes its sign while sliding), "zero" (w reached 0).
    """

    time: float
    neuron: int
    kind: str


class Segment(NamedTuple):
    """The smooth flow on [start, end]: weights by ``dense``, with these sides; frozen neurons rest at w = 0."""

    start: float
    end: float
    dense: object
    side: np.ndarray
    frozen: np.ndarray


@dataclass
class Followed:
    """What the twin found.

    Attributes
    ----------
    unique_until
        The first time of an ambiguity, infinite without one. "start" and "held" do not count.
    """

    twin: Twin
    segments: list[Segment]
    ambiguities: list[Ambiguity]
    events: list[tuple[float, int]]
    unique_until: float

    def at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights w (times, m, d), a (times, m) and the sides (times, m, boundaries) at these times."""
        starts = np.array([one.start for one in self.segments])
        w, a, side = [], [], []
        for time in np.atleast_1d(times):
            one = self.segments[max(int(np.searchsorted(starts, time, side="right")) - 1, 0)]
            states = self.twin.unpack(one.dense(min(time, one.end))[None])
            w.append(states[0][0])
            a.append(states[1][0])
            side.append(one.side)
        return np.array(w), np.array(a), np.array(side)

    def push(self, one: Ambiguity) -> float:
        """How strongly the boundary of an ambiguity "rest" repels later on, over the bulk; infinite for others.

        A residual that the flow has fitted changes its sign by rounding.
        """
        if one.kind != "rest":
            return np.inf
        times = one.time + np.linspace(0.02, 1.0, 50) * (self.segments[-1].end - one.time)
        _, a, side = self.at(times)
        positive, negative = self.twin.bounds.forces(self.residual(times))
        jump = np.sign(a[:, one.neuron])[:, None] * (positive - negative)
        jump = np.where(side[:, one.neuron] == 0, jump, 0.0)
        return float(jump.max(initial=0.0) / self.twin.first_bulk)

    def residual(self, times: np.ndarray) -> np.ndarray:
        """r (times, n), of the weights by the definition."""
        w, a, _ = self.at(times)
        twin = self.twin
        reach = w @ twin.x.T
        return twin.y - np.einsum("tj,tjk->tk", a, np.where(reach > 0, reach, twin.slope * reach))
