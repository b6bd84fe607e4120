"""One cell: from its configuration to a flat record of scalars. What goes wrong with it becomes its message.

What goes wrong with the place is no fault of the cell: the next would find the disk just as full. It is recorded
nowhere, and ends the sweep.
"""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, CatalogUnwritableError, DiskFullError
from catalog.layout import SCHEMA_VERSION
from pipeline.configuration import RunConfig

if TYPE_CHECKING:
    import xarray as xr

    from catalog.index import Catalog

COMPUTED, FAILED = "computed", "failed"
"""The statuses of a cell."""
TRIES = 3
"""How often a cell is tried where the system, not the mathematics, refuses (a share that hiccups)."""


class PlaceFaultError(CatalogError):
    """A disk, a share or an object store refuses: it is full, read-only, gone or broken."""


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


def failed(run_id: str, message: str, seconds: float = 0.0) -> dict[str, Any]:
    """The record of a cell that failed."""
    return _record(run_id, FAILED, message, {}, seconds)


def compute_cell(
    config: RunConfig,
    data: xr.Dataset | Failure,
    minimum: xr.Dataset | Failure,
    catalog: Catalog | None = None,
) -> dict[str, Any]:
    """Compute one cell and flatten what came out; what goes wrong with it is in the record.

    Parameters
    ----------
    config
        The cell's.
    data, minimum
        Stage 1's dataset and stage 4's, shared by every cell of the data set; or why there is none.
    catalog
        Where the run is published too; None to keep its scalars only.

    Returns
    -------
    dict
        run_id, status (``computed`` or ``failed``), message, results (the columns of
        :func:`pipeline.results.summarise`), wall_seconds, and where it comes from.

    Raises
    ------
    PlaceFaultError
        And the cell may be computed another time.
    """
    run_id, started = config.run_id(SCHEMA_VERSION), perf_counter()
    try:
        for shared in (data, minimum):
            if isinstance(shared, Failure):
                return failed(run_id, shared.message)
        results = _patiently(config, data, minimum, catalog)
    except Exception as error:  # MemoryError, a library's own types, a defect of ours: the other cells go on
        if is_fault_of_the_place(error):
            raise PlaceFaultError(fault(error)) from error
        return failed(run_id, said(error), perf_counter() - started)
    return _record(run_id, COMPUTED, "", results, perf_counter() - started)


def published(
    run_id: str, summary: Mapping[str, Any], provenance: Mapping[str, Any], created: str
) -> dict[str, Any]:
    """The record of a cell whose run is in the catalog: what its manifest says."""
    seconds = float(provenance.get("wall_seconds", float("nan")))
    origin = {"recorded": created, "code_revision": str(provenance.get("code_revision", ""))}
    return _outcome(run_id, COMPUTED, "", dict(summary), seconds) | origin


def _patiently(config: RunConfig, data: Any, minimum: Any, catalog: Catalog | None) -> dict[str, Any]:
    from pipeline.workflow import compute_shared

    for tries_left in reversed(range(TRIES)):
        try:
            return compute_shared(config, data, minimum, catalog)
        except OSError:
            if not tries_left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _record(run_id: str, status: str, message: str, results: dict[str, Any], seconds: float) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC).isoformat()
    origin = {"recorded": now, "code_revision": _revision()}
    return _outcome(run_id, status, message, results, seconds) | origin


def _outcome(run_id: str, status: str, message: str, results: dict[str, Any], seconds: float) -> dict[str, Any]:
    return {"run_id": run_id, "status": status, "message": message, "results": results, "wall_seconds": seconds}


@cache
def _revision() -> str:
    from pipeline.workflow import code_revision

    return code_revision()
