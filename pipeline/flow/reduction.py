"""From the labelled data to the solver's own problem, and back.

The flow has symmetries, and each takes something away that a kernel would have to watch for:

- units: with inputs in units X, labels in Y and weights in sqrt(Y/X) the equations are the same, in the time
  unit 1/(X Y): everything the solver sees is of order 1 (and powers of 2 make it exact);
- points on one ray: h is homogeneous, so all that points c_k e of one direction ask for is one point
  rho e with the label sum c_k y_k / rho, rho^2 = sum c_k^2; what it can't fit of them stays for ever. So does, for
  any time that a float can count, what points on almost one ray ask for beyond that;
- zero vectors: h is 0 there;
- coordinates without data never move (:mod:`pipeline.flow.frame`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log2, sqrt

import numpy as np
import xarray as xr

from catalog.schema import variable
from pipeline.flow.exact.dense_output import Samples
from pipeline.flow.exact.network.activation import OFF, ON
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.network.problem import Problem, make_problem
from pipeline.flow.frame import Frame
from pipeline.network.activation import Activation
from pipeline.network.algebra import outputs
from pipeline.network.rays import off_its_ray, rays

PARALLEL = 1e-8
"""The largest coordinate of u_k - u_l, for unit vectors, at which two points count as on one ray: what their
labels differ by is fitted at a rate of its square, which is the tangent kernel's rounding then."""


ON_BOUNDARY = 1e-13
"""The cosine up to which a neuron that another run had on a boundary is there still: the rounding of its
direction, in the data's coordinates and in the solver's."""


@dataclass(frozen=True)
class Reduction:
    """The solver's problem, and how its answers are those of the data.

    Attributes
    ----------
    frame : Frame
        The coordinates.
    problem, neurons
        What the kernels are given.
    point : int64[n]
        The reduced point that stands for each point; -1 for zero vectors.
    share : float64[n]
        h(x_k) over the output at its reduced point, both in their units.
    unfit : float64[n]
        The residual that no network can remove.
    beside : bool[n]
        Points whose direction is that of their reduced point but for a rounding of more than a float's.
    time_unit, log_weight_unit : float
        The paper's t of one unit of the solver's time; ln of one unit of weight.
    output_unit : float
        a_j/|w_j| over what the solver has: not 1 where the output layer has another speed.
    """

    frame: Frame
    problem: Problem
    neurons: Neurons
    point: np.ndarray
    share: np.ndarray
    unfit: np.ndarray
    beside: np.ndarray
    time_unit: float
    log_weight_unit: float
    output_unit: float = 1.0

    @classmethod
    def of(cls, data: xr.Dataset, init: xr.Dataset, slope: float = 0.0, output_speed: float = 1.0) -> Reduction:
        """Reduce the data set and the network of the stages data and flow."""
        output_unit = sqrt(output_speed)  # pipeline.flow.output_speed says why
        x, y = _floats(data, "x"), _floats(data, "y") / output_unit
        input_unit, label_unit = unit_of(x), unit_of(y)
        x, y = x / input_unit, y / label_unit
        point, representative, weight = rays(x, PARALLEL)
        rho = np.sqrt(np.bincount(point[point >= 0], weight[point >= 0] ** 2, minlength=len(representative)))
        share = np.where(point >= 0, weight / rho[point] if len(rho) else 0.0, 0.0)
        label: np.ndarray = np.bincount(point[point >= 0], (share * y)[point >= 0], minlength=len(representative))
        merged = x[representative] * rho[:, None]
        fitted = np.where(point >= 0, share * label[point] if len(label) else 0.0, 0.0)
        unfit = y - fitted
        unfit[np.abs(unfit) <= 1e-15 * np.abs(y)] = 0.0
        frame, points, direction = Frame.of(merged, _floats(init, "direction"))
        log_weight_unit = 0.5 * (log(label_unit) - log(input_unit))
        neurons = raw_neurons(
            direction, _floats(init, "log_norm") - log_weight_unit, _floats(init, "output_ratio") / output_unit,
            points, _resting(init, x, representative),
        )  # fmt: skip
        if len(points) == 0:  # nothing but zero vectors: one label of 0 at a point where every neuron is off
            points, label = np.eye(1, direction.shape[1]), np.array([0.0])
            neurons = neurons._replace(state=np.full((len(direction), 1), OFF, dtype=np.int8))
            slope = 0.0
        return cls(
            frame,
            make_problem(points, label, slope),
            neurons,
            point,
            share * label_unit * output_unit,
            unfit * label_unit * output_unit,
            off_its_ray(x, point, representative),
            len(y) / len(points) / input_unit / label_unit / output_speed,
            log_weight_unit,
            output_unit,
        )

    @property
    def contradictory(self) -> bool:
        """Whether points on one ray have labels that no network can fit together."""
        return bool(np.any(np.abs(self.unfit) > 1e-12 * np.abs(self.share).max(initial=0.0)))

    def residual(self, reduced: np.ndarray) -> np.ndarray:
        """The residuals (..., n) of the data for those (..., reduced points) of the solver."""
        found = self.unfit + self.share * reduced[..., self.point]
        return np.where(self.point >= 0, found, self.unfit)

    def residual_slope(self, reduced: np.ndarray) -> np.ndarray:
        """How fast they change, in the solver's time, for those (..., reduced points) of the solver."""
        return np.where(self.point >= 0, self.share * reduced[..., self.point], 0.0)

    def stored_residual(self, data: xr.Dataset, taken: Samples) -> np.ndarray:
        """The residuals (samples, n) of the data for those neurons of the solver, in the data's units.

        Points on almost one ray are read from the network itself: as one point they are known to
        :data:`PARALLEL` only.
        """
        found = self.residual(taken.residual)
        if not self.beside.any():
            return found
        x, y = data.variables["x"].values[self.beside], data.variables["y"].values[self.beside]
        size = np.exp(taken.log_norm + self.log_weight_unit)
        for place, direction in enumerate(self.frame.back(taken.direction)):
            w, a = size[place][:, None] * direction, size[place] * self.output_unit * taken.output_ratio[place]
            found[place, self.beside] = y - outputs(x, w, a, Activation(self.problem.negative_slope))
        return found

    def activation(self, states: np.ndarray) -> np.ndarray:
        """The states (..., neuron, n) at the data for those at the reduced points."""
        if (self.point >= 0).all() and len(self.point) == states.shape[-1]:
            return states
        return np.where(self.point >= 0, states[..., self.point], np.int8(OFF)).astype(np.int8)

    def gradient_norm(self, reduced: np.ndarray) -> np.ndarray:
        """|grad L| in the data's units: the speed of the weights."""
        return np.asarray(reduced * (np.exp(self.log_weight_unit) / self.time_unit))


def _floats(dataset: xr.Dataset, name: str) -> np.ndarray:
    """A variable as the solver's one type of array: another precision or layout would be compiled for anew."""
    return np.array(dataset.variables[name].values, dtype=float, order="C")


def unit_of(values: np.ndarray) -> float:
    """The power of 2 next to the largest size: dividing by it rounds nothing."""
    largest = float(np.abs(values).max(initial=0.0))
    return 2.0 ** round(log2(largest)) if largest > 0.0 else 1.0


def _resting(init: xr.Dataset, x: np.ndarray, representative: np.ndarray) -> np.ndarray | None:
    """Which neurons of a start that another run was at are off on a boundary: bool[neuron, reduced point].

    There relu'(0) = 0 holds them, and rounding alone says on which side their w is. None where nothing is known,
    or the activation is that of other points.
    """
    known = init.variables.get("activation")
    if known is None or known.shape[1] != len(x):
        return None
    there = x[representative]
    reached = np.abs(init.variables["direction"].values @ there.T)
    off = known.values[:, representative] == variable("initial", "activation").flag("off")
    return np.asarray(off & (reached <= ON_BOUNDARY * np.linalg.norm(there, axis=1)))


def raw_neurons(
    direction: np.ndarray,
    log_norm: np.ndarray,
    ratio: np.ndarray,
    x: np.ndarray,
    resting: np.ndarray | None = None,
) -> Neurons:
    """The network as the kernels hold it: (w, a, a^2 - |w|^2) in the unit in which (|w|^2 + a^2)/2 = 1.

    ``resting`` says which neurons are off at which points, whatever the rounding of w says.
    """
    on = direction @ x.T > 0.0
    if resting is not None:
        on &= ~resting
    larger = np.maximum(np.abs(ratio), 1.0)
    w, a = 1.0 / larger, ratio / larger
    balanced = np.abs(np.abs(ratio) - 1.0) <= 4e-16
    size = np.where(balanced, 1.0, np.sqrt(0.5 * (w**2 + a**2)))
    imbalance = np.where(balanced, 0.0, (a - w) * (a + w) / size**2)
    a = np.where(balanced, np.sign(ratio), a / size)
    return Neurons(
        np.column_stack([direction * (w / size)[:, None], a, imbalance]),
        log_norm + np.log(larger) + np.log(size),
        np.where(imbalance >= 0.0, np.sign(ratio), 0.0),
        np.where(on, ON, OFF).astype(np.int8),
    )
