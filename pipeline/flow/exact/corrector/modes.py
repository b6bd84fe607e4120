"""The tangent kernel's modes: combinations of labels that relax each at one rate.

dr/dt = -K r. On a plateau some combinations of the labels are fitted and follow (h times their rate >> 1) while
others drift slowly; on oblique data every label takes part in both. Each mode gets the polynomial that suits its
rate. The basis only sorts: it need not be exact, so it is followed from step to step by one sweep of Jacobi's
rotations instead of being computed anew.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from pipeline.flow.exact.machine_code.jit import allocating, inlined, jitted, llvm_inlined

SWEPT = 24
"""The number of points up to which a sweep of rotations is quicker than the library's eigenvectors."""
MIXED = 0.01
"""The share of two modes' rates that the square of what couples them may have."""


@llvm_inlined
def fastest_rate(kernel):
    """The largest row sum of |K|: a bound on every rate."""
    fastest = 0.0
    for k in range(kernel.shape[0]):
        total = 0.0
        for l in range(kernel.shape[0]):
            total += abs(kernel[k, l])
        fastest = max(fastest, total)
    return fastest


@jitted
def turn_modes(kernel, modes, mode_kernel, decay_rates, half):
    """Turn the orthonormal columns of ``modes`` towards the eigenvectors of ``kernel``.

    Parameters
    ----------
    modes : float64[n, n]
        Column i: mode i. Changed in place.
    mode_kernel : float64[n, n]
        modes^T kernel modes. Written.
    decay_rates : float64[n]
        Its diagonal. Written.
    half : float64[n, n]
        Workspace.
    """
    n = kernel.shape[0]
    into_modes(kernel, modes, mode_kernel, half)
    if n > SWEPT:
        if mixed(mode_kernel):
            find_modes(kernel, modes)
            into_modes(kernel, modes, mode_kernel, half)
    else:
        for i in range(n):
            for j in range(i + 1, n):
                rotate(modes, mode_kernel, i, j)
    for i in range(n):
        decay_rates[i] = max(mode_kernel[i, i], 0.0)


@inlined
def mixed(mode_kernel):
    """Whether the modes have drifted so far from the eigenvectors that their rates are off by a hundredth."""
    for i in range(mode_kernel.shape[0]):
        for j in range(i):
            if mode_kernel[i, j] * mode_kernel[i, j] > MIXED * mode_kernel[i, i] * mode_kernel[j, j]:
                return True
    return False


@allocating
def find_modes(kernel, modes):
    """Write the eigenvectors of ``kernel`` into ``modes``, by the library."""
    _, vectors = np.linalg.eigh(kernel)
    modes[:] = vectors


@llvm_inlined
def rotate(modes, mode_kernel, i, j):
    """One rotation of Jacobi's: make mode_kernel[i, j] zero."""
    if abs(mode_kernel[i, j]) <= 1e-14 * sqrt(abs(mode_kernel[i, i] * mode_kernel[j, j])):
        return
    ratio = 0.5 * (mode_kernel[j, j] - mode_kernel[i, i]) / mode_kernel[i, j]
    tangent = 1.0 / (abs(ratio) + sqrt(1.0 + ratio * ratio))
    if ratio < 0.0:
        tangent = -tangent
    cosine = 1.0 / sqrt(1.0 + tangent * tangent)
    sine = tangent * cosine
    for k in range(modes.shape[0]):
        a, b = modes[k, i], modes[k, j]
        modes[k, i], modes[k, j] = cosine * a - sine * b, sine * a + cosine * b
        a, b = mode_kernel[k, i], mode_kernel[k, j]
        mode_kernel[k, i], mode_kernel[k, j] = cosine * a - sine * b, sine * a + cosine * b
    for k in range(modes.shape[0]):
        a, b = mode_kernel[i, k], mode_kernel[j, k]
        mode_kernel[i, k], mode_kernel[j, k] = cosine * a - sine * b, sine * a + cosine * b


@llvm_inlined
def into_modes(kernel, modes, mode_kernel, half):
    """Write modes^T kernel modes into ``mode_kernel``; ``half`` is workspace."""
    n = kernel.shape[0]
    if n > SWEPT:
        turn_by_products(kernel, modes, mode_kernel)
        return
    for i in range(n):
        for l in range(n):
            half[i, l] = 0.0
            for k in range(n):
                half[i, l] += modes[k, i] * kernel[k, l]
    for i in range(n):
        for j in range(n):
            mode_kernel[i, j] = 0.0
            for l in range(n):
                mode_kernel[i, j] += half[i, l] * modes[l, j]


@allocating
def turn_by_products(kernel, modes, mode_kernel):
    """:func:`into_modes` by matrix products."""
    mode_kernel[:] = np.dot(modes.T, np.dot(kernel, modes))


@inlined
def amplitude(modes, values, i):
    """How much of mode ``i`` is in ``values``."""
    total = 0.0
    for k in range(values.shape[0]):
        total += modes[k, i] * values[k]
    return total
