"""The labelled trajectory: against SciPy, against closed forms, and under every symmetry of the flow."""

import numpy as np
import pytest
import xarray as xr
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from witness import paper_data, start, witness

from catalog.schema import validate
from pipeline.configuration import DataConfig
from pipeline.data import generate_data
from pipeline.flow import simulate
from pipeline.inputs.errors import RequestError

LIMIT = 1 / np.sqrt(5) + 1 / np.sqrt(1.25)
TIMES = np.linspace(0.0, 40.0, 161)


def half_squared_norm(trajectory, at=-1):
    squares = np.exp(2 * trajectory["log_norm"].values[at])
    return 0.5 * np.sum(squares * (1 + trajectory["output_ratio"].values[at] ** 2))


@pytest.mark.parametrize(
    ("m", "seed", "log10_scale"), [(2, 0, -6), (2, 7, -2), (60, 0, -6), (60, 1, -6), (60, 3, 0)]
)
def test_the_residual_agrees_with_scipy_at_every_tolerance(paper, m, seed, log10_scale):
    init = start(paper, width=m, seed=seed, log10_scale=log10_scale)
    exact = witness(paper, init, TIMES)
    for tolerance in (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9):
        found = simulate(paper, init, tolerance=tolerance, sample_times=TIMES)["residual"].values
        # The witness itself is good for some 1e-9 where kinks matter (large start).
        assert np.abs(found - exact).max() <= tolerance + (3e-9 if log10_scale == 0 else 3e-10)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("m", [300, 1000, 2000])
def test_the_residual_agrees_with_scipy_for_wide_networks(paper, m):
    for seed in (0, 1):
        init = start(paper, width=m, seed=seed)
        exact = witness(paper, init, TIMES)
        for tolerance in (1e-4, 1e-6, 1e-8, 1e-9):
            found = simulate(paper, init, tolerance=tolerance, sample_times=TIMES)["residual"].values
            assert np.abs(found - exact).max() <= tolerance + 3e-10


def test_orthonormal_points_agree_with_scipy():
    data = generate_data(DataConfig(kind="orthonormal", y=[1.2, 0.9, -0.6, -0.7], dimension=9))
    init = start(data, width=40, log10_scale=-4)
    times = np.linspace(0, 90, 91)
    exact = witness(data, init, times)
    for tolerance in (1e-5, 1e-8):
        found = simulate(data, init, tolerance=tolerance, sample_times=times)["residual"].values
        assert np.abs(found - exact).max() <= tolerance


@pytest.mark.parametrize("seed", range(5))
def test_the_paper_s_experiment_ends_at_the_minimum_norm(paper, seed):
    trajectory = simulate(paper, start(paper, seed=seed))
    assert trajectory.attrs["status"] == "converged"
    assert half_squared_norm(trajectory) == pytest.approx(LIMIT, rel=1e-6)
    assert float(trajectory["loss"][-1]) < 1e-23


def test_the_dataset_is_what_the_schema_says(paper):
    trajectory = simulate(paper, start(paper), samples=37)
    validate("trajectory", trajectory)
    assert trajectory.sizes == {"time": 37, "neuron": 60, "coord": 2, "point": 2}
    assert trajectory["coord"].attrs["labels"] == "x bias"
    assert set(np.unique(trajectory["activation"])) <= {1, 2}
    account = {"status", "solver_seconds", "steps", "rejected_steps", "crossings", "patterns", "tolerance"}
    assert account <= set(trajectory.attrs)
    norms = np.linalg.norm(trajectory["direction"].values, axis=2)
    assert np.abs(norms - 1).max() < 1e-14


def test_what_is_stored_agrees_with_itself(paper):
    """Residual, loss, gradient and activation recomputed from the stored weights alone."""
    trajectory = simulate(paper, start(paper, log10_scale=-1), samples=50)
    x, y = paper["x"].values, paper["y"].values
    norm = np.exp(trajectory["log_norm"].values)
    w = norm[..., None] * trajectory["direction"].values
    a = norm * trajectory["output_ratio"].values
    before = w @ x.T
    residual = y - np.sum(a[..., None] * np.maximum(before, 0), axis=1)
    assert trajectory["residual"].values == pytest.approx(residual, abs=1e-13)
    assert trajectory["loss"].values == pytest.approx(np.mean(residual**2, axis=1) / 2, rel=1e-6, abs=1e-25)
    active = trajectory["activation"].values == 2
    assert (before[active] > -1e-14).all()
    assert (before[~active] < 1e-14).all()
    force = (active * residual[:, None, :]) @ x / len(y)
    square = np.sum((a[..., None] * force) ** 2, axis=(1, 2)) + np.sum(np.sum(force * w, axis=2) ** 2, axis=1)
    assert trajectory["gradient_norm"].values == pytest.approx(np.sqrt(square), rel=1e-6, abs=1e-12)


def test_the_gradient_is_the_speed_of_the_weights(paper):
    """|grad L| = |d theta/dt|, by a finite difference of the dense output."""
    times = np.repeat(np.linspace(5, 35, 13), 2)
    times[1::2] += 1e-4
    trajectory = simulate(paper, start(paper), tolerance=1e-9, sample_times=times)
    norm = np.exp(trajectory["log_norm"].values)
    theta = np.concatenate(
        [
            (norm[..., None] * trajectory["direction"].values).reshape(len(times), -1),
            norm * trajectory["output_ratio"],
        ],
        axis=1,
    )
    speed = np.linalg.norm(theta[1::2] - theta[::2], axis=1) / 1e-4
    mean = 0.5 * (trajectory["gradient_norm"].values[1::2] + trajectory["gradient_norm"].values[::2])
    assert speed == pytest.approx(mean, rel=1e-5, abs=1e-10)


@pytest.mark.parametrize("log10_scale", [-6, 0, -1000])
def test_lemma_1_to_twelve_digits(paper, log10_scale):
    """a_j^2 - |w_j|^2 over |w_j|^2, as stored, and no sign of a_j ever flips."""
    trajectory = simulate(paper, start(paper, log10_scale=log10_scale))
    ratio = trajectory["output_ratio"].values
    assert np.abs(ratio**2 - np.linalg.norm(trajectory["direction"].values, axis=2) ** 2).max() <= 1e-12
    assert (np.sign(ratio) == np.sign(ratio[0])).all()


def test_the_sample_times_are_met_and_those_past_the_end_rest(paper):
    times = [0.0, 1.0, 1.0, 30.0, 500.0]
    trajectory = simulate(paper, start(paper), sample_times=times)
    assert trajectory["time"].values.tolist() == times
    free = simulate(paper, start(paper))
    assert trajectory["log_norm"].values[-1] == pytest.approx(free["log_norm"].values[-1], rel=1e-12)


@pytest.mark.parametrize("times", [[], [-1.0, 2.0], [2.0, 1.0], [0.0, np.nan]])
def test_bad_sample_times_are_refused(paper, times):
    with pytest.raises(RequestError, match="sample_times"):
        simulate(paper, start(paper), sample_times=times)


def test_an_end_time_past_the_end_is_kept(paper):
    trajectory = simulate(paper, start(paper), end_time=200.0)
    assert float(trajectory["time"][-1]) == 200.0
    assert trajectory.attrs["status"] == "converged"


def test_phases_of_length_one_are_sampled_in_a_run_of_four_thousand_units(paper):
    trajectory = simulate(paper, start(paper, log10_scale=-1000))
    time, loss = trajectory["time"].values, trajectory["loss"].values
    assert time[-1] > 4000
    assert np.abs(np.diff(loss)).max() < 0.05 * loss[0]  # no drop falls between two samples
    aligning = np.diff(trajectory["direction"].values, axis=0)
    assert np.linalg.norm(aligning, axis=2).max() < 0.55
    assert np.sum(time < 10) > 20


def test_an_unknown_method_is_refused(paper):
    with pytest.raises(RequestError, match=r"flow\.method = 'magic'"):
        simulate(paper, start(paper), method="magic")


def custom(x, y):
    return generate_data(DataConfig(x=np.asarray(x).tolist(), y=np.asarray(y).tolist()))


@settings(max_examples=amount(8, 60))
@given(
    n=st.integers(1, 5),
    extra=st.integers(0, 8),
    m=st.integers(1, 12),
    seed=st.integers(0, 10**6),
    log10_scale=st.floats(-5000, 1),
    zero=st.booleans(),
)
def test_any_orthogonal_input_ends_in_a_result(n, extra, m, seed, log10_scale, zero):
    """One neuron, one point, zero labels, a zero vector, dead networks: finite numbers and an honest status."""
    generator = np.random.default_rng(seed)
    x = np.linalg.qr(generator.standard_normal((n + extra, n)))[0].T * 10 ** generator.uniform(-1, 1, n)[:, None]
    y = generator.standard_normal(n)
    if zero:
        y[0], x[0] = 0.0, 0.0
    data = custom(x, y)
    trajectory = simulate(data, start(data, width=m, seed=seed % 100, log10_scale=log10_scale), samples=20)
    open_decision = ("non_unique",) if trajectory.attrs["ambiguous_events"] else ()
    assert trajectory.attrs["status"] in ("converged", "stationary", *open_decision)
    for name in ("residual", "loss", "gradient_norm", "direction", "log_norm"):
        assert np.isfinite(trajectory[name].values).all()
    loss = trajectory["loss"].values
    assert (np.diff(loss) <= 1e-6 * loss[0] + 1e-300).all()  # a gradient flow never climbs


def test_the_input_is_left_as_it_was(paper):
    init = start(paper)
    before_data, before_init = paper.copy(deep=True), init.copy(deep=True)
    simulate(paper, init)
    xr.testing.assert_identical(paper, before_data)
    xr.testing.assert_identical(init, before_init)


@pytest.fixture(scope="module")
def paper():
    return paper_data()
