"""A few quick cells, computed where we are: starting processes for a second of work takes longer than the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pipeline.sweep.caller import Caller
from pipeline.sweep.cell import CellRecord
from pipeline.sweep.plan import Plan
from pipeline.sweep.tasks import Batch, compute_batch, shared_data, shared_minimum
from pipeline.sweep.work import Work

if TYPE_CHECKING:
    from catalog.catalog import Catalog

FEW, LIGHT = 100, 200_000
"""How many cells are few, and how many samples of neurons make a cell that takes neither long nor much memory."""
PATIENCE = 1.5
"""Seconds after which processes would have been worth their start."""
AT_ONCE = 0.5
"""Seconds between two batches' records."""


def is_light(plan: Plan, numbers: list[int]) -> bool:
    """Whether all these cells are so few and so small that this process may compute them."""
    if len(numbers) > FEW:
        return False
    configs = [plan.config(number) for number in numbers]
    return all(
        config.flow.method == "exact" and config.init.width * config.flow.samples <= LIGHT for config in configs
    )


def compute_in_process(
    plan: Plan,
    work: Work,
    catalog: Catalog | None,
    patience: float = PATIENCE,
    *,
    check: Callable[[], None] = Caller.check,
) -> Iterator[Batch]:
    """Compute cells in this process until all are done or the patience is over.

    Parameters
    ----------
    work
        Says which cells; the computed ones are taken off.
    catalog
        Where each run is published; None to publish none.
    check
        See :class:`Caller`: called before each cell.
    """
    started, shared = perf_counter(), dict[tuple[int, ...], Any]()
    waiting = work.waiting
    while waiting and perf_counter() - started < patience:
        batch, records = perf_counter(), list[CellRecord]()
        while waiting and (not records or perf_counter() - batch < AT_ONCE):
            check()
            number = waiting.popleft()
            config, data_set = plan.config(number), plan.data_set(number)
            if data_set not in shared:
                data = shared_data(config)
                shared = {data_set: (data, shared_minimum(config, data))}
            done = compute_batch([config], shared[data_set][0], shared[data_set][1], catalog)
            records += done.records
            if done.fault:
                break
        seconds = perf_counter() - batch
        yield replace(done, records=records, seconds=seconds)
        work.refill(seconds / max(len(records), 1))
