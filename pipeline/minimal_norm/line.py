"""The least norm over one input with a free bias, in closed form with its dual certificate.

A neuron of mass m = |a| |w| turns the slope of the function by m (1 - slope) at its kink; to f'(-inf) + f'(inf)
it adds m (1 + slope) if it is active to the right of the kink and takes as much away if to the left, or the
other way round for a negative output. So the least norm of f is (Savarese et al. 2019, there for slope 0)

    max( integral of |f''| / |1 - slope|,  |f'(-inf) + f'(inf)| / |1 + slope| ).

The integral is least for the linear interpolant of the data, whose slopes c_1, ..., c_(n-1) are given: between
the points i and i + 1, f' takes c_i or values on either side of it. Beyond the ends the slope is free; to bend
by B there adds B/|1 - slope| to the first term and takes up to B/|1 + slope| from the second. With V = sum
|c_(i+1) - c_i| and S = c_1 + c_(n-1) the least of the larger one is

    max( V / |1 - slope|,  (V + |S|) / (|1 - slope| + |1 + slope|) ).

Constants cost nothing: the sum of q is 0. Then g(t) = sum_k q_k relu(x_k - t) is linear between the points, p
to the left of all and 0 to the right, and <q, y> = c_1 p + sum_k (c_k - c_(k-1)) g(x_k). Neurons active to the
right and to the left of t give (1 - slope) g(t) + slope p and (1 - slope) g(t) - p: both in [-1, 1] at each
point. For a given p every g(x_k) is at one end of what is left; in p that is concave with a kink at 0, so that
the best p is 0 or an end of |p| <= 1, |slope p| <= 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.network.activation import Activation

ROUNDING = 8 * np.finfo(float).eps
"""The error of labels of size 1 up to which points lie on one straight piece: no kink is put there."""
ACTIVE = 1e-9
"""How far below 1 the dual function may be where a neuron may be."""


@dataclass(frozen=True)
class Spline:
    """The minimum over one input.

    Attributes
    ----------
    weight, bias, sign
        [neuron]: the neurons sign phi(weight t + bias) add up to the function, one that is constant among them;
        sum |weight| is the least norm.
    q
        [point]: the dual certificate, of sum 0.
    certificate_norm
        The maximum over |w| = 1 and all b of |sum_k q_k phi(w t_k + b)|.
    freedom
        The number of neurons with their kink on a point for which that maximum is reached, less the rank of what
        they and the constants put out.
    """

    weight: np.ndarray
    bias: np.ndarray
    sign: np.ndarray
    q: np.ndarray
    certificate_norm: float
    freedom: int


def least_spline(t: np.ndarray, y: np.ndarray, slope: float) -> Spline:
    """The minimum for distinct points and their labels.

    Parameters
    ----------
    t, y
        [point], in any order; of sizes about 1.
    slope
        Of the leaky ReLU; not 1, which has no kinks.
    """
    order = np.argsort(t)
    knots = order[_knots(t[order], y[order])]
    at, pieces = t[knots], np.diff(y[knots]) / np.diff(t[knots])
    weight, kink, sign = _neurons(at, pieces, slope)
    bias = -weight * kink
    z = t[:, None] * weight + bias
    constant = float(np.mean(y - Activation(slope).value(z) @ sign))
    if constant != 0.0:
        added = (0.0, abs(constant), np.sign(constant))
        weight, bias, sign = (np.append(*pair) for pair in zip((weight, bias, sign), added, strict=True))
    q = np.zeros(len(t))
    if len(knots) == 1:
        return Spline(weight, bias, sign, q, 0.0, 0)
    g = _certificate(pieces, slope)
    q[knots] = np.diff(np.diff(g) / np.diff(at), prepend=0.0, append=0.0)
    heights = _heights(t[order], q[order], slope)
    return Spline(weight, bias, sign, q, float(heights.max()), _freedom(heights, slope))


def _knots(t: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which of the sorted points the interpolant bends at, with both ends: each piece is as long as it can be."""
    found, start = [0], 0
    for end in range(2, len(t)):
        chord = y[start] + (y[end] - y[start]) * ((t[start + 1 : end] - t[start]) / (t[end] - t[start]))
        if np.abs(chord - y[start + 1 : end]).max() > ROUNDING:
            start = end - 1
            found.append(start)
    return np.array(found if len(t) == 1 else [*found, len(t) - 1])


def _neurons(at: np.ndarray, pieces: np.ndarray, slope: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights, kinks and output signs of neurons with the slopes ``pieces`` between the knots.

    They are active to the right or to the left so that f'(-inf) + f'(inf) comes out; at most one knot has both.
    """
    bend, sides = 1 - slope, 1 + slope
    turns = np.diff(pieces, prepend=pieces[:1], append=pieces[-1:])
    if len(pieces):
        total = pieces[0] + pieces[-1]
        saved = (abs(total) * abs(bend) - np.abs(turns).sum() * abs(sides)) / (abs(bend) + abs(sides))
        turns[0] = max(saved, 0.0) * np.sign(total)
    else:
        turns, total = np.zeros(1), 0.0
    mass, sign = np.abs(turns / bend), np.sign(turns / bend)
    wanted = (total - turns[0]) / sides if sides else mass.sum()
    # The first neurons add to the sum of the end slopes, the last take away from it.
    before = np.concatenate([[0.0], np.cumsum(mass)])
    adding = np.clip((before[-1] + wanted) / 2 - before[:-1], 0.0, mass)
    weight = np.concatenate([sign * adding, -sign * (mass - adding)])
    kept = np.abs(weight) > ROUNDING * before[-1]
    return weight[kept], np.tile(at, 2)[kept], np.tile(sign, 2)[kept]


def _certificate(pieces: np.ndarray, slope: float) -> np.ndarray:
    """The values of g at the knots for the best p."""
    turns = np.diff(pieces) / (1 - slope)
    most, best = 1 / max(1.0, abs(slope)), (-np.inf, np.zeros(0))
    for p in (0.0, most, -most):
        high, low = min(1 - slope * p, 1 + p), max(-1 - slope * p, p - 1)
        heights = np.where(turns > 0, high, low)
        value = pieces[0] * p + float(turns @ heights)
        if value > best[0]:
            best = value, np.concatenate([[p], heights / (1 - slope), [0.0]])
    return best[1]


def _heights(t: np.ndarray, q: np.ndarray, slope: float) -> np.ndarray:
    """[2, point]: |sum_k q_k phi(w t_k + b)| for w = 1 and w = -1 with the kink on each of the sorted points."""
    below = np.cumsum(q)[:-1] * np.diff(t)
    g = -np.concatenate([np.cumsum(below[::-1])[::-1], [0.0]])
    p = float(q @ t)
    return np.abs(np.stack([(1 - slope) * g + slope * p, (1 - slope) * g - p]))


def _freedom(heights: np.ndarray, slope: float) -> int:
    """Directions that reach 1, and the constants, less the rank of their outputs at the points.

    Two with their kinks on one point differ by a straight line (slope -1: not at all), and those with their
    kinks on an end are straight lines.
    """
    active = heights > 1 - ACTIVE
    inner = active[:, 1:-1]
    straight = active[:, [0, -1]].any() or (slope != -1.0 and inner.all(axis=0).any())
    return int(active.sum()) - int(inner.any(axis=0).sum()) - int(straight)
