"""Neurons that point the same way: quantisation (Maennel, Bousquet, Gelly 2018).

While the weights are small the neurons turn towards few directions, and from then on move as one: a cluster is
equivalent to one neuron of its direction and mass. Looked at when each plateau is slowest, at the last sample in
it, and at the end of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
import xarray as xr

from catalog.schema import conform, validate, variable
from catalog.schema.blocks import at_instant
from pipeline.inputs.kinds import refuse_other_sizes
from pipeline.network.points import take_points

ANGLE = 0.05
"""The angle (radians) within which neurons of one sign belong to the leader of a cluster. From 0.01 to 0.05 as
many clusters matter on the presets of small start, once the neurons have aligned; at 0.1 two of ``non-orthogonal``
become one. From a large start nothing aligns, and the number depends on the angle."""
LARGEST = 100
"""How many clusters are looked for: before they align there are as many as neurons."""
SMALL = 512
"""The number of neurons up to which a table of all pairs is made: 2 MB."""
RELEVANT = 1e-3
"""The share of all mass from which a cluster matters."""


@dataclass(frozen=True)
class Clusters:
    """The clusters of one network, by mass: ``direction`` (c, d), ``log_mass`` (c), ``neurons`` (c), ``sign`` (c).

    ``rest_log_mass`` and ``rest_neurons`` are those of the neurons in none of them.
    """

    direction: np.ndarray
    log_mass: np.ndarray
    neurons: np.ndarray
    sign: np.ndarray
    rest_log_mass: float
    rest_neurons: int

    @property
    def relevant(self) -> int:
        """How many have :data:`RELEVANT` of all mass or more."""
        whole = np.logaddexp.reduce(np.append(self.log_mass, self.rest_log_mass))
        return int(np.sum(self.log_mass >= whole + np.log(RELEVANT)))


def find_clusters(data: xr.Dataset, trajectory: xr.Dataset, plateaus: xr.Dataset) -> xr.Dataset:
    """Group the neurons by direction at the slowest and the last sample of each plateau and at the end.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow; only the samples in question are read.
    plateaus
        From :func:`pipeline.phases.find_plateaus`.

    Returns
    -------
    Dataset
        Group ``clusters`` of the schema: direction(instant, cluster, coord), mass, log_mass, neurons,
        output_sign; NaN where an instant has fewer clusters than another.
    """
    data, trajectory = take_points(data), validate("trajectory", trajectory)
    plateaus = validate("plateaus", plateaus)
    refuse_other_sizes(data=data, trajectory=trajectory)
    time = trajectory.variables["time"].values
    samples, moments, labels = instants(time, plateaus)
    found = [clusters_at(trajectory, sample) for sample in samples]
    most = max(len(clusters.sign) for clusters in found)

    def padded(name: str) -> np.ndarray:
        arrays = [np.asarray(getattr(clusters, name), dtype=float) for clusters in found]
        whole = np.full((len(arrays), most, *arrays[0].shape[1:]), np.nan)
        for i, array in enumerate(arrays):
            whole[i, : len(array)] = array
        return whole

    log_mass = padded("log_mass")
    dataset = conform(
        "clusters",
        {
            "instant_time": time[samples],
            "moment": moments,
            "plateau": labels,
            "direction": padded("direction"),
            "mass": np.exp(log_mass),
            "log_mass": log_mass,
            "neurons": padded("neurons"),
            "output_sign": padded("sign"),
            "relevant": [clusters.relevant for clusters in found],
            "rest_log_mass": [c.rest_log_mass if c.rest_neurons else np.nan for c in found],
            "rest_neurons": [clusters.rest_neurons for clusters in found],
        },
    )
    dataset.variables["coord"].attrs.update(data.variables["coord"].attrs)
    return dataset


def instants(time: np.ndarray, plateaus: xr.Dataset) -> tuple[list[int], list[int], list[int]]:
    """The samples at which the network is looked at, which moment each is, and of which plateau."""
    moment, label = variable("clusters", "moment"), variable("clusters", "plateau")
    found = []
    columns = (plateaus.variables[name].values for name in ("label", "slowest", "end"))
    for number, slowest, end in zip(*columns, strict=True):
        found.append((int(np.searchsorted(time, slowest)), moment.flag("slowest"), int(number)))
        last = int(np.searchsorted(time, end, side="right")) - 1
        if found[-1][0] < last < len(time) - 1:
            found.append((last, moment.flag("leaving"), int(number)))
    found.append((len(time) - 1, moment.flag("end"), label.flag("none")))
    samples, moments, labels = (list(column) for column in zip(*found, strict=True))
    return samples, moments, labels


def clusters_at(trajectory: xr.Dataset, sample: int) -> Clusters:
    """Group the neurons of one sample."""
    direction, log_norm, ratio = at_instant(trajectory, sample, "direction", "log_norm", "output_ratio")
    with np.errstate(divide="ignore"):
        log_mass = 2.0 * log_norm + np.log(np.abs(ratio))
    return clusters_of(direction, log_mass, np.sign(ratio))


def clusters_of(direction: np.ndarray, log_mass: np.ndarray, sign: np.ndarray) -> Clusters:
    """Group unit vectors greedily: the heaviest one left leads, and takes those of its sign within :data:`ANGLE`.

    Parameters
    ----------
    direction, log_mass, sign
        [neuron, coord] and [neuron] twice. A neuron with a = 0 (log_mass -inf) carries nothing: it is left out.

    Notes
    -----
    A leader's neurons are within twice the angle of one another, so that no chain of neighbours becomes one
    cluster, as linkage would make of a million neurons in all directions; and one pass a cluster needs no table of
    pairs. Of equal masses the first leads: the result depends on nothing but the network.
    """
    directions: list[np.ndarray] = []
    masses: list[float] = []
    counts: list[int] = []
    leaders: list[int] = []
    left = np.isfinite(log_mass)
    for leader, members in groups(direction, log_mass, sign):
        left[members] = False
        middle, mass = direction[leader], log_mass[leader]
        if len(members) > 1:
            share = np.exp(log_mass[members] - mass)
            middle, mass = share @ direction[members], mass + np.log(share.sum())
        directions.append(middle / sqrt(middle.dot(middle)))  # as the norm does it, in a third of its time
        masses.append(mass)
        counts.append(len(members))
        leaders.append(leader)
    order = np.argsort(-np.array(masses), kind="stable")
    return Clusters(
        np.array(directions).reshape(-1, direction.shape[1])[order],
        np.array(masses)[order],
        np.array(counts, dtype=int)[order],
        sign[np.array(leaders, dtype=int)][order],
        float(np.logaddexp.reduce(log_mass[left])) if left.any() else -np.inf,
        int(left.sum()),
    )


def groups(direction: np.ndarray, log_mass: np.ndarray, sign: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The leader and the members of one cluster after the other, of a network as for :func:`clusters_of`."""
    left = np.flatnonzero(np.isfinite(log_mass))
    if len(left) <= SMALL:
        yield from _groups_by_table(direction, log_mass, sign, left)
        return
    for _ in range(LARGEST):
        leader = left[np.argmax(log_mass[left])]
        mine = (direction[left] @ direction[leader] >= np.cos(ANGLE)) & (sign[left] == sign[leader])
        members, left = left[mine], left[~mine]
        yield int(leader), members
        if not len(left):
            return


def _groups_by_table(
    direction: np.ndarray, log_mass: np.ndarray, sign: np.ndarray, left: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """:func:`groups` from one table of all pairs: half the time where each neuron is a cluster of its own."""
    units, signs = direction[left], sign[left]
    alike = (units @ units.T >= np.cos(ANGLE)) & (signs[:, None] == signs)
    free, found = np.ones(len(left), dtype=bool), 0
    for leader in np.argsort(-log_mass[left], kind="stable").tolist():
        if found == LARGEST:
            return
        if free[leader]:
            mine, found = alike[leader] & free, found + 1
            free ^= mine
            yield int(left[leader]), left[mine]
