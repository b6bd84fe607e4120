"""A boundary that is not looked at must be one that nobody can have reached."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import carried, carry_all, find_candidates, follow, group_by_pattern, line, make_events, make_network
from twins import oblique_network, oblique_problem
from witness import callable_kernel

from pipeline.flow.exact.events import clearance
from pipeline.flow.exact.network.spans import MANY
from pipeline.flow.exact.propagation import reconstruction

measure_clearance = callable_kernel(clearance.measure_clearance)
subtract_turn = callable_kernel(clearance.subtract_turn)
gather = callable_kernel(reconstruction.gather)


def read_back(neurons, groups, problem):
    """Every neuron where its group is."""
    z, log_scale = neurons.z.copy(), neurons.log_scale.copy()
    gather(neurons, groups, z, log_scale, np.empty(problem.x.shape[1] + 2))
    return z, log_scale


@settings(max_examples=amount(2, 20))
@given(
    n=st.integers(2, 4),
    seed=st.integers(0, 10**6),
    slope=st.sampled_from([0.0, 0.2]),
    size=st.sampled_from([1e-3, 4e-3, 0.02]),
)
def test_over_many_steps_nobody_who_crosses_is_overlooked(n, seed, slope, size):
    """Each neuron followed alone from where it is, until the first has an event: it is on the list then."""
    problem = oblique_problem(n, 2, seed, slope=slope)
    neurons, step = oblique_network(problem, 60, seed, sliding=0.0, balanced=1.0), 0.3
    events, network = make_events(neurons, problem), make_network(neurons, problem)
    for _ in range(12):
        b = size * line(n, seed)
        network, groups = carried(network, b, step), network.groups
        count = find_candidates(network, b, step, events)
        found = {int(groups.order[groups.start[g] + j]) for g, j in events.candidates.listed[:count]}
        z, log_scale = read_back(neurons, groups, problem)
        rows = np.repeat(np.diff(groups.row) > 0, np.diff(groups.start))[np.argsort(groups.order)]
        for j in np.flatnonzero(rows):
            state = neurons.state[j].copy()
            _, happened, _ = follow(z[j], log_scale[j], neurons.sign[j], state, (b, step), problem, events.work)
            assert happened == 0 or j in found
        if count:
            return
        subtract_turn(groups, b, step, problem)
        network = network._replace(groups=network.trial)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_measured_is_the_least_cosine_and_is_spent_as_the_neurons_turn(seed):
    problem = oblique_problem(3, 2, seed)
    neurons = oblique_network(problem, 200, seed, sliding=0.0, balanced=1.0)
    groups, b, step = group_by_pattern(neurons, problem), 1e-3 * line(3, seed), 0.5
    units = problem.x / problem.length[:, None]
    moved = carry_all(groups, b, step, 1.0, problem)

    def least(z, g):
        w = z[groups.order[groups.start[g] : groups.start[g + 1]], :2]
        return np.abs(w @ units.T / np.linalg.norm(w, axis=1)[:, None]).min(axis=0)

    many = np.flatnonzero((groups.kind == MANY) & (np.diff(groups.row) > 0))
    assert len(many)
    for g in many:
        measure_clearance(groups, g, neurons.z, problem, np.empty(3))
        assert groups.clear[g] == pytest.approx(least(neurons.z, g), abs=1e-11)
    subtract_turn(groups, b, step, problem)
    later = read_back(neurons, moved, problem)[0]
    for g in many:
        assert (groups.clear[g] <= least(later, g)).all()
        assert (groups.clear[g] > least(neurons.z, g) - 1.5e-3).all()


def test_unbalanced_neurons_can_turn_faster_and_are_always_looked_at():
    problem = oblique_problem(3, 2, 1)
    neurons = oblique_network(problem, 60, 1, sliding=0.0, balanced=1.0)
    neurons.z[:, 3] = 0.1
    groups = group_by_pattern(neurons, problem)
    for g in np.flatnonzero((groups.kind == MANY) & (np.diff(groups.row) > 0)):
        measure_clearance(groups, g, neurons.z, problem, np.empty(3))
        assert (groups.clear[g] == 0.0).all()
