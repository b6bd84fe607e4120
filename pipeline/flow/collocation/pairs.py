"""One neuron at one point within a step: when it crosses the boundary, and what its active part contributes.

The preactivation is taken as the polynomial p through its values at the step's start and at the nodes. Where the
neuron is active only on a part A of the step, what counts are the integrals of l_i a p and of l_i l_l over A.
"""

from __future__ import annotations

from pipeline.flow.collocation.compiling import inlined

ROUNDS = 40
"""Of a root's refinement, at most: each is Newton's, or halves the bracket."""
CLOSE = 1e-8
"""The last change of a time by Newton's method, over the step, at which a root is found: its square is left."""


@inlined
def value_at(coefficients, degree, time):
    """A polynomial's value."""
    value = coefficients[degree]
    for q in range(degree - 1, -1, -1):
        value = value * time + coefficients[q]
    return value


@inlined
def slope_at(coefficients, degree, time):
    """Its derivative."""
    value = degree * coefficients[degree]
    for q in range(degree - 1, 0, -1):
        value = value * time + q * coefficients[q]
    return value


@inlined
def row_at(table, row, degree, time):
    """The value of the polynomial whose coefficients are in one row of a table."""
    value = table[row, degree]
    for q in range(degree - 1, -1, -1):
        value = value * time + table[row, q]
    return value


@inlined
def slope_of_row(table, row, degree, time):
    """Its derivative."""
    value = degree * table[row, degree]
    for q in range(degree - 1, 0, -1):
        value = value * time + q * table[row, q]
    return value


@inlined
def interpolate(values, tableau, coefficients):
    """Write the coefficients of the polynomial through ``values`` at 0 and at the nodes."""
    s = len(tableau.nodes)
    for q in range(s + 1):
        total = 0.0
        for i in range(s + 1):
            total += tableau.through[q, i] * values[i]
        coefficients[q] = total


@inlined
def find_root(coefficients, degree, bracket, values):
    """The root between two times, at which the polynomial has these two values, of different signs."""
    low, high = bracket
    rising = values[1] > 0.0
    share = values[0] / (values[0] - values[1])
    time = low + (high - low) * (share if 0.0 <= share <= 1.0 else 0.5)
    for _ in range(ROUNDS):
        value = value_at(coefficients, degree, time)
        if (value > 0.0) == rising:
            high = time
        else:
            low = time
        slope = slope_at(coefficients, degree, time)
        after = time - value / slope if slope != 0.0 else low
        if not low <= after <= high:
            time = 0.5 * (low + high)
            continue
        if abs(after - time) <= CLOSE:
            return after
        time = after
    return time


@inlined
def shifted_root(coefficients, degree, root, shift, low):
    """The root of the polynomial and ``shift`` that belongs to its own ``root``, between ``low`` and 1."""
    time = root
    for _ in range(2):
        slope = slope_at(coefficients, degree, time)
        if slope == 0.0:
            return root
        time = min(max(time - (value_at(coefficients, degree, time) + shift) / slope, low), 1.0)
    return time


@inlined
def add_active(interval, coefficients, outputs, tableau, found):
    """Add what the neuron does while it is active between two times.

    Parameters
    ----------
    interval : (float, float)
    coefficients : float64[s + 1]
        Of p.
    outputs : float64[s]
        a at the nodes.
    found : float64[s, s + 2]
        Row i is added to: the integrals of l_i l_l, then (1/b_i) that of l_i a p. The last column is workspace.
    """
    s = len(tableau.nodes)
    low, high = interval
    for place in range(len(tableau.places)):
        time = low + (high - low) * tableau.places[place]
        share = (high - low) * tableau.shares[place]
        output = 0.0
        for l in range(s):
            found[l, s + 1] = row_at(tableau.basis, l, s - 1, time)
            output += found[l, s + 1] * outputs[l]
        output *= value_at(coefficients, s, time)
        for i in range(s):
            weight = share * found[i, s + 1]
            for l in range(s):
                found[i, l] += weight * found[l, s + 1]
            found[i, s] += weight * output * tableau.inverse[i]
