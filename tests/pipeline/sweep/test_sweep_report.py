"""``reluflow show SWEEP``: the grid, the cells by status, the range of every result, what is next."""

import json
from io import StringIO

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from catalog import open_catalog
from catalog.manifest import Manifest
from pipeline.cli import sweep_details
from pipeline.cli.sweep_details import axes_of, counts_of, print_sweep, ranges_of, sweep_as_json
from pipeline.sweep import run_sweep
from pipeline.sweep.cube import FILL

MANIFEST = Manifest("small-000000000000", "1.1", "2026-01-01T00:00:00+00:00", {}, {}, {}, {})


def cube_of(attributes):
    status = xr.Variable(("width", "seed"), np.array([[1, 2], [1, 3]], "i1"), {
        "flag_values": np.array([1, 2, 3], "i1"), "flag_meanings": "converged stationary failed",
    })  # fmt: skip
    loss = xr.Variable(("width", "seed"), [[1.0, 2.0], [4.0, np.nan]], {"units": "1"})
    count = xr.Variable(("width", "seed"), [[3, 5], [4, -1]])
    names = xr.Variable(("width", "seed"), [[7, 8], [9, -1]])
    return xr.Dataset(
        {"status": status, "final_loss": loss, "steps": count, "run_hash": names},
        {"width": [6, 8], "seed": [0, 1]},
        attributes,
    )


def said(cube, manifest=MANIFEST):
    file = StringIO()
    print_sweep(Console(file=file, width=160, markup=False), manifest, "/place", cube, "cube")
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def test_the_parts_of_it():
    cube = cube_of({"grid": json.dumps({"init.width": [6, 8]}), "dimensions": json.dumps({"init.width": "width"})})
    assert axes_of(cube) == [
        {"key": "init.width", "dimension": "width", "values": [6, 8]},
        {"key": "seed", "dimension": "seed", "values": [0, 1]},
    ]
    assert counts_of(cube) == {"status": {"converged": 2, "stationary": 1, "failed": 1}}
    assert ranges_of(cube) == {
        "final_loss": {"least": 1.0, "median": 2.0, "largest": 4.0, "cells": 3, "units": "1"},
        "steps": {"least": 3.0, "median": 4.0, "largest": 5.0, "cells": 3, "units": "1"},
    }


def test_the_number_of_no_number_is_the_cube_s():
    assert sweep_details.FILL == FILL


def test_what_a_person_reads():
    failures = [{"cell": {"init.width": 8, "init.seed": 1}, "message": "no memory\nleft"}] * 12
    lines = said(cube_of({"title": "Mine", "failures": json.dumps(failures)}))
    assert lines[:2] == ["Mine", "small-000000000000: 4 cells, published 2026-01-01T00:00:00+00:00"]
    assert "width 6, 8" in lines
    assert "Status: 2 converged, 1 stationary, 1 failed" in lines
    assert "final_loss 1 2 4 3" in lines
    assert lines.count("failed: init.width = 8, init.seed = 1: no memory\\nleft") == 10
    assert "and 2 more, all in the cube's attribute 'failures'" in lines
    assert lines[-1].startswith("Next: reluflow sweep FILE --retry-failed")
    assert (
        said(cube_of({}))[-1] == "Next: reluflow dashboard draws it over any two of its keys, on the page Sweeps."
    )
    runs = said(cube_of({"runs": "runs/x", "run_name": "orthogonal"}))
    assert runs[-1] == "Next: reluflow show orthogonal-000000000007 prints all of its first cell."


@pytest.mark.parametrize("text", ["", "no json", "[1]", "{}", "null", '{"a": 1}', "[" * 10**4, '["text"]', "[[]]"])
def test_attributes_that_say_nothing(text):
    cube = cube_of(dict.fromkeys(("grid", "dimensions", "failures", "title"), text))
    cube["status"].attrs = {"flag_values": 3, "flag_meanings": "a b"}
    assert said(cube)
    json.dumps(sweep_as_json(MANIFEST, "/place", cube), allow_nan=False)
    assert said(xr.Dataset(attrs=cube.attrs))


@pytest.fixture(scope="module")
def swept(tmp_path_factory, request_of):
    """A catalog with a sweep of which a cell fails, and a law."""
    catalog = open_catalog(tmp_path_factory.mktemp("swept") / "catalog")
    run_sweep(request_of({"init.width": [6, 8], "init.seed": {"count": 3}}), catalog)
    law = xr.DataTree.from_dict({"ladder": xr.Dataset({"slope": 1.5, "excess": ("log_lambda", [1.0, 2.0])})})
    catalog.sweeps.publish("ladder-00000000000a", law, summary={}, configuration={}, provenance={})
    return catalog


def test_show_knows_sweeps(swept, reluflow):
    (sweep_id,) = (name for name in swept.sweeps if name.startswith("small"))
    for name in (sweep_id, "small", sweep_id[-12:-4]):
        done = reluflow("show", name, "--catalog", swept.storage.url)
        assert (done.exit_code, done.stderr) == (0, "")
        assert f"{sweep_id}: 6 cells, published " in done.stdout
        assert "init.seed   0, 1, 2" in done.stdout
    found = json.loads(reluflow("show", "small", "--json", "--catalog", swept.storage.url).stdout)
    assert (found["sweep_id"], found["cells"], found["failed"]) == (sweep_id, 6, 0)
    assert [axis["values"] for axis in found["axes"]] == [[6, 8], [0, 1, 2]]
    assert sum(found["counts"]["status"].values()) == 6
    assert found["ranges"]["final_loss"]["cells"] == 6


def test_show_knows_laws(swept, reluflow):
    done = reluflow("show", "ladder", "--catalog", swept.storage.url)
    assert done.exit_code == 0
    assert "group='ladder'" in done.stdout
    assert "excess" in done.stdout


def test_what_show_refuses(swept, reluflow):
    done = reluflow("show", "small", "--statements", "--catalog", swept.storage.url)
    assert done.exit_code == 2
    assert done.stderr.startswith("reluflow: --statements: allowed with a run only, small-")
    assert reluflow("show", "zzz", "--catalog", swept.storage.url).exit_code == 2
