"""The sources of an import: a folder, a zip, a web server, an object store. None of them is trusted.

A source lists its runs and returns bytes. It never follows a link, never unpacks a file to the disk under a name
from the source, and never reads more of a file than it was told to expect.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from catalog.bounds import refuse_length
from catalog.errors import CatalogError, DamagedRunError, UnreachableError
from catalog.layout import COLLECTIONS, MANIFEST, is_run_id
from catalog.storage import open_storage
from catalog.storage.address import parsed_address

MOST_FILES = 1_000_000
"""Files in one source: 10,000 runs of 100."""
_PIECE = 2**20
_NETCDF = (b"\x89HDF\r\n\x1a\n", b"CDF")
_PLAIN = re.compile(r"[\w+-][\w.+-]*")
"""Names of files that may come in: no system's separator, no drive, no NUL, nothing that starts with a dot."""


class Source(Protocol):
    """A source of runs."""

    def names(self, collection: str) -> list[str]:
        """List what seems to be published in a collection; nothing is checked yet."""
        ...

    def listing(self, folder: str) -> set[str] | None:
        """Name every file below ``folder``, relative to it; None where nothing can be listed.

        Raises
        ------
        DamagedRunError
            If something there is no regular file.
        """
        ...

    def read(self, key: str, limit: int) -> bytes:
        """Read a file, of which there may be ``limit`` bytes at most.

        Raises
        ------
        DamagedRunError
            If it is longer, missing, no regular file, or can't be read.
        """
        ...


def is_plain(path: str) -> bool:
    """Whether a relative path is one that a published run can have: plain names between single slashes."""
    return all(_PLAIN.fullmatch(part) and len(part.encode()) <= 255 for part in path.split("/"))


def clashes(paths: list[str]) -> list[str]:
    """Find the paths that some file system takes for another one of them, or for a folder in another's way."""
    folded = Counter(path.casefold() for path in paths)
    parents = {parent.as_posix() for path in folded for parent in PurePosixPath(path).parents}
    return [path for path in paths if folded[path.casefold()] > 1 or path.casefold() in parents]


@contextmanager
def source_at(address: str | Path, largest_bytes: int) -> Iterator[Source]:
    """Open the source at ``address``.

    Raises
    ------
    CatalogError
        If there is no source.
    DamagedRunError
        If it is a zip that no export can be.
    """
    parts = parsed_address(address) if isinstance(address, str) else None
    if isinstance(address, str) and parts is not None and parts.scheme != "file":
        if parts.path.lower().endswith(".zip"):
            with _fetched(address, largest_bytes) as file:
                yield ZipSource.opened(file, address, largest_bytes)
        else:
            yield StorageSource(open_storage(address.rstrip("/")))
        return
    path = (
        Path(str(open_storage(address).address("")))
        if isinstance(address, str)
        else address.expanduser().absolute()
    )
    if path.is_dir():
        if (path / MANIFEST).is_file():
            raise CatalogError(f"{path} is a single run's folder; allowed is the export or catalog around it")
        if not any((path / collection).is_dir() for collection in COLLECTIONS):
            raise CatalogError(
                f"{path} is neither an export nor a catalog: it has no folder {' or '.join(COLLECTIONS)}"
            )
        yield FolderSource(path)
        return
    if not path.is_file():
        raise CatalogError(f"there is nothing at {path}; allowed is a folder, a zip, or an address of an export")
    with path.open("rb") as file:
        yield ZipSource.opened(file, str(path), largest_bytes)


@dataclass(frozen=True)
class FolderSource:
    """A folder of this machine.

    Attributes
    ----------
    root
        The export or the catalog.
    """

    root: Path

    def names(self, collection: str) -> list[str]:
        """List the folders of a collection that hold a manifest, also links, which reading refuses."""
        with suppress(FileNotFoundError):
            found = [entry.name for entry in (self.root / collection).iterdir()]
            return sorted(name for name in found if os.path.lexists(self.root / collection / name / MANIFEST))
        return []

    def listing(self, folder: str) -> set[str] | None:
        """Walk over the files below ``folder``; links are not followed, but refused."""
        found: set[str] = set()
        top = self.root / folder
        for parent in (top.parent, top):
            if not stat.S_ISDIR(parent.lstat().st_mode):
                raise DamagedRunError(f"{parent} is not a folder, or is a link to one")
        for base, folders, files in os.walk(top):
            for name in (*folders, *files):
                path = Path(base) / name
                mode = path.lstat().st_mode
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                    raise DamagedRunError(
                        f"{path.relative_to(top)} is a link or a device; allowed are regular files"
                    )
            found.update((Path(base) / name).relative_to(top).as_posix() for name in files)
        return found

    def read(self, key: str, limit: int) -> bytes:
        """Read a file of the folder; a link is refused."""
        try:
            # Not blocking: opening a pipe would wait for ever.
            descriptor = os.open(self.root / key, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise DamagedRunError(f"{key} is not a regular file")
                return bounded(file, key, limit)
        except (OSError, ValueError) as error:
            raise DamagedRunError(f"{key} can't be read: {getattr(error, 'strerror', None) or error}") from error


@dataclass(frozen=True)
class ZipSource:
    """A zip whose list of names was checked.

    Attributes
    ----------
    archive
        Open for reading.
    sizes
        The size that each file of a run declares, by its name.
    """

    archive: zipfile.ZipFile
    sizes: dict[str, int]

    @classmethod
    def opened(cls, file: IO[bytes], name: str, largest_bytes: int) -> ZipSource:
        """Read the list of names of a zip.

        Raises
        ------
        CatalogError
            If it is not a zip.
        DamagedRunError
            If a name could lead elsewhere, occurs twice or is not a regular file, or if a limit is exceeded.
        """
        start = file.read(8)
        if start.startswith(_NETCDF):
            raise CatalogError(f"{name} is netCDF, which has no manifest to check; allowed are a folder and a zip")
        try:
            archive = zipfile.ZipFile(file)
            entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise CatalogError(
                f"{name} is not a zip that can be read ({error}); allowed are a folder and a zip"
            ) from None
        if len(entries) > MOST_FILES:
            raise DamagedRunError(f"{name} has {len(entries)} files; allowed are {MOST_FILES}")
        files = [entry for entry in entries if not _is_folder(entry)]
        for entry in files:
            _refuse_entry(entry, name)
        twice = clashes([entry.filename for entry in files])
        if twice:
            raise DamagedRunError(f"{name}: the names {twice[0]!r} clash; allowed is each once, whatever its case")
        total = sum(entry.file_size for entry in files)
        if total > largest_bytes:
            raise DamagedRunError(f"{name} unpacks to {total} bytes; --largest-bytes allows {largest_bytes}")
        return cls(archive, {entry.filename: entry.file_size for entry in files})

    def names(self, collection: str) -> list[str]:
        """List the folders of a collection that hold a manifest."""
        parts = [name.split("/") for name in self.sizes]
        return sorted(
            part[1] for part in parts if len(part) == 3 and part[0] == collection and part[2] == MANIFEST
        )

    def listing(self, folder: str) -> set[str] | None:
        """Name the files below ``folder``."""
        return {name.removeprefix(f"{folder}/") for name in self.sizes if name.startswith(f"{folder}/")}

    def read(self, key: str, limit: int) -> bytes:
        """Unpack a file in memory, no further than to its limit."""
        try:
            with self.archive.open(key) as file:
                return bounded(file, key, limit)
        except (KeyError, zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
            raise DamagedRunError(f"{key} can't be read: {str(error) or type(error).__name__}") from error
        except Exception as error:  # zlib.error and its like, of whatever compression the zip names
            raise _as_damage(error, key) from error


@dataclass(frozen=True)
class StorageSource:
    """A catalog at an address.

    Attributes
    ----------
    storage
        Where it lies.
    """

    storage: Any

    def names(self, collection: str) -> list[str]:
        """List what the storage says is published."""
        return sorted(self.storage.holding(collection, MANIFEST))

    def listing(self, folder: str) -> set[str] | None:
        """Name the objects below ``folder``; a web server can't."""
        return None if self.storage.read_only else set(self.storage.unexpected_files(folder, ()))

    def read(self, key: str, limit: int) -> bytes:
        """Read a file, no further than to its limit: a server may send without end."""
        try:
            return bytes(self.storage.read(key, limit))
        except (DamagedRunError, UnreachableError):
            raise
        except FileNotFoundError as error:
            raise DamagedRunError(f"{key} is missing") from error
        except CatalogError as error:
            raise _as_damage(error, key) from error


def bounded(file: Any, key: str, limit: int) -> bytes:
    """Read an open file to its end, which must come within ``limit`` bytes."""
    parts: list[bytes] = []
    length = 0
    while length <= limit:
        part = file.read(min(_PIECE, limit + 1 - length))
        if not part:
            return b"".join(parts)
        parts.append(part)
        length += len(part)
    refuse_length(key, limit)


def _as_damage(error: Exception, key: str) -> DamagedRunError:
    if isinstance(error, DamagedRunError):
        return error
    return DamagedRunError(f"{key} can't be read: {' '.join(str(error).split()) or type(error).__name__}")


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.endswith("/") and entry.file_size == 0 and is_plain(entry.filename.rstrip("/"))


def _refuse_entry(entry: zipfile.ZipInfo, name: str) -> None:
    # What zipfile makes of a name (it cuts at NUL and turns backslashes) is not what others make of it.
    if entry.orig_filename != entry.filename or not is_plain(entry.filename):
        raise DamagedRunError(f"{name}: the name {entry.orig_filename!r} is not allowed; it may lead elsewhere")
    mode = entry.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise DamagedRunError(f"{name}: {entry.filename} is a link or a device; allowed are regular files")
    if entry.flag_bits & 1:
        raise DamagedRunError(f"{name}: {entry.filename} is encrypted")
    parts = entry.filename.split("/")
    if len(parts) > 1 and parts[0] in COLLECTIONS and not is_run_id(parts[1]):
        raise DamagedRunError(f"{name}: {parts[1]!r} is not the name of a run")


@contextmanager
def _fetched(url: str, largest_bytes: int) -> Iterator[IO[bytes]]:
    """Open the zip at an address."""
    base, _, name = url.rpartition("/")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_storage(base).open_stream(name, largest_bytes, beginning=b"PK"))
        except ValueError:
            raise CatalogError(f"{url} is not a zip that can be read; allowed are a folder and a zip") from None
        except UnreachableError as error:
            raise CatalogError(f"{url} can't be read: {error}") from error
        except DamagedRunError as error:
            raise DamagedRunError(f"{error}; --largest-bytes allows {largest_bytes}") from None
        except CatalogError:
            raise
        except Exception as error:  # each store's library has its own errors
            raise CatalogError(
                f"{url} can't be read: {' '.join(str(error).split()) or type(error).__name__}"
            ) from error
        yield file
