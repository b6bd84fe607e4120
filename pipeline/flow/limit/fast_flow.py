"""The flow from one stationary point to the next, along the neurons that escape from it.

Followed by the exact solver, from the saddle with the escaping neurons at |w| = e^-10: in their linear regime,
where the saddle's own unstable direction is the only one that grows. All other neurons that are 0 there are
given a norm of e^-100000 (the solver keeps logarithms), so that they turn as the residual says and carry
nothing. Neurons that are at one place with one sign are one neuron: their norms keep their ratios.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import xarray as xr

from catalog.schema import conform, variable
from pipeline.flow.course import follow_flow
from pipeline.network.activation import Activation
from pipeline.network.algebra import loss
from pipeline.network.patterns import Network
from pipeline.network.status import Status
from pipeline.stationary import Neurons, StationaryPoint, nearest_stationary_point

ESCAPING = -10.0
"""ln |w| of the neurons that escape, at the start."""
PASSIVE = -1e5
"""ln |w| of the others that are 0 at the saddle."""
CARRYING = 1e-3
"""|w| over that of a neuron that fits a label alone, sqrt(|y|/|x|), from which on it carries the function."""
NUDGE = 1e-9
"""The cosine by which a neuron that is not on a boundary stays off it."""
TOGETHER = 1e-7
"""The difference of two directions up to which they are one."""
ARRIVED = 1e-7
"""|r - r*| over |y| at which the next stationary point r* is reached."""
NEAR, SAME = 1e-3, 1e-9
"""The same where it is reached slowly: r* is the SAME as in half the time, and half of the way to it is left."""
LOWER = 1e-9
"""The share of the loss by which the next stationary point is lower, at least."""
GROWTH = 4.0
"""How far the first stretch of time lets ln |w| of the escaping neurons grow beyond 0, at their first rate."""
SHORTEST, MARGIN = 1.0 / 8.0, 1.1
"""A stretch over the time before it, at least, and over the time in which the gap would fall to ARRIVED."""
LATER = 0.6
"""The share of a stretch after which its gap tells how fast it falls."""
LONGEST = 40_000.0
"""The time of a passage, over that of the first stretch, up to which it is followed."""
TOLERANCE = 1e-6
MOST_STEPS = 5000
"""Of the solver in a stretch; 10 to 200 are usual."""
PASSED = (0.01, 0.99)
"""The shares of the fall of the loss between which the passage's time is taken."""


@dataclass(frozen=True)
class Saddle:
    """What the fast flow leaves.

    ``neurons`` and their ``norm`` (0 for those that are 0 there), who is ``escaping`` (numbers), the ``loss``
    and the ``rate`` of escape.
    """

    neurons: Neurons
    norm: np.ndarray
    escaping: np.ndarray
    loss: float
    rate: float


@dataclass(frozen=True)
class Arrival:
    """Where the fast flow leads.

    The ``neurons``, their ``norm`` and the ``residual`` at the stationary point; ``passage``: the t in which the
    loss makes its way there but for a hundredth at each end; ``approach``: the t until it is there.
    """

    neurons: Neurons
    norm: np.ndarray
    residual: np.ndarray
    passage: float
    approach: float


@dataclass
class Work:
    """How much the solver has done: its steps times neurons times points; and the ``most`` that it may."""

    most: float
    done: int = 0

    @property
    def used_up(self) -> bool:
        """Whether there is none left."""
        return self.done > self.most


def follow_escape(data: xr.Dataset, activation: Activation, saddle: Saddle, work: Work) -> Arrival | None:
    """Follow the flow from a saddle to the next stationary point; None if none is reached."""
    status = np.where(saddle.norm > 0, 2, 0)
    status[saddle.escaping] = 1
    first, group = places(saddle.neurons, status)
    size = np.sqrt(np.bincount(group, np.where(status == 2, saddle.norm, 1.0) ** 2))
    share = np.where(status == 2, saddle.norm, 1.0) / size[group]
    # A neuron that is off at every point never moves.
    alive = (status[first] > 0) | (saddle.neurons.gain[first] > 0).any(axis=1) | (activation.negative_slope != 0)
    log_norm = np.choose(status[first], [PASSIVE, ESCAPING, np.log(size)])
    fast = FastFlow(data, activation, saddle, status[first[alive]] > 0, work)
    found = fast.follow(saddle.neurons.of(first[alive]), log_norm[alive])
    if found is None:
        return None
    moved = alive[group]
    place = (np.cumsum(alive) - 1)[group[moved]]
    whole = Neurons(*(getattr(saddle.neurons, field.name).copy() for field in fields(Neurons)))
    for field in fields(Neurons):
        getattr(whole, field.name)[moved] = getattr(found.neurons, field.name)[place]
    norm = np.zeros(len(group))
    norm[moved] = found.norm[place] * share[moved]
    return Arrival(whole, norm, found.residual, found.passage, found.approach)


class FastFlow:
    """One passage: stretch after stretch of time, until a stationary point is reached.

    ``carried`` are the neurons that are not 0 on the way, those that escape among them.
    """

    def __init__(
        self, data: xr.Dataset, activation: Activation, saddle: Saddle, carried: np.ndarray, work: Work
    ) -> None:
        self.data, self.activation, self.saddle, self.carried, self.work = data, activation, saddle, carried, work
        self.x, self.y = data.variables["x"].values, data.variables["y"].values
        self.unit = np.sqrt(np.abs(self.y).max() / np.linalg.norm(self.x, axis=1).max())
        self.time, self.times, self.losses = 0.0, [np.zeros(0)], [np.zeros(0)]
        self.looked, self.gap, self.target = 0.0, np.inf, np.full(len(self.y), np.inf)

    def follow(self, neurons: Neurons, log_norm: np.ndarray) -> Arrival | None:
        """Follow these neurons to the next stationary point; None if none is reached."""
        first = stretch = (GROWTH - ESCAPING) / self.saddle.rate
        while self.time < LONGEST * first:
            followed = self.advance(neurons, log_norm, stretch)
            if followed is None:
                return None
            curve, last = followed
            neurons, log_norm = neurons_at(last), last.variables["log_norm"].values[0]
            carriers = self.carried & (log_norm > np.log(CARRYING * self.unit))
            point = self.nearest(last, carriers)
            if self.arrived(last, point):
                return self.at(point, neurons, carriers)
            log_norm = np.where(self.carried, log_norm, PASSIVE)
            stretch = min(max(self.missing(curve, point), SHORTEST * self.time), first + self.time)
        return None

    def advance(
        self, neurons: Neurons, log_norm: np.ndarray, stretch: float
    ) -> tuple[xr.Dataset, xr.Dataset] | None:
        """Follow the flow for some time: its curve and its end; None if it gives up, or has no work left."""
        init = conform(
            "initial",
            {
                "log_norm": log_norm,
                "direction": off_boundaries(self.x, neurons),
                "output_ratio": np.sign(neurons.ratio),
                "log_init_scale": ESCAPING,
            },
        )
        slope = self.activation.negative_slope
        course = follow_flow(
            self.data, init, end_time=stretch, tolerance=TOLERANCE, slope=slope, most_steps=MOST_STEPS
        )
        steps = course.account["steps"] + course.account["rejected_steps"]
        self.work.done += steps * len(log_norm) * len(self.y)
        if self.work.used_up or course.status in (Status.OUT_OF_STEPS, Status.DIVERGED):
            return None
        curve = course.curve(SAMPLES)
        self.times.append(self.time + curve.variables["time"].values)
        self.losses.append(curve.variables["loss"].values)
        self.time += stretch
        return curve, course.look(np.array([stretch]))

    def nearest(self, last: xr.Dataset, carriers: np.ndarray) -> StationaryPoint:
        """The stationary point next to the last sample, where these neurons carry the function."""
        network, residual = Network.at(self.data, last, 0), last.variables["residual"].values[0]
        carrying = np.bincount(network.group, carriers, minlength=len(network.state)) > 0
        return nearest_stationary_point(network, residual, carrying)

    def arrived(self, last: xr.Dataset, point: StationaryPoint) -> bool:
        """Whether the last sample is at this stationary point."""
        size = np.linalg.norm(self.y)
        gap = float(np.linalg.norm(last.variables["residual"].values[0] - point.residual) / size)
        there = gap <= ARRIVED
        if self.time >= 2.0 * self.looked:
            same = np.linalg.norm(point.residual - self.target) <= SAME * size
            there |= bool(same) and gap <= min(NEAR, 0.5 * self.gap)
            self.looked, self.gap, self.target = self.time, gap, point.residual
        lower = loss(point.residual) < (1 - LOWER) * self.saddle.loss
        return bool(point.reached and there and lower)

    def missing(self, curve: xr.Dataset, point: StationaryPoint) -> float:
        """The time in which the gap falls to ARRIVED, at the rate of the curve's end; infinite if it does not.

        In stretches each twice as long as the one before, a third of the solver's steps on ``high-dimensional``
        came after the next stationary point was reached.
        """
        time = curve.variables["time"].values
        later = int(np.searchsorted(time, LATER * time[-1]))
        gap = np.linalg.norm(curve.variables["residual"].values[[later, -1]] - point.residual, axis=1)
        gap = np.maximum(gap / np.linalg.norm(self.y), np.finfo(float).tiny)
        fallen = float(np.log(gap[0] / gap[1]))
        left = max(float(np.log(gap[1] / ARRIVED)), 0.0)
        return MARGIN * left * float(time[-1] - time[later]) / fallen if fallen > 0.0 else np.inf

    def at(self, point: StationaryPoint, neurons: Neurons, carriers: np.ndarray) -> Arrival:
        """Put the neurons that carry the function where the stationary point has them."""
        size = np.where(carriers, np.linalg.norm(point.w, axis=1), 0.0)
        kept = size > 0
        direction = neurons.direction.copy()
        direction[kept] = point.w[kept] / size[kept, None]
        fallen = (self.saddle.loss - np.concatenate(self.losses)) / (self.saddle.loss - loss(point.residual))
        time = np.concatenate(self.times)
        begin, end = (float(np.interp(share, np.maximum.accumulate(fallen), time)) for share in PASSED)
        there = Neurons(direction, neurons.ratio, neurons.gain, neurons.boundary)
        return Arrival(there, size, point.residual, end - begin, float(time[-1]))


SAMPLES = 400
"""Of the loss in each stretch."""


def places(neurons: Neurons, status: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Neurons that are at one place with one sign: the first of each place, and each one's place."""
    sides = np.column_stack([status, np.sign(neurons.ratio), neurons.boundary, neurons.gain > 0.5])
    key = np.column_stack([sides, np.round(neurons.direction / TOGETHER)]) + 0.0
    seen: dict[bytes, int] = {}  # of 200 neurons on 75 points a fiftieth of the time of sorting the rows
    group = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in key], dtype=int)
    return np.unique(group, return_index=True)[1], group


def neurons_at(trajectory: xr.Dataset) -> Neurons:
    """The neurons of the last sample, balanced."""
    state = trajectory.variables["activation"].values[-1]
    on, sliding = (state == variable("trajectory", "activation").flag(name) for name in ("on", "sliding"))
    return Neurons(
        trajectory.variables["direction"].values[-1].copy(),
        np.sign(trajectory.variables["output_ratio"].values[-1]),
        np.where(sliding, 0.5, on.astype(float)),
        sliding,
    )


def off_boundaries(x: np.ndarray, neurons: Neurons) -> np.ndarray:
    """Directions that are on their side of each boundary: those on one by rounding are moved off it."""
    length = np.linalg.norm(x, axis=1)
    unit = x / np.where(length > 0, length, 1.0)[:, None]
    side = np.where(neurons.gain > 0.5, 1.0, -1.0)
    direction = neurons.direction.copy()
    cosine = direction @ unit.T
    wrong = (side * cosine < NUDGE) & ~neurons.boundary & (length > 0)
    for j in np.flatnonzero(wrong.any(axis=1)):
        near = (np.abs(cosine[j]) < NUDGE) & (length > 0)
        target = np.where(neurons.boundary[j, near], 0.0, side[j, near] * NUDGE)
        direction[j] += np.linalg.lstsq(unit[near], target - cosine[j, near], rcond=1e-9)[0]
        direction[j] /= np.linalg.norm(direction[j])
    return direction
