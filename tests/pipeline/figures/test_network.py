"""The fast evaluation and the thinning of markers against their slow, obvious twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.figures.network import CELLS, MANY, piecewise_linear, thinned


@given(seed=st.integers(0, 10_000), width=st.integers(0, 40), leak=st.sampled_from([0.0, 0.1, 1.0, 2.5, -0.5]))
def test_running_sums_equal_the_sum_over_neurons(seed, width, leak):
    random = np.random.default_rng(seed)
    position = np.unique(random.integers(-3, 4, 15).astype(float))
    # Small integers: slopes and offsets that vanish, and kinks exactly on a position.
    slope, offset, output = random.integers(-2, 3, (3, width)).astype(float)
    before = np.outer(position, slope) + offset
    expected = np.where(before > 0, before, leak * before) @ output
    np.testing.assert_allclose(piecewise_linear(slope, offset, output, position, leak), expected, atol=1e-10)


def test_few_markers_are_all_drawn():
    random = np.random.default_rng(0)
    np.testing.assert_array_equal(thinned(*random.random((3, MANY))), np.arange(MANY))


def test_of_many_markers_the_largest_of_each_cell_is_drawn():
    x, y, size = np.random.default_rng(0).random((3, 200_000))
    x[:150_000] = 0.5
    kept = thinned(x, y, size)
    cells = list(zip(np.rint(CELLS * x).tolist(), np.rint(CELLS * y).tolist(), strict=True))
    largest: dict[tuple[float, float], float] = {}
    for cell, value in zip(cells, size.tolist(), strict=True):
        largest[cell] = max(value, largest.get(cell, 0))
    assert len(kept) == len(largest) < 0.3 * len(size)
    assert all(size[i] == largest[cells[i]] for i in kept)


@pytest.mark.parametrize("many", [50_000])
def test_no_cell_with_a_marker_is_left_empty(many):
    x, y, size = np.random.default_rng(1).random((3, many))
    kept = thinned(x, y, size)
    nearest = np.abs(x[:200, None] - x[kept]) + np.abs(y[:200, None] - y[kept])
    assert nearest.min(axis=1).max() <= 2 / CELLS
