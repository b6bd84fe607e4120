"""The labelled layer around the path for as many patterns as neurons (:mod:`pipeline.flow.gram`).

A :class:`pipeline.flow.course.Course` whose neurons are read by this path: the problem, the steps and what is told
along them are the grouped path's.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from pipeline.flow.choice import GROUPED_UP_TO
from pipeline.flow.course import Course, describe_end, describe_sensitivity, in_terms_of_the_data
from pipeline.flow.exact.dense_output import Samples
from pipeline.flow.exact.machine_code.interruptible import run_interruptibly
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.followed import REACHED_ZERO, Progress, Reading
from pipeline.flow.gram.build import load_many_patterns
from pipeline.flow.gram.network import Data, Network, make_data, make_network
from pipeline.flow.gram.neuron import MARGIN
from pipeline.flow.gram.reading import Seen, make_seen, read_steps
from pipeline.flow.gram.state import (
    CROSSINGS,
    REJECTED,
    REPELLED,
    SENSITIVE,
    VANISHED,
    Aims,
    Record,
    State,
    make_record,
    make_state,
)
from pipeline.flow.gram.steps import INTERRUPTED, ROOM_USED, take_steps
from pipeline.flow.gram.sweep import make_sweep
from pipeline.flow.reduction import Reduction
from pipeline.flow.samples_in_parts import read_in_parts
from pipeline.network.status import BY_NUMBER, Status
from pipeline.network.threads import one_thread

MOST_STEPS = 500_000
"""A bound that turns a hang into a status, as the grouped path's."""
PATIENCE, RECORDED = 30_000, 400_000_000
"""The steps, and the bytes of their record, after which a flow without an end is left to the grouped path: where
it comes to rest over 1e6 of t that one's steps are longer."""
SHARE = 1.5
"""What a step may err by, over the tolerance: measured so that the worst error of a run is between a tenth of the
tolerance and it, as a corrected step errs by a fraction of what it may."""
SMALL_RESIDUAL = 0.1
"""The residual, over the labels' scale, below which what is allowed falls with it."""
STEPS_BETWEEN, LARGE = 8, 200_000
"""So many steps are at least between two marks; none where neurons x points are more than this: there a reading
would wait for the steps that lead to it."""
MARKS = 200_000_000
"""The bytes of marks up to which they are kept."""
AT_ONCE = 256_000_000
"""The bytes of samples that are read at a time."""


@dataclass(frozen=True)
class Mark:
    """The neurons at the start of one of the steps, from which the later ones are read."""

    step: int
    w: np.ndarray
    log_norm: np.ndarray
    outputs: np.ndarray
    side: np.ndarray

    @classmethod
    def of(cls, network: Network, step: int) -> Mark:
        """Keep what a network is at this step's start."""
        outputs = np.array([network.sign, network.size, network.imbalance])
        return cls(step, network.w.copy(), network.log_norm.copy(), outputs, network.side.astype(np.int8))

    @property
    def size(self) -> int:
        """In bytes."""
        return self.w.nbytes + self.log_norm.nbytes + self.outputs.nbytes + self.side.nbytes

    def restore(self, network: Network, which: np.ndarray | slice) -> None:
        """Write it into a network, or those neurons into a network of these alone."""
        network.w[...], network.log_norm[...] = self.w[which], self.log_norm[which]
        network.sign[...], network.size[...], network.imbalance[...] = self.outputs[:, which]
        network.side[...] = self.side[which]


@dataclass(frozen=True)
class ManyPatterns(Course):
    """A flow that was followed by the path for many patterns.

    Attributes
    ----------
    assumed
        The residual and its slope that were assumed at each step's end, float64[steps, 2, n].
    marks
        The neurons at the start of some steps, and at the end.
    """

    assumed: np.ndarray
    marks: tuple[Mark, ...]

    @property
    def undecided(self) -> bool:
        """Whether the grouped path takes over, if it can: where the w of a neuron reached 0 it can go on."""
        met_zero = self.status is Status.STALLED and self.account["ambiguous_events"] > 0
        return met_zero and len(self.reduced.problem.y) <= GROUPED_UP_TO

    def paths(self, which: np.ndarray) -> OwnPaths:
        """Follow some of the neurons again, from the start on."""
        return OwnPaths(self, which)

    def read(self, times: np.ndarray, reading: Reading | None) -> dict[str, Any]:
        """The trajectory's variables at these instants of the paper's t; as dask arrays if there are too many."""
        (m, d), n, reader = self.init.variables["direction"].shape, self.data.sizes["point"], Reader(self)

        def read(some: np.ndarray, watch: np.ndarray) -> dict[str, np.ndarray]:
            return reader.read(some / self.time_unit, watch)

        with one_thread(n):
            return read_in_parts(read, times, (m, n, d), AT_ONCE, reading)


@dataclass(frozen=True)
class OwnPaths:
    """Some neurons of such a flow: they are read by its own kernels, which take sliding at hundreds of points."""

    course: ManyPatterns
    which: np.ndarray

    @property
    def size(self) -> int:
        """How many numbers are held for each instant that is read."""
        n, q = self.course.reduced.problem.x.shape
        return int(len(self.which) * (q + n // 8 + 1) + n)

    def directions(self, times: np.ndarray) -> np.ndarray:
        """Read w_j/|w_j| at increasing times of the solver, float64[time, neuron, q]."""
        return Reader(self.course, self.which).seen(times, np.zeros(1)).direction

    def since(self, time: float) -> OwnPaths:
        """The same: any time is read from the mark before it."""
        return self


class Reader:
    """Reads a flow's neurons, or some of them, at increasing times: the workspace."""

    def __init__(self, course: ManyPatterns, which: np.ndarray | slice = slice(None)) -> None:
        self.course, self.which = course, which
        self.data = data_of(course.reduced)
        self.network = Network(
            *(np.ascontiguousarray(part[which]) for part in network_of(course.reduced, self.data))
        )
        self.sweep = make_sweep(self.data, len(self.network.sign))
        self.sweep.motion[MARGIN] = course.account["tolerance"]
        steps = course.record
        self.record = Record(steps.time, steps.length, steps.movement, steps.curve, course.assumed)
        self.starts = np.append(course.record.time, np.inf)[[mark.step for mark in course.marks[:-1]]]

    def read(self, times: np.ndarray, watch: np.ndarray) -> dict[str, np.ndarray]:
        """The trajectory's variables at these times of the solver."""
        seen = self.seen(times, watch)
        return in_terms_of_the_data(self.course, Samples(*seen))

    def seen(self, times: np.ndarray, watch: np.ndarray) -> Seen:
        """What the kernels see at these times; of some of the neurons, the residual is not the network's."""
        marks, record, network = self.course.marks, self.record, self.network
        seen = make_seen(len(times), network)
        end = record.time[-1] + record.length[-1] if len(record.time) else 0.0
        which = np.where(times < end, np.searchsorted(self.starts, times, side="right") - 1, len(marks) - 1)
        for mark in np.unique(which):
            if watch[0]:
                break
            chosen = np.flatnonzero(which == mark)
            part = slice(chosen[0], chosen[-1] + 1)
            steps = slice(marks[mark].step, marks[min(mark + 1, len(marks) - 1)].step)
            marks[mark].restore(network, self.which)
            into = Seen(*(each[part] for each in seen))
            read_steps(self.data, network, self.sweep, (record.part(steps), times[part]), into)
        return seen


def data_of(reduced: Reduction) -> Data:
    """The points as these kernels see them."""
    problem = reduced.problem
    return make_data(problem.x, problem.y, problem.negative_slope, problem.gram)


def network_of(reduced: Reduction, data: Data) -> Network:
    """The network at the start."""
    return make_network(data, reduced.neurons.z, reduced.neurons.log_scale)


def follow_many_patterns(
    data: xr.Dataset,
    init: xr.Dataset,
    end_time: float | None,
    tolerance: float,
    reduced: Reduction,
    progress: Progress | None,
) -> ManyPatterns:
    """Follow the flow by the path for many patterns; the parameters as ``follow_flow`` has checked them."""
    unit, points = reduced.time_unit, data_of(reduced)
    load_many_patterns()
    watch = np.zeros(3)

    def tell(time: float, steps: int) -> None:
        if progress is not None:
            progress(time * unit, steps)

    until = np.inf if end_time is None else end_time / unit
    most = MOST_STEPS if end_time is not None else min(PATIENCE, RECORDED // (64 * len(points.y)))
    aims = Aims(SHARE * tolerance, until, most, SMALL_RESIDUAL, reduced.problem.resting_growth, tolerance)
    with one_thread(len(points.y)):
        started = perf_counter()
        state = make_state(points, network_of(reduced, points))
        first = patterns_of(state.network)
        record, assumed, marks, ended_by = run_interruptibly(
            lambda: take_all(points, state, aims, watch), watch, tell
        )
        seconds = perf_counter() - started
    ambiguous = int(state.counts[VANISHED] + state.counts[REPELLED])
    status, message = describe_end(BY_NUMBER[ended_by], ambiguous, reduced.contradictory)
    if status is Status.STALLED and state.counts[VANISHED]:
        message = f"{REACHED_ZERO} {message}"
    sensitive, instants = int(state.counts[SENSITIVE]), unit * state.instants
    if sensitive:
        message += describe_sensitivity(sensitive, float(instants[0]))
    account = {
        "method": "exact",
        "slope": reduced.problem.negative_slope,
        "status": status.word,
        "status_message": message,
        "tolerance": tolerance,
        "solver_seconds": seconds,
        "sampling_seconds": 0.0,
        "steps": len(record.time),
        "rejected_steps": int(state.counts[REJECTED]),
        "crossings": int(state.counts[CROSSINGS]),
        "patterns": max(first, patterns_of(state.network)),
        "ambiguous_events": ambiguous,
        "sensitive_events": sensitive,
    }
    if sensitive:
        account["sensitive_times"] = instants[:sensitive].tolist()
    return ManyPatterns(data, init, end_time, BY_NUMBER[ended_by], account, reduced, record, assumed, marks)


def take_all(
    data: Data, state: State, aims: Aims, watch: np.ndarray
) -> tuple[StepRecord, np.ndarray, tuple[Mark, ...], int]:
    """Take steps until the flow ends; keep marks on the way, every other one once they fill their room.

    Returns
    -------
    record, assumed, marks
        As :class:`ManyPatterns` has them.
    reason : int
    """
    parts: list[Record] = []
    marks: list[Mark] = []
    steps, reason = 0, ROOM_USED
    between = STEPS_BETWEEN if state.speed.size <= LARGE else 1
    while reason == ROOM_USED:
        marks.append(Mark.of(state.network, steps))
        if len(marks) * marks[0].size > MARKS:
            marks, between = marks[::2], 2 * between
        record = make_record(between, len(data.y))
        count, reason = take_steps(data, state, record, aims, watch)
        parts.append(record.part(slice(count)))
        steps += count
        if reason == INTERRUPTED:
            break
    marks.append(Mark.of(state.network, steps))
    time, length, movement, curve, assumed = (np.concatenate(each) for each in zip(*parts, strict=True))
    regrouped = np.zeros(len(time), np.bool_)  # nobody is grouped
    return StepRecord(time, length, movement, curve, regrouped), assumed, tuple(marks), int(reason)


def patterns_of(network: Network) -> int:
    """How many activation patterns the neurons have."""
    return len({row.tobytes() for row in network.side.astype(np.int8)})
