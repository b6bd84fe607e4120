"""All neurons through a step under a residual that is assumed: two boosts each, and what the network leaves then.

The commutator-free Magnus method of order 4: with r_1, r_2 at the Gauss nodes the impulses of the two boosts are
h (alpha r_1 + beta r_2) and h (beta r_1 + alpha r_2), alpha and beta = 1/4 +- sqrt(3)/6.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.propagation.bernstein import SIZE as COEFFICIENTS
from pipeline.flow.exact.propagation.bernstein import value
from pipeline.flow.gram.compiling import allocating, inlined, inner, scanning
from pipeline.flow.gram.nearby import Nearby, carry_neuron, make_nearby, write_width
from pipeline.flow.gram.network import Data, Trial, make_trial
from pipeline.flow.gram.neuron import DOUBT, FAR, MARGIN, SIZE, begin_sliding, measure
from pipeline.flow.gram.sliding import Corner, Row, make_corner

HALF_WIDTH = sqrt(3.0) / 6.0
FIRST, LAST = 0.5 - HALF_WIDTH, 0.5 + HALF_WIDTH
"""The Gauss nodes."""
MORE, LESS = 0.25 + HALF_WIDTH, 0.25 - HALF_WIDTH
"""Alpha and beta."""
ONE_BOOST = 3e-2
"""The tolerance from which on a step is one boost, under the mean residual: of order 2."""
SHRINKING, FADED = 1e-12, 1e-26
"""1 + cos(w_j, s_j D_j) below which a neuron can only shrink, and |w_j|^2 over the labels at which that ends."""


class Sweep(NamedTuple):
    """What a sweep works on.

    trial : Trial
    corner : Corner
    nearby : Nearby
    curve : float64[6, n]
        The residual that is assumed over the step (``exact.propagation.bernstein``).
    impulses : float64[2, n]
        Over n.
    signed : float64[2, n]
        One of them, times s = 1 and s = -1.
    gap : float64[n]
    motion : float64[6]
    residual, slope : float64[n]
        At the step's end, and how fast it changes there.
    doubt : float64[m]
        The share of the step after which the order in which a neuron met two boundaries decided.
    """

    trial: Trial
    corner: Corner
    nearby: Nearby
    curve: np.ndarray
    impulses: np.ndarray
    signed: np.ndarray
    gap: np.ndarray
    motion: np.ndarray
    residual: np.ndarray
    slope: np.ndarray
    doubt: np.ndarray


def make_sweep(data: Data, m: int) -> Sweep:
    """Room for m neurons."""
    n, q = data.x.shape
    return Sweep(
        make_trial(data, m), make_corner(n, q), make_nearby(n), np.zeros((COEFFICIENTS, n)), np.zeros((2, n)),
        np.zeros((2, n)), np.zeros(n), np.zeros(6), np.zeros(n), np.zeros(n), np.zeros(m),
    )  # fmt: skip


@inner
def write_impulses(part, step, sweep):
    """Write the two impulses over the part (from, to) of the step."""
    curve, impulses, (start, end) = sweep.curve, sweep.impulses, part
    n, length = curve.shape[1], (end - start) * step
    for k in range(n):
        one = value(curve, k, start + (end - start) * FIRST)
        two = value(curve, k, start + (end - start) * LAST)
        impulses[0, k] = length * (MORE * one + LESS * two) / n
        impulses[1, k] = length * (LESS * one + MORE * two) / n


@inner
def copy_start(network, sweep):
    """Put the trial at the step's start."""
    (m, n), trial = network.g.shape, sweep.trial
    for j in range(m):
        trial.size[j], sweep.doubt[j] = 1.0, FAR
        for k in range(n):
            trial.g[j, k], trial.side[j, k], trial.moved[j, k] = network.g[j, k], network.side[j, k], 0.0


@scanning
def write_active_impulse(side, impulse, slope, active_impulse):
    """Write the impulse of each point that is active; where the neuron slides, as if off."""
    for k in range(active_impulse.shape[0]):
        active_impulse[k] = impulse[k] if side[k] > 0.0 else slope * impulse[k]


@allocating
def write_speeds(data, network, impulse, sweep):
    """Write v of every neuron: a product."""
    trial, n = sweep.trial, impulse.shape[0]
    for k in range(n):
        sweep.signed[0, k], sweep.signed[1, k] = impulse[k], -impulse[k]
    for j in range(network.sign.shape[0]):
        which = 0 if network.sign[j] > 0.0 else 1
        write_active_impulse(trial.side[j], sweep.signed[which], data.slope, trial.active_impulse[j])
    if data.direct:
        np.dot(trial.active_impulse, data.gram, trial.speed)
    else:
        np.dot(trial.active_impulse, data.x, trial.force)
        np.dot(trial.force, data.x.T, trial.speed)


@inlined
def row_of(j, network, sweep):
    """One neuron of the trial."""
    trial, which = sweep.trial, 0 if network.sign[j] > 0.0 else 1
    return Row(
        trial.g[j], trial.speed[j], trial.side[j], trial.moved[j], sweep.signed[which], sweep.gap, sweep.motion,
        sweep.curve, network.sign[j],
    )  # fmt: skip


@allocating
def boost(data, network, sweep, which):
    """Carry all neurons through one of the impulses; return how many boundaries they met."""
    write_speeds(data, network, sweep.impulses[which], sweep)
    write_width(data, sweep.impulses[which], sweep.nearby)
    return carry_each(data, network, sweep, which)


@inner
def carry_each(data, network, sweep, which):
    """The same, once the speeds are known."""
    trial, motion, events = sweep.trial, sweep.motion, 0
    for j in range(network.sign.shape[0]):
        motion[SIZE] = trial.size[j]
        events += carry_neuron(
            trial.active_impulse[j], data, row_of(j, network, sweep), sweep.corner, sweep.nearby
        )
        trial.size[j] = motion[SIZE]
        if motion[DOUBT] < FAR:
            sweep.doubt[j] = min(sweep.doubt[j], 0.5 * (which + motion[DOUBT]))
    return events


@inner
def join_impulses(impulses):
    """Make one impulse of two."""
    for k in range(impulses.shape[1]):
        impulses[0, k] += impulses[1, k]


@allocating
def carry(data, network, sweep):
    """Carry all neurons from the step's start through the two impulses; return how many boundaries they met."""
    copy_start(network, sweep)
    if sweep.motion[MARGIN] >= ONE_BOOST:
        join_impulses(sweep.impulses)
        return boost(data, network, sweep, 0)
    return boost(data, network, sweep, 0) + boost(data, network, sweep, 1)


@scanning
def take_output(output, g, slope, residual):
    """Take ``output phi(g)`` from the residual."""
    for k in range(g.shape[0]):
        residual[k] -= output * (g[k] if g[k] > 0.0 else slope * g[k])


@inner
def write_residual(data, network, sweep):
    """Write what the trial leaves of the labels."""
    trial, residual = sweep.trial, sweep.residual
    for k in range(residual.shape[0]):
        residual[k] = data.y[k]
    for j in range(network.sign.shape[0]):
        output = network.sign[j] * exp(2.0 * network.log_norm[j]) * trial.size[j]
        take_output(output, trial.g[j], data.slope, residual)


@scanning
def take_output_slope(weights, row, slope, residual_slope):
    """Take the derivative of |w| phi(g) from the residual's."""
    output, along = weights
    g, side, speed = row.g, row.side, row.speed
    for k in range(g.shape[0]):
        rising = along * g[k] + output * speed[k]
        rising = rising if side[k] > 0.0 else slope * rising
        residual_slope[k] -= rising if side[k] != 0.0 else 0.0


@allocating
def write_slope(data, network, sweep):
    """Write how fast the residual of the trial changes.

    Returns
    -------
    fastest, growing : float
        The largest |D_j|, and that of a neuron that can grow or still matters.
    square : float
        |grad L|^2.
    """
    n = sweep.residual.shape[0]
    for k in range(n):
        sweep.impulses[0, k] = sweep.residual[k] / n
        sweep.slope[k] = 0.0
    write_speeds(data, network, sweep.impulses[0], sweep)
    return sum_slopes(data, network, sweep)


@inner
def sum_slopes(data, network, sweep):
    """The same, once the speeds are known."""
    trial, fastest, growing, total = sweep.trial, 0.0, 0.0, 0.0
    for j in range(network.sign.shape[0]):
        row, motion, size = row_of(j, network, sweep), sweep.motion, trial.size[j]
        motion[0], motion[1] = measure(trial.active_impulse[j], row.speed, row.g)
        motion[0], motion[2], motion[3] = max(motion[0], 0.0), size, 0.0
        begin_sliding(data, row, sweep.corner)
        scale, speed = exp(2.0 * network.log_norm[j]), sqrt(motion[0])
        weights = network.sign[j] * scale * size * size, network.sign[j] * scale * motion[1]
        take_output_slope(weights, row, data.slope, sweep.slope)
        fastest = max(fastest, speed)
        if motion[1] + speed * size > SHRINKING * speed * size or scale > FADED * data.scale:
            growing = max(growing, speed)
        total += scale * (motion[1] ** 2 + size * size * motion[0])
    return fastest, growing, total
