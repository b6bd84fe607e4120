"""The solver's own problem says of the network what the data say of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import residual_of
from witness import points, start

from pipeline.flow.exact.network.activation import OFF
from pipeline.flow.reduction import PARALLEL, Reduction, raw_neurons, unit_of
from pipeline.network.rays import rays


def drawn(seed, n=6, d=3, size=1.0, label_size=1.0):
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.uniform(0.5, 1.5, n) * generator.choice([-1.0, 1.0], n)
    return x * size, y * label_size


def plain_residual(data, init):
    """y_k - sum_j a_j max(<w_j, x_k>, 0), from the labelled weights."""
    norm = np.exp(init["log_norm"].values)
    w, a = norm[:, None] * init["direction"].values, norm * init["output_ratio"].values
    return data["y"].values - np.maximum(data["x"].values @ w.T, 0.0) @ a


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    exponents=st.tuples(st.integers(-45, 45), st.integers(-45, 45)),
    kind=st.sampled_from(["balanced", "unbalanced"]),
)
def test_the_reduced_residual_is_the_data_s_at_any_size(seed, exponents, kind):
    """Points on one ray, a zero vector and general ones; the start's output is of the labels' size."""
    x, y = drawn(seed)
    x[1], x[4], y[4] = 3.0 * x[0], 0.0, 0.0
    x, y = x * 10.0 ** exponents[0], y * 10.0 ** exponents[1]
    data = points(x, y)
    log10_scale = 0.5 * (exponents[1] - exponents[0])
    init = start(data, width=9, seed=seed % 97, log10_scale=log10_scale, start=kind)
    reduced = Reduction.of(data, init)
    found = reduced.residual(residual_of(reduced.neurons, reduced.problem))
    expected = plain_residual(data, init)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-11 * np.abs(expected).max())
    assert 0.3 < np.abs(reduced.problem.y).max() < 4.0


def test_points_on_one_ray_are_one_point_and_what_they_ask_for_together():
    """Least squares for h on the ray: the reduced label; what that leaves is what no network can remove."""
    data = points([[1.0, 2.0], [2.0, 4.0], [0.5, -1.0]], [1.0, 3.0, 0.4])
    reduced = Reduction.of(data, start(data, width=3))
    assert reduced.point.tolist() == [0, 0, 1]
    assert len(reduced.problem.y) == 2
    slope = np.linalg.lstsq([[1.0], [2.0]], [1.0, 3.0], rcond=None)[0][0]
    assert reduced.unfit == pytest.approx([1.0 - slope, 3.0 - 2 * slope, 0.0])
    assert reduced.contradictory
    assert reduced.residual(np.zeros(2)) == pytest.approx(reduced.unfit)


def test_labels_that_agree_along_a_ray_contradict_nothing():
    data = points([[0.1, 0.7], [0.3, 2.1]], [0.1, 0.3])
    reduced = Reduction.of(data, start(data, width=3))
    assert not reduced.contradictory
    assert np.abs(reduced.unfit).max() < 1e-15


def test_a_zero_vector_is_off_for_everyone():
    data = points([[0.0, 0.0], [1.0, 0.5]], [0.0, 1.0])
    reduced = Reduction.of(data, start(data, width=4))
    assert reduced.point.tolist() == [-1, 0]
    assert reduced.residual(np.array([0.5])).tolist() == [0.0, 0.5]
    state = reduced.activation(reduced.neurons.state)
    assert (state[:, 0] == OFF).all()
    assert (state[:, 1:] == reduced.neurons.state).all()


def test_nothing_but_zero_vectors_has_nothing_to_do():
    data = points([[0.0, 0.0]], [0.0])
    reduced = Reduction.of(data, start(data, width=4), slope=0.1)
    assert (reduced.neurons.state == OFF).all()
    assert reduced.problem.y.tolist() == [0.0]
    assert reduced.residual(np.array([0.0])).tolist() == [0.0]


def test_rays_are_told_apart_at_an_angle_of_1e_7():
    x = np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 1e-7], [0.0, 0.0], [-1.0, 0.0]])
    point, first, weight = rays(x, PARALLEL)
    assert point.tolist() == [0, 0, 1, -1, 2]
    assert first.tolist() == [0, 2, 4]
    assert weight == pytest.approx([1.0, 2.0, 1.0, 0.0, 1.0], rel=1e-13)


@pytest.mark.parametrize("size", [3e-300, 1e-20, 0.7, 1.0, 5.0, 1e300])
def test_the_unit_is_a_power_of_2_beside_the_largest(size):
    unit = unit_of(np.array([0.1, -1.0, 0.3]) * size)
    assert np.frexp(unit)[0] == 0.5
    assert 0.7 <= size / unit <= 1.42


@given(ratio=st.floats(-1e6, 1e6).filter(lambda a: a != 0.0), log_norm=st.floats(-2000, 2000))
def test_a_neuron_is_held_in_its_own_unit_with_its_imbalance(ratio, log_norm):
    neuron = raw_neurons(np.array([[0.6, 0.8]]), np.array([log_norm]), np.array([ratio]), np.eye(2))
    w, a, c = neuron.z[0, :2], neuron.z[0, 2], neuron.z[0, 3]
    assert 0.5 * (w @ w + a * a) == pytest.approx(1.0, rel=1e-14)
    assert a / np.linalg.norm(w) == pytest.approx(ratio, rel=1e-12)
    assert a * a - w @ w == pytest.approx(c, abs=1e-14)
    assert neuron.log_scale[0] + np.log(np.linalg.norm(w)) == pytest.approx(log_norm, abs=1e-11)
    assert neuron.sign[0] == (np.sign(ratio) if abs(ratio) >= 1.0 else 0.0)
    balanced = raw_neurons(np.array([[0.6, 0.8]]), np.array([log_norm]), np.array([np.sign(ratio)]), np.eye(2))
    assert balanced.z[0, 2:].tolist() == [np.sign(ratio), 0.0]


def test_a_point_stays_on_the_first_ray_that_took_it():
    """Parallel to rounding is not transitive: the second point is parallel to both others, which are not."""
    x = np.array([[1.0, 0.0], [1.0, 0.75 * PARALLEL], [1.0, 1.5 * PARALLEL]])
    point, first, _ = rays(x, PARALLEL)
    assert point.tolist() == [0, 0, 1]
    assert first.tolist() == [0, 2]
