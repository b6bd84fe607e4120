"""The loop: its order, its error control, its ends, and that lambda costs next to nothing."""

import numpy as np
import pytest
from twins import bernstein_form, integrate, make_neurons, paper_network, sliding_network, states_at

from pipeline import data_set, follow_flow, start
from pipeline.flow.exact.build import load_solver
from pipeline.flow.exact.integration import loop, termination
from pipeline.flow.exact.network.activation import OFF, ON
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.network.problem import make_problem


@pytest.fixture(scope="module", autouse=True)
def compiled():
    load_solver()


def dense(record, times):
    """The residual at ``times`` from the record's polynomials."""
    i = np.clip(np.searchsorted(record.time, times, side="right") - 1, 0, len(record.time) - 1)
    s = np.minimum((times - record.time[i]) / record.length[i], 1.0)
    return np.array([bernstein_form(record.curve[step])(at) for step, at in zip(i, s, strict=True)])


def aligned_neuron(log_norm):
    """One point, one neuron along it: u = |w|^2 obeys the logistic equation of section 4.2 exactly."""
    problem = make_problem(np.array([[1.0]]), np.array([1.0]))
    state = np.array([[ON]], dtype=np.int8)
    return problem, Neurons(np.array([[1.0, 1.0, 0.0]]), np.array([log_norm]), np.array([1.0]), state)


def logistic(times, log_norm):
    u0 = np.exp(2 * log_norm)
    return u0 / (u0 + (1 - u0) * np.exp(-2 * times))


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_logistic_curve_within_the_tolerance(tolerance):
    problem, neuron = aligned_neuron(-6.0)
    record, status, *_ = integrate(neuron, problem, tolerance)
    times = np.linspace(0, 20, 500)
    assert np.abs(dense(record, times)[:, 0] - (1 - logistic(times, -6.0))).max() <= tolerance
    assert status == termination.CONVERGED


def test_the_error_falls_with_the_sixth_power_of_the_number_of_steps():
    """On the logistic curve's rise and fall, a smooth stretch, with steps of the solver's choice."""
    times = np.linspace(2, 6, 1000)
    steps, errors = [], []
    for tolerance in np.geomspace(1e-7, 1e-11, 9):
        problem, neuron = aligned_neuron(-3.0)
        record, *_ = integrate(neuron, problem, tolerance)
        steps.append(int(np.sum((record.time > 2) & (record.time < 6))))
        errors.append(np.abs(dense(record, times)[:, 0] - (1 - logistic(times, -3.0))).max())
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert -7.2 < slope < -5.6  # measured: -6.4


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-5, 1e-7])
def test_no_saddle_is_jumped_over_at_any_scale(tolerance, seed):
    """A step that lands on the far side of an escape satisfies its own equations: only the defect refuses it."""
    for log10_scale in (-30, -100, -300, -1000, -10000):
        problem, neurons = paper_network(log10_scale, seed)
        record, status, *_ = integrate(neurons, problem, tolerance)
        assert status == termination.CONVERGED
        end = record.time[-1] + record.length[-1]
        assert end * np.sqrt(1.25) / 2 == pytest.approx(-log10_scale * np.log(10), rel=0.02 + 30 / -log10_scale)


def test_the_number_of_steps_does_not_depend_on_the_width():
    few, many = (len(integrate(*reversed(paper_network(-6, m=m)))[0].time) for m in (60, 3000))
    assert abs(few - many) <= 0.2 * few


def test_the_number_of_steps_hardly_depends_on_the_scale():
    counts = [len(integrate(*reversed(paper_network(scale)))[0].time) for scale in (-100, -1000, -10000)]
    assert counts[1] <= 1.2 * counts[0]
    # One boost takes 320 e-folds at most: 72 of them at each of the two saddles.
    assert counts[2] <= counts[0] + 2 * 72


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
def test_the_tolerance_is_kept_through_sliding_and_crossings(seed, tolerance):
    problem, neurons = sliding_network(seed=seed)
    times = np.linspace(0.0, 15.0, 301)
    fine, coarse = (dense(integrate(neurons, problem, share, 15.0)[0], times) for share in (1e-11, tolerance))
    scale = max(problem.label_scale, np.sqrt(np.mean(fine[0] ** 2)))
    assert np.abs(coarse - fine).max() <= tolerance * scale


def test_no_step_moves_when_nothing_pushes():
    problem, neurons = paper_network(-3)
    dead = neurons._replace(state=np.full_like(neurons.state, OFF))
    record, status, *_ = integrate(dead, problem)
    assert (len(record.time), status) == (0, termination.STATIONARY)


def test_a_neuron_that_can_only_shrink_is_at_rest_in_the_limit():
    problem, neuron = aligned_neuron(0.0)
    shrinking = neuron._replace(z=np.array([[1.0, -1.0, 0.0]]), sign=np.array([-1.0]))
    _, status, *_ = integrate(shrinking, problem)
    assert status == termination.STATIONARY


def test_the_end_time_is_met_exactly():
    problem, neurons = paper_network(-6)
    record, status, *_ = integrate(neurons, problem, end_time=12.345)
    assert status == termination.END_TIME
    assert record.time[-1] + record.length[-1] == pytest.approx(12.345, rel=1e-15)


def test_a_budget_of_steps_is_a_status():
    problem, neurons = paper_network(-6)
    record, status, *_ = integrate(neurons, problem, most_steps=7)
    assert (len(record.time), status) == (7, termination.OUT_OF_STEPS)


def test_who_watches_is_told_and_can_stop_it():
    problem, neurons = paper_network(-6)
    watch = np.zeros(3)
    record, *_ = loop.integrate(neurons, problem, 1e-6, np.inf, 10**5, watch)
    assert watch[2] == len(record.time)
    assert watch[1] == record.time[-1] + record.length[-1]
    watch = np.array([1.0, 0.0, 0.0])
    record, status, *_ = loop.integrate(neurons, problem, 1e-6, np.inf, 10**5, watch)
    assert (len(record.time), status) == (0, termination.INTERRUPTED)


def test_the_steps_join_without_a_gap():
    problem, neurons = paper_network(-1)
    record, *_ = integrate(neurons, problem, 1e-7)
    assert record.time[1:] == pytest.approx(record.time[:-1] + record.length[:-1], rel=1e-14)
    assert np.abs(record.curve[1:, 0] - record.curve[:-1, -1]).max() < 1e-7


def test_more_steps_than_the_record_has_room_for_are_kept():
    """Room for 256 at first, then twice as many: the same steps as of a run that was asked for few."""
    problem, neurons = paper_network(-2, m=300)
    record, *_ = integrate(neurons, problem, 1e-13)
    short, *_ = integrate(neurons, problem, 1e-13, most_steps=200)
    assert len(record.time) > 256
    for whole, part in zip(record, short, strict=True):
        assert (whole[:200] == part).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_never_climbs(seed):
    problem, neurons = sliding_network(seed=seed)
    record, *_ = integrate(neurons, problem, 1e-8)
    loss = np.mean(record.curve[:, 0] ** 2, axis=1)
    assert (np.diff(loss) <= 1e-8 * loss[0]).all()


def test_events_are_counted_once_each():
    """Two neurons with a < 0 lose both points of an orthogonal pair with positive labels; one keeps all it has."""
    problem = make_problem(np.eye(2), np.array([1.0, 1.0]))
    w = np.array([[0.6, 0.5], [0.5, 0.6], [0.5, 0.6]])
    a = np.linalg.norm(w, axis=1) * [-1.0, -1.0, 1.0]
    neurons = make_neurons(w, a, states_at(w, problem), np.full(3, -3.0))
    _, status, _, crossings, patterns, ambiguous, *_ = integrate(neurons, problem)
    assert (status, crossings, ambiguous) == (termination.CONVERGED, 2, 0)
    assert patterns == 3  # both on; then one of the two off, for each of the two neurons


def test_a_neuron_that_is_found_beyond_its_boundary_does_not_stop_the_flow():
    """What it adds to h jumps there by less than a step may be wrong by, however short the step is cut."""
    problem = make_problem(np.array([[1.0, 0.0], [0.6, 0.8]]), np.array([1.0, 1.0]))
    w = np.array([[0.4, -0.3]]) + 2e-7 * problem.x[1]
    neurons = make_neurons(w, np.linalg.norm(w, axis=1), np.array([[ON, OFF]], dtype=np.int8), np.zeros(1))
    record, status, _, crossings, *_ = integrate(neurons, problem)
    assert (status, crossings) == (termination.CONVERGED, 1)
    assert len(record.time) < 200


def test_long_steps_stay_long_where_a_fitted_mode_jumps():
    """Neurons turn slowly until t = 1e11: a cubic through a jump oscillates, and each step was cut 500 times."""
    x = [
        [-1.329, 0.124, -1.107],
        [-0.587, 0.086, 0.483],
        [-1.072, 0.802, -1.774],
        [0.545, -1.578, -1.275],
        [0.642, -0.406, -0.796],
    ]
    data = data_set(x, [0.0, 0.0, 0.0, 0.0, 1.0], bias=True)
    found = follow_flow(data, start(data, width=5, start="unbalanced"), most_steps=500)
    assert found.record.time[-1] * found.time_unit > 1e10
