"""The tangent kernel's modes: combinations of labels that relax each at one rate.

dr/dt = -K r. On a plateau some combinations of the labels are fitted and follow (h times their rate >> 1) while
others drift slowly; on oblique data every label takes part in both. Each mode gets the polynomial that suits its
rate. The basis only sorts: it need not be exact, so it is followed from step to step by one sweep of Jacobi's
rotations instead of being computed anew.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.compiled import allocating, hot, inlined, kernel

SWEPT = 24
"""The number of points up to which a sweep of rotations is quicker than the library's eigenvectors."""
MIXED = 0.01
"""The share of two modes' rates that the square of what couples them may have."""


@hot
def fastest_rate(kernel):
    """The largest row sum of |K|: a bound on every rate."""
    fastest = 0.0
    for k in range(kernel.shape[0]):
        total = 0.0
        for l in range(kernel.shape[0]):
            total += abs(kernel[k, l])
        fastest = max(fastest, total)
    return fastest


@kernel
def turn_modes(kernel, modes, turned, rates, half):
    """Turn the orthonormal columns of ``modes`` towards the eigenvectors of ``kernel``.

    Parameters
    ----------
    modes : float64[n, n]
        Column i: mode i. Changed in place.
    turned : float64[n, n]
        modes^T kernel modes. Written.
    rates : float64[n]
        Its diagonal. Written.
    half : float64[n, n]
        Room.
    """
    n = kernel.shape[0]
    into_modes(kernel, modes, turned, half)
    if n > SWEPT:
        if mixed(turned):
            find_modes(kernel, modes)
            into_modes(kernel, modes, turned, half)
    else:
        for i in range(n):
            for j in range(i + 1, n):
                rotate(modes, turned, i, j)
    for i in range(n):
        rates[i] = max(turned[i, i], 0.0)


@inlined
def mixed(turned):
    """Whether the modes have drifted so far from the eigenvectors that their rates are off by a hundredth."""
    for i in range(turned.shape[0]):
        for j in range(i):
            if turned[i, j] * turned[i, j] > MIXED * turned[i, i] * turned[j, j]:
                return True
    return False


@allocating
def find_modes(kernel, modes):
    """Write the eigenvectors of ``kernel`` into ``modes``, by the library."""
    _, vectors = np.linalg.eigh(kernel)
    modes[:] = vectors


@hot
def rotate(modes, turned, i, j):
    """One rotation of Jacobi's: make turned[i, j] zero."""
    if abs(turned[i, j]) <= 1e-14 * sqrt(abs(turned[i, i] * turned[j, j])):
        return
    ratio = 0.5 * (turned[j, j] - turned[i, i]) / turned[i, j]
    tangent = 1.0 / (abs(ratio) + sqrt(1.0 + ratio * ratio))
    if ratio < 0.0:
        tangent = -tangent
    cosine = 1.0 / sqrt(1.0 + tangent * tangent)
    sine = tangent * cosine
    for k in range(modes.shape[0]):
        a, b = modes[k, i], modes[k, j]
        modes[k, i], modes[k, j] = cosine * a - sine * b, sine * a + cosine * b
        a, b = turned[k, i], turned[k, j]
        turned[k, i], turned[k, j] = cosine * a - sine * b, sine * a + cosine * b
    for k in range(modes.shape[0]):
        a, b = turned[i, k], turned[j, k]
        turned[i, k], turned[j, k] = cosine * a - sine * b, sine * a + cosine * b


@kernel
def into_modes(kernel, modes, turned, half):
    """Write modes^T kernel modes into ``turned``; ``half`` is room."""
    n = kernel.shape[0]
    if n > SWEPT:
        turn_by_products(kernel, modes, turned)
        return
    for i in range(n):
        for l in range(n):
            half[i, l] = 0.0
            for k in range(n):
                half[i, l] += modes[k, i] * kernel[k, l]
    for i in range(n):
        for j in range(n):
            turned[i, j] = 0.0
            for l in range(n):
                turned[i, j] += half[i, l] * modes[l, j]


@allocating
def turn_by_products(kernel, modes, turned):
    """:func:`into_modes` by matrix products."""
    turned[:] = np.dot(modes.T, np.dot(kernel, modes))


@inlined
def amplitude(modes, values, i):
    """How much of mode ``i`` is in ``values``."""
    total = 0.0
    for k in range(values.shape[0]):
        total += modes[k, i] * values[k]
    return total
