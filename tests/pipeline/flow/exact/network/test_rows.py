"""The triangular factor that stands for many neurons has their second moment."""

import numpy as np
import pytest
from witness import callable_kernel

from pipeline.flow.exact.network import rows as pattern_rows

add_to_factor = callable_kernel(pattern_rows.add_to_factor)


def test_a_factor_keeps_small_neurons_that_a_moment_would_lose():
    """The neuron of size 1e-12 beside one of size 1: its square is below the rounding of the sum."""
    factor = np.zeros((2, 2))
    add_to_factor(factor, 0, np.array([[1.0], [1.0]]), 1)
    add_to_factor(factor, 0, np.array([[1e-12, 7.0], [-1e-12, 7.0]]), 1)  # its second column is not used
    assert abs(np.linalg.det(factor)) == pytest.approx(2e-12, rel=1e-3)


@pytest.mark.parametrize("count", [1, 5, 8, 63, 64])
def test_a_factor_grows_by_the_moment_of_a_block(count):
    generator = np.random.default_rng(count)
    before, block = np.triu(generator.uniform(0.1, 1.0, (4, 4))), generator.standard_normal((4, 64))
    block[2] = 0.0
    rows = np.vstack([np.full((3, 4), 7.0), before])
    expected = before.T @ before + block[:, :count] @ block[:, :count].T
    add_to_factor(rows, 3, block.copy(), count)
    assert (rows[:3] == 7.0).all()
    assert (np.tril(rows[3:], -1) == 0.0).all()
    assert (np.diag(rows[3:]) >= 0.0).all()
    assert rows[3:].T @ rows[3:] == pytest.approx(expected, rel=1e-13, abs=1e-13)
