"""The Gauss methods: what makes them of their order, and what keeps Lemma 1."""

import numpy as np
import pytest

from pipeline.flow.collocation.tableau import gauss


@pytest.mark.parametrize("stages", [2, 3, 4])
def test_its_order_is_twice_its_stages(stages):
    method = gauss(stages)
    nodes = np.array(method.nodes)
    for power in range(2 * stages):
        assert method.weights @ nodes**power == pytest.approx(1.0 / (power + 1), abs=1e-14)
    assert method.weights @ nodes ** (2 * stages) != pytest.approx(1.0 / (2 * stages + 1), abs=1e-6)
    for power in range(stages):
        assert method.inner @ nodes**power == pytest.approx(nodes ** (power + 1) / (power + 1), abs=1e-14)


@pytest.mark.parametrize("stages", [2, 3])
def test_it_keeps_quadratic_invariants(stages):
    """b_i a_il + b_l a_li = b_i b_l: |a|^2 - |w|^2 stays what it is, at any step."""
    method = gauss(stages)
    scaled = method.weights[:, None] * method.inner
    assert np.abs(scaled + scaled.T - np.outer(method.weights, method.weights)).max() < 1e-15


@pytest.mark.parametrize("stages", [2, 3])
def test_its_polynomials(stages):
    method = gauss(stages)
    powers = np.array(method.nodes)[:, None] ** np.arange(stages + 1)
    assert np.abs(powers[:, :stages] @ method.basis.T - np.eye(stages)).max() < 1e-13
    assert np.abs(powers @ method.integral.T - method.inner).max() < 1e-14
    places = np.concatenate([[0.0], method.nodes])[:, None] ** np.arange(stages + 1)
    assert np.abs(places @ method.through - np.eye(stages + 1)).max() < 1e-12
    assert np.abs(np.ones(stages + 1) @ method.through - method.end).max() < 1e-12
    degree = 3 * stages - 2
    assert method.shares @ np.array(method.places) ** degree == pytest.approx(1.0 / (degree + 1), abs=1e-14)
