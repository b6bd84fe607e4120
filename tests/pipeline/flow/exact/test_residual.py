"""The residual and the tangent kernel against their sums over neurons, and the corrector against NumPy."""

import numpy as np
import pytest
from witness import callable_kernel, raw_problem

from pipeline.flow.exact import patterns, residual
from pipeline.flow.exact.states import ON

lump = callable_kernel(patterns.lump)
observe = callable_kernel(residual.observe)
correct = callable_kernel(residual.correct)


def observed(problem, neurons):
    n = len(problem.y)
    lumps = lump(neurons)
    r, kernel, reach = np.empty(n), np.empty((n, n)), np.empty(n)
    observe(lumps.rows, lumps.logs, lumps, problem, r, np.empty(n), kernel, reach)
    return r, kernel


def direct(problem, neurons):
    """The same by the definition, neuron by neuron."""
    x, n = problem.x, len(problem.y)
    w = np.exp(neurons.log_scale)[:, None] * neurons.z[:, :-1]
    a = np.exp(neurons.log_scale) * neurons.z[:, -1]
    on = neurons.state == ON
    r = problem.y - (a[:, None] * on * (w @ x.T)).sum(axis=0)
    kernel = np.zeros((n, n))
    for j in range(len(a)):
        both = np.outer(on[j], on[j])
        kernel += both * (np.outer(x @ w[j], x @ w[j]) + a[j] ** 2 * (x @ x.T))
    return r, kernel / n


@pytest.mark.parametrize(("m", "n"), [(1, 1), (8, 2), (60, 2), (200, 5)])
def test_residual_and_kernel_are_the_sums_over_neurons(m, n):
    problem, neurons = raw_problem(m, n, seed=m, log_scale=-1.0)
    for found, expected in zip(observed(problem, neurons), direct(problem, neurons), strict=True):
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_residual_moves_by_minus_k_r():
    """dr/dt = -K r, by a finite difference of the flow itself, eq (3)."""
    problem, neurons = raw_problem(40, 3, seed=5, log_scale=-1.0)
    r, kernel = observed(problem, neurons)
    step = 1e-6
    scale = np.exp(neurons.log_scale)[:, None]
    w, a = scale * neurons.z[:, :-1], scale[:, 0] * neurons.z[:, -1]
    force = ((neurons.state == ON) * r) @ problem.x / len(r)
    after = []
    for h in (step, -step):
        new_w, new_a = w + h * a[:, None] * force, a + h * np.sum(force * w, axis=1)
        reach = (neurons.state == ON) * (new_w @ problem.x.T)
        after.append(problem.y - new_a @ reach)
    assert (after[0] - after[1]) / (2 * step) == pytest.approx(-kernel @ r, rel=1e-7, abs=1e-7)


def test_neurons_too_small_to_be_felt_leave_the_labels():
    problem, neurons = raw_problem(40, 3, seed=5, log_scale=-5000.0)
    r, kernel = observed(problem, neurons)
    assert (r == problem.y).all()
    assert not kernel.any()


def test_the_gross_terms_are_what_cancels():
    problem, neurons = raw_problem(50, 2, seed=1, log_scale=5.0)
    lumps = lump(neurons)
    gross = np.empty(2)
    observe(lumps.rows, lumps.logs, lumps, problem, np.empty(2), gross, np.empty((0, 0)), np.empty(2))
    r, _ = direct(problem, neurons)
    assert (gross >= np.abs(r)).all()
    assert gross.max() > 1e4


@pytest.mark.parametrize("n", [1, 2, 5, 20])
@pytest.mark.parametrize("stiff", ["none", "all", "some"])
def test_the_corrector_solves_its_equation(n, stiff):
    generator = np.random.default_rng(n)
    root = generator.standard_normal((n, n))
    kernel, step = root @ root.T, 3.7
    value_gap, slope_gap = generator.standard_normal((2, n))
    flags = {"none": np.zeros(n, bool), "all": np.ones(n, bool), "some": np.arange(n) % 2 == 0}[stiff]
    a, b = np.diag(np.where(flags, 2 / 3, 1 / 2)), np.diag(np.where(flags, 1 / 6, 1 / 12))
    matrix = np.eye(n) + step * kernel @ a + step**2 * kernel @ b @ kernel
    expected = np.linalg.solve(matrix, value_gap + step**2 * kernel @ b @ slope_gap)
    found = value_gap.copy()
    correct(kernel, step, flags, slope_gap, np.empty((n, n)), found)
    assert found == pytest.approx(expected, rel=1e-8)
