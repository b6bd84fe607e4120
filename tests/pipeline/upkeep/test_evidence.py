"""Forged runs: every digest is right, and what they say is not; each is refused by one line that names it."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from amounts import with_slow

from catalog import open_catalog
from catalog.sharing import export, import_runs, items_of
from pipeline import load_config, run
from pipeline.upkeep import judge

SMALL = {"init.width": 6, "flow.samples": 20, "init.seed": 4}


@pytest.fixture(autouse=True)
def nothing_is_flushed(monkeypatch):
    """No power is cut here: a run takes a tenth of the time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A catalog with one honest run; never to be changed."""
    catalog = open_catalog(tmp_path_factory.mktemp("honest") / "catalog")
    run(load_config("orthogonal", SMALL), catalog)
    return catalog


@pytest.fixture(scope="module")
def honest(origin):
    """Its name, its tree and its manifest."""
    (run_id,) = origin.run_ids()
    return run_id, origin[run_id].load(), origin.manifest(run_id)


def forged(honest, root, change):
    """Publish the run anew, with what ``change`` makes of its parts: (tree, summary, configuration)."""
    run_id, tree, manifest = honest
    tree, summary = tree.copy(deep=True), dict(manifest.summary)
    configuration = json.loads(json.dumps(manifest.configuration))
    change(tree, summary, configuration)
    tree.attrs["configuration"] = json.dumps(configuration)
    catalog = open_catalog(root)
    parts = {"summary": summary, "configuration": configuration, "provenance": manifest.provenance}
    catalog.publish(run_id, tree, **parts)
    return catalog


def refused(source, into, message):
    done = import_runs(open_catalog(into), source, judge=judge)
    assert done.imported == []
    ((_, reason),) = done.refused.items()
    assert re.search(message, reason), reason
    assert "\n" not in reason
    assert not Path(into).exists()


def variable(tree, path):
    return tree[path.rpartition("/")[0]].variables[path.rpartition("/")[2]]


def put(path, value, where=...):
    def change(tree, summary, configuration):
        group, _, name = path.rpartition("/")
        found = tree[group].to_dataset()
        values = found[name].values.copy()
        values[where] = value
        tree[group] = xr.DataTree(found.assign({name: found[name].copy(data=values)}))

    return change


def say(**changes):
    return lambda tree, summary, configuration: summary.update(changes)


def attribute(path, **changes):
    return lambda tree, summary, configuration: variable(tree, path).attrs.update(changes)


def configure(table, **changes):
    return lambda tree, summary, configuration: configuration[table].update(changes)


def all_lost(tree, summary, configuration):
    put("trajectory/loss", np.nan)(tree, summary, configuration)
    summary["final_loss"] = float("nan")


def consistent_42(tree, summary, configuration):
    put("trajectory/loss", 42.0, -1)(tree, summary, configuration)
    summary["final_loss"] = 42.0


def smaller_loss_and_residual(tree, summary, configuration):
    """Loss and residual agree; the weights tell otherwise."""
    middle = tree["trajectory"].sizes["time"] // 2
    variable(tree, "trajectory/residual").values[middle:] = 0.0
    variable(tree, "trajectory/loss").values[middle:] = 0.0
    summary["final_loss"] = 0.0


def smaller_norm(tree, summary, configuration):
    for name in ("half_squared_norm", "excess"):
        variable(tree, f"minimal_norm/{name}").values[...] -= 0.5
    summary["half_squared_norm"] -= 0.5
    summary["final_excess"] -= 0.5


def longer(tree, summary, configuration):
    """More instants than the configuration asks for."""
    for name in ("trajectory", "phases", "minimal_norm", "plateaus", "function"):
        group = tree[name].to_dataset()
        repeated = np.arange(group.sizes["time"]).repeat(400)
        tree[name] = xr.DataTree(group.isel(time=repeated))


FORGED = {
    "a loss of 42 in the summary": (say(final_loss=42.0), "summary says final_loss = 42.0; its arrays say"),
    "a loss of 42 in both": (consistent_42, r"loss at t = .* is 42; its residual gives"),
    "no loss at all": (all_lost, "loss has values that are no numbers; its status is converged"),
    "another configuration": (configure("init", seed=5), "its configuration is that of orthogonal-"),
    "another tolerance": (configure("flow", tolerance=1e-3), "its configuration is that of orthogonal-"),
    "no configuration": (lambda *parts: parts[2].clear(), "its configuration is none of"),
    "an unknown key": (configure("flow", trust="me"), "is none of schema|is that of"),
    "another status": (say(status="diverged"), "summary says status = 'diverged'"),
    "a verdict": (say(**{"statements.eq_8": "fails"}), "statements.eq_8 = 'fails'"),
    "one more result": (say(imported_from="a friend"), "imported_from = 'a friend', which its arrays do not"),
    "a truth value": (say(steps=True), "summary says steps = True"),
    "one result less": (lambda *parts: parts[1].pop("status"), "summary does not say status"),
    "a plateau": (
        lambda tree, summary, _: summary.update(plateau_table=summary["plateau_table"].replace("origin", "none")),
        "summary says plateau_table",
    ),
    "other points": (put("data/x", 3.0, (0, 0)), "data/x is not what follows from its configuration"),
    "other labels": (put("data/y", 3.0, 0), "data/y is not what follows"),
    "another growth": (put("data/growth_positive", 0.0), "data/growth_positive is not what follows"),
    "another start": (put("trajectory/log_norm", -3.0, (0, 2)), "log_norm at the start is not what follows"),
    "another scale": (put("trajectory/log_init_scale", -3.0), "log_init_scale"),
    "other weights": (put("trajectory/output_ratio", 2.0, (-1, slice(None))), "is not that of its weights"),
    "a better fit": (smaller_loss_and_residual, "is not that of its weights"),
    "a smaller norm": (smaller_norm, "half_squared_norm at t = .* its weights give"),
    "a time that falls": (put("trajectory/time", 0.0, -1), "time does not rise from 0"),
    "a time that is lost": (put("trajectory/time", np.nan, 3), "time does not rise|differs from"),
    "another time": (put("phases/time", 7.0, 3), "phases/time differs from trajectory/time"),
    "an instant of the kernel": (put("kernel/time", 7.0, 1), "kernel/time has instants that trajectory/time"),
    "too many instants": (longer, "instants; its configuration asks for"),
    "a label without a meaning": (put("phases/phase", 5, 3), "phases/phase has values without a meaning"),
    "a lost label": (put("trajectory/activation", -1, (0, 0, 0)), "activation has values without a meaning"),
    "no sign": (put("minimal_norm/output_sign", 3), "output_sign has values without a meaning"),
    "a count": (put("trajectory/neuron", 7, 0), "trajectory/neuron has values without a meaning"),
    "a scale factor": (attribute("trajectory/loss", scale_factor=1e-9), "loss has an attribute 'scale_factor'"),
    "an offset": (attribute("trajectory/loss", add_offset=1.0), "loss has an attribute 'add_offset'"),
    "a fill value": (attribute("trajectory/loss", _FillValue=0.5), "loss has an attribute '_FillValue'"),
    "a missing value": (attribute("data/y", missing_value=1.0), "y has an attribute 'missing_value'"),
    "a calendar": (attribute("trajectory/time", calendar="noleap"), "time has an attribute 'calendar'"),
    "dates": (attribute("trajectory/loss", units="days since 2000-01-01"), "loss has the units .*dates"),
    "durations": (attribute("trajectory/loss", units="seconds"), "loss has the units 'seconds'"),
    "another unit": (attribute("trajectory/loss", units="km"), "loss has the units 'km'; schema 1.* has '1'"),
    "no unit": (lambda tree, *_: variable(tree, "trajectory/loss").attrs.pop("units"), "has the units ''"),
    "other words": (
        attribute("phases/phase", flag_meanings="convergence alignment fitting_positive fitting_negative"),
        "phases/phase has other labels than schema",
    ),
    "other numbers of words": (attribute("phases/phase", flag_values=[4, 3, 2, 1]), "has other labels"),
    "more neurons than were asked for": (
        lambda tree, summary, configuration: configuration["init"].update(width=60), "is that of orthogonal-",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_run_is_refused(kind, honest, tmp_path):
    change, message = FORGED[kind]
    forged(honest, tmp_path / "forged", change)
    refused(tmp_path / "forged", tmp_path / "into", message)


def test_an_honest_run_comes_in_and_says_from_where(origin, honest, tmp_path):
    zipped = export(origin, items_of(origin), tmp_path / "one.zip").path
    into = open_catalog(tmp_path / "into")
    done = import_runs(into, zipped, judge=judge)
    assert (done.imported, done.unchecked, done.refused) == ([honest[0]], {}, {})
    assert into.origin(honest[0]).source == str(zipped)
    assert into.verify() == []
    again = export(into, items_of(into), tmp_path / "again.zip").path
    assert again.read_bytes() == zipped.read_bytes(), "what is exported does not tell of it"


HONEST = {
    "descent": ("orthogonal", {"flow.method": "gradient_descent", "flow.step_size": 0.01}),
    "tiny": ("orthogonal", {"init.log10_scale": -1000.0}),
    "contradiction": ("orthogonal", {"data.x": [[1.0], [1.0]]}),
    "huge": ("orthogonal", {"data.x": [[1e100], [3e100]], "data.y": [1e100, -1e100]}),
    "unbalanced": ("unbalanced", {}),
}
OTHERS = {
    "ran away": ("orthogonal", {"flow.method": "gradient_descent", "flow.step_size": 100.0}),
    "another library": ("orthogonal", {"flow.method": "scipy:DOP853", "flow.end_time": 20.0}),
    "large": ("orthogonal", {"init.log10_scale": 1.5}),
    "short": ("orthogonal", {"flow.end_time": 1e-3}),
    "one sign": ("orthogonal", {"data.y": [1.0, 1.0]}),
    "coarse": ("orthogonal", {"flow.tolerance": 1e-2}),
    "leaky": ("leaky", {}),
    "four dimensions": ("orthonormal", {}),
}


@pytest.mark.parametrize("kinds", with_slow([HONEST], [OTHERS]), ids=" and ".join)
def test_honest_runs_of_every_kind_come_in(tmp_path, kinds):
    catalog = open_catalog(tmp_path / "catalog")
    for name, overrides in kinds.values():
        run(load_config(name, SMALL | overrides), catalog)
    done = import_runs(open_catalog(tmp_path / "into"), tmp_path / "catalog", judge=judge)
    assert done.refused == {}
    assert done.unchecked == {}
    assert len(done.imported) == len(kinds)


def test_what_can_not_be_checked_is_said(tmp_path):
    """The points are in the run; whether they are those of the file, nobody knows."""
    (tmp_path / "mine.csv").write_text("x,y\n1,1\n3,2\n")
    catalog = open_catalog(tmp_path / "catalog")
    run(load_config(tmp_path / "mine.csv", SMALL), catalog)
    (run_id,) = catalog.run_ids()
    into = open_catalog(tmp_path / "into")
    done = import_runs(into, tmp_path / "catalog", judge=judge)
    assert done.unchecked == {run_id: ("its points, which come from mine.csv",)}
    assert into.origin(run_id).unchecked == done.unchecked[run_id]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_runs_of_older_versions_come_in(version, tmp_path):
    """Their identifiers are made with their own version's hash."""
    golden = Path(__file__).parents[2] / "golden" / version / "catalog.zip"
    done = import_runs(open_catalog(tmp_path / "into"), golden, judge=judge)
    assert (len(done.imported), done.refused) == (1, {})
    catalog = open_catalog(shutil.copytree(tmp_path / "into", tmp_path / "copy"))
    (run_id,) = catalog.run_ids()
    manifest = catalog.manifest(run_id)
    manifest.configuration["init"]["seed"] = 77
    (tmp_path / "copy/runs" / run_id / "manifest.json").write_bytes(manifest.to_bytes())
    refused(tmp_path / "copy", tmp_path / "other", "its attribute 'configuration' differs")
