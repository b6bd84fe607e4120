"""The least norm of an interpolator: the paper's values, its certificate, and other ways to the same number."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import linprog, minimize

from catalog.schema import validate
from pipeline import generate_data, load_config, minimal_norm

SEEDS = st.integers(0, 10**6)
SCALES = st.floats(0.01, 100.0)
SIZES = {"n": st.integers(1, 6), "extra": st.integers(0, 3)}


def relu(z):
    return np.maximum(z, 0.0)


def outputs(x, w, a):
    """h(x_k) of the network."""
    return relu(x @ w.T) @ a


def plain(data):
    return data["x"].values, data["y"].values


# The paper's values


def test_the_papers_experiment():
    data = generate_data(load_config("orthogonal").data)
    minimum = validate("minimum", minimal_norm(data))
    assert float(minimum["value"]) == pytest.approx(1 / np.sqrt(5) + 1 / np.sqrt(1.25), rel=1e-15)
    assert float(minimum["value"]) == pytest.approx(1.3416407865, abs=5e-11)
    assert float(minimum["gap"]) == pytest.approx(0, abs=1e-15)
    assert minimum["output_sign"].values.tolist() == [1, -1]
    # One neuron along each point: its kink lies at the other one.
    for w, x in zip(minimum["weight"].values, [[2.0, 1.0], [-0.5, 1.0]], strict=True):
        assert_allclose(w / np.linalg.norm(w), x / np.linalg.norm(x))
    assert_allclose(np.sum(minimum["weight"].values ** 2, axis=1), [1 / np.sqrt(5), 1 / np.sqrt(1.25)])


@given(seed=SEEDS, n=st.integers(1, 8), extra=st.integers(0, 5))
def test_orthonormal_inputs(seed, n, extra):
    """Proposition 1: n (|D_+| + |D_-|)."""
    overrides = {"kind": "orthonormal", "points": n, "dimension": n + extra, "seed": seed}
    data = generate_data(load_config("orthonormal", {"data": overrides}).data)
    both = np.linalg.norm(data["growth_positive"]) + np.linalg.norm(data["growth_negative"])
    assert float(minimal_norm(data)["value"]) == pytest.approx(n * both, rel=1e-13)


# The certificate and the network


@given(seed=SEEDS, **SIZES)
def test_the_minimal_network_interpolates(make_orthogonal, seed, n, extra):
    data = make_orthogonal(seed, n, extra)
    x, y = plain(data)
    minimum = minimal_norm(data)
    w, sign = minimum["weight"].values, minimum["output_sign"].values
    a = sign * np.linalg.norm(w, axis=1)
    assert_allclose(outputs(x, w, a), y, atol=1e-13)
    assert 0.5 * (np.sum(w**2) + np.sum(a**2)) == pytest.approx(float(minimum["value"]), rel=1e-14)


def slope(u, q, x):
    """|sum_k q_k relu(<u, x_k>)| for each unit vector along a row of u."""
    u = u / np.linalg.norm(u, axis=-1, keepdims=True)
    return np.abs(relu(u @ x.T) @ q)


@settings(max_examples=amount(12, 30))
@given(seed=SEEDS, **SIZES)
def test_the_certificate_is_feasible(make_orthogonal, seed, n, extra):
    """No unit u exceeds 1, neither by chance nor by searching; and the search comes close to what is claimed."""
    data = make_orthogonal(seed, n, extra)
    x, y = plain(data)
    minimum = minimal_norm(data)
    q = minimum["certificate"].values
    generator = np.random.default_rng(seed)
    u = np.concatenate([generator.standard_normal((5000, n + extra)), x, -x, x.sum(axis=0)[None]])
    best = slope(u, q, x).max()
    starts = u[np.argsort(-slope(u, q, x))[:3]]
    for start in starts:
        found = minimize(lambda v: -slope(v, q, x), start, method="Nelder-Mead", options={"maxfev": 400})
        best = max(best, -found.fun)
    assert best <= 1 + 1e-9
    assert best <= float(minimum["certificate_norm"]) * (1 + 1e-12)
    assert best > 0.9
    assert float(minimum["certificate_norm"]) == pytest.approx(1, rel=1e-12)
    assert q @ y == pytest.approx(float(minimum["lower_bound"]), rel=1e-13)
    assert float(minimum["gap"]) == pytest.approx(0, abs=1e-12)


@given(seed=SEEDS, width=st.integers(1, 10), **SIZES)
def test_weak_duality(make_orthogonal, seed, width, n, extra):
    """<q, h> <= 1/2 |theta|^2 for the outputs h of any network whatever."""
    data = make_orthogonal(seed, n, extra)
    generator = np.random.default_rng(seed + 1)
    w, a = generator.standard_normal((width, n + extra)), generator.standard_normal(width)
    h = outputs(data["x"].values, w, a)
    assert minimal_norm(data)["certificate"].values @ h <= 0.5 * (np.sum(w**2) + np.sum(a**2)) + 1e-12


# Other ways to the same number


def grid_of_directions(d, count):
    """Points spread evenly over the circle or the sphere."""
    if d == 2:
        angle = 2 * np.pi * np.arange(count) / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(count)
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("n", "d", "count", "accuracy"), [(2, 2, 4000, 2e-6), (2, 3, 6000, 2e-3), (3, 3, 6000, 2e-3)]
)
def test_the_variation_norm_as_a_linear_program(make_orthogonal, seed, n, d, count, accuracy):
    """Eq (8): the least total mass on unit neurons that interpolates, by linprog on a grid of them.

    The grid's own error is of second order in its spacing, and makes the program's value larger.
    """
    data = make_orthogonal(seed, n, d - n)
    x, y = plain(data)
    columns = relu(grid_of_directions(d, count) @ x.T).T
    program = linprog(np.ones(2 * count), A_eq=np.hstack([columns, -columns]), b_eq=y, bounds=(0, None))
    assert program.success
    value = float(minimal_norm(data)["value"])
    assert value * (1 - 1e-9) <= program.fun <= value * (1 + accuracy)


@pytest.mark.parametrize("seed", range(4))
def test_no_search_finds_a_smaller_interpolator(make_orthogonal, seed):
    """SLSQP on 1/2 |theta|^2 over the weights of six neurons subject to h = y, from random starts."""
    data = make_orthogonal(seed, n=2)
    x, y = plain(data)
    width, d = 6, 2
    value = float(minimal_norm(data)["value"])
    generator = np.random.default_rng(seed)

    def misfit(theta):
        return outputs(x, theta[: width * d].reshape(width, d), theta[width * d :]) - y

    found = []
    for _ in range(8):
        start = generator.standard_normal(width * (d + 1))
        search = minimize(
            lambda theta: 0.5 * theta @ theta,
            start,
            jac=lambda theta: theta,
            constraints={"type": "eq", "fun": misfit},
            method="SLSQP",
            options={"maxiter": 300},
        )
        if np.abs(misfit(search.x)).max() < 1e-7:
            found.append(search.fun)
    assert found
    assert min(found) >= value * (1 - 1e-6)
    assert min(found) <= value * (1 + 1e-3)


# Laws


@given(seed=SEEDS, scale=SCALES, **SIZES)
def test_scaling_laws(make_data, make_orthogonal, seed, scale, n, extra):
    """The labels times c: the value times c. The inputs times c: the value over c."""
    data = make_orthogonal(seed, n, extra)
    x, y = plain(data)
    value = float(minimal_norm(data)["value"])
    assert float(minimal_norm(make_data(x, scale * y))["value"]) == pytest.approx(scale * value)
    assert float(minimal_norm(make_data(scale * x, y))["value"]) == pytest.approx(value / scale)


@given(seed=SEEDS, **SIZES)
def test_rotations_permutations_and_signs(make_data, make_orthogonal, seed, n, extra):
    data = make_orthogonal(seed, n, extra)
    x, y = plain(data)
    minimum = minimal_norm(data)
    value = float(minimum["value"])
    generator = np.random.default_rng(seed)
    rotation = np.linalg.qr(generator.standard_normal((n + extra, n + extra)))[0]
    turned = minimal_norm(make_data(x @ rotation.T, y))
    assert float(turned["value"]) == pytest.approx(value)
    assert_allclose(turned["weight"], minimum["weight"].values @ rotation.T, atol=1e-13)
    assert_allclose(turned["certificate"], minimum["certificate"], atol=1e-13)
    order = generator.permutation(n)
    assert float(minimal_norm(make_data(x[order], y[order]))["value"]) == pytest.approx(value)
    mirrored = minimal_norm(make_data(x, -y))
    assert float(mirrored["value"]) == pytest.approx(value)
    assert sorted(mirrored["output_sign"].values) == sorted(-minimum["output_sign"].values)


# Data at the edge


@pytest.mark.parametrize("sign", [1, -1])
def test_labels_of_one_sign(make_data, sign):
    minimum = minimal_norm(make_data([[3.0, 0.0], [0.0, 1.0]], [3.0 * sign, sign]))
    assert minimum["output_sign"].values.tolist() == [sign]
    assert float(minimum["value"]) == pytest.approx(np.sqrt(2))
    assert_allclose(minimum["weight"], [[2**-0.25, 2**-0.25]])
    assert float(minimum["certificate_norm"]) == pytest.approx(1)


def test_labels_that_are_all_zero(make_data):
    minimum = validate("minimum", minimal_norm(make_data(np.eye(2), [0, 0])))
    assert [float(minimum[name]) for name in ("value", "lower_bound", "gap", "certificate_norm")] == [0, 0, 0, 0]
    assert minimum["weight"].shape == (0, 2)


def test_zero_labels_and_zero_points_cost_nothing(make_data):
    """A neuron can turn its back on a point that asks for 0."""
    with_them = minimal_norm(make_data([[2, 0, 0], [0, 1, 0], [0, 0, 0]], [1, 0, 0]))
    assert float(with_them["value"]) == pytest.approx(0.5)
    assert with_them["certificate"].values.tolist() == [0.5, 0.0, 0.0]
