"""When the phases end: exact on the curves that the interpolation is made for, NaN where there is no end."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.phases.timeline import (
    ALIGNED,
    FITTED,
    first_time_above,
    fitted_time,
    fitting_starts,
    last_time_above,
    measured_times,
    phase_numbers,
    predicted_times,
    told_by,
    unfitted_share,
)

NAN = float("nan")
TIMES = st.lists(st.floats(0, 100), min_size=2, max_size=30, unique=True).map(
    lambda times: np.array(sorted(times))
)


def nan_or(value):
    return pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)


@given(time=TIMES, slope=st.floats(0.01, 10), place=st.floats(0, 1))
def test_the_first_time_is_exact_on_lines(time, slope, place):
    """On any grid, where values = slope t crosses its level inside of it."""
    wanted = time[0] + place * (time[-1] - time[0])
    assert first_time_above(time, slope * time, slope * wanted) == pytest.approx(wanted, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0, 1, 2, 3], 0.5),
        ([0, 1, 0, 3], 0.5),  # the first time, not for good
        ([0.5, 0, 0, 0], 0.0),  # reached is enough
        ([2, 0, 0, 0], 0.0),
        ([0, 0, 0, 0.4], NAN),
        ([NAN, NAN, NAN, NAN], NAN),
    ],
)
def test_the_first_time(values, found):
    assert first_time_above(np.arange(4.0), np.array(values, dtype=float), 0.5) == nan_or(found)


@given(time=TIMES, rate=st.floats(0.01, 5), place=st.floats(0.001, 0.999))
def test_the_last_time_is_exact_on_exponentials(time, rate, place):
    """On any grid, however coarse: values = exp(-rate t)."""
    wanted = time[0] + place * (time[-1] - time[0])
    values, level = np.exp(-rate * (time - time[0])), np.exp(-rate * (wanted - time[0]))
    if level < values[-1] * (1 + 1e-12) or values[-1] < 1e-290:
        return
    assert last_time_above(time, values, level) == pytest.approx(wanted, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, 0.01, 0.0001, 1e-6], 0.5),
        ([1, 0.01, 1, 0.01], 2.5),  # for good, not the first time
        ([0.1, 0.1, 0.1, 0.1], 0.0),  # at the level is below
        ([0.05, 0, 0, 0], 0.0),
        ([1, 1, 1, 1], NAN),
        ([0, 0, 0, 1], NAN),
        ([1, 1, NAN, NAN], NAN),
    ],
)
def test_the_last_time(values, found):
    assert last_time_above(np.arange(4.0), np.array(values, dtype=float), 0.1) == nan_or(found)


@pytest.mark.parametrize("gap", [1.0, 10.0, 1000.0])
def test_a_fall_that_is_over_long_before_the_next_sample(gap):
    time = np.array([0.0, 1.0, 2.0, 2.0 + gap])
    values = np.maximum(np.exp(-2.0 * time), 1e-12)
    assert last_time_above(time, values, 0.01) == pytest.approx(np.log(100) / 2, rel=1e-12)


def test_a_rise_before_the_fall_tells_nothing_of_its_rate():
    assert last_time_above(np.arange(3.0), np.array([0.01, 1.0, 0.01]), 0.1) == pytest.approx(1.5)
    assert last_time_above(np.arange(3.0), np.array([0.0, 1.0, 0.01]), 0.1) == pytest.approx(1.5)


def test_rounding_tells_nothing_of_the_rate_either():
    """Two samples so close that the fall between them is one rounding."""
    time = np.array([0.0, 1e-14, 1.0])
    assert last_time_above(time, np.exp(-0.5 * time), np.exp(-0.25)) == pytest.approx(0.5, rel=1e-9)


def test_an_exact_fit_ends_within_its_step():
    found = last_time_above(np.arange(3.0), np.array([1.0, 1.0, 0.0]), 0.01)
    assert 1.0 < found < 2.0


@settings(max_examples=amount(10, 25))
@given(half=st.floats(5, 15), rate=st.floats(0.5, 3), labels=st.lists(st.floats(0.1, 5), min_size=1, max_size=4))
def test_logistic_curves(half, rate, labels):
    """r_k = y_k (1 - u/u_end) with u logistic through its half at a known time: fitted at half + ln(99)/rate."""
    time = np.linspace(0, 40, 4001)
    unfitted = 1 / (1 + np.exp(rate * (time - half)))
    y = np.array(labels) * np.where(np.arange(len(labels)) % 2, -1, 1)
    residual = unfitted[:, None] * y
    assert unfitted_share(residual, y) == pytest.approx(unfitted, rel=1e-12)
    wanted = half + np.log(1 / FITTED - 1) / rate
    assert fitted_time(time, residual, y) == pytest.approx(wanted, abs=1e-5)


def test_labels_that_are_not_there_are_never_fitted():
    assert np.isnan(fitted_time(np.arange(3.0), np.empty((3, 0)), np.empty(0)))
    assert np.isnan(unfitted_share(np.empty((3, 0)), np.empty(0))).all()


def test_fitting_starts_when_the_first_hundredth_is_gone():
    """From whatever size the residual has at the start: a large start's is not that of the labels."""
    time = np.arange(5.0)
    falling = np.outer([10, 10, 9.8, 5, 0.0], [0.6, 0.8])
    assert fitting_starts(time, falling) == pytest.approx(1.5)
    assert np.isnan(fitting_starts(time, np.ones((5, 2))))
    assert np.isnan(fitting_starts(time, np.empty((5, 0))))


def test_the_time_of_alignment_is_that_of_the_last():
    time = np.arange(5.0)
    never, nothing = np.zeros(5), np.full(5, NAN)
    early, late = np.array([0, 1, 1, 1, 1.0]), np.array([0, 0, 0, 1, 1.0])

    def aligned(positive, negative):
        return measured_times(time, np.ones((5, 2)), np.array([1.0, -1.0]), {1: positive, -1: negative})[0][0]

    assert aligned(early, late) == aligned(late, early) == 2 + ALIGNED
    assert aligned(early, nothing) == aligned(nothing, early) == ALIGNED
    for cosines in ((never, early), (early, never), (nothing, nothing), (never, nothing)):
        assert np.isnan(aligned(*cosines))


def test_what_the_solver_tells_goes_before_the_samples():
    told = told_by({"aligned_times": [1, -1], "moved_times": [2, 3], "fitted_times": [4.0, 5.5]}, 5.0, -1)
    assert (told.aligned[-1], told.moved[-1], told.moved[1], told.fitted[-1]) == (1, 2, 3, 4)
    assert np.isnan(told.aligned[1])
    assert np.isnan(told.fitted[1])  # it comes after the last sample
    assert told_by({"aligned_times": [1, 2]}, 5.0, 1) is None
    alignment = {1: np.full(5, NAN), -1: np.zeros(5)}  # no neuron to wait for; one that waits
    times, ends = measured_times(np.arange(5.0), np.ones((5, 2)), np.array([1.0, -1.0]), alignment, told)
    assert times == nan_or((1.0, NAN, 4.0))
    assert ends == nan_or((1.0, NAN, 4.0))


def test_predictions():
    """Lemmas 2, 3, 4 with ln(lambda) = -10, |D_+| = 2, |D_-| = 0.5."""
    assert predicted_times(-10.0, 2.0, 0.5, 0.05) == pytest.approx((1.0, 5.0, 20.0))
    assert predicted_times(-10.0, 2.0, 0.0, 0.05) == nan_or((NAN, 5.0, NAN))
    for log_scale in (0.0, 0.1, 300.0):
        assert np.isnan(predicted_times(log_scale, 2.0, 0.5, 0.05)).all()


@pytest.mark.parametrize(
    ("ends", "positive_first", "numbers"),
    [
        ((1, 3, 5), True, [1, 2, 2, 3, 3, 4, 4]),
        ((1, 3, 5), False, [1, 3, 3, 2, 2, 4, 4]),
        ((0.5, 2.5, 2.6), True, [1, 2, 2, 4, 4, 4, 4]),
        ((0, 0, 0), True, [4, 4, 4, 4, 4, 4, 4]),
        ((NAN, 3, 5), True, [1, 1, 1, 3, 3, 4, 4]),  # never aligned, yet fitted: from a large start
        ((1, NAN, 5), True, [1, 2, 2, 2, 2, 2, 2]),
        ((1, 3, NAN), True, [1, 2, 2, 3, 3, 3, 3]),
        ((1, NAN, NAN), False, [1, 3, 3, 3, 3, 3, 3]),
        ((NAN, NAN, NAN), True, [1, 1, 1, 1, 1, 1, 1]),
        ((1, 5, 3), True, [1, 2, 2, 2, 2, 4, 4]),  # the smaller |D| fitted first: its phase is empty
        ((4, 2, 6), True, [1, 1, 3, 3, 3, 3, 4]),
    ],
)
def test_the_phases_between_their_ends(ends, positive_first, numbers):
    found = phase_numbers(np.arange(7.0), ends, positive_first)
    assert found.dtype == np.int8
    assert found.tolist() == numbers
