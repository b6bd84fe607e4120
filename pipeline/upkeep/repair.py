"""A damaged run is computed anew from its own configuration, and only then are its remains removed."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from catalog.catalog import Catalog
from catalog.cell_cache import CELLS
from catalog.errors import CatalogError, DamagedRunError
from catalog.layout import INDEX, ORIGINS, SCHEMA_VERSION, SWEEPS, preset_of
from catalog.verification import Finding, Problem
from pipeline import RequestError
from pipeline.configuration import RunConfig
from pipeline.sweep import SweepSpec, axis, make_plan, run_sweep
from pipeline.workflow.computation import publish, run


def repair(catalog: Catalog, findings: list[Finding]) -> None:
    """Compute one damaged thing anew and put the result in the place of what is damaged.

    Parameters
    ----------
    catalog
        Where it lies.
    findings
        What verify said of one run, one sweep, the records of one base's cells (these are removed: the next sweep
        computes them again), one collection's index (it is made anew of the manifests), or what is told of where a
        run came from (that is removed).

    Raises
    ------
    RequestError
        If its configuration is lost, names a file that is not at hand, or belongs to another version; nothing is
        changed then.
    CatalogError
        If the catalog can't be written.
    """
    run_id, collection = findings[0].run_id, findings[0].collection
    unexpected_files = [finding.path for finding in findings if finding.problem is Problem.FOREIGN]
    if unexpected_files:
        raise RequestError(
            f"{run_id}: {unexpected_files[0]} was not published with it and would be lost; move it elsewhere"
        )
    catalog.check_writable()
    if collection in (CELLS, INDEX, ORIGINS):
        for finding in findings:
            catalog.storage.remove(finding.path)
        if collection == INDEX:
            catalog.reindex()
    elif collection == SWEEPS:
        _sweep_again(catalog, run_id)
    else:
        config = configuration_of(catalog, run_id)
        tree = run(config)
        catalog.storage.remove(f"{collection}/{run_id}")
        publish(config, catalog, tree)


def _sweep_again(catalog: Catalog, sweep_id: str) -> None:
    """Make the cube again; its cells are recorded, or computed."""
    try:
        said = catalog.sweeps.manifest(sweep_id).configuration
        spec = SweepSpec(
            name=preset_of(sweep_id),
            base=said["base"]["name"],
            axes=tuple(axis(key, values) for key, values in said["grid"].items()),
            settings=said["set"],
            trajectories=said["trajectories"],
            title=said["title"],
            description=said["description"],
        )
        again = make_plan(spec).sweep_id == sweep_id
    except (CatalogError, RequestError, KeyError, TypeError):
        again = False
    if not again:
        raise RequestError(f"{sweep_id}: remove its folder and run its sweep again; its cells are recorded")
    catalog.storage.remove(f"{SWEEPS}/{sweep_id}")
    run_sweep(spec, catalog)


def configuration_of(catalog: Catalog, run_id: str) -> RunConfig:
    """Find the configuration of a run that may be damaged: in its manifest, else in the store's own attributes.

    Raises
    ------
    RequestError
        If neither has it, or it does not give a run of this name here.
    """
    values = _from_manifest(catalog, run_id) or _from_store(catalog, run_id)
    if values is None:
        raise RequestError(
            f"{run_id}: its configuration is lost with its manifest; remove its folder and run it again"
        )
    for table in ("data", "init"):
        file = values.get(table, {}).get("file")
        if file is not None:
            raise RequestError(
                f"{run_id}: it was computed from {file}; remove its folder and run its TOML file again"
            )
    try:
        config = RunConfig.model_validate(values)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise RequestError(f"{run_id}: its configuration is not one of this version ({reason})") from None
    if config.run_id(SCHEMA_VERSION) != run_id:
        raise RequestError(f"{run_id}: its configuration gives {config.run_id(SCHEMA_VERSION)} in this version")
    return config


def _from_manifest(catalog: Catalog, run_id: str) -> dict[str, Any] | None:
    try:
        return catalog.manifest(run_id).configuration
    except CatalogError:
        return None


def _from_store(catalog: Catalog, run_id: str) -> dict[str, Any] | None:
    """The attribute that every run carries; damaged or not, it must give the run's name in the end."""
    try:
        key = f"{catalog.collection}/{run_id}/data.zarr/zarr.json"
        values = json.loads(json.loads(catalog.storage.read(key))["attributes"]["configuration"])
    except (CatalogError, DamagedRunError, OSError, ValueError, KeyError, TypeError):
        return None
    return values | {"name": preset_of(run_id)} if isinstance(values, dict) else None
