"""Sharing: runs leave the catalog as a little catalog of their own, and come in from one, every byte checked.

In comes a selection of runs; out goes a folder or a zip with the layout of a catalog (a static web server makes it
a catalog on the web), or one netCDF file. The other way, nothing that comes in is trusted: names, sizes, digests
and metadata are checked before a run is published, byte for byte. What the numbers mean is not known here.
"""

from catalog.sharing.bundle import Item, items_of
from catalog.sharing.run_export import Exported, export, format_of
from catalog.sharing.run_import import LARGEST_BYTES, Imported, import_runs

__all__ = ["LARGEST_BYTES", "Exported", "Imported", "Item", "export", "format_of", "import_runs", "items_of"]
