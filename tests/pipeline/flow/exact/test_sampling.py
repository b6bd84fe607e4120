"""Where the samples go."""

import numpy as np
import pytest

from pipeline.flow.exact.record import Record
from pipeline.flow.exact.sampling import place_samples


def record(length, movement, residual):
    """Steps with the given lengths and movements, and a residual that is constant or falls between them."""
    length, residual = np.asarray(length, float), np.asarray(residual, float)
    cubic = np.zeros((len(length), 4, 1))
    cubic[:, 0, 0], cubic[:, 2, 0] = residual[:-1], residual[1:]
    return Record(np.cumsum(length) - length, length, np.asarray(movement, float), cubic)


def test_half_the_samples_and_more_fall_where_it_moves():
    moving = record([1000, 1, 1000], [0, 1, 0], [1, 1, 0.1, 0.1])
    times = place_samples(moving, 400, 1.0)
    assert np.sum((times >= 1000) & (times <= 1001)) > 250
    assert (times[0], times[-1]) == (0.0, 2001.0)
    assert (np.diff(times) > 0).all()
    assert np.diff(times).max() < 2001 / 20


def test_a_steady_run_is_sampled_evenly():
    steady = record([1, 1, 1, 1], [1, 1, 1, 1], [1, 0.5, 0.25, 0.125, 0.0625])
    assert place_samples(steady, 9, 1.0) == pytest.approx(np.linspace(0, 4, 9))


@pytest.mark.parametrize("end_time", [None, 7.0])
def test_a_run_without_steps_has_its_samples(end_time):
    times = place_samples(record([], [], [1]), 5, 1.0, end_time)
    assert times == pytest.approx(np.linspace(0, end_time or 0, 5))


def test_rest_after_the_record_is_sampled_too():
    times = place_samples(record([1, 1], [1, 1], [1, 0.5, 0.1]), 50, 1.0, 20.0)
    assert times[-1] == 20.0
    assert 3 < np.sum(times > 2) < 25
