"""Ladders in a catalog: the one of a configuration, whatever lambda it was asked at, or a new one.

A ladder replaces ``init.log10_scale`` by its own values, so that the ladder of a run at 1e-6 is also that of the
same network at 1e-10; only its identifier, a hash of the configuration that was asked for, differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import xarray as xr

from catalog.catalog import Catalog, as_catalog
from catalog.errors import CatalogError
from pipeline.configuration import RunConfig, as_config, stated
from pipeline.theory.ladder import SCALES, Advance, ladder_configuration, ladder_law, nothing
from pipeline.theory.publishing import kept_if_writable

LADDER_STEPS = len(SCALES)
"""How often a ladder that is computed advances."""


def published_ladder(catalog: Catalog, config: RunConfig) -> tuple[str, xr.Dataset] | None:
    """Find the ladder of a configuration at any lambda among the sweeps of a catalog.

    Parameters
    ----------
    catalog
        Ladders of it that are damaged are passed over.
    config
        Of a run; its ``init.log10_scale`` does not matter.

    Returns
    -------
    identifier, cube
        Of :func:`pipeline.theory.ladder_law`; None if there is none.
    """
    wanted, sweeps = _without_scale(ladder_configuration(as_config(config))), as_catalog(catalog).sweeps
    for identifier in sweeps.run_ids():
        if identifier.startswith("ladder-"):
            try:
                if _without_scale(sweeps.manifest(identifier).configuration) == wanted:
                    return identifier, sweeps[identifier]["ladder"].to_dataset().load()
            except (CatalogError, OSError, ValueError, KeyError):  # what damaged arrays make their readers raise
                continue
    return None


def kept_ladder(catalog: Catalog, config: RunConfig, advance: Advance = nothing) -> tuple[str | None, xr.Dataset]:
    """Take the ladder of a configuration from a catalog, or compute it and keep it there.

    Parameters
    ----------
    catalog
        One that can't be written gets nothing.
    config
        Of a run; its ``init.log10_scale`` does not matter.
    advance
        Called :data:`LADDER_STEPS` times while it is computed.

    Returns
    -------
    identifier, cube
        The identifier is None if the catalog can't be written.

    Raises
    ------
    RequestError
        If the start is given: its scale is its own.
    """
    found = published_ladder(catalog, config)
    if found is not None:
        return found
    config = as_config(config)
    return kept_if_writable(
        catalog, "ladder", ladder_configuration(config), lambda: ladder_law(config, advance=advance)
    )


def _without_scale(configuration: Mapping[str, Any]) -> str:
    """Write a ladder's configuration so that two that differ in lambda alone read the same."""
    tables = stated(configuration)  # older ladders do not know the later keys
    tables["init"].pop("log10_scale", None)
    return json.dumps({**configuration, **tables}, sort_keys=True)
