"""A law's cube in the catalog: computed once, published whole among the sweeps, opened from then on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

from catalog.catalog import Catalog, as_catalog
from catalog.errors import CatalogUnwritableError
from catalog.layout import SCHEMA_VERSION
from pipeline.workflow.computation import provenance

TITLES = {
    "limit": "The jumps from saddle to saddle in the limit lambda -> 0, with flows of finite lambda beside them",
    "minimum": "The least of loss plus penalty times norm along a path of penalties, with the flow beside it",
    "ladder": "The paper's statements down a ladder of lambda, with the measured exponents",
    "width": "Width against the probability of assumption 3 and of the minimum norm",
    "threshold": "The lambda below which the minimum norm is reached, against m and n",
}


def law_id(law: str, configuration: Mapping[str, Any], schema_version: str = SCHEMA_VERSION) -> str:
    """The name of a cube: the law, and 12 hexadecimal digits of the hash of all that determines it."""
    text = json.dumps(
        {**configuration, "law": law, "schema": schema_version}, sort_keys=True, separators=(",", ":")
    )
    return f"{law}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def kept(
    catalog: Catalog, law: str, configuration: dict[str, Any], compute: Callable[[], xr.Dataset]
) -> tuple[str, xr.Dataset, bool]:
    """Open the cube of a law, or compute and publish it.

    Returns
    -------
    identifier, cube, cached
    """
    sweeps, identifier = catalog.sweeps, law_id(law, configuration)
    if identifier in sweeps:
        return identifier, sweeps[identifier][law].to_dataset().load(), True
    sweeps.check_writable(identifier)
    cube = compute()
    tree = xr.DataTree.from_dict({law: cube})
    tree.attrs = {"title": TITLES[law], "summary": f"{TITLES[law]}: {identifier}."}
    sweeps.publish(identifier, tree, summary=scalars(cube), configuration=configuration, provenance=provenance())
    return identifier, cube, False


def kept_if_writable(
    catalog: Catalog, law: str, configuration: dict[str, Any], compute: Callable[[], xr.Dataset]
) -> tuple[str | None, xr.Dataset]:
    """Take the cube of a law as :func:`kept` does; of a catalog that can't be written the identifier is None."""
    try:
        identifier, cube, _ = kept(as_catalog(catalog), law, configuration, compute)
    except CatalogUnwritableError:
        return None, compute()
    return identifier, cube


def scalars(cube: xr.Dataset) -> dict[str, float]:
    """Every single number of a cube, by name."""
    return {str(name): float(values) for name, values in cube.data_vars.items() if values.ndim == 0}
