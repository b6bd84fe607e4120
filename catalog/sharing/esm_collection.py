"""The descriptor of an export for intake-esm: an ESM collection (specification 0.1.0) and its table."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from catalog.layout import STORE
from catalog.rows import row_of
from catalog.sharing.bundle import Bundle

COLLECTION, TABLE = "collection.json", "collection.csv"
_ASSET = "path"


def descriptor(bundle: Bundle) -> dict[str, bytes]:
    """Describe an export as an ESM collection: one row an item, the columns of the catalog's table.

    Paths are relative to the export's folder: it may be moved and served from anywhere.

    Returns
    -------
    dict
        The collection (JSON) and its table (CSV) by their names.
    """
    rows: list[dict[str, Any]] = [
        {"run_id": item.run_id, "kind": item.collection.removesuffix("s"), **row_of(manifest)}
        | {_ASSET: f"{item.key}/{STORE}"}
        for item, manifest in bundle.manifests.items()
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    collection = {
        "esmcat_version": "0.1.0",
        "id": "reluflow",
        "title": "Gradient flow of shallow ReLU networks",
        "description": "Runs of reluflow: one Zarr v3 store each, with the groups that README.md lists.",
        "catalog_file": TABLE,
        "attributes": [{"column_name": name, "vocabulary": ""} for name in columns if name != _ASSET],
        "assets": {"column_name": _ASSET, "format": "zarr"},
    }
    return {COLLECTION: (json.dumps(collection, indent=1) + "\n").encode(), TABLE: text.getvalue().encode()}
