"""The plateaus in time: each lasts while the trajectory is near one stationary point, and each point has one.

The dips of g = |grad L|^2/L (:mod:`pipeline.phases.dips`) say where the flow is slow. Two things are left to say.
Dips next to the same stationary point are one plateau: near it g may be the solver's rounding, in waves, and a
slow approach may come in steps. And a dip may last longer than its point is near: while g is still small one
label after the other may be fitted, each transition slow against the next.

A point is *left* when the loss has fallen by :data:`LEFT` of what it falls by until the next plateau, or any
label's residual has moved by that share of the most that it moves by until then; where no plateau follows, of
the loss and of the residuals themselves. It is *entered* likewise, with the plateau before. In between the loss
is within that share of the plateau's own, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from catalog.schema import validate
from pipeline.network.patterns import Network
from pipeline.phases.dips import FITTED, Dip, find_dips
from pipeline.points import describe_points
from pipeline.stationary import Answer, Spectrum, StationaryPoint, kind_of, point_at, spectrum
from pipeline.threads import one_thread

LEFT = 0.1
"""The share of the next transition at which a point is left. A tenth: a plateau then loses less than a fifth of
its loss from its start to its end, and what is drawn thick is flat."""
STILL = 0.3
"""The share of the way of the label that moves most, as which the way of one that moves less counts: all labels
move a little when one is fitted."""
SAME_RESIDUAL = 1e-8
"""max_k |r_k - r'_k| over the largest label up to which two samples are at one point, whatever it is."""
SAME_POINT = 1e-5
"""The same for the residuals r* of two stationary points: the solver's tolerance moves them by some 1e-6."""


@dataclass(frozen=True)
class Plateau:
    """One plateau: from ``start`` to ``end``, slowest at the sample ``slowest``, next to the stationary ``point``.

    ``left``: the flow goes on from it.
    """

    start: float
    end: float
    slowest: int
    left: bool
    network: Network
    point: StationaryPoint
    spectrum: Spectrum
    answer: Answer


@dataclass(frozen=True)
class History:
    """What of a trajectory says where it is: ``time`` (t), ``loss`` (t), ``residual`` (t, n).

    ``label`` is max_k |y_k|. ``rests``: it ends at a stationary point, as the flow's own account says.
    """

    time: np.ndarray
    loss: np.ndarray
    residual: np.ndarray
    label: float
    rests: bool

    @classmethod
    def of(cls, data: xr.Dataset, trajectory: xr.Dataset) -> History:
        """Read the residuals of a trajectory, and no neuron."""
        time, loss, residual = (trajectory.variables[name].values for name in ("time", "loss", "residual"))
        largest = float(np.abs(data.variables["y"].values).max(initial=0.0))
        return cls(time, loss, residual, largest, "stationary_kind" in trajectory.attrs)

    def between(self, sample: int, other: int) -> float:
        """The most that a label's residual differs between two samples."""
        return float(np.abs(self.residual[sample] - self.residual[other]).max(initial=0.0))


def lingering(data: xr.Dataset, trajectory: xr.Dataset) -> list[Plateau]:
    """Find the plateaus of a run, each with its stationary point and the kind of it.

    Parameters
    ----------
    data, trajectory
        The datasets of stages 1 and 2; one sample a dip is read of a trajectory on disk.

    Returns
    -------
    list of Plateau
        In time's order; they do not overlap, and no two are next to the same stationary point.

    Raises
    ------
    ValueError
        If a dataset is not what its stage makes.
    """
    data, trajectory = describe_points(data), validate("trajectory", trajectory)
    history, found = History.of(data, trajectory), []
    with one_thread(data.sizes["point"]):
        dips = joined_by_labels(history, dips_of(data, trajectory))
        known = {dip.slowest: point_at(data, trajectory, dip.slowest) for dip in dips}
        dips = joined_by_points(history, dips, [known[dip.slowest][1] for dip in dips])
        for number, dip in enumerate(dips):
            start, end, left = stretch(history, dips, number)
            network, point = known.get(dip.slowest) or point_at(data, trajectory, dip.slowest)
            eigenvalues, answer = spectrum(network, point), kind_of(network, point, left=left)
            found.append(Plateau(start, end, dip.slowest, left, network, point, eigenvalues, answer))
    return found


def dips_of(data: xr.Dataset, trajectory: xr.Dataset) -> list[Dip]:
    """Find where a run may linger: its dips, and its end if it rests there."""
    x, y = (data.variables[name].values for name in ("x", "y"))
    rates = [float(np.linalg.norm(data.variables[f"growth_{sign}"].values)) for sign in ("positive", "negative")]
    # Both vanish for antipodal points of one label.
    whole = float(np.abs(y) @ np.linalg.norm(x, axis=1)) / len(y)
    time, loss, gradient_norm = (trajectory.variables[name].values for name in ("time", "loss", "gradient_norm"))
    rate, zero_loss = min((rate for rate in rates if rate > 0), default=whole), 0.5 * float(np.mean(y**2))
    found = find_dips(time, loss, gradient_norm, rate, zero_loss)
    rests = "stationary_kind" in trajectory.attrs and loss[-1] > FITTED * zero_loss
    if rests and not (found and found[-1].end == time[-1]):
        found.append(Dip(found[-1].end if found else float(time[0]), float(time[-1]), len(time) - 1))
    return found


def joined_by_labels(history: History, dips: list[Dip]) -> list[Dip]:
    """Join the dips between which no label moves: there are hundreds where g is rounding."""
    found: list[Dip] = []
    for dip in dips:
        if found and history.between(found[-1].slowest, dip.slowest) <= SAME_RESIDUAL * history.label:
            found[-1] = joined(found[-1], dip)
        else:
            found.append(dip)
    return found


def joined_by_points(history: History, dips: list[Dip], points: list[StationaryPoint]) -> list[Dip]:
    """Join the dips from the first to the last that are next to one stationary point."""
    found: list[Dip] = []
    first = 0
    while first < len(dips):
        last = first
        for other in range(first + 1, len(dips)):
            both_near = points[first].near and points[other].near
            pair = [(dips[i], points[i]) for i in (first, other)]
            if (both_near or other == last + 1) and same(history, *pair):
                last = other
        found.append(Dip(dips[first].start, dips[last].end, dips[last].slowest))
        first = last + 1
    if history.rests and found and history.time[-1] == found[-1].end:
        # At rest all samples are as slow: the plateau's point is that of the end, as the flow's account has it.
        found[-1] = Dip(found[-1].start, float(history.time[-1]), len(history.time) - 1)
    return found


def same(history: History, one: tuple[Dip, StationaryPoint], other: tuple[Dip, StationaryPoint]) -> bool:
    """Whether two points are no further apart, in their residuals, than the trajectory passes by them."""
    away = [
        float(np.abs(history.residual[dip.slowest] - point.residual).max(initial=0.0))
        for dip, point in (one, other)
        if point.near
    ]
    apart = float(np.abs(one[1].residual - other[1].residual).max(initial=0.0))
    return apart <= max(SAME_POINT * history.label, *away, 0.0)


def joined(first: Dip, second: Dip) -> Dip:
    """One dip from the start of the first to the end of the second; slowest where the loss is least."""
    return Dip(first.start, second.end, second.slowest)


def stretch(history: History, dips: list[Dip], number: int) -> tuple[float, float, bool]:
    """When a plateau starts and ends, and whether it is left."""
    dip, time = dips[number], history.time
    entered = crossing(history, dip.slowest, dips[number - 1].slowest if number else None, -1)
    followed = number + 1 < len(dips)
    left = crossing(history, dip.slowest, dips[number + 1].slowest if followed else None, 1)
    start = dip.start if entered is None else max(dip.start, entered)
    # A dip may end, in waves of rounding, before the last point is left.
    end = (dip.end if followed else float(time[-1])) if left is None else min(dip.end, left)
    at = float(time[dip.slowest])
    return min(start, at), max(end, at), followed or left is not None


def crossing(history: History, at: int, other: int | None, step: int) -> float | None:
    """When the trajectory, from sample ``at`` on in one direction of time, is no more near; linear in between.

    Parameters
    ----------
    history, at
        The plateau's slowest sample.
    other
        That of the neighbouring plateau; None: there is none.
    step
        1: later; -1: earlier.

    Returns
    -------
    float or None
        None: it is near to the end, or the start, of the run.
    """
    stop = (len(history.time) - 1 if step > 0 else 0) if other is None else other
    samples = np.arange(at, stop + step, step)
    fallen = np.abs(history.loss[samples] - history.loss[at])
    moved = np.abs(history.residual[samples] - history.residual[at])
    size, way = history.loss[at], moved.max(axis=0)
    if other is None:
        way = np.maximum(way, np.abs(history.residual[at]))
    else:
        size = min(size, fallen[-1])
    way = np.maximum(way, STILL * way.max(initial=0.0))
    limits = LEFT * np.append(way, size)
    shares = np.column_stack([moved, fallen]) / np.where(limits > 0, limits, np.inf)
    return first_beyond(history.time[samples], shares)


def first_beyond(time: np.ndarray, shares: np.ndarray) -> float | None:
    """When a column of ``shares`` (t, column), 0 at first, exceeds 1, linear between samples; None: never."""
    beyond = np.flatnonzero((shares > 1.0).any(axis=1))
    if not len(beyond):
        return None
    i = int(beyond[0])
    over = shares[i] > 1.0
    part = float(np.min((1.0 - shares[i - 1, over]) / (shares[i, over] - shares[i - 1, over])))
    return float(time[i - 1] + part * (time[i] - time[i - 1]))
