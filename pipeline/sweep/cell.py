"""One cell: from its configuration to a flat record of scalars. What goes wrong with it becomes its message.

What goes wrong with the place is no fault of the cell: the next would find the disk just as full. It is recorded
nowhere, and ends the sweep.
"""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from time import perf_counter
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, CatalogUnwritableError, DiskFullError
from catalog.layout import SCHEMA_VERSION
from pipeline.configuration import RunConfig

if TYPE_CHECKING:
    import xarray as xr

    from catalog.catalog import Catalog

COMPUTED, FAILED = "computed", "failed"
"""The statuses of a cell."""
TRIES = 3
"""How often a cell is tried where the system, not the mathematics, refuses (a share that hiccups)."""


class PlaceFaultError(CatalogError):
    """A disk, a share or an object store refuses: it is full, read-only, gone or broken."""


@dataclass(frozen=True)
class CellRecord:
    """What is kept of a cell.

    Attributes
    ----------
    run_id
        The run that it is.
    status
        ``computed`` or ``failed``.
    message
        Why it failed; empty if it was computed.
    results
        The columns of :func:`pipeline.workflow.summary.summarise`; none if it failed.
    wall_seconds
        What it took.
    recorded
        When that was (UTC, ISO 8601).
    code_revision
        The code that computed it.
    """

    run_id: str
    status: str
    message: str
    results: dict[str, Any]
    wall_seconds: float
    recorded: str
    code_revision: str

    @property
    def computed(self) -> bool:
        """Whether there are results."""
        return self.status == COMPUTED

    @classmethod
    def now(cls, run_id: str, results: dict[str, Any], seconds: float) -> CellRecord:
        """A cell that was computed just now."""
        return cls(run_id, COMPUTED, "", results, seconds, _now(), _revision())

    @classmethod
    def failure(cls, run_id: str, message: str, seconds: float = 0.0) -> CellRecord:
        """A cell that failed just now."""
        return cls(run_id, FAILED, message, {}, seconds, _now(), _revision())

    @classmethod
    def of_run(
        cls, run_id: str, summary: Mapping[str, Any], provenance: Mapping[str, Any], created: str
    ) -> CellRecord:
        """A cell whose run is in the catalog, as its manifest tells."""
        seconds = float(provenance.get("wall_seconds", float("nan")))
        revision = str(provenance.get("code_revision", ""))
        return cls(run_id, COMPUTED, "", dict(summary), seconds, created, revision)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> CellRecord:
        """A record as :func:`catalog.cell_cache.read_cells` gives it: an older version's may lack a field."""
        known: dict[str, Any] = {"message": "", "results": {}, "wall_seconds": float("nan"), "code_revision": ""}
        known |= stored
        return cls(**{field.name: known[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Failure:
    """A stage that failed, in the place of what it would have returned.

    Attributes
    ----------
    message
        One line: the error's type and text.
    """

    message: str


def said(error: BaseException) -> str:
    """Write an error on one line: its type and its text."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def is_fault_of_the_place(error: BaseException) -> bool:
    """Whether an error tells of where things are kept, and nothing of the cell that met it.

    The system's own errors have a number; without one, a library says something in its name. Of those with one,
    that the memory is not enough depends on the cell's size.
    """
    if isinstance(error, CatalogUnwritableError | DiskFullError | PlaceFaultError):
        return True
    return isinstance(error, OSError) and error.errno not in (None, errno.ENOMEM)


def fault(error: BaseException) -> str:
    """Write a fault of the place on one line."""
    if isinstance(error, OSError) and error.errno is not None:
        return f"{error.filename or 'the disk'}: {error.strerror or os.strerror(error.errno)}"
    return " ".join(str(error).split())


def compute_cell(
    config: RunConfig,
    data: xr.Dataset | Failure,
    minimum: xr.Dataset | Failure,
    catalog: Catalog | None = None,
) -> CellRecord:
    """Compute one cell and flatten what came out; what goes wrong with it is in the record.

    Parameters
    ----------
    config
        The cell's.
    data, minimum
        The datasets of the stages data and minimal_norm, which all cells of the data set share; or why
        there is none.
    catalog
        Where the run is published too; None to keep its scalars only.

    Raises
    ------
    PlaceFaultError
        And the cell may be computed another time.
    """
    run_id, started = config.run_id(SCHEMA_VERSION), perf_counter()
    try:
        for shared in (data, minimum):
            if isinstance(shared, Failure):
                return CellRecord.failure(run_id, shared.message)
        results = _patiently(config, data, minimum, catalog)
    except Exception as error:  # MemoryError, a library's own types, a defect of ours: the other cells go on
        if is_fault_of_the_place(error):
            raise PlaceFaultError(fault(error)) from error
        return CellRecord.failure(run_id, said(error), perf_counter() - started)
    return CellRecord.now(run_id, results, perf_counter() - started)


def _patiently(config: RunConfig, data: Any, minimum: Any, catalog: Catalog | None) -> dict[str, Any]:
    from pipeline.workflow.computation import compute_shared

    for tries_left in reversed(range(TRIES)):
        try:
            return compute_shared(config, data, minimum, catalog)
        except OSError:
            if not tries_left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()


def _revision() -> str:
    from pipeline.workflow.computation import code_revision

    return code_revision()
