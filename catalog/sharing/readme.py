"""The README and the citation of an export: what it is, how to open it, what its variables mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from catalog.layout import COLLECTIONS, INDEX, RUNS, STORE
from catalog.sharing.bundle import Bundle
from catalog.sharing.esm_collection import COLLECTION, TABLE

README, CITATION = "README.md", "CITATION.cff"
_SHOWN = 20
"""How many runs the README names; all are in the collection's table."""

CITATION_TEXT = """\
cff-version: 1.2.0
message: If you use this data set, please cite the paper and the software below.
type: dataset
title: {title}
authors:
  - name: {creator}
license: {license}
date-released: {date}
version: {version}
abstract: {abstract}
references:
  - type: conference-paper
    title: Gradient flow dynamics of shallow ReLU networks for square loss and orthogonal inputs
    authors:
      - {{given-names: Etienne, family-names: Boursier}}
      - {{given-names: Loucas, family-names: Pillaud-Vivien}}
      - {{given-names: Nicolas, family-names: Flammarion}}
    collection-title: Advances in Neural Information Processing Systems (NeurIPS)
    year: 2022
    identifiers:
      - {{type: other, value: "arXiv:2206.00939"}}
  - type: software
    title: reluflow
    authors:
      - name: The reluflow founders
    version: {software}
    license: BSD-3-Clause
"""

README_TEXT = """\
# {title}

{abstract}

{listing}

## Opening it

Each run is a Zarr v3 store, `{key}/{store}`; plain xarray with zarr reads it, nothing of reluflow is needed
(`pip install xarray zarr`):

    import xarray as xr
    run = xr.open_datatree("{key}/{store}", engine="zarr")
    run["{variable}"]

From a zip, without unpacking it (`pip install "fsspec>=2026.9"` too):

    run = xr.open_datatree("zip://{key}/{store}::EXPORT.zip", engine="zarr")

A zip of one run also opens with zarr alone:

    from zarr.storage import ZipStore
    run = xr.open_datatree(ZipStore("EXPORT.zip", mode="r"), engine="zarr", group="{key}/{store}")

Over http, from any static web server in front of this folder (`python -m http.server` in it is one;
`pip install "fsspec>=2026.9" aiohttp` too):

    run = xr.open_datatree("http://HOST/{key}/{store}", engine="zarr")

With reluflow, in this folder or from its address on the web:

    reluflow verify --catalog .                     every byte against the manifests
    reluflow list --catalog http://HOST/            the table of runs
    reluflow import http://HOST/                    checked, then into your own catalog; also from EXPORT.zip

In Python that table is a pandas frame, here or from `"http://HOST/"`:

    from catalog import open_catalog
    table = open_catalog(".").frame()

Without reluflow, `{table}` is the same table, with the path of each run (and `{collection}` describes it as an ESM
collection):

    import pandas as pd
    table = pd.read_csv("{table}", index_col="run_id")
    run = xr.open_datatree(table.loc["{run_id}", "path"], engine="zarr")

A netCDF export of one run (`pip install netCDF4` too) has the same groups; only the dimension `time` is called
`sample` there, for CF takes a dimension of that name for a calendar's:

    run = xr.open_datatree("EXPORT.nc")
    trajectory = run["trajectory"].to_dataset().swap_dims(sample="time")

Each `manifest.json` holds the SHA-256 of every file of its run, and that of itself with its own digest set to
zeros. Every chunk also carries a CRC-32C, which every Zarr reader checks.

## What is in it

| variable | dimensions | type | meaning |
|---|---|---|---|
{variables}

A label is an int8 whose meanings are in `flag_values` and `flag_meanings`; no label is 0. Pure numbers have the
unit 1; so has `time`, the paper's t.

## Licence and citation

{license}. Please cite as `{citation}` says.
"""


def describe(bundle: Bundle) -> dict[str, bytes]:
    """Write the README and the citation of an export, from what has passed into it.

    Returns
    -------
    dict
        The texts by their names. The same runs give the same bytes: nothing is dated by the clock.
    """
    words = _words(bundle)
    quoted = {name: json.dumps(value, ensure_ascii=False) for name, value in words.items()}
    readme = README_TEXT.format(
        **words,
        **_example(bundle),
        listing=_listing(bundle),
        variables="\n".join(_row(path, node) for path, node in sorted(bundle.variables.items())),
        store=STORE,
        collection=COLLECTION,
        table=TABLE,
        citation=CITATION,
    )
    return {README: readme.encode(), CITATION: CITATION_TEXT.format(**quoted).encode()}


def _words(bundle: Bundle) -> dict[str, str]:
    """What the runs say of themselves, or of the last one what all have in common."""
    attributes: Mapping[str, Any] = bundle.metadata.get("attributes", {})
    manifests = list(bundle.manifests.values())
    if len(manifests) == 1:
        title, abstract = str(attributes.get("title", "")), str(attributes.get("summary", ""))
        version = manifests[0].run_id
    else:
        numbers = {
            collection: sum(item.collection == collection for item in bundle.manifests)
            for collection in COLLECTIONS
        }
        counted = [f"{n} {collection if n > 1 else collection[:-1]}" for collection, n in numbers.items() if n]
        title = f"Gradient flow of shallow ReLU networks: {' and '.join(counted)}"
        abstract = "Runs of the gradient flow of one-hidden-layer ReLU networks, each labelled and checked."
        version = bundle.manifests[bundle.items[-1]].schema_version
    return {
        "title": title,
        "abstract": abstract,
        "creator": str(attributes.get("creator_name", "")),
        "license": str(attributes.get("license", "")),
        "date": max(manifest.created for manifest in manifests)[:10],
        "version": version,
        "software": str(attributes.get("product_version", "")),
    }


def _example(bundle: Bundle) -> dict[str, str]:
    variable = "trajectory/loss" if "trajectory/loss" in bundle.variables else min(bundle.variables, default="")
    return {"key": bundle.items[0].key, "run_id": bundle.items[0].run_id, "variable": variable}


def _listing(bundle: Bundle) -> str:
    lines = [
        f"- `{item.key}`: schema {manifest.schema_version}, {manifest.created[:10]}, {manifest.size:,} bytes"
        for item, manifest in list(bundle.manifests.items())[:_SHOWN]
    ]
    if len(bundle.items) > _SHOWN:
        lines.append(f"- and {len(bundle.items) - _SHOWN} more: `{INDEX}/{RUNS}.json` is the table of all runs")
    return "\n".join(lines)


def _row(path: str, node: Mapping[str, Any]) -> str:
    attributes = node["attributes"]
    meaning = ". ".join(
        str(attributes[key]).rstrip(".") for key in ("long_name", "comment") if attributes.get(key)
    )
    if flags := str(attributes.get("flag_meanings", "")).split():
        shown = ", ".join(flags[:6]) + (", ..." if len(flags) > 6 else "")
        meaning += f" ({shown})"
    dims = ", ".join(map(str, node.get("dimension_names") or ()))
    meaning = meaning.replace("|", "\\|")  # else it would end the table's cell
    return f"| {path} | {dims} | {node['data_type']} | {meaning} |"
