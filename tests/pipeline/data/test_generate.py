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
from pipeline.errors import RequestError

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


@given(n=st.integers(1, 9), extra=st.integers(0, 40), seed=SEEDS)
def test_orthonormal_families_are_orthonormal(n, extra, seed):
    config = DataConfig(kind="orthonormal", points=n, dimension=n + extra, seed=seed)
    data = generate_data(config)
    assert data["x"].shape == (n, n + extra)
    assert_allclose(data["x"].values @ data["x"].values.T, np.eye(n), atol=1e-14)
    assert answer(data, 1) == "holds"
    assert (np.sign(data["y"]) == np.where(np.arange(n) < (n + 1) // 2, 1, -1)).all()
    assert ((np.abs(data["y"]) >= 0.5) & (np.abs(data["y"]) <= 1.5)).all()
    assert data.identical(generate_data(config))
    if n + extra > 1:  # on a line there are but two unit vectors
        assert not np.allclose(data["x"], generate_data(config.model_copy(update={"seed": seed + 1}))["x"])


def test_the_family_of_a_seed_is_the_same_everywhere():
    """Pinned: what a seed means must not change from version to version."""
    data = generate_data(DataConfig(kind="orthonormal", points=2, dimension=3, seed=7))
    expected = [
        [0.002317011575293959, -0.5163426008935913, -0.8563789756642802],
        [0.7628268764066992, -0.5528238155816451, 0.3353818503696189],
    ]
    assert_allclose(data["x"], expected, atol=1e-14)
    assert_allclose(data["y"], [0.5052653045655747, -1.3212284183827663], rtol=1e-14)


def test_what_an_orthonormal_family_can_be_asked_for():
    assert generate_data(DataConfig(kind="orthonormal")).sizes == {"point": 4, "coord": 4}
    data = generate_data(DataConfig(kind="orthonormal", points=5, dimension=7, positive=1, seed=3))
    assert (np.sign(data["y"]) == [1, -1, -1, -1, -1]).all()
    given_labels = generate_data(DataConfig(kind="orthonormal", y=[3.0, -1.0, 0.5], seed=3))
    assert_allclose(given_labels["y"], [3.0, -1.0, 0.5])
    assert given_labels.sizes == {"point": 3, "coord": 3}
    assert (generate_data(DataConfig(kind="orthonormal", points=3, positive=0))["y"] < 0).all()


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


# What no network fits


@pytest.mark.parametrize(
    ("x", "y", "line"),
    [
        (
            [[1, 2], [0, 1], [1, 2]],
            [1, 1, -1],
            "data.x[0] and data.x[2] are equal with the labels 1.0 and -1.0: equal points need equal labels",
        ),
        (
            [[3, 3], [1, 2], [1, 2], [1, 2]],
            [0, 1, 1, 2],
            "data.x[2] and data.x[3] are equal with the labels 1.0 and 2.0: equal points need equal labels",
        ),
        (
            [[0.0, 1.0], [-0.0, 1.0]],
            [1, 2],
            "data.x[0] and data.x[1] are equal with the labels 1.0 and 2.0: equal points need equal labels",
        ),
        (
            [[1, 0], [0, 0]],
            [1, -2],
            "data.x[1] is the zero vector with the label -2.0: every network gives 0 there",
        ),
        ([[1e200, 0], [0, 1]], [1, 1], "data.x[0] is of the size 1e+200: 1e-50 to 1e+50 is allowed"),
        ([[1, 0], [0, 1]], [1, 1e-60], "data.y[1] is of the size 1e-60: 1e-50 to 1e+50 is allowed"),
    ],
)
def test_impossible_data(x, y, line):
    with pytest.raises(RequestError) as caught:
        points(x, y)
    assert str(caught.value) == line


def test_possible_data():
    """Equal points that agree, a zero point that asks for 0, and a bias that tells a zero point from nothing."""
    data = points([[1, 2], [0, 1], [1, 2]], [1, 3, 1])
    assert answer(data, 1) == "fails"
    assert float(data["largest_cosine"]) == pytest.approx(1.0)
    points([[0, 0], [1, 2]], [0, 1])
    assert_allclose(points([[0.0], [1.0]], [5, 1], bias=True)["x"], [[0, 1], [1, 1]])


def test_coordinates_have_names():
    assert points([[1]], [1])["coord"].attrs["labels"] == "x"
    assert points([[1, 2, 3]], [1], bias=True)["coord"].attrs["labels"] == "x1 x2 x3 bias"
