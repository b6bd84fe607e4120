"""The plateaus of a run: where the flow lingers, saddle to saddle (section 3.2, Fact 1), and at what.

When it lingers: :mod:`pipeline.phases.located_plateaus`. At which stationary point, and of what kind that is:
:mod:`pipeline.stationary`.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform, validate, variable
from catalog.schema.blocks import coordinates_first, over_neurons
from pipeline.inputs.kinds import refuse_other_sizes
from pipeline.network import algebra
from pipeline.network.points import describe_points
from pipeline.phases.located_plateaus import locate_plateaus
from pipeline.stationary import StationaryPoint

FITTED = 1e-9
"""|r_k| at a stationary point over the largest label up to which label k is fitted: exactly, up to rounding."""


def find_plateaus(data: xr.Dataset, trajectory: xr.Dataset) -> xr.Dataset:
    """Find the plateaus of a run, and the stationary point next to each with its Hessian's spectrum.

    Parameters
    ----------
    data, trajectory
        The datasets of the stages data and flow. Of a trajectory that does not fit in memory one sample a plateau
        is read, and all once, block by block, for the distances.

    Returns
    -------
    Dataset
        Group ``plateaus`` of the schema: start(plateau_number), end, slowest, the stationary point's loss,
        residual, distance, kind (its attribute ``reasons`` says why) and eigenvalues. Where no stationary point is
        near, its numbers are NaN. No plateau gives arrays of length 0.
    """
    data, trajectory = describe_points(data), validate("trajectory", trajectory)
    refuse_other_sizes(data=data, trajectory=trajectory)
    found = locate_plateaus(data, trajectory)
    y, course = data.variables["y"].values, trajectory.variables
    points, spectra = [plateau.point for plateau in found], [plateau.spectrum for plateau in found]
    away = distances(trajectory, points)
    slowest = np.array([plateau.slowest for plateau in found], dtype=int)
    near = np.array([point.near for point in points], dtype=bool)
    stationary = np.array([point.residual for point in points]).reshape(len(points), len(y))
    stationary[~near] = np.nan
    fitted = np.abs(stationary) <= FITTED * np.abs(y).max(initial=0.0)
    label, kind = variable("plateaus", "fitted"), variable("plateaus", "kind")
    dataset = conform(
        "plateaus",
        {
            "time": course["time"].values,
            "label": labels(points, y),
            "start": [plateau.start for plateau in found],
            "end": [plateau.end for plateau in found],
            "slowest": course["time"].values[slowest],
            "loss": course["loss"].values[slowest],
            "gradient_norm": course["gradient_norm"].values[slowest],
            "stationary_loss": algebra.loss(stationary),
            "distance": away[np.arange(len(points)), slowest],
            "distance_over_time": away,
            "stationary_norm": np.where(near, [0.5 * (np.sum(p.w**2) + np.sum(p.a**2)) for p in points], np.nan),
            "stationary_residual": stationary,
            "stationary_gradient": np.where(near, [point.gradient_norm for point in points], np.nan),
            "fitted": np.where(fitted, label.flag("fitted"), label.flag("unfitted")),
            "kept_neurons": [int(point.kept.sum()) for point in points],
            "kind": [kind.flag(plateau.answer.kind) for plateau in found],
            "negative_eigenvalues": [one.negative for one in spectra],
            "smallest_eigenvalue": [one.smallest for one in spectra],
            "smallest_positive_eigenvalue": [one.smallest_positive for one in spectra],
            "largest_eigenvalue": [one.largest for one in spectra],
            "escape_rate": [one.escape_rate for one in spectra],
        },
    )
    if found:
        dataset.variables["kind"].attrs["reasons"] = [plateau.answer.reason for plateau in found]
    return dataset


def labels(points: list[StationaryPoint], y: np.ndarray) -> list[int]:
    """Number the plateaus in the order of their visit.

    At the origin h = 0 (a neuron that is on at no point, and never moves, may be left). A large start visits no
    origin: its first plateau is number 1. Beyond the largest label plateaus share it.
    """
    flags = variable("plateaus", "label")
    origin = flags.flag("origin")
    found: list[int] = []
    for i, point in enumerate(points):
        first = i == 0 and np.allclose(point.residual, y, rtol=0, atol=FITTED * np.abs(y).max())
        found.append(origin if first else found[-1] + 1 if found else origin + 1)
    return [min(number, len(flags.flags)) for number in found]


def plateau_numbers(time: np.ndarray, plateaus: xr.Dataset | None) -> np.ndarray:
    """The label of the plateau at each time, int8[time]; ``none`` in between, and where they are not known."""
    numbers = np.full(len(time), variable("phases", "plateau").flag("none"), dtype=np.int8)
    if plateaus is None:
        return numbers
    columns = (plateaus.variables[name].values for name in ("label", "start", "end"))
    for label, start, end in zip(*columns, strict=True):
        numbers[(time >= start) & (time <= end)] = label
    return numbers


def distances(trajectory: xr.Dataset, points: list[StationaryPoint]) -> np.ndarray:
    """|theta(t) - theta_S| for each stationary point, float64[plateau, time]; NaN where none is near."""
    targets = [(np.ascontiguousarray(point.w.T), point.a) if point.near else None for point in points]

    def reduce(
        part: slice, direction: np.ndarray, log_norm: np.ndarray, ratio: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        size = np.exp(log_norm)
        w = coordinates_first(direction)
        w *= size
        size *= ratio
        return tuple(
            np.full(len(size), np.nan) if target is None else _square(w, size, target[0][:, part], target[1][part])
            for target in targets
        )

    if not points:
        return np.empty((0, trajectory.sizes["time"]))
    names = ("direction", "log_norm", "output_ratio")
    joins = [np.add] * len(points)
    return np.sqrt(over_neurons(reduce, joins, *(trajectory.variables[name] for name in names)))


def _square(w: np.ndarray, a: np.ndarray, there: np.ndarray, output: np.ndarray) -> np.ndarray:
    """The squared distances of the weights w[coord, time, neuron], a[time, neuron] from w[coord, neuron], a."""
    away, away_a = w - there[:, None], a - output
    return np.asarray(np.einsum("ctj,ctj->t", away, away) + np.einsum("tj,tj->t", away_a, away_a))
