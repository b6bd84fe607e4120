"""The network that labelled the data, where one did: an interpolator that is known beforehand."""

from __future__ import annotations

import numpy as np
import xarray as xr

from catalog.schema import conform
from pipeline.configuration import TEACHERS, DataConfig
from pipeline.data.teacher_points import teacher_weights


def teacher_network(config: DataConfig) -> xr.Dataset | None:
    """The teacher of a kind of data that has one, or None for data that no network labelled.

    A linear function <u, x> is the network of two neurons w = u, a = 1 and w = -u, a = -1.

    Returns
    -------
    Dataset
        As a start of the flow: log_norm(neuron), direction(neuron, coord) and output_ratio(neuron), with no
        weight on a bias coordinate, which is appended after the teacher has labelled.
    """
    if config.kind not in TEACHERS or config.kind == "line":
        return None
    w, a = teacher_weights(config)
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
