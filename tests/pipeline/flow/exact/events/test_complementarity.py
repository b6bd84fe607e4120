"""Lemke's method against the definition of its problem."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import example, given, settings
from hypothesis import strategies as st
from witness import callable_kernel

from pipeline.flow.exact.events import complementarity
from pipeline.flow.exact.events.complementarity import AT_ONE, AT_ZERO, BETWEEN

solve_box_complementarity = callable_kernel(complementarity.solve_box_complementarity)


def solved(matrix, offset):
    count = len(offset)
    theta, place = np.empty(count), np.empty(count, dtype=np.int64)
    assert solve_box_complementarity(np.ascontiguousarray(matrix), np.ascontiguousarray(offset), theta, place)
    return np.where(place == AT_ONE, 1.0, theta), place


@settings(max_examples=amount(80, 200))
@given(
    count=st.integers(1, 7),
    rank=st.integers(1, 4),
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["any", "normals", "attracting", "whole numbers"]),
    size=st.sampled_from([1.0, 1e-9, 1e6]),
)
@example(count=6, rank=1, seed=2, kind="normals", size=1.0).via(
    "ties of zeros with rounding: the path was a circle"
)
def test_every_problem_has_an_answer_that_is_one(count, rank, seed, kind, size):
    """Singular matrices, ties and problems with many answers included; in any unit."""
    generator = np.random.default_rng(seed)
    matrix, offset = generator.standard_normal((count, count)), generator.standard_normal(count)
    if kind != "any":
        normals = generator.standard_normal((count, rank))
        if kind == "whole numbers":
            normals = generator.integers(-1, 2, (count, rank)).astype(float)
        jumps = generator.standard_normal(count)
        matrix = normals @ normals.T * (np.abs(jumps) if kind == "attracting" else jumps)
        offset = normals @ generator.standard_normal(rank)
    theta, place = solved(size * matrix, size * offset)
    force = offset + matrix @ theta
    assert theta.min() >= -1e-9
    assert theta.max() <= 1.0 + 1e-9
    assert (force[place == AT_ZERO] >= -1e-8).all()
    assert (force[place == AT_ONE] <= 1e-8).all()
    assert force[place == BETWEEN] == pytest.approx(0.0, abs=1e-8)
    assert (theta[place == AT_ZERO] == 0.0).all()


def test_what_is_between_is_independent():
    """Four normals in a plane: two multipliers at most are free, the others are at an end."""
    normals = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, -0.6]])
    _, place = solved(normals @ normals.T, -normals @ np.array([0.7, 0.9]))
    assert np.linalg.matrix_rank(normals[place == BETWEEN]) == (place == BETWEEN).sum() <= 2
