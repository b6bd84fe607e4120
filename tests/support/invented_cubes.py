"""Sweeps with invented results: what a page does with a cube, without the time that a cube takes."""

from __future__ import annotations

from typing import Any

import xarray as xr

from catalog import Catalog
from pipeline.sweep import SweepSpec, axis, make_plan
from pipeline.sweep.cell import CellRecord
from pipeline.sweep.cube import make_cube
from pipeline.sweep.plan import Plan

GRID = {"init.log10_scale": [-1, -2, -3], "init.width": [4, 8], "init.seed": [0, 1, 2, 3]}
FAILED = 5
"""The cell that failed: log10_scale -1, width 8, seed 1."""
DEFAULTS = {"init.width": 4, "init.log10_scale": -1, "init.seed": 0}
"""Of keys that a grid does not have."""
MESSAGE = "MemoryError: <no> room"


def excess(values: dict[str, Any]) -> float:
    """Invent a final excess: 10^(2 log10_scale), times the width, plus a little a seed."""
    return float(values["init.width"] * 10.0 ** (2 * values["init.log10_scale"]) * (1 + values["init.seed"]))


def invented(values: dict[str, Any]) -> dict[str, Any]:
    """Invent a cell's results."""
    seed = values["init.seed"]
    return {
        "final_excess": excess(values), "t2": 1.0 + seed, "kinks": 2 + seed, "status": "converged",
        "log_init_scale": -1.0, "statements.lemma_5": ("holds", "fails", "not_applicable", "holds")[seed],
        "end_time": None if seed == 3 else 7.0,
    }  # fmt: skip


def plan_of(grid: dict[str, Any] = GRID, *, name: str = "invented", base: Any = "orthogonal", **more: Any) -> Plan:
    """Plan a sweep."""
    return make_plan(SweepSpec(name, base, tuple(axis(key, values) for key, values in grid.items()), **more))


def cube_of(plan: Plan, *, failed: tuple[int, ...] = (FAILED,)) -> xr.Dataset:
    """Make the cube of a plan from invented records; the cells ``failed`` have a message instead."""
    records = {}
    for number, run_id in enumerate(plan.run_ids):
        if run_id is None:
            continue
        bad = number in failed
        records[run_id] = CellRecord(
            run_id, status="failed" if bad else "computed", message=MESSAGE if bad else "",
            results={} if bad else invented(DEFAULTS | plan.values(number)), wall_seconds=0.5,
            recorded="2026-01-01T00:00:00Z", code_revision="",
        )  # fmt: skip
    return make_cube(plan, records)


def publish_cube(catalog: Catalog, plan: Plan, cube: xr.Dataset | None = None) -> str:
    """Publish a cube among the sweeps, and return its name."""
    tree = xr.DataTree.from_dict({"cube": cube_of(plan) if cube is None else cube})
    summary = {"cells": len(plan.run_ids)}
    catalog.sweeps.publish(plan.sweep_id, tree, summary=summary, configuration={}, provenance={})
    return plan.sweep_id
