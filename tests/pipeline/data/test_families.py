"""Points drawn by seed: orthonormal and nearly orthonormal families, and Gaussian points that a teacher labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from catalog.schema import variable
from pipeline import load_config
from pipeline.configuration import DataConfig
from pipeline.data import generate_data

SEEDS = st.integers(0, 10**6)


def drawn(kind, **keys):
    return generate_data(DataConfig(kind=kind, **keys))


def assumption_1(data):
    return variable("data", "assumption_1").flags[int(data["assumption_1"]) - 1]


# Orthonormal


@given(n=st.integers(1, 9), extra=st.integers(0, 40), seed=SEEDS)
def test_orthonormal_families_are_orthonormal(n, extra, seed):
    config = DataConfig(kind="orthonormal", points=n, dimension=n + extra, seed=seed)
    data = generate_data(config)
    assert data["x"].shape == (n, n + extra)
    assert_allclose(data["x"].values @ data["x"].values.T, np.eye(n), atol=1e-14)
    assert assumption_1(data) == "holds"
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


# Nearly orthonormal


@given(n=st.integers(1, 8), extra=st.integers(0, 10), seed=SEEDS, part=st.floats(0, 0.999))
def test_nearly_orthonormal_families(n, extra, seed, part):
    """Unit vectors; inner products within delta, and delta times fixed numbers of the seed."""
    delta = part / max(n - 1, 1)
    keys = {"points": n, "dimension": n + extra, "seed": seed}
    data = drawn("nearly_orthonormal", delta=delta, **keys)
    assert data["x"].shape == (n, n + extra)
    gram = data["x"].values @ data["x"].values.T
    assert_allclose(np.diag(gram), 1.0, atol=1e-14)
    products = gram - np.diag(np.diag(gram))
    assert np.abs(products).max() <= delta + 1e-14
    assert_allclose(data["largest_cosine"], np.abs(products).max(), atol=1e-14)
    gentle = drawn("nearly_orthonormal", delta=delta / 2, **keys)["x"].values
    assert_allclose(2 * np.tril(gentle @ gentle.T, -1), np.tril(products, -1), atol=1e-13)
    assert_array_equal(data["y"], drawn("orthonormal", **keys)["y"])
    assert data.identical(drawn("nearly_orthonormal", delta=delta, **keys))


@given(n=st.integers(1, 8), extra=st.integers(0, 10), seed=SEEDS)
def test_without_delta_they_are_orthonormal_to_the_last_bit(n, extra, seed):
    keys = {"points": n, "dimension": n + extra, "seed": seed}
    assert drawn("nearly_orthonormal", **keys).identical(drawn("orthonormal", **keys))


def test_inner_products_fill_their_interval():
    """At 60 points, 1,770 of them: uniform in [-delta, delta], whatever the labels come from."""
    delta = 0.9 / 59
    data = drawn("nearly_orthonormal", points=60, delta=delta, positive=10, seed=2)
    gram = data["x"].values @ data["x"].values.T
    products = gram[np.tril_indices(60, -1)] / delta
    assert np.abs(products).max() > 0.99
    assert np.abs(np.histogram(products, 10, (-1, 1))[0] - 177).max() < 60  # 4.5 standard deviations
    assert assumption_1(data) == "fails"
    assert int((data["y"] > 0).sum()) == 10
    given_labels = drawn("nearly_orthonormal", y=np.arange(1.0, 61.0).tolist(), delta=delta, seed=2)
    assert_array_equal(given_labels["x"], data["x"])


def test_the_preset_between_orthogonal_and_not():
    data = generate_data(load_config("nearly-orthogonal").data)
    assert_array_equal(data["y"], [1.2, 0.9, -0.6, -0.7])
    assert 1e-3 < float(data["largest_cosine"]) <= 0.01
    assert assumption_1(data) == "fails"
    none_left = generate_data(load_config("nearly-orthogonal", {"data.delta": 0}).data)
    assert none_left.identical(generate_data(load_config("orthonormal").data))


# A teacher's labels


@given(n=st.integers(1, 30), d=st.integers(1, 20), width=st.integers(1, 8), seed=SEEDS)
def test_a_teacher_is_a_network(n, d, width, seed):
    """Its labels are those of the neurons drawn after the points, one neuron and one point at a time."""
    data = drawn("gaussian_teacher", points=n, dimension=d, teacher_width=width, seed=seed)
    generator = np.random.default_rng(seed)
    assert_array_equal(data["x"], generator.standard_normal((n, d)))
    w = [generator.standard_normal(d) for _ in range(width)]
    a = generator.standard_normal(width)
    for k in range(n):
        before = [w[j] @ data["x"].values[k] / np.sqrt(width * d) for j in range(width)]
        label = sum(a[j] / np.sqrt(width) * max(before[j], 0.0) for j in range(width))
        assert float(data["y"][k]) == pytest.approx(label, rel=1e-12, abs=1e-14)


@given(n=st.integers(1, 30), d=st.integers(1, 20), seed=SEEDS)
def test_a_linear_teacher_is_a_unit_vector_s_product(n, d, seed):
    data = drawn("linear_teacher", points=n, dimension=d, seed=seed)
    generator = np.random.default_rng(seed)
    assert_array_equal(data["x"], generator.standard_normal((n, d)))
    u = generator.standard_normal(d)
    assert_allclose(data["y"], data["x"].values @ u / np.linalg.norm(u), rtol=1e-12, atol=1e-14)


def test_a_teachers_points_and_labels_have_the_variance_they_should():
    """E y^2 = sum over neurons of E a^2 E relu(<w, x>)^2 = k (1/k) (1/(2k)) = 1/(2k), over teachers."""
    x = drawn("gaussian_teacher", points=1000, dimension=50)["x"].values
    assert abs(x.mean()) < 0.02
    assert abs(x.var() - 1.0) < 0.03
    for width in (2, 6):
        squares = [
            float(
                (drawn("gaussian_teacher", points=50, dimension=20, teacher_width=width, seed=s)["y"] ** 2).mean()
            )
            for s in range(400)
        ]
        assert np.mean(squares) * 2 * width == pytest.approx(1.0, abs=0.25)


def test_the_high_dimensional_preset():
    data = generate_data(load_config("high-dimensional").data)
    assert data.sizes == {"point": 75, "coord": 150}
    assert 0.2 < float(data["largest_cosine"]) < 0.5
    assert float(data["y"].min()) < 0 < float(data["y"].max())


def test_a_teacher_sees_the_points_without_their_bias():
    keys = {"points": 5, "dimension": 3, "seed": 4}
    data, plain = drawn("gaussian_teacher", bias=True, **keys), drawn("gaussian_teacher", **keys)
    assert_array_equal(data["y"], plain["y"])
    assert_array_equal(data["x"], np.column_stack([plain["x"], np.ones(5)]))


def test_what_a_seed_draws_is_the_same_everywhere():
    """Pinned: what a seed means must not change from version to version."""
    data = drawn("gaussian_teacher", points=2, dimension=2, seed=7)
    expected = [[0.0012301533574825742, 0.2987455375084699], [-0.2741378553622176, -0.8905918387572742]]
    assert_allclose(data["x"], expected, atol=1e-14)
    assert_allclose(data["y"], [-0.04364562985330335, -0.4872894959033045], rtol=1e-13)
    x = drawn("nearly_orthonormal", points=2, delta=0.5, seed=7)["x"]
    expected = [[0.004487307929991413, -0.9999899319830882], [0.9962186399001025, -0.08688165235301275]]
    assert_allclose(x, expected, atol=1e-14)
