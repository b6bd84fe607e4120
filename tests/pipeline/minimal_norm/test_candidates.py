"""Interpolators of other origins: each fits the labels, none is forgotten, and the value is the least of them."""

from functools import cache
from importlib import import_module

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from catalog.schema import conform, validate
from pipeline import compare, generate_data, load_config, minimal_norm
from pipeline.configuration import DataConfig
from pipeline.data import teacher_network
from pipeline.minimal_norm.candidates import (
    exact,
    merged,
    of_two_neurons,
    over_many_directions,
    reoptimised,
)
from pipeline.minimal_norm.column_generation import Optimum
from pipeline.minimal_norm.program import Blocks, Solution, solve
from pipeline.minimal_norm.reduction import Neurons, reduce
from pipeline.minimal_norm.search import better
from pipeline.workflow.computation import minimum_of

SEEDS = st.integers(0, 10**6)
SLOPES = st.sampled_from([0.0, 0.0, 0.3, -0.5])


def phi(z, slope=0.0):
    return np.where(z > 0, z, slope * z)


def labelled(seed, n, d, width, slope=0.0):
    """Points with the labels of a random network, and that network."""
    generator = np.random.default_rng(seed)
    x, w, a = (
        generator.standard_normal((n, d)),
        generator.standard_normal((width, d)),
        generator.standard_normal(width),
    )
    return x, phi(x @ w.T, slope) @ a, w, a


@cache
def minimum_without(n, d):
    """The minimum norm of such points where their network is not known; it takes seconds."""
    x, y, _, _ = labelled(1, n, d, 3)
    return minimal_norm(generate_data(DataConfig(x=x.tolist(), y=y.tolist())))


def network(w, a):
    """A network as the stages pass it on."""
    length = np.linalg.norm(w, axis=1)
    return conform(
        "initial",
        {
            "log_norm": np.log(length),
            "direction": w / length[:, None],
            "output_ratio": a / length,
            "log_init_scale": 0.0,
        },
    )


def ended_at(data, w, a):
    """A trajectory of one instant, that network."""
    start, n = network(w, a), data.sizes["point"]
    values = {name: start[name].values[None] for name in ("log_norm", "direction", "output_ratio")}
    residual = data["y"].values - np.maximum(data["x"].values @ w.T, 0.0) @ a
    rest = {
        "time": [0.0],
        "activation": np.ones((1, len(a), n)),
        "residual": residual[None],
        "log_init_scale": 0.0,
    }
    return conform("trajectory", values | rest | {"loss": [0.0], "gradient_norm": [0.0]})


def misfit(minimum, x, y, slope=0.0):
    w = minimum["weight"].values
    found = phi(x @ w.T, slope) @ (minimum["output_sign"].values * np.linalg.norm(w, axis=1))
    return np.abs(found - y).max() / np.abs(y).max()


# The parts


@settings(max_examples=amount(10, 25))
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 9), d=st.integers(2, 4), bias=st.booleans())
def test_neurons_of_the_reduced_data_do_what_the_network_does(seed, slope, n, d, bias):
    x, y, w, a = labelled(seed, n, d, 5, slope)
    if bias:
        x[:, -1] = np.random.default_rng(seed).uniform(0.5, 2.0, n)
        y = phi(x @ w.T, slope) @ a
    reduced = reduce(3.0 * x, 7.0 * y, d - 1 if bias else None)
    neurons = reduced.neurons(w / 3.0, 7.0 * a)
    added = merged(reduced, neurons)
    for found in (neurons, added):
        outputs = phi(reduced.points @ found.weight.T, slope) @ found.sign
        assert_allclose(outputs, reduced.labels, atol=1e-12)
    mass = [np.linalg.norm(found.weight, axis=1).sum() for found in (added, neurons)]
    assert mass[0] <= mass[1] * (1 + 1e-12)


@settings(max_examples=25)
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 12), d=st.integers(2, 4))
def test_a_network_next_to_the_labels_is_brought_to_fit_them(seed, slope, n, d):
    x, y, w, a = labelled(seed, n, d, 6, slope)
    reduced = reduce(x, y)
    near = w + 1e-6 * np.random.default_rng(seed + 1).standard_normal(w.shape)
    neurons = reduced.neurons(near, a)
    found = exact(reduced, neurons, slope)
    assert found is not None
    assert np.abs(phi(reduced.points @ found.weight.T, slope) @ found.sign - reduced.labels).max() <= 1e-10
    limit = np.sum(np.abs(a) * np.linalg.norm(w, axis=1)) / reduced.label_size
    assert found.norm(reduced) <= limit * (1 + 1e-3) + 1e-3
    best = reoptimised(reduced, neurons, slope)
    assert best is not None
    assert best.norm(reduced) <= found.norm(reduced) * (1 + 1e-7)


@settings(max_examples=20)
@given(seed=SEEDS, slope=SLOPES, n=st.integers(2, 15), d=st.integers(2, 4), bias=st.booleans())
def test_masses_on_many_directions_always_fit(seed, slope, n, d, bias):
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.standard_normal(n)
    x[:, -1] = np.where(bias, 1.0, x[:, -1])
    reduced = reduce(x, y, d - 1 if bias else None)
    found = over_many_directions(reduced, slope)
    assert found is not None
    assert found.interpolates(reduced)
    outputs = phi(reduced.points @ found.weight.T, slope) @ found.sign
    assert_allclose(outputs, reduced.labels, rtol=0, atol=1e-10 + 1e-12 * found.norm(reduced))


def test_two_neurons_are_the_minimum_of_orthogonal_points():
    reduced = reduce(np.eye(4), np.array([1.0, 2.0, -1.0, 0.0]))
    found = of_two_neurons(reduced, 0.0)
    assert found is not None
    assert found.norm(reduced) * reduced.label_size == pytest.approx(np.sqrt(5) + 1, rel=1e-9)


# What the stage makes of them


def test_the_teacher_interpolates():
    """40 points in 5 dimensions: the teacher's norm is 0.39340, and the dual certifies that it is the least."""
    keys = {"data.points": 40, "data.dimension": 5, "data.teacher_width": 3}
    config = load_config("high-dimensional", keys)
    data, teacher = generate_data(config.data), teacher_network(config.data)
    minimum = validate("minimum", minimum_of(config, data))
    norm = np.exp(2 * teacher["log_norm"]) * np.abs(teacher["output_ratio"])
    assert float(minimum["value"]) <= float(norm.sum()) * (1 + 1e-9) <= 0.3934
    assert misfit(minimum, data["x"].values, data["y"].values) <= 1e-10
    assert 0 <= float(minimum["gap"]) <= 1e-6 * float(minimum["value"])
    assert minimum.attrs["method"].endswith("certified by its dual")


@pytest.mark.parametrize(("n", "d"), [(110, 100), pytest.param(150, 80, marks=pytest.mark.slow)])
def test_where_the_program_is_not_tried_a_known_network_is_the_value(n, d):
    x, y, w, a = labelled(1, n, d, 3)
    data = generate_data(DataConfig(x=x.tolist(), y=y.tolist()))
    limit = float(np.sum(np.abs(a) * np.linalg.norm(w, axis=1)))
    without, minimum = minimum_without(n, d), minimal_norm(data, known=[network(w, a)])
    for found in (without, minimum):
        assert misfit(found, x, y) <= 1e-9
        assert 0 < float(found["lower_bound"]) <= limit
        assert float(found["value"]) == pytest.approx(np.sum(found["weight"].values ** 2), rel=1e-12)
        assert found.attrs["method"].endswith(": the value is an upper bound")
    assert float(minimum["value"]) <= limit * (1 + 1e-9)
    assert minimum.attrs["method"] == "an interpolator that was known: the value is an upper bound"


def test_the_end_of_a_flow_lowers_an_uncertified_value():
    x, y, w, a = labelled(1, 110, 100, 3)
    data = generate_data(DataConfig(x=x.tolist(), y=y.tolist()))
    before = minimum_without(110, 100)
    near = w + 1e-7 * np.random.default_rng(0).standard_normal(w.shape)
    after = validate("minimal_norm", compare(ended_at(data, near, a), before, data))
    assert float(after["value"]) < 0.99 * float(before["value"])
    assert float(after["lower_bound"]) == float(before["lower_bound"])
    assert float(after["gap"]) == float(after["value"]) - float(after["lower_bound"])
    assert after.attrs["method"] == "an interpolator that was known: the value is an upper bound"
    assert misfit(after, x, y) <= 1e-9
    assert np.isfinite(after["distance"]).all()
    far = compare(ended_at(data, 0.5 * w, a), before, data)
    assert float(far["value"]) == float(before["value"])


def test_a_certified_value_is_not_touched():
    x, y, w, a = labelled(3, 6, 2, 3)
    data = generate_data(DataConfig(x=x.tolist(), y=y.tolist()))
    minimum = minimal_norm(data)
    after = compare(ended_at(data, w, a), minimum, data)
    for name in minimum.data_vars:
        assert after[name].identical(minimum[name])


def test_what_is_known_and_larger_changes_nothing():
    x, y, w, a = labelled(3, 6, 2, 3)
    reduced = reduce(x, y)
    least = minimal_norm(generate_data(DataConfig(x=x.tolist(), y=y.tolist())))
    weight = least["weight"].values
    best = reduced.neurons(weight, least["output_sign"].values * np.linalg.norm(weight, axis=1))
    assert better(reduced, 0.0, best, reduced.neurons(w, a)) is None


def test_the_directions_of_a_network_far_from_the_labels_are_worth_having():
    """Half of the teacher's weights fit nothing; along their directions the teacher is found."""
    x, y, w, a = labelled(1, 110, 100, 3)
    reduced = reduce(x, y)
    many = over_many_directions(reduced, 0.0)
    found = better(reduced, 0.0, Neurons(many.weight, many.sign), reduced.neurons(0.5 * w, a), near=False)
    teacher = reduced.neurons(w, a)
    assert found is not None
    assert found.interpolates(reduced)
    assert found.norm(reduced) <= np.linalg.norm(teacher.weight, axis=1).sum() * (1 + 1e-9)


@pytest.mark.parametrize("free", [False, True])
def test_a_convex_program_that_is_lost_is_not_the_end(monkeypatch, free):
    """The linear program over directions has the minimum too, with its certificate."""
    generator = np.random.default_rng(4)
    x, y = generator.standard_normal((8, 2)), generator.standard_normal(8)
    data = generate_data(DataConfig(x=x.tolist(), y=y.tolist(), bias=True))
    wanted = float(minimal_norm(data, free_bias=free)["value"])

    def lost(reduced, charts, slope, known=None):
        n, r = reduced.points.shape
        blocks = Blocks(np.ones((1, n), dtype=bool), np.ones(1, dtype=int))
        return Optimum(Solution(np.zeros((1, r)), reduced.labels, False), blocks, False)

    monkeypatch.setattr(import_module("pipeline.minimal_norm.search"), "generate", lost)
    found = minimal_norm(data, free_bias=free)
    assert float(found["value"]) == pytest.approx(wanted, rel=1e-6)
    assert 0 <= float(found["gap"]) <= 1e-6 * wanted
    assert misfit(found, data["x"].values, y) <= 1e-9


def test_a_program_without_numbers_is_tried_again_and_then_infeasible(monkeypatch):
    import clarabel

    tolerances = []

    class Lost:
        status = clarabel.SolverStatus.NumericalError

        def __init__(self, nothing, cost, matrix, right, cones, settings):
            tolerances.append(settings.tol_feas)
            self.x, self.z = [np.nan] * len(cost), [np.nan] * matrix.shape[0]

        def solve(self):
            return self

    monkeypatch.setattr(clarabel, "DefaultSolver", Lost)
    reduced = reduce(np.eye(2), np.array([1.0, -1.0]))
    found = solve(reduced, Blocks(np.eye(2, dtype=bool), np.array([1, -1])), 0.0)
    assert tolerances == [1e-11, 1e-8]
    assert not found.feasible
    assert np.isfinite(found.q).all()
