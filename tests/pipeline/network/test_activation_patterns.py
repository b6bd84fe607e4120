"""The activation patterns, against their known number and against random directions."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pipeline.network.activation_patterns import (
    count_in_general_position,
    each_once,
    enumerate_patterns,
    first_of_each,
)

SEEDS = st.integers(0, 10**6)


def rows(patterns):
    return {pattern.tobytes() for pattern in patterns}


def by_chance(x, seed, count=20_000):
    """The patterns of random directions, and close to random intersections of hyperplanes."""
    generator = np.random.default_rng(seed)
    u = generator.standard_normal((count, x.shape[1]))
    return rows(u @ x.T > 0)


def has_a_weight(x, pattern):
    """Whether some u has <u, x_k> >= 1 on the pattern and <= -1 off it."""
    side = np.where(pattern, 1.0, -1.0)[:, None] * x
    return linprog(np.zeros(x.shape[1]), A_ub=-side, b_ub=-np.ones(len(x)), bounds=(None, None)).success


@pytest.mark.parametrize(
    ("n", "r", "count"), [(1, 3, 2), (5, 2, 10), (4, 4, 16), (6, 3, 32), (20, 3, 382), (9, 5, 326)]
)
def test_the_number_in_general_position(n, r, count):
    """Cover 1965: 2 sum over i < r of C(n - 1, i)."""
    x = np.random.default_rng(n).standard_normal((n, r))
    patterns = enumerate_patterns(x)
    assert count_in_general_position(n, r) == count
    assert len(patterns) == len(rows(patterns)) == count


@settings(max_examples=amount(16, 40))
@given(seed=SEEDS, n=st.integers(1, 7), r=st.integers(1, 4))
def test_degenerate_positions(seed, n, r):
    """Small whole coordinates: repeated, opposite, dependent points, and zero vectors."""
    x = np.random.default_rng(seed).integers(-1, 2, (n, r)).astype(float)
    patterns = enumerate_patterns(x)
    there = x.any(axis=1)
    assert not patterns[:, ~there].any()
    assert by_chance(x, seed) <= rows(patterns)  # a thin cone may be missed by chance, never by the arrangement
    for pattern in patterns[:: max(1, len(patterns) // 8)]:
        assert has_a_weight(x[there], pattern[there])


@settings(max_examples=20)
@given(seed=SEEDS, n=st.integers(1, 10), r=st.integers(1, 5))
def test_every_pattern_has_a_weight(seed, n, r):
    """A linear program finds u with <u, x_k> >= 1 on the pattern and <= -1 off it; opposites come in pairs."""
    x = np.random.default_rng(seed).standard_normal((n, r))
    patterns = enumerate_patterns(x)
    assert rows(patterns) == rows(~patterns)
    for pattern in patterns[:: max(1, len(patterns) // 8)]:
        assert has_a_weight(x, pattern)


@given(seed=SEEDS)
def test_the_order_of_the_points_does_not_matter(seed):
    generator = np.random.default_rng(seed)
    x, order = generator.standard_normal((8, 3)), generator.permutation(8)
    assert rows(enumerate_patterns(x)[:, order]) == rows(enumerate_patterns(x[order]))


def test_no_point_at_all():
    assert enumerate_patterns(np.zeros((2, 3))).tolist() == [[False, False]]


@pytest.mark.parametrize(("rows", "points"), [(0, 3), (1, 1), (60, 3), (60, 8), (40, 17), (7, 0), (0, 0)])
def test_each_pattern_once_is_what_numpy_finds_along_the_rows(rows, points):
    patterns = np.random.default_rng(rows + points).random((rows, points)) < 0.5
    found, first = np.unique(patterns, axis=0, return_index=True) if points else (patterns[:1], [0] * min(rows, 1))
    assert first_of_each(patterns).tolist() == list(first)
    assert np.array_equal(each_once(patterns), found)
