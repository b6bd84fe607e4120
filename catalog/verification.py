"""Verification: every byte of every run is compared with its manifest, and unexpected files are found.

Nothing on disk is trusted: damage of any kind becomes a finding, never an exception. Nothing is written.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.cell_cache import CELLS, damaged_cells
from catalog.errors import CatalogError, DamagedRunError, UnknownRunError, UnreachableError
from catalog.index import index_key, parse_index
from catalog.layout import COLLECTIONS, INDEX, MANIFEST, ORIGINS, RUNS, is_run_id
from catalog.manifest import Manifest, plain, read_manifest
from catalog.origins import parse_origin, read_origin
from catalog.rows import row_of
from catalog.self_digest import names_listed
from catalog.storage import Digest, Irregularity, Storage, open_storage


class Problem(enum.Enum):
    """What can be wrong with a file or a folder; the values are shown to people."""

    DAMAGED = "damaged: its bytes are not those that were published"
    TRUNCATED = "truncated: it is shorter than what was published"
    MISSING = "missing: it was published and is gone"
    FOREIGN = "foreign: it was not published with this run"
    UNREADABLE = "unreadable: the system refuses to read it"
    MANIFEST_DAMAGED = "the manifest is damaged or belongs to another run"
    NO_MANIFEST = "no run: it has no manifest"
    CONTRADICTED = "damaged: it says other than the manifests do"
    UNFINISHED = "unfinished: being published at this moment, or left by a process that was killed"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was published.

    Attributes
    ----------
    run_id
        The name of the run, or of what lies where a run belongs; for an index, its collection.
    path
        POSIX; relative to the run's folder, or to the catalog if the file belongs to no run or sweep.
    problem
        What is wrong.
    collection
        ``runs`` or ``sweeps``; ``cells`` for a file of the cell cache, ``index`` for an index, ``origins`` for the
        record of where a run was imported from.
    """

    run_id: str
    path: str
    problem: Problem
    collection: str = RUNS

    @property
    def is_damage(self) -> bool:
        """Whether a run is affected.

        An unfinished write in ``staging/`` is no damage: no reader looks there, and another process, possibly on
        another machine, may be writing it.
        """
        return self.problem is not Problem.UNFINISHED

    @property
    def affects_readers(self) -> bool:
        """Whether what is read of the run may differ from what was published: a file too many changes nothing."""
        return self.is_damage and self.problem is not Problem.FOREIGN

    def __str__(self) -> str:
        return f"{self.run_id}: {self.path}: {self.problem.value}"


def verify(where: Storage | Path | str, run_id: str | None = None, collection: str = RUNS) -> list[Finding]:
    """Verify one run, or everything in a catalog.

    Parameters
    ----------
    where
        The catalog; an empty or missing one has no findings.
    run_id
        The run to verify; None for all runs and sweeps, the other files of the catalog, and unfinished writes.
    collection
        That of the run.

    Returns
    -------
    list of Finding
        Empty if every byte is as it was published. 1.5 GB are read a second from a disk.

    Raises
    ------
    UnknownRunError
        If there is no run of this name, or it was removed meanwhile.
    CatalogError
        If the catalog can't be listed.
    """
    storage = open_storage(where)
    if run_id is not None:
        if not is_run_id(run_id) or run_id not in storage.names(collection):
            raise UnknownRunError(run_id)
        found = list(_run_findings(storage, run_id, collection))
        if found and run_id not in storage.names(collection):
            raise UnknownRunError(run_id)
        return found
    unfinished = storage.unfinished_writes()
    keys = {unfinished.key for unfinished in unfinished}
    findings: list[Finding] = []
    for folder in COLLECTIONS:
        rows: dict[str, str] = {}
        for name in storage.names(folder):
            if f"{folder}/{name}" not in keys:
                found = list(_run_findings(storage, name, folder, rows))
                # What somebody has removed meanwhile is no damage; asked again only where something was found.
                if found and name in storage.names(folder):
                    findings += found
        findings += [*_index_findings(storage, folder, rows), *_origin_findings(storage, folder)]
    findings += [Finding(name, key, Problem.DAMAGED, CELLS) for name, key in damaged_cells(storage)]
    return findings + [Finding(unfinished.run_id, unfinished.key, Problem.UNFINISHED) for unfinished in unfinished]


def _run_findings(
    storage: Storage, name: str, collection: str, rows: dict[str, str] | None = None
) -> Iterator[Finding]:
    """Verify the run of this name, and note in ``rows`` what the index should say of it."""
    folder = f"{collection}/{name}"
    if not storage.is_folder(folder):
        yield Finding(name, ".", Problem.FOREIGN, collection)
        return
    if not is_run_id(name):
        yield Finding(name, ".", Problem.NO_MANIFEST, collection)
        return
    try:
        manifest = read_manifest(storage, name, collection)
    except FileNotFoundError:
        yield Finding(name, ".", Problem.NO_MANIFEST, collection)
        return
    except UnreachableError:  # nothing is known of the run, and every other one would say the same
        raise
    except (DamagedRunError, CatalogError):
        # Without a manifest there is nothing to compare the files with.
        yield Finding(name, MANIFEST, Problem.MANIFEST_DAMAGED, collection)
        return
    if rows is not None:
        rows[name] = _row(storage, manifest, collection)
    expected = manifest.files
    for path, found in storage.digests(folder, {path: entry["size"] for path, entry in expected.items()}):
        problem = _problem(found, Digest(expected[path]["size"], expected[path]["sha256"]))
        if problem is not None:
            yield Finding(name, path, problem, collection)
    for path in storage.unexpected_files(folder, {*expected, MANIFEST}):
        yield Finding(name, path, Problem.FOREIGN, collection)


def _row(storage: Storage, manifest: Manifest, collection: str) -> str:
    """Return the row that the index should have of a run, as text: NaN equals NaN, and 1 differs from true."""
    return json.dumps(plain(row_of(manifest, read_origin(storage, manifest, collection))), sort_keys=True)


def _index_findings(storage: Storage, collection: str, rows: dict[str, str]) -> Iterator[Finding]:
    """Verify the index's own digest, and its row of each run whose manifest has not changed since."""
    key = index_key(collection)
    try:
        content = storage.read(key)
    except FileNotFoundError:
        return
    except (OSError, CatalogError):
        yield Finding(collection, key, Problem.UNREADABLE, INDEX)
        return
    try:
        index = parse_index(content)
    except (ValueError, RecursionError):
        if not _is_older(content):  # an older index is not read any more
            yield Finding(collection, key, Problem.DAMAGED, INDEX)
        return
    index.keep({name: stamp for name, stamp in storage.holding(collection, MANIFEST).items() if name in rows})
    if any(json.dumps(plain(row), sort_keys=True) != rows[name] for name, row in index.rows()):
        yield Finding(collection, key, Problem.CONTRADICTED, INDEX)


def _is_older(content: bytes) -> bool:
    """Whether an index is of an earlier version, which had no digest."""
    try:
        names_listed(content)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    return True


def _origin_findings(storage: Storage, collection: str) -> Iterator[Finding]:
    """Verify the records of where runs were imported from."""
    for file in storage.names(f"{ORIGINS}/{collection}"):
        key = f"{ORIGINS}/{collection}/{file}"
        try:
            parse_origin(storage.read(key))
        except FileNotFoundError:  # removed since the listing
            continue
        except (OSError, CatalogError, ValueError, RecursionError):
            yield Finding(file.removesuffix(".json"), key, Problem.DAMAGED, ORIGINS)


def _problem(found: Digest | Irregularity, expected: Digest) -> Problem | None:
    match found:
        case Irregularity.MISSING:
            return Problem.MISSING
        case Irregularity.UNREADABLE:
            return Problem.UNREADABLE
        case Irregularity.NO_FILE:
            return Problem.DAMAGED
        case Digest(size=size) if size < expected.size:
            return Problem.TRUNCATED
    return None if found == expected else Problem.DAMAGED
