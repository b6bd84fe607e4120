"""Grouping loses nothing: the neurons read back from the groups that carried them."""

import numpy as np
import pytest
from amounts import amount
from twins import left_part, magnus_boosts, oblique_network, oblique_problem
from witness import callable_kernel, raw_problem

from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.network.activation import SLIDING
from pipeline.flow.exact.network.spans import MANY
from pipeline.flow.exact.propagation import magnus, reconstruction

group_by_pattern = callable_kernel(pattern_groups.group_by_pattern)
gather = callable_kernel(reconstruction.gather)
normalise = callable_kernel(reconstruction.normalise)
read_neuron = callable_kernel(reconstruction.read_neuron)
carry_all = callable_kernel(magnus.carry_all)
renew_units = callable_kernel(reconstruction.renew_units)

CASES = [(1, 1, 1, 0.0), (7, 2, 2, 0.0), (60, 5, 2, 0.0), (60, 3, 3, 0.5), (400, 4, 3, -0.2), (300, 9, 4, 0.0)]


def network(m, n, q, slope, seed=0, **settings):
    problem = oblique_problem(n, q, seed, slope=slope)
    return problem, oblique_network(problem, m, seed + m, **settings)


def curve_of(problem, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (6, len(problem.y)))


def members_of(groups, g):
    return groups.order[groups.start[g] : groups.start[g + 1]]


def test_neurons_are_gathered_in_place_as_well():
    problem, neurons = network(60, 5, 2, 0.0)
    moved = carry_all(group_by_pattern(neurons, problem), curve_of(problem), 0.7, 1.0, problem)
    z, log_scale = np.empty_like(neurons.z), np.empty(60)
    gather(neurons, moved, z, log_scale, np.empty(4))
    gather(neurons, moved, neurons.z, neurons.log_scale, np.empty(4))
    assert (neurons.z == z).all()
    assert (neurons.log_scale == log_scale).all()


@pytest.mark.parametrize(("m", "n", "q", "slope"), CASES)
@pytest.mark.parametrize("high", [1.0, 0.3])
def test_neurons_are_read_back_from_groups_that_were_carried(m, n, q, slope, high):
    """Each neuron carried alone, by matrix exponentials, against the groups' columns and rows."""
    problem, neurons = network(m, n, q, slope)
    b, step = curve_of(problem), 0.7
    groups = group_by_pattern(neurons, problem)
    moved = carry_all(groups, b, step, high, problem)
    z, log_scale = np.empty_like(neurons.z), np.empty(m)
    gather(neurons, moved, z, log_scale, np.empty(neurons.z.shape[1]))
    plain = np.exp(log_scale)[:, None] * z[:, : q + 1]
    before = np.exp(neurons.log_scale)[:, None] * neurons.z[:, : q + 1]
    part = left_part(b, high)
    for j in range(0, m, amount(24, 1)):
        expected = magnus_boosts(before[j], neurons.state[j], part, high * step, problem)
        assert plain[j] == pytest.approx(expected, abs=1e-11 * np.abs(before[j]).max())
    c = np.exp(2 * log_scale) * z[:, -1]
    assert c == pytest.approx(np.exp(2 * neurons.log_scale) * neurons.z[:, -1], rel=1e-12)
    assert (np.abs(z[:, : q + 1]) ** 2).sum(axis=1) == pytest.approx(2.0, rel=1e-13)


def test_a_gathered_neuron_lies_on_its_boundaries():
    problem, neurons = network(300, 9, 4, 0.0)
    moved = carry_all(group_by_pattern(neurons, problem), curve_of(problem), 2.0, 1.0, problem)
    z, log_scale = np.empty_like(neurons.z), np.empty(300)
    gather(neurons, moved, z, log_scale, np.empty(neurons.z.shape[1]))
    preactivation = np.abs(z[:, :4] @ problem.x.T) / problem.length
    assert preactivation[neurons.state == SLIDING].max() < 1e-15


def test_one_neuron_is_read_like_all_of_them():
    problem, neurons = network(60, 5, 2, 0.0)
    groups = group_by_pattern(neurons, problem)
    moved = carry_all(groups, curve_of(problem), 0.7, 1.0, problem)
    z, log_scale, one = np.empty_like(neurons.z), np.empty(60), np.empty(4)
    gather(neurons, moved, z, log_scale, np.empty(neurons.z.shape[1]))
    for g in range(len(groups.kind)):
        for i, j in enumerate(members_of(groups, g)):
            log = read_neuron(neurons, moved, g, i, one)
            assert one[:3] * np.exp(log) == pytest.approx(z[j, :3] * np.exp(log_scale[j]), rel=1e-12, abs=1e-14)
            assert one[3] * np.exp(2 * log) == pytest.approx(z[j, 3] * np.exp(2 * log_scale[j]), rel=1e-12)


def test_the_scale_of_the_weights_is_a_logarithm():
    problem, neurons = raw_problem(60, 3, seed=1)
    tiny = neurons._replace(log_scale=neurons.log_scale - 5000.0)
    b = curve_of(problem)
    found = []
    for network in (neurons, tiny):
        z, log_scale = np.empty_like(neurons.z), np.empty(60)
        moved = carry_all(group_by_pattern(network, problem), b, 0.7, 1.0, problem)
        gather(network, moved, z, log_scale, np.empty(neurons.z.shape[1]))
        found.append((z, log_scale))
    assert found[1][0] == pytest.approx(found[0][0], abs=1e-13)
    assert found[1][1] == pytest.approx(found[0][1] - 5000.0, abs=1e-11)


@pytest.mark.parametrize(("a", "sign"), [(0.5, 1.0), (-0.5, -1.0), (0.50001, 0.0), (-0.1, 0.0)])
def test_normalising_restores_lemma_1_and_returns_the_scale(a, sign):
    w = np.array([0.3, -0.4])
    c = 0.0 if sign != 0.0 else a**2 - 0.25
    z = np.array([*w, a * (1 + 3e-9), c])
    log = normalise(z, sign)
    assert z[2] ** 2 - z[:2] @ z[:2] == pytest.approx(z[3], abs=1e-15)
    assert 0.5 * (z[:3] @ z[:3]) == pytest.approx(1.0, rel=1e-15)
    assert np.exp(log) * z[:3] == pytest.approx([0.3, -0.4, a], rel=1e-8)
    assert np.exp(2 * log) * z[3] == pytest.approx(c, rel=1e-14)


def test_rounding_can_not_turn_the_sign_of_a_balanced_neuron():
    z = np.array([1.0, 0.0, 1e-18, 0.0])
    normalise(z, -1.0)
    assert z[2] == -1.0


def test_a_force_that_turns_to_and_fro_loses_no_neuron_of_a_large_group():
    """Forty boosts of rapidity 1.6 and as many back: the unit of the group would have grown by exp(128)."""
    problem, neurons = network(60, 5, 2, 0.0)
    groups = group_by_pattern(neurons, problem)
    assert (groups.kind == MANY).any()
    curve = np.ones((6, 5))
    fastest = max(np.linalg.norm(row @ problem.x) / 5 for row in groups.derivative)
    for turn in range(80):
        groups = carry_all(groups, curve if turn % 2 else -curve, 1.6 / fastest, 1.0, problem)
        renew_units(groups)
    z, log_scale = np.empty_like(neurons.z), np.empty(60)
    gather(neurons, groups, z, log_scale, np.empty(4))
    assert log_scale == pytest.approx(neurons.log_scale, abs=1e-6)
    assert z == pytest.approx(neurons.z, abs=1e-6)
