"""The plateaus in time, each with its stationary point and the kind of it.

When they are (:mod:`pipeline.stationary`) an exact flow tells among its attributes, along its steps, so that it
does not depend on where the trajectory is sampled. Of another method's it is found from the samples, linear in
between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from catalog.schema import validate
from pipeline.inputs.kinds import refuse_other_sizes
from pipeline.network.patterns import Network
from pipeline.network.points import describe_points
from pipeline.network.threads import one_thread
from pipeline.stationary import (
    Answer,
    History,
    PlateauInterval,
    Spectrum,
    StationaryPoint,
    find_plateau_intervals,
    kind_of,
    point_at,
    slow_intervals_of,
    spectrum,
)


@dataclass(frozen=True)
class Plateau:
    """One plateau: from ``start`` to ``end``, looked at in the sample ``slowest``, next to ``point``.

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


def locate_plateaus(data: xr.Dataset, trajectory: xr.Dataset) -> list[Plateau]:
    """Find the plateaus of a run, each with its stationary point and the kind of it.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow; one sample a plateau is read of a trajectory on disk.

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
    refuse_other_sizes(data=data, trajectory=trajectory)
    known: dict[int, tuple[Network, StationaryPoint]] = {}

    def points(samples: list[int]) -> list[StationaryPoint]:
        known.update({sample: point_at(data, trajectory, sample) for sample in samples if sample not in known})
        return [known[sample][1] for sample in samples]

    with one_thread(data.sizes["point"]):
        when = told_by(trajectory)
        if when is None:
            history = History.of(data, trajectory)
            when = find_plateau_intervals(history, slow_intervals_of(data, history), points)
        points([one.slowest for one in when])
        found = []
        for one in when:
            network, point = known[one.slowest]
            eigenvalues, answer = spectrum(network, point), kind_of(network, point, left=one.left)
            found.append(Plateau(one.start, one.end, one.slowest, one.left, network, point, eigenvalues, answer))
    return found


def told_by(trajectory: xr.Dataset) -> list[PlateauInterval] | None:
    """What a flow tells of its plateaus; None if it tells nothing of them.

    Those in which the trajectory has a sample: at what the others are can't be seen. ``slowest`` is the sample
    next to the instant that is told.
    """
    if "plateaus_told" not in trajectory.attrs:
        return None
    names = ("plateau_starts", "plateau_ends", "plateau_slowest_times", "plateaus_left")
    told = [np.atleast_1d(trajectory.attrs.get(name, [])).tolist() for name in names]
    time, found = trajectory.variables["time"].values, []
    for start, end, slowest, left in zip(*told, strict=True):
        inside = np.flatnonzero((time >= start) & (time <= end))
        if len(inside):
            nearest = inside[np.argmin(np.abs(time[inside] - slowest))]
            found.append(PlateauInterval(start, min(end, float(time[-1])), int(nearest), bool(left)))
    return found
