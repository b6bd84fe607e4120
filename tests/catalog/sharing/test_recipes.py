"""The README of an export says how it opens: each of its recipes is run."""

import sys
from pathlib import Path

from recipes import run_recipes
from web import Unlisted, serving

from catalog.sharing import Item, export

REPOSITORY = Path(__file__).parents[3]


def test_every_recipe_runs(shared, zipped, origin, run_id, tmp_path):
    netcdf = export(origin, [Item(run_id)], tmp_path / "one.nc").path
    environment = {"RELUFLOW_CATALOG": str(tmp_path / "mine"), "PYTHONPATH": str(REPOSITORY)}
    with serving(shared, Unlisted) as url:
        found = run_recipes(
            shared, Path(sys.executable).parent, zip=zipped, netcdf=netcdf, host=url.removeprefix("http://"),
            environment=environment,
        )  # fmt: skip
    assert found == (3, 7)
    assert (tmp_path / "mine" / "runs" / run_id / "manifest.json").exists()
