"""The neurons of many points at any instant, read from the record of the steps, and what is seen of them there."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pipeline.flow.collocation.build import FINE_STAGES, NOBODY, STAGES
from pipeline.flow.collocation.network import SHIFT, Neurons
from pipeline.flow.collocation.points import Points
from pipeline.flow.collocation.reading import Step, look, read_step
from pipeline.flow.collocation.sweep import N, SweepWork, make_sweep_work
from pipeline.flow.collocation.tableau import gauss
from pipeline.flow.collocation.workspace import make_state, most_crossings
from pipeline.flow.weights import in_logarithms

if TYPE_CHECKING:
    from pipeline.flow.many_points import ManyPoints

SWEEPS, SWEEPS_BELOW = 2, 1e-5
"""By how many sweeps a step's force is found again to read within it: below that tolerance by one more."""
UNSETTLED = 0.1
"""The share of the tolerance that a neuron may still change by in the last of them."""
BALANCED = 4e-16
"""How far |a_j|/|w_j| may be from 1 at the start and mean 1: then it is 1 at any time."""
ACTIVE = 2
"""The state of a neuron at a point that it is on at, as the kernels write it."""


class Reader:
    """Reads a flow's neurons at increasing times: the workspace, and the steps of all parts in one row."""

    def __init__(self, followed: ManyPoints) -> None:
        self.followed = followed
        m, d = followed.end.w.shape
        self.points = followed.points if followed.boundaries is None else followed.boundaries.points
        sizes = m, d, self.points.labels.shape[1], self.points.sample.shape[1]
        self.state = make_state(sizes, FINE_STAGES, most_crossings(followed.data.sizes["point"], m))
        self.work: SweepWork = make_sweep_work(1, m, d, followed.points.labels.shape[1])
        self.tableaus = gauss(STAGES), gauss(FINE_STAGES)
        self.sweeps = SWEEPS + (followed.counted["tolerance"] < SWEEPS_BELOW)
        self.allowed = UNSETTLED * followed.counted["tolerance"]
        self.steps = [(part, i) for part in followed.parts for i in range(len(part.time))]
        self.begins = np.array([part.time[i] for part, i in self.steps])

    def step(self, which: int) -> Step:
        """An accepted step."""
        part, i = self.steps[which]
        if which + 1 < len(self.steps):
            after, k = self.steps[which + 1]
            end = Neurons(after.w[k], after.a[k], after.scale[k])
        else:
            end = self.followed.end
        pairs = part.pairs[part.held[i, 0] : part.held[i, 1]]
        start = Neurons(part.w[i], part.a[i], part.scale[i])
        end_w, end_a, _ = end.in_units(start.scale)
        return Step(
            *start,
            end_w,
            end_a,
            part.force[i],
            pairs,
            float(part.length[i]),
            self.sweeps,
            self.allowed,
            bool(part.corrected[i]),
        )

    def read(self, times: np.ndarray, watch: np.ndarray) -> dict[str, np.ndarray]:
        """The trajectory's variables at these times of the solver."""
        followed = self.followed
        (m, d), n = followed.end.w.shape, followed.data.sizes["point"]
        neurons, scale = np.empty((len(times), m, d + 1)), np.empty((len(times), m), dtype=np.int64)
        slides = np.zeros((len(times) * m * (d + 1) + 1, 3), dtype=np.int64)
        residual, states = np.empty((len(times), n)), np.empty((len(times), m, n), dtype=np.int8)
        gradient_norm = np.empty(len(times))
        which = np.searchsorted(self.begins, times, side="right") - 1
        first = 0
        while first < len(times) and not watch[0]:
            last = int(np.searchsorted(which, which[first], side="right"))
            count = self.read_neurons(int(which[first]), times[first:last], neurons[first:last], slides)
            scale[first:last] = self.scale(int(which[first]))
            for t in range(first, last):
                w = np.ascontiguousarray(neurons[t, :, :-1])
                outputs = Neurons(w, neurons[t, :, -1], scale[t]).outputs
                mine = np.ascontiguousarray(slides[:count][slides[:count, 0] == t - first])
                mine = mine if followed.boundaries is None else followed.boundaries.of_all(mine)
                gradient_norm[t] = look(followed.points, (w, outputs), mine, self.work, (residual[t], states[t]))
            first = last
        return self.labelled(neurons, scale) | {
            "activation": states,
            "residual": residual * followed.units.labels,
            "gradient_norm": gradient_norm * (np.exp(followed.units.log_weight) / followed.units.time),
        }

    def scale(self, which: int) -> np.ndarray:
        """The neurons' units in a step; past the record's end those of the end."""
        if which < 0:
            return self.followed.end.scale
        part, i = self.steps[which]
        units: np.ndarray = part.scale[i]
        return units

    def read_neurons(self, which: int, times: np.ndarray, neurons: np.ndarray, slides: np.ndarray) -> int:
        """Write the neurons at some times of one step; past the record's end the network rests."""
        followed = self.followed
        if which < 0:  # it starts where it rests
            neurons[:, :, :-1], neurons[:, :, -1], _ = followed.end
            return 0
        step = self.step(which)
        inside = np.clip((times - self.begins[which]) / step.length, 0.0, 1.0)
        return int(read_step(self.points, self.tableaus, self.state, step, inside, (neurons, slides)))

    def labelled(self, neurons: np.ndarray, scale: np.ndarray) -> dict[str, np.ndarray]:
        """Direction, ln |w| and a/|w|; of a balanced start that is its sign for ever."""
        init = self.followed.init.variables
        start = init["output_ratio"].values
        direction, log_norm, ratio = in_logarithms(
            neurons[:, :, :-1].copy(), neurons[:, :, -1].copy(), init["direction"].values
        )
        balanced = np.abs(np.abs(start) - 1.0) <= BALANCED
        ratio = np.where(balanced, np.sign(start), ratio)
        log_norm += self.followed.units.log_weight - SHIFT * log(2.0) * scale
        return {"direction": direction, "log_norm": log_norm, "output_ratio": ratio}


def look_at(points: Points, neurons: Neurons) -> tuple[np.ndarray, np.ndarray]:
    """The residual at all points, and the states of all neurons there."""
    (m, d), n = neurons.w.shape, int(points.about[N])
    residual, states = np.empty(n), np.empty((m, n), dtype=np.int8)
    work = make_sweep_work(1, m, d, points.labels.shape[1])
    look(points, (neurons.w, neurons.outputs), NOBODY, work, (residual, states))
    return residual, states


def residual_of(points: Points, neurons: Neurons) -> float:
    """The residual's root mean square."""
    residual, _ = look_at(points, neurons)
    return sqrt(residual @ residual / len(residual))


def patterns_of(points: Points, neurons: Neurons) -> int:
    """How many activation patterns the neurons have."""
    _, states = look_at(points, neurons)
    return len({row.tobytes() for row in np.packbits(states == ACTIVE, axis=1)})
