"""What is read from a checkpoint is, to the last bit, what is read from the start."""

import numpy as np
import pytest
from twins import integrate, make_neurons, paper_network, sliding_network
from witness import callable_kernel

from pipeline.flow.exact.dense_output import evaluate
from pipeline.flow.exact.integration import checkpoints

make_checkpoints = callable_kernel(checkpoints.make_checkpoints)
keep_checkpoint = callable_kernel(checkpoints.keep_checkpoint)


@pytest.mark.parametrize("network", [lambda: paper_network(-6), sliding_network])
def test_later_instants_are_the_same_to_the_bit(network):
    problem, neurons = network()
    record, *_, kept = integrate(neurons, problem, end_time=40.0)
    found = kept.neurons(neurons.sign)
    assert len(found) >= 2
    for step, there in found:
        times = np.linspace(record.time[step], 40.0, 9)
        again, *_ = evaluate(there, problem, record, times, step, 1e-6)
        expected, *_ = evaluate(neurons, problem, record, times, 0, 1e-6)
        for name, one, other in zip(expected._fields, expected, again, strict=True):
            assert np.array_equal(one, other), name


def test_where_there_is_no_room_every_second_one_is_given_up():
    """Each grouping is due at first, then every second, then every fourth."""
    neurons = make_neurons(np.ones((5, 2)), np.full(5, 2.0**0.5), np.ones((5, 3), dtype=np.int8), np.zeros(5))
    kept = make_checkpoints(neurons)
    steps = []
    for step in range(1, 30):
        keep_checkpoint(kept, neurons._replace(log_scale=np.full(5, float(step))), step, 0)
        found = kept.neurons(neurons.sign)
        steps.append([step for step, _ in found])
        assert all((there.log_scale == step).all() for step, there in found)
    assert steps[3] == [1, 2, 3, 4]
    assert steps[5] == [2, 4, 6]
    assert len(steps[-1]) in (2, 3, 4)
    assert steps[-1][-1] > 20
    assert np.diff(steps[-1]).max() <= 16
