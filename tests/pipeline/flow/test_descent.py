"""Gradient descent: against its plain twin, against the paper's figure 3, and where it leaves the flow."""

import numpy as np
import pytest
from amounts import with_slow
from balanced_descent import random_data_set, settled_residuals
from hypothesis import given
from hypothesis import strategies as st
from witness import paper_data, start, witness

from catalog.schema import validate
from pipeline.configuration import DataConfig, load_config
from pipeline.data import generate_data
from pipeline.flow import initialise, simulate
from pipeline.flow.descent import BALANCED, PLAIN, KeptIterations
from pipeline.flow.gradient_descent_kernels import (
    BLOCK,
    FITTED,
    ON_ITS_WAY,
    RAN_AWAY,
    descend,
    in_blocks,
    out_of_blocks,
)
from pipeline.flow.methods import simulate_by
from pipeline.inputs.errors import RequestError

TOY = DataConfig(x=[[-1.5], [-1.0], [0.0], [0.25], [2.0]], y=[0.7, -0.3, -0.3, 0.4, 0.2], bias=True)


def descent(data, init, method=PLAIN, **options):
    defaults = {
        "end_time": None, "tolerance": 1e-6, "times": None, "samples": 400, "slope": 0.0, "step_size": 1e-3,
    }  # fmt: skip
    return simulate_by(method, data, init, **defaults | options)


def twin(x, y, w, a, step_size, slope, iterations, restored):
    """The iteration as one would write it down: w -= step_size grad of the mean squared error."""
    sign = np.sign(a)
    for _ in range(iterations):
        before = w @ x.T
        gate = np.where(before > 0.0, 1.0, slope)
        r = y - a @ (gate * before)
        force = 2.0 / len(y) * (gate * r) @ x
        w, a = w + step_size * a[:, None] * force, a + step_size * np.sum(force * w, axis=1)
        if restored:
            a = sign * np.linalg.norm(w, axis=1)
    return w, a


def random_network(m, d, n, seed, balanced):
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((n, d)), generator.standard_normal(n)
    w = generator.standard_normal((m, d)) / m
    sign = generator.choice([-1.0, 1.0], m)
    a = sign * (np.linalg.norm(w, axis=1) if balanced else generator.uniform(0.1, 1.0, m) / m)
    return x, y, w, a


@pytest.mark.parametrize("restored", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.3])
@pytest.mark.parametrize(
    ("m", "d", "n"), [(1, 1, 1), (60, 2, 2), (7, 3, 5), (BLOCK + 1, 2, 4), (1000, 2, 3), (50, 30, 20)]
)
def test_the_compiled_loop_is_its_twin(m, d, n, slope, restored):
    x, y, w, a = random_network(m, d, n, m, restored)
    expected = twin(x, y, w, a, 0.01, slope, 300, restored)
    network = in_blocks(w, a, balanced=restored)
    assert descend(network, (x, y), 2.0 * 0.01 / n, slope, 0.0, 300) == (300, ON_ITS_WAY)
    for found, wanted in zip(out_of_blocks(network, m), expected, strict=True):
        assert np.abs(found - wanted).max() <= 1e-12
    assert np.abs(expected[0] - w).max() > 1e-2  # it went somewhere


def test_stopping_and_going_on_changes_nothing():
    x, y, w, a = random_network(300, 2, 3, 0, False)
    whole, parts = in_blocks(w, a, balanced=False), in_blocks(w, a, balanced=False)
    descend(whole, (x, y), 0.01, 0.0, 0.0, 100)
    for part in (1, 0, 60, 39):
        assert descend(parts, (x, y), 0.01, 0.0, 0.0, part) == (part, ON_ITS_WAY)
    assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_the_loop_stops_where_it_fits_and_where_it_overflows():
    x, y = np.eye(2), np.array([1.0, -1.0])
    w, a = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, -1.0])
    assert descend(in_blocks(w, a, balanced=False), (x, y), 0.1, 0.0, 1e-20, 100) == (0, FITTED)
    network = in_blocks(2.0 * w, a, balanced=False)
    done, state = descend(network, (x, y), 0.1, 0.0, 1e-20, 1000)
    assert state == FITTED
    w1, a1 = out_of_blocks(network, 2)
    assert np.sum((y - a1 @ np.maximum(w1 @ x.T, 0)) ** 2) <= 1e-20
    assert 0 < done < 1000
    done, state = descend(in_blocks(2.0 * w, a, balanced=False), (x, y), 100.0, 0.1, 1e-20, 1000)
    assert state == RAN_AWAY
    assert done < 20
    # A NaN is not taken for an inactive neuron.
    weights = in_blocks(w, np.array([np.nan, 1.0]), balanced=False)
    assert descend(weights, (x, y), 0.1, 0.0, 1e-20, 5) == (0, RAN_AWAY)


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_on_a_boundary_the_derivative_is_that_of_the_other_side(slope):
    """relu'(0) = 0: a neuron exactly on the boundary of its only point is not moved."""
    x, y, w = np.array([[1.0, 0.0]]), np.array([1.0]), np.array([[0.0, 1.0]])
    network = in_blocks(w, np.array([0.5]), balanced=False)
    descend(network, (x, y), 0.1, slope, 0.0, 1)
    moved, _ = out_of_blocks(network, 1)
    assert moved.tolist() == [[0.1 * slope * 0.5, 1.0]]


@pytest.mark.parametrize("size", [1e-100, 1e-152, 1e-160, 1e-200])
def test_balance_is_kept_where_squares_underflow(size):
    """A sliding neuron shrinks by many e-folds: its a must follow."""
    x, y, w, a = random_network(5, 3, 4, 1, True)
    network = in_blocks(size * w, size * a, balanced=True)
    descend(network, (x, y), 0.01, 0.0, 0.0, 50)
    moved, output = out_of_blocks(network, 5)
    assert np.abs(output / size) == pytest.approx(np.linalg.norm(moved / size, axis=1), rel=1e-13)
    assert not np.allclose(moved, size * w, rtol=1e-3, atol=0.0)


@pytest.mark.parametrize("method", [PLAIN, BALANCED])
def test_figure_3_of_the_paper(method):
    """Off the first saddle near iteration 5,000 and off the second near 11,000 (the notebooks' step of 1e-3)."""
    config = load_config("orthogonal")
    data = generate_data(config.data)
    iterations = np.arange(0, 20_001, 10)
    trajectory = descent(data, initialise(data, config.init), method, times=2e-3 * iterations)
    loss = trajectory["loss"].values
    assert trajectory.attrs["steps"] == 20_000
    assert loss[0] == pytest.approx(0.5, rel=1e-9)
    first = iterations[np.argmax(loss < 0.99 * loss[0])]
    saddle = loss[iterations == 8_500][0]
    second = iterations[np.argmax(loss < 0.99 * saddle)]
    assert saddle == pytest.approx(0.25, rel=1e-3)
    assert 4_700 < first < 5_500
    assert 10_000 < second < 11_500
    assert loss[-1] < 1e-10


@pytest.mark.parametrize("method", [PLAIN, BALANCED])
def test_its_error_falls_like_the_step(method):
    data = paper_data()
    init = start(data, width=20, log10_scale=-1, seed=3)
    times = np.linspace(0.0, 10.0, 26)
    flow = witness(data, init, times)
    steps = np.array([4e-3, 2e-3, 1e-3, 5e-4])
    errors = [
        np.abs(descent(data, init, method, times=times, step_size=s)["residual"].values - flow).max()
        for s in steps / 8  # so that the times are whole iterations
    ]
    order = np.diff(np.log(errors)) / np.diff(np.log(steps))
    assert order == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("method", "expected"), [(PLAIN, 0.0318158), pytest.param(BALANCED, 0.0, marks=pytest.mark.slow)]
)
def test_without_balance_it_ends_in_another_basin(method, expected):
    """Output weights flip, and the loss stays at the second saddle's for ever."""
    data = generate_data(TOY)
    trajectory = descent(data, start(data), method)
    sign = np.sign(trajectory["output_ratio"].values)
    flipped = np.count_nonzero(sign[-1] != sign[0])
    assert float(trajectory["loss"][-1]) == pytest.approx(expected, abs=1e-7)
    if method == PLAIN:
        assert trajectory.attrs["status"] == "stationary"
        assert flipped == 14
        assert trajectory["output_ratio"].values.min() == pytest.approx(-1.0, abs=0.1)
    else:
        assert trajectory.attrs["status"] == "converged"
        assert flipped == 0
        assert np.abs(np.abs(trajectory["output_ratio"].values) - 1.0).max() <= 1e-13


@pytest.mark.parametrize("seed", with_slow([9, 20], [2, 3]))  # balanced, and not
def test_it_agrees_with_the_independent_witness(seed):
    data, init = random_data_set(seed)
    times = np.linspace(0.0, 20.0, 21)
    balanced = np.abs(np.abs(init["output_ratio"].values) - 1.0).max() < 1e-9
    found = descent(data, init, BALANCED if balanced else PLAIN, times=times, step_size=2e-5)
    witnessed = settled_residuals(data, init, times)
    assert witnessed.error < 2e-4
    assert np.abs(found["residual"].values - witnessed.residual).max() <= witnessed.error


def test_the_witness_agrees_with_scipy_where_nothing_slides():
    data = paper_data()
    times = np.linspace(0.0, 25.0, 26)
    for seed, log10_scale in ((0, -3.0), (1, 0.0)):
        init = start(data, width=10, seed=seed, log10_scale=log10_scale)
        witnessed = settled_residuals(data, init, times)
        assert witnessed.error < 2e-4
        assert np.abs(witnessed.residual - witness(data, init, times)).max() <= witnessed.error


def test_the_dataset_is_what_the_schema_says():
    data = paper_data()
    trajectory = descent(data, start(data, width=30), samples=37)
    validate("trajectory", trajectory)
    assert dict(trajectory.sizes) == {"time": 37, "neuron": 30, "coord": 2, "point": 2}
    assert trajectory.attrs["status"] == "converged"
    assert trajectory.attrs["step_size"] == 1e-3
    assert trajectory.attrs["slope"] == 0.0
    time = trajectory["time"].values
    assert time[0] == 0.0
    assert time[-1] == pytest.approx(2e-3 * trajectory.attrs["steps"])
    assert np.diff(time).max() <= 3.0 * np.diff(time)[:-1].min()  # evenly, as far as halving allows
    assert float(trajectory["loss"][-1]) < 1e-23


def test_times_are_answered_by_the_nearest_iteration():
    data = paper_data()
    init = start(data, width=9, log10_scale=-1)
    times = [0.0, 0.0049, 0.0151, 0.0151, 2.0]
    found = descent(data, init, times=np.array(times), step_size=5e-3)
    whole = descent(data, init, times=np.array([0.0, 0.0, 0.02, 0.02, 2.0]), step_size=5e-3)
    assert found["time"].values.tolist() == times
    assert np.array_equal(found["log_norm"].values, whole["log_norm"].values)
    assert not np.array_equal(found["log_norm"].values[0], found["log_norm"].values[2])


def test_an_end_time_is_met_and_what_fits_rests():
    data = paper_data()
    init = start(data, width=30)
    short = descent(data, init, end_time=3.0, samples=11)
    assert short.attrs["status"] == "end_time"
    assert short.attrs["steps"] == 1500
    assert short["time"].values == pytest.approx(np.linspace(0.0, 3.0, 11))
    long = descent(data, init, end_time=500.0, samples=101)
    free = descent(data, init)
    assert long.attrs["status"] == "converged"
    assert float(long["time"][-1]) == 500.0
    assert np.array_equal(long["log_norm"].values[-1], free["log_norm"].values[-1])
    only = descent(data, init, times=np.array([0.0]))
    assert dict(only.sizes)["time"] == 1
    assert only.attrs["steps"] == 0


def test_a_step_too_large_ends_in_a_status_and_finite_numbers():
    data = paper_data()
    init = start(data, width=9, log10_scale=0.5)
    for options in ({}, {"end_time": 1e4}, {"times": np.array([10.0, 500.0])}):
        trajectory = descent(data, init, step_size=1.0, slope=0.1, **options)  # a ReLU would die instead
        assert trajectory.attrs["status"] == "diverged"
        assert "step is too large" in trajectory.attrs["status_message"]
        assert trajectory.sizes["time"] >= 1
        for name in ("residual", "loss", "log_norm", "direction", "gradient_norm"):
            assert np.isfinite(trajectory[name].values).all()
    assert float(trajectory["time"][-1]) < 500.0


def test_a_run_without_end_is_ended(monkeypatch):
    data = paper_data()
    monkeypatch.setattr("pipeline.flow.descent.MOST_ITERATIONS", 5000)
    free = descent(data, start(data))
    assert free.attrs["status"] == "out_of_steps"
    assert free.attrs["steps"] == 5000
    assert float(free["time"][-1]) == 10.0
    given = descent(data, start(data), times=np.array([0.0, 9.0, 11.0, 1e300]))
    assert given.attrs["status"] == "out_of_steps"
    assert given["time"].values.tolist() == [0.0, 9.0]


@pytest.mark.parametrize("method", [PLAIN, BALANCED])
def test_a_network_that_is_dead_is_stationary(method):
    data = generate_data(DataConfig(x=[[1.0, 0.0]], y=[1.0]))
    init = start(data, width=3)
    init["direction"][:] = [-1.0, 0.5]
    init["direction"] /= np.linalg.norm(init["direction"].values, axis=1)[0]
    trajectory = descent(data, init, method)
    assert trajectory.attrs["status"] == "stationary"
    assert float(trajectory["loss"][-1]) == 0.5


def test_the_smallest_start_is_followed():
    """At 1e-140 a rest is judged by each neuron's own size, or the origin would pass for the end."""
    data = paper_data()
    trajectory = descent(data, start(data, log10_scale=-140.0), step_size=1e-2)
    assert trajectory.attrs["status"] == "converged"


def test_more_coordinates_than_points_are_left_as_they_are():
    data = generate_data(DataConfig(kind="orthonormal", points=3, dimension=40))
    init = start(data, width=8, log10_scale=-1)
    found = descent(data, init, BALANCED, times=np.array([0.0, 30.0]), step_size=1e-2)
    norm = np.exp(init["log_norm"].values)
    w, a = twin(
        data["x"].values, data["y"].values, norm[:, None] * init["direction"].values,
        norm * init["output_ratio"].values, 1e-2, 0.0, 1500, True,
    )  # fmt: skip
    size = np.exp(found["log_norm"].values[-1])
    assert size[:, None] * found["direction"].values[-1] == pytest.approx(w, abs=1e-12)
    assert size * found["output_ratio"].values[-1] == pytest.approx(a, abs=1e-12)


def test_the_input_is_left_as_it_was():
    data = paper_data()
    init = start(data)
    before = data.copy(deep=True), init.copy(deep=True)
    descent(data, init, end_time=1.0)
    assert data.identical(before[0])
    assert init.identical(before[1])


def test_read_only_data_in_another_layout_is_taken_without_compiling_again():
    data = paper_data()
    init = start(data, width=3)
    descent(data, init, end_time=0.1)
    compiled = len(descend.signatures)
    odd = data.copy(deep=True)
    odd["x"].values = np.asfortranarray(odd["x"].values)
    odd["x"].values.flags.writeable = False
    odd["y"].values.flags.writeable = False
    assert descent(odd, init, end_time=0.1).attrs["steps"] == 50
    assert len(descend.signatures) == compiled


@pytest.mark.parametrize("options", [{"end_time": 5.0}, {"times": np.array([0.0, 1.0])}])
def test_a_step_next_to_nothing_ends_too(monkeypatch, options):
    monkeypatch.setattr("pipeline.flow.descent.MOST_ITERATIONS", 100)
    data = paper_data()
    trajectory = descent(data, start(data, width=3), step_size=1e-310, **options)
    assert trajectory.attrs["status"] == "out_of_steps"
    assert trajectory["time"].values.tolist() == [0.0]


@pytest.mark.parametrize("step_size", [0.0, -1e-3, np.nan, np.inf])
def test_a_step_that_is_none_is_refused(step_size):
    data = paper_data()
    with pytest.raises(RequestError, match=r"step_size = .*a finite number above 0 is allowed"):
        simulate(data, start(data), method="gradient_descent", step_size=step_size)


def test_an_unbalanced_start_is_refused_by_the_balanced_descent():
    data = paper_data()
    init = start(data, width=4)
    init["output_ratio"] = 0.5 * init["output_ratio"]
    with pytest.raises(RequestError, match=r"only balanced starts.*'gradient_descent:balanced'"):
        descent(data, init, BALANCED)
    assert descent(data, init, PLAIN, end_time=0.1).attrs["status"] == "end_time"


@given(
    count=st.integers(2, 20),
    last=st.integers(0, 3000),
)
def test_evenly_kept_iterations_are_even_whatever_the_length(count, last):
    network = in_blocks(np.zeros((1, 1)), np.zeros(1), balanced=False)
    kept = KeptIterations(1, 1, None, count)
    for iteration in range(last + 1):
        if kept.due() <= iteration:
            network.a[:] = iteration
            kept.take(iteration, network)
    network.a[:] = last
    kept.close(last, network)
    found = kept.iterations
    assert np.array_equal(kept.a[:, 0], found)
    assert found[0] == 0
    assert found[-1] == last
    assert len(found) == min(count, last + 1)
    gaps = np.diff(found)
    assert (gaps > 0).all()
    if len(gaps) > 1:
        assert gaps[:-1].max() <= 2 * gaps[:-1].min() + 1
