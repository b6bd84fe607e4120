"""The exact flow, followed once: any instant of it can be read from the record of its steps.

The labelled layer around the solver. Following 10,000 neurons takes 40 ms and reading every one of them at 400
instants a second; the residual alone is a polynomial over each step and read in no time. So the two are apart: a
trajectory on disk wants both, a picture that moves with a slider the curve of the loss and a few instants.
"""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from pipeline.flow.choice import many_patterns, many_points
from pipeline.flow.exact.build import load_solver
from pipeline.flow.exact.dense_output import Samples, evaluate
from pipeline.flow.exact.integration.loop import integrate
from pipeline.flow.exact.machine_code.interruptible import run_interruptibly
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.followed import Followed, Progress, Reading
from pipeline.flow.initial import take_start
from pipeline.flow.moments import moments, read_residual
from pipeline.flow.neuron_paths import GroupedPaths, NeuronPaths
from pipeline.flow.output_speed import gradient_norms
from pipeline.flow.plateau_attributes import SlowIntervals
from pipeline.flow.reduction import Reduction
from pipeline.flow.samples_in_parts import IN_MEMORY
from pipeline.flow.streaming import Blocks
from pipeline.inputs.arguments import COUNT, OUTPUT_SPEED, SLOPE, TIME, TOLERANCE, number, whole
from pipeline.inputs.kinds import function
from pipeline.network import algebra
from pipeline.network.points import take_points
from pipeline.network.status import BY_NUMBER, Status
from pipeline.network.threads import one_thread

MOST_STEPS = 500_000
"""A bound that no run has come near (lambda = 1e-10000 takes 300 steps): it turns a hang into a status."""
READERS = 2
"""How many threads read a trajectory that does not fit in memory: each holds a block of hundreds of megabytes."""


@dataclass(frozen=True)
class Course(Followed):
    """A flow that was followed by the grouped path, step by step.

    Attributes
    ----------
    reduced
        The solver's problem.
    record
        Its accepted steps, in the solver's time.
    """

    reduced: Reduction
    record: StepRecord
    _description: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _begun: dict[float, tuple[Neurons, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def allowed(self) -> float:
        """The largest error of the residual, in the solver's unit."""
        return float(self.account["tolerance"] * self.reduced.problem.label_scale)

    @property
    def time_unit(self) -> float:
        """The paper's t of one unit of the solver's time."""
        return self.reduced.time_unit

    @property
    def clock(self) -> tuple[StepRecord, float]:
        """The steps, and the labels' scale in the solver's unit."""
        return self.record, self.reduced.problem.label_scale

    def begin(self, time: float) -> tuple[Neurons, int]:
        """The neurons from which an instant of the solver's time is read, and the step that they begin.

        The latest that are known: at the start, at a checkpoint, or where a part of a long reading began.
        """
        begun = [instant for instant in self._begun if instant <= time]
        return self._begun[max(begun)] if begun else (self.reduced.neurons, 0)

    def begun_at(self, checkpoints: list[tuple[int, Neurons]]) -> Course:
        """The same, which knows the neurons at the start of some steps; none begins at the end."""
        starts = self.record.time
        self._begun.update({float(starts[i]): (neurons, i) for i, neurons in checkpoints if i < len(starts)})
        return self

    def stretches(self, times: np.ndarray) -> list[np.ndarray]:
        """Instants of the solver's time in parts: each is read from what :meth:`begin` gives for its first."""
        earlier = np.searchsorted(np.sort(list(self._begun)), times, side="right")
        return np.split(times, np.flatnonzero(np.diff(earlier)) + 1)

    def curve(self, samples: int) -> xr.Dataset:
        """Read the residual and the loss alone, from the polynomials of the steps: no neuron is read.

        Returns
        -------
        Dataset
            residual(time, point) and loss(time) at ``samples`` placed instants, as :meth:`trajectory` has them up
            to the solver's tolerance.
        """
        times = self.placed(samples)
        if len(self.record.time):
            residual = self.reduced.residual(read_residual(self.record, times / self.reduced.time_unit))
        else:  # it starts where it rests
            start = self.trajectory(times[:1]).variables["residual"].values
            residual = np.repeat(start, len(times), axis=0)
        return xr.Dataset(
            {"residual": (("time", "point"), residual), "loss": ("time", algebra.loss(residual))},
            {"time": times},
        )

    def read(self, times: np.ndarray, reading: Reading | None) -> dict[str, Any]:
        """The trajectory's variables at these instants of the paper's t."""
        return read_samples(self, times, reading)

    def paths(self, which: np.ndarray) -> NeuronPaths:
        """Follow some of the neurons again, from the start on."""
        return GroupedPaths.of(self.reduced, self.record, which)

    def read_described(self, times: np.ndarray, reading: Reading | None) -> xr.Dataset:
        """Read every neuron at these instants, and say in the attributes what happens along the steps."""
        if self.slow_intervals is None:
            return self.look(times, reading)
        # Together: the steps are gone through once.
        missing = np.empty(0) if self._description else np.setdiff1d(self.slow_intervals.slowest, times)
        looked = np.sort(np.concatenate([times, missing]))
        trajectory = self.look(looked, reading)
        if not self._description:
            x, y = (self.data.variables[name].values for name in ("x", "y"))
            levels = moments(self.reduced, self.record, self.paths, x, y)
            self._description.update(levels | self.slow_intervals.tell(self.data, trajectory))
        if len(missing):
            trajectory = trajectory.isel(time=np.flatnonzero(np.isin(looked, times)))
        trajectory.attrs |= self._description
        return trajectory

    @cached_property
    def slow_intervals(self) -> SlowIntervals | None:
        """When the flow moves slowly, as near a plateau; None if it makes no step."""
        if not len(self.record.time):
            return None
        end = self.end_time, self.status is Status.STATIONARY
        return SlowIntervals.of(self.reduced, self.record, self.data, end)

    @property
    def slow_instants(self) -> np.ndarray:
        """Instants at which the network is read besides, since it moves slowly there."""
        return np.empty(0) if self.slow_intervals is None else self.slow_intervals.instants


def follow_flow(
    data: xr.Dataset,
    init: xr.Dataset,
    *,
    end_time: float | None = None,
    tolerance: float = 1e-6,
    slope: float = 0.0,
    output_speed: float = 1.0,
    progress: Progress | None = None,
    most_steps: int | None = None,
) -> Followed:
    """Follow the gradient flow (3) of the network ``init`` on ``data`` by the exact method, reading nothing yet.

    Parameters
    ----------
    data, init, end_time, tolerance, slope, output_speed, progress
        As :func:`pipeline.simulate` has them.
    most_steps
        Of the grouped path, after which it gives up; None: as many as it may take.

    Returns
    -------
    Followed
        From which its trajectory and its curve can be read: a :class:`Course` by the grouped path, by the others,
        as :mod:`pipeline.flow.choice` says, a ``ManyPoints`` or ``ManyPatterns``.
    """
    data = take_points(data)
    init = take_start(init, data)
    end_time, slope = end_of_run(end_time), number("slope", slope, SLOPE)
    tolerance = number("tolerance", tolerance, TOLERANCE)
    output_speed = number("output_speed", output_speed, OUTPUT_SPEED)
    most_steps = MOST_STEPS if most_steps is None else whole("most_steps", most_steps, COUNT)
    progress = function("progress", progress)
    if output_speed == 1.0 and many_points(data, init, slope):
        from pipeline.flow.many_points import follow_many_points  # kernels that few runs need

        followed = follow_many_points(data, init, end_time, tolerance, slope, progress)
        if not followed.undecided:
            return followed
    with one_thread(data.sizes["point"]):  # two threads take three times as long over the frame's decomposition
        reduced = Reduction.of(data, init, slope, output_speed)
    if output_speed == 1.0 and many_patterns(reduced, tolerance):
        from pipeline.flow.many_patterns import follow_many_patterns  # kernels that few runs need

        found = follow_many_patterns(data, init, end_time, tolerance, reduced, progress)
        if not found.undecided and (end_time is not None or found.status is not Status.OUT_OF_STEPS):
            return found
    until = np.inf if end_time is None else end_time / reduced.time_unit
    limits = tolerance, until, most_steps
    integrated, seconds = integrate_interruptibly(reduced, limits, progress)
    record, ended_by, *_, state, _, _, checkpoints = integrated
    reduced = replace(reduced, neurons=reduced.neurons._replace(state=state))
    account = account_of(integrated, reduced, seconds, tolerance, slope, output_speed)
    course = Course(data, init, end_time, BY_NUMBER[ended_by], account, reduced, record)
    return course.begun_at(checkpoints.neurons(reduced.neurons.sign))


def integrate_interruptibly(
    reduced: Reduction, limits: tuple[float, float, int], progress: Progress | None
) -> tuple[tuple[Any, ...], float]:
    """Run the solver while Python listens to Ctrl-C; return what it has found, and how many seconds it took.

    ``limits`` are the tolerance, the end in the solver's time, and the largest number of steps.
    """
    load_solver()
    watch = np.zeros(3)

    def tell(time: float, steps: int) -> None:
        if progress is not None:
            progress(time * reduced.time_unit, steps)

    with one_thread(len(reduced.problem.y)):
        started = perf_counter()
        found = run_interruptibly(lambda: integrate(reduced.neurons, reduced.problem, *limits, watch), watch, tell)
        return found, perf_counter() - started


def account_of(
    found: tuple[Any, ...], reduced: Reduction, seconds: float, tolerance: float, slope: float, output_speed: float
) -> dict[str, Any]:
    """What the trajectory's attributes say of an integration: how it was asked for, how it ended, its events."""
    record, ended_by, rejected, crossings, patterns, ambiguous, _, sensitive, instants, _ = found
    status, message = describe_end(BY_NUMBER[ended_by], ambiguous, reduced.contradictory)
    if sensitive:
        message += describe_sensitivity(sensitive, reduced.time_unit * float(instants[0]))
    account = {
        "method": "exact",
        "slope": slope,
        "status": status.word,
        "status_message": message,
        "tolerance": tolerance,
        "solver_seconds": seconds,
        "sampling_seconds": 0.0,
        "steps": len(record.time),
        "rejected_steps": rejected,
        "crossings": crossings,
        "patterns": patterns,
        "ambiguous_events": ambiguous,
        "sensitive_events": sensitive,
    }
    if output_speed != 1.0:
        account["output_speed"] = output_speed
    if sensitive:
        account["sensitive_times"] = (reduced.time_unit * instants[:sensitive]).tolist()
    return account


def end_of_run(end_time: float | None) -> float | None:
    """The paper's t at which a run stops, checked; None if it goes on until the flow rests.

    Raises
    ------
    RequestError
        If it is no time above 0.
    """
    if end_time is None:
        return None
    until = number("end_time", end_time, TIME)
    return until if until < np.inf else None


def read_samples(course: Course, times: np.ndarray, reading: Reading | None = None) -> dict[str, Any]:
    """The trajectory's variables at ``times``, in the data's own terms.

    In blocks of time if they would fill the memory: then as dask arrays over temporary files.
    """
    reduced, samples = course.reduced, len(times)
    m, n = len(reduced.neurons.sign), len(reduced.point)
    d = reduced.problem.x.shape[1] if reduced.frame.basis is None else reduced.frame.basis.shape[1]
    if reading is not None:
        reading(0, samples)
    if samples * m * (8 * (d + 2) + n) > IN_MEMORY:
        return read_blocks(course, times, Blocks(samples, 8 * m * d), reading)
    own_times = times / reduced.time_unit
    parts = []
    for part in course.stretches(own_times):
        neurons, first = course.begin(part[0])
        read = partial(evaluate, neurons, reduced.problem, course.record, part, first, course.allowed)
        parts.append(run_interruptibly(read, np.zeros(3))[0])
    taken = parts[0] if len(parts) == 1 else Samples(*map(np.concatenate, zip(*parts, strict=True)))
    return in_terms_of_the_data(course, taken)


def read_blocks(
    course: Course, times: np.ndarray, blocks: Blocks, reading: Reading | None = None
) -> dict[str, Any]:
    """The same in blocks of time, by threads each of which reads a stretch of them.

    Where a stretch begins is known from the steps alone, which takes a twentieth of the time of reading them all.
    """
    problem, record, allowed = course.reduced.problem, course.record, course.allowed
    parts, own_times, watch = list(blocks.slices), times / course.reduced.time_unit, np.zeros(3)
    found: dict[int, dict[str, np.ndarray]] = {}
    lock, done = Lock(), [0]

    def read(stretch: list[slice], neurons: Neurons, first: int) -> None:
        for part in stretch:
            if watch[0]:  # interrupted, or another thread has failed
                return
            taken, neurons, first = evaluate(neurons, problem, record, own_times[part], first, allowed)
            values = in_terms_of_the_data(course, taken)
            kept = {name: values.pop(name) for name in ("residual", "gradient_norm")}
            for name, block in values.items():
                blocks.write(name, part.start, block)
            with lock:
                found[part.start] = kept
                done[0] += part.stop - part.start
                if reading is not None:
                    reading(done[0], len(times))

    stretches = [parts[i * len(parts) // READERS : (i + 1) * len(parts) // READERS] for i in range(READERS)]
    stretches = [stretch for stretch in stretches if stretch]
    # Each in a context of its own: NumPy's warnings are switched off in the caller's.
    contexts = [copy_context() for _ in stretches]

    def read_all() -> None:
        neurons, first = course.begin(own_times[0])
        with ThreadPoolExecutor(READERS) as pool:
            waiting: list[Future[None]] = []
            for stretch, context in zip(stretches, contexts, strict=True):
                begin = stretch[0].start
                if begin:
                    instant = own_times[begin : begin + 1]
                    neurons, first = course.begin(instant[0])
                    _, neurons, first = evaluate(neurons, problem, record, instant, first, allowed)
                    course._begun[float(instant[0])] = neurons, first
                waiting.append(pool.submit(context.run, read, stretch, neurons, first))
            if wait(waiting, return_when=FIRST_EXCEPTION).not_done:
                watch[0] = 1.0  # a full disk is not told after minutes
            for each in waiting:
                each.result()

    run_interruptibly(read_all, watch)
    small = {name: np.concatenate([found[part.start][name] for part in parts]) for name in found[0]}
    return small | blocks.arrays()


def in_terms_of_the_data(course: Course, taken: Samples) -> dict[str, np.ndarray]:
    """What the solver says of some samples, as the trajectory's variables; the samples are used up."""
    reduced = course.reduced
    residual = reduced.stored_residual(course.data, taken)
    # In place: of a million neurons each array is a hundred megabytes.
    log_norm = np.add(taken.log_norm, reduced.log_weight_unit, out=taken.log_norm)
    found = {
        "direction": reduced.frame.back(taken.direction),
        "log_norm": log_norm,
        "output_ratio": taken.output_ratio,
        "activation": reduced.activation(taken.state),
        "residual": residual,
    }
    if reduced.output_unit == 1.0:
        return found | {"gradient_norm": reduced.gradient_norm(taken.gradient_norm)}
    # The solver's norm weighs the two layers as its own units do.
    found["output_ratio"] = taken.output_ratio * reduced.output_unit
    x, slope = course.data.variables["x"].values, reduced.problem.negative_slope
    return found | {"gradient_norm": gradient_norms(x, residual, found, slope)}


def describe_end(ended: Status, ambiguous: int, contradictory: bool) -> tuple[Status, str]:
    """The status and its sentence, with what else has to be said of the run."""
    if ended is Status.CONVERGED and contradictory:
        ended = Status.LEAST_LOSS
    if ambiguous and ended.complete:
        return Status.NON_UNIQUE, f"{Status.NON_UNIQUE.value} {ended.value}"
    return ended, ended.value


def describe_sensitivity(count: int, first: float) -> str:
    """What has to be said of a run in which errors of the tolerance's size could change who crosses."""
    return (
        f" {count} times, first at t = {first:.6g}, a neuron came so close to a boundary, or shrank so far, "
        "that an error of the tolerance's size decides which way it goes on: from there on the tolerance holds "
        "for one of several nearby flows."
    )
