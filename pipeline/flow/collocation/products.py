"""Products of a block: by plain loops where they are narrow, else by the linear algebra library."""

from __future__ import annotations

import numpy as np

from pipeline.flow.collocation.compiling import allocating, inner, summing

NARROW = 12
"""The number of coordinates up to which plain loops are quicker than the linear algebra library."""


@inner
def add_multiple(weight, column, row):
    """``row += weight * column``."""
    for k in range(row.shape[0]):
        row[k] += weight * column[k]


@allocating
def multiply(weights, columns, product):
    """``product = weights @ columns``."""
    d = columns.shape[0]
    if d > NARROW:
        np.dot(weights, columns, product)
        return
    for j in range(weights.shape[0]):
        row, weight, column = product[j], weights[j, 0], columns[0]
        for k in range(row.shape[0]):
            row[k] = weight * column[k]
        if d % 2 == 0:
            add_multiple(weights[j, 1], columns[1], row)
        for c in range(2 - d % 2, d, 2):
            weight, column, other, beside = weights[j, c], columns[c], weights[j, c + 1], columns[c + 1]
            for k in range(row.shape[0]):
                row[k] += weight * column[k] + other * beside[k]


@summing
def sum_products(left, right):
    """<left, right>."""
    total = 0.0
    for k in range(left.shape[0]):
        total += left[k] * right[k]
    return total


@allocating
def add_force(pushes, columns, part, force):
    """``force += pushes @ columns.T``, force float64[s, m, d]."""
    s, m, d = force.shape
    if d > NARROW:
        np.dot(pushes, columns.T, part)
        for i in range(s):
            for j in range(m):
                for c in range(d):
                    force[i, j, c] += part[i * m + j, c]
        return
    for i in range(s):
        for j in range(m):
            for c in range(d):
                force[i, j, c] += sum_products(pushes[i * m + j], columns[c])
