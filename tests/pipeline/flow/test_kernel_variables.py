"""Which variables of kernels need no place on the stack, and which nobody counts."""

from collections import namedtuple

import numpy as np
from numba import types
from numba.core.compiler import run_frontend

from pipeline.flow.kernel_variables import find_borrowed, find_given_back_once, find_values


def largest_below(x, level):
    twice = 2.0 * level
    largest = 0.0
    for k in range(len(x)):
        half = 0.5 * x[k]
        if half < twice:
            largest = max(largest, half)
    return largest + twice


def test_a_variable_needs_no_place_if_its_only_assignment_comes_before_every_use():
    values = find_values(run_frontend(largest_below).blocks)
    assert {"x", "level", "twice", "half"} <= values
    assert "largest" not in values


def conditional(x):
    if x > 0.0:
        root = x
    if x > 1.0:
        return root
    return 0.0


def test_a_variable_that_may_not_be_assigned_keeps_its_place():
    assert "root" not in find_values(run_frontend(conditional).blocks)


def of_parts(pair, other):
    first = pair.first
    again = first
    row = first[0]
    return again, row, other


PAIR = types.NamedTuple((types.float64[:, :], types.float64[:]), namedtuple("Pair", "first second"))
TYPES = {"pair": PAIR, "first": PAIR[0], "again": PAIR[0], "other": types.int64, "arg.pair": PAIR}


def test_an_argument_is_borrowed_and_a_part_of_its_tuple_but_not_a_row():
    blocks = run_frontend(of_parts).blocks
    borrowed = find_borrowed(blocks, find_values(blocks), lambda name: TYPES.get(name, types.none))
    assert {"pair", "first", "again"} <= borrowed
    assert not {"row", "other"} & borrowed


def in_a_loop(count):
    total = 0.0
    for k in range(count):
        x = np.ones(k)
        total += x.sum()
    return total


def in_branches(count):
    x = np.ones(count)
    if count > 3:
        total = x.sum()
        while total > 3.0:
            total -= x[0]
            if total > 7.0:
                break
    else:
        total = 0.0
    return total


def test_what_is_given_back_on_every_way_once_is_found():
    blocks = run_frontend(in_a_loop, emit_dels=True).blocks
    assert "x" in find_given_back_once(blocks, find_values(blocks))


def test_what_may_be_given_back_twice_keeps_its_place():
    """Numba gives x back where the inner loop ends, and again behind it, where the loop may have been left."""
    blocks = run_frontend(in_branches, emit_dels=True).blocks
    values = find_values(blocks)
    assert "x" in values - find_given_back_once(blocks, values)
