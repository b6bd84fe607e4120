"""Some of a flow's neurons, followed again along its steps: the residual is known, so that no other is needed."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import numpy as np

from pipeline.flow.code_cache import NotOnDiskError, from_disk_only
from pipeline.flow.exact.build import load, load_solver
from pipeline.flow.exact.dense_output import evaluate
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.reduction import Reduction


class NeuronPaths(Protocol):
    """Some of the neurons, from the start of one of the steps on."""

    @property
    def size(self) -> int:
        """How many numbers are held for each instant that is read."""

    def directions(self, times: np.ndarray) -> np.ndarray:
        """Read w_j/|w_j| at increasing times of the solver, float64[time, neuron, q]."""

    def since(self, time: float) -> NeuronPaths:
        """The same from the step on that this time of the solver is in: what is later is read faster."""


class GroupedPaths:
    """Neurons that the grouped path reads."""

    def __init__(self, reduced: Reduction, record: StepRecord, neurons: Neurons, step: int = 0) -> None:
        self.reduced, self.record, self.neurons, self.step = reduced, record, neurons, step

    @classmethod
    def of(cls, reduced: Reduction, record: StepRecord, which: np.ndarray) -> GroupedPaths:
        """These neurons, from the start."""
        load_reading()  # other paths can have made the steps
        return cls(reduced, record, Neurons(*(np.ascontiguousarray(part[which]) for part in reduced.neurons)))

    @property
    def size(self) -> int:
        """How many numbers are held for each instant that is read."""
        (m, n), q = self.neurons.state.shape, self.reduced.problem.x.shape[1]
        return int(m * (q + n // 8 + 3) + n)

    def directions(self, times: np.ndarray) -> np.ndarray:
        """Read w_j/|w_j| at increasing times of the solver, float64[time, neuron, q]."""
        taken, _, _ = evaluate(self.neurons, self.reduced.problem, self.record, times, self.step, np.inf)
        return np.asarray(taken.direction)

    def since(self, time: float) -> GroupedPaths:
        """The same from the step on that this time of the solver is in."""
        _, neurons, step = evaluate(
            self.neurons, self.reduced.problem, self.record, np.array([time]), self.step, np.inf
        )
        return GroupedPaths(self.reduced, self.record, neurons, step)


@cache
def load_reading() -> None:
    """Bring the machine code of reading alone into this process: that of the steps takes .2 s more."""
    try:
        with from_disk_only():
            load("evaluate")
    except NotOnDiskError:
        load_solver()
