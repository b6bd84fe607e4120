"""The labelled layer around the collocation path: many points, few neurons.

As :mod:`pipeline.flow.course` for the grouped path, with the same variables and words in its account. What the
grouped path says of single crossings (``sensitive_events``) and of level times between samples is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from pipeline.flow.boundaries import Boundaries, all_differ, boundaries_of, opposite_rays
from pipeline.flow.choice import GROUPED_UP_TO
from pipeline.flow.collocation.accuracy import care, share
from pipeline.flow.collocation.build import STAGES, load_many_points
from pipeline.flow.collocation.correction import SMALL_MATRIX
from pipeline.flow.collocation.network import Network, Neurons, write_neurons
from pipeline.flow.collocation.points import Points, in_blocks
from pipeline.flow.collocation.products import NARROW
from pipeline.flow.collocation.steps import (
    CONVERGED_RESIDUAL,
    MET_ZERO,
    OUT_OF_STEPS,
    ROOM_USED,
    STALLED,
    STATIONARY,
    take_steps,
)
from pipeline.flow.collocation.sweep import CARE, SCALE
from pipeline.flow.collocation.tableau import gauss
from pipeline.flow.collocation.workspace import (
    CROSSINGS,
    REJECTED,
    REPELLED,
    SLIDINGS,
    VANISHED,
    State,
    Steps,
    lent_state,
    make_steps,
    most_crossings,
)
from pipeline.flow.exact.machine_code.interruptible import run_interruptibly
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.followed import REACHED_ZERO, Followed, Progress, Reading
from pipeline.flow.many_points_reading import Reader, patterns_of, residual_of
from pipeline.flow.reduction import unit_of
from pipeline.flow.samples_in_parts import read_in_parts
from pipeline.flow.units import Units
from pipeline.network.status import BY_NUMBER, Status
from pipeline.network.threads import one_thread

MOST_STEPS = 500_000
"""A bound that turns a hang into a status, as the grouped path's."""
ROUGH_STEPS = 128
"""After so many steps crossings are looked at: who slides, unseen, makes steps without number."""
ROUGHEST = 3e-3
"""The tolerance of a run's neurons once any slides: where a step may err by more, the sweeps don't settle who
slides, among those that hold it at several boundaries, until the step is 1e-12 long: 12,000 steps, not 700."""
STUCK_STEPS, STUCK = 10_000, 1e-6
"""A run that has gone on by less than that share of its time in so many steps ends: a neuron goes to and fro
between boundaries that no force holds it at."""
ROOM = 4_000_000
"""How many numbers a part of the record has: 32 megabytes."""
SOON_STEPS, SOON = 500, 5_000_000
"""The steps, and the products of neurons x points x coordinates in them, that take some 20 ms at most."""
AT_ONCE = 64_000_000
"""The bytes of samples that are read at a time."""
Aims = tuple[float, float, float, float, float]
"""As the kernel has them."""
Taken = tuple[tuple[Steps, int], ...]
"""Parts of the record, and how many steps are in each."""


@dataclass(frozen=True)
class ManyPoints(Followed):
    """A flow that was followed by the collocation path.

    Attributes
    ----------
    points
        The data in the solver's units.
    boundaries
        What the steps have for them; None if no two points lie on one ray.
    units
        Those units.
    taken
        The record of the steps, in the solver's time, and how many steps are in each part of it.
    end
        The neurons at the record's end.
    slid
        Whether any slides at the end of a step.
    """

    points: Points
    boundaries: Boundaries | None
    units: Units
    taken: tuple[tuple[Steps, int], ...]
    end: Neurons
    slid: bool

    @cached_property
    def parts(self) -> tuple[Steps, ...]:
        """The record without the room that was left."""
        return tuple(shortened(record, count) for record, count in self.taken)

    @property
    def undecided(self) -> bool:
        """Whether crossings have to be followed one by one, as the grouped path does, if it can.

        So where the w of a neuron reached 0, and where one slides, or chatters, among points on opposite rays.
        """
        solved = self.points if self.boundaries is None else self.boundaries.points
        if len(solved.rows) > GROUPED_UP_TO:
            return False
        if self.status is Status.STALLED and self.counted["ambiguous_events"] > 0:
            return True
        return (self.slid or self.status is Status.OUT_OF_STEPS) and opposite_rays(self.data.variables["x"].values)

    @cached_property
    def account(self) -> dict[str, Any]:
        """The solver's account, with what only who reads it waits for."""
        record, steps = self.taken[0]
        first = Neurons(record.w[0], record.a[0], record.scale[0]) if steps else self.end
        return self.counted | {"patterns": max(patterns_of(self.points, each) for each in (first, self.end))}

    @property
    def time_unit(self) -> float:
        """The paper's t of one unit of the solver's time."""
        return self.units.time

    @property
    def clock(self) -> tuple[StepRecord, float]:
        """The steps with one residual that stands for all, and the labels' scale."""
        time, length, loss, movement = (
            np.concatenate([getattr(part, name) for part in self.parts])
            for name in ("time", "length", "loss", "movement")
        )
        size = np.sqrt(2.0 * loss + (0.0 if self.boundaries is None else self.boundaries.unfit))
        after = np.append(size[1:], size[-1:])
        curve, regrouped = np.stack([size, after], axis=1)[:, :, None], np.zeros(len(time), np.bool_)
        return StepRecord(time, length, movement, curve, regrouped), self.points.about[2]

    def curve(self, samples: int) -> xr.Dataset:
        """Read the residual and the loss at so many placed instants."""
        return self.trajectory(samples)[["residual", "loss"]].drop_vars(["point"], errors="ignore")

    def read(self, times: np.ndarray, reading: Reading | None) -> dict[str, Any]:
        """The trajectory's variables at these instants of the paper's t; as dask arrays if there are too many."""
        (m, d), n, reader = self.end.w.shape, self.data.sizes["point"], Reader(self)

        def read(some: np.ndarray, watch: np.ndarray) -> dict[str, np.ndarray]:
            return reader.read(some / self.time_unit, watch)

        return read_in_parts(read, times, (m, n, d), AT_ONCE, reading)


def follow_many_points(
    data: xr.Dataset,
    init: xr.Dataset,
    end_time: float | None,
    tolerance: float,
    slope: float,
    progress: Progress | None,
) -> ManyPoints:
    """Follow the flow by the collocation path; the parameters as ``follow_flow`` has checked them."""
    load_many_points()
    x, y = contiguous(data, "x"), contiguous(data, "y")
    start = contiguous(init, "direction"), contiguous(init, "log_norm"), contiguous(init, "output_ratio")
    (n, d), m = x.shape, len(start[0])
    units = Units(unit_of(x), unit_of(y))
    watch, until = np.zeros(3), np.inf if end_time is None else end_time / units.time

    def tell(time: float, steps: int) -> None:
        if progress is not None:
            progress(time * units.time, steps)

    # To look through the loaded libraries takes longer than a whole run that asks none of them.
    with one_thread(n if d > NARROW or d * m > SMALL_MATRIX else 0):
        started = perf_counter()
        points = in_blocks(x, y, m, slope, care(tolerance, n, m), (units.inputs, units.labels))
        boundaries = None if all_differ(x) else boundaries_of(points, m)
        solved, unfit = (points, 0.0) if boundaries is None else (boundaries.points, boundaries.unfit)
        sizes = m, d, solved.labels.shape[1], solved.sample.shape[1]
        with lent_state(sizes, STAGES, most_crossings(n, m)) as state:
            size = write_neurons(start, units.log_weight, state.network)
            aims = tolerance * share(tolerance, size), until, float(MOST_STEPS), tolerance, unfit
            taken, ended_by = take_all(solved, state, aims, watch, tell)
            end, counts = neurons_at(state.network), state.counts.tolist()
        seconds = perf_counter() - started
    fits = ended_by == STATIONARY and residual_of(points, end) <= CONVERGED_RESIDUAL * points.about[SCALE]
    ambiguous = counts[REPELLED] + counts[VANISHED]
    ended, message = describe_end(status_of(ended_by, fits, boundaries), ambiguous)
    counted = {
        "method": "exact",
        "sampling_seconds": 0.0,
        "rejected_steps": counts[REJECTED],
        "crossings": counts[CROSSINGS],
        "slope": slope,
        "status": ended.word,
        "status_message": message,
        "tolerance": tolerance,
        "solver_seconds": seconds,
        "steps": sum(count for _, count in taken),
        "ambiguous_events": ambiguous,
    }
    slid = counts[SLIDINGS] > 0
    return ManyPoints(data, init, end_time, ended, counted, points, boundaries, units, taken, end, slid)


def contiguous(dataset: xr.Dataset, name: str) -> np.ndarray:
    """A variable as the kernels' one type of array, and nobody else's."""
    return np.array(dataset.variables[name].values, dtype=float, order="C")


def neurons_at(network: Network) -> Neurons:
    """The neurons at the start of the next step."""
    return Neurons(network.start_w.copy(), network.start_a.copy(), network.scale.copy())


def status_of(ended_by: int, fits: bool, boundaries: Boundaries | None) -> Status:
    """The status for the reason: it may fit from the start, and labels of one ray contradict each other."""
    ended = Status.STALLED if ended_by == MET_ZERO else BY_NUMBER[ended_by]
    if ended is Status.STATIONARY and fits:
        return Status.CONVERGED
    if ended is Status.CONVERGED and boundaries is not None and boundaries.unfit > 0.0:
        return Status.LEAST_LOSS
    return ended


def describe_end(ended: Status, ambiguous: int) -> tuple[Status, str]:
    """The status and its sentence, with what is said where the flow was not unique."""
    if not ambiguous:
        return ended, ended.value
    if ended.complete:
        return Status.NON_UNIQUE, f"{Status.NON_UNIQUE.value} {ended.value}"
    return ended, f"{REACHED_ZERO} {ended.value}"


def take_all(points: Points, state: State, aims: Aims, watch: np.ndarray, tell: Progress) -> tuple[Taken, int]:
    """Take steps until the flow ends.

    The first few are taken in this thread, which a flow of 1 ms would wait for another one half as long; an
    interrupt comes after them.
    """
    allowed, until, most, tolerance, unfit = aims
    soon = float(min(most, SOON_STEPS, SOON // (points.rows.size * len(state.network.start_a))))
    parts, reason = take_parts(points, state, (allowed, until, soon, tolerance, unfit), watch)
    if reason == OUT_OF_STEPS and soon < most:
        more, reason = run_interruptibly(lambda: take_parts(points, state, aims, watch), watch, tell)
        parts += more
    return parts, reason


def take_parts(points: Points, state: State, aims: Aims, watch: np.ndarray) -> tuple[Taken, int]:
    """Take steps in as many parts of the record as they need.

    Where a neuron slides among points on opposite rays it ends: that is left to the grouped path.
    """
    m, d = state.network.start_w.shape
    most = int(min(max(ROOM // (m * (d + 1) * (STAGES + 1)), 16), 512, aims[2] + 1))
    tableau, parts, reason, steps = gauss(STAGES), [], ROOM_USED, min(most, ROUGH_STEPS)
    aims = refined(aims, state.counts[SLIDINGS] > 0)
    while reason == ROOM_USED:
        record = make_steps(steps, STAGES, m, d, len(state.held.neuron) + steps)
        count, reason = take_steps(points, tableau, state, record, aims, watch)
        parts.append((record, int(count)))
        if reason != ROOM_USED:
            break
        if is_stuck(parts):
            reason = STALLED
        points.about[CARE] = max(points.about[CARE], 1.0)
        aims, steps = refined(aims, state.counts[SLIDINGS] > 0 or count < steps), most
        if state.counts[SLIDINGS] > 0 and len(points.rows) <= GROUPED_UP_TO and opposite_rays(points.rows):
            reason = OUT_OF_STEPS
    return tuple(parts), int(reason)


def refined(aims: Aims, sliding: bool) -> Aims:
    """What steps may err by where neurons slide: of :data:`ROUGHEST` at most."""
    allowed, until, most, tolerance, unfit = aims
    finer = min(1.0, ROUGHEST / tolerance) if sliding else 1.0
    return finer * allowed, until, most, finer * tolerance, unfit


def is_stuck(parts: list[tuple[Steps, int]]) -> bool:
    """Whether the last :data:`STUCK_STEPS` steps went on by next to nothing."""
    record, count = parts[-1]
    steps, end = 0, record.time[max(count - 1, 0)]
    for record, count in reversed(parts):
        steps += count
        if steps >= STUCK_STEPS or end - record.time[0] > STUCK * end:
            break
    return bool(steps >= STUCK_STEPS and end - record.time[0] <= STUCK * end)


def shortened(record: Steps, count: int) -> Steps:
    """The first steps of a record."""
    return record._replace(**{name: part[:count] for name, part in record._asdict().items() if name != "pairs"})
