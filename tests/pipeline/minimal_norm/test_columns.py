"""The linear program over directions: the same minimum as the convex program, and where that is lost."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import minimal_norm
from pipeline.minimal_norm.columns import many_directions, over_directions
from pipeline.minimal_norm.reduction import reduce
from pipeline.minimal_norm.sphere import largest, make_charts

SEEDS = st.integers(0, 10**6)


def solved(x, y, slope=0.0, bias=None):
    reduced = reduce(x, y, bias)
    charts = make_charts(reduced)
    found = over_directions(reduced, slope, many_directions(reduced), charts)
    assert found is not None
    q, network = found
    return reduced, network, float(q @ reduced.labels) / max(largest(q, charts, slope), 1.0)


@settings(max_examples=amount(5, 10))
@given(seed=SEEDS, slope=st.sampled_from([0.0, 0.3, -0.5]), n=st.integers(2, 8), d=st.integers(2, 3))
def test_the_minimum(make_data, seed, slope, n, d):
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.standard_normal(n)
    reduced, network, bound = solved(x, y, slope)
    assert network.interpolates(reduced)
    assert bound == pytest.approx(network.norm(reduced), rel=1e-7)
    wanted = float(minimal_norm(make_data(x, y), slope=slope)["value"])
    assert network.norm(reduced) * reduced.unit == pytest.approx(wanted, rel=1e-6)


def test_the_minimum_with_a_free_bias():
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((8, 3)), generator.standard_normal(8)
    x[:, -1] = 1.0
    reduced, network, bound = solved(x, y, bias=2)
    assert network.interpolates(reduced)
    assert bound == pytest.approx(network.norm(reduced), rel=1e-7)


def test_labels_that_alternate_over_one_input_with_the_bias_counted():
    """60 points: a norm of 4e3 for labels of 1. The value and its certificate agree to nine digits."""
    x = np.column_stack([np.linspace(-1, 1, 60), np.ones(60)])
    reduced, network, bound = solved(x, np.arange(60) % 2)
    assert network.interpolates(reduced)
    assert bound == pytest.approx(network.norm(reduced), rel=1e-9)
    assert network.norm(reduced) * reduced.unit > 58 * 59  # no less than with a free bias
