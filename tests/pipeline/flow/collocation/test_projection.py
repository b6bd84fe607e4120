"""What a neuron can do that slides at several boundaries."""

import numpy as np
from witness import callable_kernel

from pipeline.flow.collocation.points import in_blocks
from pipeline.flow.collocation.projection import find_basis, put_on_boundaries

basis_of, put = callable_kernel(find_basis), callable_kernel(put_on_boundaries)


def test_a_neuron_is_put_on_boundaries_that_are_nearly_one():
    g = np.random.default_rng(0)
    x = 1.0 + 1e-3 * g.standard_normal((6, 5))
    x[4] = x[1] + x[2]  # no boundary of its own
    points = in_blocks(x, np.ones(6), 2, 0.0)
    w, basis = g.standard_normal(5), np.zeros((5, 5))
    neuron, point = np.array([0, 1, 0, 1, 1]), np.array([0, 1, 3, 2, 4])
    before = np.linalg.norm(w)
    rank = basis_of(1, (neuron, point, 5), points, basis)
    assert rank == 2
    put(w, rank, basis)
    assert np.abs(x[[1, 2, 4]] @ w).max() < 1e-14
    assert abs(x[3] @ w) > 1e-4
    assert abs(np.linalg.norm(w) - before) < 1e-14
