"""One step of many neurons, as the kernels take it, and of one neuron alone."""

import numpy as np
from witness import callable_kernel

from pipeline.flow.exact import carrying, crossings, following, marking, patterns
from pipeline.flow.exact import desk as desks
from pipeline.flow.exact.curve import SIZE

lump = callable_kernel(patterns.lump)
carry_all = callable_kernel(carrying.carry_all)
lay_desk = callable_kernel(desks.lay_desk)
follow = callable_kernel(following.follow)
find_movers = callable_kernel(marking.find_movers)
follow_movers = callable_kernel(crossings.follow_movers)
lay_lists = callable_kernel(crossings.lay_lists)


def line(n, seed):
    first, last = np.random.default_rng(seed).uniform(-2, 2, (2, n))
    return first + np.linspace(0.0, 1.0, SIZE)[:, None] * (last - first)


def through_a_step(problem, neurons, b, step):
    """What the kernels find: lumps at the end, who moves, who was followed."""
    desk, lumps, (marks, found) = lay_desk(problem), lump(neurons, problem), lay_lists(neurons)
    moved = carry_all(lumps, b, step, 1.0, problem)
    count = find_movers(neurons, lumps, moved, b, step, problem, desk, marks)
    movers = marks.movers[:count].copy()
    assert marks.marked.sum() == count
    crossed = follow_movers(neurons, lumps, moved, b, step, problem, desk, marks, found)
    assert not marks.marked.any()
    assert marks.total[0] == 0
    assert found.total[0] == crossed
    return moved, movers, found, lumps


def alone(neurons, j, b, step, problem):
    """Neuron j followed by itself: z, log scale, state, events."""
    z, state = neurons.z[j].copy(), neurons.state[j].copy()
    log, events, _ = follow(z, neurons.log_scale[j], neurons.sign[j], state, b, step, problem, lay_desk(problem))
    return z, log, state, events
