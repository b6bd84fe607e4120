"""What of a flow says where it is, along time: its loss, its residuals, and the norm of its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

GRID, ROUNDS = 17, 4
"""How a crossing is found: so many instants between two, so often; then it lies on a straight line."""


class Moments(NamedTuple):
    """``loss`` (t), ``residual`` (t, n) and ``gradient_norm`` (t) at some instants."""

    loss: np.ndarray
    residual: np.ndarray
    gradient_norm: np.ndarray


@dataclass(frozen=True)
class History:
    """``time`` (t), ``loss`` (t), ``residual`` (t, n), ``gradient_norm`` (t) at the instants that are known.

    ``label`` is max_k |y_k|. ``rests``: it ends at a stationary point, as the flow's own account says. ``read``
    tells the same of any other instants; None: what is known lies on straight lines in between.
    """

    time: np.ndarray
    loss: np.ndarray
    residual: np.ndarray
    gradient_norm: np.ndarray
    label: float
    rests: bool
    read: Callable[[np.ndarray], Moments] | None = None

    @classmethod
    def of(cls, data: xr.Dataset, trajectory: xr.Dataset) -> History:
        """Read the samples of a trajectory, and no neuron."""
        names = ("time", "loss", "residual", "gradient_norm")
        time, loss, residual, gradient_norm = (trajectory.variables[name].values for name in names)
        largest = float(np.abs(data.variables["y"].values).max(initial=0.0))
        return cls(time, loss, residual, gradient_norm, largest, "stationary_kind" in trajectory.attrs)

    def between(self, instant: int, other: int) -> float:
        """The most that a label's residual differs between two instants."""
        return float(np.abs(self.residual[instant] - self.residual[other]).max(initial=0.0))


def crossing_time(
    values: Callable[[np.ndarray], np.ndarray], outside: tuple[float, float], inside: tuple[float, float]
) -> float:
    """When values first cease to be positive on the way from one instant to another.

    Parameters
    ----------
    values
        Of times[instant]; of each of them.
    outside, inside
        (time, value) with a positive value, and with one that is not; either may be the earlier.
    """
    for _ in range(ROUNDS):
        times = np.linspace(outside[0], inside[0], GRID)
        there = values(times)
        there[-1] = min(there[-1], 0.0)  # up to rounding
        place = max(int(np.argmax(there <= 0.0)), 1)
        outside, inside = ((float(times[i]), float(there[i])) for i in (place - 1, place))
    return straight(outside, inside)


def straight(outside: tuple[float, float], inside: tuple[float, float]) -> float:
    """When a straight line through two (time, value) is 0; the time inside if a value is no number."""
    above, below = outside[1], -inside[1]
    if not np.isfinite(above + below) or above + below <= 0.0:
        return inside[0]
    return outside[0] + min(max(above / (above + below), 0.0), 1.0) * (inside[0] - outside[0])
