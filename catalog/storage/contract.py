"""What every storage can do: read, write and list bytes under keys, whole or not at all."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol


class Irregularity(enum.Enum):
    """Why a file that should be there has no digest."""

    MISSING = "there is none"
    NO_FILE = "something that is no file has its name"
    UNREADABLE = "the system refuses to read it"


@dataclass(frozen=True)
class Digest:
    """What the bytes of a file are: their number, and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class UnfinishedWrite:
    """What a writer that did not finish has left, or what a writer is writing at this moment.

    Attributes
    ----------
    key
        Where it lies.
    run_id
        What it was to become.
    idle_seconds
        Since something was last written to it.
    at_work
        Whether a process is known to hold it; None where a place can't tell.
    host
        The other machine that wrote it; empty if it was this one, or that is not known.
    """

    key: str
    run_id: str
    idle_seconds: float
    at_work: bool | None
    host: str = ""


class Writer(Protocol):
    """One run on its way into a place: nobody sees it before :meth:`seal`."""

    def agree(self, manifest: bytes, contents: Mapping[str, bytes]) -> tuple[bytes, Mapping[str, bytes]] | None:
        """Take the dates and seconds of the first writer of the same run; None: another writer has finished."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write one file; ``path`` is relative to the run's folder."""
        ...

    def seal(self, manifest: bytes) -> None:
        """Make everything durable, then the manifest: from here on the run is there."""
        ...


class Storage(Protocol):
    """Somewhere a catalog can lie. Keys are POSIX paths below its root; errors are the catalog's own."""

    @property
    def url(self) -> str:
        """How a person, or another process, writes it."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing can ever be written here."""
        ...

    @property
    def visible_to_other_processes(self) -> bool:
        """Whether another process that opens the same address sees what is written here."""
        ...

    def is_there(self) -> bool:
        """Whether something lies here: a folder, though it be empty; in an object store at least one object."""
        ...

    def address(self, key: str) -> Path | str:
        """Return where ``key`` lies, as plain xarray and people write it."""
        ...

    def store(self, key: str) -> Any:
        """Return what xarray's ``engine="zarr"`` opens for the folder ``key``."""
        ...

    def names(self, folder: str) -> list[str]:
        """Name what lies in ``folder``, in alphabetical order; nothing if there is no such folder."""
        ...

    def holding(self, folder: str, name: str, trusted: Collection[str] = ()) -> dict[str, str]:
        """Find the folders in ``folder`` that hold a file ``name``, each with a stamp that changes with that file.

        Of a folder that is ``trusted`` a slow place does not ask again; its stamp is empty.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether a file lies at ``key``."""
        ...

    def is_folder(self, key: str) -> bool:
        """Whether a folder lies at ``key``; in an object store, anything that is no object."""
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
        """Write a file, whole or not at all, in the place of one that is there."""
        ...

    def remove(self, key: str) -> None:
        """Remove a file, or a folder with all that is in it: the manifest first. What is not there is no error."""
        ...

    def writing(self, destination: str) -> AbstractContextManager[Writer]:
        """Open a run's folder for writing; what is not sealed on leaving never appears."""
        ...

    def check_writable(self, destination: str) -> None:
        """Find out whether a run could be published there; leaves nothing behind."""
        ...

    def digests(self, folder: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, Digest | Irregularity]]:
        """Read files of ``folder`` and say what their bytes are: all of them, or one more than there should be."""
        ...

    def unexpected_files(self, folder: str, expected: Collection[str]) -> Iterator[str]:
        """Name what lies in ``folder`` and is not expected, folders with a slash at the end."""
        ...

    def unfinished_writes(self) -> list[UnfinishedWrite]:
        """Find what writers that did not finish have left, and what is being written."""
        ...

    def reclaim(self, unfinished: UnfinishedWrite) -> bool:
        """Remove a leftover, unless a writer is found to hold it after all."""
        ...
