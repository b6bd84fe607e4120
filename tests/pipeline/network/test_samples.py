"""The network of a trajectory at one of its samples."""

import numpy as np
import pytest
import xarray as xr

from pipeline import data_set, simulate, start, weights
from pipeline.inputs.errors import RequestError

TRAJECTORY = simulate(data_set([[1.0]], [1.0]), start(xr.Dataset({"x": ("point", [1.0]), "y": ("point", [1.0])})),
                      sample_times=[0.0, 1.0, 4.0])  # fmt: skip


def test_weights_are_the_product_of_what_is_stored():
    w, a = weights(TRAJECTORY, 1.2)
    one = TRAJECTORY.isel(time=1)
    np.testing.assert_array_equal(w, np.exp(one["log_norm"].values)[:, None] * one["direction"].values)
    np.testing.assert_array_equal(a, np.exp(one["log_norm"].values) * one["output_ratio"].values)
    assert (
        weights(xr.DataTree.from_dict({"trajectory": TRAJECTORY})).w.tolist()
        == weights(TRAJECTORY, 4.0).w.tolist()
    )


@pytest.mark.parametrize(
    ("trajectory", "time", "said"),
    [
        (TRAJECTORY, 4.1, "time = 4.1: from 0 to 4 is allowed"),
        (TRAJECTORY, True, "time = True"),
        (TRAJECTORY.isel(time=1), None, "trajectory: allowed is what simulate returns"),
        (xr.Dataset(), None, "trajectory: allowed"),
        (xr.DataTree(), None, "trajectory: allowed"),
    ],
)
def test_what_is_no_sample_is_refused(trajectory, time, said):
    with pytest.raises(RequestError, match=said):
        weights(trajectory, time)
