"""Runs beyond the paper's setting: other data, starts, slopes and methods, and runs larger than memory."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from amounts import with_slow

from catalog import open_catalog
from catalog.schema import GROUPS, SCHEMA_VERSION, validate
from pipeline import check_statements, load_config, run
from pipeline.flow.course import describe_end
from pipeline.network.status import Status
from pipeline.workflow.computation import provenance
from pipeline.workflow.summary import summarise


def test_the_slope_reaches_its_stages():
    tree = run(load_config("leaky", {"flow.samples": 5, "flow.slope": 0.25}))
    assert tree["trajectory"].attrs["slope"] == 0.25
    assert tree["minimal_norm"].attrs["method"] == "convex program over all 4 activation patterns"


def test_another_method_and_its_step():
    overrides = {
        "flow.method": "gradient_descent",
        "flow.step_size": 0.01,
        "flow.end_time": 1.0,
        "flow.samples": 5,
    }
    tree = run(load_config("orthogonal", overrides))
    assert tree["trajectory"].attrs["method"] == "gradient_descent"
    assert summarise(tree)["steps"] == 50  # of 2 step_size each
    versions = set(provenance("gradient_descent")["versions"])
    assert set(provenance("scipy:RK45")["versions"]) == versions | {"scipy"}


BESIDE = {"non-orthogonal", "small-width", "nearly-orthogonal"}
"""Of these some neurons rest exactly at a boundary, off their last point, while its residual changes its
sign: the flow is not unique there."""


QUICK, REST = (
    ["non-orthogonal", "leaky"],
    ["non-orthogonal-large", "small-width", "nearly-orthogonal", "unbalanced"],
)


@pytest.mark.parametrize("name", with_slow(QUICK, REST))
def test_every_kind_of_run_goes_end_to_end(name, tmp_path):
    """Computed, published, read back, verified; the minimum is certified for all of them."""
    catalog = open_catalog(tmp_path / "catalog")
    config = load_config(name, {"flow.samples": 50})
    returned = run(config, catalog)
    run_id = config.run_id(SCHEMA_VERSION)
    summary = catalog.manifest(run_id).summary
    trajectory = returned["trajectory"].to_dataset()
    assert summary["status"] == ("non_unique" if name in BESIDE else "converged")
    assert (trajectory.attrs["ambiguous_events"] > 0) == (name in BESIDE)
    assert "fits the data" in trajectory.attrs["status_message"]
    assert np.isfinite([summary["final_excess"], summary["final_distance"]]).all()
    assert 0 < summary["lower_bound"] < summary["half_squared_norm"] * (1 + 1e-9)
    assert summary["final_excess"] > -1e-6 * summary["minimal_half_squared_norm"]  # no smaller interpolator
    assert abs(summary["gap"]) < 1e-8 * summary["minimal_half_squared_norm"]
    assert set(returned.children) <= set(GROUPS)
    for group in returned.children:
        stored = validate(group, catalog[run_id][group].to_dataset().load())
        xr.testing.assert_equal(stored, returned[group].to_dataset())
    assert catalog.verify() == []
    w = np.exp(trajectory["log_norm"]) * trajectory["direction"]
    a = np.exp(trajectory["log_norm"]) * trajectory["output_ratio"]
    half = 0.5 * ((w**2).sum(["neuron", "coord"]) + (a**2).sum("neuron"))
    np.testing.assert_allclose(returned["minimal_norm"]["half_squared_norm"], half)


def test_a_run_that_was_not_unique_says_how_it_ended():
    """In its sentence: what is said of an end that came too early does not depend on its status."""
    tree = run(load_config("orthogonal", {"flow.end_time": 1.0, "flow.samples": 5}))
    groups = [tree[name].to_dataset() for name in ("data", "trajectory", "phases", "minimal_norm")]
    early = check_statements(*groups)
    status, message = describe_end(Status.END_TIME, ambiguous=1, contradictory=False)
    groups[1].attrs |= {"status": status.word, "status_message": message}
    assert status.word == "non_unique"
    assert check_statements(*groups).identical(early)


def test_sliding_neurons_and_stationary_points_are_told():
    tree = run(load_config("orthogonal", {"init.width": 12, "flow.samples": 60}))
    told = tree.copy()
    trajectory = told["trajectory"].to_dataset().copy(deep=True)
    trajectory["activation"][:] = 2
    trajectory["activation"][-1, 3, :] = 3
    trajectory["activation"][-1, 5, 1] = 3
    trajectory["activation"][0] = 3
    trajectory.attrs |= {"hessian_smallest_eigenvalue": -0.5, "stationary_kind": "strict saddle"}
    del trajectory.attrs["patterns"]  # no other method has any
    told["trajectory"] = trajectory
    assert summarise(tree)["sliding_neurons"] == 0
    summary = summarise(told)
    assert summary["sliding_neurons"] == 2
    assert summary["stationary_kind"] == "strict saddle"
    assert summary["hessian_smallest_eigenvalue"] == -0.5
    assert "patterns" not in summary


PEAK = """
import resource, sys
import dask.array as da, numpy as np, xarray as xr
from catalog import open_catalog
from catalog.schema import conform
from pipeline import check_statements, compare, find_clusters, find_plateaus, generate_data, label_phases
from pipeline import learned_function, load_config, minimal_norm
from pipeline.workflow.summary import summarise

def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def publish(catalog, run_id, samples, neurons):
    def noise(*shape):
        shape = (samples, neurons, *shape)
        return da.random.default_rng(0).standard_normal(shape, chunks=(1, *shape[1:]))
    data = generate_data(load_config("orthonormal").data)
    values = {
        "time": np.arange(float(samples)), "direction": noise(4) / 2, "log_norm": noise(),
        "output_ratio": noise(), "activation": (noise(4) > 0) + 1, "residual": np.ones((samples, 4)),
        "loss": np.ones(samples), "gradient_norm": np.where(np.arange(samples) == 1, 1e-6, 1.0),
        "log_init_scale": -10.0,
    }
    account = dict.fromkeys(["status", "status_message", "solver_seconds"], "")
    trajectory = conform("trajectory", values, account)
    plateaus = find_plateaus(data, trajectory)
    clusters = find_clusters(data, trajectory, plateaus)
    phases = label_phases(data, trajectory, plateaus=plateaus)
    minimum = compare(trajectory, minimal_norm(data), data)
    groups = {
        "data": data, "trajectory": trajectory, "plateaus": plateaus, "clusters": clusters, "phases": phases,
        "function": learned_function(data, trajectory, clusters), "minimal_norm": minimum,
        "statements": check_statements(data, trajectory, phases, minimum),
    }
    tree = xr.DataTree.from_dict(groups)
    catalog.publish(run_id, tree, summary=summarise(tree), configuration={}, provenance={})
    return trajectory.nbytes / 2**20

catalog = open_catalog(sys.argv[1])
publish(catalog, "small-0", 2, 100)
before = peak()
print(publish(catalog, "large-0", int(sys.argv[2]), 200_000), peak() - before)
"""


@pytest.mark.timeout(600)
@pytest.mark.slow
def test_every_stage_takes_a_trajectory_larger_than_memory(tmp_path):
    """Samples of 200,000 neurons, one in memory at a time: of 40, 397 MiB, 75 MiB more than a small run takes."""
    samples = 40
    command = [sys.executable, "-c", PEAK, tmp_path, str(samples)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr
    size, more = map(float, done.stdout.split())
    assert size > 9.5 * samples
    assert more < 110
    assert open_catalog(tmp_path).verify() == []
