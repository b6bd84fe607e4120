"""Verifying: every byte of every run against its manifest, and everything that should not be there.

Nothing on disk is trusted: rubbish of any kind becomes a finding, never an exception. Reading is all it does.
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
from catalog.sealed import names_listed
from catalog.storage import Digest, Irregularity, Storage, open_storage


class Problem(enum.Enum):
    """What can be wrong with a file or a folder; the values are what a person reads."""

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
        The run's name, or that of what lies where a run belongs; of an index its shelf's.
    path
        POSIX, relative to the run's folder; for all that is no run's or sweep's, relative to the catalog.
    problem
        What is wrong.
    collection
        Where it lies; ``cells`` for a file of cells' records or of a sweep under way, ``index`` for an index,
        ``origins`` for what is told of a run that was imported.
    """

    run_id: str
    path: str
    problem: Problem
    collection: str = RUNS

    @property
    def is_damage(self) -> bool:
        """Whether a run is affected.

        A leftover in ``staging/`` is not damage: no reader looks there, and another process may be writing it
        at this moment (possibly on another machine, so a process number proves nothing).
        """
        return self.problem is not Problem.UNFINISHED

    @property
    def affects_readers(self) -> bool:
        """Whether what is read of the run may differ from what was published: a file too many changes nothing."""
        return self.is_damage and self.problem is not Problem.FOREIGN

    def __str__(self) -> str:
        return f"{self.run_id}: {self.path}: {self.problem.value}"


def verify(where: Storage | Path | str, run_id: str | None = None, collection: str = RUNS) -> list[Finding]:
    """Check one run, or everything in a catalog.

    Parameters
    ----------
    where
        The catalog; an empty or missing one has no findings.
    run_id
        The run to check; None for all runs and sweeps, what else lies beside them, and what is unfinished.
    collection
        Where that run lies.

    Returns
    -------
    list of Finding
        Empty if every byte is as it was published. 1.5 GB are read a second from a disk.

    Raises
    ------
    UnknownRunError
        If there is nothing of this name, or no more.
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
    """Check the run, or whatever lies there, of this name; note in ``rows`` what the index should say of it."""
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
        # Nothing else can be judged; guessing from the files would vouch for what nobody published.
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
    """What the index should say of a run, as one text: NaN is equal to itself there, and 1 is not true."""
    return json.dumps(plain(row_of(manifest, read_origin(storage, manifest, collection))), sort_keys=True)


def _index_findings(storage: Storage, collection: str, rows: dict[str, str]) -> Iterator[Finding]:
    """Check the index's own digest, and what it says of each run whose manifest it has read as it is now."""
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
        if not _is_older(content):  # which nobody reads any more
            yield Finding(collection, key, Problem.DAMAGED, INDEX)
        return
    index.keep({name: stamp for name, stamp in storage.holding(collection, MANIFEST).items() if name in rows})
    if any(json.dumps(plain(row), sort_keys=True) != rows[name] for name, row in index.rows()):
        yield Finding(collection, key, Problem.CONTRADICTED, INDEX)


def _is_older(content: bytes) -> bool:
    """Whether an index that is none of this version is one of before, which had no digest."""
    try:
        names_listed(content)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    return True


def _origin_findings(storage: Storage, collection: str) -> Iterator[Finding]:
    """Check what is told of runs that were imported."""
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
