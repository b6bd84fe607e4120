"""The frozen flow of directions, against Runge-Kutta steps of equation (10) and closed forms."""

import numpy as np
import pytest
from small_problems import general_problem

from pipeline.network.activation import Activation
from pipeline.stationary import FrozenFlow, Neurons
from pipeline.stationary.extremal_directions import SphereFunction


def start_of(x, seed, count=12, unbalanced=False):
    generator = np.random.default_rng(seed)
    u = generator.standard_normal((count, x.shape[1]))
    sign = generator.choice([-1.0, 1.0], count)
    ratio = generator.standard_normal(count) if unbalanced else sign
    return Neurons.at(x, u / np.linalg.norm(u, axis=1, keepdims=True), ratio)


def stepped(x, r, activation, start, step=2e-3, time=60.0):
    """Explicit Euler steps of dw/dt = a D, da/dt = <D, w> at the norm that they begin with."""
    w, a = start.direction.copy(), start.ratio.copy()
    for _ in range(int(time / step)):
        force = (activation.derivative(w @ x.T) * r) @ x / len(r)
        w, a = w + step * a[:, None] * force, a + step * np.sum(force * w, axis=1)
        size = np.linalg.norm(w, axis=1)
        w, a = w / size[:, None], a / size
        a = np.where(np.abs(start.ratio) == 1.0, np.sign(start.ratio), a)
    return w, a


@pytest.mark.parametrize(("seed", "slope", "unbalanced"), [(1, 0.0, False), (4, 0.3, False), (9, 0.0, True)])
def test_it_ends_where_small_steps_end(seed, slope, unbalanced):
    x, r = general_problem(seed)
    start = start_of(x, seed, unbalanced=unbalanced)
    ends = FrozenFlow(x, 3.0 * r, Activation(slope)).follow(start)
    w, _ = stepped(x, 3.0 * r, Activation(slope), start)
    moved = ends.force.any(axis=1) & ends.followed
    assert ends.followed.all() or unbalanced
    assert moved.sum() >= 6
    # Steps of 2e-3 jump to and fro across a boundary along which the neuron slides.
    assert (np.sum(w * ends.direction, axis=1)[moved] > 1 - 1e-4).all()


def test_ends_are_critical_and_grow_by_their_value():
    for seed in range(30):
        x, r = general_problem(seed)
        ends = FrozenFlow(x, r, Activation(0.0)).follow(start_of(x, seed))
        value = SphereFunction.of(x, r, Activation(0.0)).value(ends.direction)
        assert np.allclose(ends.rate, np.sign(ends.ratio) * value, atol=1e-12)
        across = ends.force - np.sum(ends.force * ends.direction, axis=1)[:, None] * ends.direction
        assert np.abs(across).max() <= 1e-12
        # d ln|w|/dt never falls on the way: it ends no lower than it begins.
        first = SphereFunction.of(x, r, Activation(0.0)).value(start_of(x, seed).direction)
        assert (ends.rate >= start_of(x, seed).ratio * first - 1e-12).all()


def test_a_neuron_without_a_force_stays():
    x, r = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, -1.0])
    start = Neurons.at(x, np.array([[-0.6, -0.8]]), np.array([1.0]))
    ends = FrozenFlow(x, r, Activation(0.0)).follow(start)
    assert ends.direction.tolist() == [[-0.6, -0.8]]
    assert ends.rate.tolist() == [0.0]


def test_a_neuron_whose_output_changes_its_sign_turns_round():
    """|a| < |w| and a < 0 on a label above 0: a grows to 0 and beyond, and w goes to x after all."""
    x, r = np.array([[1.0, 0.0]]), np.array([1.0])
    start = Neurons.at(x, np.array([[0.8, 0.6]]), np.array([-0.3]))
    ends = FrozenFlow(x, r, Activation(0.0)).follow(start)
    assert np.allclose(ends.direction, [[1.0, 0.0]])
    assert ends.ratio.tolist() == [1.0]


def test_where_w_reaches_0_it_is_not_followed():
    """a = -2 on w = x: w falls to 0 in finite time."""
    x, r = np.array([[1.0, 0.0]]), np.array([1.0])
    start = Neurons.at(x, np.array([[1.0, 0.0]]), np.array([-2.0]))
    ends = FrozenFlow(x, r, Activation(0.5)).follow(start)
    assert ends.followed.tolist() == [False]
