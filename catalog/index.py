"""The index of a collection: a cache of its table's rows, so that listing runs need not read all their manifests.

Which runs exist is always read from the storage. A row is used only while the manifest's stamp (its size and
time of change) is the one that it had when the row was made. If there is no index, or its own digest differs,
the manifests are read, and the index is written anew where writing is allowed. It holds columns and not rows,
because 10,000 runs are read three times as fast so; a column with few distinct values holds each value once.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from catalog.bounds import LARGEST_INDEX
from catalog.errors import CatalogError, DamagedRunError
from catalog.layout import INDEX, MANIFEST, ORIGINS
from catalog.manifest import Manifest, read_manifest
from catalog.origins import Origin, read_origin
from catalog.rows import flattened, row_of
from catalog.self_digest import decode_with_digest, encode_with_digest
from catalog.storage import Storage

VERSION = 2
"""Of the index's own format; an index of another version is not used."""
ABSENT = -1
"""The code of a cell whose run has no such column; None is a value that a cell may have."""
CHANGES_WORTH_WRITING = 50
"""From how many manifests read on (some 20 ms) the index is written; for fewer, listing writes nothing."""
DISTINCT_SHARE = 0.5
"""A column with fewer distinct values than this share of its rows is written as numbers into a list of them."""

NOTHING = object()


@dataclass
class TableIndex:
    """The rows of one collection's table.

    Attributes
    ----------
    run_ids, stamps
        One a run: its name, and the stamp of the manifest that was read.
    columns
        The table's columns, each as long as ``run_ids``; :data:`NOTHING` where a run has none such.
    parameters
        The columns that are keys of configurations.
    damaged
        What is wrong with runs that are not listed, by their names.
    spoilt
        Whether the stored index could not be used.
    """

    run_ids: list[str] = field(default_factory=list)
    stamps: list[str] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    parameters: dict[str, None] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    spoilt: bool = False

    def keep(self, wanted: dict[str, str]) -> None:
        """Remove the rows of runs that were removed, or whose manifest has changed."""
        kept = [
            i for i, name in enumerate(self.run_ids) if name in wanted and wanted[name] in ("", self.stamps[i])
        ]
        if len(kept) < len(self.run_ids):
            self.run_ids = [self.run_ids[i] for i in kept]
            self.stamps = [self.stamps[i] for i in kept]
            columns = {name: [column[i] for i in kept] for name, column in self.columns.items()}
            self.columns = {
                name: column for name, column in columns.items() if any(value is not NOTHING for value in column)
            }

    def add(self, manifest: Manifest, stamp: str, origin: Origin | None = None) -> None:
        """Append the row of one run."""
        row = row_of(manifest, origin)
        for name in [name for name in row if name not in self.columns]:
            self.columns[name] = [NOTHING] * len(self.run_ids)
        for name, column in self.columns.items():
            column.append(row.get(name, NOTHING))
        self.run_ids.append(manifest.run_id)
        self.stamps.append(stamp)
        self.parameters |= dict.fromkeys(name for name, _ in flattened(manifest.configuration))

    def table(self) -> tuple[list[str], dict[str, list[Any]], list[str]]:
        """Return the runs, the columns with None for what is absent, and which of them are parameters."""
        columns = {
            name: [None if cell is NOTHING else cell for cell in column] for name, column in self.columns.items()
        }
        return self.run_ids, columns, [name for name in self.parameters if name in columns]

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Walk over the runs, each with its row."""
        for i, run_id in enumerate(self.run_ids):
            row = {name: column[i] for name, column in self.columns.items()}
            yield run_id, {name: cell for name, cell in row.items() if cell is not NOTHING}

    def to_bytes(self) -> bytes:
        """Encode the index as JSON with its own digest (and with Python's NaN: it is ours alone)."""
        document = {
            "version": VERSION,
            "run_ids": self.run_ids,
            "stamps": self.stamps,
            "parameters": list(self.parameters),
            "columns": {name: _packed(column) for name, column in self.columns.items()},
        }
        return encode_with_digest(document, separators=(",", ":"))


def refreshed(storage: Storage, collection: str, worth: int = CHANGES_WORTH_WRITING) -> TableIndex:
    """Bring the index of a collection up to date with the storage, and write it if that is allowed.

    Parameters
    ----------
    worth
        From how many manifests read (or rows dropped) on it is written: 0 to write it in any case.

    Raises
    ------
    CatalogError
        If the catalog can't be read.
    """
    index = read_index(storage, collection)
    wanted = storage.holding(collection, MANIFEST, trusted=frozenset(index.run_ids))
    before = len(index.run_ids)
    index.keep(wanted)
    changes = before - len(index.run_ids)
    known = set(index.run_ids)
    new = [run_id for run_id in wanted if run_id not in known]
    imported = set(storage.names(f"{ORIGINS}/{collection}")) if new else set()
    for run_id in new:
        try:
            manifest = read_manifest(storage, run_id, collection)
            origin = read_origin(storage, manifest, collection) if f"{run_id}.json" in imported else None
            index.add(manifest, wanted[run_id], origin)
            changes += 1
        except DamagedRunError as error:
            index.damaged[run_id] = str(error)
        except (FileNotFoundError, ValueError):
            continue  # removed by another process since the listing, or no name of a run
    if (changes >= worth or index.spoilt) and not storage.read_only:
        with suppress(CatalogError):  # the disk may be full or read-only; the table is right all the same
            storage.write(index_key(collection), index.to_bytes())
    return index


def index_key(collection: str) -> str:
    """Return the key of the index of a collection."""
    return f"{INDEX}/{collection}.json"


def read_index(storage: Storage, collection: str) -> TableIndex:
    """Read the stored index; an empty one if there is none that can be used."""
    try:
        # An index from elsewhere is read within bounds; our own has any number of runs.
        if storage.read_only:
            return parse_index(storage.read(index_key(collection), LARGEST_INDEX))
        return parse_index(storage.read(index_key(collection)), bounded=False)
    except FileNotFoundError:
        return TableIndex()
    except (DamagedRunError, OSError, ValueError, RecursionError):
        return TableIndex(spoilt=True)  # damaged, by whomever: it is a cache


def parse_index(content: bytes, *, bounded: bool = True) -> TableIndex:
    """Read an index from the bytes of its file, by default within the bounds for files of unknown origin.

    Raises
    ------
    ValueError, RecursionError
        If it is none of this version, or any bit of it differs from what was written.
    """
    found = decode_with_digest(content, constants=True, bounded=bounded)
    try:
        if found["version"] != VERSION:
            raise ValueError(f"it is of version {found['version']}")
        columns = {str(name): _unpacked(column) for name, column in found["columns"].items()}
        index = TableIndex(found["run_ids"], found["stamps"], columns, dict.fromkeys(found["parameters"]))
        lengths = {len(index.stamps), *(len(column) for column in index.columns.values())}
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError("it is not an index") from error
    if not lengths <= {len(index.run_ids)}:
        raise ValueError("its columns are not equally long")
    return index


def _packed(column: list[Any]) -> list[Any] | dict[str, list[Any]]:
    """Encode a column with few distinct values as these values and their numbers."""
    # By type too: 1, 1.0 and True are one key of a dictionary.
    numbers: dict[tuple[type, Any], int] = {}
    codes = [
        ABSENT if value is NOTHING else numbers.setdefault((type(value), value), len(numbers)) for value in column
    ]
    if len(numbers) > DISTINCT_SHARE * len(column) and ABSENT not in codes:
        return column
    return {"values": [value for _, value in numbers], "codes": codes}


def _unpacked(column: list[Any] | dict[str, list[Any]]) -> list[Any]:
    if isinstance(column, list):
        return column
    values = [*column["values"], NOTHING]  # the last one is number -1
    return [values[code] for code in column["codes"]]
