"""A boundary that is not looked at must be one that nobody can have reached."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import carry_all, find_movers, follow, lay_desk, lay_lists, line, lump
from twins import oblique_network, oblique_problem
from witness import callable_kernel

from pipeline.flow.exact import clearance, reading
from pipeline.flow.exact.patterns import MANY

measure_clearance = callable_kernel(clearance.measure_clearance)
spend = callable_kernel(clearance.spend)
gather = callable_kernel(reading.gather)


def read_back(neurons, lumps, problem):
    """Every neuron where its lump is."""
    z, log_scale = neurons.z.copy(), neurons.log_scale.copy()
    gather(neurons, lumps, z, log_scale, np.empty(problem.x.shape[1] + 1))
    return z, log_scale


@settings(max_examples=20)
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
    desk, lumps, (marks, _) = lay_desk(problem), lump(neurons, problem), lay_lists(neurons)
    for _ in range(12):
        b = size * line(n, seed)
        moved = carry_all(lumps, b, step, 1.0, problem)
        count = find_movers(neurons, lumps, moved, b, step, problem, desk, marks)
        found = {int(lumps.order[lumps.start[g] + j]) for g, j in marks.movers[:count]}
        z, log_scale = read_back(neurons, lumps, problem)
        rows = np.repeat(np.diff(lumps.row) > 0, np.diff(lumps.start))[np.argsort(lumps.order)]
        for j in np.flatnonzero(rows):
            state = neurons.state[j].copy()
            _, events, _ = follow(z[j], log_scale[j], neurons.sign[j], state, b, step, problem, desk)
            assert events == 0 or j in found
        if count:
            return
        spend(lumps, b, step, problem)
        lumps = moved


@pytest.mark.parametrize("seed", range(5))
def test_what_is_measured_is_the_least_cosine_and_is_spent_as_the_neurons_turn(seed):
    problem = oblique_problem(3, 2, seed)
    neurons = oblique_network(problem, 200, seed, sliding=0.0, balanced=1.0)
    lumps, b, step = lump(neurons, problem), 1e-3 * line(3, seed), 0.5
    units = problem.x / problem.length[:, None]
    moved = carry_all(lumps, b, step, 1.0, problem)

    def least(z, g):
        w = z[lumps.order[lumps.start[g] : lumps.start[g + 1]], :2]
        return np.abs(w @ units.T / np.linalg.norm(w, axis=1)[:, None]).min(axis=0)

    many = np.flatnonzero((lumps.kind == MANY) & (np.diff(lumps.row) > 0))
    assert len(many)
    for g in many:
        measure_clearance(lumps, g, neurons.z, problem, np.empty(3))
        assert lumps.clear[g] == pytest.approx(least(neurons.z, g), abs=1e-11)
    spend(lumps, b, step, problem)
    later = read_back(neurons, moved, problem)[0]
    for g in many:
        assert (lumps.clear[g] <= least(later, g)).all()
        assert (lumps.clear[g] > least(neurons.z, g) - 1.5e-3).all()


def test_unbalanced_neurons_can_turn_faster_and_are_always_looked_at():
    problem = oblique_problem(3, 2, 1)
    neurons = oblique_network(problem, 60, 1, sliding=0.0, balanced=1.0)
    neurons.z[:, 3] = 0.1
    lumps = lump(neurons, problem)
    for g in np.flatnonzero((lumps.kind == MANY) & (np.diff(lumps.row) > 0)):
        measure_clearance(lumps, g, neurons.z, problem, np.empty(3))
        assert (lumps.clear[g] == 0.0).all()
