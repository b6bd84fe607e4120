"""What a published sweep says: its axes, its cells by status, the range of every result, what is next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from catalog.manifest import Manifest
from catalog.schema import flag_numbers
from pipeline.cli.safe_text import visible_line
from pipeline.cli.words import counted

if TYPE_CHECKING:
    import xarray as xr

FILL = -1
"""A whole number in a cell that has none."""
VALUES = 6
"""How many values of an axis are listed before the first and the last alone are."""
FAILURES = 10
"""How many failed cells are named before the rest is only counted."""
NAMES = frozenset({"run_hash"})
"""Whole numbers that are names, and have no range."""


def sweep_as_json(manifest: Manifest, path: Path | str, cube: xr.Dataset) -> dict[str, Any]:
    """The object that ``show --json`` prints of a sweep."""
    failures = _parsed(cube.attrs.get("failures"), list)
    return {
        "sweep_id": manifest.run_id,
        "path": str(path),
        "title": str(cube.attrs.get("title", "")),
        "created": manifest.created,
        "cells": _cells(cube),
        "failed": len(failures),
        "axes": axes_of(cube),
        "counts": counts_of(cube),
        "ranges": ranges_of(cube),
        "failures": failures,
        "configuration": manifest.configuration,
        "provenance": manifest.provenance,
    }


def axes_of(cube: xr.Dataset) -> list[dict[str, Any]]:
    """Each dimension of a cube: the swept key that it is, and its values as the grid says them."""
    grid, names = (_parsed(cube.attrs.get(name), dict) for name in ("grid", "dimensions"))
    keys = {name: key for key, name in names.items()}
    found = []
    for dim, size in cube.sizes.items():
        key = keys.get(dim, str(dim))
        values = grid.get(key)
        if not (isinstance(values, list) and len(values) == size):
            values = [_plain(value) for value in cube[dim].values.tolist()]
        found.append({"key": str(key), "dimension": str(dim), "values": values})
    return found


def counts_of(cube: xr.Dataset) -> dict[str, dict[str, int]]:
    """How many cells have each of the words of each label: statuses, verdicts."""
    found = {}
    for name, variable in cube.data_vars.items():
        if numbers := flag_numbers(variable.attrs):
            counts = {word: int((variable.values == number).sum()) for word, number in numbers.items()}
            found[str(name)] = {word: count for word, count in counts.items() if count}
    return found


def ranges_of(cube: xr.Dataset) -> dict[str, dict[str, Any]]:
    """The least, the middle and the largest value of each result, and how many cells have one."""
    found: dict[str, dict[str, Any]] = {}
    for name, variable in cube.data_vars.items():
        kind = variable.dtype.kind
        if kind not in "iuf" or name in NAMES or "flag_meanings" in variable.attrs or "values" in variable.attrs:
            continue
        values = variable.values.ravel()
        there = values[np.isfinite(values)] if kind == "f" else values[values != FILL]
        ends = [there.min(), np.median(there), there.max()] if there.size else [None] * 3
        least, middle, largest = (None if end is None else float(end) for end in ends)
        units = str(variable.attrs.get("units", "1"))
        found[str(name)] = {
            "least": least, "median": middle, "largest": largest, "cells": int(there.size), "units": units,
        }  # fmt: skip
    return found


def print_sweep(console: Console, manifest: Manifest, path: Path | str, cube: xr.Dataset, group: str) -> None:
    """One screen or two: the grid, what became of its cells, every result's range, what is next."""
    said = sweep_as_json(manifest, path, cube)
    console.print(said["title"] or manifest.run_id, style="bold")
    console.print(f"{manifest.run_id}: {counted(said['cells'], 'cell')}, published {manifest.created}\n")
    grid = Table("swept", "values", box=None, pad_edge=False)
    for axis in said["axes"]:
        grid.add_row(axis["key"], _listed(axis["values"]))
    console.print(grid)
    if "status" in said["counts"]:
        console.print(f"\nStatus: {_in_words(said['counts'].pop('status'))}")
    said["counts"].pop("cell_status", None)  # the failed ones are among the statuses
    console.print()
    ranges = Table("result", "least", "median", "largest", "cells", box=None, pad_edge=False)
    for name, found in said["ranges"].items():
        unit = "" if found["units"] == "1" else f" [{found['units']}]"
        ends = (_number(found[end]) for end in ("least", "median", "largest"))
        ranges.add_row(f"{name}{unit}", *ends, f"{found['cells']:,}")
    console.print(ranges)
    if said["counts"]:
        labels = Table("\nlabel", "\ncells", box=None, pad_edge=False)
        for name, counts in said["counts"].items():
            labels.add_row(name, _in_words(counts))
        console.print(labels)
    for failure in said["failures"][:FAILURES]:
        console.print(f"failed: {_failed(failure)}", soft_wrap=True)
    if len(said["failures"]) > FAILURES:
        console.print(f"and {len(said['failures']) - FAILURES:,} more, all in the cube's attribute 'failures'")
    console.print(f"\nThe cube is {path}", soft_wrap=True)
    console.print(f"Open it with xarray.open_zarr({f'{path}/data.zarr'!r}, group={group!r}).", soft_wrap=True)
    console.print(_next(said, cube), soft_wrap=True)


def _next(said: Mapping[str, Any], cube: xr.Dataset) -> str:
    if said["failures"]:
        return "Next: reluflow sweep FILE --retry-failed, with the sweep's file, tries the failed cells again."
    runs = "run_hash" in cube and "runs" in cube.attrs
    if runs:
        number = int(cube["run_hash"].values.ravel()[0])
        return f"Next: reluflow show {cube.attrs.get('run_name', '')}-{number:012x} prints all of its first cell."
    return "Next: reluflow dashboard draws it over any two of its keys, on the page Sweeps."


def _cells(cube: xr.Dataset) -> int:
    return int(np.prod(list(cube.sizes.values()), dtype=int)) if cube.sizes else 1


def _parsed(text: Any, kind: type) -> Any:
    """What an attribute says as JSON; nothing if it is damaged, or there is none."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return kind()
    return found if isinstance(found, kind) else kind()


def _plain(value: Any) -> Any:
    """None for what strict JSON has no number for."""
    return value if not isinstance(value, float) or isfinite(value) else None


def _failed(failure: Any) -> str:
    cell, message = (failure.get("cell"), failure.get("message")) if isinstance(failure, dict) else ({}, failure)
    values = ", ".join(f"{key} = {value}" for key, value in cell.items()) if isinstance(cell, dict) else ""
    return visible_line(f"{values}: {message}")


def _listed(values: list[Any]) -> str:
    texts = [
        visible_line(str(value))[:24] for value in (values if len(values) <= VALUES else [values[0], values[-1]])
    ]
    return ", ".join(texts) if len(values) <= VALUES else f"{len(values):,} from {texts[0]} to {texts[1]}"


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in counts.items()) or "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
