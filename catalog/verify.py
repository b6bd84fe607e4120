"""Verifying: every byte of every run against its manifest, and everything that should not be there.

Nothing on disk is trusted: rubbish of any kind becomes a finding, never an exception. Reading is all it does.
"""

from __future__ import annotations

import enum
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError, DamagedRunError, UnknownRunError
from catalog.layout import MANIFEST, RUNS, SHELVES, STAGING, is_run_id
from catalog.manifest import read_manifest

_STAGING_SUFFIX = re.compile(r"-\d+-[0-9a-f]{8}$")


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
        POSIX, relative to the run's folder; for a leftover, relative to the catalog.
    problem
        What is wrong.
    """

    run_id: str
    path: str
    problem: Problem

    @property
    def is_damage(self) -> bool:
        """Whether a run is affected.

        A leftover in ``staging/`` is not damage: no reader looks there, and another process may be writing it
        at this moment (possibly on another machine, so a process number proves nothing).
        """
        return self.problem is not Problem.LEFTOVER

    def __str__(self) -> str:
        return f"{self.run_id}: {self.path}: {self.problem.value}"


def verify(root: Path, run_id: str | None = None, shelf: str = RUNS) -> list[Finding]:
    """Check one run, or everything in the catalog at ``root``.

    Parameters
    ----------
    root
        The catalog; an empty or missing one has no findings.
    run_id
        The run to check; None for all runs and sweeps, what else lies beside them, and ``staging/``.
    shelf
        Where that run lies.

    Returns
    -------
    list of Finding
        Empty if every byte is as it was published. 1.5 GB are read a second.

    Raises
    ------
    UnknownRunError
        If there is nothing of this name.
    CatalogError
        If the catalog can't be listed.
    """
    if run_id is not None:
        if not is_run_id(run_id) or not os.path.lexists(root / shelf / run_id):
            raise UnknownRunError(run_id)
        return list(_run_findings(root / shelf / run_id))
    findings: list[Finding] = []
    for folder in SHELVES:
        for name in _names(root / folder):
            findings.extend(_run_findings(root / folder / name))
    leftovers = _names(root / STAGING)
    return findings + [
        Finding(_STAGING_SUFFIX.sub("", name), f"{STAGING}/{name}", Problem.LEFTOVER) for name in leftovers
    ]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CatalogError(f"{folder} can't be listed: {error.strerror}") from error


def _run_findings(directory: Path) -> Iterator[Finding]:
    """Check the run, or whatever lies there, in ``directory``."""
    run_id = directory.name
    if not directory.is_dir():
        yield Finding(run_id, ".", Problem.FOREIGN)
        return
    try:
        expected = read_manifest(directory).files
    except FileNotFoundError:
        yield Finding(run_id, ".", Problem.NO_MANIFEST)
        return
    except DamagedRunError:
        # Nothing else can be judged; guessing from the files would vouch for what nobody published.
        yield Finding(run_id, MANIFEST, Problem.MANIFEST_DAMAGED)
        return
    for path, entry in expected.items():
        problem = _file_problem(directory / path, entry)
        if problem is not None:
            yield Finding(run_id, path, problem)
    for path in _foreign(directory, {*expected, MANIFEST}):
        yield Finding(run_id, path, Problem.FOREIGN)


def _file_problem(path: Path, entry: dict[str, Any]) -> Problem | None:
    try:
        status = path.stat()
        # Opening a pipe or a device that took a file's place would wait for ever.
        if not stat.S_ISREG(status.st_mode):
            return Problem.DAMAGED
        if status.st_size != entry["size"]:
            return Problem.TRUNCATED if status.st_size < entry["size"] else Problem.DAMAGED
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return Problem.MISSING
    except (OSError, ValueError):  # ValueError: a name with a null byte in it
        return Problem.UNREADABLE
    return None if digest == entry["sha256"] else Problem.DAMAGED


def _foreign(directory: Path, expected: set[str]) -> Iterator[str]:
    """Files that are not expected, and folders that hold nothing expected (named once, not walked into)."""
    folders = {parent for path in expected for parent in _parents(path)}
    for place, names, files in os.walk(directory):
        base = Path(place).relative_to(directory)
        foreign = [name for name in names if (base / name).as_posix() not in folders]
        names[:] = [name for name in names if name not in foreign]
        yield from ((base / name).as_posix() + "/" for name in foreign if (base / name).as_posix() not in expected)
        yield from ((base / name).as_posix() for name in files if (base / name).as_posix() not in expected)


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
