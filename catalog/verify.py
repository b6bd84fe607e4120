"""Verifying: every byte of every run against its manifest, and everything that should not be there.

Nothing on disk is trusted: rubbish of any kind becomes a finding, never an exception. Reading is all it does.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.cells import CELLS, damaged_cells
from catalog.errors import CatalogError, DamagedRunError, UnknownRunError, UnreachableError
from catalog.layout import MANIFEST, RUNS, SHELVES, is_run_id
from catalog.manifest import read_manifest
from catalog.places import Digest, Irregularity, Place, place_at


class Problem(enum.Enum):
    """What can be wrong with a file or a folder; the values are what a person reads."""

    DAMAGED = "damaged: its bytes are not those that were published"
    TRUNCATED = "truncated: it is shorter than what was published"
    MISSING = "missing: it was published and is gone"
    FOREIGN = "foreign: it was not published with this run"
    UNREADABLE = "unreadable: the system refuses to read it"
    MANIFEST_DAMAGED = "the manifest is damaged or belongs to another run"
    NO_MANIFEST = "no run: it has no manifest"
    LEFTOVER = "unfinished: being published at this moment, or left by a process that was killed"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was published.

    Attributes
    ----------
    run_id
        The run's name, or that of what lies where a run belongs.
    path
        POSIX, relative to the run's folder; for a leftover and for records, relative to the catalog.
    problem
        What is wrong.
    shelf
        Where it lies; ``cells`` for a file of cells' records.
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
        for name in place.names(folder):
            if f"{folder}/{name}" not in keys:
                found = list(_run_findings(place, name, folder))
                # What somebody has removed meanwhile is no damage; asked again only where something was found.
                if found and name in place.names(folder):
                    findings += found
    findings += [Finding(name, key, Problem.DAMAGED, CELLS) for name, key in damaged_cells(place)]
    return findings + [Finding(leftover.run_id, leftover.key, Problem.LEFTOVER) for leftover in unfinished]


def _run_findings(place: Place, name: str, shelf: str) -> Iterator[Finding]:
    """Check the run, or whatever lies there, of this name."""
    folder = f"{shelf}/{name}"
    if not place.is_folder(folder):
        yield Finding(name, ".", Problem.FOREIGN, shelf)
        return
    if not is_run_id(name):
        yield Finding(name, ".", Problem.NO_MANIFEST, shelf)
        return
    try:
        expected = read_manifest(place, name, shelf).files
    except FileNotFoundError:
        yield Finding(name, ".", Problem.NO_MANIFEST, shelf)
        return
    except UnreachableError:  # nothing is known of the run, and every other one would say the same
        raise
    except (DamagedRunError, CatalogError):
        # Nothing else can be judged; guessing from the files would vouch for what nobody published.
        yield Finding(name, MANIFEST, Problem.MANIFEST_DAMAGED, shelf)
        return
    for path, found in place.digests(folder, {path: entry["size"] for path, entry in expected.items()}):
        problem = _problem(found, Digest(expected[path]["size"], expected[path]["sha256"]))
        if problem is not None:
            yield Finding(name, path, problem, shelf)
    for path in place.strangers(folder, {*expected, MANIFEST}):
        yield Finding(name, path, Problem.FOREIGN, shelf)


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
