"""One neuron through a step, beside the boost that it is under a constant force."""

import numpy as np
from scipy.linalg import expm
from witness import callable_kernel

from pipeline.flow.collocation.network import carry, make_network
from pipeline.flow.collocation.tableau import gauss

carried = callable_kernel(carry)


def through(step, force, stages=2):
    """A neuron's w and a at the step's end, and a^2 - |w|^2 at its start."""
    network, w = make_network(stages, 1, 2), np.array([0.7, -0.4])
    network.start_w[0], network.start_a[0] = w, -0.9
    network.force[:, 0] = force
    carried(network, step, gauss(stages), np.zeros((stages, stages + 1)))
    return network.end_w[0], network.end_a[0], 0.81 - w @ w


def test_the_error_of_a_step_is_of_order_five():
    force = np.array([0.8, 0.3])
    generator = np.zeros((3, 3))
    generator[:2, 2] = generator[2, :2] = force
    steps, errors = 0.5 ** np.arange(1, 5), []
    for step in steps:
        w, a, _ = through(step, force)
        expected = expm(step * generator) @ [0.7, -0.4, -0.9]
        errors.append(np.abs(np.array([*w, a]) - expected).max())
    assert abs(np.polyfit(np.log(steps), np.log(errors), 1)[0] - 5.0) < 0.2


def test_lemma_1_is_kept_at_any_step():
    for step in (1e-3, 0.3, 0.9):
        w, a, conserved = through(step, np.array([[0.8, 0.3], [-0.5, 0.9]]))
        assert abs(a * a - w @ w - conserved) < 1e-15
