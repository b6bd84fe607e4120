"""Where the minimum is not known: said so, with a lower bound that no network whatever falls below."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from catalog.schema import conform, validate
from pipeline import compare, minimal_norm
from pipeline.minimal_norm.unknown import certificate_bound, feasible_certificate

SEEDS = st.integers(0, 10**6)
SLOPES = st.one_of(st.just(0.0), st.floats(-3.0, 3.0))
SIZES = {"n": st.integers(1, 7), "d": st.integers(1, 4)}


def leaky(z, slope):
    return np.where(z > 0, z, slope * z)


def oblique(seed, n, d):
    """Points in general position, with one repeated and one zero where there is room, and labels of both signs."""
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.standard_normal(n)
    if n > 3:
        x[1], y[1] = x[0], y[0]
        x[2], y[2] = 0.0, 0.0
    return x, y


@given(seed=SEEDS, slope=SLOPES, width=st.integers(1, 10), **SIZES)
def test_weak_duality(seed, slope, width, n, d):
    """<q, h> <= 1/2 |theta|^2 for the outputs h of any network: so for those that equal y."""
    x, y = oblique(seed, n, d)
    q = feasible_certificate(x, y, slope)
    generator = np.random.default_rng(seed + 1)
    w, a = generator.standard_normal((width, d)), generator.standard_normal(width)
    h = leaky(x @ w.T, slope) @ a
    half = 0.5 * (np.sum(w**2) + np.sum(a**2))
    assert abs(q @ h) <= half * (1 + 1e-12)
    assert q @ y >= 0


@settings(max_examples=50)
@given(seed=SEEDS, slope=SLOPES, **SIZES)
def test_the_bound_of_any_certificate(seed, slope, n, d):
    """No unit u exceeds it, whatever q."""
    x, _ = oblique(seed, n, d)
    generator = np.random.default_rng(seed)
    q = generator.standard_normal(n)
    u = np.concatenate([generator.standard_normal((3000, d)), x, -x, (np.abs(q) * (q > 0)) @ x[None]])
    u = u[np.linalg.norm(u, axis=1) > 0]
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    found = np.abs(leaky(u @ x.T, slope) @ q).max(initial=0.0)
    assert found <= certificate_bound(q, x, slope) * (1 + 1e-12)


@given(seed=SEEDS, n=st.integers(1, 6), extra=st.integers(0, 3))
def test_it_is_the_closed_form_where_there_is_one(make_orthogonal, seed, n, extra):
    """So the bound tends to the minimum as the inputs become orthogonal."""
    data = make_orthogonal(seed, n, extra)
    q = feasible_certificate(data["x"].values, data["y"].values)
    assert_allclose(q, minimal_norm(data)["certificate"], atol=1e-12)


NON_ORTHOGONAL = [[-1.5, 1], [-1, 1], [0, 1], [0.25, 1], [2, 1]], [0.7, -0.3, -0.3, 0.4, 0.2]


@pytest.mark.parametrize(
    ("points", "slope", "words"),
    [
        (NON_ORTHOGONAL, 0.0, "not known: oblique inputs (largest cosine 0.981)"),
        (([[1, 0], [0, 1]], [1, -1]), 0.1, "not known: leaky ReLU (slope 0.1)"),
        (NON_ORTHOGONAL, -0.5, "not known: leaky ReLU (slope -0.5)"),
    ],
)
def test_what_is_said(make_data, points, slope, words):
    minimum = validate("minimum", minimal_norm(make_data(*points), slope=slope))
    assert minimum.attrs["method"] == words
    assert np.isnan([minimum["value"], minimum["gap"]]).all()
    assert minimum.sizes["minimal_neuron"] == 0
    assert minimum["weight"].shape == (0, 2)
    assert float(minimum["certificate_norm"]) == pytest.approx(1)
    # NOTES.md: the certified minimum of the non-orthogonal toy is 8.203977.
    assert 0.2 < float(minimum["lower_bound"]) < 8.203977


def test_orthogonal_inputs_are_known(make_orthogonal):
    assert minimal_norm(make_orthogonal(0), slope=0.0).attrs["method"].startswith("closed form")


@pytest.mark.parametrize("lazy", [False, True])
def test_the_norm_is_compared_with_nothing(make_data, lazy):
    data = make_data(*NON_ORTHOGONAL)
    w = np.random.default_rng(0).standard_normal((3, 4, 2))
    length = np.linalg.norm(w, axis=2)
    trajectory = conform(
        "trajectory",
        {
            "time": np.arange(3.0), "direction": w / length[..., None], "log_norm": np.log(length),
            "output_ratio": np.full((3, 4), 2.0), "activation": np.ones((3, 4, 5)), "residual": np.ones((3, 5)),
            "loss": np.ones(3), "gradient_norm": np.ones(3), "log_init_scale": 0.0,
        },
    )  # fmt: skip
    compared = validate(
        "minimal_norm", compare(trajectory.chunk(time=2) if lazy else trajectory, minimal_norm(data))
    )
    assert_allclose(compared["half_squared_norm"], 2.5 * np.sum(length**2, axis=1))
    assert np.isnan(compared["excess"]).all()
    assert np.isnan(compared["distance"]).all()
