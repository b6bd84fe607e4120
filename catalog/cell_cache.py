"""The cell cache: the results of a sweep's cells, recorded as they are computed.

It may be removed at any time: the cells are then computed again. All sweeps of a base share it, under
``cells/<name>/<digest>.json``. The name of a file is the SHA-256 of its content: a file that was damaged,
truncated or added by somebody else is not read. Two processes may write at the same time; no file is ever
changed.

Each batch of cells is a new file. Many such files are merged into one, and are removed only then: each record
is in a durable file at every moment, and 50,000 cells take some 50 files, not thousands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.manifest import plain, restored
from catalog.self_digest import decode_with_digest, encode_with_digest

if TYPE_CHECKING:
    from catalog.storage import Storage

CELLS = "cells"
"""The folder of the records in a catalog."""
ENDING = ".json"
PLAN = ".plan"
"""The ending of the file that announces a sweep."""
FILES_MERGED = 16
"""How many files of about one size become one."""
MERGES_LIMIT = 2
"""How often a record is written anew at most: the files of 256 batches, some 16 MB, stay as they are."""
LARGE_FILE_BYTES = 2**22
"""Bytes of a file that is large enough to be left as it is."""


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


@dataclass
class CellWriter:
    """Writes the records of one base as they are computed, and merges the files.

    Attributes
    ----------
    storage, name
        The catalog's files, and the name of the base.
    tiers
        The files that were written: single batches, what was made of 16 of them, and so on.
    """

    storage: Storage
    name: str
    tiers: list[list[str]] = field(default_factory=lambda: [[] for _ in range(MERGES_LIMIT)])

    def write(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Write the records of some cells, durably: see :func:`write_cells`."""
        key = write_cells(self.storage, self.name, records)
        for tier in self.tiers:
            if key is None:
                return
            tier.append(key)
            if len(tier) < FILES_MERGED:
                return
            found = [(file, content) for file in tier if (content := _content(self.storage, file)) is not None]
            tier.clear()
            key = _merge(self.storage, self.name, found)


def write_cells(storage: Storage, name: str, records: Iterable[Mapping[str, Any]]) -> str | None:
    """Write the records of some cells, durably, as one file.

    Parameters
    ----------
    storage
        The catalog's.
    name
        The base's name, the readable part of its runs' identifiers.
    records
        Each a table of what strict JSON holds, with the run's identifier as ``run_id``, its ``status`` and the
        time at which it was ``recorded`` (UTC, ISO 8601).

    Returns
    -------
    str or None
        The file's key; None if there is no record.

    Raises
    ------
    DiskFullError, CatalogUnwritableError
    """
    lines = [json.dumps(plain(record, "record"), sort_keys=True, allow_nan=False) for record in records]
    return _write_records(storage, name, ("\n".join(lines) + "\n").encode()) if lines else None


def pack_cells(storage: Storage, name: str) -> None:
    """Merge the small files of a base, also those of sweeps that were killed."""
    waiting: list[tuple[str, bytes]] = []
    for file in storage.names(f"{CELLS}/{name}"):
        key = f"{CELLS}/{name}/{file}"
        content = _content(storage, key) if file.endswith(ENDING) else None
        if content is None or len(content) >= LARGE_FILE_BYTES:
            continue
        waiting.append((key, content))
        if sum(len(content) for _, content in waiting) >= LARGE_FILE_BYTES:
            _merge(storage, name, waiting)
            waiting = []
    if len(waiting) >= FILES_MERGED:
        _merge(storage, name, waiting)


def _merge(storage: Storage, name: str, files: list[tuple[str, bytes]]) -> str | None:
    """Merge files into one, then remove them; another process may be merging some of them too."""
    if not files:
        return None
    key = _write_records(storage, name, b"".join(content for _, content in files))
    for file, _ in files:
        if file != key:
            storage.remove(file)
    return key


def _write_records(storage: Storage, name: str, content: bytes) -> str:
    key = f"{CELLS}/{name}/{hashlib.sha256(content).hexdigest()}{ENDING}"
    storage.write(key, content)
    return key


def read_cells(storage: Storage, name: str, seen: set[str] | None = None) -> dict[str, dict[str, Any]]:
    """Read every intact record of a base.

    Parameters
    ----------
    seen
        Names of files that need not be read; those that are read are added.

    Returns
    -------
    dict
        The records by run identifier. Of several for one run a computed one goes before a failed one, then the
        earliest computed and the latest failed.
    """
    found: dict[str, dict[str, Any]] = {}
    seen = set() if seen is None else seen
    # A file that is gone was put together with others since the listing: the next one names what holds it now.
    gone = True
    while gone:
        gone = False
        for file in storage.names(f"{CELLS}/{name}"):
            if file in seen or not file.endswith(ENDING):
                continue
            try:
                content = storage.read(f"{CELLS}/{name}/{file}")
            except FileNotFoundError:
                gone = True
                continue
            except OSError:  # unreadable: computed again
                continue
            seen.add(file)
            for record in _intact(content, file):
                before = found.get(record["run_id"])
                if before is None or _preferred(record, before):
                    found[record["run_id"]] = record
    return found


def announce(storage: Storage, under_way: UnderWay) -> None:
    """Record that a sweep has begun, so that its progress can be shown.

    Raises
    ------
    DiskFullError, CatalogUnwritableError
    """
    content = encode_with_digest({"sweep_id": under_way.sweep_id, "run_ids": under_way.run_ids})
    storage.write(_plan_key(under_way.name, under_way.sweep_id), content)


def withdraw(storage: Storage, name: str, sweep_id: str) -> None:
    """Record that a sweep has ended."""
    storage.remove(_plan_key(name, sweep_id))


def sweeps_under_way(storage: Storage) -> list[UnderWay]:
    """Find the sweeps that have begun and were not finished."""
    found = []
    for name in storage.names(CELLS):
        for file in storage.names(f"{CELLS}/{name}"):
            if file.endswith(PLAN):
                # Finished since the listing; rubbish, which verify names.
                with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                    said = decode_with_digest(storage.read(f"{CELLS}/{name}/{file}"))
                    found.append(UnderWay(str(said["sweep_id"]), name, tuple(map(str, said["run_ids"]))))
    return found


def damaged_cells(storage: Storage) -> list[tuple[str, str]]:
    """Find damaged records and plans: (base, key). They are never read, and may be removed."""
    files = [
        (name, f"{CELLS}/{name}/{file}")
        for name in storage.names(CELLS)
        for file in storage.names(f"{CELLS}/{name}")
    ]
    return [(name, key) for name, key in files if key.endswith((ENDING, PLAN)) and not _is_whole(storage, key)]


def _is_whole(storage: Storage, key: str) -> bool:
    try:
        content = storage.read(key)
    except FileNotFoundError:  # removed since the listing
        return True
    except OSError:
        return False
    name = key.rpartition("/")[2]
    if name.endswith(ENDING):
        return hashlib.sha256(content).hexdigest() == name.removesuffix(ENDING)
    try:
        return bool(decode_with_digest(content)["sweep_id"] == name.removesuffix(PLAN))
    except (ValueError, KeyError, RecursionError):
        return False


def _content(storage: Storage, key: str) -> bytes | None:
    """Read a file of records; None if it is gone, or not what was written."""
    try:
        content = storage.read(key)
    except OSError:
        return None
    return content if _has_its_digest(content, key) else None


def _has_its_digest(content: bytes, key: str) -> bool:
    """Whether the file of this name was written with this content."""
    return hashlib.sha256(content).hexdigest() == key.rpartition("/")[2].removesuffix(ENDING)


def _plan_key(name: str, sweep_id: str) -> str:
    return f"{CELLS}/{name}/{sweep_id}{PLAN}"


def _intact(content: bytes, file: str) -> list[dict[str, Any]]:
    """Read one file's records; none if it is not what was written."""
    if not _has_its_digest(content, file):
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
