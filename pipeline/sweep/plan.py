"""Which run each cell is: every configuration checked and named before anything is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from catalog.layout import SCHEMA_VERSION
from pipeline.configuration import RunConfig, load_config, override, presets
from pipeline.inputs.errors import RequestError
from pipeline.sweep.grid import canonical
from pipeline.sweep.spec import SweepSpec

OF_THE_DATA = (
    "data.", "flow.slope", "analysis.free_bias", "analysis.output_bias", "analysis.skip", "analysis.penalty",
)  # fmt: skip
"""How the keys begin on which the data set and its minimum norm depend."""


@dataclass(frozen=True)
class Plan:
    """A sweep whose cells are known: numbered in the grid's order, the last axis fastest.

    Attributes
    ----------
    spec
        What was asked for.
    run_ids
        The run of each cell, as ``reluflow run`` would name it; None where the configuration is refused.
    refusals
        Why, by the number of the cell.
    first
        The configuration of the first cell that has one.
    base
        The base with its settings; None if it says something that is allowed with the grid's values only.
    """

    spec: SweepSpec
    run_ids: tuple[str | None, ...]
    refusals: dict[int, str]
    first: RunConfig
    base: RunConfig | None

    @property
    def name(self) -> str:
        """The base's name, with which every run's identifier begins."""
        return self.first.name

    @cached_property
    def sweep_id(self) -> str:
        """The sweep's name and 12 hexadecimal digits of the hash of everything that determines its cube.

        The cells' identifiers are among it: they tell the base, the settings and the content of every file.
        """
        cells = [run_id or self.refusals[number] for number, run_id in enumerate(self.run_ids)]
        return sweep_identity(self.spec, cells, SCHEMA_VERSION)

    def numbers(self) -> dict[str, list[int]]:
        """The cells by the runs that they are: a key that does not matter makes several cells one run."""
        found: dict[str, list[int]] = {}
        for number, run_id in enumerate(self.run_ids):
            if run_id is not None:
                found.setdefault(run_id, []).append(number)
        return found

    def position(self, number: int) -> tuple[int, ...]:
        """Where a cell stands on each axis."""
        return position(number, self.spec.shape)

    def values(self, number: int) -> dict[str, Any]:
        """The swept keys of a cell with their values."""
        places = zip(self.spec.axes, self.position(number), strict=True)
        return {one.key: one.values[place] for one, place in places}

    def config(self, number: int) -> RunConfig:
        """The configuration of a cell.

        Raises
        ------
        RequestError
            If it is refused.
        """
        return configured(self.spec, self.base, self.values(number))

    def data_set(self, number: int) -> tuple[int, ...]:
        """What the cells of one data set and one minimum norm have in common: their places on some axes."""
        places = zip(self.spec.axes, self.position(number), strict=True)
        return tuple(place for one, place in places if one.key.startswith(OF_THE_DATA))


def sweep_identity(spec: SweepSpec, cells: Sequence[str], schema_version: str) -> str:
    """Name a sweep by its cells, each by its run's identifier or why it was refused, and by its grid."""
    identity = {
        "cells": cells,
        "grid": [[one.key, *map(canonical, one.values)] for one in spec.axes],
        "trajectories": spec.trajectories,
        "schema": schema_version,
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return f"{spec.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def position(number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Where the cell of this number stands in a grid of this shape.

    Examples
    --------
    >>> position(5, (2, 3))
    (1, 2)
    """
    places = []
    for size in reversed(shape):
        number, place = divmod(number, size)
        places.append(place)
    return tuple(reversed(places))


TOLD_EVERY = 1000
"""Cells between two calls that say how far the naming is: they take some 50 ms."""


def make_plan(spec: SweepSpec, progress: Callable[[int, int], None] | None = None) -> Plan:
    """Check and name every cell.

    Parameters
    ----------
    progress
        Told now and then how many cells have a name, and how many there are: ten million take ten minutes.

    Raises
    ------
    RequestError
        If a value of the grid is refused in every cell that it is part of: then it is the sweep that is wrong.
        A cell that is refused as a combination only becomes a failed cell.
    """
    run_ids: list[str | None] = []
    refusals: dict[int, str] = {}
    accepted = [set[int]() for _ in spec.axes]
    first, base, cells = None, _base(spec), prod(spec.shape)
    for number, (places, values) in enumerate(_cells(spec)):
        if progress is not None and number % TOLD_EVERY == 0:
            progress(number, cells)
        try:
            config = configured(spec, base, values)
        except RequestError as error:
            refusals[number] = str(error)
            run_ids.append(None)
            continue
        first = first or config
        run_ids.append(config.run_id(SCHEMA_VERSION))
        for seen, place in zip(accepted, places, strict=True):
            seen.add(place)
    if first is None:
        raise RequestError(refusals[0])
    _refuse_hopeless(spec, accepted, refusals)
    return Plan(spec, tuple(run_ids), refusals, first, base)


def configured(spec: SweepSpec, base: RunConfig | None, values: dict[str, Any]) -> RunConfig:
    """The configuration of the cell with these values: what ``reluflow run`` makes of them.

    Raises
    ------
    RequestError

    Notes
    -----
    All runs of a sweep have one name, its base's, by which the cube finds them: over a preset's data it is the
    preset's, and the cell's own data are said by its title.
    """
    if base is not None:
        return override(base, values).model_copy(update={"name": base.name})
    found = load_config(spec.base, {**spec.settings, **values})
    return found.model_copy(update={"name": str(spec.base)}) if spec.base in presets() else found


def _base(spec: SweepSpec) -> RunConfig | None:
    try:
        return load_config(spec.base, spec.settings)
    except RequestError:
        return None


def _cells(spec: SweepSpec) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
    """Walk over the grid: each cell's place on the axes, and its values."""
    keys = [one.key for one in spec.axes]
    places = product(*(range(size) for size in spec.shape))
    values = product(*(one.values for one in spec.axes))
    for place, cell in zip(places, values, strict=True):
        yield place, dict(zip(keys, cell, strict=True))


def _refuse_hopeless(spec: SweepSpec, accepted: list[set[int]], refusals: dict[int, str]) -> None:
    for axis, (one, seen) in enumerate(zip(spec.axes, accepted, strict=True)):
        for place in range(len(one.values)):
            if place not in seen:
                # The first cell with this value: the last axes at their first values.
                number = place * prod(spec.shape[axis + 1 :])
                raise RequestError(refusals[number])
