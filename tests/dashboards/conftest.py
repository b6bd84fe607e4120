"""Runs as the pages see them, and a small catalog that they look at."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import xarray as xr

from catalog import Catalog, open_catalog
from dashboards.drawing_data import DrawingData
from dashboards.run_data import compute_complete, compute_preview
from pipeline import load_config, run

SMALL = {"init.width": 12, "flow.samples": 40}


@pytest.fixture(autouse=True)
def interrupts_as_before() -> Iterator[None]:
    """A server of Panel's, made in a test, takes Ctrl-C for itself and for all tests after it."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture(scope="session")
def small_catalog(tmp_path_factory) -> Catalog:
    """Three runs: the paper's, the same from a smaller scale, and one in four dimensions."""
    catalog = open_catalog(tmp_path_factory.mktemp("small") / "catalog")
    run(load_config("orthogonal", SMALL), catalog)
    run(load_config("orthogonal", SMALL | {"init.log10_scale": -9.0}), catalog)
    run(load_config("orthonormal", SMALL), catalog)
    return catalog


@pytest.fixture(scope="session")
def orthogonal_id(small_catalog) -> str:
    return load_config("orthogonal", SMALL).run_id("1.2")


@pytest.fixture
def tree(small_catalog, orthogonal_id) -> xr.DataTree:
    return small_catalog[orthogonal_id]


@pytest.fixture
def damaged_catalog(small_catalog, tmp_path) -> Catalog:
    """A copy in which one run has lost a chunk, and another's manifest has a flipped bit."""
    import shutil

    root = tmp_path / "damaged"
    shutil.copytree(str(small_catalog.storage.url), root)
    orthogonal = sorted(path for path in (root / "runs").iterdir() if path.name.startswith("orthogonal"))
    (orthogonal[0] / "data.zarr" / "trajectory" / "loss" / "c.0").unlink()
    manifest = orthogonal[1] / "manifest.json"
    content = bytearray(manifest.read_bytes())
    content[200] ^= 1
    manifest.write_bytes(content)
    return open_catalog(Path(root))


@pytest.fixture(scope="session")
def run_data_of():
    """The data of a preset's run with overrides; kept, since nothing changes it."""
    kept = {}

    def make(name="orthogonal", quick=False, **overrides):
        key = (name, quick, repr(sorted(overrides.items())))
        if key not in kept:
            config = load_config(name, {k.replace("__", "."): value for k, value in overrides.items()})
            kept[key] = (compute_preview if quick else compute_complete)(config)
        return kept[key]

    return make


@pytest.fixture(scope="session")
def drawing_of(run_data_of):
    def make(name="orthogonal", quick=False, **overrides):
        return DrawingData.of(run_data_of(name, quick, **overrides))

    return make
