"""Forged sweeps and laws: the identifier follows from the configuration, and the summary from the cube."""

import json
import os
import re

import numpy as np
import pytest
import xarray as xr

from catalog import open_catalog
from catalog.sharing import import_runs
from pipeline.configuration import load_config
from pipeline.sweep import SweepSpec, axis, run_sweep
from pipeline.theory import ladder_law
from pipeline.theory.publishing import kept
from pipeline.upkeep import judge


@pytest.fixture(autouse=True)
def nothing_is_flushed(monkeypatch):
    """No power is cut here."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A catalog with a sweep, one cell of which is refused, and a law; never to be changed."""
    catalog = open_catalog(tmp_path_factory.mktemp("honest") / "catalog")
    settings = {"flow.samples": 10, "data.y": None, "data.dimension": 6}
    axes = (axis("data.delta", [0.1, 0.6]), axis("data.points", [2, 6]), axis("init.width", [3, 4]))
    run_sweep(SweepSpec("scales", "nearly-orthogonal", axes, settings), catalog)
    config = load_config("orthogonal", {"init.width": 3, "flow.samples": 10})
    configuration = config.resolved() | {"rungs": [-2.0, -3.0]}
    kept(catalog, "ladder", configuration, lambda: ladder_law(config, (-2.0, -3.0)))
    return catalog


def ids(origin):
    law, sweep = sorted(origin.sweeps.run_ids())
    return {"law": law, "sweep": sweep}


def test_an_honest_sweep_and_a_law_come_in(origin, tmp_path):
    done = import_runs(open_catalog(tmp_path / "into"), origin.storage.url, judge=judge)
    assert done.refused == {}
    assert done.unchecked == {}
    assert len(done.imported) == 2
    cube = origin.sweeps[ids(origin)["sweep"]]["cube"]
    assert 0 < cube.attrs["failed_cells"] < cube.attrs["cells"]


def put(name, value, where=...):
    def change(cube, summary, configuration):
        values = cube[name].values.copy()
        values[where] = value
        return cube.assign({name: cube[name].copy(data=values)})

    return change


def say(**changes):
    return lambda cube, summary, configuration: summary.update(changes)


def configure(**changes):
    return lambda cube, summary, configuration: configuration.update(changes)


def swap_cells(cube, summary, configuration):
    hashes = cube["run_hash"].values.copy()
    hashes[0, 0] = hashes[0, 0, ::-1]
    return cube.assign(run_hash=cube["run_hash"].copy(data=hashes))


def another_base(cube, summary, configuration):
    configuration["base"]["init"]["seed"] = 77


def another_grid(cube, summary, configuration):
    configuration["grid"]["init.width"] = [3, 5]
    cube.attrs["grid"] = json.dumps(configuration["grid"])


FORGED = {
    "more cells": ("sweep", say(cells=9), "summary says cells = 9; its cube has 8"),
    "no failures": ("sweep", say(failed_cells=0), "summary says failed_cells = 0"),
    "no loss": ("sweep", put("final_loss", np.nan), "final_loss has values that are no numbers"),
    "other cells": ("sweep", swap_cells, "its cell 0 is nearly-"),
    "another base": ("sweep", another_base, "its cell 0 is nearly-"),
    "another grid": ("sweep", another_grid, "its cell 1 is nearly-"),
    "a grid that is not the cube's": (
        "sweep", configure(grid={"init.width": [3, 4]}), "cube has the shape|no sweep that can be understood",
    ),
    "no grid": ("sweep", configure(grid={}), "no sweep that can be understood"),
    "trajectories": ("sweep", configure(trajectories=True), "its configuration is that of scales-"),
    "another tolerance of the law": ("law", configure(ladder_tolerance=1.0), "is that of ladder-"),
    "another minimum": ("law", say(minimum=42.0), "summary says minimum = 42.0; its cube says"),
    "another unit": ("law", lambda cube, *_: cube["excess"].attrs.update(scale_factor=2.0), "'scale_factor'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_sweep_is_refused(kind, origin, tmp_path):
    which, change, message = FORGED[kind]
    sweep_id = ids(origin)[which]
    manifest, tree = origin.sweeps.manifest(sweep_id), origin.sweeps[sweep_id].load()
    (group,) = tree.children
    cube, summary = tree[group].to_dataset().copy(deep=True), dict(manifest.summary)
    configuration = json.loads(json.dumps(manifest.configuration))
    cube = change(cube, summary, configuration) or cube
    forged = xr.DataTree.from_dict({group: cube})
    forged.attrs = tree.attrs
    parts = {"summary": summary, "configuration": configuration, "provenance": manifest.provenance}
    open_catalog(tmp_path / "forged").sweeps.publish(sweep_id, forged, **parts)
    done = import_runs(open_catalog(tmp_path / "into"), tmp_path / "forged", judge=judge)
    assert done.imported == []
    assert re.search(message, done.refused[sweep_id]), done.refused


def test_what_is_neither_a_sweep_nor_a_law_is_refused(tmp_path):
    tree = xr.DataTree.from_dict({"/width": xr.Dataset({"excess": ("seed", [1.0])}), "/more": xr.Dataset()})
    parts = {"summary": {}, "configuration": {}, "provenance": {}}
    open_catalog(tmp_path / "forged").sweeps.publish("scales-00000000000a", tree, **parts)
    done = import_runs(open_catalog(tmp_path / "into"), tmp_path / "forged", judge=judge)
    assert done.refused == {"scales-00000000000a": "it is neither a sweep's cube nor a law's"}
