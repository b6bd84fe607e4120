"""The excess over the minimum and the distance to it, against definitions and a search."""

from importlib import import_module

import numpy as np
import pytest
import xarray as xr
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from catalog.schema import conform, validate
from pipeline import compare, fit, generate_data, initialise, load_config, minimal_norm, simulate, statement_rows
from pipeline.minimal_norm.compare import MinimalNeurons

SEEDS = st.integers(0, 10**6)


def trajectory(data, w, a):
    """Networks w(time, neuron, coord), a(time, neuron) as a labelled trajectory."""
    length = np.linalg.norm(w, axis=2)
    times, n = len(w), data.sizes["point"]
    return conform(
        "trajectory",
        {
            "time": np.arange(float(times)),
            "direction": w / length[..., None],
            "log_norm": np.log(length),
            "output_ratio": a / length,
            "activation": np.ones((times, w.shape[1], n)),
            "residual": np.zeros((times, n)),
            "loss": np.zeros(times),
            "gradient_norm": np.zeros(times),
            "log_init_scale": 0.0,
        },
    )


def random_network(seed, width, d, signs=None, balanced=True):
    generator = np.random.default_rng(seed)
    w = generator.standard_normal((3, width, d))
    signs = generator.choice([-1.0, 1.0], width) if signs is None else np.array(signs, dtype=float)
    ratio = 1.0 if balanced else generator.uniform(0.1, 3.0, (3, width))
    return w, signs * ratio * np.linalg.norm(w, axis=2)


@given(seed=SEEDS, width=st.integers(1, 8), balanced=st.booleans())
def test_the_norm_and_its_excess(make_orthogonal, seed, width, balanced):
    data = make_orthogonal(seed)
    w, a = random_network(seed, width, 3, balanced=balanced)
    minimum = minimal_norm(data)
    compared = validate("minimal_norm", compare(trajectory(data, w, a), minimum))
    half = 0.5 * (np.sum(w**2, axis=(1, 2)) + np.sum(a**2, axis=1))
    assert_allclose(compared["half_squared_norm"], half, rtol=1e-12)
    assert_allclose(compared["excess"], half - float(minimum["value"]), rtol=1e-9, atol=1e-12)
    for name in minimum.data_vars:
        assert compared[name].identical(minimum[name])


@given(seed=SEEDS, width=st.integers(2, 9))
def test_the_minimal_network_however_split_is_at_distance_0(make_orthogonal, seed, width):
    data = make_orthogonal(seed, signs=[1.0, -1.0])
    minimum = minimal_norm(data)
    generator = np.random.default_rng(seed)
    w, a = np.zeros((3, width, 3)), np.zeros((3, width))
    found = minimum["output_sign"].values
    owner = np.append(np.arange(len(found)), generator.integers(0, len(found), width - len(found)))
    for time in range(3):
        for i, sign in enumerate(found):
            c = np.abs(generator.standard_normal((owner == i).sum())) + 0.01
            weight = minimum["weight"].values[i]
            w[time, owner == i] = (c / np.linalg.norm(c))[:, None] * weight
            a[time, owner == i] = sign * np.linalg.norm(weight) * c / np.linalg.norm(c)
    compared = compare(trajectory(data, w, a), minimum)
    assert_allclose(compared["distance"], 0, atol=1e-7)
    assert_allclose(compared["excess"], 0, atol=1e-12)


def searched_distance(w, a, minimum, generator):
    """The least |theta - theta*| that SciPy finds over the splits c >= 0 with |c| = |v|^(1/2) of each sign."""
    square = 0.0
    for sign in (1, -1):
        own = np.sign(a) == sign
        target = minimum["weight"].values[minimum["output_sign"].values == sign].sum(axis=0)
        size = np.linalg.norm(target)
        if size == 0.0:
            square += np.sum(w[own] ** 2) + np.sum(a[own] ** 2)
            continue

        def distance(z, own=own, sign=sign, target=target, size=size):
            c = np.abs(z) / np.linalg.norm(z)
            return np.sum((w[own] - c[:, None] * target) ** 2) + np.sum((a[own] - sign * c * size) ** 2)

        starts = [*generator.standard_normal((8, own.sum())), *np.eye(own.sum()) + 1e-3]
        square += min(minimize(distance, start, method="Nelder-Mead", tol=1e-10).fun for start in starts)
    return np.sqrt(square)


@settings(max_examples=amount(6, 15))
@given(seed=SEEDS, width=st.integers(2, 5), balanced=st.booleans(), both=st.booleans())
def test_the_distance_against_a_search(make_orthogonal, seed, width, balanced, both):
    data = make_orthogonal(seed, n=2, signs=[1.0, -1.0] if both else [1.0])
    minimum = minimal_norm(data)
    signs = np.where(np.arange(width) % 2, -1, 1)
    w, a = random_network(seed, width, 2, signs, balanced)
    found = compare(trajectory(data, w, a), minimum)["distance"].values[0]
    wanted = searched_distance(w[0], a[0], minimum, np.random.default_rng(seed))
    assert found <= wanted * (1 + 1e-9)
    assert found == pytest.approx(wanted, rel=1e-4)


@settings(max_examples=amount(6, 15))
@given(seed=SEEDS, width=st.integers(2, 5))
def test_outputs_that_change_their_signs(make_orthogonal, seed, width):
    """Unbalanced: at each instant, the nearest minimal network whose outputs have the signs of that instant."""
    data = make_orthogonal(seed, n=2, signs=[1.0, -1.0])
    minimum = minimal_norm(data)
    signs = np.array([np.roll(np.where(np.arange(width) % 2, -1, 1), shift) for shift in (0, 1, 0)])
    w, a = random_network(seed, width, 2, [1] * width, balanced=False)
    found = compare(trajectory(data, w, signs * a), minimum)["distance"].values
    for time in (0, 1):
        generator = np.random.default_rng(seed)
        wanted = searched_distance(w[time], signs[time] * a[time], minimum, generator)
        assert found[time] <= wanted * (1 + 1e-9)
        assert found[time] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("lean", [1, -1])
def test_an_output_of_0_takes_the_side_that_it_leans_to(make_data, lean):
    data = make_data(np.eye(2), [1, -1])
    minimum = minimal_norm(data)
    w = np.array([[[1.0, 0.2], [0.2, 1.0], [0.5 + lean * 0.1, 0.5 - lean * 0.1]]])
    found = compare(trajectory(data, w, np.array([[1.0, -1.0, 0.0]])), minimum)["distance"].values[0]
    wanted = searched_distance(w[0], np.array([1.0, -1.0, lean * 1e-300]), minimum, np.random.default_rng(0))
    other = searched_distance(w[0], np.array([1.0, -1.0, lean * -1e-300]), minimum, np.random.default_rng(0))
    assert found == pytest.approx(wanted, rel=1e-6)
    assert found < other


def test_an_output_beside_a_weight_too_small_to_square(make_data):
    """|w| = 1e-200 and a = 0.5: neither 0 times infinity nor 0."""
    data = make_data(np.eye(2), [1, -1])
    network = trajectory(data, np.ones((1, 1, 2)), np.ones((1, 1)))
    network["log_norm"][:] = -200 * np.log(10)
    network["output_ratio"][:] = 0.5e200
    compared = compare(network, minimal_norm(data))
    assert_allclose(compared["half_squared_norm"], 0.125)
    assert np.isfinite(compared["distance"]).all()


@given(seed=SEEDS, width=st.integers(1, 6), block=st.integers(1, 3))
def test_a_lazy_trajectory(make_orthogonal, seed, width, block):
    data = make_orthogonal(seed)
    networks, minimum = trajectory(data, *random_network(seed, width, 3, balanced=False)), minimal_norm(data)
    lazy = networks.chunk(time=block)
    xr.testing.assert_allclose(compare(lazy, minimum), compare(networks, minimum), rtol=1e-12)


def test_neurons_that_all_look_away(make_data):
    """Unbalanced, all with <w_j, v> + |a_j| < 0: the nearest minimal network gives it all to one of them."""
    data = make_data(np.eye(2), [1, 1])
    minimum = minimal_norm(data)
    w, a = np.array([[[-2.0, -2.0], [-1.0, -1.0]]]), np.array([[0.1, 0.1]])
    found = compare(trajectory(data, w, a), minimum)["distance"].values[0]
    assert found == pytest.approx(searched_distance(w[0], a[0], minimum, np.random.default_rng(0)), rel=1e-6)


@pytest.mark.parametrize("log_scale", [-100.0, -200.0, -365.0, -372.0, -1e4])
def test_neurons_too_small_to_square(make_data, log_scale):
    """At lambda = 1e-1000 all weights of the start underflow: as far from the minimum as the zero network is."""
    data = make_data(np.eye(2), [1, -1])
    tiny = trajectory(data, *random_network(0, 6, 2, [1, 1, 1, -1, -1, -1]))
    tiny["log_norm"] += log_scale
    compared = compare(tiny, minimal_norm(data))
    assert_allclose(compared["distance"], np.sqrt(2 * compared["value"]), rtol=1e-12)
    assert_allclose(compared["excess"], -compared["value"])


def test_labels_that_are_all_zero(make_data):
    """The nearest minimal network is the zero network."""
    data = make_data(np.eye(2), [0, 0])
    w, a = random_network(0, 4, 2)
    compared = compare(trajectory(data, w, a), minimal_norm(data))
    assert_allclose(compared["distance"], np.sqrt(2 * compared["half_squared_norm"]))
    assert_allclose(compared["excess"], compared["half_squared_norm"])


def test_no_neuron_of_a_sign(make_data):
    """As if one rested at 0."""
    data = make_data(np.eye(2), [1, -1])
    minimum = minimal_norm(data)
    w = minimum["weight"].values[:1][None]
    found = compare(trajectory(data, w, np.linalg.norm(w, axis=2)), minimum)["distance"]
    assert_allclose(found, np.sqrt(2 * np.sum(minimum["weight"].values[1] ** 2)))


def at_the_end(name, **keys):
    """Excess and distance at the last sample, relative to the minimum."""
    config = load_config(name, {f"init.{key}": value for key, value in keys.items()})
    data = generate_data(config.data)
    compared = compare(simulate(data, initialise(data, config.init), samples=2), minimal_norm(data))
    return float(compared["excess"][-1] / compared["value"]), float(compared["distance"][-1])


def test_a_small_start_ends_at_the_minimum():
    """Theorem 1. On two points within 1e-6 of 1.3416407865 already at lambda = 1e-6/sqrt(60)."""
    excess, distance = at_the_end("orthogonal")
    assert abs(excess) < 1e-6
    assert distance < 1e-4


def test_the_minimum_is_approached_as_the_scale_goes_to_0():
    """By a power of lambda: on four orthonormal points the excess loses as many decades each time."""
    found = np.abs([at_the_end("orthonormal", log10_scale=scale) for scale in (-6, -12, -18)])
    assert found[0, 0] < 1e-3
    decades = -np.diff(np.log10(found), axis=0)
    assert (decades > 0.5).all()
    assert_allclose(decades[1], decades[0], rtol=0.05)
    assert_allclose(decades[:, 0], 2 * decades[:, 1], rtol=0.05)  # quadratic around the minimum


def test_a_large_start_stays_above_the_minimum():
    excess, distance = at_the_end("orthogonal-large")
    assert excess > 0.1
    assert distance > 0.1


def test_what_is_no_dataset_of_the_stages_before(make_data):
    data = make_data(np.eye(2), [1, -1])
    networks = trajectory(data, *random_network(0, 3, 2))
    with pytest.raises(ValueError, match=r"^minimum/weight is missing"):
        compare(networks, minimal_norm(data).drop_vars("weight"))


def test_several_minimal_neurons_of_a_sign(make_data):
    """A minimal network is at distance 0 and excess 0; every assignment of neurons to them is at least as far."""
    data = make_data([[-1.5, 1], [-1, 1], [0, 1], [0.25, 1], [2, 1]], [0.7, -0.3, -0.3, 0.4, 0.2])
    minimum = minimal_norm(data)
    weight, sign = minimum["weight"].values, minimum["output_sign"].values
    assert min(np.sum(sign == 1), np.sum(sign == -1)) >= 1
    assert len(sign) > 2
    share = np.sqrt([0.3, 0.7])
    w = np.concatenate([share[0] * weight, share[1] * weight])[None]
    a = np.tile(sign, 2) * np.linalg.norm(w, axis=2)
    compared = compare(trajectory(data, w, a), minimum)
    assert float(compared["distance"][0]) == pytest.approx(0, abs=1e-7)
    assert float(compared["excess"][0]) == pytest.approx(0, abs=1e-12)
    moved = w + 0.1 * np.random.default_rng(0).standard_normal(w.shape)
    found = compare(trajectory(data, moved, a), minimum)["distance"].values[0]
    assert 0 < found <= np.linalg.norm(moved - w) * (1 + 1e-12)


def test_the_excess_with_a_free_bias_leaves_the_biases_out():
    data = generate_data(load_config("non-orthogonal").data)
    minimum = minimal_norm(data, free_bias=True)
    keep = np.abs(minimum["weight"].values[:, 0]) > 1e-9
    weight, sign = minimum["weight"].values[keep], minimum["output_sign"].values[keep]
    # Each neuron shared out so that |a| is |w| without its bias.
    ratio = np.sqrt(np.linalg.norm(weight, axis=1) / np.abs(weight[:, 0]))
    w = (weight * ratio[:, None])[None]
    a = (sign * np.linalg.norm(weight, axis=1))[None] / ratio
    compared = compare(trajectory(data, w, a), minimum)
    assert float(compared["excess"][0]) == pytest.approx(0, abs=1e-9)
    counted = 0.5 * (np.sum(w[0, :, 0] ** 2) + np.sum(a**2))
    assert counted == pytest.approx(float(minimum["value"]))
    assert float(compared["half_squared_norm"][0]) > counted


def test_beside_free_functions_the_norm_alone_is_compared():
    tree = fit([-1.0, 0.2, 1.0], [1.0, 0.0, 0.5], bias=True, width=8, skip=True, penalty=[0.1, 0.01])
    group = tree["minimal_norm"].to_dataset()
    assert group.attrs["free_functions"] == "linear"
    least = group["half_squared_norm"] - group["value"]
    np.testing.assert_array_equal(group["excess"].values, least.values)
    assert np.isnan(group["distance"].values).all()
    assert np.isnan(float(group["hull_difference"]))
    assert group["penalty"].values.tolist() == [0.1, 0.01]
    sums = group["penalised_loss"] + group["penalty"] * group["penalised_norm"]
    np.testing.assert_allclose(sums.values, group["penalised_lower_bound"].values, atol=1e-9)
    for name in ("eq_8", "theorem_1_bias"):
        _, row = statement_rows(tree["statements"].to_dataset())[name]
        assert row.verdict == "not_applicable"
        assert (
            name != "eq_8" or row.reason == "the minimum norm is beside a free linear function; the paper's is not"
        )


def test_the_flow_never_ends_below_the_minimum():
    config = load_config("non-orthogonal")
    data = generate_data(config.data)
    for scale in (-6.0, -0.3):
        start = initialise(data, load_config("non-orthogonal", {"init.log10_scale": scale}).init)
        compared = compare(simulate(data, start, samples=20), minimal_norm(data))
        assert float(compared["excess"][-1]) > 0.01
        assert float(compared["distance"][-1]) > 0.01


def ended(preset):
    config = load_config(preset)
    data = generate_data(config.data)
    end = simulate(data, initialise(data, config.init), slope=config.flow.slope, samples=2)
    return data, end, minimal_norm(data, slope=config.flow.slope)


def test_on_orthogonal_data_the_flow_learns_the_minimum_s_function():
    data, end, minimum = ended("orthogonal")
    found = compare(end, minimum, data)
    assert found["hull_difference"] < 1e-6
    assert found["variation_difference"] < 1e-6
    assert found["merged_distance"] < 1e-6
    assert found["variation_norm"] == pytest.approx(1.3416407865, abs=1e-6)
    assert found["kink"].values.tolist() == pytest.approx([-0.5, 2.0])
    assert found["slope_change"].values.tolist() == pytest.approx([0.4, -0.4])


def test_five_points_on_a_line_the_flow_learns_the_same_function_between_them_at_a_higher_norm():
    """What it is larger by is the linear part alone, which it carries in a neuron that is on at all points."""
    data, end, minimum = ended("non-orthogonal")
    found = compare(end, minimum, data)
    excess = float(found["excess"][-1])
    assert excess == pytest.approx(0.4437, abs=1e-3)
    assert found["hull_difference"] < 1e-7
    assert found["variation_norm"] == pytest.approx(float(found["half_squared_norm"][-1]), rel=1e-8)
    assert found["variation_difference"] == pytest.approx(excess, rel=1e-5)
    assert sorted(found["kink"].values) == pytest.approx([-5 / 12, -5 / 12, 0.25, 0.25], abs=1e-6)


def test_where_the_minimum_is_not_known_the_functions_are_not_compared():
    data = generate_data(load_config("orthogonal", {"data.x": [[1.0], [2.0], [-1.0], [-2.0]],
        "data.y": [1.0, 3.0, 0.5, 1.0], "data.bias": False}).data)  # fmt: skip
    end = simulate(data, initialise(data, load_config("orthogonal").init), samples=2)
    found = compare(end, minimal_norm(data), data)
    assert np.isnan(found["value"])
    assert np.isnan(found["hull_difference"])
    assert np.isfinite(found["variation_norm"])
    assert "hull_difference" not in compare(end, minimal_norm(data))


@pytest.mark.parametrize("count", [2, 6])
def test_many_minimal_neurons_are_gone_through_by_products(count, monkeypatch):
    """The same shares, whichever way they are found."""
    generator = np.random.default_rng(count)
    w, a = generator.standard_normal((20, 3, 7)), generator.standard_normal((3, 7))
    minimal = MinimalNeurons.of(
        generator.standard_normal((count, 20)), np.where(np.arange(count) % 2, 1.0, -1.0), None
    )
    found = []
    for many in (1, 100):
        monkeypatch.setattr(import_module("pipeline.minimal_norm.compare"), "MANY", many)
        found.append(minimal.shares(w.copy(), a.copy()))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
