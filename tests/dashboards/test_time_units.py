import pytest

from dashboards.time_units import UNITS, scaled_length, time_unit


def test_each_unit_has_a_length_in_the_papers_time():
    assert [time_unit(key, -4.0).length for key in UNITS] == [1.0, 4.0, 2e-3]


@pytest.mark.parametrize("log_scale", [0.0, 0.5, float("nan")])
def test_a_scale_of_one_or_more_has_no_scaled_time(log_scale):
    assert time_unit("scaled", log_scale) is None
    assert scaled_length(log_scale) != scaled_length(log_scale)  # NaN
