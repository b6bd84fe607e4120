"""The largest step with which gradient descent follows the flow to its end."""

import numpy as np
import pytest
from students import labelled

from benchmarks.descents import largest_stable_step
from benchmarks.problems import Problem
from benchmarks.timing import TooLong


def one_neuron(end):
    """One neuron with w = a on one point of label 1: near the end the loss's curvature is w^2 + a^2 = 2."""
    data, init = labelled(np.ones((1, 1)), np.ones(1), np.full((1, 1), 0.1), np.full(1, 0.1))
    return Problem("", "", data, init, end, end / 10.0)


def test_it_is_the_one_that_the_curvature_allows():
    """An iteration of the step s is 2 s of t: stable below 2 / 2, and beyond it goes round the end."""
    step = largest_stable_step(one_neuron(100.0), 10.0)
    assert 0.8 <= 2.0 * step <= 1.7
    assert (10.0 / (2.0 * step)) % 1.0 == pytest.approx(0.0, abs=1e-9)


def test_what_would_take_too_long_is_not_tried():
    with pytest.raises(TooLong):
        largest_stable_step(one_neuron(1e12), 1e-3)
