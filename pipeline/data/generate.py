"""The labelled data set, checked."""

from __future__ import annotations

from typing import Any

import xarray as xr

from pipeline.configuration import TEACHERS, DataConfig, as_table
from pipeline.data.arrays import with_bias
from pipeline.data.digits import digit_points
from pipeline.data.families import nearly_orthonormal_points, orthonormal_points
from pipeline.data.held_out import held_out_points, with_held_out
from pipeline.data.sources import given_points
from pipeline.data.teacher_points import labelled_points
from pipeline.inputs.errors import RequestError
from pipeline.network.points import describe, refuse_impossible

KINDS = {
    "points": given_points,
    "orthonormal": orthonormal_points,
    "nearly_orthonormal": nearly_orthonormal_points,
    **dict.fromkeys(TEACHERS, labelled_points),
    "digits": digit_points,
}
"""What makes the points and labels of each ``kind``."""


def generate_data(config: DataConfig, y: Any = None) -> xr.Dataset:
    """Make the data set that ``config`` describes: ``[data]``, or the one of a whole configuration or its name.

    Parameters
    ----------
    config
        The table, or what has one. Arrays of your own go into :func:`pipeline.data_set`.
    y
        Nothing; it is here to say so.

    Returns
    -------
    Dataset
        x(point, coord), y(point), the vectors D_+ and D_- of section 4.1, their ratio r, and the answers to
        assumptions 1 and 2.

    Raises
    ------
    RequestError
        If a number is not finite or of a size that floats can't square, or a file can't be read as points and
        labels.

    Notes
    -----
    Labels that no network fits are data like any other: repeated measurements (equal points whose labels differ),
    a zero vector whose label is not 0, or points on one ray, x and 2x, whose labels are not y and 2y (a network
    without bias is homogeneous). The flow then goes to the least loss, which is above 0.
    """
    if y is not None:
        raise RequestError("generate_data takes a configuration alone: reluflow.data_set(x, y) takes arrays")
    config = as_table(config, DataConfig)
    x, labels, names = KINDS[config.kind](config)
    if config.bias:
        x, names = with_bias(x, names)
    refuse_impossible(x, labels)
    data = describe(x, labels, names)
    return data if config.test is None else with_held_out(data, *held_out_points(config), config.bias)
