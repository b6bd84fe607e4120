"""Whether a sweep's cube, or a law's, that comes in can be what it says, short of computing its cells anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from pydantic import ValidationError

from catalog.errors import DamagedRunError
from catalog.layout import preset_of
from catalog.manifest import Manifest, plain
from catalog.schema import flag_numbers
from pipeline import RequestError
from pipeline.configuration import RunConfig, override
from pipeline.network.status import Status
from pipeline.sweep import GROUP, SweepSpec, axis, shown, sweep_identity
from pipeline.theory import TITLES, law_id, scalars

NO_RUN = -1
"""What stands in the place of a run's hash where the configuration was refused."""
COMPUTED = 1
"""The label of a cell that was computed."""


def judge_sweep(manifest: Manifest, groups: Mapping[str, xr.Dataset]) -> list[str]:
    """Hold a sweep's identifier and summary to its configuration and its cube.

    Returns
    -------
    list of str
        What could not be checked, each in a few words.

    Raises
    ------
    DamagedRunError
    """
    unchecked: list[str] = []
    names = groups.keys() - {""}
    try:
        if names == {GROUP}:
            _check_cube(manifest, groups[GROUP], unchecked)
        elif len(names) == 1 and (law := min(names)) in TITLES:
            _check_law(manifest, law, groups[law])
        else:
            raise DamagedRunError("it is neither a sweep's cube nor a law's")
    except (KeyError, IndexError, AttributeError, TypeError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DamagedRunError(f"it is no sweep that can be understood: {reason}") from error
    return unchecked


def _check_law(manifest: Manifest, law: str, cube: xr.Dataset) -> None:
    name = law_id(law, plain(manifest.configuration), manifest.schema_version)
    if name != manifest.run_id:
        raise DamagedRunError(f"its configuration is that of {name}")
    found = scalars(cube)
    for key, said in manifest.summary.items():
        if key not in found or not (said == found[key] or (said != said and found[key] != found[key])):
            raise DamagedRunError(f"its summary says {key} = {said!r}; its cube says {found.get(key)!r}")


def _check_cube(manifest: Manifest, cube: xr.Dataset, unchecked: list[str]) -> None:
    said = manifest.configuration
    spec = SweepSpec(
        name=preset_of(manifest.run_id),
        base="",
        axes=tuple(axis(key, values) for key, values in said["grid"].items()),
        trajectories=bool(said["trajectories"]),
    )
    status, hashes = cube.variables["cell_status"].values, cube.variables["run_hash"].values
    if status.shape != spec.shape or hashes.shape != spec.shape:
        raise DamagedRunError(f"its cube has the shape {status.shape}; its grid has {spec.shape}")
    if json.loads(cube.attrs["grid"]) != {
        one.key: [shown(one.key, value) for value in plain(list(one.values))] for one in spec.axes
    }:
        raise DamagedRunError("its cube's attribute 'grid' differs from its configuration")
    failed = int((status != COMPUTED).sum())
    for name, count in {
        "cells": status.size,
        "failed_cells": failed,
        "cells_computed": status.size - failed,
    }.items():
        if manifest.summary.get(name) != count:
            raise DamagedRunError(
                f"its summary says {name} = {manifest.summary.get(name)!r}; its cube has {count}"
            )
    _check_results(cube, status)
    cells = _cells(spec, said["base"], manifest.schema_version)
    if cells is None:
        unchecked.append("which runs its cells are: its configuration names a file, or is not understood any more")
        return
    for number, (cell, found) in enumerate(zip(cells, hashes.ravel().tolist(), strict=True)):
        expected = f"{said['base']['name']}-{found:012x}" if found != NO_RUN else None
        if cell.run_id != expected:
            raise DamagedRunError(f"its cell {number} is {expected}; its configuration gives {cell.run_id}")
    name = sweep_identity(spec, [cell.run_id or cell.refusal for cell in cells], manifest.schema_version)
    if name != manifest.run_id:
        raise DamagedRunError(f"its configuration is that of {name}")


def _check_results(cube: xr.Dataset, status: np.ndarray) -> None:
    """Refuse a computed cell without a loss, unless its flow ran away."""
    solver = cube.variables["status"]
    ran_away = solver.values == flag_numbers(solver.attrs)[Status.DIVERGED.word]
    if (status == COMPUTED).any() and not (
        np.isfinite(cube.variables["final_loss"].values) | ran_away | (status != COMPUTED)
    ).all():
        raise DamagedRunError("cube/final_loss has values that are no numbers, of cells that were computed")


class _Cell(NamedTuple):
    """What a cell's configuration gives: a run's name, or why it is refused."""

    run_id: str | None
    refusal: str = ""


def _cells(spec: SweepSpec, base: Mapping[str, Any], schema_version: str) -> list[_Cell] | None:
    """Name every cell again, from the first one's configuration; None if that takes what is not at hand."""
    keys = [one.key for one in spec.axes]
    tables = {key.partition(".")[0] for key in keys}
    if any(base[table]["file"] is not None and table in tables for table in ("data", "init")):
        return None
    try:
        first = RunConfig.model_validate(dict(base))
    except ValidationError:
        return None
    found = []
    for values in product(*(one.values for one in spec.axes)):
        try:
            config = override(first, dict(zip(keys, values, strict=True)))
            found.append(_Cell(config.model_copy(update={"name": first.name}).run_id(schema_version)))
        except RequestError as error:
            found.append(_Cell(None, str(error)))
    return found
