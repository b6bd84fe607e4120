"""Sharing of runs: export to a small catalog or one netCDF file, and import with every byte checked.

An export is a folder or a zip with the layout of a catalog; behind a static web server it is a catalog on the
web. An import trusts nothing: names, sizes, digests and metadata are checked before a run is published, byte
for byte. What the numbers mean is not known here.
"""

from catalog.sharing.bundle import Item, items_of
from catalog.sharing.run_export import Exported, export, format_of
from catalog.sharing.run_import import LARGEST_BYTES, Imported, import_runs

__all__ = ["LARGEST_BYTES", "Exported", "Imported", "Item", "export", "format_of", "import_runs", "items_of"]
