"""A sweep from its specification to the published cube: only what is missing is computed, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import xarray as xr

from catalog.catalog import as_catalog
from catalog.cell_cache import CellWriter, UnderWay, announce, pack_cells, withdraw
from catalog.claims import claiming
from catalog.errors import CatalogUnwritableError, DiskFullError
from pipeline.inputs.arguments import whole
from pipeline.inputs.errors import RequestError
from pipeline.inputs.kinds import function, truth
from pipeline.sweep.caller import Caller
from pipeline.sweep.cell import PlaceFaultError
from pipeline.sweep.cluster import external, local
from pipeline.sweep.cube import failures, make_cube
from pipeline.sweep.in_process import compute_in_process, is_light
from pipeline.sweep.inventory import Inventory, take_inventory
from pipeline.sweep.plan import Plan, make_plan
from pipeline.sweep.scheduler import Scheduler
from pipeline.sweep.spec import SweepSpec, load_sweep
from pipeline.sweep.tasks import Batch, peak_memory
from pipeline.sweep.work import LOOK_AGAIN, Work
from pipeline.sweep.worker_startup import usable_cpus
from pipeline.workflow.computation import provenance

if TYPE_CHECKING:
    from distributed import Client

    from catalog.catalog import Catalog

GROUP = "cube"
"""The group of the published store that holds the cube."""


@dataclass
class Account:
    """What a sweep has done.

    Attributes
    ----------
    cells
        Of the whole grid.
    computed, cached
        Cells that were computed just now, and that were there already; those that failed are in neither.
    failures
        Every failed cell, of now or before: its swept values and its message.
    seconds
        Of the computation.
    where
        Who computed.
    memory, memory_limit
        The largest resident size of a worker, and what each may take at most, in bytes; 0: not known.
    statuses
        How many computed cells ended with each of the solver's statuses.
    """

    cells: int
    computed: int = 0
    cached: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    where: str = "this process"
    memory: int = 0
    memory_limit: int = 0
    statuses: dict[str, int] = field(default_factory=dict)


def run_sweep(
    sweep: SweepSpec | str | Path,
    catalog: Catalog | str | Path | None = None,
    *,
    scheduler: str | Client | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Compute a sweep, or open it if the catalog has it; publish its cube.

    Parameters
    ----------
    sweep
        From ``load_sweep``, or what it takes: a TOML file, or the name of a shipped sweep.
    catalog
        From ``open_catalog``, or what it takes: a path, or an address; None to keep nothing.
    scheduler
        The address of a Dask scheduler, or a client; None: processes of this machine.
    workers
        How many of those; as many as there are CPUs if not given.
    retry_failed
        Whether cells that failed before are computed again.
    progress
        Told now and then how many cells are done, and how many were to do.

    Returns
    -------
    Dataset
        See :func:`pipeline.sweep.cube.make_cube`. From a catalog: lazy.

    Raises
    ------
    RequestError
        If the sweep can't be carried out, or no scheduler answers.
    SchedulerLostError
        If it goes; what was computed is kept.
    CatalogError
        If the catalog can't be written. If a disk or a share fails in the midst of it, that ends the sweep (its
        subclass PlaceFaultError): what was computed is kept, and no cell is recorded as failed for it.
    """
    workers = None if workers is None else whole("workers", workers)
    catalog = None if catalog is None else as_catalog(catalog)
    retry_failed, progress = truth("retry_failed", retry_failed), function("progress", progress)
    spec = sweep if isinstance(sweep, SweepSpec) else load_sweep(sweep)
    plan = make_plan(spec)
    if catalog is not None and plan.sweep_id in catalog.sweeps:
        cube = catalog.sweeps[plan.sweep_id][GROUP].to_dataset()
        if not (retry_failed and cube.attrs["failed_cells"]):
            return cube
    inventory = take_inventory(plan, catalog, retry_failed=retry_failed)
    caller = Caller() if progress is None else Caller(progress)
    perform(plan, inventory, catalog, scheduler=scheduler, workers=workers, caller=caller)
    if catalog is None:
        return make_cube(plan, inventory.records)
    return catalog.sweeps[plan.sweep_id][GROUP].to_dataset()


def perform(
    plan: Plan,
    inventory: Inventory,
    catalog: Catalog | None,
    *,
    scheduler: str | Client | None = None,
    workers: int | None = None,
    caller: Caller | None = None,
) -> Account:
    """Compute what is missing of ``inventory`` into it, keep each record as it comes, and publish the cube.

    ``caller`` is told how far it is, and that the scheduler has no worker: it goes on waiting for one.

    Raises
    ------
    RequestError, SchedulerLostError, CatalogError
        A PlaceFaultError among the last: what was computed before is kept, and nothing is recorded as failed.
    """
    if catalog is not None:
        if plan.spec.trajectories:
            catalog.check_writable()
        catalog.sweeps.check_writable(plan.sweep_id)
    elif plan.spec.trajectories:
        raise RequestError("trajectories = true: allowed with a catalog only, which keeps them")
    started, account = perf_counter(), Account(len(plan.run_ids))
    missing, known, own = len(inventory.missing), len(inventory.records), set[str]()
    replaced = catalog is not None and plan.sweep_id in catalog.sweeps
    caller = caller or Caller()
    if catalog is not None and missing:
        announce(catalog.storage, UnderWay(plan.sweep_id, plan.name, tuple(filter(None, plan.run_ids))))
        pack_cells(catalog.storage, plan.name)
    writer = None if catalog is None else CellWriter(catalog.storage, plan.name)
    for batch in _batches(plan, inventory, catalog, account, scheduler=scheduler, workers=workers, caller=caller):
        if writer is not None:
            with _place_at_fault():
                writer.write(map(vars, batch.records))
        inventory.records.update((record.run_id, record) for record in batch.records)
        own.update(record.run_id for record in batch.records)
        account.memory = max(account.memory, batch.memory)
        caller.progress(len(inventory.records) - known, missing)
        if batch.fault:
            raise PlaceFaultError(batch.fault)
    caller.check()
    account.seconds = perf_counter() - started
    _settle(account, plan, inventory, own)
    if catalog is not None:
        with _place_at_fault():
            _publish(plan, inventory, catalog, account, replaced=replaced)
            withdraw(catalog.storage, plan.name, plan.sweep_id)
            if plan.spec.trajectories:
                catalog.frame()  # the index learns of them: else the first who lists 10,000 new runs waits for it
    return account


@contextmanager
def _place_at_fault() -> Iterator[None]:
    """Tell a place that is refused in the midst of a sweep from one that could never be written."""
    try:
        yield
    except (CatalogUnwritableError, DiskFullError) as error:
        raise PlaceFaultError(str(error)) from error


def _batches(
    plan: Plan, inventory: Inventory, catalog: Catalog | None, account: Account, *,
    scheduler: Any, workers: int | None, caller: Caller,
) -> Iterator[Batch]:  # fmt: skip
    """Compute the missing cells, those that no other process is computing; of the others wait for the records."""
    if not inventory.missing:
        return
    with ExitStack() as stack:
        claims = None
        if catalog is not None and catalog.storage.visible_to_other_processes:
            claims = stack.enter_context(claiming(catalog.storage, plan.name, plan.sweep_id))
        stack.enter_context(_place_at_fault())  # the claims may be refused like the records
        work = Work(plan, inventory, catalog, claims)
        while work.left or work.waiting:
            work.refill()
            for batch in _computed(work, catalog, account, scheduler, workers, caller):
                yield batch
                work.done(batch.records)
            if work.left:
                caller.check()
                sleep(LOOK_AGAIN)
                work.look()
                yield Batch([], 0.0, 0)


def _computed(
    work: Work, catalog: Catalog | None, account: Account, scheduler: Any, workers: int | None,
    caller: Caller,
) -> Iterator[Batch]:  # fmt: skip
    """Compute the cells that can be had: here if they are few and quick, else on the workers."""
    plan = work.plan
    to_publish = catalog if plan.spec.trajectories else None
    if not work.waiting:
        return
    if to_publish is not None and not to_publish.storage.visible_to_other_processes and scheduler is None:
        # No other process sees this catalog.
        yield from compute_in_process(plan, work, to_publish, patience=float("inf"), check=caller.check)
    elif scheduler is None and workers is None and is_light(plan, work.numbers()):
        yield from compute_in_process(plan, work, to_publish, check=caller.check)
    if not work.waiting:
        return
    with ExitStack() as stack:
        if scheduler is None:
            these = stack.enter_context(local(min(workers or usable_cpus(), len(work.numbers())), caller.check))
        else:
            these = stack.enter_context(external(scheduler))
        account.where, account.memory_limit = these.described, these.memory_limit
        url = None if to_publish is None else to_publish.storage.url
        yield from Scheduler(these.client, plan, work.waiting, url, caller=caller, refill=work.refill).results()


def _settle(account: Account, plan: Plan, inventory: Inventory, own: set[str]) -> None:
    """Count what became of every cell; ``own`` are the runs that this process has computed."""
    account.failures = failures(plan, inventory.records)
    for run_id in plan.run_ids:
        if run_id is None or not inventory.records[run_id].computed:
            continue
        if run_id in own:
            account.computed += 1
        else:
            account.cached += 1
        status = str(inventory.records[run_id].results.get("status", ""))
        account.statuses[status] = account.statuses.get(status, 0) + 1


def _publish(plan: Plan, inventory: Inventory, catalog: Catalog, account: Account, *, replaced: bool) -> None:
    """Publish the cube; ``replaced``: in the place of one with failed cells that were tried again."""
    if plan.sweep_id in catalog.sweeps and not replaced:
        return  # by another process, which computed the other half
    cube = make_cube(plan, inventory.records)
    tree = xr.DataTree.from_dict({GROUP: cube})
    tree.attrs = {key: cube.attrs[key] for key in ("title", "summary", "configuration", "grid")}
    spec = plan.spec
    configuration = {
        "base": plan.first.resolved(),
        "grid": {one.key: list(one.values) for one in spec.axes},
        "set": dict(spec.settings),
        "trajectories": spec.trajectories,
        "title": spec.title,
        "description": spec.description,
    }
    origin = {
        "computed_by": account.where,
        "memory_limit_per_worker": account.memory_limit,
        "largest_memory_of_a_worker": account.memory or peak_memory(),
        "wall_seconds": account.seconds,
        "cell_code_revisions": sorted({record.code_revision for record in inventory.records.values()}),
    }
    if replaced and plan.sweep_id in catalog.sweeps:
        catalog.sweeps.remove(plan.sweep_id)
    catalog.sweeps.publish(
        plan.sweep_id,
        tree,
        summary={
            "cells": account.cells,
            "failed_cells": len(account.failures),
            "cells_computed": account.cells - len(account.failures),
        },
        configuration=configuration,
        provenance=provenance(plan.first.flow.method) | origin,
    )
