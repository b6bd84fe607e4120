"""The tangent kernel as a matrix, as a factor and as a product: the same eigenvalues and solutions."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from catalog.schema import variable
from pipeline.network.activation import Activation
from pipeline.network.algebra import weights
from pipeline.network.patterns import Network, group_by_pattern, span_of
from pipeline.stationary.point import nearest_stationary_point
from pipeline.stationary.spectrum import spectrum
from pipeline.stationary.tangent import Tangent

ON, OFF, SLIDING = (variable("trajectory", "activation").flag(name) for name in ("on", "off", "sliding"))
MODULE = import_module("pipeline.stationary.tangent")


def students(n, d, m, *, sliding=True, seed=0):
    """Gaussian points, a teacher of two neurons, and random neurons, one of which slides along two points."""
    generator = np.random.default_rng(seed)
    x, w, a = (
        generator.standard_normal((n, d)),
        generator.standard_normal((m, d)),
        generator.choice([-1.0, 1.0], m),
    )
    y = np.maximum(x @ generator.standard_normal((2, d)).T, 0.0) @ np.array([1.0, -1.0])
    state = np.where(x @ w.T > 0, ON, OFF).T
    if sliding:
        held = np.linalg.qr(x[:2].T)[0]
        w[0] -= held @ (held.T @ w[0])
        state[0] = np.where(x @ w[0] > 0, ON, OFF)
        state[0, :2] = SLIDING
    length = np.linalg.norm(w, axis=1)
    ratio, log_norm = a / length, np.log(length)
    first, group = group_by_pattern(state.astype(np.int8), np.sign(ratio))
    return Network(
        x, y, Activation(0.1), w / length[:, None], ratio, log_norm,
        *weights(log_norm, w / length[:, None], ratio), group, state[first].astype(np.int8), np.sign(ratio[first]),
    )  # fmt: skip


def derivative(network):
    """J (n, m (d + 1)) of the outputs, neuron by neuron."""
    found = []
    for j, group in enumerate(network.group):
        slides = network.state[group] == SLIDING
        gain = np.where(slides, 0.0, np.where(network.state[group] == ON, 1.0, 0.1))
        held = np.linalg.qr(network.x[slides].T)[0]
        x = network.x - (network.x @ held) @ held.T
        found += [network.a[j] * gain[:, None] * x, (gain * (x @ network.w[j]))[:, None]]
    return np.concatenate(found, axis=1)


def test_neurons_on_surfaces_of_their_own():
    """Two slide along one point, one along another two, one along none."""
    network = students(6, 4, 5)
    state = network.state[network.group]
    state[1:3, 3], state[3, 4:] = SLIDING, SLIDING
    first, group = group_by_pattern(state, np.sign(network.ratio))
    network = replace(network, group=group, state=state[first], sign=np.sign(network.ratio[first]))
    j = derivative(network)  # of projected points: <w, P x> = <P w, x>
    np.testing.assert_allclose(network.tangent_kernel(network.w, network.a), j @ j.T, atol=1e-12)


@pytest.mark.parametrize("form", ["matrix", "factor", "product"])
def test_each_form_is_the_derivative_times_itself(monkeypatch, form):
    network = students(40, 4, 5)
    monkeypatch.setattr(MODULE, "FEW", 100 if form == "matrix" else 0)
    monkeypatch.setattr(MODULE, "MOST", 1 if form == "product" else 3_000)
    tangent = Tangent.of(network, network.w, network.a)
    assert (tangent.matrix is not None, tangent.factor is not None) == (form == "matrix", form == "factor")
    j = derivative(network)
    sizes = np.linalg.svd(j)[1] ** 2
    found = tangent.eigenvalues()
    assert tangent.complete == (form != "product")
    largest = np.sort(sizes)[-6:] if form == "product" else np.sort(sizes)[-len(found) :][-24:]
    np.testing.assert_allclose(found[-len(largest) :], largest, atol=1e-10 * sizes[0])
    right = j @ np.random.default_rng(1).standard_normal(j.shape[1])
    monkeypatch.setattr(MODULE, "MOST", 3_000)  # so many rounds
    solution = tangent.solve(right)
    np.testing.assert_allclose(j @ (j.T @ solution), right, atol=1e-7 * np.abs(right).max())
    np.testing.assert_allclose(
        tangent.product(right), j @ (j.T @ right), atol=1e-9 * sizes[0] * np.abs(right).max()
    )


def test_a_stationary_point_of_more_points_than_weights_needs_no_matrix_of_the_points(monkeypatch):
    """The residual that no weight can lower, and the same spectrum either way."""
    network = students(60, 3, 4, seed=2)
    found = []
    for few in (100, 0):
        monkeypatch.setattr(MODULE, "FEW", few)
        point = nearest_stationary_point(network, network.y - network.outputs(network.w, network.a).sum(axis=0))
        found.append((point, spectrum(network, point)))
    (by_matrix, one), (by_factor, other) = found
    np.testing.assert_allclose(by_factor.residual, by_matrix.residual, atol=1e-12)
    np.testing.assert_allclose(by_factor.w, by_matrix.w, atol=1e-6)
    np.testing.assert_allclose(other.values, one.values, atol=1e-9 * one.largest)
    assert by_factor.reached == by_matrix.reached


def test_features_too_many_for_a_factorisation_are_summed_up(monkeypatch):
    network = students(30, 6, 12, seed=3)
    residual = network.y - network.outputs(network.w, network.a).sum(axis=0)
    wanted = nearest_stationary_point(network, residual)
    monkeypatch.setattr(import_module("pipeline.stationary.point"), "MOST_FEATURES", 0)
    found = nearest_stationary_point(network, residual)
    np.testing.assert_allclose(found.residual, wanted.residual, atol=1e-6)


def test_what_is_large_is_given_back_and_found_again(monkeypatch):
    """Spans of 1,000 neurons take more than all else: a network whose point is known holds none."""
    network = students(30, 6, 12, seed=3)
    kernel = network.tangent_kernel(network.w, network.a)
    network.release()
    assert network.along
    monkeypatch.setattr("pipeline.network.patterns.KEPT", 0)
    network.release()
    assert not network.spans
    assert "surfaces" not in vars(network)
    np.testing.assert_array_equal(network.tangent_kernel(network.w, network.a), kernel)


@pytest.mark.parametrize("quick", [0.0, 1.0])
def test_steps_that_share_a_kernel_come_to_a_point_with_the_same_residual(monkeypatch, quick):
    network = students(6, 4, 8, seed=5)
    monkeypatch.setattr(import_module("pipeline.stationary.point"), "QUICK", quick)
    point = nearest_stationary_point(network, network.y - network.outputs(network.w, network.a).sum(axis=0))
    assert point.reached
    j = derivative(replace(network, w=point.w, a=point.a))
    np.testing.assert_allclose(np.linalg.eigvalsh(j @ j.T), point.tangent.eigenvalues(), atol=1e-10)


@pytest.mark.parametrize("apart", [1.0, 1e-5, 1e-9, 0.0])
def test_a_span_has_as_many_columns_as_the_points_have_dimensions(apart):
    """Of points that are nearly the same as well, of which a factorisation without pivots sees less."""
    points = np.random.default_rng(0).standard_normal((4, 6))
    points[3] = points[0] + apart * (points[3] - points[0])
    span = span_of(points)
    assert span.shape == (6, 4 if apart else 3)
    np.testing.assert_allclose(span.T @ span, np.eye(span.shape[1]), atol=1e-12)
    np.testing.assert_allclose(points - (points @ span) @ span.T, 0.0, atol=1e-12)
