"""The path of many points: its error against the tolerance."""

import numpy as np
import pytest
from students import labelled, student, worst

from pipeline.flow import simulate


def crowded(seed):
    """A student of a few neurons, and noise that has them slide."""
    return student(180, 5, 4, seed, noise=0.4)


def errors_over_tolerance(seed, tolerances):
    """Of one such student at each tolerance, against a fine run."""
    problem = crowded(seed)
    data, init = labelled(*problem)
    times = np.linspace(0.0, 12.0, 13)
    expected = simulate(data, init, sample_times=times, tolerance=1e-8)["residual"].values
    found = [simulate(data, init, sample_times=times, tolerance=tolerance) for tolerance in tolerances]
    return [
        worst(each["residual"].values, expected, problem[1]) / tolerance
        for each, tolerance in zip(found, tolerances, strict=True)
    ]


@pytest.mark.parametrize("seed", [21, 22, 36])
def test_the_error_is_below_the_tolerance_and_not_far(seed):
    """It was 30 to 600 times smaller, and in single runs above: a crossing while another point held the neuron.

    In the last of these a neuron touches a boundary that pushes it away, by the corners of its path alone: unseen
    it stayed on the other side for a third of the time, and erred by 1.3e-3 at any of these tolerances.
    """
    errors = errors_over_tolerance(seed, (1e-2, 1e-3, 1e-4))
    assert max(errors) <= 1.0
    assert min(errors) >= 1e-2


def test_a_neuron_slides_at_one_boundary_twice_within_what_was_one_step():
    """It is let go, comes back and is held again: unseen that was an error of 10.7 tolerances at the last one."""
    assert max(errors_over_tolerance(46, (1e-4, 1e-5, 1e-6))) <= 0.5


@pytest.mark.parametrize("seed", [29, 47, 54, 61])
def test_corners_of_a_path_are_where_they_are_and_as_high(seed):
    """Errors of 3 to 14 tolerances, of which each of these had one.

    A neuron turns where it is let go too, and while it is held a crossing turns it less; the residual behind a
    crossing changes with what the neuron does there; and reading within a step stopped before it knew who slides.
    """
    assert max(errors_over_tolerance(seed, (1e-5, 1e-6))) <= 1.0


@pytest.mark.slow
def test_the_errors_of_forty_students():
    """One of them was off by 1e-3 at 1e-4 too, whatever share of the tolerance a step might take."""
    errors = np.array([errors_over_tolerance(seed, (1e-2, 1e-3, 1e-4, 1e-5)) for seed in range(21, 63)])
    median = np.median(errors, axis=0)
    assert (median > 0.05).all()
    assert (median < 0.5).all()
    assert (errors <= 1.0).all()
