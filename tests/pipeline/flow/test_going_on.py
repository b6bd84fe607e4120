"""Going on from the middle of a run gives the run's own residuals, on every preset."""

import numpy as np
import pytest

from pipeline import generate_data, initialise, load_config, simulate, start_from
from pipeline.configuration import presets

SAMPLES = (10, 25, 40)
"""Of 60, from which it goes on."""
LARGE = {"high-dimensional": 400.0, "student": 30.0, "teacher-student": 100.0, "digits": 6.0}
"""The presets of seconds, and how far they are followed."""
SMALL = [name for name in presets() if name not in LARGE]


def follow(name, first, until=None, seed=None):
    """The run and those that go on from it: the largest root mean square difference, in its tolerances."""
    config = load_config(name, {} if seed is None else {"init.seed": seed})
    data, flow = generate_data(config.data), config.flow
    how = {"tolerance": flow.tolerance, "slope": flow.slope}
    run = simulate(data, initialise(data, config.init), samples=60, end_time=until, **how)
    times, residual = run["time"].values, run["residual"].values
    unit = flow.tolerance * np.sqrt(max(np.mean(data["y"].values ** 2), np.mean(residual[0] ** 2)))
    for sample in first:
        later = times > times[sample]
        instants = [0.0, *(times[later] - times[sample])]
        found = simulate(data, start_from(run, times[sample]), sample_times=instants, **how)["residual"].values
        np.testing.assert_allclose(found[0], residual[sample], atol=1e-6 * unit / flow.tolerance)
        yield float(np.sqrt(np.mean((found[1:] - residual[later]) ** 2, axis=1)).max() / unit)


@pytest.mark.parametrize("name", SMALL)
def test_going_on_gives_the_run_s_own_residuals(name):
    """In ``small-width`` from t = 88 two neurons rest on a boundary, where rounding of w would put them on."""
    assert max(follow(name, SAMPLES)) < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_going_on_from_many_starts_and_instants(name):
    """In ``non-orthogonal-large`` 2.5 tolerances were missing inside its long steps."""
    for seed in range(12):
        assert max(follow(name, range(5, 55, 5), seed=seed)) < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_going_on_in_the_large_presets(name):
    assert max(follow(name, SAMPLES[1:], LARGE[name])) < 1.0


def test_a_neuron_that_rests_on_a_boundary_rests_there_still():
    config = load_config("small-width")
    data = generate_data(config.data)
    run = simulate(data, initialise(data, config.init), samples=60)
    begin, end = (run.isel(time=sample)["activation"].values for sample in (40, 44))
    again = simulate(data, start_from(run, float(run["time"][40])), end_time=20.0, samples=5)
    np.testing.assert_array_equal(again["activation"].values[0], begin)
    resting = (begin == 1) & (np.abs(run["direction"].values[40] @ data["x"].values.T) < 1e-14)
    assert (end == 1)[resting].all()
    assert (again["activation"].values[:, resting] == 1).all()
    # Of weights alone it is not known: those that rounding puts on the other side go on there.
    alone = start_from(run, float(run["time"][40])).drop_vars("activation")
    assert (simulate(data, alone, end_time=20.0, samples=5)["activation"].values[:, resting] != 1).any()
    # On other points the activation says nothing.
    other = data.isel(point=[0, 1, 2])
    there = [simulate(other, start, end_time=1.0, samples=3) for start in (alone, start_from(run))]
    assert there[0].sizes == there[1].sizes
