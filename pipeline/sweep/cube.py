"""The sweep as one labelled cube: every scalar result over the swept keys, from the cells' records alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from pipeline.sweep.cell import COMPUTED, FAILED, CellRecord
from pipeline.sweep.coordinates import MOST_FLAGS, coordinates, dimension_names, flags, shown
from pipeline.sweep.plan import Plan
from pipeline.workflow.results import STATUS_MESSAGES, Result, every_result

FILL = -1
"""A label, a count or a name where there is none; a float is NaN."""
TIMINGS = ("solver_seconds", "wall_seconds")
"""What two computations of one cell need not agree in."""
OWN = ("cell_status", "run_hash", "wall_seconds", "status", "log_lambda", "log10_scale")


def make_cube(plan: Plan, records: Mapping[str, CellRecord]) -> xr.Dataset:
    """Put the cells' records in their places.

    Parameters
    ----------
    plan
        The sweep's.
    records
        By run identifier; one for each cell that has one.

    Returns
    -------
    Dataset
        Over the swept keys in the grid's order: every scalar result as float64, int64 or int8 flags,
        ``cell_status``, ``status`` (the solver's, or ``failed``), ``log_lambda`` and ``run_hash``. A failed
        cell has NaN or -1, and its message in the attribute ``failures``. A pure function of the records.
    """
    cells = [None if run_id is None else records[run_id] for run_id in plan.run_ids]
    results = [cell.results if cell and cell.computed else {} for cell in cells]
    known = {name for result in results for name in result} - {"status", "log_init_scale"}
    known = {name for name in known if _result(name).in_cubes}
    names = dimension_names(plan.spec.axes, {*(_result(name).column for name in known), *OWN})
    dims = tuple(names.values())

    def over_the_grid(values: np.ndarray, attributes: dict[str, Any]) -> xr.Variable:
        return xr.Variable(dims, values.reshape(plan.spec.shape), attributes)

    variables = {
        "cell_status": over_the_grid(*_cell_status(cells)),
        "status": over_the_grid(*_solver_status(results)),
        "run_hash": over_the_grid(*_run_hash(plan)),
        "log_lambda": over_the_grid(*_column("log_init_scale", [r.get("log_init_scale") for r in results])),
    }
    for name in sorted(known):
        values = [result.get(name) for result in results]
        variables[_result(name).column] = over_the_grid(*_column(name, values))
    seconds = [cell.wall_seconds if cell else None for cell in cells]
    variables["wall_seconds"] = over_the_grid(*_column("wall_seconds", seconds))
    attributes = _attributes(plan, names, failures(plan, records))
    return xr.Dataset(variables, coordinates(plan.spec.axes, names), attributes)


def failures(plan: Plan, records: Mapping[str, CellRecord]) -> list[dict[str, Any]]:
    """Every cell that failed, in the grid's order: its swept values and its message."""
    found = []
    for number, run_id in enumerate(plan.run_ids):
        message = plan.refusals.get(number)
        if run_id is not None and not records[run_id].computed:
            message = records[run_id].message
        if message is not None:
            cell = {key: shown(key, value) for key, value in plan.values(number).items()}
            found.append({"cell": cell, "message": message})
    return found


def _attributes(plan: Plan, names: dict[str, str], failed: list[dict[str, Any]]) -> dict[str, Any]:
    spec = plan.spec
    grid = {one.key: [shown(one.key, value) for value in one.values] for one in spec.axes}
    swept = " x ".join(names.values())
    attributes = {
        "title": spec.title or f"Sweep {spec.name} of {plan.name} over {swept}",
        "summary": spec.description or f"Every scalar result of {len(plan.run_ids)} runs, over {swept}.",
        "configuration": json.dumps(plan.first.resolved()),
        "configuration_comment": "Of the first cell; each other one differs from it in the keys of 'grid' only.",
        "grid": json.dumps(grid),
        "dimensions": json.dumps(names),
        "cells": len(plan.run_ids),
        "failed_cells": len(failed),
        "failures": json.dumps(failed),
        "run_name": plan.name,
        "timings": " ".join(TIMINGS),
    }
    if spec.trajectories:
        attributes["runs"] = (
            f"Each computed cell's run is in this catalog: runs/{plan.name}-<run_hash, 12 hex digits>"
        )
    return attributes


def _cell_status(cells: Iterable[CellRecord | None]) -> tuple[np.ndarray, dict[str, Any]]:
    values = [1 if cell and cell.computed else 2 for cell in cells]
    said = {"long_name": "status of the cell", "comment": "Messages of failed cells: in the attribute 'failures'."}
    return np.array(values, dtype="int8"), said | flags([COMPUTED, FAILED])


def _solver_status(results: Iterable[Mapping[str, Any]]) -> tuple[np.ndarray, dict[str, Any]]:
    words = [*STATUS_MESSAGES, FAILED]
    values = [words.index(result.get("status", FAILED)) + 1 for result in results]
    said = {"long_name": "why the integration ended", "messages": json.dumps(STATUS_MESSAGES)}
    return np.array(values, dtype="int8"), said | flags(words)


def _run_hash(plan: Plan) -> tuple[np.ndarray, dict[str, Any]]:
    values = [FILL if run_id is None else int(run_id.rpartition("-")[2], 16) for run_id in plan.run_ids]
    said = {
        "long_name": "hash of the cell's run", "units": "1",
        "comment": f"run_id = '{plan.name}-' + format(run_hash, '012x'); -1: the configuration was refused.",
    }  # fmt: skip
    return np.array(values, dtype="int64"), said


def _column(name: str, values: list[Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """One result of all cells as an array, with its attributes; None where a cell has none."""
    said = _result(name).attributes
    kinds = {type(value) for value in values if value is not None}
    if kinds == {str}:
        return _labels(name, values)
    if kinds == {bool}:
        return _labels(name, [None if value is None else str(value).lower() for value in values])
    if kinds == {int}:
        return np.array([FILL if value is None else value for value in values], dtype="int64"), said
    numbers = [value if type(value) in (int, float) else np.nan for value in values]
    return np.array(numbers, dtype="float64"), said


def _labels(name: str, values: list[Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """Texts as labels: the schema's words where it has some, else those that occur, in alphabetical order."""
    words = list(_result(name).words)
    words += sorted({value for value in values if value is not None} - set(words))
    number = {word: i for i, word in enumerate(words, start=1)}
    dtype = "int8" if len(words) <= MOST_FLAGS else "int64"
    array = np.array([FILL if value is None else number[value] for value in values], dtype=dtype)
    said = {key: text for key, text in _result(name).attributes.items() if key != "units"}
    if dtype == "int64":
        return array, said | {"values": json.dumps(words), "comment": "Counted from 1, in the attribute 'values'."}
    return array, said | flags(words)


def _result(name: str) -> Result:
    """What is known of a result; of one that an older version recorded, its name."""
    return every_result().get(name) or Result(name, lambda run: None)
