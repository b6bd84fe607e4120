"""What every storage can do: read, write and list bytes under keys, whole or not at all."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable


class Irregularity(enum.Enum):
    """Why a file that should be there has no digest."""

    MISSING = "there is none"
    NO_FILE = "something that is no file has its name"
    UNREADABLE = "the system refuses to read it"


@dataclass(frozen=True)
class Digest:
    """The size of a file, and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class UnfinishedWrite:
    """What a writer that was killed has left, or what a writer is writing at this moment.

    Attributes
    ----------
    key
        Of the folder or file.
    run_id
        Of the run that was to be published.
    idle_seconds
        Since something was last written to it.
    at_work
        Whether a process is writing it; None where the storage can't tell.
    host
        The other machine that wrote it; empty if it was this one, or is not known.
    """

    key: str
    run_id: str
    idle_seconds: float
    at_work: bool | None
    host: str = ""


class Writer(Protocol):
    """The writer of one run: no reader sees the run before :meth:`complete`."""

    def agree(self, manifest: bytes, contents: Mapping[str, bytes]) -> tuple[bytes, Mapping[str, bytes]] | None:
        """Take the dates and seconds of the same run's first writer: two writers must write the same bytes.

        None if another writer has finished the run.
        """
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write one file; ``path`` is relative to the run's folder."""
        ...

    def complete(self, manifest: bytes) -> None:
        """Make all files durable, then write the manifest: from now on the run exists."""
        ...


@runtime_checkable
class Storage(Protocol):
    """Storage of a catalog. Keys are POSIX paths below its root; errors are the catalog's own."""

    @property
    def url(self) -> str:
        """The address, as a person or another process writes it."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written here."""
        ...

    @property
    def visible_to_other_processes(self) -> bool:
        """Whether another process that opens the same address sees what is written here."""
        ...

    def is_there(self) -> bool:
        """Whether there is a folder, even an empty one; in an object store, at least one object."""
        ...

    def address(self, key: str) -> Path | str:
        """Return the address of ``key``, as plain xarray and people write it."""
        ...

    def store(self, key: str) -> Any:
        """Return what xarray's ``engine="zarr"`` opens for the folder ``key``."""
        ...

    def names(self, folder: str) -> list[str]:
        """List the names in ``folder``, in alphabetical order; none if there is no such folder."""
        ...

    def holding(self, folder: str, name: str, trusted: Collection[str] = ()) -> dict[str, str]:
        """Find the folders in ``folder`` that hold a file ``name``, each with a stamp that changes with that file.

        A slow storage does not check a folder that is ``trusted``; its stamp is empty.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is a file ``key``."""
        ...

    def is_folder(self, key: str) -> bool:
        """Whether there is a folder ``key``; in an object store, anything that is no object."""
        ...

    def read(self, key: str, limit: int | None = None) -> bytes:
        """Read a file, of which there may be ``limit`` bytes at most; FileNotFoundError if there is none.

        Raises
        ------
        DamagedRunError
            If it is longer.
        """
        ...

    def open_stream(self, key: str, limit: int, beginning: bytes = b"") -> AbstractContextManager[IO[bytes]]:
        """Open a file that can be sought in, of which there may be ``limit`` bytes at most.

        Raises
        ------
        DamagedRunError
            If it is longer.
        ValueError
            If it does not begin so, where reading on would be costly.
        """
        ...

    def write(self, key: str, content: bytes) -> None:
        """Write a file, whole or not at all; an existing one is replaced."""
        ...

    def remove(self, key: str) -> None:
        """Remove a file, or a folder with its contents, the manifest first. A missing one is no error."""
        ...

    def writing(self, destination: str) -> AbstractContextManager[Writer]:
        """Open a run's folder for writing; a run that is not completed on leaving is never visible."""
        ...

    def check_writable(self, destination: str) -> None:
        """Check whether a run could be published there; nothing is left."""
        ...

    def digests(self, folder: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, Digest | Irregularity]]:
        """Read files of ``folder`` and compute their sizes and digests, up to one byte more than expected."""
        ...

    def unexpected_files(self, folder: str, expected: Collection[str]) -> Iterator[str]:
        """Find the files in ``folder`` that are not expected; folders end with a slash."""
        ...

    def unfinished_writes(self) -> list[UnfinishedWrite]:
        """Find the writes that are not finished: of killed processes, and of processes at work."""
        ...

    def reclaim(self, unfinished: UnfinishedWrite) -> bool:
        """Remove an unfinished write, unless a process is writing it after all."""
        ...
