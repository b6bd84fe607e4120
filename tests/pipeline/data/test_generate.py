"""The data set and what the paper assumes of it: D_+, D_-, r, assumptions 1 and 2, and what no network fits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from catalog.schema import validate, variable
from pipeline import load_config
from pipeline.configuration import DataConfig
from pipeline.data import generate_data
from pipeline.inputs.errors import RequestError

SCALES = st.floats(0.1, 10.0)
SEEDS = st.integers(0, 10**6)


def points(x, y, **keys):
    return generate_data(DataConfig(x=np.asarray(x, dtype=float).tolist(), y=list(map(float, y)), **keys))


def answer(data, number):
    """The recorded answer to an assumption, in its word."""
    name = f"assumption_{number}"
    return variable("data", name).flags[int(data[name]) - 1]


def rotation(d, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


def test_the_papers_experiment():
    data = validate("data", generate_data(load_config("orthogonal").data))
    assert_allclose(data["x"], [[-0.5, 1.0], [2.0, 1.0]])
    assert_allclose(data["y"], [-1.0, 1.0])
    assert data["coord"].attrs["labels"] == "x bias"
    assert np.linalg.norm(data["growth_positive"]) == pytest.approx(1.118034, abs=5e-7)
    assert np.linalg.norm(data["growth_negative"]) == pytest.approx(0.559017, abs=5e-7)
    assert float(data["growth_ratio"]) == pytest.approx(2.0, rel=1e-15)
    assert float(data["largest_cosine"]) < 1e-15
    assert (answer(data, 1), answer(data, 2)) == ("holds_up_to_scaling", "holds")


def test_the_preset_of_the_lemmas():
    data = generate_data(load_config("orthonormal").data)
    assert_allclose(data["x"].values @ data["x"].values.T, np.eye(4), atol=1e-15)
    assert np.linalg.norm(data["growth_positive"]) == pytest.approx(0.375, rel=1e-14)
    assert np.linalg.norm(data["growth_negative"]) == pytest.approx(np.sqrt(0.85) / 4, rel=1e-14)
    assert (answer(data, 1), answer(data, 2)) == ("holds", "holds")


@given(n=st.integers(1, 8), d=st.integers(1, 6), seed=SEEDS, bias=st.booleans())
def test_growth_is_the_papers_sum(n, d, seed, bias):
    """D_+ = 1/n sum over y_k > 0 of y_k x_k, term by term; D_- likewise."""
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.choice([-2.0, -0.3, 0.0, 0.7, 1.0], n)
    data = points(x, y, bias=bias)
    width = d + bias
    growth = {1: np.zeros(width), -1: np.zeros(width)}
    for k in range(n):
        point = np.append(x[k], 1.0) if bias else x[k]
        if y[k] != 0:
            growth[int(np.sign(y[k]))] += y[k] * point / n
    assert_allclose(data["growth_positive"], growth[1], atol=1e-14)
    assert_allclose(data["growth_negative"], growth[-1], atol=1e-14)
    lengths = np.linalg.norm(growth[1]), np.linalg.norm(growth[-1])
    if lengths[1] > 0:
        assert_allclose(data["growth_ratio"], lengths[0] / lengths[1])
    else:
        assert np.isinf(data["growth_ratio"]) if lengths[0] > 0 else np.isnan(data["growth_ratio"])
    cosines = [
        abs(u @ v) / np.linalg.norm(u) / np.linalg.norm(v)
        for k, u in enumerate(data["x"].values)
        for v in data["x"].values[:k]
    ]
    assert_allclose(data["largest_cosine"], max(cosines, default=0.0), atol=1e-15)


# Assumption 1: orthonormal


@given(d=st.integers(1, 7), seed=SEEDS, scale=SCALES)
def test_a_rotation_keeps_assumption_1_and_a_scale_weakens_it(d, seed, scale):
    x = rotation(d, seed)
    y = np.arange(1.0, d + 1)
    assert answer(points(x, y), 1) == "holds"
    if abs(scale - 1) > 1e-3:
        assert answer(points(scale * x, y), 1) == "holds_up_to_scaling"
    assert answer(points(np.geomspace(0.5, 4.0, d)[:, None] * x, y), 1) == "holds_up_to_scaling"


@pytest.mark.parametrize("tilt", [1e-9, 1e-3, 0.5, -0.5])
def test_a_tilt_breaks_assumption_1(tilt):
    data = points([[1.0, 0.0], [np.sin(tilt), np.cos(tilt)]], [1, -2])
    assert answer(data, 1) == "fails"
    assert float(data["largest_cosine"]) == pytest.approx(abs(np.sin(tilt)), rel=1e-9)


def test_a_zero_point_is_no_unit_vector():
    data = points([[0.0, 0.0], [1.0, 0.0]], [0, 1])
    assert answer(data, 1) == "fails"
    assert float(data["largest_cosine"]) == 0.0


# Assumption 2: no zero label, two energies that differ


@pytest.mark.parametrize(
    ("y", "word"),
    [
        ([1.0, -0.5], "holds"),
        ([1.0, 2.0], "holds"),
        ([1.0, 0.0], "fails"),
        ([0.0, 0.0], "fails"),
        ([1.0, -1.0], "fails"),
        ([1.0, -1.0 - 1e-9], "holds"),
        ([3.0, 4.0, -5.0], "fails"),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_assumption_2(y, word, seed):
    """In any rotation: rounding must not make equal energies differ."""
    assert answer(points(rotation(len(y), seed), y), 2) == word


# What no computer squares, and what no network fits


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        ([[1e200, 0], [0, 1]], [1, 1], "data.x[0] is of the size 1e+200: 1e-150 to 1e+150 is allowed"),
        ([[1, 0], [0, -1e-151]], [1, 1], "data.x[1] is of the size 1e-151: 1e-150 to 1e+150 is allowed"),
        ([[1, 0], [0, 1]], [1, 1e-160], "data.y[1] is of the size 1e-160: 1e-150 to 1e+150 is allowed"),
        ([[1, 0], [0, 1]], [-2e150, 1], "data.y[0] is of the size 2e+150: 1e-150 to 1e+150 is allowed"),
    ],
)
def test_impossible_data(x, y, line):
    with pytest.raises(RequestError) as caught:
        points(x, y)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("x", "y", "cosine"),
    [
        ([[1, 2], [0, 1], [1, 2]], [1, 3, 1], 1.0),  # equal points that agree
        ([[1, 2], [0, 1], [1, 2]], [1, 1, -1], 1.0),  # and that do not: repeated measurements
        ([[0.0, 1.0], [-0.0, 1.0]], [1, 2], 1.0),
        ([[0, 0], [1, 2]], [0, 1], 0.0),  # a zero point that asks for 0
        ([[1, 0], [0, 0]], [1, -2], 0.0),  # and one for what no network gives there
        ([[0, 0], [0, 0]], [0, 0], 0.0),
        ([[1, 2], [2, 4], [-3, -6]], [1, -5, 3], 1.0),  # on one line, which no network without bias fits
        ([[1], [2], [3], [-1]], [1, -1, 1, 0], 1.0),  # more points than coordinates
        ([[5]], [-2], 0.0),
        ([[1e150, 1e-200], [0, 1e-150]], [1e150, -1e-150], 0.0),
    ],
)
def test_possible_data(x, y, cosine):
    data = points(x, y)
    assert_allclose(data["x"], x)
    assert_allclose(data["y"], y)
    assert_allclose(data["largest_cosine"], cosine, rtol=1e-15)
    assert 0.0 <= float(data["largest_cosine"]) <= 1.0
    assert answer(data, 1) == ("holds_up_to_scaling" if cosine == 0.0 and np.any(x, axis=1).all() else "fails")


@given(d=st.integers(1, 9), seed=SEEDS)
def test_no_cosine_is_above_1(d, seed):
    """Of two points on one line it is 1, and rounding must not make it more."""
    x = np.random.default_rng(seed).standard_normal(d)
    assert 1 - 1e-15 <= float(points([x, -3 * x], [1, 1])["largest_cosine"]) <= 1


def test_a_bias_tells_a_zero_point_from_nothing():
    assert_allclose(points([[0.0], [1.0]], [5, 1], bias=True)["x"], [[0, 1], [1, 1]])


@given(
    n=st.integers(1, 6),
    d=st.integers(1, 4),
    seed=SEEDS,
    of_x=st.floats(-148.5, 148.5),
    of_y=st.floats(-148.5, 148.5),
)
def test_a_scale_changes_nothing_but_itself(n, d, seed, of_x, of_y):
    """From one end of the sizes allowed to the other: no number overflows, and none loses its digits."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(0.1, 1.0, (n, d)) * generator.choice([-1, 1], (n, d))
    y = generator.uniform(0.1, 1.0, n) * generator.choice([-1, 1], n)
    data, scaled = points(x, y), points(10.0**of_x * x, 10.0**of_y * y)
    for name in ("largest_cosine", "growth_ratio"):
        assert_allclose(scaled[name], data[name], rtol=1e-12)
    assert answer(scaled, 2) == answer(data, 2)
    for name in ("growth_positive", "growth_negative"):
        assert_allclose(scaled[name] / 10.0**of_x / 10.0**of_y, data[name], rtol=1e-11, atol=1e-16)


def test_sizes_as_far_apart_as_they_can_be():
    """D_+ is of the size 1e300: its square is no float, and neither is its ratio to a D_- of 1e-300."""
    data = points([[1e150, 0], [0, 1e-150]], [1e150, -1e-150])
    assert_allclose(data["growth_positive"], [5e299, 0])
    assert_allclose(data["growth_negative"], [0, -5e-301])
    assert float(data["growth_ratio"]) == np.inf
    assert float(points([[1e150, 0], [0, 1e-150]], [-1e150, 1e-150])["growth_ratio"]) == 0.0
    assert answer(data, 2) == "holds"
    assert answer(points([[1e150, 0], [0, 1e150]], [1e150, -1e150]), 2) == "fails"


def test_coordinates_have_names():
    assert points([[1]], [1])["coord"].attrs["labels"] == "x"
    assert points([[1, 2, 3]], [1], bias=True)["coord"].attrs["labels"] == "x1 x2 x3 bias"
