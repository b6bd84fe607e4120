"""One row of the table of all runs: every parameter and every scalar result of one manifest, by name.

Standard library only: verify holds the index to it, and needs no pandas.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.layout import preset_of
from catalog.manifest import Manifest, plain
from catalog.origins import Origin


def flattened(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Walk a nested configuration by its dotted keys, as ``--set`` takes them; lists become JSON text.

    A list in a cell could be neither compared nor grouped by.
    """
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flattened(value, f"{name}.")
        else:
            yield name, json.dumps(plain(value)) if isinstance(value, list | tuple) else value


def row_of(manifest: Manifest, origin: Origin | None = None) -> dict[str, Any]:
    """Lay one manifest out as a row of the table, its parameters under their dotted names.

    A run that was imported says so last, whatever it claims itself.
    """
    row: dict[str, Any] = {
        "created": manifest.created,
        "preset": preset_of(manifest.run_id),
        "schema_version": manifest.schema_version,
        "size": manifest.size,
    }
    row |= {name: value for name, value in flattened(manifest.configuration) if name not in row}
    for name, value in manifest.summary.items():
        if name not in row:
            row[name] = value
        elif row[name] != value:
            row[f"summary.{name}"] = value
    return row if origin is None else row | origin.columns()
