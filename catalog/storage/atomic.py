"""Atomic writes into a folder: a run becomes visible by one rename, and a failed write leaves nothing.

Everything is written to a new folder in the catalog's ``staging/`` (the same file system), flushed to the disk,
and renamed. If the write fails (a full disk, Ctrl-C, an error), the folder and every folder that was made for
it are removed. Only a killed process leaves its folder; no reader looks there.

The writer holds a lock on the folder, which the system releases when the process ends: so a folder that a killed
process has left is told from one that is being written. For the folders of another machine on a shared disk, only
their age tells; their names say which machine wrote them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from catalog.errors import CatalogUnwritableError, DamagedRunError, DiskFullError
from catalog.layout import MANIFEST, STAGING
from catalog.storage.authorship import authorship_of, signed_name

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a full disk, an exhausted quota, and a file that is larger than its limit."""
# What a folder that is in the way says to rename(2), depending on the file system.
_OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST)
# Processes that begin and clean up at once can remove an empty folder under each other: one try is too few
# (2 of 800 attempts failed in four threads), and each takes microseconds.
_TRIES = 100


@dataclass
class StagingFolder:
    """A folder that is being written, and the folders that were made for it.

    Attributes
    ----------
    root
        The catalog.
    path
        The folder, ``<root>/staging/<run_id>@<host>-<its start>-<pid>-<random>``.
    added
        Folders that did not exist before, the outermost first.
    lock
        The descriptor that holds the lock; None before there is one, or where the disk knows none.
    """

    root: Path
    path: Path
    added: list[Path] = field(default_factory=list)
    lock: int | None = None

    def create(self) -> None:
        """Make the folder, and the catalog if there is none yet."""
        for _ in range(_TRIES):
            self.add_folders(self.path.parent)
            # Not tempfile.mkdtemp: its 0700 would stay on the published run and lock colleagues out.
            with suppress(FileNotFoundError):
                self.path.mkdir()
                if self._take_lock():
                    return
        raise FileNotFoundError(errno.ENOENT, "a folder for it can't be made", str(self.path))

    def _take_lock(self) -> bool:
        """Lock the new folder; False if a clean-up removes it as abandoned first."""
        try:
            self.lock = hold(self.path)
        except BlockingIOError:
            self.path = self.path.with_name(signed_name(authorship_of(self.path.name).what))
            return False
        return self.lock is None or self.path.exists()  # else a clean-up was quicker, and has let go of it again

    def move_to(self, destination: Path) -> bool:
        """Publish the folder as ``destination`` in one rename, or leave what another process put there first.

        Returns
        -------
        bool
            Whether it was ours that was published.

        Raises
        ------
        DamagedRunError
            If something that is no run lies there: it is not ours to remove.
        """
        for _ in range(_TRIES):
            self.add_folders(destination.parent)
            try:
                # A folder that is not empty makes rename fail, so whoever comes second can't overwrite.
                self.path.rename(destination)
                break
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno not in (*_OCCUPIED, errno.ENOTDIR):
                    raise
                _refuse_what_is_no_run(destination)
                return False
        else:
            raise FileNotFoundError(errno.ENOENT, "a folder for it can't be made", str(destination))
        for folder in {destination.parent, self.path.parent, *(added.parent for added in self.added)}:
            sync(folder)
        return True

    def replace(self, destination: Path) -> None:
        """Rename the one file that was written here to ``destination``."""
        self.add_folders(destination.parent)
        (self.path / "file").replace(destination)
        sync(destination.parent)

    def remove(self) -> None:
        """Remove what is left of the folder, and those added for it that are empty again."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None
        for folder in reversed(self.added):
            with suppress(OSError):
                folder.rmdir()

    def add_folders(self, folder: Path) -> None:
        """Make ``folder`` and those above it that are missing, and remember which they were."""
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            try:
                folder.mkdir()
                self.added.append(folder)
            except (FileExistsError, FileNotFoundError):
                # Another process makes the same folders, or has removed them; then the caller tries again.
                # One look, because between two the folder may come and go.
                try:
                    in_the_way = not stat.S_ISDIR(folder.stat().st_mode)
                except FileNotFoundError:
                    in_the_way = folder.is_symlink()
                if in_the_way:
                    raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(folder)) from None


@contextmanager
def staging_folder(root: Path, run_id: str) -> Iterator[StagingFolder]:
    """Open a new folder for one run inside the catalog; on leaving, it is removed unless it was renamed.

    Raises
    ------
    DiskFullError, CatalogUnwritableError
        Instead of the operating system's own error.
    """
    staged = StagingFolder(root, root / STAGING / signed_name(run_id))
    try:
        staged.create()
        yield staged
    except OSError as error:
        if error.errno in DISK_FULL:
            raise DiskFullError(f"the catalog {root} is full: {error.strerror}; nothing was published") from error
        where = f" ({error.filename})" if error.filename else ""
        raise CatalogUnwritableError(
            f"the catalog {root} can't be written: {error.strerror or error}{where}"
        ) from error
    finally:
        staged.remove()


def hold(path: Path) -> int | None:
    """Lock a folder, until the descriptor is closed or the process ends; None where the disk knows no locks.

    Raises
    ------
    BlockingIOError
        If another process holds it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # some network disks have none; there only time tells
        os.close(descriptor)
        return None
    return descriptor


def is_held(path: Path) -> bool | None:
    """Whether a process is writing the staging folder ``path``; None where this machine can't tell."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False if authorship_of(path.name).is_here else None


def time_of_disk(folder: Path) -> float:
    """The time by the clock that stamps what is written into ``folder``: on a network disk the server's."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:  # nothing can be written there, nor then removed
        return time.time()


def last_change(path: Path) -> float:
    """Return the time at which something below ``path`` was last written."""
    latest = path.lstat().st_mtime
    for folder, _, files in os.walk(path):
        for name in (".", *files):
            with suppress(OSError):
                latest = max(latest, (Path(folder) / name).lstat().st_mtime)
    return latest


def reclaim(path: Path) -> bool:
    """Remove the staging folder ``path`` unless a process holds it; nobody can take it meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError:
        pass  # a disk without locks: whoever asks has judged by time, as of another machine's
    try:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    finally:
        os.close(descriptor)
    return True


def check_writable(root: Path, destination: Path) -> None:
    """Check before an expensive computation whether its run could be published; nothing is left.

    A folder is made and removed, because permission bits do not apply to root and say nothing about a disk that is
    mounted read-only. Takes 0.4 ms.

    Raises
    ------
    CatalogUnwritableError
        If the catalog can't be written; also what made the attempt is gone again.
    DiskFullError
        If not even a folder fits.
    DamagedRunError
        If something that is no run lies where the run belongs.
    """
    with staging_folder(root, destination.name) as staged:
        runs = destination.parent
        for _ in range(_TRIES):
            staged.add_folders(runs)
            if os.access(runs, os.W_OK | os.X_OK):
                break
        else:
            raise PermissionError(errno.EACCES, "Permission denied", str(runs))
        with suppress(FileNotFoundError):  # another process has just cleaned up: it was no mount
            if runs.stat().st_dev != staged.path.stat().st_dev:
                raise OSError(errno.EXDEV, "it is on another disk than its staging folder", str(runs))
        # An empty folder is no obstacle: rename replaces it.
        if destination.exists() and not (destination.is_dir() and next(destination.iterdir(), None) is None):
            _refuse_what_is_no_run(destination)


def _refuse_what_is_no_run(destination: Path) -> None:
    if not (destination / MANIFEST).is_file():
        raise DamagedRunError(
            f"{destination} is in the way: it is not a run (it has no manifest); move it elsewhere"
        )


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and flush it to the disk; an existing one is never touched."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Flush a folder's list of names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems have no such call for a folder; they order names themselves.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
