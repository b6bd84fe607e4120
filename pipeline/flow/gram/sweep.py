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
from pipeline.flow.gram.nearby import COARSE, Nearby, carry_neuron, make_nearby, write_width
from pipeline.flow.gram.network import Data, Trial, make_trial
from pipeline.flow.gram.neuron import (
    ALONG,
    DOUBT,
    FAR,
    FLIPPED,
    IMBALANCE,
    KAPPA,
    MARGIN,
    SIZE,
    SQUARE,
    begin_sliding,
    measure,
)
from pipeline.flow.gram.sliding import Corner, Row, make_corner
from pipeline.flow.gram.turning import first_turn, flag_turns

HALF_WIDTH = sqrt(3.0) / 6.0
FIRST, LAST = 0.5 - HALF_WIDTH, 0.5 + HALF_WIDTH
"""The Gauss nodes."""
MORE, LESS = 0.25 + HALF_WIDTH, 0.25 - HALF_WIDTH
"""Alpha and beta."""
ONE_BOOST = 2.5e-2
"""The tolerance from which on a step is one boost, under the mean residual: of order 2."""
AT_A_TIME, FEWEST = 6_400, 64
"""So many numbers, neurons x points, are carried at a time: what the next cache holds of each array; and how many
neurons at least: of fewer a product takes up to a quarter longer."""
SHRINKING, FADED = 1e-12, 1e-26
"""1 + cos(w_j, s_j D_j) below which a neuron can only shrink, and the square of its unit, over the labels, at
which that ends. Only a balanced one does so: of another a changes its sign, or w turns around."""


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
    motion : float64[8]
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
        np.zeros((2, n)), np.zeros(n), np.zeros(8), np.zeros(n), np.zeros(n), np.zeros(m),
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


@inlined
def rows_at_a_time(n):
    """How many neurons are carried at a time."""
    return max(AT_A_TIME // n, FEWEST)


@inner
def copy_start(network, sweep, first, last):
    """Put some neurons of the trial at the step's start."""
    n, trial = network.g.shape[1], sweep.trial
    for j in range(first, last):
        trial.sign[j], trial.size[j], sweep.doubt[j] = network.sign[j], network.size[j], FAR
        for k in range(n):
            trial.g[j, k], trial.side[j, k], trial.moved[j, k] = network.g[j, k], network.side[j, k], 0.0


@scanning
def write_active_impulse(side, impulse, slope, active_impulse):
    """Write the impulse of each point that is active; where the neuron slides, as if off."""
    for k in range(active_impulse.shape[0]):
        active_impulse[k] = impulse[k] if side[k] > 0.0 else slope * impulse[k]


@inner
def write_signed(impulse, signed):
    """Write the impulse times s = 1 and s = -1."""
    for k in range(impulse.shape[0]):
        signed[0, k], signed[1, k] = impulse[k], -impulse[k]


@allocating
def write_speeds(data, sweep, first, last):
    """Write v of some neurons, as the first rows of ``active_impulse`` and ``speed``: a product."""
    trial, count = sweep.trial, last - first
    for j in range(first, last):
        which = 0 if trial.sign[j] > 0.0 else 1
        write_active_impulse(trial.side[j], sweep.signed[which], data.slope, trial.active_impulse[j - first])
    if data.direct:
        np.dot(trial.active_impulse[:count], data.gram, trial.speed[:count])
    else:
        np.dot(trial.active_impulse[:count], data.x, trial.force[:count])
        np.dot(trial.force[:count], data.x.T, trial.speed[:count])


@inlined
def row_of(j, first, sweep):
    """One neuron of the trial, the speeds of those from ``first`` on are known."""
    trial, which = sweep.trial, 0 if sweep.trial.sign[j] > 0.0 else 1
    return Row(
        trial.g[j], trial.speed[j - first], trial.side[j], trial.moved[j], sweep.signed[which], sweep.gap,
        sweep.motion, sweep.curve, trial.sign[j],
    )  # fmt: skip


@allocating
def boost(data, network, sweep, part):
    """Carry some neurons through one of the impulses; return how many boundaries they met.

    ``part`` is which impulse, the first neuron, and the one after the last.
    """
    which, first, last = part
    write_signed(sweep.impulses[which], sweep.signed)
    if sweep.motion[MARGIN] < COARSE:
        write_width(data, sweep.impulses[which], sweep.nearby)
    write_speeds(data, sweep, first, last)
    return carry_each(data, network, sweep, part)


@allocating
def boost_all(data, network, sweep, which):
    """Carry all neurons through one of the impulses; return how many boundaries they met."""
    (m, n), met = network.g.shape, 0
    rows = rows_at_a_time(n)
    for first in range(0, m, rows):
        met += boost(data, network, sweep, (which, first, min(first + rows, m)))
    return met


@inner
def carry_each(data, network, sweep, part):
    """The same, once the speeds are known."""
    (which, first, last), trial, motion, events = part, sweep.trial, sweep.motion, 0
    for j in range(first, last):
        motion[SIZE], motion[IMBALANCE] = trial.size[j], network.imbalance[j]
        events += carry_neuron(
            trial.active_impulse[j - first], data, row_of(j, first, sweep), sweep.corner, sweep.nearby
        )
        trial.size[j] = motion[SIZE]
        trial.sign[j] *= motion[FLIPPED]
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
    (m, n), boosts, met = network.g.shape, 2, 0
    if sweep.motion[MARGIN] >= ONE_BOOST:
        join_impulses(sweep.impulses)
        boosts = 1
    rows = rows_at_a_time(n)
    for first in range(0, m, rows):
        last = min(first + rows, m)
        copy_start(network, sweep, first, last)
        for which in range(boosts):
            met += boost(data, network, sweep, (which, first, last))
    return met


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
        output = trial.sign[j] * exp(2.0 * network.log_norm[j]) * trial.size[j]
        take_output(output, trial.g[j], data.slope, residual)


@scanning
def take_output_slope(weights, g, side, speed, slope, residual_slope):
    """Take the derivative of |a| phi(g) from the residual's."""
    output, along = weights
    for k in range(g.shape[0]):
        rising = along * g[k] + output * speed[k]
        rising = rising if side[k] > 0.0 else slope * rising
        residual_slope[k] -= rising if side[k] != 0.0 else 0.0


@allocating
def write_slope(data, network, sweep, noted):
    """Write how fast the residual of the trial changes.

    Parameters
    ----------
    noted : (float64[m, n], float)
        The speeds at the step's start, and the step's length. Where it is above 0, the neurons that turned back
        next to a boundary are noted in ``sweep.doubt``; unless it is negative, the speeds become the trial's.

    Returns
    -------
    fastest, growing : float
        The largest |D_j|, and that of a neuron that can grow or still matters.
    """
    (m, n), fastest, growing = network.g.shape, 0.0, 0.0
    for k in range(n):
        sweep.impulses[0, k] = sweep.residual[k] / n
        sweep.slope[k] = 0.0
    write_signed(sweep.impulses[0], sweep.signed)
    rows = rows_at_a_time(n)
    for first in range(0, m, rows):
        last = min(first + rows, m)
        write_speeds(data, sweep, first, last)
        for j in range(first, last):
            speed, grows = add_slope(j, first, data, network, sweep)
            fastest, growing = max(fastest, speed), max(growing, speed if grows else 0.0)
        if noted[1] >= 0.0:
            note_turns(data, network, sweep, noted, (first, last))
    return fastest, growing


@inner
def add_slope(j, first, data, network, sweep):
    """Take the derivative of one neuron's output from the residual's.

    Returns
    -------
    speed : float
        |D_j|.
    grows : bool
        Whether it can grow, or still matters.
    """
    row, motion, size = row_of(j, first, sweep), sweep.motion, sweep.trial.size[j]
    active_impulse = sweep.trial.active_impulse[j - first]
    motion[SQUARE], motion[ALONG], held = measure(active_impulse, row)
    motion[SIZE], motion[KAPPA] = size, 0.0
    if held > 0.0:
        begin_sliding(data, row, sweep.corner)
    scale, speed, along = exp(2.0 * network.log_norm[j]), sqrt(motion[SQUARE]), motion[ALONG]
    weights = row.sign * scale * size * size, row.sign * scale * along
    take_output_slope(weights, row.g, row.side, row.speed, data.slope, sweep.slope)
    grows = along + speed * size > SHRINKING * speed * size or network.imbalance[j] != 0.0
    return speed, grows or scale > FADED * data.scale


@inlined
def length_of(size, imbalance):
    """|w| of a neuron of this |a|."""
    return sqrt(max(size * size - imbalance, 0.0))


@inner
def note_turns(data, network, sweep, noted, part):
    """Note the neurons that turned back next to a boundary within the step; keep the speeds at its end."""
    (speeds, step), (first, last), trial, corner = noted, part, sweep.trial, sweep.corner
    limits = (step, sweep.motion[MARGIN])
    for j in range(first, last):
        speed = trial.speed[j - first]
        if step > 0.0:
            size, after_size, imbalance = network.size[j], trial.size[j], network.imbalance[j]
            before = (network.g[j], speeds[j], network.side[j], (size, length_of(size, imbalance)))
            end = (after_size, length_of(after_size, imbalance))
            after = (trial.g[j], speed, trial.side[j], end)
            if flag_turns(data, before, after, limits, corner.flag) > 0.0:
                sweep.doubt[j] = min(sweep.doubt[j], first_turn(data, before, after, limits, corner))
        for k in range(speed.shape[0]):
            speeds[j, k] = speed[k]
