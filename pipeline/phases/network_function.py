"""The labelled layer: the learned function along time and at the instants at which the clusters are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from catalog.schema import conform, validate
from catalog.schema.blocks import along_time, at_instant
from pipeline.inputs.kinds import refuse_other_sizes
from pipeline.network.activation import Activation
from pipeline.network.one_input import OneInput
from pipeline.network.points import take_points
from pipeline.phases.kinks import Kinks, merged_kinks, numbers_of_kinks

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
        The datasets of the stages data and flow. Over one input (with or without a bias) the kinks are followed in
        time.
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
    clusters = validate("clusters", clusters)
    refuse_other_sizes(data=data, trajectory=trajectory, clusters=clusters)
    values: dict[str, Any] = {
        name: clusters.variables[name].values for name in ("instant_time", "moment", "plateau")
    }
    values["merged_directions"] = clusters.variables["relevant"].values
    one = OneInput.of(data, Activation.of(trajectory))
    if one is None:
        return conform("function", values)
    time = trajectory.variables["time"].values
    samples = np.searchsorted(time, values["instant_time"])
    values |= {"time": time, "number_of_kinks": numbers(one, trajectory)}
    values |= padded([kinks_at(one, trajectory, int(sample)) for sample in samples])
    return conform("function", values)


def numbers(one: OneInput, trajectory: xr.Dataset) -> np.ndarray:
    """The number of kinks at each time."""
    ends, width = (float(one.shown.min()), float(one.shown.max())), width_of_a_kink(one)

    def reduce(direction: np.ndarray, log_norm: np.ndarray, ratio: np.ndarray) -> tuple[np.ndarray]:
        # Only shares count, so the largest neuron is 1: at lambda = 1e-1000 no weight is a float.
        output = ratio * np.exp(2.0 * (log_norm - np.maximum(log_norm.max(axis=1, keepdims=True), LEAST)))
        return (numbers_of_kinks(*one.lines(direction), output, ends, width, RELEVANT),)

    return along_time(reduce, *(trajectory.variables[name] for name in NETWORK))[0]


def kinks_at(one: OneInput, trajectory: xr.Dataset, sample: int) -> Kinks:
    """The kinks of one sample, in plain units."""
    direction, log_norm, ratio = at_instant(trajectory, sample, *NETWORK)
    negative_slope = one.activation.negative_slope
    return merged_kinks(
        *one.lines(direction), ratio * np.exp(2.0 * log_norm), negative_slope, width_of_a_kink(one)
    )


def width_of_a_kink(one: OneInput) -> float:
    """How close kinks are one."""
    span = float(np.ptp(one.shown))
    return WIDTH * (span if span > 0 else float(np.abs(one.shown).max(initial=0.0)) or 1.0)


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
