"""Points that are labelled by a function: each family against its definition."""

import numpy as np
import pytest

from pipeline import RequestError, generate_data, load_config


def made(kind, **keys):
    return generate_data(
        load_config({f"data.{key}": value for key, value in (keys | {"kind": kind}).items()}).data
    )


def test_one_neuron_is_what_its_points_are_around():
    data = made("one_neuron", points=4000, dimension=3, spread=0.3, seed=2)
    x, y = data["x"].values, data["y"].values
    np.testing.assert_array_equal(y, np.maximum(x[:, 0], 0.0))
    np.testing.assert_allclose(x.mean(axis=0), [1.0, 0.0, 0.0], atol=0.02)
    assert np.sqrt((np.square(x - x.mean(axis=0))).sum(axis=1).mean()) == pytest.approx(0.3, rel=0.05)


def test_opposite_neurons_are_the_size_of_a_product():
    data = made("opposite_neurons", points=6, dimension=3)
    u, *_ = np.linalg.lstsq(data["x"].values * np.sign(data["x"].values @ _axis(data))[:, None], data["y"].values)
    assert np.linalg.norm(u) == pytest.approx(1.0)
    np.testing.assert_allclose(np.abs(data["x"].values @ u), data["y"].values, atol=1e-12)


def _axis(data):
    generator = np.random.default_rng(0)
    generator.standard_normal(data["x"].shape)
    return generator.standard_normal(data.sizes["coord"])


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("sine", lambda x: np.sin(np.pi * x)),
        ("absolute", np.abs),
        ("step", np.sign),
        ("four_kinks", lambda x: -max(x, 0) + max(2 * x + 0.6, 0) - max(1.5 * x - 0.6, 0) + max(0.5 * x - 0.4, 0)),
    ],
)
def test_a_line_has_even_points_and_the_values_of_its_function(function, expected):
    data = made("line", points=9, function=function)
    np.testing.assert_allclose(data["x"].values[:, 0], np.linspace(-1, 1, 9))
    np.testing.assert_allclose(data["y"].values, [expected(x) for x in np.linspace(-1, 1, 9)], atol=1e-15)


def test_noise_has_a_stream_of_its_own():
    quiet, loud = (made("line", points=9, noise=size, seed=3) for size in (0.0, 2.0))
    doubled = made("line", points=9, noise=4.0, seed=3)
    np.testing.assert_allclose(doubled["y"] - quiet["y"], 2 * (loud["y"] - quiet["y"]), atol=1e-14)
    assert quiet["x"].identical(loud["x"])


@pytest.mark.parametrize(
    ("kind", "keys", "said"),
    [
        ("line", {}, "data.points is missing: kind = 'line' needs points"),
        ("line", {"points": 3, "dimension": 2}, "data.dimension = 2: allowed with kind ="),
        ("orthonormal_neurons", {"points": 3, "dimension": 2}, "data.teacher_width = 6: at most dimension = 2"),
        ("orthonormal", {"noise": 0.1}, "data.noise = 0.1: allowed with kind ="),
        ("line", {"points": 3, "noise": -1}, "data.noise = -1"),
    ],
)
def test_what_a_family_is_not(kind, keys, said):
    with pytest.raises(RequestError, match=said):
        made(kind, **keys)
