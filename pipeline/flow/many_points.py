"""The labelled layer around the collocation path: many points, few neurons.

As :mod:`pipeline.flow.course` for the grouped path, with the same variables and words in its account. What the
grouped path says of single crossings (``sensitive_events``) and of level times between samples is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import log, sqrt
from time import perf_counter
from typing import Any

import numpy as np
import xarray as xr

from pipeline.flow.boundaries import Boundaries, boundaries_of, opposite_rays
from pipeline.flow.collocation.accuracy import care, share
from pipeline.flow.collocation.build import FINE_STAGES, NOBODY, STAGES, load_many_points
from pipeline.flow.collocation.correction import SMALL_MATRIX
from pipeline.flow.collocation.network import HIGHEST, SHIFT, Neurons
from pipeline.flow.collocation.points import Points, in_blocks
from pipeline.flow.collocation.products import NARROW
from pipeline.flow.collocation.reading import Step, look, read_step
from pipeline.flow.collocation.steps import CONVERGED_RESIDUAL, MET_ZERO, OUT_OF_STEPS, ROOM_USED, take_steps
from pipeline.flow.collocation.sweep import CARE, SCALE, SweepWork, make_sweep_work
from pipeline.flow.collocation.tableau import gauss
from pipeline.flow.collocation.workspace import (
    CROSSINGS,
    REJECTED,
    REPELLED,
    VANISHED,
    State,
    Steps,
    make_state,
    make_steps,
)
from pipeline.flow.exact.machine_code.interruptible import run_interruptibly
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.followed import Followed, Progress, Reading
from pipeline.flow.reduction import unit_of
from pipeline.flow.streaming import Blocks
from pipeline.flow.units import Units
from pipeline.flow.weights import in_logarithms
from pipeline.network.status import BY_NUMBER, Status
from pipeline.network.threads import one_thread

SWEEPS, SWEEPS_BELOW = 2, 1e-5
"""By how many sweeps a step's force is found again to read within it: below that tolerance by one more."""
MOST_STEPS = 500_000
"""A bound that turns a hang into a status, as the grouped path's."""
ROUGH_STEPS = 128
"""After so many steps crossings are looked at: who slides, unseen, makes steps without number."""
SMALL_RESIDUAL = 0.1
"""The residual, over the labels' scale, below which what is allowed falls with it."""
ROOM = 4_000_000
"""How many numbers a part of the record has: 32 megabytes."""
SOON_STEPS, SOON = 500, 5_000_000
"""The steps, and the products of neurons x points x coordinates in them, that take some 20 ms at most."""
CROSSING_SHARE = 4
"""At most one in so many pairs of a neuron and a point may cross in a step."""
IN_MEMORY = 1_000_000_000
"""The bytes of samples up to which they are kept in memory."""
AT_ONCE = 64_000_000
"""The bytes of samples that are read at a time."""
BALANCED = 4e-16
"""How far |a_j|/|w_j| may be from 1 at the start and mean 1: then it is 1 at any time."""


method = cache(gauss)  # to find one takes as long as a short run


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
    parts
        The record of the steps, in the solver's time: each part is full but the last.
    end
        The neurons at the record's end.
    """

    points: Points
    boundaries: Boundaries | None
    units: Units
    parts: tuple[Steps, ...]
    end: Neurons

    @property
    def undecided(self) -> bool:
        """Whether crossings have to be followed one by one.

        So where the w of a neuron reached 0, and where one slides, or chatters, among points on opposite rays.
        """
        if self.status is Status.STALLED and self.account["ambiguous_events"] > 0:
            return True
        held = self.status is Status.OUT_OF_STEPS or any(
            (part.held[:, 1] > part.held[:, 0]).any() for part in self.parts
        )
        return held and opposite_rays(self.data.variables["x"].values)

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
        (m, d), n = self.end.w.shape, self.data.sizes["point"]
        samples, each = len(times), m * (8 * (d + 2) + n) + 8 * n
        blocks = Blocks(samples, max(8 * m * d, m * n)) if samples * each > IN_MEMORY else None
        length = max(1, AT_ONCE // each) if blocks is None else blocks.length
        reader, watch, kept = Reader(self), np.zeros(3), []

        def read_all() -> None:
            for first in range(0, samples, length):
                values = reader.read(times[first : first + length] / self.time_unit, watch)
                if watch[0]:
                    return
                if blocks is not None:
                    for name in [name for name in values if values[name].ndim == 3]:
                        blocks.write(name, first, values.pop(name))
                kept.append(values)
                if reading is not None:
                    reading(min(first + length, samples), samples)

        if reading is not None:
            reading(0, samples)
        run_interruptibly(read_all, watch)
        found: dict[str, Any] = {name: np.concatenate([part[name] for part in kept]) for name in kept[0]}
        return found if blocks is None else found | blocks.arrays()


class Reader:
    """Reads a flow's neurons at increasing times: the workspace, and the steps of all parts in one row."""

    def __init__(self, followed: ManyPoints) -> None:
        self.followed = followed
        m, d = followed.end.w.shape
        self.points = followed.points if followed.boundaries is None else followed.boundaries.points
        self.state = make_state(
            self.points, followed.end, FINE_STAGES, most_crossings(followed.data.sizes["point"], m)
        )
        self.work: SweepWork = make_sweep_work(1, m, d, followed.points.labels.shape[1])
        self.tableaus = method(STAGES), method(FINE_STAGES)
        self.sweeps = SWEEPS + (followed.account["tolerance"] < SWEEPS_BELOW)
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
            *start, end_w, end_a, part.force[i], pairs, float(part.length[i]), self.sweeps, bool(part.corrected[i])
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


def most_crossings(n: int, m: int) -> int:
    """How many crossings there is room for in a step."""
    return max(1024, n * m // CROSSING_SHARE)


def follow_many_points(
    data: xr.Dataset,
    init: xr.Dataset,
    end_time: float | None,
    tolerance: float,
    slope: float,
    progress: Progress | None,
) -> ManyPoints:
    """Follow the flow by the collocation path; the parameters as ``follow_flow`` has checked them."""
    x, y = (np.array(data.variables[name].values, dtype=float, order="C") for name in ("x", "y"))
    units = Units(unit_of(x), unit_of(y))
    neurons = neurons_of(init, units)
    m = len(neurons.a)
    points = in_blocks(x / units.inputs, y / units.labels, m, slope, care(tolerance, len(y)))
    boundaries = boundaries_of(points, x / units.inputs, y / units.labels, m)
    load_many_points()
    watch = np.zeros(3)

    def tell(time: float, steps: int) -> None:
        if progress is not None:
            progress(time * units.time, steps)

    until = np.inf if end_time is None else end_time / units.time
    # To look through the loaded libraries takes longer than a whole run that asks none of them.
    with one_thread(len(y) if x.shape[1] > NARROW or x.shape[1] * m > SMALL_MATRIX else 0):
        started = perf_counter()
        solved = points if boundaries is None else boundaries.points
        state = make_state(solved, neurons, STAGES, most_crossings(len(y), m))
        work = state.work if boundaries is None else make_sweep_work(1, m, x.shape[1], points.labels.shape[1])
        first, at_start = patterns_of(points, neurons, work, len(y))
        unit = max(float(points.about[SCALE]), at_start)
        allowed = tolerance * share(tolerance, neurons)
        aims = np.array([allowed * unit, allowed, until, MOST_STEPS, SMALL_RESIDUAL * unit, tolerance])
        parts, ended_by = take_all(solved, state, aims, watch, tell)
        network = state.network
        end = Neurons(network.start_w.copy(), network.start_a.copy(), network.scale.copy())
        last, at_end = patterns_of(points, end, work, len(y))
        seconds = perf_counter() - started
    ended = status_of(ended_by, at_end <= CONVERGED_RESIDUAL * points.about[SCALE], boundaries)
    ambiguous = int(state.counts[REPELLED] + state.counts[VANISHED])
    ended, message = describe_end(ended, ambiguous)
    account = counted(state) | {
        "slope": slope,
        "status": ended.word,
        "status_message": message,
        "tolerance": tolerance,
        "solver_seconds": seconds,
        "steps": sum(len(part.time) for part in parts),
        "patterns": max(first, last),
        "ambiguous_events": ambiguous,
    }
    return ManyPoints(data, init, end_time, ended, account, points, boundaries, units, parts, end)


def counted(state: State) -> dict[str, Any]:
    """What a trajectory says of every flow of this path."""
    return {
        "method": "exact",
        "sampling_seconds": 0.0,
        "rejected_steps": int(state.counts[REJECTED]),
        "crossings": int(state.counts[CROSSINGS]),
    }


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
    return ended, f"The w of a neuron reached 0 in finite time, where the flow is not unique. {ended.value}"


def take_all(
    points: Points, state: State, aims: np.ndarray, watch: np.ndarray, tell: Progress
) -> tuple[tuple[Steps, ...], int]:
    """Take steps until the flow ends.

    The first few are taken in this thread, which a flow of 1 ms would wait for another one half as long; an
    interrupt comes after them.
    """
    soon = aims.copy()
    soon[3] = min(aims[3], SOON_STEPS, SOON // (points.rows.size * len(state.network.start_a)))
    parts, reason = take_parts(points, state, soon, watch)
    if reason == OUT_OF_STEPS and soon[3] < aims[3]:
        more, reason = run_interruptibly(lambda: take_parts(points, state, aims, watch), watch, tell)
        parts += more
    return parts, reason


def take_parts(points: Points, state: State, aims: np.ndarray, watch: np.ndarray) -> tuple[tuple[Steps, ...], int]:
    """Take steps in as many parts of the record as they need."""
    m, d = state.network.start_w.shape
    room = int(min(max(ROOM // (m * (d + 1) * (STAGES + 1)), 16), 512, aims[3] + 1))
    tableau, parts, reason = method(STAGES), [], ROOM_USED
    while reason == ROOM_USED:
        steps = min(room, ROUGH_STEPS) if points.about[CARE] == 0.0 else room
        record = make_steps(steps, STAGES, m, d, len(state.held.neuron) + steps)
        count, reason = take_steps(points, tableau, state, record, aims, watch)
        parts.append(shortened(record, count))
        if reason == ROOM_USED:
            points.about[CARE] = max(points.about[CARE], 1.0)
    return tuple(parts), int(reason)


def shortened(record: Steps, count: int) -> Steps:
    """The first steps of a record."""
    return record._replace(**{name: part[:count] for name, part in record._asdict().items() if name != "pairs"})


def neurons_of(init: xr.Dataset, units: Units) -> Neurons:
    """The start in the solver's units; a small neuron in its own, as :class:`Neurons` has it."""
    log_norm, ratio = init.variables["log_norm"].values - units.log_weight, init.variables["output_ratio"].values
    size = log_norm + np.log(np.maximum(np.abs(ratio), 1.0))
    scale = np.ceil(np.maximum(log(HIGHEST) - size, 0.0) / (SHIFT * log(2.0))).astype(np.int64)
    scale[size > -SHIFT * log(2.0)] = 0
    norm = np.exp(log_norm + SHIFT * log(2.0) * scale)
    w = np.ascontiguousarray(norm[:, None] * init.variables["direction"].values)
    return Neurons(w, norm * ratio, scale)


def patterns_of(points: Points, neurons: Neurons, work: SweepWork, n: int) -> tuple[int, float]:
    """How many activation patterns the neurons have, and the residual's root mean square."""
    residual, states = np.empty(n), np.empty((len(neurons.a), n), dtype=np.int8)
    look(points, (neurons.w, neurons.outputs), NOBODY, work, (residual, states))
    patterns = len({row.tobytes() for row in np.packbits(states == 2, axis=1)})
    return patterns, sqrt(residual @ residual / n)
