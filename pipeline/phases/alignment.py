"""Extremal directions and the neurons that go to them, on labelled data."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform, validate, variable
from catalog.schema.blocks import at_instant
from pipeline.inputs.arguments import SLOPE, number, numbers
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import dataset, instance, refuse_other_sizes
from pipeline.network.activation import Activation
from pipeline.network.points import take_points
from pipeline.network.threads import one_thread
from pipeline.stationary import EXTREMAL_KINDS, Ends, Extremal, FrozenFlow, Neurons, critical_points

SAME = 1e-7
"""The difference of two directions up to which they are one."""
ALIGNING = 1e-2
"""|r - y| over |y| up to which a run is still aligning."""
MAXIMUM, MINIMUM, SADDLE = EXTREMAL_KINDS
NOWHERE = -2
"""The partner of a neuron that feels no force where it ends."""
STOPPED = 1e11
"""|a|/|w| from which on w is 0, and its direction says nothing: a solver keeps |w| above 1e-12 |a|."""


def extremal_directions(data: xr.Dataset, *, residual: np.ndarray | None = None, slope: float = 0.0) -> xr.Dataset:
    """Find all critical points of G(u) = 1/n sum_k r_k phi(<u, x_k>) on the unit sphere of the points' span.

    Parameters
    ----------
    data
        x(point, coord) and y(point).
    residual
        r [point]: what is left to fit; None: the labels, as at a small start.
    slope
        Of the leaky ReLU.

    Returns
    -------
    Dataset
        direction(extremal, coord), value(extremal) = G there, kind(extremal): maximum, minimum or saddle of G, and
        touching(extremal): on the boundary of how many points it lies; from the largest value down.

    Raises
    ------
    RequestError
        If the cells of the points' hyperplanes are too many to go through.
    """
    data, slope = take_points(data), number("slope", slope, SLOPE)
    x, r = _points(data, residual)
    found = critical_points(x, r, Activation(slope))
    if found is None:
        raise RequestError(
            f"n = {x.shape[0]} points in d = {x.shape[1]} have too many cells to find all extremal directions: "
            "predict_alignment finds those that given neurons go to"
        )
    return _labelled(data, found)


def predict_alignment(
    data: xr.Dataset,
    init: xr.Dataset,
    *,
    residual: np.ndarray | None = None,
    slope: float = 0.0,
    ends: Ends | None = None,
) -> xr.Dataset:
    """Follow each neuron's direction flow (10) with r frozen to its end, and say which extremal direction that is.

    Parameters
    ----------
    data
        x(point, coord) and y(point).
    init
        direction(neuron, coord) and output_ratio(neuron): of :func:`pipeline.initialise`, or one sample of a
        trajectory.
    residual, slope
        As :func:`extremal_directions` has them.
    ends
        Of :func:`frozen_ends`, for the same neurons and residual; None: found here.

    Returns
    -------
    Dataset
        What :func:`extremal_directions` has, or, where the cells are too many, what the neurons found (the
        attribute ``complete`` is 0 then); predicted_direction(neuron, coord), predicted_sign(neuron) of a there,
        predicted_rate(neuron) = d ln|w_j|/dt there, and partner(neuron): the number of the extremal direction, -2
        for a neuron that feels no force there. A neuron whose flow is not unique (w reaches 0, with a leaky ReLU)
        has the direction NaN, the rate 0 and the partner -2.
    """
    data, slope = take_points(data), number("slope", slope, SLOPE)
    x, r = _points(data, residual)
    init = dataset("init", init, "initialise", "direction", "output_ratio")
    if "time" in init.dims:
        raise RequestError("init has samples along time: allowed is one, as start_from(trajectory, time) takes it")
    refuse_other_sizes(data=data, init=init)
    if ends is not None:
        ends = instance("ends", ends, Ends, "what frozen_ends returns")
    ends = frozen_ends(data, init, residual=r, slope=slope) if ends is None else ends
    with one_thread(len(x)):
        found = critical_points(x, r, Activation(slope))
    directions = _found_by(ends) if found is None else found
    return conform(
        "alignment",
        _values(directions)
        | {
            "predicted_direction": np.where(ends.followed[:, None], ends.direction, np.nan),
            "predicted_sign": np.sign(ends.ratio),
            "predicted_rate": np.where(ends.followed, ends.rate, 0.0),
            "partner": _partners(ends, directions.direction),
        },
        {"complete": int(found is not None)},
    ).assign_coords(coord=data.variables["coord"])


def frozen_ends(
    data: xr.Dataset, init: xr.Dataset, *, residual: np.ndarray | None = None, slope: float = 0.0
) -> Ends:
    """Follow each neuron to the end of its frozen flow; the arguments are those of :func:`predict_alignment`."""
    x, r = _points(data, residual)
    start = Neurons.at(x, init.variables["direction"].values, init.variables["output_ratio"].values)
    with one_thread(len(x)):
        return FrozenFlow(x, r, Activation(slope)).follow(start)


def measure_alignment(data: xr.Dataset, trajectory: xr.Dataset, alignment: xr.Dataset) -> xr.Dataset:
    """Add the directions at the end of a run's alignment, beside the predicted ones.

    Parameters
    ----------
    data, trajectory
        Of a run: its last sample before the residual has changed by a hundredth is taken.
    alignment
        Of :func:`predict_alignment`.

    Returns
    -------
    Dataset
        ``alignment`` with measured_direction(neuron, coord), cosine(neuron) of the two (NaN of a neuron whose w
        has come to 0, as predicted, and of one without a prediction), and aligned_at, its time.
    """
    data, trajectory = take_points(data), validate("trajectory", trajectory)
    alignment = validate("alignment", alignment)
    refuse_other_sizes(data=data, trajectory=trajectory, alignment=alignment)
    last = last_aligning(data.variables["y"].values, trajectory.variables["residual"].values)
    if last < 0:
        raise RequestError("the start is not small: its residual is not that of the labels, and it does not align")
    measured, ratio = at_instant(trajectory, last, "direction", "output_ratio")
    cosine = np.sum(measured * alignment.variables["predicted_direction"].values, axis=1)
    stopped = (np.abs(ratio) >= STOPPED) & (alignment.variables["partner"].values == NOWHERE)
    found = {
        "measured_direction": measured,
        "cosine": np.where(stopped, np.nan, np.clip(cosine, -1.0, 1.0)),
        "aligned_at": float(trajectory.variables["time"].values[last]),
    }
    specs = {name: variable("alignment", name) for name in found}
    return alignment.assign({name: (spec.dims, found[name], spec.attributes) for name, spec in specs.items()})


def last_aligning(y: np.ndarray, residual: np.ndarray) -> int:
    """The last sample of a residual [time, point] before it has changed by a hundredth; -1 if none is."""
    moved = np.linalg.norm(residual - y, axis=1) > ALIGNING * np.linalg.norm(y)
    return int(np.argmax(moved)) - 1 if moved.any() else len(moved) - 1


def _points(data: xr.Dataset, residual: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    x, y = data.variables["x"].values, data.variables["y"].values
    r = y if residual is None else numbers("residual", residual)
    if len(r) != len(y):
        raise RequestError(f"residual has {len(r)} numbers: {len(y)} are allowed, one a point")
    return x, r


def _found_by(ends: Ends) -> Extremal:
    """The extremal directions at which neurons end; those of neurons with a < 0 are minima, or saddles."""
    moved = np.flatnonzero(ends.force.any(axis=1) & ends.followed)
    key = np.round(ends.direction[moved] / SAME) + 0.0
    first = moved[np.unique(key, axis=0, return_index=True)[1]]
    sign = np.sign(ends.ratio[first])
    value = sign * ends.rate[first]
    kind = np.where(ends.rate[first] > 0, np.where(sign > 0, MAXIMUM, MINIMUM), SADDLE)
    order = np.argsort(-value, kind="stable")
    touching = ends.boundary[first].sum(axis=1)
    return Extremal(ends.direction[first][order], value[order], kind[order], touching[order])


def _partners(ends: Ends, directions: np.ndarray) -> np.ndarray:
    """Which of the extremal directions each neuron goes to."""
    partner = np.full(len(ends.ratio), NOWHERE)
    moved = np.flatnonzero(ends.force.any(axis=1) & ends.followed)
    if len(directions) and len(moved):
        # Parts of the directions across the points' span shrink against those in it, and are not compared.
        partner[moved] = np.argmax(ends.direction[moved] @ directions.T, axis=1)
    return partner


def _values(found: Extremal) -> dict[str, np.ndarray]:
    kind = variable("alignment", "kind")
    return {
        "direction": found.direction,
        "value": found.value,
        "kind": np.array([kind.flag(str(word)) for word in found.kind], dtype="int8"),
        "touching": found.touching,
    }


def _labelled(data: xr.Dataset, found: Extremal) -> xr.Dataset:
    values = _values(found)
    specs = {name: variable("alignment", name) for name in values}
    variables = {name: (spec.dims, values[name], spec.attributes) for name, spec in specs.items()}
    return xr.Dataset(
        variables, {"extremal": np.arange(len(found.value)), "coord": data.variables["coord"]}, {"complete": 1}
    )
