"""Whatever is given to a public function, it answers, or refuses in one line that names the argument."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import pipeline
import reluflow as rf
from catalog import CatalogError

X, Y = [[1.0, 0.0], [0.0, 2.0]], [1.0, -0.5]
MORE_X, MORE_Y = [[1.0, 0.0, 1.0], [0.0, 2.0, 1.0], [1.0, 2.0, 0.5]], [1.0, -0.5, 0.3]

PLAIN = {
    "a text": "no such thing",
    "a text of two lines": "a\nb",
    "a text with a zero in it": "a\0b",
    "a negative number": -1,
    "a number beyond every float": 10**400,
    "no number": float("nan"),
    "nothing": None,
    "an object": object(),
    "an empty list": [],
    "rows of two lengths": [[1.0], [1.0, 2.0]],
    "an array of texts": np.array(["a"]),
    "an array of three dimensions": np.zeros((2, 2, 2)),
    "a DataArray": xr.DataArray([1.0, 2.0], dims="z"),
    "a data frame": pd.DataFrame({"a": [1.0]}),
    "an empty Dataset": xr.Dataset(),
    "a dictionary": {"a": 1},
}
"""What somebody may give instead of what is meant."""
OF_ANOTHER_RUN = ("data", "init", "trajectory", "plateaus", "phases", "clusters", "alignment", "limit")
CALLED_OTHERWISE = {
    "name_or_path": ("preset =", "sweep =", "not a known key", "is missing"),
    "config": ("preset =", "not a known key", "data."),
    "overrides": ("not a known key",),
    "url": ("address", "the catalog"),
    "run_id": ("no run",),
    "name": ("no run",),
    "text": ("no run",),
    "expression": ("--where",),
    "a": ("a is", "w: "),
}
"""What a message may say instead of the argument's name: the key that it stands for, or what there is none of."""


def stages(x, y, width: int) -> dict[str, xr.Dataset]:
    """The Datasets of all stages on these points."""
    data = rf.data_set(x, y)
    init = rf.start(data, width=width, seed=0, log10_scale=-3)
    trajectory = rf.simulate(data, init, samples=6)
    plateaus, minimum = rf.find_plateaus(data, trajectory), rf.minimal_norm(data)
    phases = rf.label_phases(data, trajectory, plateaus=plateaus)
    comparison = rf.compare(trajectory, minimum, data)
    limit = rf.limit_process(data, init)
    return {
        "data": data,
        "init": init,
        "trajectory": trajectory,
        "plateaus": plateaus,
        "minimum": minimum,
        "phases": phases,
        "comparison": comparison,
        "clusters": rf.find_clusters(data, trajectory, plateaus),
        "alignment": rf.measure_alignment(data, trajectory, rf.predict_alignment(data, init)),
        "limit": limit,
        "jumps": pipeline.limit_beside(trajectory, limit),
        "statements": rf.check_statements(data, trajectory, phases, comparison),
    }


@pytest.fixture(scope="module")
def ours():
    return stages(X, Y, 4)


@pytest.fixture(scope="module")
def strange(ours):
    """Every strange value by name: also the Datasets of the wrong stage, and those of another run."""
    other = stages(MORE_X, MORE_Y, 5)
    return (
        PLAIN
        | {f"the {name} of this run": ours[name] for name in ("data", "init", "trajectory", "plateaus", "limit")}
        | {f"the {name} of another run": other[name] for name in OF_ANOTHER_RUN}
    )


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return rf.open_catalog(tmp_path_factory.mktemp("strange"))


def accepted(ours, catalog, tmp_path):
    """For each public function arguments that it takes, all by their names."""
    data, init, trajectory = ours["data"], ours["init"], ours["trajectory"]
    run = {"data": data, "trajectory": trajectory}
    law = {"slope": 0.0, "output_bias": False, "skip": False}
    config = rf.load_config("orthogonal", {"init.width": 4})
    row = next(iter(rf.statement_rows(ours["statements"]).values()))[1]
    tree = xr.DataTree.from_dict({name: ours[name] for name in ("data", "trajectory", "phases")})
    return {
        rf.check_small_start: {
            "limit": ours["jumps"], "alignment": ours["alignment"], "plateaus": ours["plateaus"],
            "comparison": ours["comparison"], "trajectory": trajectory, "reason": "",
        },
        rf.check_statements: run | {
            "phases": ours["phases"], "minimum": ours["comparison"], "epsilon": 0.05, "dense_output": None
        },
        rf.compare: {"trajectory": trajectory, "minimum": ours["minimum"], "data": data},
        rf.data_set: {"x": X, "y": Y, "bias": False, "test": None},
        rf.decode: {"labels": ours["phases"]["role"]},
        rf.extremal_directions: {"data": data, "residual": None, "slope": 0.0},
        rf.find_clusters: run | {"plateaus": ours["plateaus"]},
        rf.find_plateaus: run,
        rf.follow_flow: {
            "data": data, "init": init, "end_time": 1.0, "tolerance": 1e-2, "slope": 0.0, "output_speed": 1.0,
            "progress": None, "most_steps": 1000,
        },
        rf.generate_data: {"config": config},
        rf.given_start: {"w": X, "a": Y},
        rf.hessian_spectra: run,
        rf.initialise: {"data": data, "config": config},
        rf.label_phases: run | {"epsilon": 0.05, "plateaus": ours["plateaus"]},
        rf.learned_function: run | {"clusters": ours["clusters"]},
        rf.limit_process: {"data": data, "init": init, "slope": 0.0, "work": 1e3, "ends": None},
        rf.load_config: {"name_or_path": "orthogonal", "overrides": None},
        rf.load_sweep: {"name_or_path": "scale-width-seed", "overrides": None},
        rf.measure_alignment: run | {"alignment": ours["alignment"]},
        rf.measure_limit: {"data": data, "init": init, "limit": ours["limit"]},
        rf.minimal_norm: {"data": data, "free_bias": False, "known": ()} | law,
        rf.open_catalog: {"url": tmp_path},
        rf.open_run: {"name": "no-such-run", "catalog": catalog},
        rf.penalised_minimum: {"data": data, "penalty": 0.1} | law,
        rf.predict: {"trajectory": trajectory, "x": X, "time": None},
        rf.predict_alignment: {"data": data, "init": init, "residual": None, "slope": 0.0, "ends": None},
        rf.save_weights: {
            "trajectory": trajectory, "path": tmp_path / "w.npz", "time": None, "scaled": False, "like": None
        },
        rf.simulate: {
            "data": data, "init": init, "end_time": 1.0, "tolerance": 1e-2, "sample_times": [0.0, 1.0],
            "samples": 5, "including": (), "method": "exact", "slope": 0.0, "output_speed": 1.0,
            "step_size": 1e-3, "progress": None,
        },
        rf.start: {"data": data},
        rf.start_from: {"trajectory": trajectory, "time": None},
        rf.statement_rows: {"statements": ours["statements"]},
        rf.tangent_kernel_spectrum: run | {"samples": None},
        rf.vanishing_penalty: {"data": data} | law,
        rf.weights: {"trajectory": trajectory, "time": None},
        pipeline.add_rows: {"statements": ours["statements"], "rows": {}},
        pipeline.alignment_of: run,
        pipeline.in_digits: {"log_value": 1.0},
        pipeline.limit_beside: {"trajectory": trajectory, "limit": ours["limit"], "curve": None},
        pipeline.limit_problem: {"config": config},
        pipeline.printed_sides: {"row": row},
        pipeline.published_ladder: {"catalog": catalog, "config": config},
        pipeline.run_as_html: {"tree": tree},
        pipeline.statement_times: {"data": data, "log_scale": -6.0, "epsilon": 0.05},
        rf.figures.write_figures: {"tree": {}, "out": tmp_path / "figures"},
        rf.figures.write_law: {"law": xr.Dataset(), "out": tmp_path / "figures"},
        rf.figures.animation: {"tree": {}, "file_format": "gif", "frames": 2},
        rf.figures.write_animations: {"tree": {}, "out": tmp_path / "figures", "formats": ["gif"], "frames": 2},
        catalog.manifest: {"run_id": "no-such-run"},
        catalog.resolve: {"text": "no-such-run"},
        catalog.verify: {"run_id": "no-such-run"},
        catalog.whole: {"run_id": "no-such-run", "most": 10},
        catalog.collect_garbage: {"patience": 10.0},
    }  # fmt: skip


COMPUTE_LONG = {"Catalog", "CatalogError", "RequestError", "RunConfig", "figures", "select"} | {
    "fit", "run", "run_sweep", "ladder_law", "limit_law", "minimum_law",
}  # fmt: skip
"""Names of the front door that are no functions of labelled data, or take a second for each value: of these the
arguments that are checked first are below."""


def refusal(function, arguments) -> str:
    """What is wrong with how a function refuses; empty if nothing is, or it does not refuse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            function(**arguments)
    except (ValueError, TypeError, CatalogError) as error:
        said = str(error)
        known = [word for argument in arguments for word in (argument, *CALLED_OTHERWISE.get(argument, ()))]
        if "\n" in said or not any(word in said for word in known):
            return f"{type(error).__name__}: {said[:200]!r}"
    except OSError as error:
        return "" if error.filename else f"OSError without a file: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def test_whatever_is_given_is_refused_in_one_line_that_names_an_argument(
    ours, strange, catalog, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    table = accepted(ours, catalog, tmp_path)
    wrong = [
        f"{function.__name__}({name} = {what}): {found}"
        for function, arguments in table.items()
        for name in arguments
        for what, value in strange.items()
        if (found := refusal(function, arguments | {name: value}))
    ]
    assert wrong == [], "\n".join(wrong)


def test_the_table_has_every_function_of_the_front_door(ours, catalog, tmp_path):
    there = {function.__name__ for function in accepted(ours, catalog, tmp_path)}
    assert set(rf.__all__) - there == COMPUTE_LONG
