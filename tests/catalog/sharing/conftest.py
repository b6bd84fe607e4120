"""A catalog with two runs and a sweep, and what is exported from it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from catalog import open_catalog
from catalog.catalog import Catalog
from catalog.manifest import parse
from catalog.sharing import Item, export, items_of

SECOND, SWEEP = "orthonormal-ba9876543210", "ladder-00000000000a"


@pytest.fixture(scope="session")
def second() -> str:
    return SECOND


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory, make_tree, run_id, description) -> Catalog:
    """Never to be changed."""
    catalog = open_catalog(tmp_path_factory.mktemp("origin") / "catalog")
    catalog.publish(run_id, make_tree(), **description)
    catalog.publish(SECOND, make_tree(seed=1, neuron=3), **description)
    cube = xr.Dataset({"excess": (("width", "seed"), np.arange(6.0).reshape(2, 3))}, {"width": [10, 20]})
    catalog.sweeps.publish(SWEEP, xr.DataTree.from_dict({"/ladder": cube}), **description)
    return catalog


@pytest.fixture(scope="session")
def shared(origin: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything, exported as a folder; never to be changed."""
    return export(origin, items_of(origin, origin.sweeps), tmp_path_factory.mktemp("out") / "shared").path


@pytest.fixture(scope="session")
def zipped(origin: Catalog, run_id, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run as a zip; never to be changed."""
    return export(origin, [Item(run_id)], tmp_path_factory.mktemp("out") / "one.zip").path


@pytest.fixture(scope="session")
def one(origin: Catalog, run_id: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run as a folder; never to be changed."""
    return export(origin, [Item(run_id)], tmp_path_factory.mktemp("out") / "one").path


@pytest.fixture
def copied(one: Path, tmp_path: Path) -> Path:
    """One run in a folder, to be damaged."""
    return Path(shutil.copytree(one, tmp_path / "copied"))


@pytest.fixture
def target(tmp_path: Path) -> Catalog:
    """An empty catalog."""
    return open_catalog(tmp_path / "target")


@pytest.fixture
def forge(copied: Path, run_id: str) -> Callable[..., None]:
    """Rewrite the manifest of the run in ``copied`` so that its digests are right again."""

    def rewrite(**changes):
        import hashlib

        run = copied / "runs" / run_id
        files = {}
        for path in sorted((run / "data.zarr").rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                digest = hashlib.sha256(content).hexdigest()
                files[path.relative_to(run).as_posix()] = {"size": len(content), "sha256": digest}
        manifest = parse((run / "manifest.json").read_bytes())
        more = changes.pop("more_files", {})
        (run / "manifest.json").write_bytes(replace(manifest, **{"files": files | more} | changes).to_bytes())

    return rewrite
