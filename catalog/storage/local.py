"""Storage in a folder of this machine: files are written to a staging folder, flushed, and renamed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from catalog.bounds import refuse_length
from catalog.errors import CatalogError, CatalogUnwritableError
from catalog.layout import MANIFEST, STAGING
from catalog.storage import atomic
from catalog.storage.authorship import authorship_of
from catalog.storage.contract import Digest, Irregularity, UnfinishedWrite
from catalog.storage.new_files import NewFiles, new_files


@dataclass(frozen=True)
class LocalStorage:
    """A folder of this machine.

    Attributes
    ----------
    root
        The catalog's folder, absolute.
    """

    root: Path

    def __str__(self) -> str:
        return str(self.root)

    @property
    def url(self) -> str:
        """The folder's path."""
        return str(self.root)

    @property
    def read_only(self) -> bool:
        """False: whether writing is allowed is not known before."""
        return False

    @property
    def visible_to_other_processes(self) -> bool:
        """True."""
        return True

    def address(self, key: str) -> Path:
        """Return the path of ``key``."""
        return self.root / key

    def store(self, key: str) -> Any:
        """Return the path: zarr opens it as it is."""
        return self.root / key

    def names(self, folder: str) -> list[str]:
        """List ``folder``.

        Raises
        ------
        CatalogError
            If it is there and can't be listed.
        """
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted(entry.name for entry in entries)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CatalogError(f"the catalog {self.root} can't be read: {error.strerror} ({folder})") from error

    def holding(self, folder: str, name: str, trusted: Collection[str] = ()) -> dict[str, str]:
        """Find the folders in ``folder`` that hold a file ``name``; its size and time of change is the stamp."""
        found = {}
        for entry in self.names(folder):
            # Not Path: 10,000 runs are looked at in 0.1 s, with Path in 0.3.
            with suppress(OSError):
                status = os.stat(f"{self.root}/{folder}/{entry}/{name}")
                if stat.S_ISREG(status.st_mode):
                    found[entry] = f"{status.st_size}-{status.st_mtime_ns}"
        return found

    def is_there(self) -> bool:
        """Whether the folder is there."""
        return self.root.is_dir()

    def exists(self, key: str) -> bool:
        """Whether a file lies at ``key``."""
        return (self.root / key).is_file()

    def is_folder(self, key: str) -> bool:
        """Whether a folder lies at ``key``."""
        return (self.root / key).is_dir()

    def read(self, key: str, limit: int | None = None) -> bytes:
        """Read a file, of which there may be ``limit`` bytes at most; FileNotFoundError if there is none."""
        try:
            if limit is None:
                return (self.root / key).read_bytes()
            with (self.root / key).open("rb") as file:
                content = file.read(max(limit, 0) + 1)
            return content if len(content) <= limit else refuse_length(key, limit)
        except NotADirectoryError as error:
            raise FileNotFoundError(str(error)) from None

    @contextmanager
    def open_stream(self, key: str, limit: int, beginning: bytes = b"") -> Iterator[IO[bytes]]:
        """Open a file of at most ``limit`` bytes."""
        with (self.root / key).open("rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                refuse_length(key, limit)
            yield file

    def write(self, key: str, content: bytes) -> None:
        """Write a file to a staging folder, flush it, and rename it; an existing one is replaced.

        Raises
        ------
        DiskFullError, CatalogUnwritableError
        """
        with atomic.staging_folder(self.root, Path(key).stem) as staged:
            atomic.write_synced(staged.path / "file", content)
            staged.replace(self.root / key)

    def remove(self, key: str) -> None:
        """Rename ``key`` into the staging folder, then remove it.

        Raises
        ------
        CatalogUnwritableError
        """
        if not os.path.lexists(self.root / key):
            return
        with atomic.staging_folder(self.root, Path(key).name) as staged, suppress(FileNotFoundError):
            (self.root / key).rename(staged.path / "removed")
            atomic.sync((self.root / key).parent)

    @contextmanager
    def writing(self, destination: str) -> Iterator[LocalWriter]:
        """Open a new staging folder; on leaving, it is removed unless the run was completed.

        Raises
        ------
        DiskFullError, CatalogUnwritableError, DamagedRunError
        """
        with atomic.staging_folder(self.root, Path(destination).name) as staged, new_files(staged.path) as files:
            yield LocalWriter(staged, self.root / destination, files)

    def check_writable(self, destination: str) -> None:
        """Make and remove a folder: see :func:`catalog.storage.atomic.check_writable`."""
        atomic.check_writable(self.root, self.root / destination)

    def digests(self, folder: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, Digest | Irregularity]]:
        """Read files of ``folder``, 1.5 GB a second."""
        for path in sizes:
            yield path, _digest(self.root / folder / path)

    def unexpected_files(self, folder: str, expected: Collection[str]) -> Iterator[str]:
        """Find what is not expected; a folder that holds nothing expected is named once, without its contents."""
        folders = {parent.as_posix() for path in expected for parent in PurePosixPath(path).parents}
        directory = self.root / folder
        for staged, names, files in os.walk(directory):
            base = Path(staged).relative_to(directory)
            foreign = [name for name in names if (base / name).as_posix() not in folders]
            names[:] = [name for name in names if name not in foreign]
            paths = [(base / name).as_posix() for name in foreign]
            yield from (f"{path}/" for path in paths if path not in expected)
            paths = [(base / name).as_posix() for name in files]
            yield from (path for path in paths if path not in expected)

    def unfinished_writes(self) -> list[UnfinishedWrite]:
        """List the staging folder."""
        found: list[UnfinishedWrite] = []
        names = self.names(STAGING)
        now = atomic.time_of_disk(self.root / STAGING) if names else 0.0
        for name in names:
            path, author = self.root / STAGING / name, authorship_of(name)
            with suppress(FileNotFoundError):  # a writer has finished since the listing
                idle = max(0.0, now - atomic.last_change(path))
                host = "" if author.is_here else author.host
                found.append(UnfinishedWrite(f"{STAGING}/{name}", author.what, idle, atomic.is_held(path), host))
        return found

    def reclaim(self, unfinished: UnfinishedWrite) -> bool:
        """Remove a staging folder, unless a process holds it.

        Raises
        ------
        CatalogUnwritableError
        """
        try:
            return atomic.reclaim(self.root / unfinished.key)
        except OSError as error:
            raise CatalogUnwritableError(
                f"the catalog {self.root} can't be written: {error.strerror or error} ({unfinished.key})"
            ) from error


@dataclass
class LocalWriter:
    """The writer of one run, in its staging folder.

    Attributes
    ----------
    staged
        The staging folder.
    destination
        Where it is to appear.
    files
        What is written into it.
    """

    staged: atomic.StagingFolder
    destination: Path
    files: NewFiles

    def agree(self, manifest: bytes, contents: Mapping[str, bytes]) -> tuple[bytes, Mapping[str, bytes]] | None:
        """Return what was given: of the folders of two writers only one can be renamed."""
        return manifest, contents

    def write(self, path: str, content: bytes) -> None:
        """Write one file below the staging folder."""
        self.files.write(path, content)

    def complete(self, manifest: bytes) -> None:
        """Flush all files, write the manifest, then rename: no manifest names files that are missing."""
        self.files.flush()
        atomic.write_synced(self.staged.path / MANIFEST, manifest)
        atomic.sync(self.staged.path)
        self.staged.move_to(self.destination)


def _digest(path: Path) -> Digest | Irregularity:
    try:
        # Opening a pipe or a device of this name would wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            return Irregularity.NO_FILE
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return Digest(file.tell(), digest.hexdigest())
    except (FileNotFoundError, NotADirectoryError):
        return Irregularity.MISSING
    except (OSError, ValueError):  # ValueError: a name with a null byte in it
        return Irregularity.UNREADABLE
