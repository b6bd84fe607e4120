"""``reluflow sweep``: a grid of runs from the command line."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.shared import (
    DONE,
    FAILED,
    INTERRUPTED,
    WRONG_REQUEST,
    catalog_option,
    console,
    json_option,
    opened,
    print_json,
    refuse,
    speaks,
)
from pipeline.sweep.caller import Caller, interruptible

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.catalog import Catalog
    from pipeline.sweep.execution import Account
    from pipeline.sweep.inventory import Inventory
    from pipeline.sweep.plan import Plan

KEPT = "what was computed is kept, and the next sweep goes on from there"


@click.command(short_help="Compute a grid of runs in parallel; only what is missing.")
@click.argument("file")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Override a key of the base, such as init.width=100.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", envvar="DASK_SCHEDULER_ADDRESS",
    help="A Dask scheduler that is there already; $DASK_SCHEDULER_ADDRESS sets it too.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(min=1, max=1024), metavar="N",
    help="Processes of this machine; as many as there are CPUs if not given.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be computed and why; compute nothing.")
@click.option("--retry-failed", is_flag=True, help="Compute cells that failed before again.")
@catalog_option
@json_option
@speaks
def sweep(
    *, file: str, settings: tuple[str, ...], scheduler: str | None, workers: int | None, dry_run: bool,
    retry_failed: bool, catalog_url: str, as_json: bool,
) -> int:  # fmt: skip
    """Compute every cell of the grid in FILE that is not there yet, and publish them as one cube.

    FILE is a TOML file with a base and a grid, or the name of a sweep that comes with reluflow: scale-width-seed.

    Memory: all worker processes of this machine together take at most 90 % of it, in equal shares. A worker that
    takes more is ended, and its cell fails with that message. A small cell takes 0.2 GB.

    \b
    Examples:
      reluflow sweep scale-width-seed --dry-run
      reluflow sweep mine.toml --workers 4
      reluflow sweep mine.toml --scheduler tcp://127.0.0.1:8786 --json
    """  # noqa: D301
    if scheduler and workers:
        refuse(f"--workers {workers}: allowed without --scheduler only, which has its own workers", WRONG_REQUEST)
    started = perf_counter()
    with interruptible(INTERRUPTED) as interruption:
        from pipeline.configuration import parse_override
        from pipeline.sweep.inventory import take_inventory

        plan = _planned(file, dict(parse_override(text) for text in settings))
        interruption.check()
        catalog = opened(catalog_url)
        published = plan.sweep_id in catalog.sweeps
        settled = published and not (
            retry_failed and catalog.sweeps.manifest(plan.sweep_id).summary["failed_cells"]
        )
        if settled and not dry_run:
            account = _recalled(plan, catalog)
        else:
            inventory = take_inventory(plan, catalog, retry_failed=retry_failed)
            interruption.check()
            if dry_run:
                _dry_run(plan, inventory, published, as_json)
                return DONE
            account = _computed(plan, inventory, catalog, scheduler, workers, interruption.check)
        interruption.check()
        _report(plan, catalog, account, perf_counter() - started, as_json, retried=retry_failed)
    return FAILED if account.failures else DONE


def _planned(file: str, settings: dict[str, Any]) -> Plan:
    """Read the sweep and name its cells; whoever waits is told how far that is."""
    from pipeline.cli.progress import telling
    from pipeline.cli.sweep_report import counting_cells
    from pipeline.sweep.plan import make_plan
    from pipeline.sweep.spec import load_sweep

    with telling() as stages:
        stages.say("Reading the sweep ...")
        spec = load_sweep(file, settings)
    with counting_cells("cells named") as tell:
        return make_plan(spec, tell)


def _dry_run(plan: Plan, inventory: Inventory, published: bool, as_json: bool) -> None:
    from pipeline.cli.sweep_report import dry_run_as_json, print_dry_run

    if as_json:
        print_json(dry_run_as_json(plan, inventory, published=published))
    else:
        print_dry_run(console(), plan, inventory, published=published)


def _computed(
    plan: Plan, inventory: Inventory, catalog: Catalog, scheduler: str | None, workers: int | None,
    check: Callable[[], None],
) -> Account:  # fmt: skip
    """Compute what is missing; a lost scheduler, a disk that is full and a Ctrl-C say what is kept."""
    from pipeline.sweep.worker_startup import warm_up

    if scheduler is None and (workers is not None or len(inventory.missing) > MANY):
        warm_up()
    from pipeline.cli.sweep_report import counting_cells
    from pipeline.sweep.cell import PlaceFaultError
    from pipeline.sweep.execution import perform
    from pipeline.sweep.scheduler import SchedulerLostError

    logging.disable()  # the scheduler's log; what happens to a cell is told in the closing lines
    try:
        with counting_cells() as tell:
            caller = Caller(tell, lambda: click.echo(DESERTED, err=True), check)
            return perform(plan, inventory, catalog, scheduler=scheduler, workers=workers, caller=caller)
    except SchedulerLostError as error:
        what = str(error) or f"the scheduler{f' at {scheduler}' if scheduler else ''} is lost"
        refuse(f"{what}; {KEPT}", FAILED)
    except PlaceFaultError as error:
        refuse(f"{error}; {KEPT}", FAILED)
    except KeyboardInterrupt:
        refuse(f"interrupted; {KEPT}", INTERRUPTED)
    finally:
        logging.disable(logging.NOTSET)


DESERTED = "The scheduler has no worker. Waiting for one; Ctrl-C ends the sweep, and what is computed is kept."
MANY = 100
"""Missing cells from which on workers are started for certain."""


def _recalled(plan: Plan, catalog: Catalog) -> Account:
    """The account of a sweep whose cube is published: nothing is computed."""
    import json

    from pipeline.sweep.execution import GROUP, Account

    summary = catalog.sweeps.manifest(plan.sweep_id).summary
    account = Account(int(summary["cells"]), cached=int(summary["cells_computed"]))
    if summary["failed_cells"]:
        attributes: dict[Any, Any] = catalog.sweeps[plan.sweep_id][GROUP].attrs
        account.failures = json.loads(attributes["failures"])
    return account


def _report(
    plan: Plan, catalog: Catalog, account: Account, seconds: float, as_json: bool, *, retried: bool
) -> None:
    from pipeline.cli import sweep_report as telling

    path = catalog.sweeps.path(plan.sweep_id)
    from pipeline.sweep.execution import GROUP

    cube = catalog.sweeps[plan.sweep_id][GROUP].to_dataset()
    if as_json:
        print_json(telling.as_json(plan.sweep_id, path, account, cube, seconds))
        return
    telling.print_account(console(), plan, account, cube, path, seconds, retried=retried)
