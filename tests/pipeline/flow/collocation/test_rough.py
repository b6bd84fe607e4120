"""A sweep that follows no crossing, beside the same in NumPy."""

import numpy as np
import pytest
from witness import callable_kernel

from pipeline.flow.collocation.network import carry, make_network
from pipeline.flow.collocation.points import in_blocks
from pipeline.flow.collocation.rough import sweep_at_nodes
from pipeline.flow.collocation.sweep import make_sweep_work
from pipeline.flow.collocation.tableau import gauss

swept, carried = callable_kernel(sweep_at_nodes), callable_kernel(carry)


def problem(n, d, m, slope=0.0):
    """Points, labels and a network of which the labels don't notice the last neuron, if there are several."""
    g = np.random.default_rng(n + d + m)
    x, y, network = g.standard_normal((n, d)), g.standard_normal(n), make_network(2, m, d)
    network.start_w[:], network.start_a[:] = 0.5 * g.standard_normal((m, d)), 0.5 * g.standard_normal(m)
    network.scale[-1] = 1 if m > 1 else 0
    points = in_blocks(x, y, m, slope, 0)
    return x, y, network, points, make_sweep_work(2, m, d, points.labels.shape[1])


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize(("d", "m"), [(2, 1), (2, 5), (3, 4), (3, 7), (6, 9)])
def test_the_force_is_that_of_who_is_on_at_each_node(d, m, slope):
    n = 50
    x, y, network, points, work = problem(n, d, m, slope)
    g = np.random.default_rng(m)
    network.w[:], network.a[:] = g.standard_normal((2, m, d)), g.standard_normal((2, m))
    swept(points, (float(n), slope), gauss(2), network, 0.0, work)
    for i in range(2):
        before = x @ network.w[i].T
        outputs = np.where(network.scale == 0, network.a[i], 0.0)
        residual = y - np.where(before > 0.0, before, slope * before) @ outputs
        force = (residual[:, None] * np.where(before > 0.0, 1.0, slope)).T @ x / n
        assert np.allclose(network.force[i], force, rtol=0.0, atol=1e-14)


def test_the_loss_at_the_start_is_known_from_the_nodes_to_order_four():
    """The step's own end is the next one's start: nothing is looked at there."""
    n, errors, steps = 60, [], 0.5 ** np.arange(1, 5)
    for step in steps:
        x, y, network, points, work = problem(n, 2, 1)
        x = np.abs(x)  # one neuron that is on everywhere: no crossing bends the loss
        network.start_w[0], points = (0.7, 0.4), in_blocks(x, y, 1, 0.0, 0)
        for _ in range(40):
            carried(network, step, gauss(2), np.zeros((2, 3)))
            total = swept(points, (float(n), 0.0), gauss(2), network, step, work)
        residual = y - network.start_a[0] * x @ network.start_w[0]
        errors.append(abs(total / (residual @ residual) - 1.0))
    assert errors[-1] < 1e-5
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] > 3.5
