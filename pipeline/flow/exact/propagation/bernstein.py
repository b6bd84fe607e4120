"""The residual over one step: a polynomial of degree 5 in Bernstein form.

r on [t, t + h] has its values and slopes at both ends and, where the flow was smooth before, those at the last
step's start too. The Bernstein coefficients b_0 ... b_5 bound the polynomial from both sides, split at any point
by averaging alone, and give the moments that the Magnus method needs as plain sums. What is linear in r (the
force on a pattern, the multipliers of a sliding neuron) is such a polynomial as well, with the same algebra.
"""

from __future__ import annotations

import numpy as np

from pipeline.flow.exact.machine_code.jit import inlined, jitted, llvm_inlined

SIZE = 6
"""The number of coefficients."""


@inlined
def value(b, k, s):
    """The polynomial of column ``k`` at the fraction ``s`` of the step."""
    u = 1.0 - s
    ss, uu = s * s, u * u
    low = uu * (u * b[0, k] + 5.0 * s * b[1, k]) + 10.0 * u * ss * b[2, k]
    high = ss * (s * b[5, k] + 5.0 * u * b[4, k]) + 10.0 * s * uu * b[3, k]
    return uu * low + ss * high


@inlined
def slope_at(b, k, s, step):
    """Its derivative in time there."""
    u = 1.0 - s
    ss, uu = s * s, u * u
    ends = uu * uu * (b[1, k] - b[0, k]) + ss * ss * (b[5, k] - b[4, k])
    inner = 4.0 * uu * u * s * (b[2, k] - b[1, k]) + 4.0 * u * ss * s * (b[4, k] - b[3, k])
    return 5.0 / step * (ends + inner + 6.0 * uu * ss * (b[3, k] - b[2, k]))


@inlined
def write_cubic(b, k, left, right, step):
    """Write the cubic with these (value, slope) at its ends into column ``k``."""
    (r0, d0), (r1, d1) = left, right
    b[0, k], b[5, k] = r0, r1
    b[1, k], b[4, k] = r0 + 0.2 * step * d0, r1 - 0.2 * step * d1
    # Raised twice in degree from (r0, r0 + h d0/3, r1 - h d1/3, r1).
    near, far = r0 + step / 3.0 * d0, r1 - step / 3.0 * d1
    b[2, k] = 0.1 * r0 + 0.6 * near + 0.3 * far
    b[3, k] = 0.1 * r1 + 0.6 * far + 0.3 * near


@llvm_inlined
def left_part(coefficients, s):
    """The six coefficients of the polynomial on [0, s] (de Casteljau; numbers, not arrays, stay in registers)."""
    a, b, c, d, e, f = coefficients
    u = 1.0 - s
    f, e, d, c, b = u * e + s * f, u * d + s * e, u * c + s * d, u * b + s * c, u * a + s * b
    f, e, d, c = u * e + s * f, u * d + s * e, u * c + s * d, u * b + s * c
    f, e, d = u * e + s * f, u * d + s * e, u * c + s * d
    f, e = u * e + s * f, u * d + s * e
    f = u * e + s * f
    return a, b, c, d, e, f


@llvm_inlined
def restrict(b, low, high, part):
    """Write the coefficients of the polynomials on [low, high], fractions of the step, into ``part``."""
    for k in range(b.shape[1]):
        b0, b1, b2, b3, b4, b5 = b[0, k], b[1, k], b[2, k], b[3, k], b[4, k], b[5, k]
        if high < 1.0:
            b0, b1, b2, b3, b4, b5 = left_part((b0, b1, b2, b3, b4, b5), high)
        if low > 0.0:  # the right part is the left one seen from the other end
            b5, b4, b3, b2, b1, b0 = left_part((b5, b4, b3, b2, b1, b0), 1.0 - low / high)
        part[0, k], part[1, k], part[2, k], part[3, k], part[4, k], part[5, k] = b0, b1, b2, b3, b4, b5


@inlined
def moments(b, k):
    """What column ``k`` weighs in the two boosts of the Magnus method, over the whole of [0, 1].

    With the mean a_1 of D and its first moment a_2 = integral of (s - 1/2) D, the commutator-free method of
    order 4 is exp(a_1/2 + 2 a_2) exp(a_1/2 - 2 a_2); the right factor acts first.

    Returns
    -------
    first, second : float
    """
    near = b[0, k] + b[1, k] + b[2, k]
    far = b[3, k] + b[4, k] + b[5, k]
    moment = (2.5 * (b[5, k] - b[0, k]) + 1.5 * (b[4, k] - b[1, k]) + 0.5 * (b[3, k] - b[2, k])) / 42.0
    half = (near + far) / 12.0
    return half - 2.0 * moment, half + 2.0 * moment


@jitted
def first_below(b, k, level):
    """The first fraction at which column ``k`` falls below ``level``; infinite if it never does.

    Halving from the left: a piece whose coefficients are all above can hold no such point.
    """
    low, width = 0.0, 1.0
    c0, c1, c2, c3, c4, c5 = b[0, k], b[1, k], b[2, k], b[3, k], b[4, k], b[5, k]
    for _ in range(400):  # at most some twenty halvings and as many returns
        b0, b1, b2, b3, b4, b5 = left_part((c0, c1, c2, c3, c4, c5), low + width)
        b5, b4, b3, b2, b1, b0 = left_part((b5, b4, b3, b2, b1, b0), width / (low + width))
        if min(min(min(b0, b1), min(b2, b3)), min(b4, b5)) >= level:
            low += width
            while width < 1.0 and low / (2.0 * width) == int(low / (2.0 * width)):
                width *= 2.0
            if low >= 1.0:
                return np.inf
        elif b0 < level or width < 1e-14:
            return low
        else:
            width *= 0.5
    return low
