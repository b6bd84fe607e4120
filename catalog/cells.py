"""Records of single cells: what a sweep has computed, kept as it comes, before (and after) its cube is published.

A cache, never the truth: it may be removed at any time and costs no more than computing again. All sweeps of a
base share it, under ``cells/<name>/<digest>.json``, one file a batch. A file's name is the SHA-256 of its
content: one that was damaged, cut short or put there by somebody else is not read. Two processes may write at
once; nothing is ever changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.manifest import plain, restored
from catalog.sealed import sealed, unsealed

if TYPE_CHECKING:
    from catalog.places import Place

CELLS = "cells"
"""The folder of a catalog in which the records lie."""
ENDING = ".json"
PLAN = ".plan"
"""How the files end that tell of a sweep under way."""


@dataclass(frozen=True)
class UnderWay:
    """A sweep that has begun and whose cube is not published.

    Attributes
    ----------
    sweep_id, name
        Its identifier, and that of its base.
    run_ids
        What its cells are.
    """

    sweep_id: str
    name: str
    run_ids: tuple[str, ...]


def write_cells(place: Place, name: str, records: Iterable[Mapping[str, Any]]) -> None:
    """Keep the records of some cells, durably.

    Parameters
    ----------
    place
        The catalog's.
    name
        The base's name, the readable part of its runs' identifiers.
    records
        Each a table of what strict JSON holds, with the run's identifier as ``run_id``, its ``status`` and the
        time at which it was ``recorded`` (UTC, ISO 8601).

    Raises
    ------
    DiskFullError, CatalogUnwritableError
    """
    lines = [json.dumps(plain(record, "record"), sort_keys=True, allow_nan=False) for record in records]
    if lines:
        content = ("\n".join(lines) + "\n").encode()
        place.write(f"{CELLS}/{name}/{hashlib.sha256(content).hexdigest()}{ENDING}", content)


def read_cells(place: Place, name: str) -> dict[str, dict[str, Any]]:
    """Read every intact record of a base.

    Returns
    -------
    dict
        The records by run identifier. Of several for one run a computed one goes before a failed one, then the
        earliest computed and the latest failed.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in place.names(f"{CELLS}/{name}"):
        for record in _intact(place, name, file):
            before = found.get(record["run_id"])
            if before is None or _preferred(record, before):
                found[record["run_id"]] = record
    return found


def remove_cells(place: Place, name: str) -> None:
    """Remove all records of a base; its published runs and cubes stay."""
    place.remove(f"{CELLS}/{name}")


def announce(place: Place, under_way: UnderWay) -> None:
    """Say that a sweep has begun, so that anyone can ask how far it has come.

    Raises
    ------
    DiskFullError, CatalogUnwritableError
    """
    content = sealed({"sweep_id": under_way.sweep_id, "run_ids": under_way.run_ids})
    place.write(_plan_key(under_way.name, under_way.sweep_id), content)


def withdraw(place: Place, name: str, sweep_id: str) -> None:
    """Say that it has ended."""
    place.remove(_plan_key(name, sweep_id))


def sweeps_under_way(place: Place) -> list[UnderWay]:
    """Find the sweeps that have begun and were not finished."""
    found = []
    for name in place.names(CELLS):
        for file in place.names(f"{CELLS}/{name}"):
            if file.endswith(PLAN):
                # Finished since the listing; rubbish, which verify names.
                with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                    said = unsealed(place.read(f"{CELLS}/{name}/{file}"))
                    found.append(UnderWay(str(said["sweep_id"]), name, tuple(map(str, said["run_ids"]))))
    return found


def damaged_cells(place: Place) -> list[tuple[str, str]]:
    """Find the records and plans that are not what was written: (base, key). They are never read, and may go."""
    files = [
        (name, f"{CELLS}/{name}/{file}") for name in place.names(CELLS) for file in place.names(f"{CELLS}/{name}")
    ]
    return [(name, key) for name, key in files if key.endswith((ENDING, PLAN)) and not _is_whole(place, key)]


def _is_whole(place: Place, key: str) -> bool:
    try:
        content = place.read(key)
    except FileNotFoundError:  # removed since the listing
        return True
    except OSError:
        return False
    name = key.rpartition("/")[2]
    if name.endswith(ENDING):
        return hashlib.sha256(content).hexdigest() == name.removesuffix(ENDING)
    try:
        return bool(unsealed(content)["sweep_id"] == name.removesuffix(PLAN))
    except (ValueError, KeyError, RecursionError):
        return False


def _plan_key(name: str, sweep_id: str) -> str:
    return f"{CELLS}/{name}/{sweep_id}{PLAN}"


def _intact(place: Place, name: str, file: str) -> list[dict[str, Any]]:
    """Read one file's records; none if it is not what was written."""
    if not file.endswith(ENDING):
        return []
    try:
        content = place.read(f"{CELLS}/{name}/{file}")
    except OSError:  # removed since the listing, or unreadable: computed again
        return []
    if hashlib.sha256(content).hexdigest() != file.removesuffix(ENDING):
        return []
    try:
        records = [restored(json.loads(line)) for line in content.decode().splitlines()]
    except ValueError:  # whole, and named by its digest, yet nothing that was written here
        return []
    keys = ("run_id", "status", "recorded")
    return [
        record
        for record in records
        if isinstance(record, dict) and all(isinstance(record.get(key), str) for key in keys)
    ]


def _preferred(record: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    computed = bool(record["status"] == "computed")
    if computed != bool(before["status"] == "computed"):
        return computed
    now, then = str(record["recorded"]), str(before["recorded"])
    return now < then if computed else now > then
