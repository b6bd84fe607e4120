"""The data in blocks."""

import numpy as np
import pytest

from pipeline.flow.collocation.points import in_blocks


@pytest.mark.parametrize(("n", "m"), [(130, 3), (800, 20), (1000, 20), (5001, 7), (3, 1)])
def test_blocks_hold_hardly_more_than_the_points(n, m):
    """800 points for 20 neurons were two blocks of 544: a third of each sweep was spent on nothing."""
    x = np.random.default_rng(0).standard_normal((n, 3))
    points = in_blocks(x, np.ones(n), m, 0.0)
    blocks, _, size = points.columns.shape
    assert n <= blocks * size < n + 8 * blocks
    assert np.array_equal(points.rows[:n], x)
    assert not points.rows[n:].any()
    assert np.array_equal(points.sample[:, [0, -1]], x[[0, -1]].T)
