"""Many new files below one folder, made durable together.

The file system is flushed once instead of once a file: a run of 245 files in 247 folders takes 0.07 to 0.18 s
so, and 0.17 to 1.4 s one by one. What other processes have changed there is written too. Where that is much (a
copy of gigabytes), one by one is quicker.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from catalog.storage import atomic

# The first Linux whose syncfs(2) says that something could not be written.
_REPORTING_RELEASE = (5, 8)
# By the number that statfs(2) gives: ext2 to ext4, XFS, Btrfs, F2FS, tmpfs, overlay. Others (FUSE above all) may
# return from syncfs(2) before the bytes are where they should be.
_FLUSHED_BY_SYNCFS = {0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x01021994, 0x794C7630}
WAITING_BYTES_LIMIT = 2**30
"""Bytes of any process that wait to be written, from which on each file is flushed by itself: a gigabyte takes
0.5 s on a fast disk and 10 s on a slow one, which is what a run's 500 flushes take there."""
FOLDERS_REMEMBERED = 10_000
"""Folders: those of some 40 runs, where an export has 10,000."""


@dataclass
class NewFiles:
    """A folder to which new files are written.

    Attributes
    ----------
    root
        The folder; it is there.
    system
        A descriptor by which the whole file system can be flushed; None where each file has to be.
    folders
        Those that were made: all of them where each has to be flushed, else some, which need not be made again.
    """

    root: Path
    system: int | None
    folders: set[Path] = field(default_factory=set)

    def write(self, path: str, content: bytes) -> None:
        """Write one file; ``path`` is relative and POSIX. It may be lost until :meth:`flush`."""
        file = self.root / path
        self._add_folder(file.parent)
        if self.system is None:
            atomic.write_synced(file, content)
        else:
            write_unflushed(file, content)

    def _add_folder(self, folder: Path) -> None:
        # From the top: mkdir's own way, from the bottom, takes twice the calls, a third of an export's time.
        if folder == self.root or folder in self.folders:
            return
        self._add_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        if self.system is not None and len(self.folders) >= FOLDERS_REMEMBERED:
            self.folders.clear()
        self.folders.add(folder)

    def flush(self) -> None:
        """Make all files and their names durable.

        Raises
        ------
        OSError
            If one of them can't be written, or something else on that file system: which one, it does not tell.
        """
        if self.system is not None:
            flush_file_system(self.system)
            return
        for folder in sorted(self.folders | {self.root}, reverse=True):
            atomic.sync(folder)


@contextmanager
def new_files(root: Path, *, many: bool = False) -> Iterator[NewFiles]:
    """Open a folder for new files; the caller flushes them.

    Parameters
    ----------
    many
        Whether they are so many that one by one takes longer, whatever other processes write.
    """
    # Opened before anything is written: a descriptor learns of the errors since its opening.
    descriptor = os.open(root, os.O_RDONLY)
    try:
        together = flush_reaches_disk(descriptor) and (many or waiting_bytes() < WAITING_BYTES_LIMIT)
        yield NewFiles(root, descriptor if together else None)
    finally:
        os.close(descriptor)


def write_unflushed(path: Path, content: bytes) -> None:
    """Write a new file; an existing one is never touched."""
    with path.open("xb") as file:
        file.write(content)


def flush_file_system(descriptor: int) -> None:
    """Write everything of a descriptor's file system to its disk: syncfs(2)."""
    import ctypes

    if _library().syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def flush_reaches_disk(descriptor: int) -> bool:
    """Whether :func:`flush_file_system` is known to reach the disk here, and to report errors."""
    library = _library()
    if library is None:
        return False
    import ctypes

    status = (ctypes.c_long * 64)()  # struct statfs: the kind, then 14 words at most
    return library.fstatfs(descriptor, status) == 0 and status[0] & 0xFFFFFFFF in _FLUSHED_BY_SYNCFS


def waiting_bytes() -> int:
    """Bytes in this machine's memory that wait to be written to its disks."""
    try:
        found = re.findall(r"^(?:Dirty|Writeback): +(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return 1024 * sum(map(int, found))


@cache
def _library() -> Any:
    """The C library, if its syncfs tells of errors; else None."""
    if sys.platform != "linux" or not _reports_errors(os.uname().release):
        return None
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    return library if hasattr(library, "syncfs") and hasattr(library, "fstatfs") else None


def _reports_errors(release: str) -> bool:
    """Whether a kernel of this release reports errors of syncfs(2).

    Examples
    --------
    >>> _reports_errors("6.1.0-13-amd64"), _reports_errors("5.4.0"), _reports_errors("unknown")
    (True, False, False)
    """
    parts = release.split(".")
    return (
        len(parts) > 1
        and parts[0].isdigit()
        and parts[1].isdigit()
        and (int(parts[0]), int(parts[1])) >= _REPORTING_RELEASE
    )
