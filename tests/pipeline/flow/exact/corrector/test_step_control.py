"""How long a step may be: the groups' rates of growth against sums over their neurons."""

import numpy as np
import pytest
from twins import force_on, oblique_network, oblique_problem
from witness import callable_kernel, raw_problem

from pipeline.flow.exact.corrector import step_control
from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.network.problem import make_problem
from pipeline.flow.exact.network.spans import LINE, MANY

group_by_pattern = callable_kernel(pattern_groups.group_by_pattern)
survey_kernel = callable_kernel(step_control.growth_rates)
mean_alignment = callable_kernel(step_control.mean_alignment)
time_until_felt = callable_kernel(step_control.time_until_felt)
growth_factor = step_control.growth_factor.py_func


def growth_rates(groups, r, problem):
    """The fastest that is felt, the fastest, the fastest that shrinks, and each group's rate."""
    rates = np.full(len(groups.kind), np.nan)
    return *survey_kernel(groups, r, problem, rates, np.empty(problem.x.shape[1])), rates


def groups_of(groups):
    return [groups.order[groups.start[g] : groups.start[g + 1]] for g in range(len(groups.kind))]


@pytest.mark.parametrize(("m", "n", "q"), [(3, 2, 2), (60, 4, 3), (300, 5, 2)])
def test_the_rates_are_the_groups_d(m, n, q):
    problem = oblique_problem(n, q, m)
    groups = group_by_pattern(oblique_network(problem, m, 0), problem)
    r = np.random.default_rng(1).uniform(-1, 1, n)
    fastest_felt, fastest, fastest_shrinking, rates = growth_rates(groups, r, problem)
    speed = np.array([np.linalg.norm(force_on(state, r, problem)) for state in groups.state])
    moves = np.diff(groups.row) > 0
    assert fastest == pytest.approx(speed[moves].max())
    assert fastest_felt == pytest.approx(speed[moves].max())  # all are large enough to be felt
    assert fastest_shrinking <= fastest
    grows = rates > 0.0
    assert rates[grows] == pytest.approx(speed[grows])
    w = groups.rows[:, :q]
    for g in np.flatnonzero(moves & ~grows):  # those that are said not to grow: w against a D, all of them
        force = force_on(groups.state[g], r, problem)
        for i in range(groups.row[g], groups.row[g + 1]):
            assert w[i] @ force / speed[g] == pytest.approx(-groups.rows[i, q], rel=1e-6)


def one_neuron(direction, a, y=1.0, log_scale=0.0):
    problem = make_problem(np.array([[1.0, 0.0]]), np.array([y]))
    neurons = raw_problem(1, 1, 0)[1]
    c = a**2 - 1.0
    return problem, group_by_pattern(
        neurons._replace(
            z=np.array([[*direction, a, c]]), log_scale=np.array([log_scale]), sign=np.sign([a]),
            state=np.array([[2]], dtype=np.int8),
        ),
        problem,
    )  # fmt: skip


def test_a_neuron_that_can_only_shrink_is_no_reason_to_go_on():
    problem, groups = one_neuron([1.0, 0.0], -1.0)
    _, fastest, _, rates = growth_rates(groups, problem.y, problem)
    assert (fastest, rates.tolist()) == (1.0, [0.0])
    problem, groups = one_neuron([1.0, 0.0], -1.0, log_scale=-100.0)
    fastest_felt, fastest, _, _ = growth_rates(groups, problem.y, problem)
    assert (fastest_felt, fastest) == (0.0, 1.0)  # and one that has faded is not even felt


@pytest.mark.parametrize("angle", [0.1, 1e-5, 1e-6])
def test_one_that_shrinks_at_an_angle_will_grow(angle):
    problem, groups = one_neuron([np.cos(angle), np.sin(angle)], -1.0, log_scale=-100.0)
    fastest_felt, _, _, rates = growth_rates(groups, problem.y, problem)
    assert (fastest_felt, rates.tolist()) == (1.0, [1.0])


def test_a_residual_of_zeros_pushes_nobody():
    problem = oblique_problem(4, 3, 0)
    groups = group_by_pattern(oblique_network(problem, 50, 0), problem)
    fastest_felt, fastest, fastest_shrinking, rates = growth_rates(groups, np.zeros(4), problem)
    assert (fastest_felt, fastest, fastest_shrinking, rates.any()) == (0.0, 0.0, 0.0, False)


def test_groups_of_many_that_all_shrink_are_noticed():
    """A hundred neurons with a < 0 whose w lie close to D: their growing parts are below 1e-10 of the whole."""
    problem = make_problem(np.eye(2), np.array([1.0, 0.0]))
    _, neurons = raw_problem(100, 2, 0)
    tilt = 1e-6 * np.linspace(-1, 1, 100)
    z = np.column_stack([np.cos(tilt), np.sin(tilt), -np.ones(100), np.zeros(100)])
    groups = group_by_pattern(
        neurons._replace(z=z, sign=-np.ones(100), state=np.full((100, 2), 2, np.int8)), problem
    )
    assert groups.kind.tolist() == [MANY]
    assert growth_rates(groups, problem.y, problem)[2] == 0.5
    assert growth_rates(groups, -problem.y, problem)[2] == 0.0


def test_the_time_until_a_group_is_felt_is_that_of_its_growth():
    problem, groups = one_neuron([1.0, 0.0], 1.0, log_scale=-50.0)
    rates = growth_rates(groups, problem.y, problem)[3]
    until = time_until_felt(groups, rates, problem, 1e-4)
    assert until == pytest.approx(50.0 + 0.5 * np.log(1e-4))  # |w|^2 = exp(2 (t - 50)) = 1e-4
    assert time_until_felt(groups, np.zeros(1), problem, 1e-4) == np.inf
    problem, groups = one_neuron([1.0, 0.0], 1.0, log_scale=0.0)
    assert time_until_felt(groups, rates, problem, 1e-4) == np.inf  # it is felt


@pytest.mark.parametrize("order", [4, 6])
def test_the_next_step_follows_the_root_of_the_error(order):
    assert growth_factor((1.0, 1.0), (0.0, 1.0), order, False) == pytest.approx(0.9)
    assert growth_factor((2.0**-order, 1.0), (0.0, 1.0), order, False) == pytest.approx(1.8)
    assert growth_factor((0.0, 1.0), (0.0, 1.0), order, False) == step_control.LARGEST_GROWTH
    # Equal steps whose error doubled: the next is taken shorter by what it will double again.
    steady = growth_factor((0.5, 1.0), (0.5, 1.0), order, True)
    rising = growth_factor((0.5, 1.0), (0.25, 1.0), order, True)
    assert rising == pytest.approx(steady * 2.0 ** (-1.0 / order))
    assert growth_factor((0.5, 1.0), (0.25, 1.0), order, False) == pytest.approx(steady)


@pytest.mark.parametrize(("m", "n", "q"), [(40, 4, 3), (300, 3, 2)])
def test_the_alignment_is_the_mean_cosine_with_d(m, n, q):
    problem = oblique_problem(n, q, m)
    neurons = oblique_network(problem, m, 0, balanced=1.0)
    groups = group_by_pattern(neurons, problem)
    r = np.random.default_rng(1).uniform(0.5, 1, n)
    alignment = np.zeros(len(groups.kind))
    change = mean_alignment(groups, r, problem, alignment, np.empty(q))
    assert change == pytest.approx(np.abs(alignment).mean())
    assert mean_alignment(groups, r, problem, alignment, np.empty(q)) == pytest.approx(0.0, abs=1e-15)
    for g, members in enumerate(groups_of(groups)):
        force = force_on(groups.state[g], r, problem)
        size = np.linalg.norm(force)
        if groups.row[g + 1] == groups.row[g] or size <= 1e-3 * problem.resting_growth:
            assert alignment[g] == 0.0
            continue
        weight = np.exp(2 * neurons.log_scale[members])
        cosine = neurons.z[members, :q] @ force / size * neurons.z[members, q]
        assert alignment[g] == pytest.approx(weight @ cosine / weight.sum(), abs=1e-12)
        assert groups.kind[g] != LINE or abs(alignment[g]) == pytest.approx(1.0)


def test_the_change_of_the_residual_is_in_units_of_the_labels():
    problem = make_problem(np.eye(2), np.array([3.0, 4.0]))
    change = step_control.residual_change.py_func(np.array([3.0, 4.0]), np.zeros(2), problem)
    assert change == pytest.approx(1.0)
