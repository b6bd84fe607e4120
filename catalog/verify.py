"""Verifying: every byte of every run against its manifest, and everything that should not be there.

Nothing on disk is trusted: rubbish of any kind becomes a finding, never an exception. Reading is all it does.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.cells import CELLS, damaged_cells
from catalog.errors import CatalogError, DamagedRunError, UnknownRunError, UnreachableError
from catalog.layout import INDEX, MANIFEST, ORIGINS, RUNS, SHELVES, is_run_id
from catalog.manifest import Manifest, plain, read_manifest
from catalog.origins import parse_origin, read_origin
from catalog.places import Digest, Irregularity, Place, place_at
from catalog.rows import row_of
from catalog.sealed import names_listed
from catalog.shelf_index import index_key, parse_index


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
    LEFTOVER = "unfinished: being published at this moment, or left by a process that was killed"


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
    shelf
        Where it lies; ``cells`` for a file of cells' records or of a sweep under way, ``index`` for an index,
        ``origins`` for what is told of a run that was imported.
    """

    run_id: str
    path: str
    problem: Problem
    shelf: str = RUNS

    @property
    def is_damage(self) -> bool:
        """Whether a run is affected.

        A leftover in ``staging/`` is not damage: no reader looks there, and another process may be writing it
        at this moment (possibly on another machine, so a process number proves nothing).
        """
        return self.problem is not Problem.LEFTOVER

    @property
    def affects_readers(self) -> bool:
        """Whether what is read of the run may differ from what was published: a file too many changes nothing."""
        return self.is_damage and self.problem is not Problem.FOREIGN

    def __str__(self) -> str:
        return f"{self.run_id}: {self.path}: {self.problem.value}"


def verify(where: Place | Path | str, run_id: str | None = None, shelf: str = RUNS) -> list[Finding]:
    """Check one run, or everything in a catalog.

    Parameters
    ----------
    where
        The catalog; an empty or missing one has no findings.
    run_id
        The run to check; None for all runs and sweeps, what else lies beside them, and what is unfinished.
    shelf
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
    place = place_at(where)
    if run_id is not None:
        if not is_run_id(run_id) or run_id not in place.names(shelf):
            raise UnknownRunError(run_id)
        found = list(_run_findings(place, run_id, shelf))
        if found and run_id not in place.names(shelf):
            raise UnknownRunError(run_id)
        return found
    unfinished = place.leftovers()
    keys = {leftover.key for leftover in unfinished}
    findings: list[Finding] = []
    for folder in SHELVES:
        rows: dict[str, str] = {}
        for name in place.names(folder):
            if f"{folder}/{name}" not in keys:
                found = list(_run_findings(place, name, folder, rows))
                # What somebody has removed meanwhile is no damage; asked again only where something was found.
                if found and name in place.names(folder):
                    findings += found
        findings += [*_index_findings(place, folder, rows), *_origin_findings(place, folder)]
    findings += [Finding(name, key, Problem.DAMAGED, CELLS) for name, key in damaged_cells(place)]
    return findings + [Finding(leftover.run_id, leftover.key, Problem.LEFTOVER) for leftover in unfinished]


def _run_findings(place: Place, name: str, shelf: str, rows: dict[str, str] | None = None) -> Iterator[Finding]:
    """Check the run, or whatever lies there, of this name; note in ``rows`` what the index should say of it."""
    folder = f"{shelf}/{name}"
    if not place.is_folder(folder):
        yield Finding(name, ".", Problem.FOREIGN, shelf)
        return
    if not is_run_id(name):
        yield Finding(name, ".", Problem.NO_MANIFEST, shelf)
        return
    try:
        manifest = read_manifest(place, name, shelf)
    except FileNotFoundError:
        yield Finding(name, ".", Problem.NO_MANIFEST, shelf)
        return
    except UnreachableError:  # nothing is known of the run, and every other one would say the same
        raise
    except (DamagedRunError, CatalogError):
        # Nothing else can be judged; guessing from the files would vouch for what nobody published.
        yield Finding(name, MANIFEST, Problem.MANIFEST_DAMAGED, shelf)
        return
    if rows is not None:
        rows[name] = _row(place, manifest, shelf)
    expected = manifest.files
    for path, found in place.digests(folder, {path: entry["size"] for path, entry in expected.items()}):
        problem = _problem(found, Digest(expected[path]["size"], expected[path]["sha256"]))
        if problem is not None:
            yield Finding(name, path, problem, shelf)
    for path in place.strangers(folder, {*expected, MANIFEST}):
        yield Finding(name, path, Problem.FOREIGN, shelf)


def _row(place: Place, manifest: Manifest, shelf: str) -> str:
    """What the index should say of a run, as one text: NaN is equal to itself there, and 1 is not true."""
    return json.dumps(plain(row_of(manifest, read_origin(place, manifest, shelf))), sort_keys=True)


def _index_findings(place: Place, shelf: str, rows: dict[str, str]) -> Iterator[Finding]:
    """Check the index's own digest, and what it says of each run whose manifest it has read as it is now."""
    key = index_key(shelf)
    try:
        content = place.read(key)
    except FileNotFoundError:
        return
    except (OSError, CatalogError):
        yield Finding(shelf, key, Problem.UNREADABLE, INDEX)
        return
    try:
        index = parse_index(content)
    except (ValueError, RecursionError):
        if not _is_older(content):  # which nobody reads any more
            yield Finding(shelf, key, Problem.DAMAGED, INDEX)
        return
    index.keep({name: stamp for name, stamp in place.holding(shelf, MANIFEST).items() if name in rows})
    if any(json.dumps(plain(row), sort_keys=True) != rows[name] for name, row in index.rows()):
        yield Finding(shelf, key, Problem.CONTRADICTED, INDEX)


def _is_older(content: bytes) -> bool:
    """Whether an index that is none of this version is one of before, which had no digest."""
    try:
        names_listed(content)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    return True


def _origin_findings(place: Place, shelf: str) -> Iterator[Finding]:
    """Check what is told of runs that were imported."""
    for file in place.names(f"{ORIGINS}/{shelf}"):
        key = f"{ORIGINS}/{shelf}/{file}"
        try:
            parse_origin(place.read(key))
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
