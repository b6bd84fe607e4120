"""One neuron through a step, beside the boost that it is under a constant force."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from witness import callable_kernel

from pipeline.flow.collocation.network import (
    LOWEST,
    SHIFT,
    Neurons,
    balance,
    carry,
    choose_units,
    make_network,
)  # fmt: skip
from pipeline.flow.collocation.tableau import gauss

carried, chosen, balanced = callable_kernel(carry), callable_kernel(choose_units), callable_kernel(balance)


def through(step, force, stages=2):
    """A neuron's w and a at the step's end, and a^2 - |w|^2 at its start."""
    network, w = make_network(stages, 1, 2), np.array([0.7, -0.4])
    network.start_w[0], network.start_a[0] = w, -0.9
    network.force[:, 0] = force
    carried(network, step, gauss(stages), np.zeros((stages, stages + 1)))
    return network.end_w[0], network.end_a[0], 0.81 - w @ w


@pytest.mark.parametrize("stages", [2, 3])
@pytest.mark.parametrize("step", [1e-4, 0.3, 1.2])
def test_growth_under_a_constant_force_has_no_error(stages, step):
    """At any step: a neuron that is small grows for as long as it takes, and no sweep sees what it misses."""
    force = np.array([0.8, 0.3])
    generator = np.zeros((3, 3))
    generator[:2, 2] = generator[2, :2] = force
    w, a, _ = through(step, force, stages)
    assert np.allclose([*w, a], expm(step * generator) @ [0.7, -0.4, -0.9], rtol=0.0, atol=2e-15)


def test_the_error_of_a_step_under_a_force_that_turns_is_of_order_five():
    """The force is that of the nodes: of a polynomial of degree 1, which is what the moments say of any force."""

    def force(time):
        return np.array([0.8 - 0.5 * time, 0.3 + 0.9 * time])

    def flow(time, z):
        return np.array([*(z[2] * force(time)), z[:2] @ force(time)])

    steps, errors = 0.5 ** np.arange(1, 5), []
    for step in steps:
        w, a, _ = through(step, np.array([force(step * node) for node in gauss(2).nodes]))
        expected = solve_ivp(flow, (0.0, step), [0.7, -0.4, -0.9], "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
        errors.append(np.abs(np.array([*w, a]) - expected).max())
    assert abs(np.polyfit(np.log(steps), np.log(errors), 1)[0] - 5.0) < 0.3


def test_a_small_neuron_changes_its_unit_and_no_digit():
    network = make_network(2, 3, 2)
    network.start_w[...] = [[1.5e-91, 2e-91], [0.3, 0.4], [3e-20, 4e-20]]
    network.start_a[...] = [-2.5e-91, 0.5, 5e-20]
    network.scale[2] = 1
    before = Neurons(network.start_w.copy(), network.start_a.copy(), network.scale.copy())
    assert LOWEST > 3.6e-91
    chosen(network)
    assert network.scale.tolist() == [1, 0, 0]
    after = Neurons(network.start_w, network.start_a, network.scale).in_units(before.scale)
    assert (after.w == before.w).all()
    assert (after.a == before.a).all()
    assert network.start_a[0] == -2.5e-91 * 2.0**SHIFT
    assert before.outputs.tolist() == [-2.5e-91, 0.5, 0.0]


def test_a_balanced_neuron_stays_balanced():
    """|a| and |w| both become their geometric mean."""
    network = make_network(2, 1, 2)
    network.start_w[...], network.start_a[...] = [[3.0, 4.0]], [-5.0 * (1.0 + 1e-6)]
    balanced(network)
    size = 5.0 * np.sqrt(1.0 + 1e-6)
    assert np.isclose(network.start_a[0], -size, rtol=1e-15)
    assert np.allclose(network.start_w[0], [0.6 * size, 0.8 * size], rtol=1e-15)


def test_lemma_1_is_kept_at_any_step():
    for step in (1e-3, 0.3, 0.9):
        w, a, conserved = through(step, np.array([[0.8, 0.3], [-0.5, 0.9]]))
        assert abs(a * a - w @ w - conserved) < 1e-15
