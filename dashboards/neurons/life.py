"""One neuron through a run: its direction, norm, output and activation, and the events of its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog import decode

Numbers = npt.NDArray[np.float64]

INSTANTS_LIMIT = 500
"""Instants at which a neuron is read: of a trajectory that is not in memory each may be a chunk of the store."""


@dataclass(frozen=True)
class Event:
    """A change of a neuron's state at a point, between two instants that were read.

    Attributes
    ----------
    after, before
        These two instants.
    point
        The point, by its number.
    old, new
        The states: ``on``, ``off`` or ``sliding``.
    """

    after: float
    before: float
    point: int
    old: str
    new: str

    @property
    def text(self) -> str:
        """Say what has happened."""
        if self.new == "sliding":
            return f"begins to slide along the boundary of point {self.point}"
        if self.old == "sliding":
            return f"leaves the boundary of point {self.point}, and is {self.new} there"
        return f"crosses the boundary of point {self.point}: {self.old} → {self.new}"


@dataclass(frozen=True)
class NeuronLife:
    """One neuron over time.

    Attributes
    ----------
    number
        The neuron.
    time
        The instants that were read.
    direction
        w/|w| : float64[instants, coords].
    log_norm, output_ratio
        ln |w| and a/|w| : float64[instants].
    state
        ``on``, ``off`` or ``sliding`` : str[instants, points].
    codes, words
        The numbers of these states, and their words by number.
    events
        The changes of the state, in their order.
    """

    number: int
    time: Numbers
    direction: Numbers
    log_norm: Numbers
    output_ratio: Numbers
    state: npt.NDArray[np.str_]
    codes: Numbers
    words: Mapping[int, str]
    events: tuple[Event, ...]

    def turned(self) -> float:
        """Return the angle between the first and the last direction, in degrees."""
        cosine = float(np.clip(self.direction[0] @ self.direction[-1], -1.0, 1.0))
        return float(np.degrees(np.arccos(cosine)))


def follow_neuron(groups: Mapping[str, xr.Dataset], number: int, limit: int = INSTANTS_LIMIT) -> NeuronLife:
    """Read one neuron of a run at at most ``limit`` instants."""
    trajectory = groups["trajectory"]
    instants = np.unique(np.linspace(0, trajectory.sizes["time"] - 1, limit).round().astype(int))
    names = ["direction", "log_norm", "output_ratio", "activation"]
    part = trajectory[names].isel(neuron=number, time=instants).load()
    time = np.asarray(part["time"].values, dtype=np.float64)
    state = decode(part["activation"], missing="?")
    codes = np.asarray(part["activation"].values, dtype=np.float64)
    words = {int(code): str(word) for code, word in zip(codes.ravel(), state.ravel(), strict=True)}
    events = [
        Event(float(time[i]), float(time[i + 1]), int(k), str(state[i, k]), str(state[i + 1, k]))
        for i, k in np.argwhere(state[1:] != state[:-1])
    ]
    direction, log_norm, ratio = (np.asarray(part[name].values) for name in names[:3])
    return NeuronLife(number, time, direction, log_norm, ratio, state, codes, words, tuple(events))


def extremal_direction(
    data: xr.Dataset, states: npt.NDArray[np.str_], slope: float
) -> npt.NDArray[np.float64] | None:
    """Return the direction of (1/n) sum_k phi'_k y_k x_k, to which a small neuron of this pattern turns.

    Parameters
    ----------
    data
        The points and labels.
    states
        Of the neuron at each point.
    slope
        The slope of the leaky ReLU.

    Returns
    -------
    float64[coords] or None
        A unit vector; None where the sum is 0. A neuron with a < 0 turns to its negative.
    """
    x, y = np.asarray(data["x"].values), np.asarray(data["y"].values)
    weight = np.where(states == "on", 1.0, slope) * y / len(y)
    force = weight @ x
    length = float(np.linalg.norm(force))
    return np.asarray(force / length) if length > 0 else None
