"""What a run that comes in must be, before any of it is published: manifest, metadata and schema."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Mapping
from typing import Any

from catalog.errors import DamagedRunError
from catalog.layout import SCHEMA_VERSION, STORE
from catalog.manifest import Manifest
from catalog.sharing.sources import clashes, is_plain

MOST_FILES_OF_A_RUN = 100_000
_VERSION = re.compile(r"(\d+)\.(\d+)")


def check_manifest(manifest: Manifest, run_id: str, manifest_bytes: int, largest_bytes: int) -> None:
    """Refuse a manifest that is another run's, of a version to come, or names what no run has.

    Raises
    ------
    DamagedRunError
    """
    if manifest.run_id != run_id:
        raise DamagedRunError(f"its manifest belongs to another run, {manifest.run_id}")
    check_version(manifest.schema_version)
    if len(manifest.files) > MOST_FILES_OF_A_RUN:
        raise DamagedRunError(f"it has {len(manifest.files)} files; allowed are {MOST_FILES_OF_A_RUN}")
    for path, entry in manifest.files.items():
        if not (path.startswith(f"{STORE}/") and is_plain(path)):
            raise DamagedRunError(f"its manifest names {path!r}; allowed are plain names below {STORE}/")
        if entry["size"] < 0 or not re.fullmatch(r"[0-9a-f]{64}", str(entry["sha256"])):
            raise DamagedRunError(f"its manifest gives {path} no size and SHA-256")
    if found := clashes(list(manifest.files)):
        raise DamagedRunError(f"its manifest names {found[0]!r} and what some systems take for the same")
    if f"{STORE}/zarr.json" not in manifest.files:
        raise DamagedRunError(f"it has no {STORE}/zarr.json")
    if manifest.size + manifest_bytes > largest_bytes:
        raise DamagedRunError(f"it is {manifest.size} bytes; --largest-bytes leaves {largest_bytes}")


def check_version(version: str) -> None:
    """Refuse a schema that this version does not know.

    Older minor versions lack variables that were added since, and are read as they are.
    """
    ours = tuple(map(int, SCHEMA_VERSION.split(".")))
    match = _VERSION.fullmatch(version)
    if not match:
        raise DamagedRunError(f"its schema version {version!r} is none")
    if tuple(map(int, match.groups())) > ours:
        raise DamagedRunError(
            f"its schema version {version} is newer than {SCHEMA_VERSION}, the newest that this reluflow knows: "
            "update reluflow"
        )
    if int(match[1]) != ours[0]:
        raise DamagedRunError(f"its schema version {version} is too old; allowed is {ours[0]}.x")


def check_metadata(manifest: Manifest, metadata: Mapping[str, bytes], largest_bytes: int) -> None:
    """Refuse a store that Zarr or the schema does not understand, or that would not fit into memory.

    Parameters
    ----------
    manifest
        Of the run.
    metadata
        All its ``zarr.json`` files by their paths below the store.
    largest_bytes
        The most that all its arrays may need.

    Raises
    ------
    DamagedRunError
    """
    nodes = {path: _node(path, content) for path, content in metadata.items()}
    root = nodes["zarr.json"]
    if root.get("attributes", {}).get("id") != manifest.run_id:
        raise DamagedRunError("its attribute 'id' is another run's")
    if root["attributes"].get("schema_version") != manifest.schema_version:
        raise DamagedRunError("its attribute 'schema_version' differs from its manifest's")
    _check_consolidated(root, nodes)
    expected = set(metadata)
    total = 0
    for path, array in _arrays(metadata):
        total += math.prod(array.shape) * array.dtype.itemsize
        if total > largest_bytes:
            raise DamagedRunError(f"its arrays need {total} bytes or more; --largest-bytes allows {largest_bytes}")
        if math.prod(array.chunks) * array.dtype.itemsize > max(largest_bytes, 1):
            raise DamagedRunError(f"{path}: a chunk is larger than --largest-bytes, {largest_bytes}")
        if array.nchunks > MOST_FILES_OF_A_RUN:
            raise DamagedRunError(f"{path} has {array.nchunks} chunks; allowed are {MOST_FILES_OF_A_RUN}")
        expected.update(f"{path}/{key}" for key in _chunk_keys(array))
        _check_schema(path, array, manifest.schema_version)
    files = {path.removeprefix(f"{STORE}/") for path in manifest.files}
    if files != expected:
        odd = min(files ^ expected)
        raise DamagedRunError(f"{STORE}/{odd} is {'no part of any array' if odd in files else 'missing'}")
    _check_groups(nodes, manifest.schema_version)


def _node(path: str, content: bytes) -> dict[str, Any]:
    try:
        node = json.loads(content)
        if node["zarr_format"] == 3 and node["node_type"] in ("group", "array"):
            return dict(node)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise DamagedRunError(f"{STORE}/{path} is no Zarr v3 metadata")


def _check_consolidated(root: dict[str, Any], nodes: Mapping[str, dict[str, Any]]) -> None:
    """Hold the root's copy of all metadata, which readers take, to the files themselves."""
    copies = (root.get("consolidated_metadata") or {}).get("metadata")
    if not isinstance(copies, dict):
        raise DamagedRunError(f"{STORE}/zarr.json has no consolidated metadata")
    if {f"{path}/zarr.json" for path in copies} != nodes.keys() - {"zarr.json"}:
        raise DamagedRunError(f"{STORE}/zarr.json names other groups and arrays than there are")
    for path, copy in copies.items():
        if _bare(copy) != _bare(nodes[f"{path}/zarr.json"]):
            raise DamagedRunError(f"{STORE}/{path}/zarr.json differs from its copy in {STORE}/zarr.json")


def _bare(node: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in node.items() if key != "consolidated_metadata"}


def _arrays(metadata: Mapping[str, bytes]) -> list[tuple[str, Any]]:
    """Let Zarr itself read the metadata."""
    import zarr
    from zarr.core.buffer import default_buffer_prototype
    from zarr.storage import MemoryStore

    buffer = default_buffer_prototype().buffer
    store = MemoryStore({path: buffer.from_bytes(content) for path, content in metadata.items()})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            group = zarr.open_group(store, mode="r", zarr_format=3)
            return [(path, node) for path, node in group.members(max_depth=None) if isinstance(node, zarr.Array)]
    except Exception as error:
        # Whatever strange metadata makes Zarr stumble over.
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DamagedRunError(f"Zarr does not read its metadata: {reason}") from error


def _chunk_keys(array: Any) -> list[str]:
    from itertools import product

    if not array.nchunks:
        return []
    encode = array.metadata.chunk_key_encoding.encode_chunk_key
    return [encode(position) for position in product(*map(range, array.cdata_shape))]


def _check_schema(path: str, array: Any, version: str) -> None:
    """Hold an array that the schema knows to its dimensions and type."""
    import numpy as np

    from catalog.schema import COORDINATES, GROUPS

    group, _, name = path.rpartition("/")
    known = {spec.name: spec for spec in GROUPS.get(group, ())}
    spec = known.get(name) or (COORDINATES.get(name) if group in GROUPS else None)
    if spec is None:
        return
    dims = tuple(array.metadata.dimension_names or ())
    if dims != spec.dims:
        raise DamagedRunError(f"{path} has dimensions {dims}; schema {version} has {spec.dims}")
    if array.dtype.kind != np.dtype(spec.dtype).kind:
        raise DamagedRunError(f"{path} is {array.dtype}; schema {version} has {spec.dtype}")


def _check_groups(nodes: Mapping[str, dict[str, Any]], version: str) -> None:
    """Hold each group that the schema knows to its required variables; an older one may lack those added since."""
    from catalog.schema import GROUPS

    if version != SCHEMA_VERSION:
        return
    for group, variables in GROUPS.items():
        if f"{group}/zarr.json" in nodes:
            missing = [v.name for v in variables if not v.optional and f"{group}/{v.name}/zarr.json" not in nodes]
            if missing:
                raise DamagedRunError(f"{group}/{missing[0]} is missing; schema {version} has it")
