"""Import of runs from an export or another catalog: each is checked completely before any of it is published."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xarray as xr

from catalog.arguments import refuse_below
from catalog.bounds import LARGEST_DOCUMENT
from catalog.catalog import Catalog
from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError
from catalog.layout import COLLECTIONS, MANIFEST, ORIGINS, RUNS, STORE, is_run_id, manifest_key, run_key
from catalog.manifest import Manifest, read_manifest
from catalog.origins import Origin, origin_key, write_origin
from catalog.sharing.arrays import datasets
from catalog.sharing.bundle import fits, read_at_once
from catalog.sharing.import_checks import (
    Checked,
    check_manifest,
    check_metadata,
    check_values,
    parsed_manifest,
)
from catalog.sharing.sources import Source, clashes, source_at

LARGEST_BYTES = 16 * 2**30
"""What one import may bring in; a trajectory of a million neurons and 400 samples is 11 GB."""
HELD_BYTES = 64 * 2**20
"""A run up to this size is kept in memory between checking and publishing; a larger one is read twice."""

Judge = Callable[[Manifest, Mapping[str, xr.Dataset], str], Sequence[str]]
"""Takes a run's manifest, its groups, and the collection. It raises a DamagedRunError if they contradict each
other, and returns what it could not check, each in a few words."""


@dataclass
class Imported:
    """The result of an import.

    Attributes
    ----------
    imported, already
        The runs that are new in the catalog, and those that it had already with the same numbers.
    refused
        The other runs, each with the reason.
    unchecked
        The new runs of which something could not be checked, each with what.
    """

    imported: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unchecked: dict[str, tuple[str, ...]] = field(default_factory=dict)


def unjudged(manifest: Manifest, groups: Mapping[str, xr.Dataset], collection: str) -> Sequence[str]:
    """Check nothing: the catalog does not know what the numbers mean."""
    return ("whether its numbers follow from its configuration",)


def import_runs(
    catalog: Catalog, address: str | Path, largest_bytes: int = LARGEST_BYTES, judge: Judge = unjudged
) -> Imported:
    """Publish all runs and sweeps of an export or of another catalog here, byte for byte.

    Parameters
    ----------
    catalog
        The target.
    address
        A folder, a zip, or an address (http, s3, ...) of either.
    largest_bytes
        The limit of the whole import, in bytes on disk and in bytes of arrays in memory.
    judge
        Checks what the numbers mean (:func:`pipeline.upkeep.evidence.judge`): the digests of a run say nothing
        about who wrote it.

    Returns
    -------
    Imported
        A run that fails a check is refused, and the others are imported.

    Raises
    ------
    CatalogError
        If nothing can be read from ``address``.
    DamagedRunError
        If it is a zip that could not come from an export.
    CatalogUnwritableError, DiskFullError
        If the catalog can't be written; runs that were imported before stay.
    """
    refuse_below("largest_bytes", largest_bytes, 1, "a number of bytes")
    if catalog.storage.read_only:
        catalog.check_writable()
    done = Imported()
    told = re.sub(r"//[^/@]*@", "//", str(address))  # a password in it is not for all who read the catalog
    left = largest_bytes
    with source_at(address, largest_bytes) as source:
        found = [(collection, name) for collection in COLLECTIONS for name in source.names(collection)]
        if not found:
            raise CatalogError(f"there is no run in {address}; allowed is an export or a catalog that has some")
        twins = set(clashes([f"{collection}/{name}" for collection, name in found]))
        for collection, name in found:
            try:
                if not is_run_id(name):
                    raise DamagedRunError("its name is not allowed for a run")
                if f"{collection}/{name}" in twins:
                    raise DamagedRunError("another run's name differs from its own in case only")
                new, size = _Incoming(catalog, source, collection, name, told, judge).take_in(left, done)
            except (DamagedRunError, FileNotFoundError) as error:
                done.refused[name] = " ".join(str(error).split())
                continue
            left -= size
            (done.imported if new else done.already).append(name)
    return done


@dataclass
class _Incoming:
    """One run that is being imported.

    Attributes
    ----------
    catalog, source
        The target and the source.
    collection, run_id
        Of the run, in both.
    address
        Of the source, as the user wrote it.
    judge
        See :func:`import_runs`.
    """

    catalog: Catalog
    source: Source
    collection: str
    run_id: str
    address: str
    judge: Judge

    @property
    def key(self) -> str:
        """The run's key, in the source and in the catalog."""
        return run_key(self.run_id, self.collection)

    def take_in(self, left: int, done: Imported) -> tuple[bool, int]:
        """Check the run and publish it; return whether it is new in the catalog, and its size.

        Raises
        ------
        DamagedRunError, CatalogUnwritableError
        """
        listed = self.source.listing(self.key)
        content = self.source.read(f"{self.key}/{MANIFEST}", LARGEST_DOCUMENT)
        manifest = parsed_manifest(content)
        check_manifest(manifest, self.run_id, len(content), left)
        if listed is not None and (foreign := listed - {*manifest.files, MANIFEST}):
            raise DamagedRunError(f"{min(foreign)} is in its folder, but not in its manifest")
        here = self._here()
        if here is not None and _chunks(here).keys() == _chunks(manifest).keys():
            _compare(here, manifest)
            return False, 0
        documents = [path for path in manifest.files if _is_document(path)]
        chunks = [path for path in manifest.files if not _is_document(path)]
        files = self._files(manifest, [*documents, *chunks])
        metadata = dict(itertools.islice(files, len(documents)))
        checked = check_metadata(
            manifest,
            {path.removeprefix(f"{STORE}/"): file for path, file in metadata.items()},
            left,
            self.collection,
        )
        held, decoded = self._decode(manifest, checked, files)
        groups = datasets(
            checked.arrays, checked.attributes, decoded, lambda path: self._read(manifest, path, held)
        )
        if here is not None:  # its chunks are not encoded as here: only the numbers tell
            self._compare_numbers(groups)
            return False, 0
        unchecked = tuple(self.judge(manifest, groups, self.collection))
        self._publish(manifest, content, metadata, held, unchecked)
        new = _compare(read_manifest(self.catalog.storage, self.run_id, self.collection), manifest)
        if new:
            done.unchecked |= {self.run_id: unchecked} if unchecked else {}
        return new, manifest.size

    def _here(self) -> Manifest | None:
        """Read the manifest of the run of this name that is in the catalog already; None if there is none."""
        if not self.catalog.storage.exists(manifest_key(self.run_id, self.collection)):
            return None
        return read_manifest(self.catalog.storage, self.run_id, self.collection)

    def _compare_numbers(self, groups: Mapping[str, xr.Dataset]) -> None:
        """Refuse the run if an array of it differs from that of the run in the catalog.

        Raises
        ------
        DamagedRunError
        """
        shown = self.catalog if self.collection == RUNS else self.catalog.sweeps
        tree = shown[self.run_id]
        for group, dataset in groups.items():
            ours = tree[group].variables if f"/{group}" in tree.groups else {}
            for name, variable in dataset.variables.items():
                if name not in ours or not variable.equals(ours[name]):  # type: ignore[no-untyped-call, unused-ignore]
                    raise DamagedRunError(OTHER_NUMBERS)

    def _decode(
        self, manifest: Manifest, checked: Checked, files: Iterator[tuple[str, bytes]]
    ) -> tuple[dict[str, bytes], dict[str, np.ndarray]]:
        """Decode every chunk once; hold the files of a small run, and the numbers of its small arrays."""
        chunks = {
            f"{STORE}/{key}": (array, position)
            for array in checked.arrays.values()
            for key, position in array.files().items()
        }
        held: dict[str, bytes] = {}
        decoded: dict[str, np.ndarray] = {}
        left, small = HELD_BYTES, manifest.size <= HELD_BYTES
        for path, file in files:
            array, position = chunks[path]
            values = array.decoded(position, file)
            check_values(array, position, values)
            if small:
                held[path] = file
            if values.shape == array.shape and array.nbytes <= left:
                decoded[array.path] = values
                left -= array.nbytes
        return held, decoded

    def _publish(
        self, manifest: Manifest, content: bytes, metadata: Mapping[str, bytes], held: Mapping[str, bytes],
        unchecked: tuple[str, ...],
    ) -> None:  # fmt: skip
        chunks = (
            held.items()
            if held
            else self._files(manifest, [path for path in manifest.files if path not in metadata])
        )
        # If another writer of this run has other dates, the files of the two must not be mixed.
        ours = {path.removeprefix(f"{STORE}/"): file for path, file in metadata.items()}
        with self.catalog.storage.writing(self.key) as writer, self._without_trace():
            agreed = writer.agree(content, ours)
            if agreed is not None:
                if agreed[0] != content or dict(agreed[1]) != ours:
                    raise CatalogUnwritableError(
                        f"the catalog {self.catalog.storage.url} can't be written: another process is publishing "
                        f"{self.run_id}; try again later"
                    )
                for path, file in itertools.chain(metadata.items(), chunks):
                    writer.write(path, file)
                # Before the run exists: no reader may see it without its origin.
                now = datetime.now(UTC).isoformat(timespec="seconds")
                origin = Origin(self.address, now, manifest.created, unchecked)
                write_origin(self.catalog.storage, self.run_id, origin, self.collection)
                writer.complete(content)

    @contextmanager
    def _without_trace(self) -> Iterator[None]:
        """Remove the record of the origin if the run is not published."""
        try:
            yield
        except BaseException:
            storage, folder = self.catalog.storage, f"{ORIGINS}/{self.collection}"
            with suppress(CatalogError):
                if not storage.exists(manifest_key(self.run_id, self.collection)):
                    storage.remove(origin_key(self.run_id, self.collection))
                for path in (folder, ORIGINS):
                    if not storage.names(path):
                        storage.remove(path)
            raise

    def _read(self, manifest: Manifest, path: str, held: Mapping[str, bytes]) -> bytes:
        """Read a file below the store once more, as it was when it was checked."""
        name = f"{STORE}/{path}"
        file = held.get(name)
        if file is None:
            file = self.source.read(f"{self.key}/{name}", manifest.files[name]["size"])
            if not fits(file, manifest.files[name]):
                raise DamagedRunError(f"{name} is not what its manifest says")
        return file

    def _files(self, manifest: Manifest, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Read files in this order, some at once."""
        return _checked(self.source, self.key, {path: manifest.files[path] for path in paths})


def _is_document(path: str) -> bool:
    """Whether a file is metadata; all others are chunks."""
    return path.endswith("/zarr.json")


def _checked(source: Source, key: str, files: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, bytes]]:
    """Read the files of a run, some at the same time; the run is refused if one differs from its manifest."""
    for path, content in read_at_once(lambda path, size: source.read(f"{key}/{path}", size), files):
        if content is None or not fits(content, files[path]):
            raise DamagedRunError(f"{path} is not what its manifest says")
        yield path, content


OTHER_NUMBERS = "a run of this name is in the catalog with other numbers; it stays as it is"


def _compare(here: Manifest, manifest: Manifest) -> bool:
    """Whether the run that is here now is this one to the last byte; refuse it if its numbers differ.

    Where two machines have computed the same run, the metadata tells the dates and seconds of each.
    """
    if _chunks(here) != _chunks(manifest):
        raise DamagedRunError(OTHER_NUMBERS)
    return here.files == manifest.files and here.created == manifest.created


def _chunks(manifest: Manifest) -> dict[str, str]:
    return {path: entry["sha256"] for path, entry in manifest.files.items() if not _is_document(path)}
