"""Networks of research size as datasets, and their flows by the path that is asked for."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from catalog.schema import conform
from pipeline.flow import follow_flow
from pipeline.flow.followed import Followed
from pipeline.flow.many_patterns import ManyPatterns, follow_many_patterns
from pipeline.flow.reduction import Reduction
from pipeline.network.points import describe


def labelled(x, y, w, ratio, log_scale=0.0) -> tuple[xr.Dataset, xr.Dataset]:
    """Points and a network with these a_j/|w_j|, as the stages' datasets."""
    length = np.linalg.norm(w, axis=1)
    init = {
        "log_norm": np.log(length) + log_scale, "direction": w / length[:, None],
        "output_ratio": np.asarray(ratio, dtype=float), "log_init_scale": log_scale,
    }  # fmt: skip
    return describe(x, y, [f"x{i + 1}" for i in range(x.shape[1])]), conform("initial", init)


def followed(data, init, end, tolerance, slope=0.0) -> ManyPatterns:
    """The flow by the path for many patterns, whatever the criterion says."""
    return follow_many_patterns(data, init, end, tolerance, Reduction.of(data, init, slope), None)


def grouped(data, init, end, tolerance, slope=0.0) -> Followed:
    """The flow by the grouped path, whatever the criterion says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.flow.course.many_patterns", lambda *_: False)
        patch.setattr("pipeline.flow.course.many_points", lambda *_: False)
        return follow_flow(data, init, end_time=end, tolerance=tolerance, slope=slope)


def worst(one, other, data) -> float:
    """The largest difference of residuals at any instant: root mean squares, over the labels' or the start's."""
    unit = max(np.sqrt(np.mean(data["y"].values ** 2)), np.sqrt(np.mean(other["residual"].values[0] ** 2)))
    difference = one["residual"].values - other["residual"].values
    return float(np.sqrt(np.mean(difference**2, axis=1)).max() / unit)
