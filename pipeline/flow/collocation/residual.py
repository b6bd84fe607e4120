"""The residual of a block's points at the nodes, and what each neuron's points push it with."""

from __future__ import annotations

from pipeline.flow.collocation.compiling import inner

BETWEEN = 1.0 / 12.0
"""How far a parabola is below its values at the two nodes, for each t^2 in it."""


@inner
def take_outputs(j, near, network, tableau, slope, work):
    """Take neuron j's outputs from the residual; mark the points at which its sign differs within the step.

    With two nodes those are marked too at which it may, between the nodes or for what it is ``near``.

    Returns
    -------
    bool
        Whether there are any.
    """
    s, m = len(tableau.nodes), network.start_a.shape[0]
    if s == 2:
        take_both(j, near, network, tableau, slope, work)
        return any_marked(work.words)
    lowest, highest, last = work.bounds[0], work.bounds[1], work.bounds[2]
    take_at_nodes(j, network, slope, work)
    row, weight = work.start[j], tableau.end[0]
    for k in range(row.shape[0]):
        lowest[k], highest[k], last[k] = row[k], row[k], weight * row[k]
    for i in range(s):
        row, weight = work.nodes[i * m + j], tableau.end[i + 1]
        for k in range(row.shape[0]):
            lowest[k], highest[k] = min(row[k], lowest[k]), max(row[k], highest[k])
            last[k] += weight * row[k]
    for k in range(last.shape[0]):
        work.crossing[k] = (min(last[k], lowest[k]) <= 0.0) & (max(last[k], highest[k]) > 0.0)
    return any_marked(work.words)


@inner
def any_marked(words):
    """Whether any point is marked: eight are looked at at a time."""
    found = 0
    for word in range(words.shape[0]):
        found |= words[word]
    return found != 0


@inner
def take_both(j, near, network, tableau, slope, work):
    """The same for two nodes, in one loop: it is a quarter of a step's work."""
    m, crossing = network.start_a.shape[0], work.crossing
    visible = 1.0 if network.scale[j] == 0 else 0.0
    one, two, three = work.start[j], work.nodes[j], work.nodes[m + j]
    left, right, begun = work.residual[0], work.residual[1], work.residual[2]
    start, first, second = visible * network.start_a[j], visible * network.a[0, j], visible * network.a[1, j]
    alpha, beta, gamma = tableau.end[0], tableau.end[1], tableau.end[2]
    bend = tableau.through[2]
    one_bent, two_bent, three_bent = BETWEEN * bend[0], BETWEEN * bend[1], BETWEEN * bend[2]
    for k in range(crossing.shape[0]):
        u, v, w = one[k], two[k], three[k]
        begun[k] -= start * (u if u > 0.0 else slope * u)
        left[k] -= first * (v if v > 0.0 else slope * v)
        right[k] -= second * (w if w > 0.0 else slope * w)
        end = alpha * u + beta * v + gamma * w
        low = u if u < v else v
        low = low if low < w else w
        low = low if low < end else end
        high = u if u > v else v
        high = high if high > w else w
        high = high if high > end else end
        room = near + abs(one_bent * u + two_bent * v + three_bent * w)
        crossing[k] = (low <= room) & (high > -room)


@inner
def take_at_nodes(j, network, slope, work):
    """Take neuron j's outputs from the residual, at the step's start and at the nodes."""
    s, m = network.a.shape
    visible = 1.0 if network.scale[j] == 0 else 0.0
    subtract_active(work.start[j], visible * network.start_a[j], slope, work.residual[s])
    for i in range(s):
        subtract_active(work.nodes[i * m + j], visible * network.a[i, j], slope, work.residual[i])


@inner
def subtract_active(row, output, slope, into):
    """Take a neuron's output from the residual."""
    for k in range(row.shape[0]):
        into[k] -= output * (row[k] if row[k] > 0.0 else slope * row[k])


@inner
def push(m, slope, work):
    """Write what each pair pushes with at the nodes in the place of its preactivation."""
    for i in range(work.residual.shape[0] - 1):
        residual = work.residual[i]
        for j in range(m):
            row = work.nodes[i * m + j]
            for k in range(row.shape[0]):
                row[k] = residual[k] if row[k] > 0.0 else slope * residual[k]
