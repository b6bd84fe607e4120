"""Reading a published run: every file is compared with its manifest, and an error names the file that differs.

Zarr reads a missing chunk as NaN, as if it had never been written, and a figure would be drawn of it. The catalog
therefore reads through :class:`CheckedStore`. Plain xarray checks only the checksums of the chunks.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from zarr.abc.store import ByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import LocalStore, WrapperStore

from catalog.errors import CatalogError, DamagedRunError
from catalog.layout import RUNS, STORE, SWEEPS, manifest_key, run_key
from catalog.manifest import Manifest
from catalog.verification import Problem

if TYPE_CHECKING:
    from catalog.storage import Storage


class CheckedStore(WrapperStore[Store]):
    """The store of a published run, read-only, compared with its manifest.

    A file that is read whole must have the size of the manifest and, when it is first read, its SHA-256. Of a file
    that is read in parts the size is checked, and Zarr checks the CRC-32C of each part. A file that the manifest
    does not name counts as missing. Every error is a DamagedRunError, which Zarr passes on.

    Parameters
    ----------
    store
        Where the files are.
    storage, manifest, collection
        Of the run: errors name them.
    """

    def __init__(self, store: Store, storage: Storage, manifest: Manifest, collection: str = RUNS) -> None:
        super().__init__(store)
        self.storage, self.manifest, self.collection = storage, manifest, collection
        self._digested: set[str] = set()
        self._measured: set[str] = set()

    def _with_store(self, store: Store) -> Self:
        return type(self)(store, self.storage, self.manifest, self.collection)

    def __str__(self) -> str:
        return str(self._store)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Read a file, or a part of it.

        Raises
        ------
        DamagedRunError
            If it is not what was published.
        """
        entry = self.manifest.files.get(f"{STORE}/{key}")
        if entry is None:
            return None
        try:
            found = await self._store.get(key, prototype, byte_range)
            size = await self._size(key, found, byte_range)
        except (CatalogError, asyncio.CancelledError):
            raise
        except FileNotFoundError:
            found = size = None
        except Exception as error:  # each store's library has its own errors
            raise self._damage(key, Problem.UNREADABLE) from error
        if found is None or size is None:
            await asyncio.to_thread(self._refuse_removed)
            raise self._damage(key, Problem.MISSING)
        if size != entry["size"]:
            raise self._damage(key, Problem.TRUNCATED if size < entry["size"] else Problem.DAMAGED)
        if byte_range is None and key not in self._digested:
            if hashlib.sha256(found.as_numpy_array().data).hexdigest() != entry["sha256"]:
                raise self._damage(key, Problem.DAMAGED)
            self._digested.add(key)
        return found

    async def _size(self, key: str, found: Buffer | None, byte_range: ByteRequest | None) -> int | None:
        """Return the size of a file: that of what was read if it is whole, else asked of the store once."""
        if found is None or byte_range is None:
            return None if found is None else len(found)
        if key in self._measured:
            return int(self.manifest.files[f"{STORE}/{key}"]["size"])
        size = await self._store.getsize(key)
        self._measured.add(key)
        return size

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Read parts of files, each as :meth:`get` does."""
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        """Whether the manifest names a file."""
        return f"{STORE}/{key}" in self.manifest.files

    def _refuse_removed(self) -> None:
        if not self.storage.exists(manifest_key(self.manifest.run_id, self.collection)):
            what = f"{called(self.collection)} {self.manifest.run_id}"
            raise DamagedRunError(f"{what} was removed from the catalog while it was being read")

    def _damage(self, key: str, problem: Problem) -> DamagedRunError:
        return damage_of(self.manifest.run_id, f"{STORE}/{key}", problem, self.collection)


def checked_store(storage: Storage, manifest: Manifest, collection: str = RUNS) -> CheckedStore:
    """Open the store of a published run."""
    store: Any = storage.store(f"{run_key(manifest.run_id, collection)}/{STORE}")
    opened = store if isinstance(store, Store) else LocalStore(store, read_only=True)
    return CheckedStore(opened, storage, manifest, collection)


def damage_of(run_id: str, path: str, problem: Problem, collection: str = RUNS, more: int = 0) -> DamagedRunError:
    """Make the error that names a damaged file of a run, and the command that finds all damage.

    Parameters
    ----------
    path
        The file's, below the run's folder.
    more
        How many others are known to be damaged.
    """
    others = f" (and {more} more)" if more else ""
    return DamagedRunError(
        f"{called(collection)} {run_id} is damaged: {path}: {problem.value}{others}; {advice(run_id, collection)}"
    )


def advice(run_id: str, collection: str = RUNS) -> str:
    """Name the command that finds all damage."""
    return (
        "`reluflow verify` names the damage"
        if collection == SWEEPS
        else f"`reluflow verify {run_id}` names the damage"
    )


def called(collection: str) -> str:
    """Name one member of a collection in a sentence: run, or sweep."""
    return collection.removesuffix("s")


@contextmanager
def reading(
    run_id: str | None, collection: str = RUNS, passing: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn any error of a reader into one that says that the run is damaged; not for a computed run (None).

    Parameters
    ----------
    passing
        Errors that have another cause and are passed on.

    Raises
    ------
    DamagedRunError
    """
    understood: tuple[type[Exception], ...] = (CatalogError, *passing)
    try:
        yield
    except understood:
        raise
    except Exception as error:
        if run_id is None:
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DamagedRunError(
            f"{called(collection)} {run_id} can't be read ({reason}); {advice(run_id, collection)}"
        ) from error
