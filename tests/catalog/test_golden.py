"""Stores of every version of the schema, and of every way to encode chunks, still open."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from plain import plain_xarray

from catalog import open_catalog
from catalog.schema import COORDINATES, GROUPS, SCHEMA_VERSION
from catalog.sharing import import_runs

GOLDEN = Path(__file__).parents[1] / "golden"
VERSIONS = sorted(path.name for path in GOLDEN.iterdir())
STORES = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.glob("*/*.zip"))
"""In ``series.zip`` numbers along time are transposed and shuffled, and keys of chunks have dots."""
END = {"final_loss": 0.000669688, "half_squared_norm": 1.29535}
"""What the run of each version ended with: 6 neurons on the paper's data until t = 30."""


def row(spec):
    """What a reader relies on: dimensions, type, and the labels unless they are numbered through."""
    return [list(spec.dims), spec.dtype] + ([list(spec.flags)] if 0 < len(spec.flags) < 50 else [])


def test_the_schema_is_that_of_its_version():
    """A change here is a new SCHEMA_VERSION, a line in the changelog, and a golden store of it.

    This listing is written anew only with the version: `tests/golden/<version>/variables.json`. Labels may be
    added behind those that there are: each variable on disk names its own.
    """
    stored = json.loads((GOLDEN / SCHEMA_VERSION / "variables.json").read_text())
    found = {group: {spec.name: row(spec) for spec in specs} for group, specs in GROUPS.items()}
    found["coordinates"] = {name: row(spec) for name, spec in COORDINATES.items()}
    for group, variables in stored.items():
        for name, (*_, labels) in ((name, row) for name, row in variables.items() if len(row) == 3):
            found[group][name][2] = found[group][name][2][: len(labels)]
    # A variable that may be absent may be added: no reader of the version misses it.
    for group, variables in found.items():
        specs = {spec.name: spec for spec in GROUPS.get(group, ())}
        added = [name for name in variables if name not in stored[group]]
        assert all(
            name in ("test_point", "penalty") if group == "coordinates" else specs[name].optional for name in added
        )
        found[group] = {name: row for name, row in variables.items() if name not in added}
    assert found == stored


def test_every_version_has_a_store():
    assert VERSIONS == ["1.0", "1.1", "1.2"]
    assert SCHEMA_VERSION in VERSIONS
    assert STORES == ["1.0/catalog.zip", "1.1/catalog.zip", "1.1/series.zip", "1.2/catalog.zip"]
    assert all((GOLDEN / store).stat().st_size < 200_000 for store in STORES)


@pytest.fixture(params=STORES)
def golden(request, tmp_path):
    """The catalog of one store, unpacked, and the store."""
    with zipfile.ZipFile(GOLDEN / request.param) as archive:
        archive.extractall(tmp_path / "catalog")
    return open_catalog(tmp_path / "catalog"), request.param


def test_a_golden_store_is_listed_opened_and_verified(golden):
    catalog, store = golden
    version = store.partition("/")[0]
    (run_id,) = catalog.run_ids()
    assert catalog.verify() == []
    assert catalog.manifest(run_id).schema_version == version
    frame = catalog.where("width == 6 and status == 'end_time'")
    assert list(frame.index) == [run_id]
    assert frame["schema_version"].item() == version
    run = catalog[run_id].load()
    assert run["trajectory/loss"].values[-1] == pytest.approx(END["final_loss"], rel=1e-4)
    assert frame["half_squared_norm"].item() == pytest.approx(END["half_squared_norm"], rel=1e-4)
    assert np.allclose(np.linalg.norm(run["trajectory/direction"], axis=2), 1)


def test_plain_xarray_opens_a_golden_store(golden):
    catalog, _ = golden
    (run_id,) = catalog.run_ids()
    line = plain_xarray(f"{catalog.path(run_id)}/data.zarr", "zarr")
    assert {"data", "trajectory", "phases", "minimal_norm"} <= set(line.split())


def test_a_golden_store_comes_in(golden, tmp_path):
    catalog, store = golden
    into = open_catalog(tmp_path / "into")
    assert import_runs(into, GOLDEN / store).imported == catalog.run_ids()
    assert into.verify() == []


def test_a_golden_store_has_what_its_version_had(golden):
    """What both versions have keeps its dimensions and its type."""
    catalog, store = golden
    run = catalog[catalog.run_ids()[0]]
    shared = 0
    for group, specs in GROUPS.items():
        for spec in specs:
            if group in run.children and spec.name in run[group].variables:
                variable = run[group].variables[spec.name]
                assert (variable.dims, str(variable.dtype)) == (spec.dims, spec.dtype), (store, group, spec.name)
                shared += 1
    assert shared >= 40
