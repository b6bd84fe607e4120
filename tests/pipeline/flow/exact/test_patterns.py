"""Lumping loses nothing: the groups, their second moments, and the neurons read back from them."""

import numpy as np
import pytest
from witness import callable_kernel, raw_problem

from pipeline.flow.exact import carrying, patterns
from pipeline.flow.exact.states import ON

lump = callable_kernel(patterns.lump)
gather = callable_kernel(patterns.gather)
carry_all = callable_kernel(carrying.carry_all)


def steady(problem, length=0.7):
    """The cubic of a residual that stays at the labels."""
    still = np.zeros_like(problem.y)
    return problem.y.copy(), still, problem.y.copy(), still, length


@pytest.mark.parametrize(("m", "n"), [(1, 1), (7, 2), (60, 2), (300, 4)])
def test_the_groups_are_the_distinct_patterns(m, n):
    _, neurons = raw_problem(m, n, seed=m)
    lumps = lump(neurons)
    keys = np.column_stack([neurons.sign, neurons.state])
    distinct, counts = np.unique(keys, axis=0, return_counts=True)
    found = np.column_stack([lumps.sign, lumps.state])
    assert sorted(map(tuple, found)) == sorted(map(tuple, distinct))
    assert sorted(np.diff(lumps.start)) == sorted(counts)
    assert sorted(lumps.order) == list(range(m))
    for g in range(len(lumps.sign)):
        members = lumps.order[lumps.start[g] : lumps.start[g + 1]]
        assert (keys[members] == found[g]).all()


def test_two_patterns_that_differ_in_one_of_a_hundred_points_are_two_groups():
    _, neurons = raw_problem(2, 1, seed=0)
    state = np.ones((2, 100), dtype=np.int8)
    state[1, 73] = ON
    same_sign = neurons._replace(state=state, sign=np.array([1.0, 1.0]))
    assert len(lump(same_sign).sign) == 2


@pytest.mark.parametrize(("m", "n"), [(3, 3), (60, 2), (500, 3)])
def test_the_rows_have_the_second_moment_of_the_neurons(m, n):
    _, neurons = raw_problem(m, n, seed=m)
    lumps = lump(neurons)
    whole = np.exp(neurons.log_scale)[:, None] * neurons.z
    for g in range(len(lumps.sign)):
        rows = slice(lumps.row[g], lumps.row[g + 1])
        if not (lumps.state[g] == ON).any():
            assert lumps.row[g] == lumps.row[g + 1]
            continue
        assert lumps.row[g + 1] - lumps.row[g] <= n + 1
        scaled = np.exp(lumps.logs[rows])[:, None] * lumps.rows[rows]
        members = whole[lumps.order[lumps.start[g] : lumps.start[g + 1]]]
        assert scaled.T @ scaled == pytest.approx(members.T @ members, rel=1e-13, abs=1e-13)


def test_a_factor_keeps_small_neurons_that_a_moment_would_lose():
    """The neuron of size 1e-12 beside one of size 1: its square is below the rounding of the sum."""
    factor = np.zeros((2, 2))
    add = callable_kernel(patterns.add_to_factor)
    add(factor, np.array([1.0, 1.0]))
    add(factor, np.array([1e-12, -1e-12]))
    assert abs(np.linalg.det(factor)) == pytest.approx(2e-12, rel=1e-3)


@pytest.mark.parametrize(("m", "n"), [(5, 2), (60, 2), (200, 3)])
def test_neurons_are_read_back_from_lumps_that_were_carried(m, n):
    """Every neuron carried alone, by the closed form in NumPy, against the lumps' columns and rows."""
    problem, neurons = raw_problem(m, n, seed=m, log_scale=-2000.0)
    cubic = steady(problem)
    moved = carry_all(lump(neurons), cubic, cubic[4], problem)
    z, log_scale = np.empty_like(neurons.z), np.empty(m)
    gather(neurons, moved, z, log_scale)
    for j in range(m):
        force = (neurons.state[j] == ON) * problem.y @ problem.x / n
        delta = np.linalg.norm(force)
        w, a = neurons.z[j, :-1], neurons.z[j, -1]
        if delta > 0:
            u, p = force / delta, force / delta @ w
            grown = p * np.cosh(delta * cubic[4]) + a * np.sinh(delta * cubic[4])
            w = w + u * (grown - p)
        norm = np.linalg.norm(w)
        assert z[j, :-1] == pytest.approx(w / norm, abs=1e-13)
        assert log_scale[j] == pytest.approx(neurons.log_scale[j] + np.log(norm), abs=1e-12)
        assert z[j, -1] == neurons.sign[j]
