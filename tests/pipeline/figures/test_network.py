"""The thinning of markers against its slow, obvious twin."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.figures.network import CELLS, MANY, thinned


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
