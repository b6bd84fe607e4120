"""Published runs as one file: an export of the catalog, small enough for a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog import Catalog, CatalogError
from catalog.sharing import export, items_of

LARGEST_BYTES = 100 * 2**20
"""The largest export of a page: it is held in the memory of the server and of the browser."""

ENDINGS = {"zip": "zip", "netcdf": "nc"}
"""The formats that are one file, and their file endings."""


def export_archive(catalog: Catalog, run_ids: Sequence[str], file_format: str) -> bytes:
    """Export runs as ``reluflow export`` does, which checks every byte.

    Parameters
    ----------
    catalog
        The catalog of the runs.
    run_ids
        Published runs; one for netCDF.
    file_format
        ``zip`` or ``netcdf``.

    Raises
    ------
    CatalogError
        If a run is unknown or damaged, or they are more than :data:`LARGEST_BYTES`.
    """
    size = sum(catalog.manifest(run_id).size for run_id in run_ids)
    if size > LARGEST_BYTES:
        raise CatalogError(
            f"{size / 2**20:,.0f} MB are too much for a page, whose limit is {LARGEST_BYTES // 2**20} MB; "
            f"`reluflow export {' '.join(run_ids[:3])}{' ...' if len(run_ids) > 3 else ''} DEST` has no limit"
        )
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"export.{ENDINGS[file_format]}"
        export(catalog, items_of(run_ids), path, file_format)
        return path.read_bytes()
