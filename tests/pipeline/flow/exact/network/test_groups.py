"""Grouping loses nothing: the groups, their second moments, and the neurons read back from them."""

import numpy as np
import pytest
from twins import (
    gains,
    make_neurons,
    oblique_network,
    oblique_problem,
    projector,
    states_at,
    weights_of,
)
from witness import callable_kernel

from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.network.activation import OFF, ON
from pipeline.flow.exact.network.problem import make_problem
from pipeline.flow.exact.network.spans import FEW, LINE, MANY
from pipeline.flow.exact.propagation import magnus, reconstruction

group_by_pattern = callable_kernel(pattern_groups.group_by_pattern)
gather = callable_kernel(reconstruction.gather)
normalise = callable_kernel(reconstruction.normalise)
read_neuron = callable_kernel(reconstruction.read_neuron)
carry_all = callable_kernel(magnus.carry_all)

CASES = [(1, 1, 1, 0.0), (7, 2, 2, 0.0), (60, 5, 2, 0.0), (60, 3, 3, 0.5), (400, 4, 3, -0.2), (300, 9, 4, 0.0)]


def network(m, n, q, slope, seed=0, **settings):
    problem = oblique_problem(n, q, seed, slope=slope)
    return problem, oblique_network(problem, m, seed + m, **settings)


def curve_of(problem, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (6, len(problem.y)))


def members_of(groups, g):
    return groups.order[groups.start[g] : groups.start[g + 1]]


@pytest.mark.parametrize(("m", "n", "q", "slope"), CASES)
def test_the_groups_are_the_distinct_patterns(m, n, q, slope):
    problem, neurons = network(m, n, q, slope, spread=0.0)
    groups = group_by_pattern(neurons, problem)
    assert sorted(groups.order) == list(range(m))
    patterns_found = [tuple(state) for state in groups.state]
    assert set(patterns_found) == set(map(tuple, neurons.state))
    for g, state in enumerate(groups.state):
        members = members_of(groups, g)
        assert len(members) > 0
        assert (neurons.state[members] == state).all()
        assert (groups.derivative[g] == gains(state, slope)).all()
        # Two groups of one pattern only where neurons are on a line: one for each end.
        if patterns_found.count(tuple(state)) > 1:
            assert LINE in groups.kind[[found == tuple(state) for found in patterns_found]]


@pytest.mark.parametrize(("m", "n", "q", "slope"), CASES)
def test_a_group_lists_its_neurons_by_the_sign_of_a(m, n, q, slope):
    problem, neurons = network(m, n, q, slope)
    groups = group_by_pattern(neurons, problem)
    for g in range(len(groups.kind)):
        signs = neurons.sign[members_of(groups, g)]
        places = np.array([groups.minus[g], groups.free[g]]) - groups.start[g]
        for part, expected in zip(np.split(signs, places), (1.0, -1.0, 0.0), strict=True):
            assert (part == expected).all()


def test_two_patterns_that_differ_in_one_of_a_hundred_points_are_two_groups():
    problem = oblique_problem(100, 3, 0)
    neurons = oblique_network(problem, 2, 0, sliding=0.0)
    state = np.ones((2, 100), dtype=np.int8)
    state[1, 73] = ON
    assert len(group_by_pattern(neurons._replace(state=state), problem).kind) == 2
    state[1, 73] = OFF
    assert len(group_by_pattern(neurons._replace(state=state), problem).kind) == 1


@pytest.mark.parametrize(("m", "n", "q", "slope"), CASES)
def test_the_rows_have_the_second_moment_of_the_neurons(m, n, q, slope):
    problem, neurons = network(m, n, q, slope)
    groups = group_by_pattern(neurons, problem)
    whole = np.column_stack(weights_of(neurons))
    for g, state in enumerate(groups.state):
        rows = slice(groups.row[g], groups.row[g + 1])
        members = members_of(groups, g)
        if not (groups.derivative[g].any() and projector(state, problem).round(9).any()):
            assert groups.row[g] == groups.row[g + 1]
            continue
        wanted = {FEW: len(members), MANY: q + 1, LINE: 1}[groups.kind[g]]
        assert groups.row[g + 1] - groups.row[g] == wanted <= q + 1
        scaled = np.exp(groups.logs[rows])[:, None] * groups.rows[rows, : q + 1]
        assert scaled.T @ scaled == pytest.approx(whole[members].T @ whole[members], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("m", "n", "q", "slope"), CASES)
def test_the_normals_of_a_group_are_those_of_its_pattern(m, n, q, slope):
    problem, neurons = network(m, n, q, slope)
    groups = group_by_pattern(neurons, problem)
    for g, state in enumerate(groups.state):
        part = slice(groups.edge[g], groups.edge[g + 1])
        normals = groups.normals[part]
        assert np.eye(q) - normals.T @ normals == pytest.approx(projector(state, problem), abs=1e-12)
        assert groups.normal_overlap[part] == pytest.approx(normals @ problem.x.T, abs=1e-14)


def test_balanced_neurons_on_a_line_are_one_row_for_each_end():
    """Sliding along x_1 in the plane: w = +-(0, 1) |w|, a = +-|w|: four ends of lines, and one without a line."""
    problem = make_problem(np.array([[1.0, 0.0], [0.3, 1.0]]), np.ones(2))
    side, sign = np.array([1.0, 1.0, -1.0, -1.0, 1.0, 1.0]), np.array([1.0, -1.0, 1.0, -1.0, 1.0, 2.0])
    w = side[:, None] * [0.0, 1.0]
    log_scale = np.linspace(-800, 0, 6)
    neurons = make_neurons(w, sign, states_at(w, problem, (0,)), log_scale)
    groups = group_by_pattern(neurons, problem)
    found = {tuple(members_of(groups, g)): (groups.kind[g], groups.row[g + 1] - groups.row[g]) for g in range(5)}
    # Those with w = -(0, 1) are off at x_2: nothing can move them.
    assert found == {(0, 4): (LINE, 1), (1,): (LINE, 1), (2,): (LINE, 0), (3,): (LINE, 0), (5,): (FEW, 1)}
    assert groups.logs[groups.row[0]] == pytest.approx(0.5 * np.logaddexp(-1600.0, 2 * log_scale[4]))
