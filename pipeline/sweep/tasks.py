"""What a worker does: the stages that cells share, and batches of cells. Each is a task of the Dask graph."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from catalog.errors import CatalogError
from catalog.layout import SCHEMA_VERSION
from pipeline.configuration import RunConfig
from pipeline.sweep.cell import CellRecord, Failure, compute_cell, fault, said

if TYPE_CHECKING:
    import xarray as xr

    from catalog.catalog import Catalog


@dataclass(frozen=True)
class Batch:
    """What comes back of some cells.

    Attributes
    ----------
    records
        One a cell, in their order.
    seconds
        That the worker spent on them.
    memory
        The worker's largest resident size so far, in bytes.
    fault
        Why the rest of the cells has no record: what is wrong with the place. Empty if they all have one.
    """

    records: list[CellRecord]
    seconds: float
    memory: int
    fault: str = ""


def shared_data(config: RunConfig) -> xr.Dataset | Failure:
    """The stage ``data``, once for all cells of a data set.

    Raises
    ------
    OSError
        Which the scheduler tries again; anything else is returned as a failure.
    """
    from pipeline.workflow.computation import prepare

    try:
        return prepare(config)
    except OSError:
        raise
    except Exception as error:
        return Failure(said(error))


def shared_minimum(config: RunConfig, data: xr.Dataset | Failure) -> xr.Dataset | Failure:
    """The stage ``minimal_norm``, once for all cells of a data set.

    Raises
    ------
    OSError
    """
    from pipeline.workflow.computation import minimum_of, one_core

    if isinstance(data, Failure):
        return data
    try:
        with one_core(data):
            return minimum_of(config, data)
    except OSError:
        raise
    except Exception as error:
        return Failure(said(error))


def compute_batch(
    configs: Sequence[RunConfig],
    data: xr.Dataset | Failure,
    minimum: xr.Dataset | Failure,
    catalog: Catalog | str | None = None,
) -> Batch:
    """Compute some cells of one data set with its minimum norm; publish each in the catalog (or at its URL)."""
    from catalog.catalog import open_catalog

    started, records, wrong = perf_counter(), list[CellRecord](), ""
    try:
        if isinstance(catalog, str):
            catalog = open_catalog(catalog)
        for config in configs:  # one by one: the records before a fault are kept
            records.append(compute_cell(config, data, minimum, catalog))
    except CatalogError as error:
        wrong = fault(error)
    return Batch(records, perf_counter() - started, peak_memory(), wrong)


def peak_memory() -> int:
    """The largest resident size that this process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def identity() -> tuple[str, str]:
    """What a worker must have in common with whoever sends it cells: reluflow's version, and the schema's."""
    from pipeline.workflow.computation import provenance

    return str(provenance()["versions"]["reluflow"]), SCHEMA_VERSION
