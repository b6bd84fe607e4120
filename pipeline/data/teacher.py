"""The network that labelled the data, where one did: an interpolator that is known beforehand."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform
from pipeline.configuration import DataConfig
from pipeline.data.families import points_and_teacher


def teacher_network(config: DataConfig) -> xr.Dataset | None:
    """The teacher of ``kind = "gaussian_teacher"``, or None for data that no network labelled.

    Returns
    -------
    Dataset
        As a start of the flow: log_norm(neuron), direction(neuron, coord) and output_ratio(neuron), with no
        weight on a bias coordinate, which is appended after the teacher has labelled.
    """
    if config.kind != "gaussian_teacher":
        return None
    _, w, a = points_and_teacher(config)
    w = np.pad(w, [(0, 0), (0, int(config.bias))])
    length = np.linalg.norm(w, axis=1)
    return conform(
        "initial",
        {
            "log_norm": np.log(length),
            "direction": w / length[:, None],
            "output_ratio": a / length,
            "log_init_scale": 0.5 * np.log(np.mean(w**2)),
        },
    )
