"""What one pattern says: phi' at each point, and an orthonormal basis of what it slides along."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twins import gains, oblique_problem, projector
from witness import callable_kernel

from pipeline.flow.exact.network import activation
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING
from pipeline.flow.exact.network.problem import make_problem

active_sum = callable_kernel(activation.active_sum)
find_normals = callable_kernel(activation.find_normals)
project = callable_kernel(activation.project)
write_derivative = activation.write_derivative.py_func


def normals_of(state, problem, first=2):
    q = problem.x.shape[1]
    work = np.full((first + q + 1, q), np.nan)
    size = find_normals(np.asarray(state, dtype=np.int8), problem, work, first)
    return work[first : first + size]


@given(state=st.lists(st.sampled_from([OFF, ON, SLIDING]), min_size=1, max_size=6), slope=st.floats(-1, 3))
def test_phi_prime_is_one_the_slope_or_nothing(state, slope):
    state, derivative = np.array(state), np.empty(len(state))
    assert write_derivative(state, slope, derivative) == np.sum(state == SLIDING)
    assert (derivative == gains(state, slope)).all()


@given(
    q=st.integers(2, 4),
    state=st.lists(st.sampled_from([OFF, ON, SLIDING]), min_size=2, max_size=7),
    seed=st.integers(0, 10**6),
    opposite=st.booleans(),
)
def test_the_normals_span_what_is_slid_along(q, state, seed, opposite):
    problem = oblique_problem(len(state), q, seed, opposite=opposite)
    state = np.array(state, dtype=np.int8)
    if opposite:
        state[1] = SLIDING if state[0] == SLIDING else OFF
    normals = normals_of(state, problem)
    assert normals @ normals.T == pytest.approx(np.eye(len(normals)), abs=1e-14)
    slid = problem.x[state == SLIDING]
    angle = np.linalg.svd(slid / np.linalg.norm(slid, axis=1)[:, None])[1].min() if len(slid) else 1.0
    assert np.eye(q) - normals.T @ normals == pytest.approx(
        projector(state, problem), abs=1e-13 / max(angle, 1e-9)
    )


def test_a_point_in_the_span_of_those_before_it_adds_no_normal():
    x = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [3.0, -2.0, 0.0], [0.0, 0.0, -5.0]])
    problem = make_problem(x, np.ones(4))
    assert normals_of([SLIDING] * 4, problem) == pytest.approx(
        np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, -1.0]]), abs=1e-15
    )
    assert len(normals_of([SLIDING] * 3 + [ON], problem)) == 2


@pytest.mark.parametrize("angle", [1e-2, 1e-5, 1e-8])
def test_two_all_but_parallel_points_have_exactly_orthogonal_normals(angle):
    problem = make_problem(np.array([[0.6, 0.8], [0.6 - 0.8 * angle, 0.8 + 0.6 * angle]]), np.ones(2))
    normals = normals_of([SLIDING, SLIDING], problem)
    assert normals @ normals.T == pytest.approx(np.eye(2), abs=1e-15)


def test_the_sum_over_the_active_points():
    x, total = np.arange(6.0).reshape(3, 2), np.empty(2)
    active_sum(np.array([1.0, 0.0, 0.5]), np.array([2.0, np.nan, 4.0]), x, total)
    assert total.tolist() == (2.0 * x[0] + 2.0 * x[2]).tolist()


@given(vector=st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array), angle=st.floats(-3, 3))
def test_a_projection_takes_the_normals_out_and_nothing_else(vector, angle):
    normals = np.array([[9.0, 9.0, 9.0], [np.cos(angle), np.sin(angle), 0.0], [0.0, 0.0, 1.0]])
    found = vector.copy()
    project(found, normals, 1, 3)
    assert found == pytest.approx(vector - normals[1:].T @ (normals[1:] @ vector), abs=1e-14)
