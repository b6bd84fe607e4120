"""What of a sweep is there already, and why the rest has to be computed: no cell is computed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from catalog.cell_cache import read_cells
from catalog.errors import DamagedRunError, UnknownRunError
from pipeline.sweep.cell import CellRecord
from pipeline.sweep.plan import Plan

if TYPE_CHECKING:
    from catalog.catalog import Catalog


class Reason(Enum):
    """Why a cell has to be computed; the values are what a person reads."""

    NEVER = "never computed"
    FAILED = "failed before, and is tried again"
    UNPUBLISHED = "computed before, but its trajectory is not published"
    DAMAGED = "its published run is damaged"


@dataclass(frozen=True)
class Inventory:
    """What is there, and what is not.

    Attributes
    ----------
    records
        By run identifier; those that failed are there too, unless they are to be tried again.
    missing
        Why each other run has to be computed.
    files
        The names of the files of records that were read.
    """

    records: dict[str, CellRecord]
    missing: dict[str, Reason]
    files: set[str] = field(default_factory=set)

    def reasons(self) -> Counter[Reason]:
        """How many runs have to be computed, for each reason."""
        return Counter(self.missing.values())


def take_inventory(plan: Plan, catalog: Catalog | None, *, retry_failed: bool = False) -> Inventory:
    """Look for every cell of ``plan`` among the catalog's records and published runs.

    Parameters
    ----------
    retry_failed
        Whether a cell that failed counts as missing.
    """
    wanted = dict.fromkeys(run_id for run_id in plan.run_ids if run_id is not None)
    if catalog is None:
        return Inventory({}, dict.fromkeys(wanted, Reason.NEVER))
    files: set[str] = set()
    stored = read_cells(catalog.storage, plan.name, files)
    recorded = {run_id: CellRecord.read(record) for run_id, record in stored.items()}
    runs = wanted.keys() & set(catalog.run_ids())
    records: dict[str, CellRecord] = {}
    missing: dict[str, Reason] = {}
    for run_id in wanted:
        found = recorded.get(run_id)
        computed = found is not None and found.computed
        if run_id in runs and not computed:
            found = _of_manifest(catalog, run_id)
            computed = found is not None
        if found is None:
            missing[run_id] = Reason.DAMAGED if run_id in runs else Reason.NEVER
        elif computed and plan.spec.trajectories and run_id not in runs:
            missing[run_id] = Reason.UNPUBLISHED
        elif not computed and retry_failed:
            missing[run_id] = Reason.FAILED
        else:
            records[run_id] = found
    return Inventory(records, missing, files)


def _of_manifest(catalog: Catalog, run_id: str) -> CellRecord | None:
    """The record of a published run, or None if it can't be read."""
    try:
        manifest = catalog.manifest(run_id)
        summary: Mapping[str, Any] = manifest.summary
        if "log_init_scale" not in summary:  # runs published before their summary said it
            scale = float(catalog[run_id]["trajectory"]["log_init_scale"])
            summary = {**summary, "log_init_scale": scale}
    except (DamagedRunError, UnknownRunError, KeyError):
        return None
    return CellRecord.of_run(run_id, summary, manifest.provenance, manifest.created)
