"""The loop: its order, its error control, its ends, and that lambda costs next to nothing."""

import numpy as np
import pytest
from witness import PAPER_X, PAPER_Y, raw_network

from pipeline.flow.exact import stepping
from pipeline.flow.exact.boost import hermite
from pipeline.flow.exact.patterns import Neurons
from pipeline.flow.exact.problem import make_problem
from pipeline.flow.exact.states import OFF, ON
from pipeline.flow.exact.stepping import integrate


def dense(record, times):
    """The residual at ``times`` from the record's cubics."""
    i = np.clip(np.searchsorted(record.time, times, side="right") - 1, 0, len(record.time) - 1)
    s = np.minimum((times - record.time[i]) / record.length[i], 1.0)
    c = record.cubic[i]
    columns = [hermite.py_func(*c[:, :, k].T, record.length[i], s) for k in range(c.shape[2])]
    return np.array(columns).T


def aligned_neuron(log_norm):
    """One point, one neuron along it: u = |w|^2 obeys the logistic equation of section 4.2 exactly."""
    problem = make_problem(np.array([[1.0]]), np.array([1.0]))
    state = np.array([[ON]], dtype=np.int8)
    return problem, Neurons(np.array([[1.0, 1.0]]), np.array([log_norm]), np.array([1.0]), state)


def logistic(times, log_norm):
    u0 = np.exp(2 * log_norm)
    return u0 / (u0 + (1 - u0) * np.exp(-2 * times))


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_logistic_curve_within_the_tolerance(tolerance):
    problem, neuron = aligned_neuron(-6.0)
    record, status, *_ = integrate(neuron, problem, tolerance, np.inf, 10**6)
    times = np.linspace(0, 20, 500)
    assert np.abs(dense(record, times)[:, 0] - (1 - logistic(times, -6.0))).max() <= tolerance
    assert status == stepping.CONVERGED


def test_the_order_is_four():
    """Error against number of steps on the logistic curve's rise and fall, a smooth stretch."""
    times = np.linspace(0, 12, 2000)
    steps, errors = [], []
    for tolerance in np.geomspace(1e-7, 1e-11, 9):
        problem, neuron = aligned_neuron(-3.0)
        record, *_ = integrate(neuron, problem, tolerance, np.inf, 10**6)
        steps.append(int(np.sum(record.time < 12)))
        errors.append(np.abs(dense(record, times)[:, 0] - (1 - logistic(times, -3.0))).max())
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(-4.0, abs=0.2)


def paper_network(log10_scale, seed=0, m=60):
    neurons = raw_network(m, 2, seed, log10_scale * np.log(10))
    state = np.where(neurons.z[:, :-1] @ PAPER_X.T > 0, ON, OFF).astype(np.int8)
    return make_problem(PAPER_X, PAPER_Y), neurons._replace(state=state)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-5, 1e-7])
def test_no_saddle_is_jumped_over_at_any_scale(tolerance, seed):
    """A step that lands on the far side of an escape satisfies its own equations: only the defect refuses it."""
    for log10_scale in (-30, -100, -300, -1000, -10000):
        problem, neurons = paper_network(log10_scale, seed)
        record, status, *_ = integrate(neurons, problem, tolerance, np.inf, 10**5)
        assert status == stepping.CONVERGED
        end = record.time[-1] + record.length[-1]
        assert end * np.sqrt(1.25) / 2 == pytest.approx(-log10_scale * np.log(10), rel=0.02 + 30 / -log10_scale)


def test_the_number_of_steps_hardly_depends_on_lambda():
    steps = {}
    for log10_scale in (-100, -1000, -10000):
        problem, neurons = paper_network(log10_scale)
        steps[log10_scale] = len(integrate(neurons, problem, 1e-6, np.inf, 10**5)[0].time)
    assert steps[-10000] <= 2 * steps[-100]


def test_the_number_of_steps_does_not_depend_on_the_width():
    few, many = (
        len(integrate(*reversed(paper_network(-6, m=m)), 1e-6, np.inf, 10**5)[0].time) for m in (60, 3000)
    )
    assert abs(few - many) <= 0.1 * few


def test_no_step_moves_when_nothing_pushes():
    problem, neurons = paper_network(-3)
    dead = neurons._replace(state=np.full_like(neurons.state, OFF))
    record, status, *_ = integrate(dead, problem, 1e-6, np.inf, 100)
    assert (len(record.time), status) == (0, stepping.STATIONARY)


def test_a_neuron_that_can_only_shrink_is_at_rest_in_the_limit():
    problem, neuron = aligned_neuron(0.0)
    shrinking = neuron._replace(z=np.array([[1.0, -1.0]]), sign=np.array([-1.0]))
    _, status, *_ = integrate(shrinking, problem, 1e-6, np.inf, 1000)
    assert status == stepping.STATIONARY


def test_the_end_time_is_met_exactly():
    problem, neurons = paper_network(-6)
    record, status, *_ = integrate(neurons, problem, 1e-6, 12.345, 10**5)
    assert status == stepping.END_TIME
    assert record.time[-1] + record.length[-1] == pytest.approx(12.345, rel=1e-15)


def test_a_budget_of_steps_is_a_status():
    problem, neurons = paper_network(-6)
    record, status, *_ = integrate(neurons, problem, 1e-6, np.inf, 7)
    assert (len(record.time), status) == (7, stepping.OUT_OF_STEPS)


def test_the_steps_join_without_a_gap():
    problem, neurons = paper_network(-1)
    record, *_ = integrate(neurons, problem, 1e-7, np.inf, 10**5)
    assert record.time[1:] == pytest.approx(record.time[:-1] + record.length[:-1], rel=1e-14)
    assert np.abs(record.cubic[1:, 0] - record.cubic[:-1, 2]).max() < 1e-7
