"""The network inside a step: rows and residual agree there, where the step is long beside a label's rate."""

import numpy as np
import pytest
from twins import oblique_network, oblique_problem
from witness import callable_kernel

from pipeline.flow.exact import attempt, carrying, interior, patterns, residual
from pipeline.flow.exact.curve import SIZE

lump = callable_kernel(patterns.lump)
beside = callable_kernel(patterns.beside)
make_room = callable_kernel(attempt.make_room)
carry_within = callable_kernel(interior.carry_within)
carry_all = callable_kernel(carrying.carry_all)
observe = callable_kernel(residual.observe)


def rows_residual(moved, lumps, problem):
    n = len(problem.y)
    r, nothing = np.empty(n), np.empty((0, 0))
    observe(moved.rows, moved.logs, lumps, problem, r, np.empty(n), nothing, np.empty(n))
    return r


@pytest.mark.parametrize("length", [0.1, 1.0, 10.0])
def test_the_rows_agree_with_the_residual_inside_a_long_step(length):
    """The rows do not give the residual assumed, by h K times its error; once corrected they do."""
    problem = oblique_problem(2, 2, 3)
    neurons = oblique_network(problem, 30, 1, sliding=0.0)
    lumps = lump(neurons, problem)
    moved, room = beside(lumps), make_room(lumps, problem)
    r0 = rows_residual(lumps, lumps, problem)
    part = np.repeat(r0[None, :], SIZE, axis=0) * np.linspace(1.0, 0.999, SIZE)[:, None] * 1e-3
    before = part.copy()
    carry_within(lumps, moved, part, length, 1e-9, problem, room)
    assert rows_residual(moved, lumps, problem) == pytest.approx(part[-1], abs=1e-9)
    again = carry_all(lumps, part, length, 1.0, problem)
    assert np.abs(again.rows - moved.rows).max() <= 1e-14
    off = np.abs(rows_residual(carry_all(lumps, before, length, 1.0, problem), lumps, problem) - before[-1]).max()
    assert np.abs(part[-1] - before[-1]).max() < off


def test_what_agrees_is_left_as_it_is():
    problem = oblique_problem(2, 2, 3)
    neurons = oblique_network(problem, 30, 1, sliding=0.0)
    lumps = lump(neurons, problem)
    moved, room = beside(lumps), make_room(lumps, problem)
    part = np.repeat(rows_residual(lumps, lumps, problem)[None, :], SIZE, axis=0)
    before = part.copy()
    carry_within(lumps, moved, part, 1e-7, 1.0, problem, room)
    assert (part == before).all()
