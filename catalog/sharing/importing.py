"""Importing: runs of an export or of another catalog come in, each checked whole before any of it is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from catalog.arguments import refuse_below
from catalog.bounds import LARGEST_DOCUMENT
from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError
from catalog.index import Catalog
from catalog.layout import MANIFEST, SHELVES, STORE, is_run_id, manifest_key, run_key
from catalog.manifest import Manifest, parse, read_manifest
from catalog.sharing.inspection import check_manifest, check_metadata
from catalog.sharing.parcel import AT_ONCE, batches, fits
from catalog.sharing.sources import Source, clashes, source_at

LARGEST_BYTES = 16 * 2**30
"""What one import may bring in; a trajectory of a million neurons and 400 samples is 11 GB."""
HELD_BYTES = 64 * 2**20
"""A run up to this size is kept in memory between checking and publishing; a larger one is read twice."""


@dataclass
class Imported:
    """What became of the runs of a source.

    Attributes
    ----------
    imported, already
        Those that are new here, and those that were here with the same numbers.
    refused
        Why the others did not come in, by their names.
    """

    imported: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def import_runs(catalog: Catalog, address: str | Path, largest_bytes: int = LARGEST_BYTES) -> Imported:
    """Publish all runs and sweeps of an export or of another catalog here, byte for byte.

    Parameters
    ----------
    catalog
        Where they are to go.
    address
        A folder, a zip, or an address (http, s3, ...) of either.
    largest_bytes
        What all of it may need, on disk and as arrays in memory.

    Returns
    -------
    Imported
        A run that fails a check is refused and the others come in.

    Raises
    ------
    CatalogError
        If nothing can be read from ``address``.
    DamagedRunError
        If it is a zip that could not come from an export.
    CatalogUnwritableError, DiskFullError
        If the catalog can't be written; runs that came in before stay.
    """
    refuse_below("largest_bytes", largest_bytes, 1, "a number of bytes")
    if catalog.place.read_only:
        catalog.check_writable()
    done = Imported()
    left = largest_bytes
    with source_at(address, largest_bytes) as source:
        found = [(shelf, name) for shelf in SHELVES for name in source.names(shelf)]
        if not found:
            raise CatalogError(f"there is no run in {address}; allowed is an export or a catalog that has some")
        twins = set(clashes([f"{shelf}/{name}" for shelf, name in found]))
        for shelf, name in found:
            try:
                if not is_run_id(name):
                    raise DamagedRunError("its name is none that a run can have")
                if f"{shelf}/{name}" in twins:
                    raise DamagedRunError("another run's name differs from its own in case only")
                new, size = _import_run(catalog, source, shelf, name, left)
            except (DamagedRunError, FileNotFoundError) as error:
                done.refused[name] = " ".join(str(error).split())
                continue
            left -= size
            (done.imported if new else done.already).append(name)
    return done


def _import_run(catalog: Catalog, source: Source, shelf: str, run_id: str, left: int) -> tuple[bool, int]:
    """Check a run and publish it; whether it is new here, and its size."""
    key = run_key(run_id, shelf)
    listed = source.listing(key)
    content = source.read(f"{key}/{MANIFEST}", LARGEST_DOCUMENT)
    try:
        manifest = parse(content)
    except (ValueError, RecursionError) as error:
        raise DamagedRunError(f"its manifest is damaged: {error}") from error
    check_manifest(manifest, run_id, len(content), left)
    if listed is not None and (foreign := listed - {*manifest.files, MANIFEST}):
        raise DamagedRunError(f"{min(foreign)} is in its folder, but not in its manifest")
    if catalog.place.exists(manifest_key(run_id, shelf)):
        _compare(catalog, manifest, shelf)
        return False, 0
    held: dict[str, bytes] = {}
    metadata: dict[str, bytes] = {}
    for path, file in _checked(source, key, manifest.files):
        if path.endswith("/zarr.json"):
            metadata[path.removeprefix(f"{STORE}/")] = file
        if manifest.size <= HELD_BYTES:
            held[path] = file
    check_metadata(manifest, metadata, left)
    files = held.items() if held else _checked(source, key, manifest.files)
    with catalog.place.writing(key) as writer:
        # What other writers of this run have settled on must be what comes in, else two of them would mix.
        ours = dict(metadata)
        agreed = writer.agree(manifest, ours)
        if agreed is not None:
            if agreed[0] != manifest or dict(agreed[1]) != ours:
                raise CatalogUnwritableError(
                    f"the catalog {catalog.place.url} can't be written: another process is publishing {run_id}; "
                    "try again later"
                )
            for path, file in files:
                writer.write(path, file)
            writer.seal(content)
    return _compare(catalog, manifest, shelf), manifest.size


def _checked(source: Source, key: str, files: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, bytes]]:
    """Read the files of a run, some at once; each is what the manifest says, or the run is refused."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for batch in batches(files):
            read = pool.map(lambda path: source.read(f"{key}/{path}", files[path]["size"]), batch)
            for path, content in zip(batch, read, strict=True):
                if not fits(content, files[path]):
                    raise DamagedRunError(f"{path} is not what its manifest says")
                yield path, content


def _compare(catalog: Catalog, manifest: Manifest, shelf: str) -> bool:
    """Whether the run that is here now is this one to the last byte; refuse it if its numbers differ.

    Where two machines have computed the same run, the metadata tells the dates and seconds of each.
    """
    here = read_manifest(catalog.place, manifest.run_id, shelf)
    if _numbers(here) != _numbers(manifest):
        raise DamagedRunError("a run of this name is in the catalog with other numbers; it stays as it is")
    return here.files == manifest.files and here.created == manifest.created


def _numbers(manifest: Manifest) -> dict[str, str]:
    return {path: entry["sha256"] for path, entry in manifest.files.items() if not path.endswith("/zarr.json")}
