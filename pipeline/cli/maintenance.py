"""``reluflow verify``, ``status`` and ``gc``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.completion import runs_of_the_catalog
from pipeline.cli.safe_text import visible_line
from pipeline.cli.shared import (
    DONE,
    FAILED,
    catalog_option,
    echo,
    existing,
    json_option,
    print_json,
    resolved,
    speaks,
)
from pipeline.cli.words import counted

if TYPE_CHECKING:
    from catalog.catalog import Catalog
    from catalog.storage import UnfinishedWrite
    from catalog.verification import Finding
    from pipeline.upkeep.recomputation import Recomputed


@click.command()
@click.argument("run_name", metavar="[RUN]", required=False, shell_complete=runs_of_the_catalog)
@click.option("--repair", is_flag=True, help="Compute damaged runs anew from their configuration.")
@click.option(
    "--recompute",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="Compute N runs anew and compare their numbers, imported ones first.",
)
@catalog_option
@json_option
@speaks
def verify(run_name: str | None, repair: bool, recompute: int, catalog_url: str, as_json: bool) -> int:
    """Check every byte of one RUN, or of the whole catalog, against the manifests.

    \b
    Examples:
      reluflow verify
      reluflow verify orthogonal --repair
      reluflow verify --recompute 3     bytes prove nothing of who wrote them: three runs are computed anew
    """  # noqa: D301 # fmt: skip
    catalog = existing(catalog_url)
    run_id = None if run_name is None else resolved(catalog, run_name)
    from pipeline.cli.progress import telling

    with telling() as stages:
        stages.say("Checking every byte ...")
        findings = catalog.verify(run_id)
    damage = [finding for finding in findings if finding.is_damage]
    runs, sweeps = (1, 0) if run_id else (len(catalog), len(catalog.sweeps))
    if not as_json:
        for finding in findings:
            echo(visible_line(str(finding)))
    repaired, refused = _repaired(catalog, damage) if repair else ([], {})
    anew = _recomputed(catalog, run_id, recompute, {found.run_id for found in damage} - set(repaired))
    if as_json:
        counted = {
            "checked": runs + sweeps,
            "findings": [str(finding) for finding in findings],
            "damaged": len(damage),
        }
        told = {"repaired": repaired, "not_repaired": refused}
        print_json(counted | told | (_comparison_as_json(anew) if recompute else {}))
    else:
        _say_verdict(_counted(runs, sweeps), damage, repaired, refused, repair)
        for one in anew:
            echo(visible_line(str(one)))
    left = {finding.run_id for finding in damage} - set(repaired)
    return FAILED if left or any(found.differences for found in anew) else DONE


def _recomputed(catalog: Catalog, run_id: str | None, number: int, damaged: set[str]) -> list[Recomputed]:
    """Compute some runs anew that are not damaged."""
    if not number:
        return []
    from pipeline.cli.progress import counting
    from pipeline.upkeep.recomputation import chosen, recompute

    candidates = [name for name in ([run_id] if run_id else catalog.run_ids()) if name not in damaged]
    names = chosen(catalog, candidates, number)
    with counting("Computing anew", len(names)) as advance:
        return recompute(catalog, names, advance)


def _comparison_as_json(anew: list[Recomputed]) -> dict[str, Any]:
    return {
        "recomputed": {found.run_id: list(found.differences) for found in anew if not found.refused},
        "not_recomputed": {found.run_id: found.refused for found in anew if found.refused},
    }


def _repaired(catalog: Catalog, damage: list[Finding]) -> tuple[list[str], dict[str, str]]:
    """Run every damaged run again: those that are whole now, and why the others are not."""
    from catalog.errors import CatalogError
    from pipeline.inputs.errors import RequestError
    from pipeline.upkeep.repair import repair

    repaired: list[str] = []
    refused: dict[str, str] = {}
    for run_id, collection in dict.fromkeys((finding.run_id, finding.collection) for finding in damage):
        try:
            repair(
                catalog,
                [found for found in damage if (found.run_id, found.collection) == (run_id, collection)],
            )
            repaired.append(run_id)
        except (RequestError, CatalogError) as error:
            refused[run_id] = str(error)
    return repaired, refused


def _say_verdict(
    what: str, damage: list[Finding], repaired: list[str], refused: dict[str, str], repair: bool
) -> None:
    if not damage:
        echo(f"{what} checked: every byte is as it was published.")
        return
    echo(f"{what} checked: {counted(len(damage), 'finding')} of damage.")
    for run_id in repaired:
        echo(f"{run_id}: put right, every byte is as it was published.")
    for message in refused.values():
        echo(f"Not repaired: {message}.")
    if not repair:
        echo("Next: reluflow verify --repair computes damaged runs anew.")


def _counted(runs: int, sweeps: int) -> str:
    return f"{counted(runs, 'run')} and {counted(sweeps, 'sweep')}" if sweeps else counted(runs, "run")


@click.command()
@click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    metavar="MINUTES",
    default=60.0,
    show_default=True,
    help="Age after which an unfinished write counts as abandoned, where this machine can't ask its process.",
)
@catalog_option
@json_option
@speaks
def gc(older_than: float, catalog_url: str, as_json: bool) -> int:
    """Remove unfinished files of killed processes; files that are being written stay.

    What another machine has left on a shared disk goes when nothing was written to it for an hour (--older-than).

    \b
    Examples:
      reluflow gc
      reluflow gc --catalog s3://bucket/flows --older-than 10
    """  # noqa: D301
    collected = existing(catalog_url).collect_garbage(60.0 * older_than)
    if as_json:
        kept = {left.key: _activity(left) for left in collected.kept}
        print_json({"removed": [left.key for left in collected.removed], "kept": [*kept], "reasons": kept})
        return DONE
    for unfinished in collected.removed:
        echo(f"removed {unfinished.key}")
    for unfinished in collected.kept:
        echo(f"kept {unfinished.key}: {_activity(unfinished)}")
    echo(f"{len(collected.removed)} removed, {len(collected.kept)} kept.")
    return DONE


@click.command()
@catalog_option
@json_option
@speaks
def status(catalog_url: str, as_json: bool) -> int:
    """Say what the catalog holds, what is being written, and what is unfinished.

    \b
    Examples:
      reluflow status
      reluflow status --json
    """  # noqa: D301
    from pipeline.upkeep.state import state_of

    state = state_of(existing(catalog_url))
    if as_json:
        print_json(
            {
                "runs": state.runs,
                "sweeps": state.sweeps,
                "bytes": state.size,
                "damaged": state.damaged,
                "unfinished": [_as_json(unfinished) for unfinished in state.unfinished_writes],
                "abandoned": [unfinished.key for unfinished in state.abandoned],
                "sweeps_under_way": [
                    {"sweep_id": sweep_id, "done": done, "cells": cells}
                    for sweep_id, done, cells in state.sweeps_under_way
                ],
            }
        )
        return FAILED if state.damaged else DONE
    echo(f"{_counted(state.runs, state.sweeps)}, {state.size / 1e6:,.1f} MB in {catalog_url}.")
    for message in state.damaged.values():
        echo(visible_line(message))
    for unfinished in state.unfinished_writes:
        echo(f"unfinished: {unfinished.run_id} ({unfinished.key}), {_activity(unfinished)}")
    for sweep_id, done, cells in state.sweeps_under_way:
        echo(f"sweep {sweep_id}: {done:,} of {cells:,} cells are there; running it again goes on from there")
    if state.abandoned:
        echo(f"Next: reluflow gc removes the {len(state.abandoned)} that nobody is writing.")
    return FAILED if state.damaged else DONE


def _activity(unfinished: UnfinishedWrite) -> str:
    idle = f"last written {unfinished.idle_seconds:,.0f} s ago"
    if unfinished.at_work is None:
        return f"{idle} by the machine {unfinished.host}, perhaps at work on it" if unfinished.host else idle
    return (
        f"being written by a process ({idle})"
        if unfinished.at_work
        else f"left by a process that is gone ({idle})"
    )


def _as_json(unfinished: UnfinishedWrite) -> dict[str, Any]:
    return {
        "run_id": unfinished.run_id,
        "key": unfinished.key,
        "idle_seconds": None if unfinished.idle_seconds == float("inf") else unfinished.idle_seconds,
        "being_written": unfinished.at_work,
        "host": unfinished.host or None,
    }
