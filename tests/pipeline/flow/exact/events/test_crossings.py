"""The neurons that cross within a step, and what they do to it."""

import numpy as np
import pytest
from steps import alone, group_by_pattern, line, make_events, through_a_step
from twins import oblique_network, oblique_problem, residual_of
from witness import callable_kernel

from pipeline.flow.exact.events import crossings
from pipeline.flow.exact.network.activation import ON, SLIDING
from pipeline.flow.exact.propagation import reconstruction
from pipeline.flow.exact.propagation.bernstein import SIZE

copy_neurons = callable_kernel(reconstruction.copy_neurons)
gather = callable_kernel(reconstruction.gather)
cross = callable_kernel(crossings.cross)
fraction_to_keep = callable_kernel(crossings.fraction_to_keep)


@pytest.mark.parametrize("seed", range(4))
def test_after_a_step_every_neuron_is_where_it_is_alone(seed):
    problem = oblique_problem(5, 3, seed)
    neurons, b = oblique_network(problem, 60, seed), line(5, seed)
    moved, _, followed, _ = through_a_step(problem, neurons, b, 0.5)
    assert followed.total[0] > 5
    after = copy_neurons(neurons)
    cross(after, moved, followed, np.empty(5))
    groups = group_by_pattern(after, problem)
    for j in np.flatnonzero((neurons.state == ON).any(axis=1)):
        z, log, state, _ = alone(neurons, j, b, 0.5, problem)
        assert after.state[j].tolist() == state.tolist()
        size = np.abs(z[:4]).max()
        found = after.z[j, :4] * np.exp(after.log_scale[j] - log)
        assert found / size == pytest.approx(z[:4] / size, abs=1e-9)
        preactivation = np.abs(after.z[j, :3] @ problem.x.T)[state == SLIDING]
        assert (preactivation < 1e-14 * problem.length.max()).all()
    assert {tuple(state) for state in groups.state} == {tuple(state) for state in after.state}


def followed_with(first, ignored_error):
    problem = oblique_problem(2, 2, 0)
    found = make_events(oblique_network(problem, 5, 0), problem).crossed
    found.total[0] = len(first)
    found.first[:], found.ignored_error[:] = 0.05, 1e9  # beyond the count nothing is read
    found.first[: len(first)], found.ignored_error[: len(first)] = first, ignored_error
    return found


def test_a_step_is_cut_at_the_crossing_with_which_too_much_is_missed():
    events = followed_with([0.3, 0.1, 0.2], [4.0, 1.0, 2.0])
    cuts = [fraction_to_keep(events, allowed) for allowed in (0.5, 1.5, 2.5, 3.5, 7.5)]
    # A little beyond it, so that the repeated step sees it happen.
    expected = [t + 1e-6 * (1.0 - t) for t in (0.1, 0.2, 0.2, 0.3)]
    assert cuts[:4] == pytest.approx(expected, abs=1e-9)
    assert cuts[4] == np.inf


def test_an_event_at_the_very_end_cuts_nothing_and_one_at_the_start_shortens_by_what_is_missed():
    assert fraction_to_keep(followed_with([1.0], [5.0]), 2.0) == np.inf
    assert fraction_to_keep(followed_with([0.0], [5.0]), 2.0) == pytest.approx(0.2)
    assert fraction_to_keep(followed_with([], []), 0.0) == np.inf


@pytest.mark.parametrize("seed", range(4))
def test_what_is_missed_is_the_neuron_s_own_way_against_its_group_s(seed):
    problem = oblique_problem(5, 3, seed, slope=0.1)
    neurons, b = oblique_network(problem, 60, seed), line(5, seed)
    moved, _, found, _ = through_a_step(problem, neurons, b, 0.5)
    after, carried = copy_neurons(neurons), copy_neurons(neurons)
    cross(after, moved, found, np.empty(5))
    gather(neurons, moved, carried.z, carried.log_scale, np.empty(5))

    def added(network, j):
        one = network._replace(**{name: getattr(network, name)[j : j + 1] for name in network._fields})
        return problem.y - residual_of(one, problem)

    for i in range(found.total[0]):
        j = found.neuron[i]
        expected = np.abs(added(after, j) - added(carried, j)).max()
        assert found.ignored_error[i] == pytest.approx(expected, rel=1e-9, abs=1e-12)


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
    _, listed, followed, _ = through_a_step(problem, neurons, np.ones((SIZE, 1)), 5.0)
    assert len(listed) == followed.total[0] == loses
