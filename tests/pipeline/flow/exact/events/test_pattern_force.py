"""What is read of one neuron at one instant."""

import numpy as np
import pytest
from twins import oblique_problem
from witness import callable_kernel

from pipeline.flow.exact.events import pattern_force

place_beside = callable_kernel(pattern_force.place_beside)
sign_of_output = callable_kernel(pattern_force.sign_of_output)


@pytest.mark.parametrize(
    ("sign", "a", "force", "expected"),
    [
        (-1.0, 2.0, 1.0, -1.0),
        (1.0, -2.0, -1.0, 1.0),
        (0.0, 2.0, -1.0, 1.0),
        (0.0, -2.0, 1.0, -1.0),
        (0.0, 0.0, 1.0, 1.0),
        (0.0, 0.0, -1.0, -1.0),
    ],
)
def test_the_sign_of_a_is_kept_or_read_or_that_of_its_speed(sign, a, force, expected):
    """a' = <D, w>, eq. (4): from a = 0 it goes to that side."""
    z = np.array([0.5, 0.25, a, 0.0])
    assert sign_of_output(z, sign, np.array([[force, force]])) == expected


@pytest.mark.parametrize("positive", [True, False])
def test_a_neuron_at_0_is_put_beside_a_boundary_and_stays_that_small(positive):
    problem = oblique_problem(3, 2, 0)
    z = np.array([0.0, 0.0, -4.0, 16.0])
    place_beside(z, 1, positive, problem)
    along = z[:2] @ problem.x[1] / problem.length[1]
    assert along == pytest.approx(4e-12 if positive else -4e-12, rel=1e-12)
    assert np.linalg.norm(z[:2]) == pytest.approx(4e-12, rel=1e-12)
    assert z[3] == 16.0
