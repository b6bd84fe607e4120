"""The relaxation's bound: valid for any multipliers, with the gradients of what it is, and better with pairs."""

from importlib import import_module

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.minimal_norm.bound import best_certificate
from pipeline.minimal_norm.reduction import reduce
from pipeline.minimal_norm.relaxation import Relaxation
from pipeline.minimal_norm.sphere import largest, make_charts

SEEDS = st.integers(0, 10**6)
SLOPES = st.sampled_from([0.0, 0.3, -0.5, 2.0])


def chosen(seed, n, d, slope):
    """Random points, a q, and any multipliers."""
    g = np.random.default_rng(seed)
    reduced = reduce(g.standard_normal((n, d)), g.standard_normal(n))
    relaxation = Relaxation.of(reduced.points, reduced.labels, slope)
    positive = g.exponential(size=2 * n + relaxation.pairs) * g.integers(0, 2, 2 * n + relaxation.pairs)
    return reduced, relaxation, g.standard_normal(n), np.concatenate([g.standard_normal(n), positive])


@settings(max_examples=amount(10, 10), deadline=None)
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 9), d=st.integers(2, 3))
def test_it_is_above_the_maximum_for_any_multipliers(seed, slope, n, d):
    reduced, relaxation, q, multipliers = chosen(seed, n, d, slope)
    bounds = relaxation.bound(q, multipliers)[0], relaxation.bound(-q, multipliers)[0]
    assert largest(q, make_charts(reduced), slope) <= max(bounds) * (1 + 1e-9)


@settings(max_examples=amount(5, 10), deadline=None)
@given(seed=SEEDS, slope=SLOPES)
def test_its_gradients_are_its_differences(seed, slope):
    _, relaxation, q, multipliers = chosen(seed, 6, 3, slope)
    _, by_q, by_multipliers = relaxation.bound(q, multipliers)
    move = np.random.default_rng(seed).standard_normal(len(q) + len(multipliers))
    of_q, rest = move[: len(q)], move[len(q) :]
    step = 1e-5
    ahead = relaxation.bound(q + step * of_q, multipliers + step * rest)[0]
    behind = relaxation.bound(q - step * of_q, multipliers - step * rest)[0]
    assert (ahead - behind) / (2 * step) == pytest.approx(by_q @ of_q + by_multipliers @ rest, rel=1e-4, abs=1e-4)


def images():
    """Points that are near each other, as images are, with labels of either sign."""
    g = np.random.default_rng(1)
    x = np.clip(0.5 + 0.2 * g.standard_normal((60, 20)), 0.0, 1.0)
    return reduce(x, g.choice([-1.0, 1.0], 60))


def test_pairs_are_worth_half_as_much_again_for_points_that_are_near_each_other(monkeypatch):
    reduced = images()
    q, height = best_certificate(reduced, 0.0, reduced.labels)
    monkeypatch.setattr(import_module("pipeline.minimal_norm.relaxation"), "MOST_PAIRED", 0)
    without, above = best_certificate(reduced, 0.0, reduced.labels)
    assert q @ reduced.labels / height >= 1.5 * (without @ reduced.labels / above)
    u = np.random.default_rng(2).standard_normal((5000, reduced.points.shape[1]))
    sums = np.maximum(u @ reduced.points.T, 0.0) @ q / np.linalg.norm(u, axis=1)
    assert np.abs(sums).max() <= height


def test_pairs_within_blocks_are_a_bound_as_well(monkeypatch):
    reduced = images()
    monkeypatch.setattr(import_module("pipeline.minimal_norm.relaxation"), "LARGEST_BLOCK", 20)
    blocks = Relaxation.of(reduced.points, reduced.labels, 0.0).blocks
    assert sorted(len(block.point) for block in blocks) == [15, 15, 15, 15]
    assert sorted(np.concatenate([block.point for block in blocks])) == list(range(60))
    q, height = best_certificate(reduced, 0.0, reduced.labels)
    u = np.random.default_rng(2).standard_normal((5000, reduced.points.shape[1]))
    sums = np.maximum(u @ reduced.points.T, 0.0) @ q / np.linalg.norm(u, axis=1)
    assert np.abs(sums).max() <= height
