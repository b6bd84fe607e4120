"""Rows that are near each other, found by sorting: as found by looking at each pair."""

import numpy as np
import pytest

from pipeline.network.rays import group_equal_rows, maybe_near


def by_all_pairs(rows, within):
    group = np.full(len(rows), -1)
    first = []
    for k in range(len(rows)):
        if group[k] < 0:
            same = np.abs(rows - rows[k]).max(axis=1, initial=0.0) <= within
            group[same & (group < 0)] = len(first)
            first.append(k)
    return np.array(first, dtype=int), group


@pytest.mark.parametrize("seed", range(60))
def test_groups_are_those_of_all_pairs(seed):
    generator = np.random.default_rng(seed)
    n, d = generator.integers(1, 20), generator.integers(1, 4)
    rows = generator.integers(0, 4, (n, d)) + generator.choice([0.0, 5e-13, 1e-12, 2e-12], (n, d))
    for within in (0.0, 1e-12, 1.5):
        for found, wanted in zip(group_equal_rows(rows, within), by_all_pairs(rows, within), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_opposite_rows_are_told_from_equal_ones():
    rows = np.array([[1.0, 2.0], [3.0, -1.0], [-1.0, -2.0]])
    np.testing.assert_array_equal(maybe_near(rows, 1e-12, opposite=True), [True, False, True])
    assert not maybe_near(rows, 1e-12).any()
