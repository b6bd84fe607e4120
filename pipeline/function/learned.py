"""The labelled layer: the learned function along time and at the instants at which the clusters are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from catalog.blocks import along_time, at_instant
from catalog.schema import conform, validate
from pipeline.function.kinks import Kinks, merged_kinks, numbers_of_kinks
from pipeline.points import take_points

WIDTH = 0.01
"""The share of the data's range within which kinks are one: a figure shows no closer ones apart."""
RELEVANT = 0.01
"""The share of all |changes of slope| from which a kink counts."""

NETWORK = ("direction", "log_norm", "output_ratio")
"""The variables that are the weights."""

LEAST = np.log(np.finfo(float).tiny) * 1e6
"""ln |w| of a network that is nothing: of one that is exactly 0 there is no logarithm to compare with."""


def learned_function(data: xr.Dataset, trajectory: xr.Dataset, clusters: xr.Dataset) -> xr.Dataset:
    """Describe the learned function.

    Parameters
    ----------
    data, trajectory
        The datasets of stages 1 and 2. Over one input (with a bias or without) the kinks are followed in time.
    clusters
        The group ``clusters``: the instants, and the directions that matter at each.

    Returns
    -------
    Dataset
        Group ``function`` of the schema: number_of_kinks(time), and kink_position(instant, kink), slope_change,
        slope_left, slope_right, kink_neurons, padded with NaN; for an input of more dimensions
        merged_directions(instant) alone.
    """
    data, trajectory = take_points(data), validate("trajectory", trajectory)
    values: dict[str, Any] = {
        name: clusters.variables[name].values for name in ("instant_time", "moment", "plateau")
    }
    values["merged_directions"] = clusters.variables["relevant"].values
    columns = input_and_bias(data)
    if columns is None:
        return conform("function", values)
    line = Line(data, columns, float(trajectory.attrs.get("slope", 0.0)))
    time = trajectory.variables["time"].values
    samples = np.searchsorted(time, values["instant_time"])
    values |= {"time": time, "number_of_kinks": line.numbers(trajectory)}
    values |= padded([line.kinks(trajectory, int(sample)) for sample in samples])
    return conform("function", values)


def input_and_bias(data: xr.Dataset) -> tuple[int, int | None] | None:
    """The columns of the input and of the bias (None: there is none); None unless the input is one number."""
    names = str(data.variables["coord"].attrs.get("labels", "")).split()
    if data.sizes["coord"] == 1:
        return 0, None
    if len(names) != 2 or data.sizes["coord"] != 2 or "bias" not in names or not data.sizes["point"]:
        return None
    bias = names.index("bias")
    # A bias that varies over the points is an input like any other.
    return (1 - bias, bias) if np.ptp(data.variables["x"].values[:, bias]) == 0 else None


class Line:
    """Networks as functions of one input: which columns of w are slope and offset, and the data's range."""

    def __init__(self, data: xr.Dataset, columns: tuple[int, int | None], leak: float) -> None:
        """Take the columns of the input and of the bias, and the slope of the ReLU below 0."""
        x = data.variables["x"].values
        self.column, self.bias_column = columns
        self.bias = 0.0 if self.bias_column is None else float(x[0, self.bias_column])
        self.leak = leak
        place = x[:, self.column]
        # Without a bias all kinks are at 0, which the data need not surround.
        shown = place if self.bias_column is not None else np.append(place, 0.0)
        self.window = (float(shown.min(initial=np.inf)), float(shown.max(initial=-np.inf)))
        span = self.window[1] - self.window[0]
        self.width = WIDTH * (span if span > 0 else float(np.abs(shown).max(initial=0.0)) or 1.0)

    def of(self, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope and offset of <w/|w|, (x, bias)>, of unit vectors (..., coord)."""
        slope = direction[..., self.column]
        return slope, np.zeros_like(slope) if self.bias_column is None else self.bias * direction[
            ..., self.bias_column
        ]

    def numbers(self, trajectory: xr.Dataset) -> np.ndarray:
        """The number of kinks at each time."""

        def reduce(direction: np.ndarray, log_norm: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray]:
            slope, offset = self.of(direction)
            # Only shares count, so the largest neuron is 1: at lambda = 1e-1000 no weight is a float.
            output = ratio * np.exp(2.0 * (log_norm - np.maximum(log_norm.max(axis=1, keepdims=True), LEAST)))
            return (numbers_of_kinks(slope, offset, output, self.window, self.width, RELEVANT),)

        return along_time(reduce, *(trajectory.variables[name] for name in NETWORK))[0]

    def kinks(self, trajectory: xr.Dataset, sample: int) -> Kinks:
        """The kinks of one sample, in plain units."""
        direction, log_norm, ratio = at_instant(trajectory, sample, *NETWORK)
        return merged_kinks(*self.of(direction), ratio * np.exp(2.0 * log_norm), self.leak, self.width)


def padded(found: list[Kinks]) -> dict[str, np.ndarray]:
    """The variables of the schema, NaN where an instant has fewer kinks than another."""
    most = max(len(kinks.position) for kinks in found)
    names = {
        "kink_position": "position",
        "slope_change": "change",
        "slope_left": "left",
        "slope_right": "right",
        "kink_neurons": "neurons",
    }
    values = {name: np.full((len(found), most), np.nan) for name in names}
    for name, field in names.items():
        for i, kinks in enumerate(found):
            values[name][i, : len(kinks.position)] = getattr(kinks, field)
    return values
