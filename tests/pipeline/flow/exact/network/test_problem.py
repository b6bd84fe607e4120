"""The data as the kernels see it: what is a right angle, and who lies on the opposite ray."""

import numpy as np
import pytest

from pipeline.flow.exact.network.problem import make_problem, opposite_points


def test_products_that_are_rounding_are_zero():
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    gram = make_problem(turn * np.arange(1.0, 6.0)[:, None], np.ones(5)).gram
    assert (gram[~np.eye(5, dtype=bool)] == 0.0).all()
    assert np.diag(gram) == pytest.approx(np.arange(1.0, 6.0) ** 2)


def test_the_units_are_those_of_the_labels_and_the_longest_point():
    problem = make_problem(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([-3.0, 4.0]), 0.25)
    scale = np.sqrt(12.5)
    assert problem.length.tolist() == [5.0, 1.0]
    assert problem.label_scale == pytest.approx(scale)
    assert problem.log_unit == pytest.approx(0.5 * np.log(scale / 5.0))  # |w|^2 |x| = the labels' scale
    assert problem.resting_growth == pytest.approx(scale * 5.0 / 2)
    assert problem.negative_slope == 0.25


def test_labels_of_zero_have_the_unit_one():
    assert make_problem(np.eye(2), np.zeros(2)).label_scale == 1.0


@pytest.mark.parametrize("factor", [1.0, 1e-3, 3.7])
def test_points_on_opposite_rays_know_each_other(factor):
    x = np.array([[0.3, 0.4, -0.2], [1.0, 0.0, 0.0], -factor * np.array([0.3, 0.4, -0.2])])
    assert opposite_points(x, np.linalg.norm(x, axis=1)).tolist() == [2, -1, 0]


def test_a_small_angle_is_not_opposite():
    x = np.array([[1.0, 0.0], [-1.0, 1e-12]])
    assert opposite_points(x, np.linalg.norm(x, axis=1)).tolist() == [-1, -1]
