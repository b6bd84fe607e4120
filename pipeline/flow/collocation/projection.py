"""What a neuron can do that slides at several boundaries: the part of a vector that lies in all of them."""

from __future__ import annotations

from math import sqrt

from pipeline.flow.collocation.compiling import inner

DEPENDENT = 1e-20
"""The square of what is left of a point's direction, beside those before it, below which it is one of them."""


@inner
def find_basis(j, slides, points, basis):
    """Write orthonormal vectors that span the points along which neuron j slides; return how many.

    Parameters
    ----------
    slides : (int64[sliding], int64[sliding], int)
        Neuron and point of each pair that slides, and how many pairs there are.
    basis : float64[d, d]
    """
    neuron, point, count = slides
    d, rank = basis.shape[0], 0
    for e in range(count):
        if neuron[e] != j or rank == d - 1:
            continue
        x, row, left = points.rows[point[e]], basis[rank], 0.0
        length = sqrt(points.square[point[e]])
        for c in range(d):
            row[c] = x[c] / length
        take_out(row, rank, basis)
        for c in range(d):
            left += row[c] * row[c]
        if not left > DEPENDENT:
            continue
        for c in range(d):
            row[c] /= sqrt(left)
        take_out(row, rank, basis)
        rank += 1
    return rank


@inner
def take_out(vector, rank, basis):
    """Take the part in the span of these vectors out of another, twice: once would leave its rounding."""
    for _ in range(2):
        for r in range(rank):
            along, row = 0.0, basis[r]
            for c in range(vector.shape[0]):
                along += vector[c] * row[c]
            for c in range(vector.shape[0]):
                vector[c] -= along * row[c]


@inner
def put_on_boundaries(w, rank, basis):
    """Take that part out of w, and keep |w|, on which Lemma 1 depends."""
    before, after = 0.0, 0.0
    for c in range(w.shape[0]):
        before += w[c] * w[c]
    take_out(w, rank, basis)
    for c in range(w.shape[0]):
        after += w[c] * w[c]
    if after > 0.0:
        for c in range(w.shape[0]):
            w[c] *= sqrt(before / after)
