"""Storage in an object store: the files of a run are written, then its manifest.

Objects can't be renamed, so that two writers of one run write the same keys. They must write the same bytes.
The numbers are the same for the same configuration; of what differs (dates, seconds) the first writer's values
are used. They are stored in a *draft*, which only one writer can create and every other one reads. A killed
writer leaves a run without a manifest, which no reader sees and the next writer of that run overwrites.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any
from urllib.parse import urlsplit

from catalog.bounds import refuse_length
from catalog.errors import CatalogError, CatalogUnwritableError
from catalog.layout import COLLECTIONS, MANIFEST, STAGING
from catalog.storage.address import ALLOWED
from catalog.storage.contract import Digest, Irregularity, UnfinishedWrite, Writer

REQUESTS_AT_ONCE = 32
"""Requests under way at once: each waits some 20 ms for its answer."""
BATCH_BYTES = 16 * 2**20
"""Bytes of a run that wait to be sent together."""
DRAFT_SECONDS = 3600.0
"""Seconds after which a draft with other numbers counts as abandoned."""
IN_MEMORY = "memory"
"""The scheme of the store that one process has for itself."""
_PIECE = 2**20
_creating_in_memory = threading.Lock()  # fsspec's looks whether there is an object, and then writes it
_INSTALL = {
    "s3": "'reluflow[s3]'",
    "s3a": "'reluflow[s3]'",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
}


def open_object_store(url: str) -> ObjectStore:
    """Open the object store at an address.

    Raises
    ------
    CatalogError
        If fsspec does not know the scheme, or its library is not installed.
    """
    import fsspec

    scheme = urlsplit(url).scheme
    # What others write meanwhile has to be seen; a listing from a cache would hide it.
    caching: dict[str, Any] = {} if scheme == IN_MEMORY else {"use_listings_cache": False}
    try:
        system, root = fsspec.url_to_fs(url, **reading_options(scheme), **caching)
    except ImportError:
        library = _INSTALL.get(scheme, f"the fsspec library for {scheme}://")
        raise CatalogError(f"the catalog {url} can't be opened: `pip install {library}` first") from None
    except Exception as error:
        reason = " ".join(str(error).split())
        raise CatalogError(f"the catalog {url} can't be opened ({reason}); allowed is {ALLOWED}") from None
    return ObjectStore(url.rstrip("/"), system, root.rstrip("/"))


def reading_options(scheme: str) -> dict[str, Any]:
    """Choose how fsspec's file system of a scheme is to read."""
    # By default s3fs asks for each object's size first, to read pieces of it at once. Ours are one piece, of 4 MB
    # at most: one request each instead of two.
    return {"max_concurrency": 1} if scheme in ("s3", "s3a") else {}


@dataclass(frozen=True)
class ObjectStore:
    """An object store.

    Attributes
    ----------
    url
        Its address.
    system
        The fsspec file system.
    root
        The catalog's path in it.
    """

    url: str
    system: Any
    root: str

    def __str__(self) -> str:
        return self.url

    @property
    def read_only(self) -> bool:
        """False: whether writing is allowed is not known before."""
        return False

    @property
    def visible_to_other_processes(self) -> bool:
        """Whether the store is not in this process's memory."""
        return urlsplit(self.url).scheme != IN_MEMORY

    def is_there(self) -> bool:
        """Whether anything lies here: an object store has no folders of its own."""
        return bool(self.names(""))

    def path(self, key: str) -> str:
        """Return the path of ``key`` in the file system."""
        return f"{self.root}/{key}"

    def address(self, key: str) -> str:
        """Return the address of ``key``."""
        return f"{self.url}/{key}"

    def store(self, key: str) -> Any:
        """Open a Zarr store of fsspec's."""
        from zarr.storage import FsspecStore

        options = reading_options(urlsplit(self.url).scheme)
        return FsspecStore.from_url(self.address(key), storage_options=options, read_only=True)

    def names(self, folder: str) -> list[str]:
        """List ``folder``.

        Raises
        ------
        CatalogError
            If the store can't be asked.
        """
        with self._reading():
            try:
                found = self.system.ls(self.path(folder), detail=False)
            except FileNotFoundError:
                return []
        return sorted({str(path).rstrip("/").rpartition("/")[2] for path in found} - {""})

    def holding(self, folder: str, name: str, trusted: Collection[str] = ()) -> dict[str, str]:
        """Find the folders in ``folder`` that hold a file ``name``: one request for each that is not trusted."""
        names = self.names(folder)
        asked = [entry for entry in names if entry not in trusted]
        with self._reading(), ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            there = dict(zip(asked, pool.map(self.exists, [f"{folder}/{e}/{name}" for e in asked]), strict=True))
        return {entry: "" for entry in names if there.get(entry, True)}

    def exists(self, key: str) -> bool:
        """Whether an object lies at ``key``."""
        with self._reading():
            return bool(self.system.isfile(self.path(key)))

    def is_folder(self, key: str) -> bool:
        """Whether no object lies at ``key`` itself."""
        return not self.exists(key)

    def read(self, key: str, limit: int | None = None) -> bytes:
        """Read an object, of which there may be ``limit`` bytes at most; FileNotFoundError if there is none."""
        with self._reading():
            content = self._beginning(self.path(key), limit)
        return content if limit is None or len(content) <= limit else refuse_length(key, limit)

    def _beginning(self, path: str, limit: int | None) -> bytes:
        """Read one byte more than there may be."""
        if limit is None:
            return bytes(self.system.cat_file(path))
        try:
            return bytes(self.system.cat_file(path, start=0, end=max(limit, 0) + 1))
        except OSError as error:
            if "not satisfiable" in str(error):  # of an empty object there is no part
                return b""
            raise

    @contextmanager
    def open_stream(self, key: str, limit: int, beginning: bytes = b"") -> Iterator[IO[bytes]]:
        """Fetch an object of at most ``limit`` bytes into a file without a name."""
        with tempfile.TemporaryFile() as file:
            with self._reading(), self._opened(self.path(key)) as opened:
                while part := opened.read(_PIECE):
                    file.write(part)
                    if file.tell() > limit:
                        refuse_length(key, limit)
            file.seek(0)
            yield file

    def _opened(self, path: str) -> IO[bytes]:
        """Open an object; fsspec's store in memory has one position for all its readers."""
        shared = self.visible_to_other_processes
        opened: IO[bytes] = self.system.open(path, "rb") if shared else io.BytesIO(self.system.cat_file(path))
        return opened

    def write(self, key: str, content: bytes) -> None:
        """Write an object: stores show none before it is whole.

        Raises
        ------
        CatalogUnwritableError
        """
        with self._writing():
            self.system.pipe_file(self.path(key), content)

    def create(self, key: str, content: bytes) -> bool:
        """Write an object if there is none; False if there is: of two processes only one gets True."""
        with self._writing(), _creating_in_memory if not self.visible_to_other_processes else nullcontext():
            try:
                self.system.pipe_file(self.path(key), content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if "PreconditionFailed" in repr(error) or "ConditionalRequestConflict" in repr(error):
                    return False
                raise
        return True

    def remove(self, key: str) -> None:
        """Remove an object, or all below ``key``; the manifest first, so that no reader sees half a run.

        Raises
        ------
        CatalogUnwritableError
        """
        with self._writing():
            for path in (self.path(f"{key}/{MANIFEST}"), self.path(key)):
                with suppress(FileNotFoundError):
                    self.system.rm(path, recursive=True)

    def writing(self, destination: str) -> AbstractContextManager[Writer]:
        """Open a run's prefix for writing; files of unfinished runs stay, as others may be writing them.

        Raises
        ------
        CatalogUnwritableError
        """
        return nullcontext(ObjectWriter(self, destination))

    def check_writable(self, destination: str) -> None:
        """Write and remove an object.

        Raises
        ------
        CatalogUnwritableError
        """
        probe = f"{STAGING}/probe-{time.time_ns():x}"
        self.write(probe, b"")
        self.remove(probe)

    def digests(self, folder: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, Digest | Irregularity]]:
        """Read objects of ``folder``, some at once."""
        with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool:
            paths = [self.path(f"{folder}/{name}") for name in sizes]
            yield from zip(sizes, pool.map(self._digest, paths, sizes.values()), strict=True)

    def _digest(self, path: str, size: int) -> Digest | Irregularity:
        try:
            content = self._beginning(path, size)
        except FileNotFoundError:
            return Irregularity.MISSING
        except Exception:
            # Each store's library has its own errors; whatever it says, the bytes were not to be had.
            return Irregularity.UNREADABLE
        return Digest(len(content), hashlib.sha256(content).hexdigest())

    def unexpected_files(self, folder: str, expected: Collection[str]) -> Iterator[str]:
        """Walk over the objects below ``folder`` that are not expected."""
        with self._reading():
            found = self.system.find(self.path(folder))
        below = [str(path).removeprefix(f"{self.path(folder)}/") for path in found]
        yield from (path for path in sorted(below) if path not in expected)

    def unfinished_writes(self) -> list[UnfinishedWrite]:
        """List drafts, and runs without a manifest."""
        found = [(f"{STAGING}/{name}", name.removesuffix(".json")) for name in self.names(STAGING)]
        for collection in COLLECTIONS:
            whole = self.holding(collection, MANIFEST)
            found += [(f"{collection}/{name}", name) for name in self.names(collection) if name not in whole]
        return [UnfinishedWrite(key, run_id, self.idle_seconds(key), None) for key, run_id in found]

    def reclaim(self, unfinished: UnfinishedWrite) -> bool:
        """Remove a draft, or a run without a manifest."""
        if self.exists(f"{unfinished.key}/{MANIFEST}"):
            return False
        self.remove(unfinished.key)
        return True

    def idle_seconds(self, key: str) -> float:
        """Return the seconds since something below ``key`` was last written; inf if the store does not say."""
        with self._reading():
            found = self.system.find(self.path(key), detail=True).values()
        stamps = [entry.get("LastModified") or entry.get("created") or entry.get("mtime") for entry in found]
        times = [stamp.timestamp() if isinstance(stamp, datetime) else stamp for stamp in stamps if stamp]
        return max(0.0, time.time() - max(times)) if times else float("inf")

    def _reading(self) -> AbstractContextManager[None]:
        return _translated(CatalogError, f"the catalog {self.url} can't be read", FileNotFoundError)

    def _writing(self) -> AbstractContextManager[None]:
        return _translated(CatalogUnwritableError, f"the catalog {self.url} can't be written")


@contextmanager
def _translated(kind: type[CatalogError], message: str, *understood: type[Exception]) -> Iterator[None]:
    """Turn any error of a store's library into one line, except for those that the caller handles."""
    passing: tuple[type[Exception], ...] = (CatalogError, *understood)
    try:
        yield
    except passing:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise kind(f"{message}: {reason}") from error


@dataclass
class ObjectWriter:
    """The writer of one run.

    Attributes
    ----------
    storage
        The store.
    destination
        The run's key.
    waiting
        What is to be sent with the next batch.
    """

    storage: ObjectStore
    destination: str
    waiting: dict[str, bytes] = field(default_factory=dict)

    @property
    def draft(self) -> str:
        """The key of this run's draft."""
        return f"{STAGING}/{self.destination.replace('/', '-')}.json"

    def agree(self, manifest: bytes, contents: Mapping[str, bytes]) -> tuple[bytes, Mapping[str, bytes]] | None:
        """Take the dates and seconds of the first writer of this run, in the manifest and in the metadata.

        Returns
        -------
        manifest, contents
            What to write; None if another writer has finished meanwhile.

        Raises
        ------
        CatalogUnwritableError
            If another process is publishing this run with other numbers at this moment.
        """
        metadata = {path: content.decode() for path, content in contents.items() if path.endswith("zarr.json")}
        numbers = {
            path: hashlib.sha256(content).hexdigest() for path, content in contents.items() if path not in metadata
        }
        own = {"manifest": manifest.decode(), "metadata": metadata, "numbers": numbers}
        while not self.storage.create(self.draft, json.dumps(own).encode()):
            try:
                first = json.loads(self.storage.read(self.draft))
            except (FileNotFoundError, ValueError):
                continue  # whoever made it has just finished, and removed it
            if first["numbers"] == numbers and first["metadata"].keys() == metadata.keys():
                agreed = {path: text.encode() for path, text in first["metadata"].items()}
                manifest, contents = first["manifest"].encode(), {**contents, **agreed}
                break
            if self.storage.idle_seconds(self.draft) < DRAFT_SECONDS:
                raise CatalogUnwritableError(
                    f"the catalog {self.storage.url} can't be written: another process is publishing "
                    f"{self.destination} with other numbers; try again later"
                )
            self.storage.write(self.draft, json.dumps(own).encode())
            break
        # A draft is removed after its manifest is written. So without a manifest this draft is the first one; with
        # one it may be another writer's who came too late as well, and its dates are not those of the run.
        if self.storage.exists(f"{self.destination}/{MANIFEST}"):
            self.storage.remove(self.draft)
            return None
        return manifest, contents

    def write(self, path: str, content: bytes) -> None:
        """Send one object, with others at once."""
        self.waiting[self.storage.path(f"{self.destination}/{path}")] = content
        if len(self.waiting) >= 8 * REQUESTS_AT_ONCE or sum(map(len, self.waiting.values())) >= BATCH_BYTES:
            self._send()

    def complete(self, manifest: bytes) -> None:
        """Send the rest, then the manifest, and remove the draft."""
        self._send()
        self.storage.create(f"{self.destination}/{MANIFEST}", manifest)
        with suppress(CatalogError):
            self.storage.remove(self.draft)

    def _send(self) -> None:
        with self.storage._writing():
            self.storage.system.pipe(self.waiting)
        self.waiting = {}
