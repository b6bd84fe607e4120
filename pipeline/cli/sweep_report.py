"""What a sweep tells a person: how far it is, what became of the cells, one table, what is next."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pipeline.cli.words import byte_size, counted
from pipeline.network.status import Status
from pipeline.sweep.inventory import Inventory
from pipeline.sweep.plan import Plan

if TYPE_CHECKING:
    import xarray as xr

    from pipeline.sweep.execution import Account

PATIENCE = 2.0
"""Seconds that a person waits without wondering."""
PLAIN_SECONDS = 10.0
"""Seconds between two lines where standard error is no terminal."""
NAMED = 10
"""How many cells are named before the rest is only counted."""
NOISE = 1e-9
"""The share of the minimum norm below which a negative excess is rounding."""
ROWS, COLUMNS = 12, 10
"""The largest table that reads well."""


@contextmanager
def counting_cells(what: str = "cells") -> Iterator[Callable[[int, int], None]]:
    """A function to be told how many cells are done of how many: a bar with the rate, or plain lines.

    Parameters
    ----------
    what
        What is counted, as the bar and the lines call it.
    """
    screen, started = Console(stderr=True), perf_counter()
    columns = (
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    bar = Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal)
    task = bar.add_task("cells", total=None, rate="")
    said = [started]

    def tell(done: int, total: int) -> None:
        now = perf_counter()
        rate = done / max(now - started, 1e-9)
        bar.update(task, completed=done, total=total, rate=f"{rate:.3g} cells/s")
        if screen.is_terminal:
            if now - started >= PATIENCE and not bar.live.is_started:
                bar.start()
        elif now - said[0] >= PLAIN_SECONDS and done < total:
            said[0] = now
            left = (total - done) / max(rate, 1e-9)
            print(
                f"{done:,} of {total:,} {what}, {rate:.3g} cells/s, {left:.0f} s left",
                file=screen.file,
                flush=True,
            )

    try:
        yield tell
    finally:
        bar.stop()


def print_dry_run(say: Console, plan: Plan, inventory: Inventory, *, published: bool) -> None:
    """Say what would run, and why each run has to be computed."""
    cells, there = len(plan.run_ids), _cells_there(plan, inventory)
    say.print(f"{plan.sweep_id}: {counted(cells, 'cell')}, {_grid_in_words(plan)}")
    say.print(f"{there:,} are there already, {cells - there - len(plan.refusals):,} would be computed.")
    if published:
        say.print("The cube is published.")
    for reason, count in inventory.reasons().items():
        first = [run_id for run_id, why in inventory.missing.items() if why is reason][:3]
        more = f" and {count - len(first):,} more" if count > len(first) else ""
        runs = "1 run" if count == 1 else f"{count:,} runs"
        say.print(f"  {runs} {reason.value}: {', '.join(first)}{more}", soft_wrap=True)
    for number, message in list(plan.refusals.items())[:NAMED]:
        say.print(f"  refused: {_cell_in_words(plan.values(number))}: {message}", soft_wrap=True)
    if len(plan.refusals) > NAMED:
        say.print(f"  and {len(plan.refusals) - NAMED:,} more are refused")
    say.print("Nothing was computed, nothing was written.")


def dry_run_as_json(plan: Plan, inventory: Inventory, *, published: bool) -> dict[str, Any]:
    """The object that ``sweep --dry-run --json`` prints."""
    there = _cells_there(plan, inventory)
    return {
        "sweep_id": plan.sweep_id,
        "dry_run": True,
        "published": published,
        "cells": len(plan.run_ids),
        "cached": there,
        "to_compute": len(plan.run_ids) - there - len(plan.refusals),
        "refused": len(plan.refusals),
        "reasons": {reason.value: count for reason, count in inventory.reasons().items()},
    }


def as_json(sweep_id: str, path: object, account: Account, cube: xr.Dataset, seconds: float) -> dict[str, Any]:
    """The object that ``sweep --json`` prints."""
    return {
        "sweep_id": sweep_id,
        "path": str(path),
        "cells": account.cells,
        "computed": account.computed,
        "cached": account.cached,
        "failed": len(account.failures),
        "seconds": seconds,
        **{name: extent(cube, name) for name in SIZES},
        "cells_per_second": account.computed / account.seconds if account.seconds else None,
        "computed_by": account.where,
        "largest_memory_of_a_worker": account.memory or None,
        "memory_limit_per_worker": account.memory_limit or None,
        "statuses": account.statuses,
        "failures": account.failures,
    }


def print_account(
    say: Console, plan: Plan, account: Account, cube: xr.Dataset, path: object, seconds: float, *, retried: bool
) -> None:
    """Say what became of the cells, list those that failed, show one table, and what is next."""
    say.print(str(cube.attrs["title"]), style="bold")
    say.print(f"{counted(account.cells, 'cell')}, {_grid_in_words(plan)}")
    say.print(f"{_sizes_in_words(cube)}\n".lstrip())
    table = excess_table(plan, cube)
    if table is not None:
        say.print(*table, sep="\n")
        negative = bool((cube["final_excess"] < -NOISE * cube["minimal_half_squared_norm"]).any())
        say.print("Negative where the data is not fitted.\n" if negative else "")
    failed = len(account.failures)
    computed = f"{account.computed:,} computed" if account.computed else "nothing was computed"
    say.print(f"{computed}, {account.cached:,} there already, {failed:,} failed; {seconds:.1f} s")
    if account.computed:
        rate = account.computed / account.seconds
        limit = f" of {byte_size(account.memory_limit)} allowed to each" if account.memory_limit else ""
        say.print(
            f"{rate:.3g} cells/s on {account.where}; the largest took {byte_size(account.memory)} of memory{limit}"
        )
    unfinished = [(word, count) for word, count in account.statuses.items() if word in Status.INCOMPLETE]
    for word, count in unfinished:
        say.print(f"{counted(count, 'cell')} ended with the solver's status {word}: see the variable status")
    for failure in account.failures[:NAMED]:
        say.print(f"  failed: {_cell_in_words(failure['cell'])}: {failure['message']}", soft_wrap=True)
    if failed > NAMED:
        say.print(f"  and {failed - NAMED:,} more, all in the cube's attribute 'failures'")
    say.print(f"\nThe cube is {path}", soft_wrap=True)
    say.print(f"Open it with xarray.open_zarr({f'{path}/data.zarr'!r}, group='cube').", soft_wrap=True)
    say.print(_next(plan, failed, retried=retried), soft_wrap=True)


SIZES = ("number_of_points", "number_of_coordinates")
"""The cube's variables that say how much data each cell has."""


def extent(cube: xr.Dataset, name: str) -> list[int] | None:
    """The least and the largest of a count over the cells that have one."""
    there = [count for count in cube[name].values.ravel().tolist() if count > 0] if name in cube else []
    return [int(min(there)), int(max(there))] if there else None


def _sizes_in_words(cube: xr.Dataset) -> str:
    """How many points and coordinates the cells have: ``n = 4 to 16 points in d = 2 coordinates``.

    Nothing if no cell has any, or none of them was computed since they are noted.
    """
    found = [extent(cube, name) for name in SIZES]
    if None in found:
        return ""
    n, d = (f"{ends[0]:,}" if ends[0] == ends[1] else f"{ends[0]:,} to {ends[1]:,}" for ends in found if ends)
    return f"n = {n} point{'' if n == '1' else 's'} in d = {d} coordinate{'' if d == '1' else 's'}"


def excess_table(plan: Plan, cube: xr.Dataset) -> tuple[str, Table] | None:
    """Median final excess over the first one or two axes that are no seeds; None if that is no table to read."""
    if "final_excess" not in cube:
        return None
    names = dict(zip((one.key for one in plan.spec.axes), cube["final_excess"].dims, strict=True))
    axes = [one for one in plan.spec.axes if not one.key.endswith(".seed")][:2]
    if not axes or len(axes[0].values) > ROWS or (len(axes) > 1 and len(axes[1].values) > COLUMNS):
        return None
    kept = [names[one.key] for one in axes]
    rest = [dim for dim in cube["final_excess"].dims if dim not in kept]
    finite = cube["final_excess"].load()
    values = (finite.median(rest, skipna=True) if rest else finite).transpose(*kept).values
    heads = [f"{axes[1].key} = {_short(value)}" for value in axes[1].values] if len(axes) > 1 else ["excess"]
    over = f"median over {' and '.join(map(str, rest))}" if rest else "each cell"
    table = Table(axes[0].key, *heads, box=None)
    for value, row in zip(axes[0].values, values.reshape(len(axes[0].values), -1), strict=True):
        table.add_row(_short(value), *("-" if number != number else f"{number:.3g}" for number in row.tolist()))
    return f"Final excess over the minimum norm, {over}:", table


def _next(plan: Plan, failed: int, *, retried: bool) -> str:
    if failed and retried:
        return "Next: change in the file what the failed cells' lines name; the other cells are kept."
    if failed:
        return "Next: the same command with --retry-failed tries the failed cells again."
    number = next(i for i, run_id in enumerate(plan.run_ids) if run_id is not None)
    settings = {**plan.spec.settings, **plan.values(number)}
    words = " ".join(f"--set {shlex.quote(f'{key}={_toml(value)}')}" for key, value in settings.items())
    return f"Next: one cell as a run: reluflow run {shlex.quote(str(plan.spec.base))} {words}"


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cells_there(plan: Plan, inventory: Inventory) -> int:
    return sum(run_id in inventory.records for run_id in plan.run_ids)


def _grid_in_words(plan: Plan) -> str:
    return " x ".join(f"{len(one.values)} of {one.key}" for one in plan.spec.axes)


def _cell_in_words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {_short(value)}" for key, value in values.items())


def _short(value: Any) -> str:
    text = _toml(value)
    return text if len(text) <= 24 else f"{text[:21]}..."
