"""The network at one moment, as figure 2 draws it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog.schema import flag_numbers
from catalog.schema.blocks import at_instant
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
    direction, log_norm, ratio, activation = at_instant(trajectory, index, *READ)
    sliding = flag_numbers(trajectory.variables["activation"].attrs)["sliding"]
    return State(direction, log_norm, ratio * np.exp(log_norm), role, (activation == sliding).any(axis=1))


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
