"""The cube: each cell's numbers where its swept values stand, against plain loops over ``run``."""

import json
import warnings
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import xarray as xr

from catalog import open_catalog
from pipeline import load_config, run
from pipeline.sweep import run_sweep
from pipeline.sweep.cell import CellRecord
from pipeline.sweep.coordinates import dimension_names, flags
from pipeline.sweep.cube import make_cube
from pipeline.sweep.grid import Axis
from pipeline.sweep.plan import make_plan
from pipeline.workflow.results import every_result
from pipeline.workflow.summary import summarise

GRID = {
    "init.log10_scale": [-2, -3],
    "init.start": ["balanced", "unbalanced"],
    "data.y": [[-1.0, 1.0], [-1.0, 2.0]],
    "init.per_sqrt_width": [True, False],
}


def words(cube, name):
    """A label's values as words."""
    meanings = cube[name].attrs["flag_meanings"].split()
    return np.vectorize(lambda value: None if value == -1 else meanings[value - 1], otypes=[object])(cube[name])


@pytest.fixture(scope="module")
def cube(request_of):
    return run_sweep(request_of(GRID))


def test_against_plain_loops(cube):
    dims = ("log_init_scale", "start", "y", "per_sqrt_width")
    assert cube["final_loss"].dims == dims
    for place in product(range(2), repeat=4):
        chosen = {key: values[i] for (key, values), i in zip(GRID.items(), place, strict=True)}
        config = load_config("orthogonal", {"init.width": 6, "flow.samples": 20, **chosen})
        tree = run(config)
        summary = {name: value for name, value in summarise(tree).items() if every_result()[name].in_cubes}
        cell = cube[dict(zip(dims, place, strict=True))]
        for name, value in summary.items():
            if isinstance(value, float | int) and name not in ("solver_seconds", "log_init_scale"):
                assert repr(cell[name].item()) == repr(value), name
            elif name.startswith("statements."):
                assert words(cube, f"verdict_{name[11:]}")[place] == value
        for name in ("status", "fitted_first", "assumption_1"):
            assert words(cube, name)[place] == summary[name]
        assert cell["log_lambda"].item() == float(tree["trajectory"]["log_init_scale"])
        # The sweep's runs have its base's name; a run of its own on other data than the preset's has another.
        assert f"{cell['run_hash'].item():012x}" == tree.attrs["id"].rpartition("-")[2]
    assert (cube["cell_status"] == 1).all()


def test_coordinates(cube):
    assert cube["log10_scale"].values.tolist() == [-2.0, -3.0]
    assert cube["log10_scale"].dims == ("log_init_scale",)
    np.testing.assert_allclose(cube["log_init_scale"], np.log(10.0) * np.array([-2.0, -3.0]), rtol=1e-15)
    assert words(cube, "start").tolist() == ["balanced", "unbalanced"]
    assert words(cube, "per_sqrt_width").tolist() == ["true", "false"]
    assert cube["y"].values.tolist() == [0, 1]
    assert json.loads(cube["y"].attrs["values"]) == GRID["data.y"]


def test_it_explains_itself(cube):
    for name, variable in cube.variables.items():
        assert variable.dtype in (np.float64, np.int64, np.int8), name
        assert variable.attrs["long_name"], name
        assert ("flag_meanings" in variable.attrs) != ("units" in variable.attrs), name
        if "flag_meanings" in variable.attrs:
            assert variable.dtype == np.int8
            assert len(variable.attrs["flag_values"]) == len(variable.attrs["flag_meanings"].split())
    assert json.loads(cube.attrs["grid"]) == GRID
    assert json.loads(cube.attrs["configuration"])["init"]["width"] == 6
    assert (cube.attrs["cells"], cube.attrs["failed_cells"], cube.attrs["failures"]) == (16, 0, "[]")


def test_names_of_dimensions():
    axes = [Axis(key, (1,)) for key in ("init.seed", "data.seed", "flow.end_time", "init.width")]
    assert dimension_names(axes, {"end_time"}) == {
        "init.seed": "init_seed",
        "data.seed": "data_seed",
        "flow.end_time": "flow_end_time",
        "init.width": "width",
    }


def test_flags_are_single_distinct_words():
    assert flags(["a b", "a_b", "", "scipy:RK45"])["flag_meanings"] == "a_b_1 a_b_2 _ scipy_RK45"


def test_failed_cells(request_of, tmp_path):
    grid = {
        "data.y": [[-1.0, 1.0], [1.0, 2.0, 3.0]],
        "data.x": [[[1.0], [2.0]], [[1.0], [2.0], [3.0]], [[1.0], [1e200]]],
    }
    catalog = open_catalog(tmp_path / "catalog")
    cube = run_sweep(request_of(grid), catalog)
    assert words(cube, "cell_status").tolist() == [
        ["computed", "failed", "failed"], ["failed", "computed", "failed"],
    ]  # fmt: skip
    failed = cube["cell_status"].values == 2
    assert (words(cube, "status")[failed] == "failed").all()
    assert np.isnan(cube["final_loss"].values[failed]).all()
    assert not np.isnan(cube["final_loss"].values[~failed]).any()
    assert (cube["steps"].values[failed] == -1).all()
    assert (cube["verdict_lemma_1"].values[failed] == -1).all()
    # The data of (0, 2) is refused when it is made: it has a run's name, the refused configurations have none.
    assert (cube["run_hash"].values == -1).tolist() == [[False, True, False], [True, False, True]]
    listed = json.loads(cube.attrs["failures"])
    assert [entry["cell"]["data.y"] for entry in listed] == [grid["data.y"][i] for i in (0, 0, 1, 1)]
    assert listed[0]["message"].startswith("data.y has 2 labels for 3 points")
    assert listed[1]["message"].startswith("RequestError: data.x[1] is of the size 1e+200")
    assert catalog.sweeps.verify() == []


def test_a_sweep_of_failures_only(request_of):
    cube = run_sweep(request_of({"data.x": [[[1.0], [1e200]]], "init.seed": [0, 1]}))
    assert (cube["cell_status"] == 2).all()
    assert cube.attrs["failed_cells"] == 2


def test_the_order_of_the_records_does_not_matter(request_of, cube):
    plan = make_plan(request_of(GRID))
    results = {"steps": 3, "final_loss": 0.5, "minimal_norm_method": "b c"}
    records = {run_id: CellRecord.now(run_id, results | {"loss": i}, 0.0) for i, run_id in enumerate(plan.run_ids)}
    again = {
        key: replace(value, results=dict(reversed(value.results.items())))
        for key, value in reversed(records.items())
    }
    assert make_cube(plan, records).identical(make_cube(plan, again))
    assert list(make_cube(plan, records)) == list(make_cube(plan, again))


def test_it_opens_without_a_warning_and_without_us(request_of, tmp_path):
    catalog = open_catalog(tmp_path / "catalog")
    made = run_sweep(request_of(GRID), catalog)
    (identifier,) = catalog.sweeps.run_ids()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xr.open_zarr(catalog.sweeps.path(identifier) / "data.zarr", group="cube") as opened:
            opened.load()
    assert opened.identical(made.load())
    opened.to_netcdf(tmp_path / "cube.nc", engine="netcdf4")
    with xr.open_dataset(tmp_path / "cube.nc", engine="netcdf4") as netcdf:
        np.testing.assert_array_equal(netcdf["final_loss"], opened["final_loss"])


def test_networks_that_cannot_move_have_one_plateau_each(request_of):
    """201 were counted; the sentence that says why the points are minima is the runs' own, and no label."""
    own = {"data.x": [[1.0], [2.0]], "data.y": [1.0, 2.0], "data.bias": False}
    own |= {"init.width": 1, "init.seed": 4, "flow.samples": 20}
    cube = run_sweep(request_of({"init.log10_scale": [-2, -3]}, settings=own))
    assert cube["plateaus"].values.tolist() == [1, 1]
    assert words(cube, "stationary_kind").tolist() == ["local_minimum", "local_minimum"]
    assert "stationary_reason" not in cube
