"""The neurons through a step under forces that are known: w' = a D, a' = <w, D>, D a polynomial of the time.

Of the force only its s moments against the nodes' polynomials count (``D_i``): a neuron's equations are linear in
it, so the Gauss method's are s equations for its a at the nodes, and are solved exactly.

Under a constant force the neuron is a boost, exp(h |D|) on its growing part, of which the method has the Pade
approximant: at h |D| = 1 wrong by 1 in 700, which no difference of two sweeps shows. From a small start a neuron
grows so for a hundred steps before it is seen. So each neuron's step is longer or shorter by the factor of order
1 + h^(2 s) with which the approximant is the exponential itself: growth has no error then, and the order stays.
"""

from __future__ import annotations

from math import ceil, exp, log, sqrt, tanh
from typing import NamedTuple

import numpy as np

from pipeline.flow.collocation.compiling import entry_point, inner

BALANCED = 1e-12
"""How far |a|^2/|w|^2 may be from 1 and mean 1."""
SMALL_GROWTH = 1e-3
"""h |D| below which the approximant is the exponential to rounding."""
SHIFT = 200
"""The unit of a small neuron is this power of 2, or a multiple of it: to change it costs no digit."""
LOWEST, HIGHEST = 2.0**-300, 2.0**-80
"""The norms, in its unit, below which a neuron's unit becomes smaller, and above which it becomes larger again."""


class Neurons(NamedTuple):
    """All neurons at one instant: w float64[m, d], a float64[m], scale int64[m] as :class:`Network` has it."""

    w: np.ndarray
    a: np.ndarray
    scale: np.ndarray

    @property
    def outputs(self) -> np.ndarray:
        """The a that the labels notice."""
        return np.where(self.scale == 0, self.a, 0.0)

    def in_units(self, scale: np.ndarray) -> Neurons:
        """The same neurons in other units."""
        factor = 2.0 ** (SHIFT * (scale - self.scale))
        return Neurons(self.w * factor[:, None], self.a * factor, scale)


class Network(NamedTuple):
    """The neurons at a step's start, at its nodes, and at its end.

    A neuron's equations are linear in it, so a small one is followed in a unit of its own: floats end at 1e-308,
    their squares at 1e-154, and a neuron may start below, or decay to there.

    scale : int64[m]
        The neuron is 2^(-``SHIFT`` scale) times what stands here. Where it is not 0 no label notices the neuron.
    start_w, start_a : float64[m, d], float64[m]
    w, a : float64[s, m, d], float64[s, m]
    force : float64[s, m, d]
        D_i.
    end_w, end_a : float64[m, d], float64[m]
    conserved : float64[m]
        |a|^2 - |w|^2 (Lemma 1).
    """

    scale: np.ndarray
    start_w: np.ndarray
    start_a: np.ndarray
    w: np.ndarray
    a: np.ndarray
    force: np.ndarray
    end_w: np.ndarray
    end_a: np.ndarray
    conserved: np.ndarray


def make_network(stages: int, m: int, d: int) -> Network:
    """Room for ``m`` neurons of ``d`` coordinates."""
    return Network(
        np.zeros(m, dtype=np.int64), np.zeros((m, d)), np.zeros(m), np.zeros((stages, m, d)),
        np.zeros((stages, m)), np.zeros((stages, m, d)), np.zeros((m, d)), np.zeros(m),
        np.zeros(m),
    )  # fmt: skip


@entry_point
def write_neurons(start, log_unit, network):
    """Write the neurons before the first step, in the solver's units; a small one in its own.

    Parameters
    ----------
    start : (float64[m, d], float64[m], float64[m])
        Direction, ln |w| and a/|w|.
    log_unit : float
        Ln of one unit of weight.
    network : Network

    Returns
    -------
    float
        The largest |a| that the labels notice.
    """
    direction, log_norm, ratio = start
    (m, d), largest = direction.shape, 0.0
    for j in range(m):
        length = log_norm[j] - log_unit
        size, unit = length + log(max(abs(ratio[j]), 1.0)), SHIFT * log(2.0)
        scale = 0 if size > -unit else int(ceil(max(log(HIGHEST) - size, 0.0) / unit))
        norm, square = exp(length + unit * scale), 0.0
        for c in range(d):
            network.start_w[j, c] = norm * direction[j, c]
            square += network.start_w[j, c] ** 2
        output, size = abs(norm * ratio[j]), sqrt(square)
        difference = (output - size) * (output + size)
        network.scale[j], network.start_a[j] = scale, norm * ratio[j]
        network.conserved[j] = difference if abs(difference) > BALANCED * square else 0.0
        largest = max(largest, output if scale == 0 else 0.0)
    return largest


@inner
def matched_step(step, j, force, tableau):
    """The step whose Pade approximant is the exponential of ``step`` under neuron j's mean force.

    R(z) = (even + odd)/(even - odd) with the approximant's even and odd parts, so that odd/even of the step asked
    for is tanh(z/2): Newton's method, from z.
    """
    s, (_, _, d) = len(tableau.nodes), force.shape
    square = 0.0
    for c in range(d):
        mean = 0.0
        for i in range(s):
            mean += tableau.weights[i] * force[i, j, c]
        square += mean * mean
    z = step * sqrt(square)
    if not z > SMALL_GROWTH:
        return step
    asked, matched = tanh(0.5 * z), z
    for _ in range(3):
        square = matched * matched
        if s == 2:
            odd, even = 0.5 * matched, 1.0 + square / 12.0
            change = 0.5 - asked * matched / 6.0
        elif s == 3:
            odd, even = matched * (0.5 + square / 120.0), 1.0 + square / 10.0
            change = 0.5 + square / 40.0 - asked * matched / 5.0
        else:
            odd, even = matched * (0.5 + square / 84.0), 1.0 + square * (3.0 / 28.0 + square / 1680.0)
            change = 0.5 + square / 28.0 - asked * matched * (3.0 / 14.0 + square / 420.0)
        matched -= (odd - asked * even) / change
    return step * matched / z


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
        h = matched_step(step, j, force, tableau)
        for i in range(s):
            along = 0.0
            for c in range(d):
                along += start[j, c] * force[i, j, c]
            system[i, s] = along
        # a_i = a_0 + h sum_l A_il <w_l, D_l> with w_l = w_0 + h sum_q A_lq a_q D_q: s equations for a.
        for i in range(s):
            a[i, j] = network.start_a[j]
            for l in range(s):
                a[i, j] += h * inside[i, l] * system[l, s]
        for i in range(s):
            for l in range(s):
                system[i, l] = 0.0
        for l in range(s):
            for q in range(s):
                product = 0.0
                for c in range(d):
                    product += force[l, j, c] * force[q, j, c]
                product *= h * h * inside[l, q]
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
                weight = h * inside[i, l] * a[l, j]
                for c in range(d):
                    w[i, j, c] += weight * force[l, j, c]
        end = network.start_a[j]
        for c in range(d):
            network.end_w[j, c] = start[j, c]
        for i in range(s):
            along, weight = 0.0, h * weights[i] * a[i, j]
            for c in range(d):
                along += w[i, j, c] * force[i, j, c]
                network.end_w[j, c] += weight * force[i, j, c]
            end += h * weights[i] * along
        network.end_a[j] = end


@inner
def balance(network):
    """Make |a|^2 - |w|^2 at the step's start what it is at any time (Lemma 1).

    A neuron that decays is in the shrinking direction of its boost, in which a rounding of the growing one would
    overtake it after 16 e-folds. To the first order that changes |a| and |w| oppositely, and not their product: of
    a balanced neuron both become their geometric mean. Of another the larger of the two is set.
    """
    m, d = network.start_w.shape
    for j in range(m):
        square = 0.0
        for c in range(d):
            square += network.start_w[j, c] ** 2
        output, conserved = abs(network.start_a[j]), network.conserved[j]
        if conserved > 0.0:
            network.start_a[j] = (
                sqrt(conserved + square) if network.start_a[j] > 0.0 else -sqrt(conserved + square)
            )
        elif conserved < 0.0 and square > 0.0:
            ratio = sqrt((output * output - conserved) / square)
            for c in range(d):
                network.start_w[j, c] *= ratio
        elif square > 0.0 and output > 0.0:
            ratio = sqrt(output / sqrt(square))
            network.start_a[j] /= ratio
            for c in range(d):
                network.start_w[j, c] *= ratio


@inner
def choose_units(network):
    """Give each neuron at the step's start the unit in which its numbers, and their squares, are floats."""
    m, d = network.start_w.shape
    for j in range(m):
        square = network.start_a[j] ** 2
        for c in range(d):
            square += network.start_w[j, c] ** 2
        change = 1 if square < LOWEST**2 else -1 if network.scale[j] > 0 and square > HIGHEST**2 else 0
        if change != 0 and square > 0.0:
            factor = 2.0 ** (SHIFT * change)
            network.scale[j] += change
            network.start_a[j] *= factor
            network.conserved[j] *= factor * factor
            for c in range(d):
                network.start_w[j, c] *= factor


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
