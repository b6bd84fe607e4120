"""The least norm over one input with a free bias: a linear program over neurons, closed forms, its certificate."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import linprog

from catalog.schema import validate
from pipeline import generate_data, minimal_norm
from pipeline.configuration import DataConfig

SLOPES = st.sampled_from([0.0, 0.0, 0.3, -0.5, -1.0, 2.0, -2.0])


def over_one_input(x, y):
    config = DataConfig(x=np.asarray(x, dtype=float)[:, None].tolist(), y=list(map(float, y)), bias=True)
    return generate_data(config)


def phi(z, slope):
    return np.where(z > 0, z, slope * z)


def by_linear_program(x, y, slope=0.0):
    """The least sum |a| |w| of neurons with their kink on a point, either way, and a constant for nothing."""
    apart = x[:, None] - x
    outputs = np.hstack([phi(apart, slope), phi(-apart, slope)])
    constant = np.ones((len(x), 1))
    columns = np.hstack([outputs, -outputs, constant, -constant])
    cost = np.append(np.ones(2 * outputs.shape[1]), [0.0, 0.0])
    found = linprog(cost, A_eq=columns, b_eq=y, method="highs-ds")
    assert found.status == 0, found.message
    return found.fun


def checked(x, y, slope=0.0):
    """The value, once the neurons interpolate at that norm and the certificate is one."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    data = over_one_input(x, y)
    minimum = validate("minimum", minimal_norm(data, slope=slope, free_bias=True))
    value, w, sign = float(minimum["value"]), minimum["weight"].values, minimum["output_sign"].values
    assert_allclose(
        phi(data["x"].values @ w.T, slope) @ (sign * np.linalg.norm(w, axis=1)), y, rtol=0,
        atol=1e-12 * np.abs(y).max() + 1e-13 * value * np.abs(x).max(),
    )  # fmt: skip
    assert np.linalg.norm(w, axis=1) @ np.abs(w[:, 0]) == pytest.approx(value, rel=1e-12)
    assert minimum.sizes["minimal_neuron"] <= max(len(x), 2)
    q = minimum["certificate"].values
    assert abs(q.sum()) <= 1e-12 * np.abs(q).sum()
    apart = x[:, None] - x
    heights = np.concatenate([phi(apart, slope).T @ q, phi(-apart, slope).T @ q])
    assert np.abs(heights).max() <= 1 + 1e-9
    assert q @ y == pytest.approx(float(minimum["lower_bound"]), rel=1e-9, abs=1e-12)
    assert abs(float(minimum["gap"])) <= 1e-9 * value
    assert minimum.attrs["method"] == "closed form over one input with a free bias"
    return value


def test_a_sine():
    x = np.linspace(-3, 3, 20)
    assert checked(x, np.sin(x)) == pytest.approx(3.894745353574491, rel=1e-12)
    assert by_linear_program(x, np.sin(x)) == pytest.approx(3.894745353574491, rel=1e-12)


@pytest.mark.parametrize("n", [24, 100, 400])
def test_labels_that_alternate(n):
    """n - 2 kinks, each of twice the slope n - 1 over 2: (n - 1)(n - 2)."""
    assert checked(np.linspace(-1, 1, n), np.arange(n) % 2) == pytest.approx((n - 1) * (n - 2), rel=1e-11)


@pytest.mark.parametrize("n", [20, 30, 60, 100])
@pytest.mark.parametrize("seed", range(3))
def test_random_labels(n, seed):
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal(n), generator.standard_normal(n)
    assert checked(x, y) == pytest.approx(by_linear_program(x, y), rel=1e-9)


@settings(max_examples=amount(24, 60))
@given(seed=st.integers(0, 10**6), n=st.integers(2, 12), slope=SLOPES, grid=st.booleans(), kind=st.integers(0, 3))
def test_any_labels_and_slope(seed, n, slope, grid, kind):
    """Random, small integers, a straight line, one kink."""
    generator = np.random.default_rng(seed)
    x = np.arange(n) * 0.25 - 1 if grid else generator.uniform(-2, 2, n)
    y = [generator.standard_normal(n), np.round(generator.standard_normal(n)), 3 * x - 1, np.abs(x) + x][kind]
    wanted = by_linear_program(x, y, slope)
    assert checked(x, y, slope) == pytest.approx(wanted, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("size_x", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("size_y", [1e-100, 1.0, 1e100])
def test_any_size(size_x, size_y):
    x, y = np.array([-1.0, 0.25, 1.0, 1.5]), np.array([1.0, -1.0, 1.0, 0.5])
    data = over_one_input(size_x * x, size_y * y)
    value = float(minimal_norm(data, free_bias=True)["value"])
    assert value == pytest.approx(checked(x, y) / size_x * size_y, rel=1e-9)


def test_points_on_a_line_in_space():
    """The same as over one input: the distance along the line is all that counts."""
    t, y = np.array([-1.0, -0.2, 0.5, 1.0]), np.array([0.0, 1.0, -1.0, 0.5])
    points = t[:, None] * [0.6, 0.0, -0.8] + [1.0, 2.0, 3.0]
    data = generate_data(DataConfig(x=points.tolist(), y=y.tolist(), bias=True))
    found = minimal_norm(data, free_bias=True)
    assert float(found["value"]) == pytest.approx(checked(t, y), rel=1e-12)
    w, sign = found["weight"].values, found["output_sign"].values
    assert_allclose(phi(data["x"].values @ w.T, 0.0) @ (sign * np.linalg.norm(w, axis=1)), y, atol=1e-12)


def test_two_points_closer_than_rounding_of_the_others_allows():
    """A slope of 1e9 between labels 1 and 2: the least norm is that of the slope, to what the floats hold."""
    data = over_one_input([1.0, 1.0 + 1e-9], [1.0, 2.0])
    found = minimal_norm(data, free_bias=True)
    assert float(found["value"]) == pytest.approx(1 / np.ptp(data["x"].values[:, 0]), rel=1e-9)
    assert np.isfinite(float(found["gap"]))


def test_inputs_far_from_the_origin():
    """Years: only their differences count, whatever the bias coordinate's size beside them."""
    t, y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 1.0, 0.0, 2.0])
    near = checked(t, y)
    for offset in (1950.0, 1e6, 1e13):
        data = over_one_input(t + offset, y)
        assert float(minimal_norm(data, free_bias=True)["value"]) == pytest.approx(near, rel=1e-9)
