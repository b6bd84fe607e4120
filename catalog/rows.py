"""One row of the table of all runs: every parameter and every scalar result of one manifest, by name.

Standard library only: verification compares the index with it, and does not load pandas.
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
    """Make the row of one manifest, with its parameters under their dotted names.

    The columns of an imported run's origin come last, so that the run can't claim another one.
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
