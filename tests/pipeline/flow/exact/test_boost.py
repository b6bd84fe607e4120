"""The closed form against the matrix exponential, and the Magnus step against an ODE solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from witness import callable_kernel

from pipeline.flow.exact import boost
from pipeline.flow.exact.states import OFF, ON

boost_rows = callable_kernel(boost.boost_rows)
propagate_rows = callable_kernel(boost.propagate_rows)


def generator_matrix(force):
    q = len(force)
    matrix = np.zeros((q + 1, q + 1))
    matrix[:q, q] = matrix[q, :q] = force
    return matrix


def boosted(z, push):
    rows, logs = np.array([z], dtype=float), np.zeros(1)
    boost_rows(rows, logs, 0, 1, np.asarray(push, dtype=float))
    return rows[0], logs[0]


vectors = st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=3, max_size=3).map(np.array)


@given(z=st.lists(st.floats(-2, 2), min_size=4, max_size=4).map(np.array), push=vectors)
def test_a_boost_is_the_matrix_exponential(z, push):
    row, log = boosted(z, push)
    exact = expm(generator_matrix(push)) @ z
    assert row * np.exp(log) == pytest.approx(exact, rel=1e-11, abs=1e-11)


@given(w=vectors, sign=st.sampled_from([-1.0, 1.0]), push=vectors)
def test_lemma_1_a_squared_minus_w_squared_is_kept(w, sign, push):
    z = np.append(w, sign * np.linalg.norm(w))
    row, _ = boosted(z, push)
    assert row[3] ** 2 - row[:3] @ row[:3] == pytest.approx(0.0, abs=1e-14 * max(z @ z, 1e-300))


def test_a_boost_of_three_hundred_e_folds_neither_overflows_nor_loses_the_direction():
    row, log = boosted([0.6, 0.8, 1.0], [300.0, 0.0])
    assert log == 300.0
    assert row[:2] / np.linalg.norm(row[:2]) == pytest.approx([1.0, 0.0], abs=1e-15)
    # (p + a)/2 e^300 along D, for w and a alike
    assert row == pytest.approx([0.8, 0.0, 0.8], abs=1e-15)


def test_a_neuron_that_can_only_shrink_does_so_exactly():
    row, log = boosted([-1.0, 0.0, 1.0], [40.0, 0.0])
    assert row[0] == pytest.approx(-row[2], rel=1e-15)
    assert np.log(row[2]) + log == pytest.approx(-40.0, rel=1e-14)


def test_no_push_changes_nothing():
    row, log = boosted([0.3, -0.2, 0.7], [0.0, 0.0])
    assert log == 0.0
    assert row.tolist() == [0.3, -0.2, 0.7]


def cubic_residual():
    r0, d0 = np.array([1.0, -0.7]), np.array([-0.5, 0.9])
    r1, d1 = np.array([0.2, 0.4]), np.array([0.3, -0.8])
    return r0, d0, r1, d1


@pytest.mark.parametrize("state", [[ON, ON], [ON, OFF], [OFF, ON]])
def test_the_magnus_step_has_order_four(state):
    """One step over a cubic residual against solve_ivp: halving the step divides the error by 2^5."""
    x = np.array([[1.0, 0.2], [-0.3, 1.5]])
    r0, d0, r1, d1 = cubic_residual()
    z0 = np.array([0.3, -0.4, 0.5])
    errors = []
    lengths = [0.8, 0.4, 0.2]
    for length in lengths:

        def flow(t, z):
            r = np.array([boost.hermite.py_func(r0[k], d0[k], r1[k], d1[k], 1.0, t) for k in range(2)])
            force = sum((r[k] * x[k] / 2 for k in range(2) if state[k] == ON), np.zeros(2))
            return generator_matrix(force) @ z

        exact = solve_ivp(flow, (0, length), z0, "DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
        rows, logs, weights = z0[None].copy(), np.zeros(1), np.empty((2, 2))
        callable_kernel(boost.magnus_weights)((r0, d0, r1, d1, 1.0), 0.0, length, weights)
        propagate_rows(rows, logs, 0, 1, np.array(state, dtype=np.int8), weights, x, np.empty(2))
        errors.append(np.abs(rows[0] * np.exp(logs[0]) - exact).max())
    if state == [ON, ON]:
        slopes = np.diff(np.log(errors)) / np.diff(np.log(lengths))
        assert slopes == pytest.approx(5.0, abs=0.35)
    else:  # D keeps its direction: only the integral of the residual counts, and Gauss' two nodes are exact
        assert max(errors) < 1e-13


@given(values=st.lists(st.floats(-5, 5), min_size=4, max_size=4), step=st.floats(0.1, 10), s=st.floats(0, 1))
def test_the_hermite_cubic_and_its_slope_agree(values, step, s):
    p0, q0, p1, q1 = values
    cubic = boost.hermite.py_func
    assert cubic(p0, q0, p1, q1, step, 0.0) == p0
    assert cubic(p0, q0, p1, q1, step, 1.0) == p1
    near = 1e-6
    slope = (cubic(p0, q0, p1, q1, step, s + near) - cubic(p0, q0, p1, q1, step, s - near)) / (2 * near * step)
    assert boost.hermite_slope.py_func(p0, q0, p1, q1, step, s) == pytest.approx(slope, abs=1e-6 * (1 + 60 / step))
