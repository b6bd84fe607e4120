"""Where a run is slow: minima of |grad L|^2/L made by hand, of which all is known."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import find_peaks

from pipeline.stationary import History
from pipeline.stationary.history import Moments
from pipeline.stationary.slow_intervals import FITTED, PROMINENCE, find_slow_intervals, interval, waves


def history(time, loss, gradient_norm):
    return History(time, loss, np.zeros((len(time), 1)), gradient_norm, 1.0, False)


def slow_intervals(log_rate, rate=1.0, scale=1.0, arrives=True, loss=None):
    """The slow intervals of a run of this ln(|grad L|^2/L); the loss falls from 1 to 0.1, or 0 if it arrives."""
    log_rate = np.asarray(log_rate, dtype=float)
    loss = scale * (np.geomspace(1.0, 0.6, len(log_rate)) if loss is None else np.asarray(loss))
    gradient = np.exp(0.5 * log_rate) * np.sqrt(loss)
    if arrives:
        loss, gradient = np.append(loss, 0.0), np.append(gradient, 0.0)
    return find_slow_intervals(history(np.arange(len(loss), dtype=float), loss, gradient), rate, scale)


@pytest.mark.parametrize("scale", [1.0, 1e9, 1e-9])
@pytest.mark.parametrize(
    ("log_rate", "slowest"),
    [
        ([-20, -10, 0, -10, -15, 0, 0], [0, 4]),
        ([-20, 0, -20, 0, -20, 0], [0, 2, 4]),
        ([0, -10, 0], [1]),  # the start is no peak
        ([0, -2, 0, -2.2, 0], []),  # a wave of less than a factor of 10
        ([0, -3, -1, -4, 0], [3]),  # two waves in one interval
        ([-20, 0, -5, -5.5, -6], [0]),  # a slow tail of a run that converges
        ([0, 0, 0], []),
    ],
)
def test_a_plateau_is_a_dip_between_peaks(log_rate, slowest, scale):
    assert [one.slowest for one in slow_intervals(log_rate, scale=scale)] == slowest


def test_an_interval_ends_where_the_rate_is_a_tenth_of_the_lower_peak():
    (one,) = slow_intervals([4, -6, -6, 0, 0])[-1:]
    assert one.start == pytest.approx((4 + np.log(PROMINENCE)) / 10)
    assert one.end == pytest.approx(3 - np.log(PROMINENCE) / 6)
    plain = history(np.arange(3.0), np.ones(3), np.ones(3))
    assert interval(plain, np.array([np.inf, -5, np.inf]), (0, 1), -1.0) == (1.0, 1.0)


def test_intervals_do_not_overlap_where_a_peak_is_between_two_instants():
    """The highest of it is above the level that every instant is below: no instant ends an interval there."""
    time, log_rate = np.arange(6.0), np.array([-20.0, -8.0, -8.0, -20.0, 9.0, 9.0])

    def read(times):
        inside = 5.0 * np.exp(-0.5 * ((times - 1.5) / 0.05) ** 2)
        rate = np.interp(times, time, log_rate) + inside * 3.0
        return Moments(np.ones(len(times)), np.zeros((len(times), 1)), np.exp(0.5 * rate))

    known = read(time)
    run = History(time, *known, 1.0, False, read)
    first, second = find_slow_intervals(run, 1.0, 1.0)[:2]
    assert (first.slowest, second.slowest) == (0, 3)
    assert first.end <= 2.0
    assert 1.0 <= second.start <= 3.0 < second.end < 4.0


@pytest.mark.parametrize(
    ("log_rate", "loss", "slowest"),
    [
        ([0, -5, -30], [1.0, 0.5, 0.5], [2]),  # it rests at a loss above 0
        ([-30, -30, -30], [1.0, 1.0, 1.0], [0]),  # nothing ever moves
        ([-30, -20, -10], [1.0, 1.0, 1.0], [0]),  # it has not left the origin
        ([1, 1, 1], [1.0, 0.1, 0.01], []),
        ([1, -2, -2, -2], [1.0, 0.5, 0.2, 0.01], []),  # a tail, cut off while the loss falls
    ],
)
def test_the_end_of_a_run_that_has_not_arrived_is_no_peak(log_rate, loss, slowest):
    assert [one.slowest for one in slow_intervals(log_rate, arrives=False, loss=loss)] == slowest


def test_scales_that_are_no_floats():
    """At lambda = 1e-1000 the gradient is 0 for long, and then the solver's rounding, in waves."""
    time, loss = np.arange(9.0), np.array([1, 1, 1, 0.9, 0.5, 0.5, 0.5, 0.3, 0.0])
    gradient = np.array([0, 0, 1e-160, 1, 1e-13, 1e-16, 1e-13, 1, 0.0])
    assert [one.slowest for one in find_slow_intervals(history(time, loss, gradient), 1.0, 1.0)] == [0, 5]


def test_an_iteration_that_ran_away_lingers_nowhere():
    """Its squared gradient is no float."""
    for gradient in (1e200, np.inf, np.nan):
        assert (
            find_slow_intervals(
                history(np.arange(2.0), np.array([1.0, 1e240]), np.array([1.0, gradient])), 1.0, 1.0
            )
            == []
        )


def test_a_flow_that_has_arrived_lingers_nowhere():
    time, gradient = np.arange(4.0), np.array([1.0, 1.0, 1e-20, 1e-20])
    loss = np.array([1.0, 1.0, 1e-3 * FITTED, 1e-3 * FITTED])
    assert find_slow_intervals(history(time, loss, gradient), 1.0, 1.0) == []
    assert find_slow_intervals(history(time[2:], loss[2:], gradient[2:]), 1.0, 1.0) == []
    assert (
        find_slow_intervals(history(time, np.array([1e-20, 0, 0, 0]), gradient), 0.0, 0.0) == []
    )  # labels that are all 0


def test_the_bottoms_are_those_of_scipy():
    """Its peaks of a prominence, upside down, between two walls."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        values = rng.normal(size=40).cumsum()
        tops, bottoms = waves(values, 1.5)
        walled = np.concatenate([[1e3], values, [1e3]])
        expected, _ = find_peaks(-walled, prominence=1.5)
        assert bottoms == (expected - 1).tolist()
        for i, (first, last) in enumerate(pairwise([0, *bottoms, len(values) - 1])):
            assert values[tops[i]] == values[first : last + 1].max()
