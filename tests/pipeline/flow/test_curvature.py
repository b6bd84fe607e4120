"""The Hessian's smallest eigenvalue against second differences of the loss."""

import numpy as np
import pytest
from twins import make_neurons, oblique_network, oblique_problem, residual_of, states_at, weights_of

from pipeline.flow import curvature
from pipeline.flow.curvature import kind_of, smallest_eigenvalue
from pipeline.flow.exact.problem import make_problem


def eigenvalue_of(problem, neurons):
    w, a = weights_of(neurons)
    norm = np.linalg.norm(w, axis=1)
    r = residual_of(neurons, problem)
    return smallest_eigenvalue(problem, w / norm[:, None], np.log(norm), a / norm, neurons.state, r)


def hessian_of(problem, neurons):
    """By differences of 1/(2 n) |r|^2, of degree 4 in the weights while the patterns are fixed."""
    w, a = weights_of(neurons)
    size, h = w.size + a.size, 1e-3
    gain = np.where(neurons.state == 2, 1.0, problem.slope)

    def loss(step):
        moved, out = w + step[: w.size].reshape(w.shape), a + step[w.size :]
        return 0.5 * np.mean((problem.y - out @ (gain * (moved @ problem.x.T))) ** 2)

    unit, found = h * np.eye(size), np.empty((size, size))
    for i in range(size):
        for j in range(size):
            signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            found[i, j] = sum(s * t * loss(s * unit[i] + t * unit[j]) for s, t in signs) / (4 * h * h)
    return found


@pytest.mark.parametrize(("n", "q", "m", "slope"), [(2, 2, 1, 0.0), (4, 3, 5, 0.0), (5, 2, 4, 0.3)])
def test_it_is_the_smallest_of_the_loss_s_second_derivatives(n, q, m, slope):
    problem = oblique_problem(n, q, 3, slope=slope)
    neurons = oblique_network(problem, m, 1, sliding=0.0, spread=0.2)
    expected = np.linalg.eigvalsh(hessian_of(problem, neurons))[0]
    assert eigenvalue_of(problem, neurons) == pytest.approx(expected, abs=1e-4)


def test_many_weights_are_done_without_the_whole_matrix(monkeypatch):
    problem = oblique_problem(6, 3, 0)
    neurons = oblique_network(problem, 30, 0, sliding=0.3)
    dense = eigenvalue_of(problem, neurons)
    monkeypatch.setattr(curvature, "DENSE", 10)
    assert eigenvalue_of(problem, neurons) == pytest.approx(dense, rel=1e-4)


def test_a_saddle_and_a_minimum_are_told_apart():
    """One neuron fits the first label; another, small, is on at the second, and could grow if that is not 0."""
    w = np.array([[1.0, 0.0], [0.0, 1e-6]])
    for label, kind in ((1.0, "strict saddle"), (0.0, "local minimum")):
        problem = make_problem(np.eye(2), np.array([1.0, label]))
        neurons = make_neurons(w, np.array([1.0, 1e-6]), states_at(w, problem), np.zeros(2))
        value = eigenvalue_of(problem, neurons)
        assert value == pytest.approx(-0.5 * label, abs=1e-5)
        assert kind_of(value, problem) == kind
    assert kind_of(float("nan"), problem) == "unknown"


def test_what_has_vanished_has_no_curvature():
    problem = oblique_problem(3, 2, 0)
    neurons = oblique_network(problem, 4, 0, sliding=0.0)
    assert eigenvalue_of(problem, neurons._replace(log_scale=np.full(4, -100.0))) == 0.0


def test_a_sliding_neuron_can_not_leave_its_boundary():
    """w = (0, 1) slides along x_1: towards x_1 the loss bends down, but there it may not go."""
    problem = make_problem(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([-5.0, 1.0]))
    w = np.array([[0.0, 1.0]])
    free = make_neurons(w, np.array([1.0]), np.array([[2, 2]], dtype=np.int8), np.zeros(1))
    slid = make_neurons(w, np.array([1.0]), states_at(w, problem, (0,)), np.zeros(1))
    assert eigenvalue_of(problem, free) < -1.0
    assert eigenvalue_of(problem, slid) == pytest.approx(0.0, abs=1e-12)
