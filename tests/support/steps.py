"""One step of many neurons, as the kernels take it, and of one neuron alone."""

import numpy as np
from witness import callable_kernel

from pipeline.flow.exact.events import candidates, crossings, neuron_path, workspace
from pipeline.flow.exact.events.neuron_path import FollowedNeuron
from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.propagation import magnus
from pipeline.flow.exact.propagation.bernstein import SIZE

make_network = callable_kernel(pattern_groups.make_network)
carry_all = callable_kernel(magnus.carry_all)
make_event_workspace = callable_kernel(workspace.make_event_workspace)
follow_kernel = callable_kernel(neuron_path.follow)
find_kernel = callable_kernel(candidates.find_candidates)
follow_candidates = callable_kernel(crossings.follow_candidates)
make_events = callable_kernel(crossings.make_events)


def line(n, seed):
    first, last = np.random.default_rng(seed).uniform(-2, 2, (2, n))
    return first + np.linspace(0.0, 1.0, SIZE)[:, None] * (last - first)


def carried(network, b, step):
    """The network whose trial groups are those at the end of a step."""
    return network._replace(trial=carry_all(network.groups, b, step, 1.0, network.problem))


def find_candidates(network, b, step, events):
    return find_kernel(network, b, step, events.candidates, events.work)


def through_a_step(problem, neurons, b, step):
    """What the kernels find: groups at the end, who may have an event, who has one."""
    events, network = make_events(neurons, problem), carried(make_network(neurons, problem), b, step)
    candidates, crossed = events.candidates, events.crossed
    count = find_candidates(network, b, step, events)
    listed = candidates.listed[:count].copy()
    assert candidates.is_listed.sum() == count
    found = follow_candidates(network, b, step, events)
    assert not candidates.is_listed.any()
    assert candidates.total[0] == 0
    assert crossed.total[0] == found
    return network.trial, listed, crossed, network.groups


def follow(z, log_scale, sign, state, over, problem, work):
    """Follow one neuron over a step (residual, length); its log scale, events, and whether the flow is unique."""
    return follow_kernel(FollowedNeuron(z, float(sign), state), log_scale, over, problem, work.path)


def alone(neurons, j, b, step, problem):
    """Neuron j followed by itself: z, log scale, state, events."""
    z, state = neurons.z[j].copy(), neurons.state[j].copy()
    work = make_event_workspace(problem)
    log, events, _ = follow(z, neurons.log_scale[j], neurons.sign[j], state, (b, step), problem, work)
    return z, log, state, events


def group_by_pattern(neurons, problem):
    """The groups at the start of a step."""
    return make_network(neurons, problem).groups
