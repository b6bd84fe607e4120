"""The bundle of an export: the files of its runs, each checked while it is read, and their metadata."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.bounds import LARGEST_DOCUMENT
from catalog.catalog import Catalog
from catalog.errors import DamagedRunError
from catalog.layout import RUNS, STORE, manifest_key, run_key
from catalog.manifest import Manifest, parse

READS_AT_ONCE = 16
"""Files that are read at once: in an object store or over http each waits some 20 ms for its answer."""
BATCH_BYTES = 16 * 2**20
"""Bytes that are read at once."""


Read = Callable[[str, int], bytes | None]
"""Takes the path of a file and its size, and returns its content; None if it is missing or longer."""


@dataclass(frozen=True)
class Item:
    """One thing to export: a run, or a sweep.

    Attributes
    ----------
    run_id, collection
        Its name, and its collection.
    """

    run_id: str
    collection: str = RUNS

    @property
    def key(self) -> str:
        """Its key, in the catalog and in the export."""
        return run_key(self.run_id, self.collection)


@dataclass
class Bundle:
    """The contents of an export, with what its files tell once they were read.

    Attributes
    ----------
    catalog
        Of the runs.
    items
        What is exported, in this order.
    manifests
        Of the items that were read, with the total size of their files and not with each: of 10,000 runs those
        would be a gigabyte.
    metadata
        The consolidated metadata of the last item: ``{path: node}``.
    variables
        Each variable of any item with its metadata, by group and name.
    array_bytes
        The size of all arrays without compression.
    """

    catalog: Catalog
    items: list[Item]
    manifests: dict[Item, Manifest] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)
    array_bytes: int = 0

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Walk over the files of all items: (path in the export, content), in a fixed order.

        Raises
        ------
        DamagedRunError
            If a file is not what was published.
        """
        for item in self.items:
            for path, content in self._files_of(item):
                if path == f"{item.key}/{STORE}/zarr.json":
                    self._learn(content)
                yield path, content

    def _files_of(self, item: Item) -> Iterator[tuple[str, bytes]]:
        storage = self.catalog.storage
        key = manifest_key(item.run_id, item.collection)
        try:
            content = storage.read(key, LARGEST_DOCUMENT)
            manifest = parse(content)
        except (DamagedRunError, FileNotFoundError, ValueError) as error:
            raise DamagedRunError(
                f"run {item.run_id} can't be exported: its manifest is damaged ({error})"
            ) from error
        self.manifests[item] = replace(manifest, files={STORE: {"size": manifest.size, "sha256": ""}})
        expected = {f"{item.key}/{path}": entry for path, entry in manifest.files.items()}

        def read(path: str, size: int) -> bytes | None:
            try:
                return storage.read(path, size)
            except (DamagedRunError, FileNotFoundError):
                return None

        for path, found in read_at_once(read, expected):
            if not fits(found, expected[path]):
                raise DamagedRunError(
                    f"run {item.run_id} can't be exported: {path} is not what was published; "
                    f"`reluflow verify {item.run_id}` says more"
                )
            yield path, found or b""
        yield key, content

    def _learn(self, content: bytes) -> None:
        """Take the names, shapes and attributes of all variables from the root's consolidated metadata."""
        document = json.loads(content)
        self.metadata = document
        for path, node in document.get("consolidated_metadata", {}).get("metadata", {}).items():
            if node["node_type"] == "array":
                self.variables.setdefault(path, node)
                self.array_bytes += array_bytes(node)


def array_bytes(node: Mapping[str, Any]) -> int:
    """Return how large an array is without compression, from its Zarr metadata."""
    import numpy as np

    return int(math.prod(node["shape"]) * np.dtype(node["data_type"]).itemsize)


def fits(content: bytes | None, entry: Mapping[str, Any]) -> bool:
    """Whether a file's content is what its manifest says."""
    return (
        content is not None
        and len(content) == entry["size"]
        and hashlib.sha256(content).hexdigest() == entry["sha256"]
    )


def read_at_once(read: Read, files: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, bytes | None]]:
    """Read files, some at the same time, holding few of them: (path, what ``read`` returns).

    Parameters
    ----------
    read
        Takes a path and the size of that file.
    files
        By path; each a table with its ``size``.
    """
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        for batch in batches(files):
            yield from zip(batch, pool.map(lambda path: read(path, files[path]["size"]), batch), strict=True)


def batches(sizes: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """Cut a list of files into batches of some files and some bytes."""
    batch: list[str] = []
    held = 0
    for path, entry in sizes.items():
        if batch and (len(batch) >= 8 * READS_AT_ONCE or held + entry["size"] > BATCH_BYTES):
            yield batch
            batch, held = [], 0
        batch.append(path)
        held += entry["size"]
    if batch:
        yield batch


def items_of(run_ids: Iterable[str], sweep_ids: Iterable[str] = ()) -> list[Item]:
    """Make the list of what is exported, each once, the runs first."""
    from catalog.layout import SWEEPS

    found = [Item(run_id) for run_id in run_ids] + [Item(sweep_id, SWEEPS) for sweep_id in sweep_ids]
    return sorted(dict.fromkeys(found), key=lambda item: (item.collection, item.run_id))
