"""When a neuron reaches a boundary: the roots of <w, x_k> along a path that is a product of boosts."""

from __future__ import annotations

from math import exp, sqrt
from typing import NamedTuple

import numpy as np

from pipeline.flow.exact.events.contacts import CONTACT
from pipeline.flow.exact.events.pattern_force import inner
from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted
from pipeline.flow.exact.propagation.bernstein import SIZE, first_below, moments, restrict, value
from pipeline.flow.exact.propagation.boost import boost_neuron
from pipeline.flow.exact.propagation.magnus import PRODUCT_SIZE

ROOT_STEPS = 60
"""Halvings after which a bracket is as narrow as a float allows."""
BEYOND = 1e-13
"""The share of |w||x_k| beyond which <w, x_k> is on the other side."""


class Path(NamedTuple):
    """The way of one neuron while its pattern stays.

    z : float64[q + 2]
        The neuron now.
    force : float64[6, q]
        D from now on, over the time ``duration``.
    duration : float
    """

    z: np.ndarray
    force: np.ndarray
    duration: float


class PathEnd(NamedTuple):
    """What is known of a path as a whole.

    end : float64[q + 2]
        The neuron at its end.
    growth : float
        The logarithm of the unit of ``end`` over that of the neuron now.
    sign_a : float
        The sign of a, 0 if it changes at the fraction ``turn``.
    turn : float
    """

    end: np.ndarray
    growth: float
    sign_a: float
    turn: float


class Boundary(NamedTuple):
    """A boundary that a neuron may reach.

    k : int
    side : float
        +1 where k is off, -1 where it is on: the sign of <w, x_k> beyond the boundary.
    length : float
        |x_k|.
    least_speed : float
        The least <D, x_k> that counts.
    """

    k: int
    side: float
    length: float
    least_speed: float


@jitted
def carry(path, fraction, there, boosting):
    """Write the neuron as it is at the ``fraction`` of its path into ``there``.

    Returns
    -------
    float
        The logarithm of the unit of ``there`` over that of the neuron now.
    """
    z, force, duration = path
    part, impulse = boosting
    for c in range(z.shape[0]):
        there[c] = z[c]
    if fraction <= 0.0:
        return 0.0
    restrict(force, 0.0, fraction, part)
    growth = 0.0
    for boost in range(2):
        for c in range(impulse.shape[0]):
            first, second = moments(part, c)
            impulse[c] = fraction * duration * (second if boost == 1 else first)
        growth += boost_neuron(there, impulse)
    return growth


@jitted
def crossing(path, k, bracket, x, work):
    """The fraction at which <w, x_k> (-1: a) changes its sign, known to differ at the ends of a bracket.

    Newton's method with the path's own speed, from the secant's root, inside the bracket; where it leaves the
    bracket or has not settled after a few steps, halving.

    Parameters
    ----------
    bracket : (low, high, f_low, f_high)
        Two fractions, and the values there, in any one unit.
    work : RootWorkspace
    """
    low, high, f_low, f_high = bracket
    there, force, q = work.there, path.force, x.shape[1]
    guess = low + (high - low) * f_low / (f_low - f_high)
    for iteration in range(ROOT_STEPS):
        if not low < guess < high or iteration > 8:
            guess = 0.5 * (low + high)
        if not low < guess < high:
            break
        carry(path, guess, there, work.boosting)
        speed, f = 0.0, there[q]
        for c in range(q):
            speed += value(force, c, guess) * (there[c] if k < 0 else x[k, c])
        if k >= 0:
            f = inner(there, x, k)
            speed *= there[q]
        if (f > 0.0) == (f_low > 0.0):
            low = guess
        else:
            high = guess
        move = f / (speed * path.duration)
        guess -= move
        if abs(move) <= 1e-15:
            return min(max(guess, low), high)
    return high


@inlined
def beyond(there, boundary, x):
    """Whether the neuron has left through a boundary, where ``side`` <w, x_k> was at most 0."""
    square = 0.0
    for c in range(x.shape[1]):
        square += there[c] * there[c]
    return boundary.side * inner(there, x, boundary.k) > BEYOND * sqrt(square) * boundary.length


@inlined
def at_boundary(z, k, x, length):
    """Whether the neuron is at boundary ``k``, to rounding."""
    return close_to(z, k, x, CONTACT * length)


@inlined
def close_to(z, k, x, share):
    """Whether |<w, x_k>| is at most ``share`` |w|."""
    square = 0.0
    for c in range(x.shape[1]):
        square += z[c] * z[c]
    return abs(inner(z, x, k)) <= share * sqrt(square)


@jitted
def write_speeds(force, x, speeds):
    """Write <D, x_k> of every point into ``speeds``."""
    if SIZE * x.shape[0] * x.shape[1] > PRODUCT_SIZE:
        speeds_by_products(force, x, speeds)
        return
    for i in range(SIZE):
        for k in range(x.shape[0]):
            speeds[i, k] = 0.0
            for c in range(x.shape[1]):
                speeds[i, k] += force[i, c] * x[k, c]


@allocating
def speeds_by_products(force, x, speeds):
    """The sums of :func:`write_speeds` by a matrix product, for many points."""
    speeds[:] = np.dot(force, x.T)


@jitted
def reached(path, end, boundary, x, work):
    """The fraction at which a boundary is reached, infinite if it is not.

    The path towards the boundary is monotone between the instants where <D, x_k> or a changes sign: it is looked
    at there and at the end.

    Parameters
    ----------
    path : Path
    end : PathEnd
    boundary : Boundary
    work : RootWorkspace
        ``sensitive[1]`` is written: at which fraction the neuron turns back within ``margin`` of the boundary,
        ``inf`` if it does not.
    """
    k, side, length, least_speed = boundary
    sign_a, turn, approach_speed, there = end.sign_a, end.turn, work.approach_speed, work.there
    most, least, work.sensitive[1] = 0.0, 0.0, np.inf
    for i in range(SIZE):
        approach_speed[i, 0] = side * (sign_a if sign_a != 0.0 else 1.0) * work.speeds[i, k]
        most, least = max(most, approach_speed[i, 0]), min(least, approach_speed[i, 0])
    if sign_a != 0.0 and most <= least_speed:
        return np.inf
    start = 0.0
    if sign_a != 0.0 and approach_speed[0, 0] <= least_speed and at_boundary(path.z, k, x, length):
        # it rests there until it is pushed
        for i in range(SIZE):
            approach_speed[i, 0] = -approach_speed[i, 0]
        start = first_below(approach_speed, 0, -least_speed)
        for i in range(SIZE):
            approach_speed[i, 0] = -approach_speed[i, 0]
        if start == np.inf:
            return np.inf
    reversal = np.inf
    if most > least_speed and least < -least_speed:
        if approach_speed[0, 0] < 0.0:  # away first: what was just left is reached again only after the turn
            for i in range(SIZE):
                approach_speed[i, 0] = -approach_speed[i, 0]
        reversal = first_below(approach_speed, 0, 0.0)
    previous = 0.0
    for instant in (min(reversal, turn), max(reversal, turn), 1.0):
        if instant > 1.0 or instant <= previous:
            continue
        if instant < 1.0:
            growth = carry(path, instant, there, work.boosting)
            left, f_high = beyond(there, boundary, x), inner(there, x, k)
            if close_to(there, k, x, work.margin[0] * length):
                work.sensitive[1] = min(work.sensitive[1], instant)
        else:
            growth = end.growth
            left, f_high = beyond(end.end, boundary, x), inner(end.end, x, k)
        if left:
            unit = exp(growth)
            f_low = inner(path.z, x, k)
            if previous > 0.0:
                unit /= exp(carry(path, previous, there, work.boosting))
                f_low = inner(there, x, k)
            if side * f_low >= 0.0:
                return max(previous, start)
            bracket = (previous, instant, f_low, min(unit, 1e100) * f_high)
            return max(start, crossing(path, k, bracket, x, work))
        previous = instant
    return np.inf
