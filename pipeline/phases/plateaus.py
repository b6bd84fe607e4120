"""The plateaus of a run: where the flow lingers, saddle to saddle (section 3.2, Fact 1), and at what.

When it lingers: :mod:`pipeline.phases.dips`. At which stationary point: :mod:`pipeline.phases.stationary`. Of what
kind that is: :mod:`pipeline.phases.spectrum`.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.blocks import along_time, at_instant
from catalog.schema import conform, validate, variable
from pipeline.phases.dips import Dip, find_dips
from pipeline.phases.network import Network
from pipeline.phases.spectrum import Spectrum, spectrum
from pipeline.phases.stationary import StationaryPoint, nearest_stationary_point
from pipeline.points import describe_points
from pipeline.threads import one_thread

FITTED = 1e-9
"""|r_k| at a stationary point over the largest label up to which label k is fitted: exactly, up to rounding."""


def find_plateaus(data: xr.Dataset, trajectory: xr.Dataset) -> xr.Dataset:
    """Find the plateaus of a run, and the stationary point next to each with its Hessian's spectrum.

    Parameters
    ----------
    data, trajectory
        The datasets of stages 1 and 2. Of a trajectory that does not fit in memory one sample a plateau is read,
        and all once, block by block, for the distances.

    Returns
    -------
    Dataset
        Group ``plateaus`` of the schema: start(plateau_number), end, slowest, the stationary point's loss,
        residual, distance and eigenvalues; no plateau gives arrays of length 0.
    """
    data, trajectory = describe_points(data), validate("trajectory", trajectory)
    dips = dips_of(data, trajectory)
    y, course = data.variables["y"].values, trajectory.variables
    with one_thread(len(y)):
        points, spectra = stationary_points(data, trajectory, dips)
    kinds = [kind_of(point, found.negative) for point, found in zip(points, spectra, strict=True)]
    away = distances(trajectory, points)
    slowest = np.array([dip.slowest for dip in dips], dtype=int)
    stationary = np.array([point.residual for point in points]).reshape(len(points), len(y))
    fitted = np.abs(stationary) <= FITTED * np.abs(y).max(initial=0.0)
    label, kind = variable("plateaus", "fitted"), variable("plateaus", "kind")
    return conform(
        "plateaus",
        {
            "time": course["time"].values,
            "label": labels(points, y),
            "start": [dip.start for dip in dips],
            "end": [dip.end for dip in dips],
            "slowest": course["time"].values[slowest],
            "loss": course["loss"].values[slowest],
            "gradient_norm": course["gradient_norm"].values[slowest],
            "stationary_loss": 0.5 * np.mean(stationary**2, axis=1),
            "distance": away[np.arange(len(points)), slowest],
            "distance_over_time": away,
            "stationary_norm": [0.5 * float(np.sum(p.w**2) + np.sum(p.a**2)) for p in points],
            "stationary_residual": stationary,
            "stationary_gradient": [point.gradient_norm for point in points],
            "fitted": np.where(fitted, label.flag("fitted"), label.flag("unfitted")),
            "kept_neurons": [int(point.kept.sum()) for point in points],
            "kind": [kind.flag(word) for word in kinds],
            "negative_eigenvalues": [found.negative for found in spectra],
            "smallest_eigenvalue": [found.smallest for found in spectra],
            "smallest_positive_eigenvalue": [found.smallest_positive for found in spectra],
            "largest_eigenvalue": [found.largest for found in spectra],
            "escape_rate": [found.escape_rate for found in spectra],
        },
    )


def stationary_points(
    data: xr.Dataset, trajectory: xr.Dataset, dips: list[Dip]
) -> tuple[list[StationaryPoint], list[Spectrum]]:
    """Find the stationary point next to each plateau, and its spectrum: one sample in memory at a time."""
    points, spectra = [], []
    for dip in dips:
        network = Network.at(data, trajectory, dip.slowest)
        points.append(nearest_stationary_point(network, *at_instant(trajectory, dip.slowest, "residual")))
        spectra.append(spectrum(network, points[-1]))
    return points, spectra


def dips_of(data: xr.Dataset, trajectory: xr.Dataset) -> list[Dip]:
    """Find the plateaus of a run in time."""
    points, names = data.variables, ("growth_positive", "growth_negative")
    rates = [float(np.linalg.norm(points[name].values)) for name in names]
    return find_dips(
        trajectory.variables["time"].values,
        trajectory.variables["loss"].values,
        trajectory.variables["gradient_norm"].values,
        min((rate for rate in rates if rate > 0), default=0.0),
        0.5 * float(np.mean(points["y"].values ** 2)),
    )


def kind_of(point: StationaryPoint, negative: int) -> str:
    """``strict_saddle``, ``local_minimum`` (possibly with flat directions), or ``unknown``."""
    if not point.near:
        return "unknown"
    return "strict_saddle" if negative else "local_minimum"


def labels(points: list[StationaryPoint], y: np.ndarray) -> list[int]:
    """Number the plateaus in the order of their visit.

    At the origin h = 0 (a neuron that is on at no point, and never moves, may be left). A large start visits no
    origin: its first plateau is saddle 1. Beyond the largest label plateaus share it.
    """
    flags = variable("plateaus", "label")
    origin = flags.flag("origin")
    found: list[int] = []
    for i, point in enumerate(points):
        first = i == 0 and np.allclose(point.residual, y, rtol=0, atol=FITTED * np.abs(y).max())
        found.append(origin if first else found[-1] + 1 if found else origin + 1)
    return [min(number, len(flags.flags)) for number in found]


def plateau_numbers(time: np.ndarray, plateaus: xr.Dataset) -> np.ndarray:
    """The label of the plateau at each time, int8[time]; ``none`` in between."""
    numbers = np.full(len(time), variable("phases", "plateau").flag("none"), dtype=np.int8)
    columns = (plateaus.variables[name].values for name in ("label", "start", "end"))
    for label, start, end in zip(*columns, strict=True):
        numbers[(time >= start) & (time <= end)] = label
    return numbers


def distances(trajectory: xr.Dataset, points: list[StationaryPoint]) -> np.ndarray:
    """|theta(t) - theta_S| for each stationary point, float64[plateau, time]; NaN for one that was not found."""

    def reduce(direction: np.ndarray, log_norm: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray, ...]:
        size = np.exp(log_norm)
        w, a = size[..., None] * direction, size * ratio
        return tuple(
            np.sqrt(np.sum((w - point.w) ** 2, axis=(1, 2)) + np.sum((a - point.a) ** 2, axis=1))
            if point.reached
            else np.full(len(w), np.nan)
            for point in points
        )

    if not points:
        return np.empty((0, trajectory.sizes["time"]))
    names = ("direction", "log_norm", "output_ratio")
    return np.array(along_time(reduce, *(trajectory.variables[name] for name in names)))
