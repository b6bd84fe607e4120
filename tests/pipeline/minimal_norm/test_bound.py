"""The dual vector for which the relaxation leaves most: valid whatever the search does, and worth having."""

from importlib import import_module

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.minimal_norm.bound import best_certificate, rough_certificate
from pipeline.minimal_norm.column_generation import generate
from pipeline.minimal_norm.interpolator import corrected
from pipeline.minimal_norm.reduction import reduce
from pipeline.minimal_norm.relaxation import Relaxation
from pipeline.minimal_norm.sphere import largest, make_charts
from pipeline.network.activation import Activation


@settings(max_examples=amount(5, 6), deadline=None)
@given(
    seed=st.integers(0, 10**6),
    slope=st.sampled_from([0.0, 0.3, -0.5]),
    n=st.integers(2, 9),
    d=st.integers(2, 3),
    bias=st.booleans(),
)
def test_it_is_a_bound_and_no_worse_than_the_rough_one(seed, slope, n, d, bias):
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.standard_normal(n)
    x[:, -1] = np.where(bias, 1.0, x[:, -1])
    reduced = reduce(x, y, d - 1 if bias else None)
    rough, _ = rough_certificate(reduced.points, reduced.labels, slope)
    q, height = best_certificate(reduced, slope, reduced.labels if bias else rough)
    if bias:
        assert abs(q.sum()) <= 1e-10 * np.abs(q).sum()
    assert largest(q, make_charts(reduced), slope) <= height * (1 + 1e-9)
    if not bias:
        assert q @ reduced.labels / height >= (rough @ reduced.labels) * (1 - 1e-9)


def teachers(n, d, width):
    """Gaussian points that a teacher labels, reduced, and the teacher's neurons."""
    generator = np.random.default_rng(0)
    x, w, a = (
        generator.standard_normal((n, d)),
        generator.standard_normal((width, d)),
        generator.standard_normal(width),
    )
    reduced = reduce(x, np.maximum(x @ w.T, 0.0) @ a)
    return reduced, reduced.neurons(w, a)


@pytest.mark.parametrize(("n", "d", "share"), [(120, 30, 0.6), (600, 10, 0.75)])
def test_it_is_most_of_a_teachers_norm(n, d, share):
    """The rough certificate leaves .35 and .5 of it; a relaxation of one given q some .3."""
    reduced, teacher = teachers(n, d, 4)
    rough, _ = rough_certificate(reduced.points, reduced.labels)
    q, height = best_certificate(reduced, 0.0, rough)
    norm = float(np.linalg.norm(teacher.weight, axis=1).sum())
    assert share * norm <= q @ reduced.labels / height <= norm
    # At random directions and at the teacher's own the sum stays below the bound.
    u = np.concatenate([np.random.default_rng(1).standard_normal((2000, d)), teacher.weight])
    sums = np.maximum(u @ reduced.points.T, 0.0) @ q / np.linalg.norm(u, axis=1)
    assert np.abs(sums).max() <= height


@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize(("n", "width"), [(12, 6), (40, 3)])
def test_a_correction_is_the_same_without_its_matrix(monkeypatch, slope, n, width):
    """By a matrix of the points where these are fewer than the weights, of the weights where they are more."""
    generator = np.random.default_rng(3)
    x, w = generator.standard_normal((n, 4)), generator.standard_normal((width, 4))
    w[0] -= x[0] * (w[0] @ x[0]) / (x[0] @ x[0])  # its kink lies on a point, and stays there
    sign = np.where(np.arange(width) % 2, -1.0, 1.0)
    reduced = reduce(x, Activation(slope).value(x @ w.T) @ sign)
    near = reduced.neurons(w, sign).weight
    near[1:] *= 1 + 1e-4
    wanted = corrected(near, sign, reduced, slope)
    monkeypatch.setattr(import_module("pipeline.minimal_norm.interpolator"), "DENSE", 0)
    found = corrected(near, sign, reduced, slope)
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    misfit = Activation(slope).value(reduced.points @ found.T) @ sign - reduced.labels
    assert np.abs(misfit).max() <= 1e-12
    assert abs(found[0] @ reduced.points[0]) <= 1e-12


def test_sampled_patterns_end_after_a_count_of_work(monkeypatch):
    reduced, _ = teachers(40, 12, 3)
    rounds = []
    module = import_module("pipeline.minimal_norm.column_generation")
    real = module.solve
    monkeypatch.setattr(module, "solve", lambda *words: rounds.append(1) or real(*words))
    monkeypatch.setattr(module, "MOST_WORK", 1)
    assert not generate(reduced, make_charts(reduced), 0.0).settled
    assert len(rounds) == 1


def test_the_program_begins_with_what_is_known(monkeypatch):
    """Where patterns are sampled no guesses from the labels are beside the known neurons, and it climbs once."""
    reduced, neurons = teachers(40, 12, 3)
    column_generation, search = (
        import_module(f"pipeline.minimal_norm.{name}") for name in ("column_generation", "search")
    )
    first, climbs = [], []
    real, climbed = column_generation.solve, search.climbed
    monkeypatch.setattr(column_generation, "solve", lambda *words: first.append(len(words[1])) or real(*words))
    monkeypatch.setattr(column_generation, "MOST_WORK", 1)
    monkeypatch.setattr(search, "climbed", lambda *words: climbs.append(1) or climbed(*words))
    found = search.by_the_program(reduced, make_charts(reduced), 0.0, [neurons])
    assert first[0] <= 3 + 4
    assert len(climbs) == 1
    assert found.network.interpolates(reduced)


def test_the_search_is_a_count_of_work(monkeypatch):
    reduced, _ = teachers(30, 6, 2)
    tries, real = [], Relaxation.bound
    monkeypatch.setattr(Relaxation, "bound", lambda *words: tries.append(1) or real(*words))
    monkeypatch.setattr(import_module("pipeline.minimal_norm.bound"), "TRIES", (10, 10))
    best_certificate(reduced, 0.0, reduced.labels)
    assert len(tries) <= 2 * (10 + 2 * 25)  # a line search is ended


@pytest.mark.parametrize("bias", [None, 2])
def test_the_dual_vector_of_a_sample_is_one_of_all_points(monkeypatch, bias):
    g = np.random.default_rng(4)
    x = np.column_stack([g.standard_normal((120, 2)), np.ones(120)])
    reduced = reduce(x, np.maximum(x @ g.standard_normal((3, 3)).T, 0.0) @ np.array([1.0, -1.0, 0.5]), bias)
    search = import_module("pipeline.minimal_norm.search")
    monkeypatch.setattr(search, "SAMPLE", 60)
    monkeypatch.setattr(search, "FOR_EACH_COORDINATE", 2)
    q, height = search._relaxed(reduced, 0.0, reduced.labels)
    assert np.count_nonzero(q) <= 60
    assert q @ reduced.labels > 0.0
    assert abs(q.sum()) <= (1e-10 if bias else np.inf)
    assert largest(q, make_charts(reduced), 0.0) <= height * (1 + 1e-9)


@pytest.mark.parametrize("n", [2, 7])
def test_for_orthogonal_points_it_is_the_minimum(n):
    y = np.random.default_rng(n).standard_normal(n)
    reduced = reduce(np.eye(n), y)
    q, height = best_certificate(reduced, 0.0, reduced.labels)
    least = sum(np.linalg.norm(y[sign * y > 0]) for sign in (1, -1))
    assert reduced.unit * (q @ reduced.labels) / height == pytest.approx(least, rel=5e-3)


def test_the_rough_bound_of_very_many_points_forms_no_products_of_two(monkeypatch):
    g = np.random.default_rng(3)
    x, y = g.standard_normal((400, 4)), g.standard_normal(400)
    products = rough_certificate(x, y)
    monkeypatch.setattr(import_module("pipeline.minimal_norm.relaxation"), "MOST_PRODUCTS", 100)
    q, height = rough_certificate(x, y)
    u = g.standard_normal((5000, 4))
    heights = np.abs(np.maximum(u @ x.T, 0.0) @ q) / np.linalg.norm(u, axis=1)
    assert heights.max() <= height <= 1.0
    assert 0.5 * (products[0] @ y) < q @ y <= (1.0 + 1e-12) * (products[0] @ y)
