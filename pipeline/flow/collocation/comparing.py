"""By how much the network changes: from one sweep to the next, and over a step."""

from __future__ import annotations

from math import sqrt

from pipeline.flow.collocation.compiling import inner
from pipeline.flow.collocation.products import multiply
from pipeline.flow.collocation.rough import PLANE, subtract_outputs, subtract_plane
from pipeline.flow.collocation.sweep import SLOPE


@inner
def write_outputs(points, neurons, scale, into, rows):
    """Write minus the network's outputs at the sampled points: by how much they differ is all that is asked.

    Parameters
    ----------
    neurons : (float64[m, d], float64[m])
    rows : float64[m, sampled]
        Workspace.
    """
    slope, sample = points.about[SLOPE], points.sample
    for k in range(into.shape[0]):
        into[k] = 0.0
    if sample.shape[0] == PLANE:
        subtract_plane(neurons, scale, sample, slope, into)
    else:
        multiply(neurons[0], sample, rows)
        subtract_outputs(rows, neurons[1], scale, slope, into)


@inner
def root_mean_square(one, other):
    """Of the difference."""
    total = 0.0
    for k in range(one.shape[0]):
        total += (one[k] - other[k]) ** 2
    return sqrt(total / one.shape[0])


@inner
def relative_change(network, last):
    """By how much the neurons' ends have changed since the last sweep, over their sizes: the root mean square."""
    m, d = network.end_w.shape
    total = 0.0
    for j in range(m):
        square = network.end_a[j] ** 2
        change = (network.end_a[j] - last[j, d]) ** 2
        last[j, d] = network.end_a[j]
        for c in range(d):
            square += network.end_w[j, c] ** 2
            change += (network.end_w[j, c] - last[j, c]) ** 2
            last[j, c] = network.end_w[j, c]
        total += change / square
    return sqrt(total / m)


@inner
def copy_force(source, target):
    """Copy the forces of a step."""
    s, m, d = source.shape
    for i in range(s):
        for j in range(m):
            for c in range(d):
                target[i, j, c] = source[i, j, c]


@inner
def change_in_step(network):
    """By how much the neurons change over the step, over their sizes: the mean."""
    m, d = network.end_w.shape
    turned = 0.0
    for j in range(m):
        square, change = network.end_a[j] ** 2, (network.end_a[j] - network.start_a[j]) ** 2
        for c in range(d):
            square += network.end_w[j, c] ** 2
            change += (network.end_w[j, c] - network.start_w[j, c]) ** 2
        turned += sqrt(change / square) / m
    return turned
