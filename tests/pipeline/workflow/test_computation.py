"""A whole run: computed without a catalog, published once, and never computed again."""

import importlib
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

import pipeline.workflow.computation
from catalog import open_catalog
from catalog.schema import COORDINATES, GROUPS, SCHEMA_VERSION, validate
from pipeline import load_config, run
from pipeline.inputs.errors import RequestError
from pipeline.statements import statement_times
from pipeline.workflow.computation import code_revision
from pipeline.workflow.results import every_result
from pipeline.workflow.summary import summarise

VERSIONS = {"python", "reluflow", "numpy", "numba", "xarray", "zarr"}


@pytest.fixture(scope="module")
def config():
    return load_config("orthogonal", {"init.width": 12, "flow.samples": 60})


@pytest.fixture(scope="module")
def tree(config):
    return run(config)


@pytest.fixture(scope="module")
def published(config, tmp_path_factory):
    """A catalog with this run in it, and what ``run`` gave back when it was computed."""
    catalog = open_catalog(tmp_path_factory.mktemp("published") / "catalog")
    return catalog, run(config, catalog)


def test_a_run_without_a_catalog(config, tree, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert set(tree.children) == set(GROUPS)
    for group in GROUPS:
        dataset = validate(group, tree[group].to_dataset())
        for name, variable in dataset.variables.items():
            assert variable.attrs["long_name"], name
            assert not np.isinf(variable.values).any(), name
    assert tree["trajectory"].sizes == {"time": 60 + 36, "neuron": 12, "coord": 2, "point": 2}
    assert tree["data"]["coord"].attrs["labels"] == tree["trajectory"]["coord"].attrs["labels"] == "x bias"
    for group in ("phases", "minimal_norm"):
        xr.testing.assert_identical(tree[group]["time"].variable, tree["trajectory"]["time"].variable)
    assert not list(tmp_path.iterdir())


def test_a_run_is_the_same_each_time(config, tree):
    again = run(config)
    for group in GROUPS:
        xr.testing.assert_equal(again[group].to_dataset(), tree[group].to_dataset())


def test_the_papers_minimum_is_reached():
    """Issue 2: 1/2 |theta|^2 within 1e-6 (relative) of 1/sqrt(5) + 1/sqrt(1.25)."""
    least = 1 / np.sqrt(5) + 1 / np.sqrt(1.25)
    summary = summarise(run(load_config("orthogonal")))
    assert summary["status"] == "converged"
    assert summary["half_squared_norm"] == pytest.approx(least, rel=1e-6)
    assert summary["minimal_half_squared_norm"] == pytest.approx(least, rel=1e-14)
    assert summary["final_loss"] < 1e-20


@pytest.mark.parametrize("scale", [-1000, -10_000])
def test_a_scale_that_is_no_float_runs_as_easily(scale):
    summary = summarise(run(load_config("orthogonal", {"init.log10_scale": scale})))
    assert summary["status"] == "converged"
    assert summary["half_squared_norm"] == pytest.approx(1.3416407865, rel=1e-6)
    assert summary["t3"] == pytest.approx(summary["t3_predicted"], rel=1e-3)


def test_the_attributes(config, tree):
    assert tree.attrs["id"] == config.run_id(SCHEMA_VERSION)
    assert tree.attrs["title"] == config.title
    assert tree.attrs["summary"] == config.description
    assert "arXiv 2206.00939" in tree.attrs["references"]
    assert json.loads(tree.attrs["configuration"]) == config.resolved()
    assert tree.attrs["seed"] == config.init.seed
    assert tree.attrs["wall_seconds"] > 0
    assert tree.attrs["status"] == tree["trajectory"].attrs["status"] == "converged"
    account = {
        "method",
        "slope",
        "status",
        "status_message",
        "tolerance",
        "solver_seconds",
        "steps",
        "rejected_steps",
    }
    assert account | {"crossings", "patterns"} <= set(tree["trajectory"].attrs)


def test_every_setting_reaches_its_stage():
    overrides = {"flow.tolerance": 1e-4, "flow.end_time": 20.0, "flow.samples": 33, "analysis.epsilon": 0.2}
    tree = run(load_config("orthogonal", overrides | {"init.seed": 2, "init.log10_scale": -3}))
    assert tree["trajectory"].attrs["tolerance"] == 1e-4
    assert tree["trajectory"].attrs["status"] == "end_time"
    # And the statements' own instants, as far as the run goes.
    wanted = statement_times(tree["data"].to_dataset(), float(tree["trajectory"]["log_init_scale"]), epsilon=0.2)
    times = set(tree["trajectory"]["time"].values)
    assert set(wanted[wanted < 20.0]) <= times
    assert len(times) == 33 + np.sum(wanted < 20.0)
    assert tree["statements"].attrs["epsilon"] == 0.2
    assert float(tree["trajectory"]["time"][-1]) == 20.0
    log_scale = -3 * np.log(10) - 0.5 * np.log(60)
    assert float(tree["trajectory"]["log_init_scale"]) == pytest.approx(log_scale)
    assert tree["phases"].attrs["epsilon"] == 0.2
    assert float(tree["phases"]["t1_predicted"]) == pytest.approx(-0.2 * log_scale / 0.559017, rel=1e-6)
    assert tree.attrs["seed"] == 2


def test_a_run_without_words_has_a_title(tmp_path):
    (tmp_path / "mine.toml").write_text("[data]\nx = [[1, 0], [0, 1]]\ny = [1, -2]\n[init]\nwidth = 3\n")
    attributes = run(load_config(tmp_path / "mine.toml", {"flow.samples": 5})).attrs
    assert attributes["title"].endswith(": mine")
    assert "'mine'" in attributes["summary"]


def test_the_summary(tree):
    """Every scalar of every group, in words where it is a label; and where the run ended."""
    summary = summarise(tree)
    for group in GROUPS:
        for name, value in tree[group].data_vars.items():
            if value.ndim == 0 and name not in ("value", "log_init_scale"):
                assert str(name) in summary
    assert summary["assumption_1"] == "holds_up_to_scaling"
    assert (summary["assumption_2"], summary["assumption_3"]) == ("holds", "holds")
    assert summary["plateaus"] == 2
    assert summary["fitted_first"] == "positive"
    assert summary["growth_rate_positive"] == pytest.approx(1.118034, abs=5e-7)
    assert summary["growth_rate_negative"] == pytest.approx(0.559017, abs=5e-7)
    assert {name: summary[f"statements.{name}"] for name in ("lemma_1", "lemma_5", "eq_8")} == {
        "lemma_1": "holds", "lemma_5": "fails", "eq_8": "holds",
    }  # fmt: skip
    for name, group, variable in (
        ("final_loss", "trajectory", "loss"),
        ("end_time", "trajectory", "time"),
        ("half_squared_norm", "minimal_norm", "half_squared_norm"),
        ("final_excess", "minimal_norm", "excess"),
        ("final_distance", "minimal_norm", "distance"),
    ):
        assert summary[name] == float(tree[group][variable][-1])
    assert all(type(value) in (float, int, str) for value in summary.values())


def test_the_groups_alone_say_the_same(config, tree):
    """What a sweep takes: no tree, the minimum shared between the cells."""
    data = pipeline.workflow.computation.prepare(config)
    groups, _ = pipeline.workflow.computation.follow(
        config, data, minimum=pipeline.workflow.computation.minimum_of(config, data)
    )
    assert list(groups) == [name for name in tree.children if name not in ("alignment", "jumps", "kernel")]
    for name, found in groups.items():
        if name in ("plateaus", "statements"):  # a tree's have more: what the limit says of them
            continue
        xr.testing.assert_identical(found.drop_attrs(deep=False), tree[name].to_dataset().drop_attrs(deep=False))
    shared = [name for name, result in every_result().items() if result.in_cubes and name != "solver_seconds"]
    said, again = ({k: repr(v) for k, v in summarise(found).items() if k in shared} for found in (tree, groups))
    assert said == again


def test_two_runs_at_once_in_two_threads_are_as_two_alone(config):
    data = pipeline.workflow.computation.prepare(config)
    cells = [config, load_config("orthogonal", {"init.seed": 5, "init.log10_scale": -100})] * 2
    alone = [pipeline.workflow.computation.follow(cell, data)[0] for cell in cells[:2]]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda cell: pipeline.workflow.computation.follow(cell, data)[0], cells))
    for i, groups in enumerate(together):
        for name, found in groups.items():
            xr.testing.assert_identical(found.drop_attrs(), alone[i % 2][name].drop_attrs())


def test_what_is_stored_is_what_was_returned(published, config):
    catalog, returned = published
    assert catalog.run_ids() == [config.run_id(SCHEMA_VERSION)]
    stored = catalog[config.run_id(SCHEMA_VERSION)]
    for group in GROUPS:
        xr.testing.assert_equal(stored[group].to_dataset().load(), returned[group].to_dataset())
        for name in (*GROUPS[group], *COORDINATES.values()):
            if name.name in returned[group]:
                assert stored[group][name.name].dtype == returned[group][name.name].dtype
    assert catalog.verify() == []
    manifest = catalog.manifest(config.run_id(SCHEMA_VERSION))
    assert manifest.configuration == config.resolved()
    assert manifest.summary == summarise(returned)


def test_where_a_run_comes_from(published, config):
    catalog, _ = published
    run_id = config.run_id(SCHEMA_VERSION)
    found = catalog.manifest(run_id).provenance
    assert set(found["versions"]) == VERSIONS
    assert found["versions"]["numpy"] == np.__version__
    assert found["code_revision"] == code_revision()
    assert found["machine"]
    assert found["wall_seconds"] > 0
    attributes = catalog[run_id].attrs  # what a reader has who has the store alone
    assert json.loads(attributes["provenance"]) == found
    assert json.loads(attributes["configuration"]) == config.resolved()
    for name in ("Conventions", "id", "title", "summary", "date_created", "license", "history", "schema_version"):
        assert attributes[name]
    assert attributes["status"] == "converged"


def test_plain_xarray_opens_it(published):
    """With warnings as errors, as this whole suite runs, and without a line of ours."""
    catalog, returned = published
    (store,) = catalog.storage.root.glob("runs/*/data.zarr")
    with xr.open_datatree(store, engine="zarr") as opened:
        assert set(opened.children) == set(GROUPS)
    with xr.open_zarr(store, group="trajectory") as opened:
        assert opened["activation"].dtype == np.int8
        weights = np.exp(opened["log_norm"]) * opened["direction"]
    h = np.maximum(weights.values @ returned["data"]["x"].values.T, 0)
    a = np.exp(returned["trajectory"]["log_norm"].values) * returned["trajectory"]["output_ratio"].values
    residual = returned["data"]["y"].values - np.einsum("tj,tjk->tk", a, h)
    np.testing.assert_allclose(residual, returned["trajectory"]["residual"], atol=1e-12)


def test_the_second_run_computes_nothing(published, config, monkeypatch):
    catalog, returned = published

    def nothing(*_, **__):
        raise AssertionError("computed")

    for stage in (
        "compute",
        "prepare",
        "generate_data",
        "simulate",
        "label_phases",
        "minimal_norm",
        "check_statements",
    ):
        monkeypatch.setattr(pipeline.workflow.computation, stage, nothing)
    before = {path: path.stat().st_mtime_ns for path in catalog.storage.root.rglob("*")}
    again = run(config, catalog)
    for group in GROUPS:
        xr.testing.assert_equal(again[group].to_dataset().load(), returned[group].to_dataset())
    assert {path: path.stat().st_mtime_ns for path in catalog.storage.root.rglob("*")} == before
    with pytest.raises(AssertionError, match="computed"):
        run(load_config("orthogonal", {"init.width": 13}), catalog)


def test_what_can_not_be_computed_leaves_no_trace(tmp_path):
    catalog = open_catalog(tmp_path / "catalog")
    for overrides, words in (
        ({"data.x": [[1.0], [1e200]]}, "1e-150 to 1e\\+150 is allowed"),
        ({"flow.method": "scipy:RK45"}, "a time is needed"),
        ({"init": {"start": "given", "w": [[1.0]], "a": [1.0]}}, r"init\.w"),
    ):
        with pytest.raises(RequestError, match=words):
            run(load_config("orthogonal", overrides), catalog)
    assert not list(tmp_path.iterdir())


def test_a_run_that_did_not_end_well_is_kept_with_its_status(tmp_path, monkeypatch):
    # The front door's `simulate` hides the module of that name.
    monkeypatch.setattr(importlib.import_module("pipeline.flow.course"), "MOST_STEPS", 20)
    catalog = open_catalog(tmp_path / "catalog")
    config = load_config("orthogonal", {"flow.samples": 10})
    run(config, catalog)
    summary = catalog.manifest(config.run_id(SCHEMA_VERSION)).summary
    assert summary["status"] == "out_of_steps"
    assert np.isnan(summary["t3"])


# The code's revision


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@needs_git
def test_the_revision_is_that_of_this_checkout():
    command = ["git", "-C", str(pipeline.workflow.computation.__file__).rpartition("/")[0], "rev-parse", "HEAD"]
    head = subprocess.run(command, capture_output=True, text=True)
    if head.returncode:
        pytest.skip("this is no checkout")
    assert head.stdout.startswith(code_revision().removesuffix("-dirty"))


@needs_git
def test_an_environment_in_somebody_elses_repository(tmp_path, monkeypatch):
    """Their commit says nothing of our code."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "theirs"], check=True)
    (tmp_path / ".venv").mkdir()
    installed = shutil.copy(pipeline.workflow.computation.__file__, tmp_path / ".venv" / "workflow.py")
    monkeypatch.setattr(pipeline.workflow.computation, "__file__", str(installed))
    assert code_revision.__wrapped__() == pipeline.workflow.computation._version("reluflow")
    monkeypatch.setenv("PATH", str(tmp_path))  # and where there is no git at all
    assert code_revision.__wrapped__() == pipeline.workflow.computation._version("reluflow")
