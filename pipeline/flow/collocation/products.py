"""Products of a block: by plain loops where they are narrow, else by the linear algebra library."""

from __future__ import annotations

import numpy as np

from pipeline.flow.collocation.compiling import counting, inner, summing

NARROW = 4
"""The number of coordinates up to which plain loops are quicker than the linear algebra library."""


@inner
def write_multiples(weights, columns, row):
    """``row = weights @ columns`` of at most four coordinates, in one pass."""
    d, one, weight = columns.shape[0], columns[0], weights[0]
    if d == 1:
        for k in range(row.shape[0]):
            row[k] = weight * one[k]
        return
    two, second = columns[1], weights[1]
    if d == 2:
        for k in range(row.shape[0]):
            row[k] = weight * one[k] + second * two[k]
        return
    three, third = columns[2], weights[2]
    if d == 3:
        for k in range(row.shape[0]):
            row[k] = weight * one[k] + second * two[k] + third * three[k]
        return
    four, fourth = columns[3], weights[3]
    for k in range(row.shape[0]):
        row[k] = weight * one[k] + second * two[k] + third * three[k] + fourth * four[k]


@counting
def multiply_by_library(one, other, product):
    """``product = one @ other``."""
    np.dot(one, other, product)


@counting
def multiply_transposed(one, other, product):
    """``product = one @ other.T``."""
    np.dot(one, other.T, product)


@inner
def multiply(weights, columns, product):
    """``product = weights @ columns``."""
    if columns.shape[0] > NARROW:
        multiply_by_library(weights, columns, product)
        return
    for j in range(weights.shape[0]):
        write_multiples(weights[j], columns, product[j])


@summing
def sum_products(left, right):
    """<left, right>."""
    total = 0.0
    for k in range(left.shape[0]):
        total += left[k] * right[k]
    return total


@summing
def sum_two(row, left, right):
    """The same of one row with two others: it is read once."""
    first, second = 0.0, 0.0
    for k in range(row.shape[0]):
        first += row[k] * left[k]
        second += row[k] * right[k]
    return first, second


@inner
def add_force(pushes, columns, part, force):
    """``force += pushes @ columns.T``, force float64[s, m, d]."""
    s, m, d = force.shape
    if d > NARROW:
        multiply_transposed(pushes, columns, part)
        for i in range(s):
            for j in range(m):
                for c in range(d):
                    force[i, j, c] += part[i * m + j, c]
        return
    for i in range(s):
        for j in range(m):
            row, push = pushes[i * m + j], force[i, j]
            for c in range(0, d - 1, 2):
                first, second = sum_two(row, columns[c], columns[c + 1])
                push[c] += first
                push[c + 1] += second
            if d % 2 == 1:
                push[d - 1] += sum_products(row, columns[d - 1])
