"""Filippov's multipliers against the linear system that defines them."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from twins import bernstein_form, force_on, gains, oblique_problem, states_at
from witness import callable_kernel

from pipeline.flow.exact.events import sliding
from pipeline.flow.exact.events.workspace import Multipliers
from pipeline.flow.exact.network.activation import OFF, ON, SLIDING
from pipeline.flow.exact.network.problem import make_problem
from pipeline.flow.exact.propagation.bernstein import SIZE

find_multipliers = callable_kernel(sliding.find_multipliers)


def sides(state, b, problem):
    """nu and nu + gamma of every chosen boundary (SIZE, boundaries), and the boundaries."""
    n = len(problem.y)
    state = np.asarray(state, dtype=np.int8)
    off, on = np.full((SIZE, n), np.nan), np.full((SIZE, n), np.nan)
    found = Multipliers(np.empty(n, dtype=np.int64), np.empty((n, n)), off, on)
    count, dependent = find_multipliers(state, gains(state, problem.negative_slope), b, problem, found)
    assert dependent == 0  # as all that are asked for here: else others would decide when each is left
    return off[:, :count], on[:, :count], found.boundaries[:count]


def multipliers(state, r, problem, boundaries):
    """The phi' of the points that are slid along for which <D, x> = 0 there, by a linear solve.

    A boundary with a point on the opposite ray has one phi: the share of the way from its negative to its
    positive side, on which one of the two is on and the other off.
    """
    x, n, slope = problem.x, len(r), problem.negative_slope
    base = gains(state, slope).copy()
    turn = np.zeros((len(boundaries), n))  # by how much each point's phi' grows from the negative side
    for p, k in enumerate(boundaries):
        base[k], turn[p, k] = slope, 1.0 - slope
        if (l := problem.opposite[k]) >= 0:
            base[l], turn[p, l] = 1.0, slope - 1.0
    matrix = (x @ (turn * r @ x / n).T)[boundaries]
    return np.linalg.solve(matrix, -x[boundaries] @ (base * r @ x / n)), base, turn


@settings(max_examples=amount(32, 80))
@given(
    n=st.integers(2, 6),
    q=st.integers(2, 4),
    count=st.integers(1, 3),
    seed=st.integers(0, 10**6),
    slope=st.sampled_from([0.0, 0.1, -0.5, 3.0]),
    opposite=st.booleans(),
)
def test_the_pulls_are_the_multipliers_times_the_jumps(n, q, count, seed, slope, opposite):
    """-nu/gamma = phi, in which phi' of the sliding points holds <D, x> = 0 along all of them."""
    problem = oblique_problem(n, q, seed, slope=slope, opposite=opposite)
    generator = np.random.default_rng(seed)
    slid = tuple(generator.permutation(n)[: min(count, n, q - 1)])
    state = states_at(generator.standard_normal(q), problem, slid)
    b = generator.uniform(-1, 1, (SIZE, n))
    off, on, boundaries = sides(state, b, problem)
    assert set(boundaries) == {k if not 0 <= problem.opposite[k] < k else problem.opposite[k] for k in slid}
    normals = problem.x[boundaries] / problem.length[boundaries, None]
    angle = np.linalg.svd(normals)[1].min() ** 2
    for i in range(SIZE):  # linear in r: what holds at each coefficient holds all along
        gamma = on[i] - off[i]
        phi, base, turn = multipliers(state, b[i], problem, boundaries)
        assert off[i] == pytest.approx(-phi * gamma, rel=1e-9, abs=1e-11 / angle)
        phi = -off[i] / gamma
        force = (base + phi @ turn) * b[i] @ problem.x / n
        assert normals @ force == pytest.approx(0.0, abs=1e-11 / angle)
        # That D is the one that a sliding neuron moves by.
        assert force == pytest.approx(force_on(state, b[i], problem), abs=1e-10 / angle)


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_one_boundary_is_pushed_from_both_sides(slope):
    """nu and nu + gamma are the speeds <D, x>/|x| with the point off and on."""
    problem = oblique_problem(4, 3, 1, slope=slope)
    b = np.random.default_rng(0).uniform(-1, 1, (SIZE, 4))
    state = np.array([ON, SLIDING, OFF, ON], dtype=np.int8)
    off, on, _ = sides(state, b, problem)
    for found, side in ((off, OFF), (on, ON)):
        there = np.where(state == SLIDING, side, state)
        speed = [force_on(there, r, problem) @ problem.x[1] / problem.length[1] for r in b]
        assert found[:, 0] == pytest.approx(speed, abs=1e-14)


def test_the_pulls_are_polynomials_over_the_step():
    problem = oblique_problem(4, 3, 2)
    b = np.random.default_rng(0).uniform(-1, 1, (SIZE, 4))
    state = np.array([ON, SLIDING, SLIDING, ON], dtype=np.int8)
    off, _, _ = sides(state, b, problem)
    for s in (0.0, 0.3, 1.0):
        there, _, _ = sides(state, np.tile(bernstein_form(b)(s), (SIZE, 1)), problem)
        assert bernstein_form(off)(s) == pytest.approx(there[0], abs=1e-13)


def dependent_problem():
    """Three boundaries through one line, and a point whose force is towards them."""
    x = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [2.0, 3.0, 0.0], [0.4, 0.5, 1.0]])
    return make_problem(x, np.ones(4))


@pytest.mark.parametrize(
    ("residual", "holds"),
    [
        ([-0.9, -0.1, -0.4, 1.0], True),  # the first two alone would have to hold with theta_2 above 1
        ([-0.1, -0.1, -0.4, 1.0], True),
        ([-0.1, -0.1, -0.1, 1.0], False),
        ([-0.9, -0.9, 0.1, 1.0], True),  # the force of the third is away, and it is held
        ([0.9, 0.9, 0.9, 1.0], False),
    ],
)
def test_dependent_boundaries_hold_as_long_as_some_multipliers_in_0_to_1_do(residual, holds):
    """Which is a linear program, here by SciPy; those that are chosen stay in [0, 1], the others are at an end."""
    problem = dependent_problem()
    slid = problem.x[:3] * np.array(residual)[:3, None]
    program = linprog(np.zeros(3), A_eq=slid.T, b_eq=-problem.x[3] * residual[3] * [1, 1, 0], bounds=(0, 1))
    assert (program.status == 0) == holds
    n, b = 4, np.tile(residual, (SIZE, 1))
    state = np.array([SLIDING, SLIDING, SLIDING, ON], dtype=np.int8)
    derivative, off, on = gains(state, 0.0), np.empty((SIZE, n)), np.empty((SIZE, n))
    found = Multipliers(np.empty(n, dtype=np.int64), np.empty((n, n)), off, on)
    count, dependent = find_multipliers(state, derivative, b, problem, found)
    if not holds:
        assert (count, dependent) == (0, -1)
        return
    assert count == 2
    assert dependent == 1
    theta = derivative[:3].copy()
    for p in range(count):
        theta[found.boundaries[p]] = -off[0, p] / (on[0, p] - off[0, p])
    assert theta.min() >= -1e-12
    assert theta.max() <= 1.0 + 1e-12
    assert (theta @ slid + problem.x[3] * residual[3])[:2] == pytest.approx([0.0, 0.0], abs=1e-14)
