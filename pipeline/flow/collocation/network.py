"""The neurons through a step under forces that are known: w' = a D, a' = <w, D>, D a polynomial of the time.

Of the force only its s moments against the nodes' polynomials count (``D_i``): a neuron's equations are linear in
it, so the Gauss method's are s equations for its a at the nodes, and are solved exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.compiling import inner


class Network(NamedTuple):
    """The neurons at a step's start, at its nodes, and at its end.

    start_w, start_a : float64[m, d], float64[m]
    w, a : float64[s, m, d], float64[s, m]
    force : float64[s, m, d]
        D_i.
    end_w, end_a : float64[m, d], float64[m]
    """

    start_w: np.ndarray
    start_a: np.ndarray
    w: np.ndarray
    a: np.ndarray
    force: np.ndarray
    end_w: np.ndarray
    end_a: np.ndarray


def make_network(stages: int, m: int, d: int) -> Network:
    """Room for ``m`` neurons of ``d`` coordinates."""
    return Network(
        np.zeros((m, d)), np.zeros(m), np.zeros((stages, m, d)), np.zeros((stages, m)), np.zeros((stages, m, d)),
        np.zeros((m, d)), np.zeros(m),
    )  # fmt: skip


@inner
def carry(network, step, tableau, system):
    """Write the neurons at the nodes and at the step's end.

    Parameters
    ----------
    system : float64[s, s + 1]
        Workspace.
    """
    start, w, a, force = network.start_w, network.w, network.a, network.force
    s, (_, m, d) = len(tableau.nodes), force.shape
    inside, weights = tableau.inner, tableau.weights
    for j in range(m):
        for i in range(s):
            along = 0.0
            for c in range(d):
                along += start[j, c] * force[i, j, c]
            system[i, s] = along
        # a_i = a_0 + h sum_l A_il <w_l, D_l> with w_l = w_0 + h sum_q A_lq a_q D_q: s equations for a.
        for i in range(s):
            a[i, j] = network.start_a[j]
            for l in range(s):
                a[i, j] += step * inside[i, l] * system[l, s]
        for i in range(s):
            for l in range(s):
                system[i, l] = 0.0
        for l in range(s):
            for q in range(s):
                product = 0.0
                for c in range(d):
                    product += force[l, j, c] * force[q, j, c]
                product *= step * step * inside[l, q]
                for i in range(s):
                    system[i, q] -= inside[i, l] * product
        for i in range(s):
            system[i, i] += 1.0
            system[i, s] = a[i, j]
        solve(system, s)
        for i in range(s):
            a[i, j] = system[i, s]
        for i in range(s):
            for c in range(d):
                w[i, j, c] = start[j, c]
            for l in range(s):
                weight = step * inside[i, l] * a[l, j]
                for c in range(d):
                    w[i, j, c] += weight * force[l, j, c]
        end = network.start_a[j]
        for c in range(d):
            network.end_w[j, c] = start[j, c]
        for i in range(s):
            along, weight = 0.0, step * weights[i] * a[i, j]
            for c in range(d):
                along += w[i, j, c] * force[i, j, c]
                network.end_w[j, c] += weight * force[i, j, c]
            end += step * weights[i] * along
        network.end_a[j] = end


@inner
def solve(system, s):
    """Solve the equations ``system[:, :s]`` for the right-hand side ``system[:, s]``, which the solution replaces.

    Without pivots: the matrix is the identity and what a step of less than 1/|D| adds to it.
    """
    for i in range(s):
        for l in range(i + 1, s):
            factor = system[l, i] / system[i, i]
            for q in range(i, s + 1):
                system[l, q] -= factor * system[i, q]
    for i in range(s - 1, -1, -1):
        for q in range(i + 1, s):
            system[i, s] -= system[i, q] * system[q, s]
        system[i, s] /= system[i, i]


@inner
def extrapolate(force, ratio, tableau, row):
    """Continue the last step's force into the next one, ``ratio`` times as long: in place.

    Parameters
    ----------
    row : float64[s, s + 1]
        Workspace.
    """
    s, (_, m, d) = len(tableau.nodes), force.shape
    basis, nodes = tableau.basis, tableau.nodes
    for i in range(s):
        time = 1.0 + nodes[i] * ratio
        for l in range(s):
            value = 0.0
            for q in range(s - 1, -1, -1):
                value = value * time + basis[l, q]
            row[i, l] = value
    for j in range(m):
        for c in range(d):
            for i in range(s):
                value = 0.0
                for l in range(s):
                    value += row[i, l] * force[l, j, c]
                row[i, s] = value
            for i in range(s):
                force[i, j, c] = row[i, s]
