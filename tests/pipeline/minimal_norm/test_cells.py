"""The maximum over the sphere by the cells of half of the points, against the enumeration of all patterns."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.minimal_norm.cells import are_likely_few, heights_above, uphill
from pipeline.minimal_norm.reduction import reduce
from pipeline.minimal_norm.sphere import Chart, largest, make_charts
from pipeline.network.activation import Activation

SEEDS = st.integers(0, 10**6)
SLOPES = st.sampled_from([0.0, 0.0, 0.3, -0.5, 2.0])


def problem(seed, n, r, free):
    generator = np.random.default_rng(seed)
    x, q = generator.standard_normal((n, r)), generator.standard_normal(n)
    if free:
        x[:, -1], q = 1.0, q - q.mean()
    reduced = reduce(x, generator.standard_normal(n), r - 1 if free else None)
    return reduced, make_charts(reduced), q


@settings(max_examples=amount(16, 40))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 9), r=st.integers(2, 6), free=st.booleans())
def test_the_maximum_is_that_over_all_patterns(seed, slope, n, r, free):
    reduced, charts, q = problem(seed, n, r, free)
    top = largest(q, charts, slope)
    found = heights_above(0.5 * top, q, charts, slope)
    assert found is not None
    assert found.bound == pytest.approx(top, rel=1e-9)
    assert found.height[0] == pytest.approx(top, rel=1e-9)
    assert (np.diff(found.height) <= 0).all()
    assert (found.height > 0.5 * top).all()
    np.testing.assert_allclose(np.linalg.norm(found.direction[:, : reduced.penalised], axis=1), 1)
    values = Activation(slope).value(found.direction @ reduced.points.T) @ q * found.sign
    np.testing.assert_allclose(values, found.height, rtol=1e-9)
    for kink, u in zip(found.kink, found.direction, strict=True):
        assert kink == -1 or abs(reduced.points[kink] @ u) <= 1e-12


@settings(max_examples=amount(8, 20))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 9), r=st.integers(2, 4))
def test_above_the_maximum_there_is_nothing(seed, slope, n, r):
    _, charts, q = problem(seed, n, r, free=False)
    level = 1.001 * largest(q, charts, slope)
    found = heights_above(level, q, charts, slope)
    assert found is not None
    assert found.bound == level
    assert not len(found.height)


@settings(max_examples=amount(8, 20))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 9), r=st.integers(2, 4), free=st.booleans())
def test_climbing_from_everywhere_ends_at_the_maximum(seed, slope, n, r, free):
    reduced, charts, q = problem(seed, n, r, free)
    top = largest(q, charts, slope)
    found = uphill(0.9 * top, q, charts, slope, [chart.patterns for chart in charts])
    assert found.height[0] == pytest.approx(top, rel=1e-3)
    assert found.height[0] <= top * (1 + 1e-9)
    values = Activation(slope).value(found.direction @ reduced.points.T) @ q * found.sign
    np.testing.assert_allclose(values, found.height, rtol=1e-9)


def test_more_points_than_all_their_patterns_could_be_enumerated():
    """60 points in 4 dimensions: no direction of a dense sample, refined, is above the bound."""
    generator = np.random.default_rng(0)
    points = generator.standard_normal((60, 4))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    q, charts = generator.standard_normal(60), [Chart(points, None, np.eye(4))]
    assert are_likely_few(charts)
    u = generator.standard_normal((20_000, 4))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    sampled = np.abs(np.maximum(u @ points.T, 0.0) @ q).max()
    found = heights_above(sampled, q, charts, 0.0)
    assert found is not None
    assert sampled <= found.height[0] <= found.bound <= 1.05 * sampled
    assert found.height[0] == pytest.approx(found.bound, rel=1e-9)


def test_too_many_cells_are_not_tried():
    generator = np.random.default_rng(0)
    points = generator.standard_normal((80, 40))
    charts = [Chart(points, None, np.eye(40))]
    assert not are_likely_few(charts)
    assert heights_above(1.0, generator.standard_normal(80), charts, 0.0) is None
