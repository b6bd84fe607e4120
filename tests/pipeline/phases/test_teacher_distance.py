"""The distance to the teacher over all Gaussian inputs, against a sum over many of them and closed forms."""

import numpy as np
import pytest

from pipeline import data_set, given_start, predict, simulate
from pipeline.phases import with_teacher_distance
from pipeline.phases.teacher_distance import gaussian_kernel


@pytest.mark.parametrize("slope", [0.0, -0.4, 0.3])
def test_it_is_the_mean_square_over_gaussian_inputs(slope):
    """By Gauss-Hermite quadrature in the plane, exact but for the kinks."""
    data = data_set([[1.0, 0.5], [-0.3, 1.0]], [1.0, -1.0])
    teacher = given_start([[1.0, 0.2], [-0.5, 0.7]], [0.6, -1.1])
    trajectory = simulate(data, given_start([[0.3, 0.1], [0.2, -0.4]], [0.5, -0.2]), slope=slope, samples=4)
    found = with_teacher_distance(trajectory, teacher)["teacher_distance"].values
    angle = 2 * np.pi * (np.arange(20_000) + 0.5) / 20_000
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    w, a = np.array([[1.0, 0.2], [-0.5, 0.7]]), np.array([0.6, -1.1])
    difference = predict(trajectory, circle).values - np.maximum(circle @ w.T, 0.0) @ a
    # h is homogeneous: E over x is E |x|^2 = 2 times the mean over the circle.
    np.testing.assert_allclose(found, np.sqrt(2 * (difference**2).mean(axis=1)), rtol=1e-6)


def test_the_kernel_at_angles_that_are_known():
    unit = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    found = gaussian_kernel(unit, np.array([0.0, 0.0, 0.0]))
    np.testing.assert_allclose(found[0], [0.5, 1 / (2 * np.pi), 0.0], atol=1e-15)
    linear = gaussian_kernel(unit, np.ones(3))  # slope 1: the inner product itself
    np.testing.assert_allclose(linear, unit @ unit.T, atol=1e-15)
