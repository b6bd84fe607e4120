"""The network inside a step: rows and residual agree there, where the step is long beside a label's rate."""

import numpy as np
import pytest
from twins import oblique_network, oblique_problem
from witness import callable_kernel

from pipeline.flow.exact.corrector import interior, residual, workspace
from pipeline.flow.exact.corrector.residual import Observation
from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.network.groups import Rows
from pipeline.flow.exact.propagation import magnus
from pipeline.flow.exact.propagation.bernstein import SIZE

make_network = callable_kernel(pattern_groups.make_network)
make_step_workspace = callable_kernel(workspace.make_step_workspace)
carry_within = callable_kernel(interior.carry_within)
carry_all = callable_kernel(magnus.carry_all)
observe = callable_kernel(residual.observe)


def rows_residual(moved, groups, problem):
    n = len(problem.y)
    seen = Observation(np.empty(n), np.empty(n), np.empty((0, 0)), np.empty(n))
    observe(Rows(moved.rows, moved.logs), groups, problem, seen)
    return seen.r


@pytest.mark.parametrize("length", [0.1, 1.0, 10.0])
def test_the_rows_agree_with_the_residual_inside_a_long_step(length):
    """The rows do not give the residual assumed, by h K times its error; once corrected they do."""
    problem = oblique_problem(2, 2, 3)
    neurons = oblique_network(problem, 30, 1, sliding=0.0)
    network, work = make_network(neurons, problem), make_step_workspace(problem)
    groups, moved = network.groups, network.trial
    r0 = rows_residual(groups, groups, problem)
    part = np.repeat(r0[None, :], SIZE, axis=0) * np.linspace(1.0, 0.999, SIZE)[:, None] * 1e-3
    before = part.copy()
    carry_within(network, part, length, 1e-9, work)
    assert rows_residual(moved, groups, problem) == pytest.approx(part[-1], abs=1e-9)
    again = carry_all(groups, part, length, 1.0, problem)
    assert np.abs(again.rows - moved.rows).max() <= 1e-14
    off = np.abs(
        rows_residual(carry_all(groups, before, length, 1.0, problem), groups, problem) - before[-1]
    ).max()
    assert np.abs(part[-1] - before[-1]).max() < off


def test_what_agrees_is_left_as_it_is():
    problem = oblique_problem(2, 2, 3)
    neurons = oblique_network(problem, 30, 1, sliding=0.0)
    network, work = make_network(neurons, problem), make_step_workspace(problem)
    groups = network.groups
    part = np.repeat(rows_residual(groups, groups, problem)[None, :], SIZE, axis=0)
    before = part.copy()
    carry_within(network, part, 1e-7, 1.0, work)
    assert (part == before).all()
