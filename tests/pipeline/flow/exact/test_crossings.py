"""When a neuron loses a point: against the closed form, dense sampling, and the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from witness import callable_kernel

from pipeline.flow.exact import crossings, following
from pipeline.flow.exact.boost import hermite
from pipeline.flow.exact.problem import make_problem
from pipeline.flow.exact.states import OFF, ON

can_lose = callable_kernel(following.can_lose)
lowest_time = callable_kernel(following.lowest_time)
crossing_time = callable_kernel(following.crossing_time)
follow = callable_kernel(following.follow)
error_until = callable_kernel(crossings.error_until)

numbers = st.floats(-2, 2, allow_subnormal=False)
cubics = st.lists(numbers, min_size=4, max_size=4)


def one_point(values, step=1.0):
    return *(np.array([value]) for value in values), step


def steady(y, length):
    still = np.zeros_like(y)
    return y.copy(), still, y.copy(), still, length


@given(values=cubics, sign=st.sampled_from([-1.0, 1.0]))
def test_a_group_called_safe_never_loses_its_point(values, sign):
    cubic = one_point(values)
    s = np.linspace(0, 1, 101)
    speed = sign * hermite.py_func(*values, 1.0, s)
    if not can_lose(np.array([ON], dtype=np.int8), sign, 0, cubic, np.eye(1)):
        assert speed.min() >= -1e-12
    if speed.min() < 0:
        assert can_lose(np.array([ON], dtype=np.int8), sign, 0, cubic, np.eye(1))


@given(values=cubics)
def test_the_lowest_time_is_where_the_speed_turns_positive(values):
    lowest = lowest_time(np.array([ON], dtype=np.int8), 1.0, 0, one_point(values), np.eye(1), 0.0)
    before, after = values[0], values[2]
    if before < 0 < after:
        assert hermite.py_func(*values, 1.0, lowest) == pytest.approx(0.0, abs=1e-12)
    else:
        assert lowest == 1.0


@pytest.mark.parametrize("length", [5.0, 400.0])
def test_the_crossing_time_is_that_of_the_closed_form(length):
    """For r constant: <w, x> falls to 0 when tanh(delta t) = -p/a; also in a step of 200 e-folds."""
    x, y = np.array([[0.6, 0.8]]), np.array([1.0])
    w = np.array([0.8, 0.6])
    z = np.append(w, -np.linalg.norm(w))
    p = w @ x[0]
    exact = np.arctanh(p / np.linalg.norm(w))
    state = np.array([ON], dtype=np.int8)
    found = crossing_time(z, state, steady(y, length), x, x @ x.T, 0, 0.0, length)
    assert found == pytest.approx(exact, rel=1e-13)


def test_a_neuron_is_followed_through_all_its_crossings():
    """s = -1 and two positive labels: both points are lost, and the rest of the neuron stays for ever.

    Between the crossings the closed form holds: after the first, only D = x_1/2 pushes.
    """
    x, y = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]), np.array([1.0, 1.0])
    z = np.array([0.6, 0.48, 0.64, -1.0])
    state = np.array([ON, ON], dtype=np.int8)
    growth, first_time, first_point, weight, count = follow(
        z, -1.0, state, steady(y, 50.0), make_problem(x, y), 50.0
    )
    assert (count, first_point) == (2, 1)
    assert state.tolist() == [OFF, OFF]
    force = np.array([0.5, 1.0, 0.0])
    delta, u = np.linalg.norm(force), force / np.linalg.norm(force)
    p = u @ [0.6, 0.48, 0.64]

    def second(t):  # <w, x_2>/2 before the first crossing
        grown = p * np.cosh(delta * t) - np.sinh(delta * t)
        return 0.48 + u[1] * (grown - p)

    assert second(first_time) == pytest.approx(0.0, abs=1e-13)
    assert weight == pytest.approx((np.cosh(delta * first_time) - p * np.sinh(delta * first_time)) ** 2, rel=1e-12)
    # What is orthogonal to the data never moves; it is all that is left.
    assert z[:3] * np.exp(growth) == pytest.approx([0.0, 0.0, 0.64], abs=1e-13)


def test_a_neuron_left_along_one_point_only_shrinks():
    """Balanced and parallel to x_1 with the wrong sign: |w| = exp(-delta t), and the boundary is never reached."""
    x, y = np.eye(2), np.array([1.0, 1.0])
    z, state = np.array([1.0, 0.0, -1.0]), np.array([ON, OFF], dtype=np.int8)
    growth, _, _, _, count = follow(z, -1.0, state, steady(y, 30.0), make_problem(x, y), 30.0)
    assert count == 0
    assert np.log(z[0]) + growth == pytest.approx(-15.0, rel=1e-13)


def test_no_crossing_is_invented():
    x, y = np.eye(2), np.array([1.0, 1.0])
    state = np.array([ON, ON], dtype=np.int8)
    _, first_time, first_point, _, count = follow(
        np.array([0.6, 0.8, 1.0]), 1.0, state, steady(y, 3.0), make_problem(x, y), 3.0
    )
    assert (first_time, first_point, count) == (np.inf, -1, 0)
    assert state.tolist() == [ON, ON]


def test_errors_add_up_in_time():
    times, errors = np.array([0.3, 0.1, 0.2]), np.array([4.0, 1.0, 2.0])
    assert [error_until(t, times, errors) for t in (0.05, 0.1, 0.25, 1.0)] == [0.0, 1.0, 3.0, 7.0]
