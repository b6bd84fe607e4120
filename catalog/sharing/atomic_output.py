"""Atomic output of an export: it becomes visible complete or not at all, and never replaces other files."""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from catalog.errors import CatalogError, CatalogUnwritableError, DiskFullError
from catalog.garbage_collection import ABANDONED_SECONDS
from catalog.layout import INDEX
from catalog.storage import atomic
from catalog.storage.atomic import sync
from catalog.storage.authorship import authorship_of, signed_name
from catalog.storage.new_files import NewFiles, new_files

_OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)
# The smallest date that a zip can tell: with the real one, the same run would be other bytes each time.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DOCUMENTS = (".json", ".csv", ".md", ".cff")
ZLIB_LEVEL = 6
"""Of zlib."""


class Container(Protocol):
    """What the files of an export are written to."""

    def write(self, path: str, content: bytes) -> None:
        """Add one file; ``path`` is relative and POSIX."""
        ...


@dataclass
class Archive:
    """A zip that is being written. Documents are compressed in it; chunks are compressed already.

    Of a run of the paper's experiment, that leaves 0.34 MB of 0.5.

    Attributes
    ----------
    archive
        Open for writing.
    """

    archive: zipfile.ZipFile

    def write(self, path: str, content: bytes) -> None:
        """Append one file, with a date and rights that say nothing."""
        entry = zipfile.ZipInfo(path, _EPOCH)
        entry.create_system, entry.external_attr = 3, 0o644 << 16  # as Unix writes them, wherever this runs
        compressed = path.endswith(_DOCUMENTS)
        self.archive.writestr(
            entry, content, zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED, ZLIB_LEVEL
        )


@contextmanager
def folder(destination: Path) -> Iterator[NewFiles]:
    """Write a folder that is renamed to ``destination`` at the end.

    Raises
    ------
    CatalogError, CatalogUnwritableError, DiskFullError
        And what was there is as it was.
    """
    with atomic_path(destination, same_folder) as path:
        path.mkdir()
        with new_files(path, many=True) as filled:
            yield filled
            filled.flush()


@contextmanager
def archive(destination: Path) -> Iterator[Archive]:
    """Write a zip that is renamed to ``destination`` at the end; errors as with :func:`folder`."""
    with atomic_path(destination, same_file) as path, path.open("xb") as file:
        with zipfile.ZipFile(file, "w") as opened:
            yield Archive(opened)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def atomic_path(destination: Path, same: Callable[[Path, Path], bool]) -> Iterator[Path]:
    """Give a path to be written, in a hidden folder beside ``destination``; on leaving it is renamed to that.

    An existing ``destination`` stays, and is an error unless it is the ``same``. Only a killed process leaves its
    hidden folder (``.<name>@<machine>-<process>.partial``); the next export of this name removes it.
    """
    try:
        if not destination.parent.is_dir():
            raise CatalogUnwritableError(
                f"{destination} can't be written: there is no folder {destination.parent}; make it first"
            )
        with _hidden_folder(destination) as hidden:
            partial = hidden / destination.name
            yield partial
            _appear(partial, destination, same)
            sync(destination.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in atomic.DISK_FULL:
            raise DiskFullError(f"{destination} can't be written: {reason}; nothing was exported") from error
        raise CatalogUnwritableError(f"{destination} can't be written: {reason}") from error


@contextmanager
def _hidden_folder(destination: Path) -> Iterator[Path]:
    """Make a locked folder beside ``destination``, and remove it in the end."""
    short = destination.name[:40]  # a name has 255 bytes at most
    with suppress(OSError):
        _remove_abandoned(destination.parent, f".{short}")
    held = False
    while not held:  # another export of this name can take it for abandoned just before it is held
        hidden = destination.with_name(f".{signed_name(short)}.partial")
        hidden.mkdir()
        with suppress(FileNotFoundError, BlockingIOError):
            lock = atomic.hold(hidden)
            held = hidden.is_dir()
            if lock is not None and not held:
                os.close(lock)
    try:
        yield hidden
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _remove_abandoned(folder: Path, what: str) -> None:
    """Remove what killed exports of this name have left; for those of another machine only their age tells."""
    for path in folder.iterdir():
        if path.name.endswith(".partial") and authorship_of(path.name).what == what:
            held = atomic.is_held(path)
            if held is None:
                held = atomic.time_of_disk(folder) - atomic.last_change(path) < ABANDONED_SECONDS
            if not held:
                atomic.reclaim(path)


def _appear(partial: Path, destination: Path, same: Callable[[Path, Path], bool]) -> None:
    try:
        if partial.is_dir():
            partial.rename(destination)  # replaces an empty folder, no other
        else:
            os.link(partial, destination)  # rename would replace whatever is there
        return
    except OSError as error:
        if error.errno not in _OCCUPIED:
            if partial.is_dir() or os.path.lexists(destination):
                raise
            partial.rename(destination)  # a disk without hard links
            return
    if not same(partial, destination):
        raise CatalogError(f"{destination} exists already with other contents; allowed is a new name")


def same_file(first: Path, second: Path) -> bool:
    """Whether two files hold the same bytes."""
    return second.is_file() and filecmp.cmp(first, second, shallow=False)


def same_folder(first: Path, second: Path) -> bool:
    """Whether two folders hold the same files; the index is a cache, which listing may have written anew."""
    if not second.is_dir():
        return False
    names = [
        sorted(
            path.relative_to(root).as_posix()
            for path in root.rglob("*")
            if path.is_file() and path.relative_to(root).parts[0] != INDEX
        )
        for root in (first, second)
    ]
    return names[0] == names[1] and all(same_file(first / name, second / name) for name in names[0])
