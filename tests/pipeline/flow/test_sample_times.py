"""Instants that are looked at besides the placed samples."""

import numpy as np
import pytest

from pipeline import load_config
from pipeline.configuration import InitConfig
from pipeline.data import generate_data
from pipeline.flow import initialise, simulate
from pipeline.flow.sample_times import merged_sample_times
from pipeline.inputs.errors import RequestError


@pytest.fixture(scope="module")
def problem():
    config = load_config("orthogonal")
    data = generate_data(config.data)
    return data, initialise(data, InitConfig(width=6, log10_scale=-3))


def test_both_are_looked_at_in_order():
    times = np.array([0.0, 1.0, 2.0])
    np.testing.assert_array_equal(
        merged_sample_times(times, np.array([0.5, 1.0, 1.5, 1.5, 3.0])), [0.0, 0.5, 1.0, 1.5, 2.0]
    )
    np.testing.assert_array_equal(merged_sample_times(times, np.empty(0)), times)


@pytest.mark.parametrize("end", [None, 20.0])
def test_the_placed_samples_stay_and_the_others_are_added(problem, end):
    wanted = [3.21, 7.89, 1e6]
    without = simulate(*problem, samples=20, end_time=end)
    added = simulate(*problem, samples=20, end_time=end, including=wanted)
    assert added.sizes["time"] == 22
    assert set(added["time"].values) == {*without["time"].values, 3.21, 7.89}
    there = added.sel(time=without["time"])
    np.testing.assert_allclose(there["residual"], without["residual"], atol=1e-12)
    alone = simulate(*problem, sample_times=wanted[:2])
    np.testing.assert_allclose(added.sel(time=wanted[:2])["log_norm"], alone["log_norm"], atol=1e-4)
    assert added["time"].values[-1] == without["time"].values[-1]


@pytest.mark.parametrize("method", ["gradient_descent", "scipy:RK45"])
def test_other_methods_look_then_too(problem, method):
    times = simulate(*problem, samples=5, end_time=8.0, including=[3.21, 9.0], method=method)["time"].values
    np.testing.assert_allclose(times, [0.0, 2.0, 3.21, 4.0, 6.0, 8.0], atol=1.1e-3)


def test_what_is_no_time_is_refused(problem):
    with pytest.raises(RequestError, match="increasing"):
        simulate(*problem, including=[2.0, 1.0])
    with pytest.raises(RequestError, match="finite"):
        simulate(*problem, including=[np.nan])
