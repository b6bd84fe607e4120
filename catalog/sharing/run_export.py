"""Export of runs: as a folder or a zip that is a catalog of its own, or of one run as a netCDF file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.catalog import Catalog
from catalog.errors import CatalogError, DamagedRunError
from catalog.index import TableIndex, index_key
from catalog.layout import COLLECTIONS, RUNS, STORE, run_key
from catalog.sharing import atomic_output
from catalog.sharing.bundle import Bundle, Item
from catalog.sharing.esm_collection import descriptor
from catalog.sharing.readme import describe
from catalog.storage.address import local_path

FORMATS = ("zarr", "zip", "netcdf")
_ENDINGS = {".zip": "zip", ".nc": "netcdf"}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    path, format
        Where it lies, and which of :data:`FORMATS` it is.
    items
        What is in it.
    files, bytes
        How many files it holds (those inside a zip), and how large it is.
    uncompressed_bytes
        How large its arrays are in memory.
    """

    path: Path
    format: str
    items: list[Item]
    files: int
    bytes: int
    uncompressed_bytes: int


def format_of(destination: str | Path) -> str:
    """Guess the format from a name's ending: ``.zip``, ``.nc``, else a folder of Zarr stores."""
    return _ENDINGS.get(Path(destination).suffix.lower(), "zarr")


def export(
    catalog: Catalog, items: Sequence[Item], destination: str | Path, format: str | None = None
) -> Exported:
    """Export runs and sweeps of a catalog.

    Parameters
    ----------
    catalog
        The catalog, local or remote.
    items
        What to export, in a fixed order (see :func:`catalog.sharing.bundle.items_of`).
    destination
        A path that is free, or holds the same export already; its parent folder is there.
    format
        One of :data:`FORMATS`; None: by the destination's ending.

        ``zarr``: a folder with the layout of a catalog, README, CITATION.cff, an index for web servers and an
        ESM collection. ``zip``: the same in one file, whose bytes depend on the runs and on the version of zlib
        alone. ``netcdf``: one run, its groups, for readers that know no Zarr; it can't be imported again.

    Raises
    ------
    CatalogError
        If the request can't be met: see its message.
    DamagedRunError
        If a file is not what was published.
    CatalogUnwritableError, DiskFullError
        If the destination can't be written. In each case nothing new is there.
    """
    format = format or format_of(destination)
    if isinstance(destination, str):
        local_path(destination, "DEST", "; `reluflow import SRC --catalog URL` copies elsewhere")
    if format not in FORMATS:
        raise CatalogError(f"format {format!r}: allowed is one of {', '.join(FORMATS)}")
    if not items:
        raise CatalogError("there is nothing to export: no run matches")
    path = Path(destination).expanduser().absolute()
    if path.exists() and path.is_dir() != (format == "zarr"):
        raise CatalogError(f"{path} exists already with other contents; allowed is a new name")
    if format == "netcdf":
        return _netcdf(catalog, items, path)
    bundle = Bundle(catalog, list(items))
    opened: AbstractContextManager[atomic_output.Container] = (
        atomic_output.folder(path) if format == "zarr" else atomic_output.archive(path)
    )
    files = size = 0
    with opened as container:
        for name, content in _chain(bundle, format):
            container.write(name, content)
            files, size = files + 1, size + len(content)
    if format == "zip":
        size = path.stat().st_size
    return Exported(path, format, bundle.items, files, size, bundle.array_bytes)


def _chain(bundle: Bundle, format: str) -> Iterator[tuple[str, bytes]]:
    """Walk over all files of an export: those of the runs, then those that describe them."""
    yield from bundle.contents()
    yield from indexes(bundle).items()
    yield from descriptor(bundle).items()
    yield from describe(bundle).items()
    if format == "zip" and len(bundle.items) == 1:
        yield "zarr.json", way_in(bundle)


def indexes(bundle: Bundle) -> dict[str, bytes]:
    """Write the index of each collection, by which a catalog behind a web server can be listed."""
    files = {}
    for collection in COLLECTIONS:
        index = TableIndex()
        for item, manifest in bundle.manifests.items():
            if item.collection == collection:
                index.add(manifest, "")  # no stamp: the files' times will be others wherever this is copied
        if index.run_ids or collection == RUNS:
            files[index_key(collection)] = index.to_bytes()
    return files


def way_in(bundle: Bundle) -> bytes:
    """Write the root of a zip of one run as a Zarr group, with the metadata of all that is below.

    Without it zarr's ZipStore does not open a store in a folder of the zip; without the metadata xarray warns.
    """
    item = bundle.items[0]
    group: dict[str, Any] = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    prefix = f"{run_key(item.run_id, item.collection)}/{STORE}"
    store = {key: value for key, value in bundle.metadata.items() if key != "consolidated_metadata"}
    nodes = dict.fromkeys((item.collection, item.key), group) | {prefix: store}
    below = bundle.metadata.get("consolidated_metadata", {}).get("metadata", {})
    nodes |= {f"{prefix}/{path}": node for path, node in below.items()}
    consolidated = {"kind": "inline", "must_understand": False, "metadata": nodes}
    return json.dumps(group | {"consolidated_metadata": consolidated}, allow_nan=False).encode()


def _netcdf(catalog: Catalog, items: Sequence[Item], path: Path) -> Exported:
    if len(items) > 1:
        raise CatalogError(
            f"format 'netcdf' holds one run, not {len(items)}; allowed for several are 'zarr' (a folder) and 'zip'"
        )
    from catalog.sharing.netcdf import write_netcdf

    collection = catalog if items[0].collection == RUNS else catalog.sweeps
    if collection.verify(items[0].run_id):
        raise DamagedRunError(
            f"run {items[0].run_id} can't be exported: it is not what was published; "
            f"`reluflow verify {items[0].run_id}` says more"
        )
    uncompressed = write_netcdf(collection, items[0].run_id, path)
    return Exported(path, "netcdf", list(items), 1, path.stat().st_size, uncompressed)
