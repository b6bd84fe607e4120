"""Trees with every group and variable of the schema, of random but valid values, and a published run."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from catalog.publication import publish
from catalog.schema import GROUPS, conform

RUN_ID = "orthogonal-0123456789ab"
SIZES = {"time": 20, "neuron": 5, "point": 2, "coord": 2, "minimal_neuron": 2, "statement": 3} | {
    "plateau_number": 2, "instant": 3, "cluster": 4, "kink": 3, "test_point": 4, "penalty": 3,
    "extremal": 3, "limit_plateau": 3,
}  # fmt: skip
DESCRIPTION = {
    "summary": {
        "final_loss": 1e-12,
        "t3": float("nan"),
        "status": "converged",
        "balanced": True,
        "gap": None,
    },
    "configuration": {
        "data": {"kind": "points", "x": [[1.0, 0.5], [-0.5, 1.0]], "seed": 0},
        "init": {"width": 60, "log10_scale": -6.0, "seed": 3},
    },
    "provenance": {"python": "3.11", "seconds": 1.5},
}


def random_tree(seed: int = 0, **sizes: int) -> xr.DataTree:
    """A tree that fills every group of the schema."""
    sizes = SIZES | sizes
    rng = np.random.default_rng(seed)
    nodes = {"/": xr.Dataset(attrs={"title": "a random tree", "wall_time": float("inf")})}
    for group, specifications in GROUPS.items():
        values = {"time": np.cumsum(rng.random(sizes["time"]))}
        for spec in specifications:
            shape = tuple(sizes[dim] for dim in spec.dims)
            if spec.flags:
                values[spec.name] = rng.integers(1, len(spec.flags) + 1, shape)
            elif spec.dtype == "float64":
                values[spec.name] = rng.normal(size=shape)
            else:
                values[spec.name] = rng.choice([-1, 1], shape)
        if not any("time" in spec.dims for spec in specifications):
            del values["time"]
        if group == "statements":  # labels, which count from 1
            values["statement"] = np.arange(1, sizes["statement"] + 1)
        nodes[f"/{group}"] = conform(group, values, {"status": "converged", "versions": {"zarr": "3"}})
    return xr.DataTree.from_dict(nodes)


def few_groups(tree: xr.DataTree) -> xr.DataTree:
    """Two small groups of it: in an object store each of its files is a request."""
    kept = {name: tree[name].to_dataset() for name in ("data", "kernel")}
    return xr.DataTree.from_dict({"/": tree.to_dataset(), **kept})


@pytest.fixture(scope="session")
def tree() -> xr.DataTree:
    return random_tree()


@pytest.fixture(scope="session")
def make_few() -> Callable[..., xr.DataTree]:
    return lambda **options: few_groups(random_tree(**options))


@pytest.fixture(scope="session")
def few(make_few: Callable[..., xr.DataTree]) -> xr.DataTree:
    return make_few()


@pytest.fixture(scope="session")
def pristine(tree: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with one run; shared, so never to be changed."""
    root = tmp_path_factory.mktemp("pristine") / "catalog"
    publish(root, RUN_ID, tree, **DESCRIPTION)
    return root


@pytest.fixture
def catalog_copy(pristine: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "catalog"))


@pytest.fixture(scope="session")
def run_id() -> str:
    return RUN_ID


@pytest.fixture(scope="session")
def description() -> dict:
    return DESCRIPTION


@pytest.fixture(scope="session")
def make_tree() -> Callable[..., xr.DataTree]:
    return random_tree
