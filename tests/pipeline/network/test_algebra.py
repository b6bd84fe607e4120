"""What weights do on points, against the sums that are written in the paper."""

import numpy as np
import pytest

from pipeline.network import algebra
from pipeline.network.activation import Activation
from pipeline.network.status import Status


@pytest.fixture
def network():
    random = np.random.default_rng(3)
    return random.standard_normal((4, 2)), random.standard_normal((7, 2)), random.standard_normal(7)


@pytest.mark.parametrize("negative", [0.0, 0.3, -1.0])
def test_the_flow_goes_down_the_loss(network, negative):
    """By differences of the loss: velocity is -grad L, and its length the gradient norm."""
    (x, w, a), activation, y = network, Activation(negative), np.array([1.0, -2.0, 0.5, 0.0])

    def loss(theta):
        v, b = theta[:14].reshape(7, 2), theta[14:]
        inner = v @ x.T
        return 0.5 * np.mean((y - b @ np.where(inner > 0, inner, negative * inner)) ** 2)

    residual = y - algebra.outputs(x, w, a, activation)
    theta = np.concatenate([w.ravel(), a])
    assert float(algebra.loss(residual)) == pytest.approx(loss(theta), rel=1e-14)
    steps = 1e-6 * np.eye(len(theta))
    slopes = [(loss(theta + step) - loss(theta - step)) / 2e-6 for step in steps]
    force = algebra.forces(x, activation.derivative(w @ x.T), residual)
    moved, turned = algebra.velocity(w, a, force)
    np.testing.assert_allclose(-np.array(slopes), np.concatenate([moved.ravel(), turned]), atol=1e-8)
    length = algebra.gradient_norm(w[None], a[None], force[None])[0]
    assert length == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_a_wide_network_is_summed_in_pieces(network, monkeypatch):
    x, w, a = network
    whole = algebra.outputs(x, w, a, Activation(0.1))
    monkeypatch.setattr(algebra, "PRODUCTS_LIMIT", 8)
    np.testing.assert_allclose(algebra.outputs(x, w, a, Activation(0.1)), whole, rtol=1e-13)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_a_gradient_of_any_size_has_a_norm(network, size):
    _, w, a = network
    plain = algebra.gradient_norm(w[None], a[None], w[None])[0]
    assert algebra.gradient_norm(size * w[None], size * a[None], w[None] / size)[0] == pytest.approx(plain)


def test_the_norm_of_a_tiny_neuron_with_a_large_output_is_a_number():
    norm, a = np.exp(np.array([-500.0, 0.0])), np.array([1.0, 2.0])
    assert float(algebra.half_squared_norm(norm, a)) == pytest.approx(3.0)


def test_a_trajectory_is_complete_or_not_by_one_list():
    words = {status.word for status in Status}
    assert words > Status.INCOMPLETE
    assert {status.word for status in Status if not status.complete} == Status.INCOMPLETE
