"""Interpolators over directions that the dual asks for: near the minimum where it is known, valid everywhere."""

from importlib import import_module

import numpy as np
import pytest

from pipeline.minimal_norm.interior_point import least_masses
from pipeline.minimal_norm.moving_directions import climbed, over_moving_directions
from pipeline.minimal_norm.reduction import reduce
from pipeline.minimal_norm.search import without_the_program
from pipeline.minimal_norm.solution import least_norm
from pipeline.network.activation import Activation


def random_problem(n, d, seed=0):
    g = np.random.default_rng(seed)
    return reduce(g.standard_normal((n, d)), g.standard_normal(n))


def test_masses_are_those_of_the_linear_program():
    from scipy.optimize import linprog

    g = np.random.default_rng(2)
    columns, labels = np.maximum(g.standard_normal((12, 60)), 0.0), g.standard_normal(12)
    mass, q = least_masses(columns, labels, 1e-8)
    other = linprog(np.ones(120), A_eq=np.hstack([columns, -columns]), b_eq=labels)
    assert np.abs(columns @ mass - labels).max() <= 1e-8
    assert np.abs(mass).sum() == pytest.approx(other.fun, rel=1e-6)
    assert q @ labels == pytest.approx(other.fun, rel=1e-6)
    assert np.abs(q @ columns).max() <= 1 + 1e-6


def test_columns_that_cannot_fit_are_no_numbers_or_miss():
    found = least_masses(np.zeros((3, 5)), np.ones(3), 1e-3)
    assert found is None or np.abs(found[0]).sum() >= 0.0


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_a_climb_never_ends_below_its_start(slope):
    reduced, g = random_problem(40, 5), np.random.default_rng(3)
    unit = g.standard_normal((30, 5))
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    sign, q = g.choice([-1.0, 1.0], 30), g.standard_normal(40)
    before = sign * (Activation(slope).value(unit @ reduced.points.T) @ q)
    best, height = climbed(unit, sign, q, reduced.points, slope)
    assert np.abs(np.linalg.norm(best, axis=1) - 1.0).max() <= 1e-12
    assert (height >= before).all()
    np.testing.assert_allclose(height, sign * (Activation(slope).value(best @ reduced.points.T) @ q), rtol=1e-12)
    assert np.median(height - before) > 0.1


@pytest.mark.parametrize(("n", "d", "slope"), [(12, 3, 0.0), (20, 3, 0.0), (14, 3, 0.3)])
def test_it_is_near_the_minimum(n, d, slope):
    reduced = random_problem(n, d)
    exact = least_norm(reduced, slope)
    found = over_moving_directions(reduced, slope)
    assert found.interpolates(reduced)
    assert len(found.sign) <= n
    least = exact.value / reduced.unit
    assert least * (1 - 1e-9) <= found.norm(reduced) <= 1.05 * least


def test_images_of_two_classes_are_fitted_by_a_fraction_of_what_random_directions_take():
    """Of 200 images it is a tenth; nothing is known of them."""
    g = np.random.default_rng(0)
    x = np.clip(g.random((2, 20))[np.arange(60) % 2] ** 2 + 0.35 * g.standard_normal((60, 20)), 0.0, 1.0)
    reduced = reduce(x, np.where(np.arange(60) % 2, 1.0, -1.0))
    best = without_the_program(reduced, 0.0, [])
    assert best.network.interpolates(reduced)
    assert "asked for" in best.origin
    lower = best.q @ reduced.labels / best.height
    assert lower <= best.network.norm(reduced) <= 8.0 * lower


def test_too_many_points_and_a_free_bias_are_left_out(monkeypatch):
    reduced = random_problem(10, 3)
    monkeypatch.setattr(import_module("pipeline.minimal_norm.moving_directions"), "WORK", 1.0)
    assert over_moving_directions(reduced, 0.0) is None
    monkeypatch.undo()
    x = np.column_stack([np.random.default_rng(0).standard_normal((10, 2)), np.ones(10)])
    assert over_moving_directions(reduce(x, np.arange(10.0), 2), 0.0) is None
