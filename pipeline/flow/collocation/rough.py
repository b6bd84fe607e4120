"""A sweep that follows no crossing: a neuron is active at a point at the nodes where it is on there.

So coarse tolerances are met, a point's crossing at the wrong time errs by less than they allow. No sign is looked
at between the nodes, nothing is needed at the step's start, and all is passes over a block of points.
"""

from __future__ import annotations

from pipeline.flow.collocation.compiling import inner, summing
from pipeline.flow.collocation.products import add_force, multiply, sum_products
from pipeline.flow.collocation.residual import push

PLANE = 2
"""The number of coordinates at which a preactivation is found anew sooner than it is read."""


@inner
def sweep_at_nodes(points, kind, tableau, network, step, work):
    """Write the force on every neuron for the neurons at the nodes; as ``sweep``, but for what that notes.

    Parameters
    ----------
    kind : (float, float)
        n, and the slope of the leaky ReLU.

    Returns
    -------
    float
        The sum of the squared residuals at the step's start.
    """
    force, (n, slope) = network.force, kind
    s, m, d = force.shape
    for i in range(s):
        for j in range(m):
            for c in range(d):
                force[i, j, c] = 0.0
    first, last = 0.0, 0.0
    for block in range(points.columns.shape[0]):
        columns, labels = points.columns[block], points.labels[block]
        if d == PLANE:
            for i in range(s):
                sweep_plane(i, columns, labels, network, slope, work.residual[i])
        else:
            multiply(network.w.reshape(s * m, d), columns, work.nodes)
            for i in range(s):
                into = work.residual[i]
                for k in range(labels.shape[0]):
                    into[k] = labels[k]
                subtract_outputs(work.nodes[i * m : (i + 1) * m], network.a[i], network.scale, slope, into)
            push(m, slope, work)
            add_force(work.nodes, columns, work.force, force)
        first += sum_products(work.residual[0], work.residual[0])
        last += sum_products(work.residual[s - 1], work.residual[s - 1])
    for i in range(s):
        for j in range(m):
            for c in range(d):
                force[i, j, c] /= n
    return total_before((first, last), step * n, tableau, network)


@inner
def subtract_outputs(rows, outputs, scale, slope, into):
    """Take what all neurons do at some points from ``into``: of four neurons in one pass.

    Parameters
    ----------
    rows : float64[m, points]
        Their preactivations.
    outputs, scale : float64[m], int64[m]
        Their a; and 0 where the labels notice them.
    """
    m = outputs.shape[0]
    for j in range(0, m - m % 4, 4):
        one, two, three, four = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
        first, second = seen(j, outputs, scale), seen(j + 1, outputs, scale)
        third, fourth = seen(j + 2, outputs, scale), seen(j + 3, outputs, scale)
        for k in range(into.shape[0]):
            u, v, w, z = one[k], two[k], three[k], four[k]
            total = first * (u if u > 0.0 else slope * u) + second * (v if v > 0.0 else slope * v)
            total += third * (w if w > 0.0 else slope * w) + fourth * (z if z > 0.0 else slope * z)
            into[k] -= total
    for j in range(m - m % 4, m):
        one, first = rows[j], seen(j, outputs, scale)
        for k in range(into.shape[0]):
            into[k] -= first * (one[k] if one[k] > 0.0 else slope * one[k])


@inner
def seen(j, outputs, scale):
    """The a of a neuron, if the labels notice it."""
    return outputs[j] if scale[j] == 0 else 0.0


@inner
def subtract_plane(neurons, scale, columns, slope, into):
    """Take what all neurons do at points in the plane from ``into``: of two neurons in one pass.

    Parameters
    ----------
    neurons : (float64[m, 2], float64[m])
    scale : int64[m]
        0 where the labels notice the neuron.
    columns : float64[2, points]
    """
    w, a = neurons
    one, two, m = columns[0], columns[1], a.shape[0]
    for j in range(0, m - 1, 2):
        first, second = seen(j, a, scale), seen(j + 1, a, scale)
        along, across, beyond, over = w[j, 0], w[j, 1], w[j + 1, 0], w[j + 1, 1]
        for k in range(into.shape[0]):
            u, v = along * one[k] + across * two[k], beyond * one[k] + over * two[k]
            into[k] -= first * (u if u > 0.0 else slope * u) + second * (v if v > 0.0 else slope * v)
    for j in range(m - m % 2, m):
        first, along, across = seen(j, a, scale), w[j, 0], w[j, 1]
        for k in range(into.shape[0]):
            u = along * one[k] + across * two[k]
            into[k] -= first * (u if u > 0.0 else slope * u)


@inner
def sweep_plane(i, columns, labels, network, slope, residual):
    """Write the residual at node i of a block in the plane, and add its points' forces."""
    w, force = network.w[i], network.force[i]
    for k in range(labels.shape[0]):
        residual[k] = labels[k]
    subtract_plane((w, network.a[i]), network.scale, columns, slope, residual)
    for j in range(w.shape[0]):
        right, up = push_in_plane(w[j], columns, residual, slope)
        force[j, 0] += right
        force[j, 1] += up


@summing
def push_in_plane(w, columns, residual, slope):
    """What a block's points push one neuron with."""
    one, two, along, across = columns[0], columns[1], w[0], w[1]
    right, up = 0.0, 0.0
    for k in range(residual.shape[0]):
        pushed = residual[k] if along * one[k] + across * two[k] > 0.0 else slope * residual[k]
        right += pushed * one[k]
        up += pushed * two[k]
    return right, up


@inner
def total_before(totals, points_step, tableau, network):
    """The sum of the squared residuals at the step's start, by the cubic through the first and the last node.

    Its derivative at a node is -2 n |grad L|^2, which the forces tell. It falls: it is the first node's at least.

    Parameters
    ----------
    totals : (float, float)
        At both nodes.
    points_step : float
        n h.
    """
    first, last = totals
    s = len(tableau.nodes)
    begin, end = tableau.nodes[0], tableau.nodes[s - 1]
    falls = falling(0, network), falling(s - 1, network)
    length = end - begin
    t = -begin / length
    smooth = t * t * (3.0 - 2.0 * t)
    before = first + smooth * (last - first)
    scaled = -2.0 * points_step * length
    before += scaled * (t * (1.0 - t) ** 2 * falls[0] - t * t * (1.0 - t) * falls[1])
    return max(before, first)


@inner
def falling(i, network):
    """|grad L|^2 at a node."""
    w, force, total = network.w[i], network.force[i], 0.0
    for j in range(w.shape[0]):
        along, square = 0.0, 0.0
        for c in range(w.shape[1]):
            along += w[j, c] * force[j, c]
            square += force[j, c] ** 2
        output = seen(j, network.a[i], network.scale)
        total += output * output * square + (along * along if output != 0.0 else 0.0)
    return total
