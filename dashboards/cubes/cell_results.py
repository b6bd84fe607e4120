"""One cell of a cube: its results, and the link to its run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from catalog import Catalog
from dashboards.cubes.opened_cube import NO_RESULT, Cube, Quantity
from dashboards.page_context import PageContext
from dashboards.paper_notation import print_numbers
from dashboards.run_selection import FIRST_PRESET, RunSelection, read_configuration, read_selection
from pipeline import RequestError
from pipeline.configuration import RunConfig, presets

NAMING_KEYS = ("name", "title", "description")
"""Keys of a configuration that do not change the flow."""


@dataclass(frozen=True)
class RunLink:
    """A link to the run of a cell.

    Attributes
    ----------
    query
        The parameters of a page's address; None if no page can show the run.
    words
        Where the link leads, or why there is none.
    """

    query: Mapping[str, str] | None
    words: str


def link_to_run(cube: Cube, number: int, catalog: Catalog) -> RunLink:
    """Find the address that shows a cell's run: opened if it is published, else computed."""
    try:
        config = configuration_at(cube, number)
    except RequestError as error:
        refused = number in cube.failures
        return RunLink(
            None, "Its configuration is not allowed: there is no run to open." if refused else f"{error}."
        )
    run_id = run_id_at(cube, number)
    if run_id is not None and run_id in catalog:
        return RunLink({"run": run_id}, f"Its run {run_id} is in the catalog.")
    for preset in dict.fromkeys((config.name, FIRST_PRESET, *presets())):
        query = RunSelection(config.model_copy(update={"name": preset}), {}).query()
        if preset in presets() and leads_to(query, catalog, config):
            return RunLink(query, "Its run is not stored; the page computes it again.")
    return RunLink(
        None,
        "Its run is not stored, and an address cannot hold its configuration: to keep runs, sweep with "
        "trajectories = true.",
    )


def leads_to(query: Mapping[str, str], catalog: Catalog, config: RunConfig) -> bool:
    """Whether an address selects exactly this configuration."""
    complaints: list[str] = []
    found = read_selection(PageContext(catalog, dict(query), say=complaints.append))
    return not complaints and flow_keys(found.config) == flow_keys(config)


def flow_keys(config: RunConfig) -> dict[str, Any]:
    """Return the keys of a configuration that determine the flow."""
    return {key: value for key, value in config.resolved().items() if key not in NAMING_KEYS}


def configuration_at(cube: Cube, number: int) -> RunConfig:
    """Return the configuration of a cell: that of the first cell with the swept values of this one.

    Raises
    ------
    RequestError
        If it is not allowed, or this version cannot read it.
    """
    if number in cube.failures and run_id_at(cube, number) is None:
        raise RequestError(cube.failures[number])
    resolved = json.loads(cube.dataset.attrs["configuration"])
    for dim, place in cube.place(number).items():
        swept = cube.by_dim[dim]
        *tables, key = swept.key.split(".")
        table = resolved
        for name in tables:
            table = table.setdefault(name, {})
        table[key] = swept.values[place]
    return read_configuration(resolved)


def run_id_at(cube: Cube, number: int) -> str | None:
    """Return the identifier of a cell's run; None if its configuration is not allowed."""
    run_hash = int(select_cell(cube, number)["run_hash"])
    return None if run_hash == NO_RESULT else f"{cube.dataset.attrs['run_name']}-{run_hash:012x}"


def list_results(cube: Cube, number: int) -> dict[str, list[tuple[str, str, str]]]:
    """List the results of a cell by group: name, title and formatted value."""
    cell = select_cell(cube, number)
    listed: dict[str, list[tuple[str, str, str]]] = {}
    for name, quantity in cube.quantities.items():
        row = (name, quantity.title, format_result(quantity, cell[name].item()))
        listed.setdefault(quantity.group, []).append(row)
    return listed


def select_cell(cube: Cube, number: int) -> xr.Dataset:
    """Select one cell."""
    return cube.dataset.isel(cube.place(number))


def format_result(quantity: Quantity, value: float | int) -> str:
    r"""Format a result: a label as its word, a number with five digits and its unit; a dash for none.

    Examples
    --------
    >>> loss = Quantity("final_loss", "loss L", "", "", "Results")
    >>> format_result(loss, 1.5e-12), format_result(loss, 3), format_result(loss, float("nan"))
    ('1.5\xa0×\xa010⁻¹²', '3', '–')
    """
    if value != value or (value == NO_RESULT and isinstance(value, int)):
        return "–"
    if quantity.words:
        return quantity.words[int(value) - 1]
    return print_numbers(f"{value:.5g} {quantity.units}".strip())
