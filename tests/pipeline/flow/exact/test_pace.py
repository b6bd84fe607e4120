"""How long a step may be: the groups' rates of growth against sums over their neurons."""

import numpy as np
import pytest
from twins import force_on, oblique_network, oblique_problem
from witness import callable_kernel, raw_problem

from pipeline.flow.exact import pace, patterns
from pipeline.flow.exact.patterns import LINE, MANY
from pipeline.flow.exact.problem import make_problem

lump = callable_kernel(patterns.lump)
survey_kernel = callable_kernel(pace.survey)
mean_alignment = callable_kernel(pace.mean_alignment)
time_until_felt = callable_kernel(pace.time_until_felt)
growth_factor = pace.growth_factor.py_func


def survey(lumps, r, problem):
    """quickest, strongest, ebbing, and each group's rate."""
    rates = np.full(len(lumps.kind), np.nan)
    return *survey_kernel(lumps, r, problem, rates, np.empty(problem.x.shape[1])), rates


def groups_of(lumps):
    return [lumps.order[lumps.start[g] : lumps.start[g + 1]] for g in range(len(lumps.kind))]


@pytest.mark.parametrize(("m", "n", "q"), [(3, 2, 2), (60, 4, 3), (300, 5, 2)])
def test_the_rates_are_the_groups_d(m, n, q):
    problem = oblique_problem(n, q, m)
    lumps = lump(oblique_network(problem, m, 0), problem)
    r = np.random.default_rng(1).uniform(-1, 1, n)
    quickest, strongest, ebbing, rates = survey(lumps, r, problem)
    speed = np.array([np.linalg.norm(force_on(state, r, problem)) for state in lumps.state])
    moves = np.diff(lumps.row) > 0
    assert strongest == pytest.approx(speed[moves].max())
    assert quickest == pytest.approx(speed[moves].max())  # all are large enough to be felt
    assert ebbing <= strongest
    grows = rates > 0.0
    assert rates[grows] == pytest.approx(speed[grows])
    w = lumps.rows[:, :q]
    for g in np.flatnonzero(moves & ~grows):  # those that are said not to grow: w against a D, all of them
        force = force_on(lumps.state[g], r, problem)
        for i in range(lumps.row[g], lumps.row[g + 1]):
            assert w[i] @ force / speed[g] == pytest.approx(-lumps.rows[i, q], rel=1e-6)


def one_neuron(direction, a, y=1.0, log_scale=0.0):
    problem = make_problem(np.array([[1.0, 0.0]]), np.array([y]))
    neurons = raw_problem(1, 1, 0)[1]
    c = a**2 - 1.0
    return problem, lump(
        neurons._replace(
            z=np.array([[*direction, a, c]]), log_scale=np.array([log_scale]), sign=np.sign([a]),
            state=np.array([[2]], dtype=np.int8),
        ),
        problem,
    )  # fmt: skip


def test_a_neuron_that_can_only_shrink_is_no_reason_to_go_on():
    problem, lumps = one_neuron([1.0, 0.0], -1.0)
    _, strongest, _, rates = survey(lumps, problem.y, problem)
    assert (strongest, rates.tolist()) == (1.0, [0.0])
    problem, lumps = one_neuron([1.0, 0.0], -1.0, log_scale=-100.0)
    quickest, strongest, _, _ = survey(lumps, problem.y, problem)
    assert (quickest, strongest) == (0.0, 1.0)  # and one that has faded is not even felt


@pytest.mark.parametrize("angle", [0.1, 1e-5, 1e-6])
def test_one_that_shrinks_at_an_angle_will_grow(angle):
    problem, lumps = one_neuron([np.cos(angle), np.sin(angle)], -1.0, log_scale=-100.0)
    quickest, _, _, rates = survey(lumps, problem.y, problem)
    assert (quickest, rates.tolist()) == (1.0, [1.0])


def test_a_residual_of_zeros_pushes_nobody():
    problem = oblique_problem(4, 3, 0)
    lumps = lump(oblique_network(problem, 50, 0), problem)
    quickest, strongest, ebbing, rates = survey(lumps, np.zeros(4), problem)
    assert (quickest, strongest, ebbing, rates.any()) == (0.0, 0.0, 0.0, False)


def test_groups_of_many_that_all_shrink_are_said_to_ebb():
    """A hundred neurons with a < 0 whose w lie close to D: their growing parts are below 1e-10 of the whole."""
    problem = make_problem(np.eye(2), np.array([1.0, 0.0]))
    _, neurons = raw_problem(100, 2, 0)
    tilt = 1e-6 * np.linspace(-1, 1, 100)
    z = np.column_stack([np.cos(tilt), np.sin(tilt), -np.ones(100), np.zeros(100)])
    lumps = lump(neurons._replace(z=z, sign=-np.ones(100), state=np.full((100, 2), 2, np.int8)), problem)
    assert lumps.kind.tolist() == [MANY]
    assert survey(lumps, problem.y, problem)[2] == 0.5
    assert survey(lumps, -problem.y, problem)[2] == 0.0


def test_the_time_until_a_group_is_felt_is_that_of_its_growth():
    problem, lumps = one_neuron([1.0, 0.0], 1.0, log_scale=-50.0)
    rates = survey(lumps, problem.y, problem)[3]
    until = time_until_felt(lumps, rates, problem, 1e-4)
    assert until == pytest.approx(50.0 + 0.5 * np.log(1e-4))  # |w|^2 = exp(2 (t - 50)) = 1e-4
    assert time_until_felt(lumps, np.zeros(1), problem, 1e-4) == np.inf
    problem, lumps = one_neuron([1.0, 0.0], 1.0, log_scale=0.0)
    assert time_until_felt(lumps, rates, problem, 1e-4) == np.inf  # it is felt


@pytest.mark.parametrize("order", [4, 6])
def test_the_next_step_follows_the_root_of_the_error(order):
    assert growth_factor(1.0, order, 1.0, 0.0, 1.0, False) == pytest.approx(0.9)
    assert growth_factor(2.0**-order, order, 1.0, 0.0, 1.0, False) == pytest.approx(1.8)
    assert growth_factor(0.0, order, 1.0, 0.0, 1.0, False) == pace.LARGEST_GROWTH
    # Equal steps whose error doubled: the next is taken shorter by what it will double again.
    steady = growth_factor(0.5, order, 1.0, 0.5, 1.0, True)
    rising = growth_factor(0.5, order, 1.0, 0.25, 1.0, True)
    assert rising == pytest.approx(steady * 2.0 ** (-1.0 / order))
    assert growth_factor(0.5, order, 1.0, 0.25, 1.0, False) == pytest.approx(steady)


@pytest.mark.parametrize(("m", "n", "q"), [(40, 4, 3), (300, 3, 2)])
def test_the_alignment_is_the_mean_cosine_with_d(m, n, q):
    problem = oblique_problem(n, q, m)
    neurons = oblique_network(problem, m, 0, balanced=1.0)
    lumps = lump(neurons, problem)
    r = np.random.default_rng(1).uniform(0.5, 1, n)
    alignment = np.zeros(len(lumps.kind))
    change = mean_alignment(lumps, r, problem, alignment, np.empty(q))
    assert change == pytest.approx(np.abs(alignment).mean())
    assert mean_alignment(lumps, r, problem, alignment, np.empty(q)) == pytest.approx(0.0, abs=1e-15)
    for g, members in enumerate(groups_of(lumps)):
        force = force_on(lumps.state[g], r, problem)
        size = np.linalg.norm(force)
        if lumps.row[g + 1] == lumps.row[g] or size <= 1e-3 * problem.resting_growth:
            assert alignment[g] == 0.0
            continue
        weight = np.exp(2 * neurons.log_scale[members])
        cosine = neurons.z[members, :q] @ force / size * neurons.z[members, q]
        assert alignment[g] == pytest.approx(weight @ cosine / weight.sum(), abs=1e-12)
        assert lumps.kind[g] != LINE or abs(alignment[g]) == pytest.approx(1.0)


def test_the_change_of_the_residual_is_in_units_of_the_labels():
    problem = make_problem(np.eye(2), np.array([3.0, 4.0]))
    change = pace.residual_change.py_func(np.array([3.0, 4.0]), np.zeros(2), problem)
    assert change == pytest.approx(1.0)
