"""Which neurons have events, and what those do to a step: what is skipped must be known to do nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import oblique_network, oblique_problem
from witness import callable_kernel

from pipeline.flow.exact import carrying, crossings, following, patterns
from pipeline.flow.exact.curve import SIZE
from pipeline.flow.exact.states import OFF, ON, SLIDING

lump = callable_kernel(patterns.lump)
gather = callable_kernel(patterns.gather)
carry_all = callable_kernel(carrying.carry_all)
lay_desk = callable_kernel(following.lay_desk)
follow = callable_kernel(following.follow)
find_movers = callable_kernel(crossings.find_movers)
follow_movers = callable_kernel(crossings.follow_movers)
cross = callable_kernel(crossings.cross)
worth_stopping_for = callable_kernel(crossings.worth_stopping_for)


def line(n, seed):
    first, last = np.random.default_rng(seed).uniform(-2, 2, (2, n))
    return first + np.linspace(0.0, 1.0, SIZE)[:, None] * (last - first)


def through_a_step(problem, neurons, b, step):
    """What the kernels find: lumps at the end, who moves, who was followed."""
    desk, lumps = lay_desk(problem), lump(neurons, problem)
    moved = carry_all(lumps, b, step, 1.0, problem)
    movers = find_movers(neurons, lumps, moved, b, step, problem, desk)
    return moved, movers, follow_movers(neurons, lumps, movers, b, step, problem, desk), lumps


def alone(neurons, j, b, step, problem):
    """Neuron j followed by itself: z, log scale, state, events."""
    z, state = neurons.z[j].copy(), neurons.state[j].copy()
    room = np.empty(4), np.empty(4)
    log, events, _ = follow(
        z, neurons.log_scale[j], neurons.sign[j], state, b, step, problem, lay_desk(problem), *room
    )
    return z, log, state, events


@settings(max_examples=60)
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
    _, movers, followed, lumps = through_a_step(problem, neurons, b, step)
    # A neuron that is off wherever it doesn't slide stays there: relu'(0) = 0, whatever comes.
    has_rows = np.repeat(np.diff(lumps.row) > 0, np.diff(lumps.start))[np.argsort(lumps.order)]
    expected = [j for j in range(m) if has_rows[j] and alone(neurons, j, b, step, problem)[3] > 0]
    marked = lumps.order[lumps.start[movers[:, 0]] + movers[:, 1]]
    assert set(expected) <= set(marked)
    assert sorted(followed.neuron) == expected


@pytest.mark.parametrize("seed", range(4))
def test_after_a_step_every_neuron_is_where_it_is_alone(seed):
    problem = oblique_problem(5, 3, seed)
    neurons, b = oblique_network(problem, 60, seed), line(5, seed)
    moved, _, followed, _ = through_a_step(problem, neurons, b, 0.5)
    assert followed.neuron.shape[0] > 5
    after, lumps = cross(neurons, moved, followed, problem)
    for j in np.flatnonzero((neurons.state == ON).any(axis=1)):
        z, log, state, _ = alone(neurons, j, b, 0.5, problem)
        assert after.state[j].tolist() == state.tolist()
        size = np.abs(z[:4]).max()
        found = after.z[j, :4] * np.exp(after.log_scale[j] - log)
        assert found / size == pytest.approx(z[:4] / size, abs=1e-9)
        reach = np.abs(after.z[j, :3] @ problem.x.T)[state == SLIDING]
        assert (reach < 1e-14 * problem.length.max()).all()
    assert {tuple(state) for state in lumps.state} == {tuple(state) for state in after.state}


def test_neurons_that_nothing_pushes_are_nobody_s_business():
    problem = oblique_problem(4, 3, 0)
    neurons = oblique_network(problem, 30, 0, sliding=0.0)
    dead = neurons._replace(state=np.full_like(neurons.state, OFF))
    _, movers, followed, _ = through_a_step(problem, dead, line(4, 0), 1.0)
    assert len(movers) == len(followed.neuron) == 0
    still = oblique_network(problem, 30, 0)
    _, _, followed, _ = through_a_step(problem, still, np.zeros((SIZE, 4)), 1.0)
    assert len(followed.neuron) == 0


def followed_with(times, errors):
    problem = oblique_problem(2, 2, 0)
    _, _, nobody, _ = through_a_step(problem, oblique_network(problem, 1, 0), np.zeros((SIZE, 2)), 1.0)
    times, errors = np.atleast_2d(times).astype(float), np.atleast_2d(errors).astype(float)
    return nobody._replace(
        neuron=np.arange(len(times)),
        times=np.hstack([times, np.full((len(times), 4 - times.shape[1]), np.inf)]),
        errors=np.hstack([errors, np.zeros((len(times), 4 - times.shape[1]))]),
    )


def test_a_step_is_cut_at_the_crossing_with_which_the_errors_are_too_much():
    events = followed_with([[0.3], [0.1], [0.2]], [[4.0], [1.0], [2.0]])
    cuts = [worth_stopping_for(events, allowed) for allowed in (0.5, 1.5, 2.5, 3.5, 7.5)]
    # A little beyond it, so that the repeated step sees it happen.
    expected = [t + 1e-6 * (1.0 - t) for t in (0.1, 0.2, 0.2, 0.3)]
    assert cuts[:4] == pytest.approx(expected, abs=1e-9)
    assert cuts[4] == np.inf


def test_the_second_event_of_a_neuron_counts_too_and_one_at_the_very_end_does_not():
    assert worth_stopping_for(followed_with([[0.2, 0.6]], [[1.0, 5.0]]), 2.0) == pytest.approx(0.6, abs=1e-6)
    assert worth_stopping_for(followed_with([[1.0]], [[5.0]]), 2.0) == np.inf
    assert worth_stopping_for(followed_with(np.empty((0, 1)), np.empty((0, 1))), 0.0) == np.inf


@pytest.mark.parametrize(("a", "loses"), [(1.0, False), (-1.0, True)])
def test_one_point_is_lost_by_those_it_pushes_away(a, loses):
    """One orthogonal point with a positive label: neurons with a < 0 lose it, those with a > 0 never do."""
    problem = oblique_problem(1, 2, 0)
    w = (
        problem.x / problem.length[:, None] * 0.6
        + [[-0.8 * problem.x[0, 1], 0.8 * problem.x[0, 0]]] / problem.length
    )
    neurons = oblique_network(problem, 1, 0)._replace(
        z=np.array([[*w[0], a, 0.0]]), sign=np.array([a]), state=np.array([[ON]], dtype=np.int8)
    )
    _, movers, followed, _ = through_a_step(problem, neurons, np.ones((SIZE, 1)), 5.0)
    assert len(movers) == len(followed.neuron) == loses
