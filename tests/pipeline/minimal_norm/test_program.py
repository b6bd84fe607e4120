"""The minimum norm of any data: other ways to the same number, no interpolator below it, its laws."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from catalog.schema import validate
from pipeline import generate_data, load_config, minimal_norm
from pipeline.configuration import DataConfig
from pipeline.inputs.errors import RequestError
from pipeline.minimal_norm.orthogonal import closed_form
from pipeline.minimal_norm.reduction import NO_NETWORK, reduce
from pipeline.minimal_norm.solution import least_norm
from pipeline.network.activation_patterns import enumerate_patterns

SEEDS = st.integers(0, 10**6)
SLOPES = st.one_of(st.just(0.0), st.floats(-2.0, 0.9).map(lambda slope: round(slope, 3)))
SIZES = {"n": st.integers(2, 8), "d": st.integers(2, 4)}


def phi(z, slope=0.0):
    return np.where(z > 0, z, slope * z)


def random_data(seed, n, d):
    generator = np.random.default_rng(seed)
    return generator.standard_normal((n, d)), generator.standard_normal(n)


def outputs(minimum, x, slope=0.0):
    w = minimum["weight"].values
    return phi(x @ w.T, slope) @ (minimum["output_sign"].values * np.linalg.norm(w, axis=1))


def value_of(data, **options):
    minimum = minimal_norm(data, **options)
    value = float(minimum["value"])
    assert abs(float(minimum["gap"])) <= 1e-6 * value
    return value


# Known values


def test_the_papers_toy():
    """The certified minimum is 8.203977, far below where the flow ends."""
    data = generate_data(load_config("non-orthogonal").data)
    minimum = validate("minimum", minimal_norm(data))
    assert float(minimum["value"]) == pytest.approx(8.203977, abs=5e-7)
    assert abs(float(minimum["gap"])) < 1e-8
    assert minimum.attrs["method"] == "convex program over all 10 activation patterns"
    assert float(minimum["patterns"]) == 10
    assert float(minimum["freedom"]) == 0


def test_orthogonal_inputs_through_the_program():
    data = generate_data(load_config("orthogonal").data)
    found = least_norm(reduce(data["x"].values, data["y"].values), 0.0)
    assert found.value == pytest.approx(float(minimal_norm(data)["value"]), abs=1e-8)


@settings(max_examples=amount(10, 25))
@given(seed=SEEDS, n=st.integers(1, 7), extra=st.integers(0, 2))
def test_random_orthogonal_inputs_through_the_program(make_orthogonal, seed, n, extra):
    data = make_orthogonal(seed, n, extra)
    x, y = data["x"].values, data["y"].values
    weight, _, certificate = closed_form(x, y)
    found = least_norm(reduce(x, y), 0.0)
    assert found.value == pytest.approx(np.sum(weight**2), rel=1e-6)
    assert_allclose(found.certificate[np.argsort(found.point)], certificate, rtol=1e-5, atol=1e-6)


def all_patterns(x, y, slope, free=False):
    """The program over every pattern as it stands in the literature, by cvxpy."""
    import cvxpy

    terms, sides, total = [], [], np.zeros(len(y))
    for pattern in enumerate_patterns(x):
        for sign in (1, -1):
            u = cvxpy.Variable(x.shape[1])
            terms.append(cvxpy.norm(u[:-1] if free else u))
            sides.append((np.where(pattern, 1.0, -1.0)[:, None] * x) @ u >= 0)
            total = total + (sign * np.where(pattern, 1.0, slope)[:, None] * x) @ u
    program = cvxpy.Problem(cvxpy.Minimize(sum(terms)), [*sides, total == y])
    program.solve(solver=cvxpy.CLARABEL)
    return program.value


@settings(max_examples=amount(5, 8))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 6), d=st.integers(2, 3))
def test_cvxpy_finds_the_same(make_data, seed, slope, n, d):
    x, y = random_data(seed, n, d)
    assert value_of(make_data(x, y), slope=slope) == pytest.approx(all_patterns(x, y, slope), rel=1e-6)


@settings(max_examples=amount(5, 8))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 6), d=st.integers(1, 2))
def test_cvxpy_finds_the_same_with_a_free_bias(seed, slope, n, d):
    x, y = random_data(seed, n, d)
    data = generate_data(DataConfig(x=x.tolist(), y=y.tolist(), bias=True))
    wanted = all_patterns(data["x"].values, y, slope, free=True)
    assert value_of(data, slope=slope, free_bias=True) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_a_free_bias_in_one_dimension(seed):
    """Savarese et al. 2019: the least of max(integral of |f''|, |f'(-inf) + f'(inf)|) over interpolating f.

    Linear splines with kinks on the data reach it: their slopes c_0, ..., c_n are a linear program.
    """
    import cvxpy

    generator = np.random.default_rng(seed)
    x, y = np.sort(generator.uniform(-2, 2, 6)), generator.standard_normal(6)
    data = generate_data(DataConfig(x=x[:, None].tolist(), y=y.tolist(), bias=True))
    slopes = np.diff(y) / np.diff(x)
    left, right = cvxpy.Variable(), cvxpy.Variable()
    bends = cvxpy.abs(left - slopes[0]) + cvxpy.abs(right - slopes[-1]) + np.abs(np.diff(slopes)).sum()
    program = cvxpy.Problem(cvxpy.Minimize(cvxpy.maximum(bends, cvxpy.abs(left + right))))
    program.solve(solver=cvxpy.CLARABEL)
    assert value_of(data, free_bias=True) == pytest.approx(program.value, rel=1e-6)


# The network and its certificate


@settings(max_examples=amount(12, 30))
@given(seed=SEEDS, slope=SLOPES, **SIZES)
def test_the_minimal_network_interpolates(make_data, seed, slope, n, d):
    x, y = random_data(seed, n, d)
    minimum = validate("minimum", minimal_norm(make_data(x, y), slope=slope))
    value = float(minimum["value"])
    assert_allclose(outputs(minimum, x, slope), y, atol=1e-9 * np.abs(y).max() + 1e-13 * value)
    assert np.sum(minimum["weight"].values ** 2) == pytest.approx(value, rel=1e-12)
    assert float(minimum["lower_bound"]) == pytest.approx(minimum["certificate"].values @ y, rel=1e-12)
    assert float(minimum["certificate_norm"]) <= 1 + 1e-12
    assert abs(float(minimum["gap"])) <= 1e-6 * value
    assert minimum.sizes["minimal_neuron"] <= n


@settings(max_examples=amount(12, 30))
@given(seed=SEEDS, slope=SLOPES, width=st.integers(1, 8), **SIZES)
def test_no_network_is_smaller(make_data, seed, slope, width, n, d):
    """A random network fits its own outputs."""
    x, _ = random_data(seed, n, d)
    generator = np.random.default_rng(seed + 1)
    w, a = generator.standard_normal((width, d)), generator.standard_normal(width)
    y = phi(x @ w.T, slope) @ a
    half = 0.5 * (np.sum(w**2) + np.sum(a**2))
    minimum = minimal_norm(make_data(x, y), slope=slope)
    assert float(minimum["lower_bound"]) <= half * (1 + 1e-12)
    assert float(minimum["value"]) <= half * (1 + 1e-8)


# Laws


@settings(max_examples=amount(6, 15))
@given(seed=SEEDS, slope=SLOPES, scale=st.floats(1e-3, 1e3), **SIZES)
def test_invariances(make_data, seed, slope, scale, n, d):
    x, y = random_data(seed, n, d)
    value = value_of(make_data(x, y), slope=slope)
    assert value_of(make_data(scale * x, y), slope=slope) == pytest.approx(value / scale, rel=1e-6)
    assert value_of(make_data(x, scale * y), slope=slope) == pytest.approx(value * scale, rel=1e-6)
    assert value_of(make_data(x, -y), slope=slope) == pytest.approx(value, rel=1e-6)
    generator = np.random.default_rng(seed)
    rotation, order = np.linalg.qr(generator.standard_normal((d + 1, d)))[0], generator.permutation(n)
    assert value_of(make_data(x[order] @ rotation.T, y[order]), slope=slope) == pytest.approx(value, rel=1e-6)
    longer, labels = np.concatenate([x, 2 * x[:1], 0 * x[:1]]), np.concatenate([y, 2 * y[:1], [0]])
    assert value_of(make_data(longer, labels), slope=slope) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(("size_x", "size_y"), [(1e-148, 1e148), (1e148, 1e-148), (1e-148, 1e-148)])
def test_sizes_that_no_float_squares(make_data, size_x, size_y):
    x, y = random_data(0, 5, 2)
    x, y = x / np.abs(x).max(), y / np.abs(y).max()
    value = value_of(make_data(x, y))
    assert value_of(make_data(size_x * x, size_y * y)) == pytest.approx(value / size_x * size_y, rel=1e-7)


# What is said


@pytest.mark.parametrize(
    ("x", "y", "slope", "words"),
    [
        ([[1, 1], [2, 2]], [1, 1], 0.0, f"{NO_NETWORK}: points on one ray"),
        ([[1], [1]], [1, 2], 0.0, f"{NO_NETWORK}: points on one ray"),
        ([[1, 0], [0, 0]], [1, -2], 0.0, f"{NO_NETWORK}: one is at the zero vector"),
        ([[1, 0], [0, 0]], [1, -2], 0.3, f"{NO_NETWORK}: one is at the zero vector"),
        ([[1, 0], [-1, 0], [0, 1]], [1, 1, 1], -1.0, None),
        ([[1, 0], [-1, 0]], [1, 2], -1.0, "no network fits these labels"),
        ([[1, 0], [0, 1], [1, 1]], [1, 1, 1], 1.0, "no network fits these labels"),
        ([[1, 0], [0, 1], [1, 1]], [1, 1, 2], 1.0, None),
        ([[1], [2], [-1]], [1, 2, 1], 0.0, None),
        # Three lines in a plane with both ends: the odd part has to be linear.
        ([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]], [1, 0, 1, 0, 1, 0], 0.0, "no network fits"),
        ([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]], [1, 0, 1, 0, 2, 0], 0.0, None),
    ],
)
def test_labels_that_no_network_fits(make_data, x, y, slope, words):
    minimum = validate("minimum", minimal_norm(make_data(x, y), slope=slope))
    if words is None:
        assert_allclose(outputs(minimum, np.array(x, dtype=float), slope), y, atol=1e-12)
        assert abs(float(minimum["gap"])) < 1e-7
    else:
        assert minimum.attrs["method"].startswith(f"not known: {words}")
        assert np.isnan([minimum["value"], minimum["gap"], minimum["freedom"]]).all()
        assert minimum["weight"].shape == (0, np.shape(x)[1])


def test_labels_that_are_all_zero(make_data):
    minimum = minimal_norm(make_data([[1, 0], [1, 1]], [0, 0]))
    assert [float(minimum[name]) for name in ("value", "lower_bound", "freedom")] == [0, 0, 0]


def test_a_free_bias_fits_a_constant_for_nothing():
    data = generate_data(DataConfig(x=[[0.0], [1.0], [3.0]], y=[2.0, 2.0, 2.0], bias=True))
    minimum = minimal_norm(data, free_bias=True)
    assert float(minimum["value"]) == pytest.approx(0, abs=1e-12)
    assert_allclose(outputs(minimum, data["x"].values), 2)
    one = generate_data(DataConfig(x=[[5.0]], y=[-1.5], bias=True))
    assert float(minimal_norm(one, free_bias=True)["value"]) == 0


def test_a_free_bias_needs_a_bias(make_data):
    with pytest.raises(RequestError, match=r"^analysis.free_bias = true: allowed for data with a coordinate"):
        minimal_norm(make_data([[1, 0], [1, 1]], [1, 2]), free_bias=True)


def test_freedom_is_found():
    """With a free bias each kink may look to the left or to the right, as long as the ends' slopes come out."""
    data = generate_data(load_config("non-orthogonal").data)
    assert float(minimal_norm(data, free_bias=True)["freedom"]) == 2
    assert float(minimal_norm(data)["freedom"]) == 0


def nearly_orthogonal(n):
    generator = np.random.default_rng(0)
    x = np.linalg.qr(generator.standard_normal((n, n)))[0] + 0.005 * generator.standard_normal((n, n))
    return x, generator.standard_normal(n)


@pytest.mark.slow
def test_sampled_patterns(make_data):
    """44 points in 44 dimensions, nearly orthogonal: an upper bound, and a valid lower bound close to it."""
    x, y = nearly_orthogonal(44)
    minimum = minimal_norm(make_data(x, y))
    words = f"convex program over {int(minimum['patterns'])} sampled patterns: the value is an upper bound"
    assert minimum.attrs["method"] == words
    assert_allclose(outputs(minimum, x), y, atol=1e-10)
    assert 0 <= float(minimum["gap"]) < 0.1 * float(minimum["value"])
    assert np.isnan(minimum["freedom"])


def test_sampled_patterns_that_the_dual_certifies(make_data):
    """24 points in 24 dimensions: of half of them all patterns are few."""
    x, y = nearly_orthogonal(24)
    minimum = minimal_norm(make_data(x, y))
    words = f"convex program over {int(minimum['patterns'])} patterns, certified by its dual"
    assert minimum.attrs["method"] == words
    assert_allclose(outputs(minimum, x), y, atol=1e-10)
    assert 0 <= float(minimum["gap"]) < 1e-6 * float(minimum["value"])


def test_points_too_many_for_the_program(make_data):
    """Independent ones are fitted by one neuron for each sign, with no more than two linear ones have."""
    x, y = random_data(0, 110, 110)
    minimum = minimal_norm(make_data(x, y))
    assert minimum.attrs["method"] == "an interpolator of two neurons: the value is an upper bound"
    assert_allclose(outputs(minimum, x), y, atol=1e-9)
    w = minimum["weight"].values
    assert float(minimum["value"]) == pytest.approx(np.sum(w**2), rel=1e-12)
    split = [np.linalg.norm(np.linalg.lstsq(x, np.maximum(sign * y, 0.0))[0]) for sign in (1, -1)]
    assert 0 < float(minimum["lower_bound"]) <= float(minimum["value"]) <= sum(split)
