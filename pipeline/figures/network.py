"""The network at one moment, as figure 2 draws it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.schema import flag_numbers
from pipeline.figures.reading import FloatArray, Run, group_of, values

Names = npt.NDArray[np.str_]
Indices = npt.NDArray[np.intp]

MANY = 2_000
"""Neurons; above this one marker a cell is drawn, as a picture: more would be megabytes and look no different."""

CELLS = 300
"""Cells along an axis: a tenth of a marker's width each."""

READ = ["direction", "log_norm", "output_ratio", "activation"]
"""The variables of a trajectory that make a state."""


@dataclass(frozen=True)
class State:
    """The network at one sample.

    Attributes
    ----------
    direction, log_norm
        w_j/|w_j| (neuron, coord) and ln |w_j| (neuron); the norm itself may underflow.
    output
        a_j (neuron), in plain units.
    role
        The role of each neuron, by name.
    sliding
        Whether a neuron is held on the boundary of a data point: its kink is there.
    """

    direction: FloatArray
    log_norm: FloatArray
    output: FloatArray
    role: Names
    sliding: npt.NDArray[np.bool_]

    @property
    def weight(self) -> FloatArray:
        """w_j in plain units."""
        return np.asarray(np.exp(self.log_norm)[:, None] * self.direction)

    @property
    def height(self) -> FloatArray:
        """s_j |w_j|."""
        return np.asarray(np.sign(self.output) * np.exp(self.log_norm))


def state_at(tree: Run, time: float, role: Names) -> State | None:
    """Read the sample nearest to ``time``; None if there is no such time (NaN)."""
    if np.isnan(time):
        return None
    nearest = int(np.argmin(np.abs(values(tree, "trajectory", "time") - time)))
    return read_state(group_of(tree, "trajectory")[READ], nearest, role)


def read_state(trajectory: xr.Dataset, index: int, role: Names) -> State:
    """Read one sample of a trajectory, by its number.

    Parameters
    ----------
    trajectory
        With the variables :data:`READ`; of a run larger than memory nothing but the sample is read.
    """
    # A slice, though of one: so nothing else is read, however it is kept.
    sample = trajectory.isel(time=slice(index, index + 1))
    direction, log_norm, ratio = (np.asarray(sample[name].values[0], dtype=np.float64) for name in READ[:3])
    return State(direction, log_norm, ratio * np.exp(log_norm), role, _sliding(sample["activation"]))


def _sliding(activation: xr.DataArray) -> npt.NDArray[np.bool_]:
    """Which neurons slide along a boundary, of the activation(time, neuron, point) of one sample."""
    sliding = flag_numbers(activation.attrs)["sliding"]
    return np.asarray((activation.values[0] == sliding).any(axis=1))


def minimum(tree: Run) -> tuple[FloatArray, FloatArray]:
    """Read w and a of the minimum-norm network (balanced); no neurons where it is not known."""
    weight = values(tree, "minimal_norm", "weight")
    return weight, values(tree, "minimal_norm", "output_sign") * np.linalg.norm(weight, axis=1)


def thinned(horizontal: FloatArray, vertical: FloatArray, size: FloatArray) -> Indices:
    """Choose which of many markers to draw: the largest in each of 300 x 300 cells. Few are all drawn.

    Parameters
    ----------
    horizontal, vertical
        Where the markers stand, in parts of the panel.
    size
        The markers' sizes, or anything that grows with them.
    """
    if len(size) <= MANY:
        return np.arange(len(size))
    order = np.argsort(-size, kind="stable")
    columns, rows = (np.rint(CELLS * place[order]).astype(np.int64) for place in (horizontal, vertical))
    _, first = np.unique(columns * (2 * CELLS + 1) + rows, return_index=True)
    return np.sort(order[first])


def kinks(slope: FloatArray, offset: FloatArray) -> FloatArray:
    """Where slope x + offset changes sign; infinite where it does not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(-offset / slope)


def piecewise_linear(
    slope: FloatArray, offset: FloatArray, output: FloatArray, position: FloatArray, leak: float = 0.0
) -> FloatArray:
    """Evaluate sum_j a_j phi(slope_j x + offset_j) at increasing x, in the time of a sort and not of a product.

    phi(u) = u for u > 0, else leak u; so it is leak u + (1 - leak) relu(u). Of the second part: a neuron of
    positive slope is on from its kink, one of negative slope until its kink: on each stretch between two
    positions the sum is a line, whose slope and offset are running sums over the kinks passed.
    """
    kink = kinks(slope, offset)
    rising, falling = slope > 0, slope < 0
    always = (falling | ((slope == 0) & (offset > 0))).astype(np.float64)
    change = np.where(rising, 1.0, 0.0) - falling
    # A neuron of slope 0 has no kink; past the last position it changes nothing.
    passed = np.where(change == 0, len(position), np.searchsorted(position, kink))
    result = np.zeros(len(position))
    for term, factor in ((output * slope, position), (output * offset, np.ones_like(position))):
        steps = np.bincount(passed, term * change, minlength=len(position) + 1)
        active = np.sum(term * always) + np.cumsum(steps)[:-1]
        result += (leak * np.sum(term) + (1 - leak) * active) * factor
    return result
