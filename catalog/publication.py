"""Publication of a labelled tree as a run, which every reader sees complete or not at all."""

from __future__ import annotations

import datetime
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from catalog.attributes import attribute, root_attributes
from catalog.encoding import encode, stream
from catalog.layout import RUNS, STORE, manifest_key, run_key
from catalog.manifest import Manifest, parse, plain, restored
from catalog.schema import GROUPS, SCHEMA_VERSION, validate
from catalog.storage import Storage, Writer, open_storage


def publish(
    where: Storage | Path | str,
    run_id: str,
    tree: xr.DataTree,
    *,
    summary: Mapping[str, Any],
    configuration: Mapping[str, Any],
    provenance: Mapping[str, Any],
    collection: str = RUNS,
) -> Path | str:
    """Publish a run: write its files where no reader looks, and its manifest last.

    Parameters
    ----------
    where
        The catalog; made if it does not exist.
    run_id
        The run's name. If a run of this name is there already, or another process publishes it meanwhile,
        that one stays and this one is dropped: a published run is never changed.
    tree
        The groups of the run; those that the schema knows are held to it. Attributes of the root are kept
        and completed.
    summary
        Every parameter and result that a table should show: numbers, truth values, texts, None.
    configuration, provenance
        Tables of what strict JSON holds (see :func:`catalog.manifest.plain`).
    collection
        ``runs`` or ``sweeps``.

    Returns
    -------
    Path or str
        The run's folder: a path, or an address.

    Raises
    ------
    DiskFullError, CatalogUnwritableError, DamagedRunError
        And the catalog is as it was before.
    ValueError, TypeError
        If the tree or a table can't be stored; the disk is not touched.
    """
    storage, destination = open_storage(where), run_key(run_id, collection)
    if storage.exists(manifest_key(run_id, collection)):
        return storage.address(destination)
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    manifest = Manifest(
        run_id=run_id,
        schema_version=SCHEMA_VERSION,
        created=created,
        configuration=restored(plain(configuration, "configuration")),
        summary=restored(plain(summary, "summary")),
        provenance=restored(plain(provenance, "provenance")),
        files={},
    )
    labelled = _labelled(tree, run_id=run_id, created=created, configuration=configuration, provenance=provenance)
    with storage.writing(destination) as writer:
        _write(writer, manifest, labelled)
    return storage.address(destination)


def _write(writer: Writer, manifest: Manifest, labelled: Mapping[str, xr.Dataset]) -> None:
    """Write the files of a run, then its manifest with their digests, unless another process has done so."""
    # Several processes that publish one run at a time all write the dates and seconds of the first one.
    agreed = writer.agree(manifest.to_bytes(), encode(labelled))
    if agreed is None:
        return
    manifest, contents = parse(agreed[0]), agreed[1]
    files: dict[str, dict[str, Any]] = {}
    for path, content in itertools.chain(contents.items(), stream(labelled, contents)):
        name = f"{STORE}/{path}"
        writer.write(name, content)
        files[name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    writer.complete(replace(manifest, files=dict(sorted(files.items()))).to_bytes())


def _labelled(tree: xr.DataTree, **identity: Any) -> dict[str, xr.Dataset]:
    """Give a tree's datasets complete, storable attributes, and validate those that the schema knows."""
    datasets = {}
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False)
        group = node.path.strip("/")
        if group in GROUPS:
            dataset = validate(group, dataset)
        dataset.attrs = {str(name): attribute(value) for name, value in dataset.attrs.items()}
        for variable in dataset.variables.values():
            variable.attrs = {str(name): attribute(value) for name, value in variable.attrs.items()}
        datasets[node.path] = dataset
    datasets["/"].attrs = root_attributes(tree.attrs, **identity)
    return datasets
