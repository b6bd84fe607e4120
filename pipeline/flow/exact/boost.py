"""The closed form at the heart of the solver: for a constant D the flow of a neuron is a Lorentz boost.

Equation (3), dw/dt = a D and da/dt = <D, w>, is linear in z = (w, a): dz/dt = G(D) z. With delta = |D|,
u = D/delta and p = <u, w>, its solution after a time tau only mixes p and a::

    p' = p cosh(delta tau) + a sinh(delta tau)
    a' = a cosh(delta tau) + p sinh(delta tau)
    w' = w + u (p' - p)

so a^2 - |w|^2 (Lemma 1) is conserved at any step size. Written in the light-cone coordinates
A = (p + a)/2, which grows as exp(delta tau), and B = (p - a)/2, which decays, nothing cancels: a neuron that
only shrinks (A = 0) stays exactly so. The growth is kept as a logarithm, whence lambda = 1e-1000 costs nothing.
"""

from __future__ import annotations

from math import exp, sqrt

from pipeline.flow.exact.compiled import inlined, kernel
from pipeline.flow.exact.states import ON

LARGEST_BOOST = 300.0
"""The largest delta tau of one boost: exp(-2 delta tau) must not underflow (at 354 it would)."""


@kernel
def boost_rows(rows, logs, first, last, push):
    """Boost ``rows[first:last]`` by the vector ``push`` = tau D, in place.

    Parameters
    ----------
    rows : float64[:, q + 1]
        Neurons (w, a), each in units of exp of its entry in ``logs``.
    logs : float64[:]
        The logarithms of the units; grow by |push|.
    push : float64[q]
        tau D: the rapidity times the direction.
    """
    q = push.shape[0]
    square = 0.0
    for c in range(q):
        square += push[c] * push[c]
    rapidity = sqrt(square)
    if rapidity == 0.0:
        return
    shrink = exp(-rapidity)
    decay = shrink * shrink
    inverse = 1.0 / rapidity
    for i in range(first, last):
        p = 0.0
        for c in range(q):
            p += push[c] * rows[i, c]
        p *= inverse
        a = rows[i, q]
        growing, shrinking = 0.5 * (p + a), 0.5 * (p - a) * decay
        along, before = (growing + shrinking) * inverse, p * inverse
        for c in range(q):
            rows[i, c] = (rows[i, c] - push[c] * before) * shrink + push[c] * along
        rows[i, q] = growing - shrinking
        logs[i] += rapidity


FIRST_NODE, SECOND_NODE = 0.5 - sqrt(3.0) / 6.0, 0.5 + sqrt(3.0) / 6.0
"""The Gauss nodes at which the commutator-free Magnus method of order 4 looks at D."""

NEAR_WEIGHT, FAR_WEIGHT = 0.25 + sqrt(3.0) / 6.0, 0.25 - sqrt(3.0) / 6.0
"""Its weights: exp(h (far A1 + near A2)) exp(h (near A1 + far A2)); the right factor acts first."""


@inlined
def hermite(p0, q0, p1, q1, step, s):
    """The cubic with values p0, p1 and slopes q0, q1 at the ends of a step, at the fraction ``s`` of it."""
    u = 1.0 - s
    return u * u * ((1.0 + 2.0 * s) * p0 + s * step * q0) + s * s * ((3.0 - 2.0 * s) * p1 - u * step * q1)


@inlined
def hermite_slope(p0, q0, p1, q1, step, s):
    """The slope of that cubic at the fraction ``s``."""
    u = 1.0 - s
    return 6.0 * s * u * (p1 - p0) / step + u * (1.0 - 3.0 * s) * q0 - s * (2.0 - 3.0 * s) * q1


@kernel
def magnus_weights(cubic, start, end, weights):
    """What each point's x_k weighs in the two boosts from ``start`` to ``end`` (times within the step).

    Parameters
    ----------
    cubic : (r0, d0, r1, d1, step)
        The residual over the step as a Hermite cubic.
    weights : float64[2, n]
        Row b, column k: the factor of x_k in tau D of boost b. Written.
    """
    r0, d0, r1, d1, step = cubic
    n = r0.shape[0]
    length = end - start
    for k in range(n):
        early = hermite(r0[k], d0[k], r1[k], d1[k], step, (start + FIRST_NODE * length) / step)
        late = hermite(r0[k], d0[k], r1[k], d1[k], step, (start + SECOND_NODE * length) / step)
        weights[0, k] = length / n * (NEAR_WEIGHT * early + FAR_WEIGHT * late)
        weights[1, k] = length / n * (FAR_WEIGHT * early + NEAR_WEIGHT * late)


@inlined
def active_sum(active, weights, x, total):
    """Write the sum over the active points of weights_k x_k into ``total``: n D for the residual as weights."""
    for c in range(x.shape[1]):
        total[c] = 0.0
    for k in range(x.shape[0]):
        if active[k] == ON:
            for c in range(x.shape[1]):
                total[c] += weights[k] * x[k, c]


@kernel
def propagate_rows(rows, logs, first, last, active, weights, x, push):
    """Carry ``rows[first:last]``, which share the activation ``active``, through both boosts, in place.

    Parameters
    ----------
    active : int8[n]
        ON where the point pushes.
    weights : float64[2, n]
        From :func:`magnus_weights`.
    x : float64[n, q]
        The data.
    push : float64[q]
        Room for tau D.
    """
    n, q = x.shape
    if last == first:
        return
    points, only = 0, 0
    for k in range(n):
        if active[k] == ON:
            points, only = points + 1, k
    if points == 1:  # D keeps its direction: the two boosts are one
        for c in range(q):
            push[c] = (weights[0, only] + weights[1, only]) * x[only, c]
        boost_rows(rows, logs, first, last, push)
        return
    for b in range(2):
        active_sum(active, weights[b], x, push)
        boost_rows(rows, logs, first, last, push)
