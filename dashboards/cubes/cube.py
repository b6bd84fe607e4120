"""Reading a cube: which keys were swept over which values, and what can be shown of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
import xarray as xr

from catalog import Catalog, flag_numbers
from dashboards.damage import explain_damage
from dashboards.paper_notation import name_statement, typeset
from pipeline.results.registry import VERDICT, Group, every_result

CUBE_GROUP = "cube"
"""The group of a sweep's store that holds its cube; a law of the theory has another one."""
NO_RESULT = -1
"""A count or a label where a cell has none."""
INTERNAL_VARIABLES = ("run_hash", "cell_status")
"""Variables that are no result: ``status`` says of a failed cell that it failed."""
FIRST_RESULTS = (
    "final_excess", "final_distance", "final_loss", "half_squared_norm", "minimal_half_squared_norm", "t1",
    "t1_predicted", "t2", "t2_predicted", "t3", "t3_predicted", "status",
)  # fmt: skip
"""Results that people ask for most."""
TITLES = {
    "init.log10_scale": "log₁₀ of the initial scale",
    "init.width": "width m (neurons)",
    "init.seed": "seed of the start",
    "init.start": "start",
    "data.seed": "seed of the data",
    "data.points": "number of points n",
    "data.dimension": "dimension d",
    "flow.slope": "slope of the leaky ReLU",
    "flow.tolerance": "tolerance of the solver",
}
"""What axes and sliders call the keys that people sweep most."""


@dataclass(frozen=True)
class SweptKey:
    """One swept key.

    Attributes
    ----------
    dim, key
        The cube's dimension, and the key of the configuration (``init.width``).
    title
        What an axis calls it.
    values
        As they stand in a configuration; numbers in rising order.
    """

    dim: str
    key: str
    title: str
    values: tuple[Any, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Each value as a short text; all different."""
        texts = [format_swept_value(value) for value in self.values]
        if len(set(texts)) < len(texts) and self.numeric:
            texts = [repr(value).replace("-", "−") for value in self.values]
        if len(set(texts)) == len(texts):
            return tuple(texts)
        return tuple(f"{text} (no. {i})" for i, text in enumerate(texts, start=1))

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return all(type(value) in (int, float) for value in self.values)


@dataclass(frozen=True)
class Quantity:
    """Something that can be shown of each cell.

    Attributes
    ----------
    name, title, units, comment
        The variable's; units are empty where there are none.
    group
        ``Results``, ``Verdicts`` or ``Solver``.
    words
        Of a label, by its number less one; empty for a number.
    """

    name: str
    title: str
    units: str
    comment: str
    group: Group
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cube:
    """A sweep that was opened.

    Attributes
    ----------
    sweep_id
        Its name in the catalog.
    dataset
        Every scalar result over the swept keys, loaded; with ``number``, each cell's place in the grid.
    swept
        The axes, in the grid's order.
    failures
        The messages of failed cells, by their numbers.
    """

    sweep_id: str
    dataset: xr.Dataset
    swept: tuple[SweptKey, ...]
    failures: Mapping[int, str]

    @property
    def title(self) -> str:
        """What the sweep is called."""
        return str(self.dataset.attrs.get("title", self.sweep_id))

    @property
    def cells(self) -> int:
        """How many there are."""
        return int(self.dataset["number"].size)

    @cached_property
    def by_dim(self) -> dict[str, SweptKey]:
        """The axes by their dimensions."""
        return {one.dim: one for one in self.swept}

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """All that can be shown, by name: results first, and of them those that people ask for most."""
        found = [
            quantity_of(str(name), values)
            for name, values in self.dataset.data_vars.items()
            if name not in (*INTERNAL_VARIABLES, "number")
        ]
        order = get_args(Group)
        first = {name: place for place, name in enumerate(FIRST_RESULTS)}
        found.sort(key=lambda one: (order.index(one.group), first.get(one.name, len(first)), one.title.lower()))
        return {one.name: one for one in found}

    def place(self, number: int) -> dict[str, int]:
        """Where the cell with this number stands on each axis."""
        flat = int(np.flatnonzero(self.dataset["number"].values.ravel() == number)[0])
        places = np.unravel_index(flat, self.dataset["number"].shape)
        return dict(zip(map(str, self.dataset["number"].dims), map(int, places), strict=True))

    def number(self, place: Mapping[str, int]) -> int:
        """The number of the cell that stands there."""
        return int(self.dataset["number"].isel(dict(place)))


def read_cube(catalog: Catalog, sweep_id: str) -> Cube:
    """Open a sweep, and load what it knows of each cell (some 70 numbers a cell).

    Raises
    ------
    CatalogError
        If there is none such, or it is damaged.
    """
    tree = catalog.sweeps.whole(sweep_id)
    with explain_damage(sweep_id, "sweeps"):
        dataset = tree[CUBE_GROUP].to_dataset().load()
        grid, dimensions = (json.loads(dataset.attrs[name]) for name in ("grid", "dimensions"))
        failed = json.loads(dataset.attrs["failures"])
        dims = [dimensions[key] for key in grid]
        shape = tuple(dataset.sizes[dim] for dim in dims)
        dataset["number"] = (dims, np.arange(math.prod(shape)).reshape(shape))
        failures = {cell_number(grid, failure["cell"]): str(failure["message"]) for failure in failed}
    swept = []
    for key, values in grid.items():
        order = sort_order(values)
        dataset = dataset.isel({dimensions[key]: order})
        title = TITLES.get(key, key)
        swept.append(SweptKey(dimensions[key], key, title, tuple(values[i] for i in order)))
    return Cube(sweep_id, dataset, tuple(swept), failures)


def sort_order(values: list[Any]) -> list[int]:
    """Order the places of values: numbers as they rise, all else as it stands."""
    places = list(range(len(values)))
    numeric = all(type(value) in (int, float) for value in values)
    return sorted(places, key=lambda i: values[i]) if numeric else places


def cell_number(grid: Mapping[str, list[Any]], cell: Mapping[str, Any]) -> int:
    """Count which cell of a grid has these values; the last key runs fastest."""
    number = 0
    for key, values in grid.items():
        number = number * len(values) + values.index(cell[key])
    return number


def quantity_of(name: str, values: xr.DataArray) -> Quantity:
    """Read from a variable's attributes what it is."""
    said = values.attrs
    words: tuple[str, ...] = ()
    if numbers := flag_numbers(said):
        words = tuple(word.replace("_", " ") for word in numbers)
    elif "values" in said:
        words = tuple(map(str, json.loads(said["values"])))
    units = str(said.get("units", ""))
    verdict = name.startswith("verdict_")
    title = name_statement(name.removeprefix("verdict_")) if verdict else str(said.get("long_name", name))
    if name in ("t1", "t2", "t3"):
        title = f"{name}, {title}"
    result = every_result().get(name.replace("verdict_", VERDICT))
    group: Group = "Results" if result is None else result.group
    return Quantity(
        name, typeset(title), "" if units == "1" else units, str(said.get("comment", "")), group, words
    )


def format_swept_value(value: Any) -> str:
    """Write a swept value as a short text: numbers with up to six digits, tables as JSON that is cut off.

    Examples
    --------
    >>> worded(-2.5), worded(64), worded("balanced"), worded([[1, 2]]), worded(True)
    ('−2.5', '64', 'balanced', '[[1, 2]]', 'true')
    """
    if type(value) in (int, float):
        return f"{value:.6g}".replace("-", "−")
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else f"{text[:23]}…"
