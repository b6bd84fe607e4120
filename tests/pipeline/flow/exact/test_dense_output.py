"""Where the samples go, and that what is read there is what the integration had."""

import numpy as np
import pytest
from small_problems import general_problem
from twins import force_on, integrate, paper_network, residual_of, sliding_network

from pipeline import follow_flow, generate_data, initialise, load_config
from pipeline.configuration import InitConfig
from pipeline.flow.exact.build import load_solver
from pipeline.flow.exact.dense_output import evaluate, place_samples
from pipeline.flow.exact.network.activation import SLIDING
from pipeline.flow.exact.network.groups import Neurons
from pipeline.flow.exact.step_record import StepRecord
from pipeline.flow.moments import read_residual
from pipeline.network.points import describe


@pytest.fixture(scope="module", autouse=True)
def compiled():
    load_solver()


def record(length, movement, residual):
    """Steps with the given lengths and movements, and a residual that is constant or falls between them."""
    length, residual = np.asarray(length, float), np.asarray(residual, float)
    curve = np.zeros((len(length), 6, 1))
    curve[:, 0, 0], curve[:, -1, 0] = residual[:-1], residual[1:]
    regrouped = np.zeros(len(length), np.bool_)
    return StepRecord(np.cumsum(length) - length, length, np.asarray(movement, float), curve, regrouped)


def test_half_the_samples_and_more_fall_where_it_moves():
    moving = record([1000, 1, 1000], [0, 1, 0], [1, 1, 0.1, 0.1])
    times = place_samples(moving, 400, 1.0)
    assert np.sum((times >= 1000) & (times <= 1001)) > 250
    assert (times[0], times[-1]) == (0.0, 2001.0)
    assert (np.diff(times) > 0).all()
    assert np.diff(times).max() < 2001 / 20


def test_a_steady_run_is_sampled_evenly():
    steady = record([1, 1, 1, 1], [1, 1, 1, 1], [1, 0.5, 0.25, 0.125, 0.0625])
    assert place_samples(steady, 9, 1.0) == pytest.approx(np.linspace(0, 4, 9))


@pytest.mark.parametrize("end_time", [None, 7.0])
def test_a_run_without_steps_has_its_samples(end_time):
    times = place_samples(record([], [], [1]), 5, 1.0, end_time)
    assert times == pytest.approx(np.linspace(0, end_time or 0, 5))


def test_rest_after_the_record_is_sampled_too():
    times = place_samples(record([1, 1], [1, 1], [1, 0.5, 0.1]), 50, 1.0, 20.0)
    assert times[-1] == 20.0
    assert 3 < np.sum(times > 2) < 25


def as_neurons(taken, i, neurons):
    """Sample i as the kernels hold a network."""
    ratio = taken.output_ratio[i]
    z = np.column_stack([taken.direction[i], ratio, ratio**2 - 1.0])
    return Neurons(z, taken.log_norm[i], neurons.sign, taken.state[i])


@pytest.mark.parametrize("made", [lambda: sliding_network(seed=1), lambda: paper_network(-2)])
def test_what_is_read_agrees_with_itself(made):
    """The stored residual and gradient are those of the stored neurons, by the definitions."""
    problem, neurons = made()
    taken, *_ = evaluate(neurons, problem, integrate(neurons, problem)[0], np.linspace(0, 30, 23), 0, 1e-6)
    assert np.linalg.norm(taken.direction, axis=2) == pytest.approx(1.0, abs=1e-14)
    for i in range(23):
        network = as_neurons(taken, i, neurons)
        assert taken.residual[i] == pytest.approx(residual_of(network, problem), abs=1e-13)
        preactivation = network.z[:, :2] @ problem.x.T / problem.length
        assert np.abs(preactivation[network.state == SLIDING]).max(initial=0.0) < 1e-14
        square = 0.0
        for j, state in enumerate(network.state):
            force = force_on(state, taken.residual[i], problem)
            w, a = np.exp(taken.log_norm[i, j]) * np.array([1.0, taken.output_ratio[i, j]])
            square += a**2 * force @ force + (w * taken.direction[i, j] @ force) ** 2
        assert taken.gradient_norm[i] == pytest.approx(np.sqrt(square), rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_a_sample_within_a_step_is_the_end_of_a_shorter_run(seed):
    """Dense output against integrating to that time, crossings and sliding included."""
    problem, neurons = sliding_network(seed=seed)
    times = np.array([0.7, 1.9, 3.3, 6.1])
    taken, *_ = evaluate(neurons, problem, integrate(neurons, problem, 1e-9, 10.0)[0], times, 0, 1e-6)
    for i, time in enumerate(times):
        end, *_ = evaluate(neurons, problem, integrate(neurons, problem, 1e-9, time)[0], np.array([time]), 0, 1e-6)
        assert taken.residual[i] == pytest.approx(end.residual[0], abs=1e-7)
        assert taken.direction[i] == pytest.approx(end.direction[0], abs=1e-5)
        assert taken.log_norm[i] == pytest.approx(end.log_norm[0], abs=1e-5)


def test_a_run_can_be_read_in_blocks_of_time():
    problem, neurons = sliding_network()
    run, times = integrate(neurons, problem)[0], np.linspace(0, 40, 31)
    whole, *_ = evaluate(neurons, problem, run, times, 0, 1e-6)
    parts, now, first = [], neurons, 0
    for block in np.array_split(times, 4):
        taken, now, first = evaluate(now, problem, run, block, first, 1e-6)
        parts.append(taken)
    for i, name in enumerate(whole._fields):
        joined = np.concatenate([part[i] for part in parts])
        if name == "state":
            assert (joined == whole[i]).all()
        else:
            assert joined == pytest.approx(whole[i], rel=1e-9, abs=1e-9)


def test_past_the_record_s_end_the_network_rests():
    problem, neurons = paper_network(-1)
    run = integrate(neurons, problem)[0]
    end = run.time[-1] + run.length[-1]
    taken, *_ = evaluate(neurons, problem, run, np.array([end, end + 1.0, 100.0 * end]), 0, 1e-6)
    for values in taken:
        assert (values[1:] == values[0]).all()
    assert taken.residual[0] == pytest.approx(run.curve[-1, -1], abs=1e-12)


def test_the_start_is_read_as_it_was():
    problem, neurons = sliding_network()
    taken, *_ = evaluate(neurons, problem, integrate(neurons, problem)[0], np.array([0.0]), 0, 1e-6)
    norm = np.linalg.norm(neurons.z[:, :2], axis=1)
    assert taken.direction[0] == pytest.approx(neurons.z[:, :2] / norm[:, None], rel=1e-15)
    assert taken.log_norm[0] == pytest.approx(neurons.log_scale + np.log(norm), rel=1e-15)
    assert (taken.state[0] == neurons.state).all()


def test_where_many_cross_a_sample_is_what_it_is_alone():
    """The reading goes on from where many have crossed; alone, a sample is read from its step's start."""
    config = load_config("orthogonal", {"init.width": 3000})
    data = generate_data(config.data)
    course = follow_flow(data, initialise(data, config.init))
    start, problem, steps = course.reduced.neurons, course.reduced.problem, course.record
    times = np.linspace(steps.time[3], steps.time[4], 12)[1:-1]
    together, _, _ = evaluate(start, problem, steps, times, 0, course.allowed)
    assert (together.state[0] != together.state[-1]).any(axis=1).sum() > 256
    for i in (0, 5, 9):
        alone, _, _ = evaluate(start, problem, steps, times[i : i + 1], 0, course.allowed)
        assert (together.state[i] == alone.state[0]).all()
        for name in ("direction", "log_norm", "output_ratio"):
            found, known = getattr(together, name)[i], getattr(alone, name)[0]
            assert found == pytest.approx(known, abs=1e-6), name
        assert together.gradient_norm[i] == pytest.approx(alone.gradient_norm[0], rel=1e-6)


@pytest.mark.parametrize("tolerance", [1e-5, 1e-6, 1e-8])
def test_neurons_that_shrink_by_hundreds_of_e_folds_are_read_as_they_were_followed(tolerance):
    """The integration reads them back after every six e-folds; without that their rounding grew to 1e228 here."""
    x, y = general_problem(45)
    data = describe(x, y, ["x1", "x2", "x3"])
    start = initialise(data, InitConfig(width=17, seed=45, log10_scale=-1000))
    course = follow_flow(data, start, tolerance=tolerance)
    assert course.record.regrouped.any()
    times = np.array([5.0, 7.0, 8.0, 9.0, 10.0, 12.0, 15.0, 17.0, 19.0]) * 1000 * np.log(10)
    read = course.reduced.residual(read_residual(course.record, times / course.time_unit))
    np.testing.assert_allclose(course.look(times)["residual"], read, atol=10 * tolerance)


def test_a_sample_within_a_stiff_step_is_as_right_as_the_step_s_end():
    """Of a mode that is fitted a quadratic lacks what no middle shows: 3.1 tolerances were missing here."""
    config = load_config("non-orthogonal-large", {"init.seed": 2})
    data = generate_data(config.data)
    found, exact = (follow_flow(data, initialise(data, config.init), tolerance=aim) for aim in (1e-7, 1e-10))
    begin, length = found.record.time[:, None], found.record.length[:, None]
    times = found.time_unit * np.unique(begin + length * np.array([0.0, 0.2, 0.5, 0.8]))
    read, curve = found.look(times)["residual"].values, read_residual(found.record, times / found.time_unit)
    right, allowed = exact.look(times)["residual"].values, 1e-7 * np.linalg.norm(data["y"])
    for residual in (read, found.reduced.residual(curve)):
        assert np.linalg.norm(residual - right, axis=1).max() < allowed
