"""Which neurons are looked at: whoever is left out must be known to have no event."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import alone, line, make_event_workspace, make_network, through_a_step
from twins import force_on, make_neurons, oblique_network, oblique_problem
from witness import callable_kernel

from pipeline.flow.exact.events import group_pushes
from pipeline.flow.exact.network.activation import OFF, ON
from pipeline.flow.exact.network.problem import make_problem
from pipeline.flow.exact.propagation.bernstein import SIZE

write_pushes = callable_kernel(group_pushes.write_pushes)


@settings(max_examples=amount(6, 60))
@given(
    n=st.integers(2, 6),
    q=st.integers(2, 3),
    m=st.sampled_from([1, 5, 40]),
    seed=st.integers(0, 10**6),
    step=st.floats(0.02, 2.0),
    slope=st.sampled_from([0.0, 0.2]),
    opposite=st.booleans(),
)
def test_no_neuron_with_an_event_is_left_out(n, q, m, seed, step, slope, opposite):
    """Every neuron followed alone: those with events are the ones that are found, from their groups' D alone."""
    problem = oblique_problem(n, q, seed, slope=slope, opposite=opposite)
    neurons, b = oblique_network(problem, m, seed), line(n, seed)
    _, listed, followed, groups = through_a_step(problem, neurons, b, step)
    # A neuron that is off everywhere stays there: relu'(0) = 0, whatever comes; and so does one stopped at w = 0.
    slid = np.diff(groups.edge)
    moves = (np.diff(groups.row) > 0) | ((slid > 0) & (slid < q))
    may_move = np.repeat(moves, np.diff(groups.start))[np.argsort(groups.order)]
    expected = [j for j in range(m) if may_move[j] and alone(neurons, j, b, step, problem)[3] > 0]
    is_listed = groups.order[groups.start[listed[:, 0]] + listed[:, 1]]
    assert set(expected) <= set(is_listed)
    assert sorted(followed.neuron[: followed.total[0]]) == expected


def test_neurons_that_nothing_pushes_are_nobody_s_business():
    problem = oblique_problem(4, 3, 0)
    neurons = oblique_network(problem, 30, 0, sliding=0.0)
    dead = neurons._replace(state=np.full_like(neurons.state, OFF))
    _, listed, followed, _ = through_a_step(problem, dead, line(4, 0), 1.0)
    assert len(listed) == followed.total[0] == 0
    still = oblique_network(problem, 30, 0)
    _, _, followed, _ = through_a_step(problem, still, np.zeros((SIZE, 4)), 1.0)
    assert followed.total[0] == 0


@pytest.mark.parametrize("m", [1, 9])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_push_that_only_the_middle_of_a_step_has_is_seen(m, sign):
    """Away from the boundary at both ends, towards it in between: they end beyond it."""
    problem = make_problem(np.array([[0.6, 0.8], [0.0, 1.0]]), np.array([1.0, 1.0]))
    w = np.array([[-0.8, 0.6]]) - np.linspace(1e-3, 2e-3, m)[:, None] * np.array([[0.6, 0.8]])
    w /= np.linalg.norm(w, axis=1)[:, None]
    neurons = make_neurons(w, np.full(m, sign), np.full((m, 2), [OFF, ON], dtype=np.int8), np.zeros(m))
    b = np.zeros((SIZE, 2))
    b[:, 1] = sign * np.array([-0.1, 1.0, 1.0, 1.0, 1.0, -0.1])
    _, listed, followed, _ = through_a_step(problem, neurons, b, 0.1)
    assert len(listed) == followed.total[0] == m
    assert (followed.state[:m] == ON).all()


@pytest.mark.parametrize(("n", "q"), [(9, 2), (4, 3), (5, 8)])
def test_the_rates_towards_the_boundaries_are_those_of_d(n, q):
    """By way of D where points are many, straight from their inner products where they are few."""
    problem = oblique_problem(n, q, 0, slope=0.1)
    network, b = make_network(oblique_network(problem, 50, 0), problem), line(n, 0)
    work = make_event_workspace(problem).group
    for g, state in enumerate(network.groups.state):
        force = n * force_on(state, b[2], problem)
        write_pushes(network, g, b, 2, work)
        assert work.pushes[2] == pytest.approx(problem.x @ force, abs=1e-13 * n)


def test_neurons_at_a_boundary_that_nothing_pushes_them_towards_are_not_looked_at():
    """Aligned with one of two orthogonal points, at the other's boundary to rounding: D has no part towards it.

    Of a million neurons a quarter ends like this; each was followed in each step, which took half of a run.
    """
    problem = make_problem(np.eye(2), np.array([1.0, -1.0]))
    w = np.column_stack([np.ones(40), np.linspace(-1e-17, 1e-17, 40)])
    state = np.full((40, 2), [ON, OFF], dtype=np.int8)
    neurons = make_neurons(w, np.full(40, 1.0), state, np.linspace(-1.0, 1.0, 40))
    b = np.array([1.0, 0.8, 0.7, 0.65, 0.62, 0.6])[:, None] * np.array([1.0, -1.0])
    _, listed, _, _ = through_a_step(problem, neurons, b, 0.5)
    assert len(listed) == 0
