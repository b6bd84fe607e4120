"""The runs of a catalog by their names, and where a run goes on from.

Finding a run takes the standard library and the configuration alone: a cache hit of the command line is instant.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.catalog import Catalog, as_catalog
from catalog.layout import SCHEMA_VERSION
from pipeline import RequestError
from pipeline.configuration import RunConfig, load_config, presets
from pipeline.inputs.kinds import text

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
    catalog = as_catalog(catalog)
    return catalog[run_id_of(catalog, text("name", name, "orthogonal"))]


def run_id_of(catalog: Catalog, name: str) -> str:
    """The run that ``name`` means: a preset's name is the preset as it is, without overrides."""
    if name in presets():
        run_id = load_config(name).run_id(SCHEMA_VERSION)
        if run_id in catalog:
            return run_id
    return catalog.resolve(name)


def pin_source(config: RunConfig, catalog: Catalog | None) -> RunConfig:
    """Write the run that a configuration goes on from by its whole identifier, and its width.

    So the identifier of the new run depends on which run it is, and not on what the catalog has besides.

    Raises
    ------
    RequestError
        If there is no catalog, or the configuration asks for another width.
    CatalogError
        If no run, or more than one, is meant.
    """
    init = config.init
    if init.from_run is None:
        return config
    if catalog is None:
        raise RequestError(f"init.from_run = {init.from_run!r}: allowed with a catalog only, which has that run")
    run_id = run_id_of(catalog, init.from_run)
    width = int(catalog.manifest(run_id).configuration["init"]["width"])
    if "width" in init.model_fields_set and init.width != width:
        raise RequestError(f"init.width = {init.width}: allowed is {width}, that of {run_id}, or no width at all")
    pinned = init.model_copy(update={"from_run": run_id, "width": width})
    pinned.model_fields_set.discard("width")  # nobody said it
    return config.model_copy(update={"init": pinned})


def source_start(config: RunConfig, catalog: Catalog) -> xr.Dataset:
    """The network of the run that a configuration goes on from, at the time it says, as a start.

    Between two samples the flow is followed from the one before, on that run's own data.

    Raises
    ------
    RequestError
        If there is no such time in the run.
    """
    from pipeline.flow import simulate, start_from

    run_id, time = str(config.init.from_run), config.init.from_time
    tree = catalog[run_id]
    trajectory = tree["trajectory"].to_dataset()
    times = trajectory["time"].values
    if time is None or time in times:
        return start_from(trajectory, time)
    if not times[0] <= time <= times[-1]:
        raise RequestError(
            f"init.from_time = {time:g}: from {times[0]:g} to {times[-1]:g} is allowed, the times of {run_id}"
        )
    before = float(times[times < time][-1])
    source = load_source(catalog, run_id)
    passed = simulate(
        tree["data"].to_dataset().load(), start_from(trajectory, before), sample_times=[0.0, time - before],
        tolerance=source.flow.tolerance, slope=source.flow.slope,
        output_speed=source.flow.output_speed,
    )  # fmt: skip
    return start_from(passed)


def load_source(catalog: Catalog, run_id: str) -> RunConfig:
    """The configuration of a run of the catalog."""
    return RunConfig.model_validate(catalog.manifest(run_id).configuration)
