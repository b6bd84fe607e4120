"""The maximum over the sphere and its bounds, against dense sampling with local search."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from pipeline.minimal_norm.bound import rough_certificate
from pipeline.minimal_norm.reduction import reduce
from pipeline.minimal_norm.sphere import climb_from, largest, make_charts, peaks, project
from pipeline.network.activation import Activation

SEEDS = st.integers(0, 10**6)
SLOPES = st.one_of(st.just(0.0), st.floats(-2.0, 3.0).map(lambda slope: round(slope, 3)))


def searched(q, points, slope, seed=0, free=False):
    """The best of 4,000 directions, refined by Nelder-Mead from the best of each of the best activation patterns.

    A ``free`` bias needs no search: for sum q = 0 the best is where one of the points is at its kink.
    """
    r = points.shape[1] - free

    def value(u):
        p = (u / np.maximum(np.linalg.norm(u, axis=-1, keepdims=True), 1e-300)) @ points[:, :r].T
        if not free:
            return np.abs(Activation(slope).value(p) @ q)
        at_kinks = p[..., None, :] - (p / points[:, r])[..., :, None] * points[:, r]
        return np.abs(Activation(slope).value(at_kinks) @ q).max(axis=-1)

    u = np.random.default_rng(seed).standard_normal((4000, r))
    best = float(value(u).max())
    ordered = u[np.argsort(-value(u))]
    _, first = np.unique(ordered @ points[:, :r].T > 0, axis=0, return_index=True)
    for start in ordered[np.sort(first)[:12]]:
        found = minimize(lambda v: -value(v), start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        best = max(best, -found.fun)
    return best


def problem(seed, n, r, bias=None):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((n, r))
    if bias is not None:
        x[:, bias] = 1.0
    reduced = reduce(x, np.ones(n) if bias is None else generator.standard_normal(n), bias)
    return reduced, make_charts(reduced), generator.standard_normal(n)


@settings(max_examples=amount(6, 15))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(1, 8), r=st.integers(2, 3))
def test_the_maximum(seed, slope, n, r):
    reduced, charts, q = problem(seed, n, r)
    best = searched(q, reduced.points, slope, seed)
    found = largest(q, charts, slope)
    assert best <= found * (1 + 1e-12)
    assert found == pytest.approx(best, rel=1e-6)


@settings(max_examples=amount(5, 10))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 6), r=st.integers(2, 3))
def test_the_maximum_with_a_free_bias(seed, slope, n, r):
    """Over |w| <= 1 and any bias, for sum q = 0."""
    reduced, charts, q = problem(seed, n, r, bias=r - 1)
    q -= q.mean()
    best = searched(q, reduced.points, slope, seed, free=True)
    found = largest(q, charts, slope)
    assert best <= found * (1 + 1e-9)
    assert found == pytest.approx(best, rel=1e-5)


@settings(max_examples=25)
@given(seed=SEEDS, slope=SLOPES, n=st.integers(1, 9), r=st.integers(2, 4))
def test_peaks_are_where_they_say(seed, slope, n, r):
    reduced, charts, q = problem(seed, n, r)
    top = largest(q, charts, slope)
    found = peaks(q, charts, slope, 0.5 * top)
    assert found.height[0] == pytest.approx(top, rel=1e-12)
    assert (found.height > 0.5 * top).all()
    np.testing.assert_allclose(np.linalg.norm(found.direction, axis=1), 1)
    value = Activation(slope).value(found.direction @ reduced.points.T) @ q * found.sign
    # A piece of the sum, with walls left out, lies below the sum and above what its pattern's cone allows.
    assert (value >= found.height * (1 - 1e-12)).all()
    side = np.where(found.pattern, 1, -1) * (found.direction @ reduced.points.T)
    assert side.min() >= -1e-9


@settings(max_examples=amount(10, 25))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 9), r=st.integers(2, 4))
def test_climbing_ends_below_the_maximum_and_often_there(seed, slope, n, r):
    _, charts, q = problem(seed, n, r)
    found = climb_from(q, charts, slope, [charts[0].patterns], 0.0)
    assert found.height[0] == pytest.approx(largest(q, charts, slope), rel=1e-12)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    slope=st.sampled_from([0.0, 0.4, -0.5]),
    powers=st.tuples(st.integers(-100, 100), st.integers(-100, 100)),
)
def test_the_rough_certificate_is_feasible_at_any_size(seed, slope, powers):
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((6, 3)), generator.standard_normal(6)
    x[2], y[2] = 0.0, 0.0
    u = generator.standard_normal((4000, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    q, norm = rough_certificate(x * 10.0 ** powers[0], y * 10.0 ** powers[1], slope)
    z = u @ x.T
    assert norm <= 1.0
    assert np.abs(np.where(z > 0, z, slope * z) @ (q * 10.0 ** powers[0])).max() <= norm * (1 + 1e-12)
    assert q @ y > 0


def test_the_rough_certificate_is_exact_for_orthogonal_points():
    x, y = np.diag([1.0, 2.0, 0.5]), np.array([1.0, 2.0, -1.0])
    q, norm = rough_certificate(x, y)
    assert norm == pytest.approx(1.0)
    assert q @ y == pytest.approx(np.sqrt(1.0 + 1.0) + 2.0)


@settings(max_examples=amount(24, 60))
@given(seed=SEEDS, n=st.integers(1, 7))
def test_a_projection_is_in_its_cone_and_no_longer_than_what_is_projected(make_orthogonal, seed, n):
    """Orthogonal points put g on walls up to rounding: there nnls has gone astray."""
    x = make_orthogonal(seed, n, 0)["x"].values
    force = np.random.default_rng(seed).standard_normal(n)
    for pattern in make_charts(reduce(x, np.ones(n)))[0].patterns:
        top = project(force, x, pattern, 0.0)
        assert top.height <= np.linalg.norm((pattern * force) @ x) * (1 + 1e-12)
        if top.height < 1e-9:  # a direction of rounding
            continue
        on = np.maximum(x @ top.direction, 0.0)
        assert force @ on == pytest.approx(top.height, abs=1e-9 * np.abs(force).max() * np.abs(x).max())
