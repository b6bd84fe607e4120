"""The closed form at the heart of the solver: for a constant D the flow of a neuron is a Lorentz boost.

Equation (3), dw/dt = a D and da/dt = <D, w>, is linear in z = (w, a): dz/dt = G(D) z. With delta = |D|,
u = D/delta and p = <u, w>, its solution after a time tau only mixes p and a::

    p' = p cosh(delta tau) + a sinh(delta tau)
    a' = a cosh(delta tau) + p sinh(delta tau)
    w' = w + u (p' - p)

so c = a^2 - |w|^2 (Lemma 1) is conserved at any step size. Written in the light-cone coordinates
A = (p + a)/2, which grows as exp(delta tau), and B = (p - a)/2, which decays, nothing cancels. The growth is
kept as a logarithm, whence lambda = 1e-1000 costs nothing.
"""

from __future__ import annotations

from math import exp, log, sqrt

from pipeline.flow.exact.machine_code.jit import inlined, llvm_inlined

LARGEST_BOOST = 320.0
"""The largest delta tau of one boost: exp(-2 delta tau) times SMALLEST must not underflow."""
STRAIGHT = 1e-28
"""The share of |w|^2 below which what stands across D is rounding, for a neuron that shrinks along D."""
CANCELLING = 2.0
"""(|c| + across)/(|p| + |a|)^2 up to which 4 A B = -(c + across) gives the smaller light-cone part best. Beyond it
(|w| far above |a|, and across D) the two terms cancel: their rounding is that of |w|^2."""
SMALLEST = 1e-20
"""The size, in its own unit, below which a neuron's unit is renewed."""


@llvm_inlined
def boost_rows(carried, span, impulses, boost, g):
    """Boost the rows ``first`` to ``last`` = ``span`` by the vector ``impulses[boost, g]`` = tau D, in place.

    Parameters
    ----------
    carried : (rows, logs)
        Vectors (w, a), float64[:, >= q + 1], and the logarithms of their units, which grow by |tau D|.
    impulses : float64[2, groups, q]
        tau D: the rapidity times the direction, of both boosts for every group. (Taking one of them out as an
        array of its own would cost more than the boost.)
    """
    (rows, logs), q = carried, impulses.shape[2]
    square = 0.0
    for i in range(q):
        square += impulses[boost, g, i] * impulses[boost, g, i]
    if square == 0.0:
        return
    rapidity = sqrt(square)
    shrink = exp(-rapidity)
    decay = shrink * shrink
    inverse = 1.0 / rapidity
    for row in range(span[0], span[1]):
        p = 0.0
        for i in range(q):
            p += impulses[boost, g, i] * rows[row, i]
        p *= inverse
        a = rows[row, q]
        growing, shrinking = 0.5 * (p + a), 0.5 * (p - a) * decay
        along = (growing + shrinking - p * shrink) * inverse
        for i in range(q):
            rows[row, i] = rows[row, i] * shrink + impulses[boost, g, i] * along
        rows[row, q] = growing - shrinking
        logs[row] += rapidity


@inlined
def follows(c, across, p, a):
    """Whether the smaller of a neuron's two light-cone parts is known best from the larger.

    Parameters
    ----------
    c, across : float
        a^2 - |w|^2, and |w - p u|^2.
    """
    size = abs(p) + abs(a)
    return abs(c) + across <= CANCELLING * size * size


@llvm_inlined
def boost_neuron(z, impulse):
    """Boost one neuron ``z`` = (w, a, c) by ``impulse`` = tau D, in place, holding c = a^2 - |w|^2 exactly.

    A neuron that shrinks has p close to -a, and A = (p + a)/2 would be lost to rounding, which then grows like
    exp(2 delta tau) until it turns the sign of a. But 4 A B = p^2 - a^2 = -(c + |w - p u|^2): the smaller of the
    two follows from the larger without a difference. What is only rounding across D is taken for none, so that
    a neuron may shrink along D for thousands of e-folds. Where |w| is far above |a| and stands across D, c and
    |w - p u|^2 cancel instead, and the smaller part is taken as it is.

    Parameters
    ----------
    z : float64[q + 2]
        In some unit; c in its square.
    impulse : float64[q]

    Returns
    -------
    float
        The logarithm of the new unit over the old one.
    """
    q = impulse.shape[0]
    square, p, size = 0.0, 0.0, 0.0
    for i in range(q):
        square += impulse[i] * impulse[i]
        p += impulse[i] * z[i]
        size += z[i] * z[i]
    rapidity = sqrt(square)
    if rapidity == 0.0:
        return 0.0
    inverse = 1.0 / rapidity
    p *= inverse
    across = remove_along(z, impulse, p * inverse)
    opposed = (p < 0.0) != (z[q] < 0.0)
    if opposed and across <= STRAIGHT * size:
        across = 0.0
        for i in range(q):
            z[i] = 0.0
    growing, shrinking = light_cone_parts(p, z[q], z[q + 1], across, opposed)
    shrink = exp(-rapidity)
    decay = shrink * shrink
    shrinking *= decay
    along = (growing + shrinking) * inverse
    for i in range(q):
        z[i] = z[i] * shrink + impulse[i] * along
    z[q] = growing - shrinking
    z[q + 1] *= decay
    return rapidity - renew_unit(z, max(max(abs(growing), abs(shrinking)), sqrt(across) * shrink))


@inlined
def remove_along(z, impulse, share):
    """Take ``share`` times the impulse off w; return the square of what is left, which stands across D."""
    across = 0.0
    for i in range(impulse.shape[0]):
        z[i] -= impulse[i] * share
        across += z[i] * z[i]
    return across


@inlined
def light_cone_parts(p, a, c, across, opposed):
    """A and B, the smaller of them from the larger where that is best; ``opposed``: p and a differ in sign."""
    growing, shrinking = 0.5 * (p + a), 0.5 * (p - a)
    if follows(c, across, p, a):
        if opposed and shrinking != 0.0:
            growing = -0.25 * (c + across) / shrinking
        elif growing != 0.0:
            shrinking = -0.25 * (c + across) / growing
    return growing, shrinking


@inlined
def renew_unit(z, size):
    """Write a neuron that has become tiny in a unit of its own size; return the logarithm of the factor."""
    q = z.shape[0] - 2
    if not 0.0 < size < SMALLEST:
        return 0.0
    unit = 1.0 / size
    for i in range(q + 1):
        z[i] *= unit
    z[q + 1] = z[q + 1] * unit * unit  # in this order: the square of the unit may overflow where c is 0
    return log(unit)
