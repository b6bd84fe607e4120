"""The README of an export says how it opens: each of its recipes is run."""

import sys
from pathlib import Path

import pytest
from recipes import run_recipes
from web import Unlisted, serving

from catalog import open_catalog
from catalog.sharing import Item, export, items_of
from pipeline import load_config, load_sweep, run, run_sweep

REPOSITORY = Path(__file__).parents[3]
SWEEP = """
base = "orthogonal"
[set]
"init.width" = 8
"flow.samples" = 20
[grid]
"init.seed" = [1, 2]
"""


@pytest.mark.slow
def test_every_recipe_runs(tmp_path):
    """With runs that were computed: whoever imports is told of others, which no configuration leads to."""
    (tmp_path / "few.toml").write_text(SWEEP)
    catalog = open_catalog(tmp_path / "catalog")
    for preset in ("orthogonal", "orthonormal"):
        run(load_config(preset, {"init.width": 8, "flow.samples": 20}), catalog)
    run_sweep(load_sweep(tmp_path / "few.toml"), catalog)
    first = catalog.run_ids()[0]
    shared = export(catalog, items_of(catalog, catalog.sweeps), tmp_path / "shared").path
    zipped, netcdf = (export(catalog, [Item(first)], tmp_path / name).path for name in ("one.zip", "one.nc"))
    environment = {"RELUFLOW_CATALOG": str(tmp_path / "mine"), "PYTHONPATH": str(REPOSITORY)}
    with serving(shared, Unlisted) as url:
        found = run_recipes(
            shared, Path(sys.executable).parent, zip=zipped, netcdf=netcdf, host=url.removeprefix("http://"),
            environment=environment,
        )  # fmt: skip
    assert found == (3, 7)
    assert (tmp_path / "mine" / "runs" / first / "manifest.json").exists()
