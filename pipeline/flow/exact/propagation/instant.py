"""What the trajectory says of one instant, read off the groups that have carried the neurons there."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np

from pipeline.flow.exact.machine_code.jit import inlined, jitted
from pipeline.flow.exact.network.activation import active_sum, find_normals, project, write_derivative
from pipeline.flow.exact.network.spans import FEW, MANY
from pipeline.flow.exact.propagation.reconstruction import carry_neuron


@jitted
def write_sample(network, groups, own, taken, place):
    """Write one instant: the neurons, what is left to fit, and |grad L|.

    Parameters
    ----------
    network : Network
    groups : PatternGroups
        Its groups at that instant.
    own : Evaluation
        Its list of crossed neurons says which neurons the groups know nothing of.
    taken : Samples
    place : int
        Which sample is written.
    """
    crossed, apart = own.events.crossed, own.events.candidates.is_listed
    neurons, states = network.neurons, taken.state[place]
    for i in range(crossed.total[0]):
        apart[crossed.neuron[i]] = True
    write_carried(neurons, groups, (own, taken, place))
    write_few(neurons, groups, (own, taken, place))
    for i in range(crossed.total[0]):
        j = crossed.neuron[i]
        write_neuron(crossed.z[i], neurons.sign[j], crossed.log_scale[i], (taken, place, j))
        for k in range(states.shape[1]):
            states[j, k] = crossed.state[i, k]
    reference = write_mass(own, taken, place)
    write_residual(network.problem, groups, own, (taken, place, reference))
    write_gradient(network.problem, groups, own, (taken, place, reference))
    for i in range(crossed.total[0]):
        apart[crossed.neuron[i]] = False


@jitted
def write_carried(neurons, groups, into):
    """Write the neurons that groups of many, or on a line, have carried, and those at rest.

    ``into``: (Evaluation, Samples, which sample).
    """
    (own, taken, place), group, edge = into, groups.group, groups.edge
    apart, vector = own.events.candidates.is_listed, own.events.work.group.vector
    states, state = taken.state[place], groups.state
    for j in range(group.shape[0]):
        g = group[j]
        if apart[j] or (groups.kind[g] == FEW and groups.row[g + 1] > groups.row[g]):
            continue
        log_scale = carry_neuron(neurons, groups, j, vector)
        if groups.kind[g] == MANY and groups.row[g + 1] > groups.row[g] and edge[g + 1] > edge[g]:
            project(vector[: vector.shape[0] - 2], groups.normals, edge[g], edge[g + 1])
        write_neuron(vector, neurons.sign[j], log_scale, (taken, place, j))
        for k in range(states.shape[1]):
            states[j, k] = state[g, k]


@jitted
def write_few(neurons, groups, into):
    """Write the neurons of groups of few, which are rows of their groups."""
    (own, taken, place), edge = into, groups.edge
    apart, vector = own.events.candidates.is_listed, own.events.work.group.vector
    states = taken.state[place]
    for g in range(groups.kind.shape[0]):
        first, start = groups.row[g], groups.start[g]
        if groups.row[g + 1] == first or groups.kind[g] != FEW:
            continue
        for i in range(groups.start[g + 1] - start):
            j = groups.order[start + i]
            if apart[j]:
                continue
            for c in range(vector.shape[0]):
                vector[c] = groups.rows[first + i, c]
            if edge[g + 1] > edge[g]:
                project(vector[: vector.shape[0] - 2], groups.normals, edge[g], edge[g + 1])
            write_neuron(vector, neurons.sign[j], groups.logs[first + i], (taken, place, j))
            for k in range(states.shape[1]):
                states[j, k] = groups.state[g, k]


@inlined
def write_neuron(z, sign, log_scale, into):
    """Write neuron ``z`` = (w, a, c) of this scale, with a^2 - |w|^2 = c restored as ``normalise`` does it.

    ``into``: (Samples, which sample, which neuron).
    """
    taken, place, j = into
    q = z.shape[0] - 2
    square = 0.0
    for c in range(q):
        square += z[c] * z[c]
    length, a, excess = sqrt(square), z[q], z[q + 1]
    unit, norm = 1.0 / length, length
    if excess >= 0.0:
        wanted = length if excess == 0.0 else sqrt(square + excess)
        a = wanted if sign > 0.0 or (sign == 0.0 and a > 0.0) else -wanted
    elif square > 0.0:
        norm = sqrt(a * a - excess)
    for c in range(q):
        taken.direction[place, j, c] = z[c] * unit
    taken.log_norm[place, j] = log_scale + log(norm)
    taken.output_ratio[place, j] = a / norm


@jitted
def write_mass(own, taken, place):
    """Write each neuron's |w|^2 in units of the largest one's; return the logarithm of that |w|.

    Near the origin the squares themselves underflow.
    """
    log_norms, mass, reference = taken.log_norm[place], own.mass, -np.inf
    for j in range(mass.shape[0]):
        reference = max(reference, log_norms[j])
    for j in range(mass.shape[0]):
        mass[j] = exp(2.0 * (log_norms[j] - reference))
    return reference


@jitted
def write_residual(problem, groups, own, at):
    """Write y_k - sum_j a_j phi'_jk <w_j, x_k>, by way of each group's sum of a_j w_j.

    ``at``: (Samples, which sample, the logarithm of the largest |w|).
    """
    (taken, place, reference), crossed, group = at, own.events.crossed, groups.group
    directions, ratios, residual = taken.direction[place], taken.output_ratio[place], taken.residual[place]
    x, y, vectors, mass, apart = problem.x, problem.y, own.vectors, own.mass, own.events.candidates.is_listed
    (n, q), unit = x.shape, exp(2.0 * reference)
    for k in range(n):
        residual[k] = y[k]
    for g in range(groups.kind.shape[0]):
        for c in range(q):
            vectors[g, c] = 0.0
    for j in range(mass.shape[0]):
        if not apart[j]:
            g, weight = group[j], mass[j] * ratios[j]
            for c in range(q):
                vectors[g, c] += weight * directions[j, c]
    for g in range(groups.kind.shape[0]):
        subtract_outputs(residual, groups.derivative[g], unit, vectors[g], x)
    for i in range(crossed.total[0]):
        j = crossed.neuron[i]
        write_derivative(crossed.state[i], problem.negative_slope, own.derivative)
        subtract_outputs(residual, own.derivative, unit * mass[j] * ratios[j], directions[j], x)


@jitted
def subtract_outputs(residual, derivative, weight, vector, x):
    """Subtract weight phi'_k <vector, x_k> from each point's residual."""
    for k in range(x.shape[0]):
        if derivative[k] != 0.0:
            along = 0.0
            for c in range(x.shape[1]):
                along += vector[c] * x[k, c]
            residual[k] -= weight * derivative[k] * along


@jitted
def write_gradient(problem, groups, own, at):
    """Write |grad L|, for |grad L|^2 = sum_j a_j^2 |D_j|^2 + <D_j, w_j>^2, from the residual that is written.

    D_j is the speed of the flow: projected where a neuron slides. ``at`` as in :func:`write_residual`.
    """
    (taken, place, reference), crossed, group = at, own.events.crossed, groups.group
    directions, ratios, residual = taken.direction[place], taken.output_ratio[place], taken.residual[place]
    forces, force, normals, mass = own.vectors, own.force, own.normals, own.mass
    x, apart, total = problem.x, own.events.candidates.is_listed, 0.0
    for g in range(groups.kind.shape[0]):
        active_sum(groups.derivative[g], residual, x, forces[g])
        project(forces[g], groups.normals, groups.edge[g], groups.edge[g + 1])
    for j in range(mass.shape[0]):
        if not apart[j]:
            total += mass[j] * squared_speed(forces[group[j]], directions[j], ratios[j])
    for i in range(crossed.total[0]):
        j = crossed.neuron[i]
        sliding = write_derivative(crossed.state[i], problem.negative_slope, own.derivative)
        active_sum(own.derivative, residual, x, force)
        if sliding > 0:
            project(force, normals, np.int64(0), find_normals(crossed.state[i], problem, normals, np.int64(0)))
        total += mass[j] * squared_speed(force, directions[j], ratios[j])
    taken.gradient_norm[place] = exp(reference + 0.5 * log(total)) / x.shape[0] if total > 0.0 else 0.0


@inlined
def squared_speed(force, direction, ratio):
    """The squared speed of a neuron with |w| = 1, times n^2."""
    along, size = 0.0, 0.0
    for c in range(direction.shape[0]):
        along += force[c] * direction[c]
        size += force[c] * force[c]
    return along * along + ratio * ratio * size
