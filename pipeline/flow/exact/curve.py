"""The residual over one step: a polynomial of degree 5 in Bernstein form.

r on [t, t + h] has its values and slopes at both ends and, where the flow was smooth before, those at the last
step's start too. The Bernstein coefficients b_0 ... b_5 bound the polynomial from both sides, split at any point
by averaging alone, and give the moments that the Magnus method needs as plain sums. What is linear in r (the
force on a pattern, the multipliers of a sliding neuron) is such a polynomial as well, with the same algebra.
"""

from __future__ import annotations

from pipeline.flow.exact.compiled import inlined, kernel

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
def write_cubic(b, k, r0, d0, r1, d1, step):
    """Write the cubic with these values and slopes at the ends into column ``k``."""
    b[0, k], b[5, k] = r0, r1
    b[1, k], b[4, k] = r0 + 0.2 * step * d0, r1 - 0.2 * step * d1
    # Raised twice in degree from (r0, r0 + h d0/3, r1 - h d1/3, r1).
    near, far = r0 + step / 3.0 * d0, r1 - step / 3.0 * d1
    b[2, k] = 0.1 * r0 + 0.6 * near + 0.3 * far
    b[3, k] = 0.1 * r1 + 0.6 * far + 0.3 * near


@kernel
def restrict(b, low, high, part):
    """Write the coefficients of the polynomials on [low, high], fractions of the step, into ``part``."""
    for k in range(b.shape[1]):
        for i in range(SIZE):
            part[i, k] = b[i, k]
    if high < 1.0:  # de Casteljau: the left end's coefficients at ``high``
        for k in range(b.shape[1]):
            for level in range(1, SIZE):
                for i in range(SIZE - 1, level - 1, -1):
                    part[i, k] = (1.0 - high) * part[i - 1, k] + high * part[i, k]
    if low > 0.0:  # and the right end's of that at low/high
        s = low / high
        for k in range(b.shape[1]):
            for level in range(1, SIZE):
                for i in range(SIZE - level):
                    part[i, k] = (1.0 - s) * part[i, k] + s * part[i + 1, k]


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


@kernel
def first_below(b, k, level, part):
    """The first fraction at which column ``k`` falls below ``level``; infinite if it never does.

    Halving from the left: a piece whose coefficients are all above can hold no such point.

    Parameters
    ----------
    part : float64[6, >= 1]
        Room.
    """
    low, width = 0.0, 1.0
    for _ in range(400):  # at most some twenty halvings and as many returns
        for i in range(SIZE):
            part[i, 0] = b[i, k]
        cut(part, low, low + width)
        least = part[0, 0]
        for i in range(1, SIZE):
            least = min(least, part[i, 0])
        if least >= level:
            low += width
            while width < 1.0 and low / (2.0 * width) == int(low / (2.0 * width)):
                width *= 2.0
            if low >= 1.0:
                return float("inf")
        elif part[0, 0] < level or width < 1e-14:
            return low
        else:
            width *= 0.5
    return low


@kernel
def cut(part, low, high):
    """:func:`restrict` in place, for one column."""
    if high < 1.0:
        for level in range(1, SIZE):
            for i in range(SIZE - 1, level - 1, -1):
                part[i, 0] = (1.0 - high) * part[i - 1, 0] + high * part[i, 0]
    if low > 0.0:
        s = low / high
        for level in range(1, SIZE):
            for i in range(SIZE - level):
                part[i, 0] = (1.0 - s) * part[i, 0] + s * part[i + 1, 0]
