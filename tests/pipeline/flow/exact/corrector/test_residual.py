"""The residual and the tangent kernel against their definitions, and the corrector against NumPy."""

import numpy as np
import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import (
    force_on,
    gains,
    jacobian_of,
    kernel_of,
    oblique_network,
    oblique_problem,
    residual_of,
    weights_of,
)
from witness import callable_kernel, raw_problem

from pipeline.flow.exact.corrector import residual
from pipeline.flow.exact.corrector.residual import EndWeights, Observation
from pipeline.flow.exact.network import groups as pattern_groups
from pipeline.flow.exact.network.groups import Rows
from pipeline.flow.exact.propagation import magnus

group_by_pattern = callable_kernel(pattern_groups.group_by_pattern)
observe = callable_kernel(residual.observe)
observe_products = callable_kernel(residual.observe_products)
correct = callable_kernel(residual.correct)


def observed(problem, neurons, by_products=False):
    """r, K and the gross terms."""
    n = len(problem.y)
    groups = group_by_pattern(neurons, problem)
    seen = Observation(np.empty(n), np.empty(n), np.full((n, n), np.nan), np.empty(n))
    look = observe_products if by_products else observe
    look(Rows(groups.rows, groups.logs), groups, problem, seen)
    return seen.r, seen.kernel, seen.gross


@settings(max_examples=amount(16, 40))
@given(
    n=st.integers(2, 7),
    q=st.integers(2, 4),
    m=st.integers(1, 80),
    seed=st.integers(0, 10**6),
    slope=st.sampled_from([0.0, 0.1, -0.5, 1.0, 3.0]),
    opposite=st.booleans(),
)
def test_residual_and_kernel_are_those_of_the_definition_by_loops_and_by_products(n, q, m, seed, slope, opposite):
    problem = oblique_problem(n, q, seed, slope=slope, opposite=opposite)
    neurons = oblique_network(problem, m, seed)
    expected = residual_of(neurons, problem), kernel_of(neurons, problem)
    size = np.exp(2 * neurons.log_scale).sum() * max(problem.gram.max(), 1.0)
    found = observed(problem, neurons), observed(problem, neurons, by_products=True)
    for r, kernel, _ in found:
        assert r == pytest.approx(expected[0], abs=1e-12 * size)
        assert kernel == pytest.approx(expected[1], abs=1e-12 * size)
        assert kernel == pytest.approx(kernel.T, rel=1e-14, abs=1e-14 * size)
    w, a = weights_of(neurons)
    terms = np.abs(gains(neurons.state, slope)) * np.outer(0.5 * (a**2 + np.sum(w**2, axis=1)), problem.length)
    for _, _, gross in found:  # |a||w| of the rows, which stand for the neurons: at most their half squares
        assert (gross <= np.abs(problem.y) + terms.sum(axis=0) + 1e-12 * size).all()


@pytest.mark.parametrize("n", [1, 3])
def test_by_products_the_kernel_is_written_where_it_is_wanted(n):
    """No kernel is wanted when its array is 0 x 0; of a single point it is 1 x 1."""
    problem = oblique_problem(n, 2, 0)
    neurons = oblique_network(problem, 9, 0)
    groups = group_by_pattern(neurons, problem)
    seen = Observation(np.empty(n), np.empty(n), np.empty((0, 0)), np.empty(n))
    observe_products(Rows(groups.rows, groups.logs), groups, problem, seen)
    found, kernel, _ = observed(problem, neurons, by_products=True)
    assert (seen.r == found).all()
    assert kernel == pytest.approx(kernel_of(neurons, problem), rel=1e-12, abs=1e-12)


def test_many_rows_and_points_take_the_library_s_products():
    problem = oblique_problem(30, 12, 0)
    neurons = oblique_network(problem, 200, 0, spread=0.1)
    groups = group_by_pattern(neurons, problem)
    assert groups.rows.shape[0] * 30 * 12 > magnus.PRODUCT_SIZE
    r, kernel, _ = observed(problem, neurons)
    assert r == pytest.approx(residual_of(neurons, problem), rel=1e-12, abs=1e-11)
    assert kernel == pytest.approx(kernel_of(neurons, problem), rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_the_residual_moves_by_minus_k_r(slope):
    """dr/dt = -K r, by a finite difference of the flow itself: J of every neuron moved along its D."""
    problem = oblique_problem(5, 3, 5, slope=slope)
    neurons = oblique_network(problem, 40, 5)
    r, kernel, _ = observed(problem, neurons)
    w, a = weights_of(neurons)
    force = np.array([force_on(state, r, problem) for state in neurons.state])
    derivative, h = gains(neurons.state, slope), 1e-6
    after = [
        problem.y
        - (a + s * np.sum(force * w, axis=1)) @ (derivative * ((w + s * a[:, None] * force) @ problem.x.T))
        for s in (h, -h)
    ]
    assert (after[0] - after[1]) / (2 * h) == pytest.approx(-kernel @ r, rel=1e-7, abs=1e-7)
    slope_found = np.empty(5)
    residual.residual_derivative.py_func(kernel, r, slope_found)
    assert slope_found == pytest.approx(-kernel @ r, rel=1e-13, abs=1e-13)


def test_the_kernel_is_positive_semidefinite_and_of_the_jacobian_s_rank():
    problem = oblique_problem(6, 3, 7)
    neurons = oblique_network(problem, 1, 2, sliding=0.0)
    _, kernel, _ = observed(problem, neurons)
    assert np.linalg.eigvalsh(kernel).min() > -1e-14 * np.trace(kernel)
    assert np.linalg.matrix_rank(kernel, tol=1e-12) == np.linalg.matrix_rank(jacobian_of(neurons, problem))


@pytest.mark.parametrize("by_products", [False, True])
def test_neurons_too_small_to_be_felt_leave_the_labels(by_products):
    problem, neurons = raw_problem(40, 3, seed=5, log_scale=-5000.0)
    r, kernel, _ = observed(problem, neurons, by_products)
    assert (r == problem.y).all()
    assert not kernel.any()


def test_the_gross_terms_are_what_cancels():
    problem, neurons = raw_problem(50, 2, seed=1, log_scale=5.0)
    r, _, gross = observed(problem, neurons)
    assert (gross >= np.abs(r)).all()
    assert gross.max() > 1e4


@pytest.mark.parametrize("n", [1, 2, 5, 8, 9, 20])
@pytest.mark.parametrize("step", [1e-3, 3.7, 1e4])
def test_the_corrector_solves_its_equation(n, step):
    """By elimination, and from 9 points on by the library."""
    generator = np.random.default_rng(n)
    root = generator.standard_normal((n, n))
    kernel = root @ root.T
    value_gap, slope_gap = generator.standard_normal((2, n))
    value_weight, slope_weight = generator.uniform(0.4, 0.7, n), generator.uniform(0.05, 0.2, n)
    a, b = np.diag(value_weight), np.diag(slope_weight)
    matrix = np.eye(n) + step * kernel @ a + step**2 * kernel @ b @ kernel
    right = value_gap + step**2 * kernel @ b @ slope_gap
    found = value_gap.copy()
    correct(kernel, step, EndWeights(value_weight, slope_weight), slope_gap, np.empty((n, n)), found)
    assert found == pytest.approx(np.linalg.solve(matrix, right), rel=1e-7)
    assert np.abs(matrix @ found - right).max() <= 1e-12 * np.abs(matrix).max() * np.abs(found).max()


@pytest.mark.parametrize("n", [8, 9])
def test_a_corrector_that_overflows_gives_no_number_and_no_exception(n):
    kernel = np.full((n, n), 1e200)
    gap = np.ones(n)
    correct(kernel, 1.0, EndWeights(np.ones(n), np.ones(n)), np.ones(n), np.empty((n, n)), gap)
    assert not np.isfinite(gap).any()
