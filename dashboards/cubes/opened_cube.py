"""The cube of a sweep: its swept keys and their values, and the quantities that can be shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import xarray as xr

from catalog import Catalog, flag_numbers
from dashboards.damage import explain_damage
from dashboards.paper_notation import name_statement, print_numbers, typeset
from pipeline.workflow.results import VERDICT, Group, every_result

CUBE_GROUP = "cube"
"""The group of a sweep's store that holds its cube; a law of the theory has another one."""
NO_RESULT = -1
"""The value of a count or a label that a cell does not have."""
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
"""Titles of the most common swept keys on axes and sliders."""


@dataclass(frozen=True)
class SweptKey:
    """One swept key.

    Attributes
    ----------
    dim, key
        The cube's dimension, and the key of the configuration (``init.width``).
    title
        Its title on an axis.
    values
        The values as in a configuration; numbers in increasing order.
    """

    dim: str
    key: str
    title: str
    values: tuple[Any, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The values as short texts, all different."""
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
    """A quantity that each cell has.

    Attributes
    ----------
    name, title, units, comment
        The variable's; units are empty where there are none.
    group
        ``Results``, ``Verdicts`` or ``Solver``.
    words
        The words of a label by its number less one; empty for a number.
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
        Every scalar result over the swept keys, loaded; ``number`` is each cell's index in the grid.
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
        """The title of the sweep."""
        return str(self.dataset.attrs.get("title", self.sweep_id))

    @property
    def cells(self) -> int:
        """The number of cells."""
        return int(self.dataset["number"].size)

    @cached_property
    def by_dim(self) -> dict[str, SweptKey]:
        """The axes by their dimensions."""
        return {one.dim: one for one in self.swept}

    @cached_property
    def numbers(self) -> Mapping[str, npt.NDArray[np.float64]]:
        """Every cell's result by quantity: see :func:`finite_values`."""
        return {name: finite_values(self.dataset[name]) for name in self.quantities}

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """All quantities by name: results first, and the most common ones first among them."""
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
        """Return the place of a cell on each axis."""
        flat = int(np.flatnonzero(self.dataset["number"].values.ravel() == number)[0])
        places = np.unravel_index(flat, self.dataset["number"].shape)
        return dict(zip(map(str, self.dataset["number"].dims), map(int, places), strict=True))

    def number(self, place: Mapping[str, int]) -> int:
        """Return the number of the cell at a place."""
        return int(self.dataset["number"].isel(dict(place)))


def read_cube(catalog: Catalog, sweep_id: str) -> Cube:
    """Open a sweep and load its results (about 70 numbers per cell).

    Raises
    ------
    CatalogError
        If there is no such sweep, or it is damaged.
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


def finite_values(values: xr.DataArray) -> npt.NDArray[np.float64]:
    """Return the values of a variable with NaN for a missing count or label and for infinity."""
    numbers = values.values.astype(np.float64)
    whole = np.issubdtype(values.dtype, np.integer)
    return np.where(numbers == NO_RESULT if whole else ~np.isfinite(numbers), np.nan, numbers)


def sort_order(values: list[Any]) -> list[int]:
    """Return the order of values: increasing for numbers, unchanged for others."""
    places = list(range(len(values)))
    numeric = all(type(value) in (int, float) for value in values)
    return sorted(places, key=lambda i: values[i]) if numeric else places


def cell_number(grid: Mapping[str, list[Any]], cell: Mapping[str, Any]) -> int:
    """Return the number of the cell with these values; the last key varies fastest."""
    number = 0
    for key, values in grid.items():
        number = number * len(values) + values.index(cell[key])
    return number


def quantity_of(name: str, values: xr.DataArray) -> Quantity:
    """Read a quantity from the attributes of its variable."""
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
    """Format a swept value: a number with up to six digits, a table as JSON that is cut off.

    Examples
    --------
    >>> [format_swept_value(value) for value in (-2.5, 64, "balanced", [[1, 2]], True)]
    ['−2.5', '64', 'balanced', '[[1, 2]]', 'true']
    """
    if type(value) in (int, float):
        return print_numbers(f"{value:.6g}")
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else f"{text[:23]}…"
