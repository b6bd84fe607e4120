"""The attributes that describe a run to readers without the catalog: CF 1.11 and ACDD 1.3.

The run's own attributes are kept, except for those that only publication knows (identity, date, versions).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from catalog.layout import preset_of
from catalog.manifest import plain
from catalog.schema import SCHEMA_VERSION

CONVENTIONS = "CF-1.11, ACDD-1.3"

_DEFAULTS = {
    "keywords": "neural networks, ReLU, gradient flow, implicit bias, saddle-to-saddle dynamics",
    "naming_authority": "reluflow",
    "creator_name": "The reluflow founders",
    "creator_type": "group",
    "institution": "The reluflow founders",
    "publisher_name": "The reluflow founders",
    "publisher_type": "group",
    "acknowledgement": (
        "Follows E. Boursier, L. Pillaud-Vivien and N. Flammarion: Gradient flow dynamics of shallow ReLU "
        "networks for square loss and orthogonal inputs (NeurIPS 2022)."
    ),
    "comment": "All quantities are pure numbers, the paper's time t too: no calendar, no geography.",
    "project": "reluflow",
    "license": "BSD-3-Clause",
    "processing_level": "computed from its configuration",
    "source": "exact gradient flow of a one-hidden-layer ReLU network",
}


def product_version() -> str:
    """Look up the version of the installed distribution."""
    try:
        return metadata.version("reluflow")
    except metadata.PackageNotFoundError:
        return "unknown (not installed)"


def attribute(value: Any) -> Any:
    """Turn a value into what an attribute may hold in Zarr, netCDF and strict JSON alike.

    Tables become JSON text; NaN and inf their names (zarr-python would write a bare ``NaN``, which strict
    parsers refuse for the whole ``zarr.json``); None becomes an empty text.
    """
    value = plain(value, "attribute")
    nested = isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict | list) or item is None for item in value)
    )
    if nested:
        return json.dumps(value, allow_nan=False)
    return "" if value is None else value


def root_attributes(
    given: Mapping[Any, Any],
    *,
    run_id: str,
    created: str,
    configuration: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """Complete the ``given`` attributes of a run's root to ACDD's recommended list."""
    completed = {
        "title": f"Gradient flow of a shallow ReLU network: {preset_of(run_id)}",
        "summary": f"One run of the gradient flow, labelled and checked against the theory: {run_id}.",
        "history": f"{created}: published as {run_id}",
        **_DEFAULTS,
        "configuration": configuration,
        "provenance": provenance,
        **given,
        "Conventions": CONVENTIONS,
        "id": run_id,
        "date_created": created,
        "date_modified": created,  # a published run is never changed
        "date_issued": created,
        "date_metadata_modified": created,
        "schema_version": SCHEMA_VERSION,
        "product_version": product_version(),
    }
    return {str(name): attribute(value) for name, value in completed.items()}
