"""Publishing: a labelled tree becomes a run that every reader sees whole or not at all."""

from __future__ import annotations

import datetime
import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from catalog.attributes import attribute, root_attributes
from catalog.encoding import encode, stream
from catalog.layout import MANIFEST, RUNS, STORE, is_published, run_directory
from catalog.manifest import Manifest, plain, restored
from catalog.schema import GROUPS, SCHEMA_VERSION, validate
from catalog.staging import staging_place, sync, write_synced


def publish(
    root: Path,
    run_id: str,
    tree: xr.DataTree,
    *,
    summary: Mapping[str, Any],
    configuration: Mapping[str, Any],
    provenance: Mapping[str, Any],
    shelf: str = RUNS,
) -> Path:
    """Publish a run, once: write it aside, flush it, and rename it into the catalog.

    Parameters
    ----------
    root
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
    shelf
        Where it belongs: with the runs, or with the sweeps.

    Returns
    -------
    Path
        The run's folder.

    Raises
    ------
    DiskFullError, CatalogUnwritableError, DamagedRunError
        And the catalog is as it was before.
    ValueError, TypeError
        If the tree or a table can't be stored; the disk is not touched.
    """
    destination = run_directory(root, run_id, shelf)
    if is_published(destination):
        return destination
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
    contents = encode(labelled)
    with staging_place(root, run_id) as place:
        written = _write(place.path, itertools.chain(contents.items(), stream(labelled, contents)))
        # Last, after everything it names has reached the disk: a manifest never vouches for missing bytes.
        write_synced(place.path / MANIFEST, replace(manifest, files=written).to_bytes())
        sync(place.path)
        place.move_to(destination)
    return destination


def _write(place: Path, contents: Iterable[tuple[str, bytes]]) -> dict[str, dict[str, Any]]:
    """Write the store's files below ``place``, each as it comes, flush them, and return the manifest's entries."""
    entries: dict[str, dict[str, Any]] = {}
    folders = {place}
    for path, content in contents:
        name = f"{STORE}/{path}"
        file = place / name
        if file.parent not in folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            folders.update(folder for folder in file.parents if folder.is_relative_to(place))
        write_synced(file, content)
        entries[name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    for folder in sorted(folders, reverse=True):
        sync(folder)
    return dict(sorted(entries.items()))


def _labelled(tree: xr.DataTree, **identity: Any) -> xr.DataTree:
    """Give the tree complete, storable attributes; hold the groups that the schema knows to it."""
    datasets = {}
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False)
        group = node.path.strip("/")
        if group in GROUPS:
            validate(group, dataset)
        dataset.attrs = {str(name): attribute(value) for name, value in dataset.attrs.items()}
        for variable in dataset.variables.values():
            variable.attrs = {str(name): attribute(value) for name, value in variable.attrs.items()}
        datasets[node.path] = dataset
    datasets["/"].attrs = root_attributes(tree.attrs, **identity)
    return xr.DataTree.from_dict(datasets)
