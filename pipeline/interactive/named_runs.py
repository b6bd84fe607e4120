"""A run of a catalog by the name that ``reluflow show`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.catalog import Catalog, open_catalog
from catalog.layout import SCHEMA_VERSION
from pipeline.configuration import load_config, presets

if TYPE_CHECKING:
    import xarray as xr


def open_run(name: str, catalog: Catalog | str | Path | None = None) -> xr.DataTree:
    """Open a run, lazily.

    Parameters
    ----------
    name
        Its identifier, a unique beginning of it, or a preset's name, which is the preset as it is, without
        overrides.
    catalog
        A Catalog, or what ``open_catalog`` takes; None: where ``$RELUFLOW_CATALOG`` says, else ``./catalog-data``.

    Raises
    ------
    UnknownRunError, AmbiguousRunError
        If no run, or more than one, is meant.
    """
    catalog = catalog if isinstance(catalog, Catalog) else open_catalog(catalog)
    return catalog[run_id_of(catalog, name)]


def run_id_of(catalog: Catalog, name: str) -> str:
    """The run that ``name`` means: a preset's name is the preset as it is, without overrides."""
    if name in presets():
        run_id = load_config(name).run_id(SCHEMA_VERSION)
        if run_id in catalog:
            return run_id
    return catalog.resolve(name)
