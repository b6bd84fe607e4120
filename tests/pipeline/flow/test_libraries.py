"""SciPy's and diffrax's solvers as methods: the same trajectory, and a status where they give up."""

import sys
from contextlib import contextmanager

import numpy as np
import pytest
from witness import paper_data, start, witness

from catalog.schema import validate
from pipeline.configuration import METHODS as ALLOWED
from pipeline.configuration import DataConfig
from pipeline.data import generate_data
from pipeline.flow import libraries
from pipeline.flow.libraries import METHODS
from pipeline.flow.methods import METHODS as EVERY_METHOD
from pipeline.flow.methods import simulate_by
from pipeline.inputs.errors import RequestError

TIMES = np.linspace(0.0, 8.0, 17)


def solve(method, data, init, **options):
    defaults = {
        "end_time": None, "tolerance": 1e-6, "times": None, "samples": 400, "slope": 0.0, "step_size": 1e-3,
    }  # fmt: skip
    return simulate_by(method, data, init, **defaults | options)


@pytest.fixture(scope="module")
def paper():
    return paper_data()


@pytest.fixture(scope="module")
def small(paper):
    """Few neurons and a middle size: implicit methods solve for all weights at each step."""
    return start(paper, width=4, seed=1, log10_scale=-1.0)


@pytest.fixture(scope="module")
def exact(paper, small):
    return witness(paper, small, TIMES)


COMPILED_FOR_SECONDS = ("diffrax:Dopri8", "diffrax:Kvaerno5")


@pytest.mark.parametrize(
    "method",
    [pytest.param(name, marks=pytest.mark.slow if name in COMPILED_FOR_SECONDS else ()) for name in METHODS],
)
def test_each_agrees_with_the_witness(paper, small, exact, method):
    trajectory = solve(method, paper, small, times=TIMES)
    validate("trajectory", trajectory)
    assert trajectory.attrs["method"] == method
    assert trajectory.attrs["status"] == "end_time"
    assert trajectory.attrs["steps"] > 0
    assert trajectory.attrs["slope"] == 0.0
    assert "step_size" not in trajectory.attrs
    assert trajectory["time"].values.tolist() == TIMES.tolist()
    assert np.abs(trajectory["residual"].values - exact).max() < 2e-5
    drift = trajectory["output_ratio"].values ** 2 - 1.0
    assert np.abs(drift).max() < 1e-4  # Lemma 1, as far as a general solver keeps it


@pytest.mark.parametrize("method", ["scipy:RK45", pytest.param("diffrax:Tsit5", marks=pytest.mark.slow)])
def test_the_paper_s_start_is_followed(paper, method):
    """The absolute tolerance is far below weights of 1e-7."""
    init = start(paper)
    times = np.linspace(0.0, 40.0, 81)
    found = solve(method, paper, init, tolerance=1e-8, times=times)
    assert np.abs(found["residual"].values - witness(paper, init, times)).max() < 5e-7


def test_the_smallest_start_is_followed(paper):
    init = start(paper, width=20, log10_scale=-149.0, per_sqrt_width=False)
    found = solve("scipy:DOP853", paper, init, tolerance=1e-7, end_time=400.0, samples=41)
    assert found.attrs["status"] == "end_time"
    assert float(found["loss"][-1]) < 0.26


@pytest.mark.parametrize("method", ["scipy:DOP853", pytest.param("diffrax:Dopri8", marks=pytest.mark.slow)])
def test_a_leaky_relu_is_followed(method):
    data = generate_data(DataConfig(x=[[1.0, 0.2], [-0.7, 1.0], [0.3, -1.0]], y=[1.0, -0.5, 0.4]))
    init = start(data, width=5, log10_scale=-0.5)
    found = solve(method, data, init, slope=0.3, tolerance=1e-8, times=TIMES)
    steps = np.array([4e-4, 2e-4])
    errors = [
        np.abs(
            solve("gradient_descent", data, init, slope=0.3, step_size=s, times=TIMES)["residual"].values
            - found["residual"].values
        ).max()
        for s in steps
    ]
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(2.0, abs=0.1)


def test_without_times_samples_are_even(paper, small):
    trajectory = solve("scipy:RK45", paper, small, end_time=3.0, samples=7)
    assert trajectory["time"].values == pytest.approx(np.linspace(0.0, 3.0, 7))
    past = solve("scipy:RK45", paper, small, end_time=3.0, times=np.array([0.0, 3.0, 5.0]))
    assert past["log_norm"].values[1] == pytest.approx(past["log_norm"].values[2], abs=0.0)
    assert past["log_norm"].values[1] == pytest.approx(trajectory["log_norm"].values[-1], rel=1e-12)


@pytest.mark.parametrize("method", ["scipy:RK45", "diffrax:Tsit5"])
def test_a_run_of_no_length_is_its_start(paper, small, method):
    trajectory = solve(method, paper, small, times=np.zeros(2))
    assert trajectory.attrs["status"] == "end_time"
    assert trajectory["log_norm"].values == pytest.approx(np.tile(small["log_norm"].values, (2, 1)))


@pytest.mark.parametrize("name", ["RK45", "DOP853"])
def test_refused_steps_are_counted(paper, small, monkeypatch, name):
    """Against the attempts themselves, counted inside SciPy."""
    from scipy.integrate._ivp import rk

    attempts = []
    original = rk.rk_step
    monkeypatch.setattr(rk, "rk_step", lambda *given: attempts.append(1) or original(*given))
    trajectory = solve(f"scipy:{name}", paper, small, end_time=8.0)
    assert trajectory.attrs["rejected_steps"] > 0
    assert trajectory.attrs["steps"] + trajectory.attrs["rejected_steps"] == len(attempts)


@contextmanager
def compiled_anew(method):
    """Leave the compiled solvers of the other tests alone where SciPy's do the work: each took seconds."""
    if method.startswith("diffrax"):
        libraries._compiled.cache_clear()
    yield
    if method.startswith("diffrax"):
        libraries._compiled.cache_clear()


@pytest.mark.parametrize("method", ["scipy:RK45", pytest.param("diffrax:Tsit5", marks=pytest.mark.slow)])
def test_too_many_steps_are_a_status(paper, small, monkeypatch, method):
    monkeypatch.setattr(libraries, "MOST_STEPS", 10)
    with compiled_anew(method):
        trajectory = solve(method, paper, small, times=TIMES)
    assert trajectory.attrs["status"] == "out_of_steps"
    assert 1 <= trajectory.sizes["time"] < len(TIMES)
    assert trajectory["time"].values.tolist() == TIMES[: trajectory.sizes["time"]].tolist()
    assert np.isfinite(trajectory["residual"].values).all()
    late = solve(method, paper, small, times=TIMES[-1:]) if "scipy" in method else None
    if late is not None:
        assert late["time"].values.tolist() == [0.0]


@pytest.mark.parametrize(
    "method",
    ["scipy:RK45", "scipy:Radau", "scipy:LSODA", pytest.param("diffrax:Tsit5", marks=pytest.mark.slow)],
)
def test_weights_that_overflow_are_a_status(method, monkeypatch):
    """Inputs of 1e45 under weights of 1e50: the first right-hand side is no float."""
    monkeypatch.setattr(libraries, "MOST_STEPS", 300)
    monkeypatch.setattr(libraries, "MOST_IMPLICIT_STEPS", 300)
    data = generate_data(DataConfig(x=[[1e45]], y=[1.0]))
    init = start(data, width=2, log10_scale=49.9, per_sqrt_width=False)
    init["direction"][:] = 1.0
    init["output_ratio"][:] = 1e0
    with compiled_anew(method):
        trajectory = solve(method, data, init, end_time=1e40, samples=3)
    assert trajectory.attrs["status"] in ("stalled", "diverged", "out_of_steps")
    assert np.isfinite(trajectory["log_norm"].values).all()


def test_jax_is_left_in_its_own_precision(paper, small):
    import jax

    assert not jax.config.jax_enable_x64  # no test before this one has switched it on for good
    trajectory = solve("diffrax:Tsit5", paper, small, tolerance=1e-10, times=TIMES)
    assert trajectory["residual"].dtype == np.float64
    assert jax.numpy.ones(1).dtype == np.float32


def test_a_shape_is_compiled_once(paper, small):
    before = libraries._compiled.cache_info().hits
    for seed in range(3):
        solve("diffrax:Tsit5", paper, start(paper, width=4, seed=seed, log10_scale=-1), times=TIMES)
    assert libraries._compiled.cache_info().hits - before >= 2  # the first may find it compiled by another test


def test_a_library_that_is_missing_is_named_with_its_extra(paper, small, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffrax", None)
    with pytest.raises(RequestError, match=r"flow\.method = 'diffrax:Tsit5'.*pip install 'reluflow\[witnesses\]'"):
        solve("diffrax:Tsit5", paper, small, end_time=1.0)


@pytest.mark.parametrize("method", METHODS)
def test_a_library_needs_an_end(paper, small, method):
    with pytest.raises(RequestError, match=rf"flow\.end_time = None: .* flow\.method = '{method}'") as refused:
        solve(method, paper, small)
    assert "\n" not in str(refused.value)


def test_an_unknown_method_is_refused_with_those_that_are_known(paper, small):
    with pytest.raises(RequestError, match=r"flow\.method = 'scipy:magic': allowed are 'exact', ") as refused:
        solve("scipy:magic", paper, small, end_time=1.0)
    assert all(repr(method) in str(refused.value) for method in EVERY_METHOD)


def test_the_configuration_allows_the_same_methods():
    assert set(EVERY_METHOD) == set(ALLOWED)


@pytest.mark.parametrize("method", ["scipy:RK45", "diffrax:Tsit5", "gradient_descent"])
def test_more_samples_than_memory_holds_are_refused(paper, small, method):
    with pytest.raises(RequestError, match=r"flow\.samples = 100000000: at most \d+ of 4 neurons"):
        solve(method, paper, small, end_time=1.0, samples=100_000_000)


def test_weights_that_are_no_floats_are_refused(paper):
    with pytest.raises(RequestError, match=r"init\.log10_scale"):
        solve("scipy:RK45", paper, start(paper, log10_scale=-1000), end_time=1.0)
