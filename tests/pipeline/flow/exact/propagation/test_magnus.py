"""The groups through a step: both boosts of every group, and the order of the Magnus method."""

import numpy as np
import pytest
from amounts import amount
from scipy.integrate import solve_ivp
from twins import (
    bernstein_form,
    force_on,
    gains,
    generator_matrix,
    magnus_boosts,
    oblique_network,
    oblique_problem,
    projector,
)
from witness import callable_kernel

from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING
from pipeline.flow.exact.network.spans import MANY
from pipeline.flow.exact.propagation import magnus
from pipeline.flow.exact.propagation.bernstein import SIZE

group_by_pattern = callable_kernel(pattern_groups.group_by_pattern)
boost_weights = callable_kernel(magnus.boost_weights)
write_impulses = callable_kernel(magnus.write_impulses)
carry_rows = callable_kernel(magnus.carry_rows)
carry_propagator = callable_kernel(magnus.carry_propagator)
carry_all = callable_kernel(magnus.carry_all)
line_growth = callable_kernel(magnus.line_growth)


def pushes_for(groups, b, step, problem):
    weights, impulses = np.empty((2, len(problem.y))), np.empty((2, len(groups.kind), problem.x.shape[1]))
    boost_weights(b, step, weights)
    write_impulses(groups, weights, problem.x, impulses)
    return weights, impulses


@pytest.mark.parametrize(("m", "n", "q", "slope"), [(40, 5, 2, 0.0), (40, 4, 3, 0.3), (900, 30, 12, 0.1)])
def test_the_pushes_are_d_weighted_by_the_magnus_method(m, n, q, slope):
    """By loops and, at the last of these sizes, by matrix products."""
    problem = oblique_problem(n, q, 0, slope=slope)
    groups = group_by_pattern(oblique_network(problem, m, 0), problem)
    assert (len(groups.kind) * n * q > magnus.PRODUCT_SIZE) == (m == 900)
    b = np.random.default_rng(1).uniform(-1, 1, (SIZE, n))
    weights, impulses = pushes_for(groups, b, 0.9, problem)
    for g, state in enumerate(groups.state):
        both = (gains(state, slope) * weights) @ problem.x @ projector(state, problem)
        if np.count_nonzero(groups.derivative[g]) == 1:  # D keeps its direction: one boost does the work of both
            assert impulses[0, g] == pytest.approx(both.sum(axis=0), abs=1e-12)
            assert not impulses[1, g].any()
        else:
            assert impulses[:, g] == pytest.approx(both, abs=1e-12)


def test_rows_and_propagators_are_carried_alike():
    """carry_propagator moves the propagator by what carry_rows has moved the rows."""
    problem = oblique_problem(4, 3, 0)
    neurons = oblique_network(problem, 400, 1)
    groups = group_by_pattern(neurons, problem)
    b, step = np.random.default_rng(2).uniform(-1, 1, (SIZE, 4)), 1.3
    _, impulses = pushes_for(groups, b, step, problem)
    rows, logs = np.empty_like(groups.rows), np.empty_like(groups.logs)
    carry_rows(groups, impulses, rows, logs)
    propagator, propagator_logs = np.empty_like(groups.propagator), np.empty_like(groups.propagator_logs)
    carry_propagator(groups, impulses, propagator, propagator_logs)
    moved = groups._replace(rows=rows, logs=logs, propagator=propagator, propagator_logs=propagator_logs)
    whole = carry_all(groups, b, step, 1.0, problem)
    for name in ("rows", "logs", "propagator", "propagator_logs"):
        assert (getattr(moved, name) == getattr(whole, name)).all()
    for g, state in list(enumerate(groups.state))[:: amount(3, 1)]:
        part = slice(groups.row[g], groups.row[g + 1])
        before, after = (np.exp(found.logs[part])[:, None] * found.rows[part, :4] for found in (groups, moved))
        for one, other in zip(before, after, strict=True):
            assert other == pytest.approx(
                magnus_boosts(one, state, b, step, problem), abs=1e-12 * np.abs(before).max()
            )
        if groups.kind[g] == MANY:
            unit = np.exp(moved.propagator_logs[part])[:, None] * moved.propagator[part]
            assert unit == pytest.approx(magnus_boosts(np.eye(4), state, b, step, problem).T, abs=1e-12)


def test_a_neuron_on_a_line_grows_by_the_push_along_it():
    row, impulse = np.array([0.0, -2.0, 2.0, 0.0]), np.array([0.0, 0.7])
    assert line_growth(row, impulse) == pytest.approx(-0.7)
    assert line_growth(-row, impulse) == pytest.approx(-0.7)
    assert line_growth(row * [1, 1, -1, 1], impulse) == pytest.approx(0.7)


@pytest.mark.parametrize("state", [[ON, ON, ON], [ON, ON, OFF], [ON, OFF, OFF], [ON, ON, SLIDING]])
def test_the_magnus_step_has_order_four(state):
    """One step over the left part of a quintic against solve_ivp: halving the step divides the error by 2^5."""
    problem = oblique_problem(3, 3, 4)
    b = np.array([1.0, -0.7, 0.4]) + np.linspace(0, 1, SIZE)[:, None] ** 2 * [-0.8, 1.5, 0.9]
    state = np.array(state, dtype=np.int8)
    z0 = np.array([0.3, -0.4, 0.2, 0.5])
    z0[:3] = projector(state, problem) @ z0[:3]
    neurons = pattern_groups.Neurons(
        np.append(z0, z0[3] ** 2 - z0[:3] @ z0[:3])[None], np.zeros(1), np.zeros(1), state[None]
    )
    errors, lengths = [], [0.4, 0.2, 0.1]
    for length in lengths:

        def flow(s, z):
            return generator_matrix(3.0 * force_on(state, bernstein_form(b)(s), problem)) @ z

        exact = solve_ivp(flow, (0, length), z0, "DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
        moved = carry_all(group_by_pattern(neurons, problem), b, 3.0, length, problem)
        errors.append(np.abs(moved.rows[0, :4] * np.exp(moved.logs[0]) - exact).max())
    if np.sum(state == ON) > 1:
        slopes = np.diff(np.log(errors)) / np.diff(np.log(lengths))
        assert slopes == pytest.approx(5.0, abs=0.4)
    else:  # D keeps its direction: only the integral of the residual counts, and that is exact
        assert max(errors) < 1e-13
