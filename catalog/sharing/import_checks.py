"""The checks of a run that is imported, before any of it is published: manifest, metadata and schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.errors import DamagedRunError
from catalog.layout import RUNS, SCHEMA_VERSION, STORE
from catalog.manifest import Manifest, parse, plain
from catalog.schema import COORDINATES, GROUPS, Variable
from catalog.sharing.arrays import LARGEST_CHUNK, StoredArray, stored_array
from catalog.sharing.sources import clashes, is_plain

MOST_FILES_OF_A_RUN = 100_000
LARGEST_DOCUMENTS = 16 * 2**20
"""Bytes of a manifest, and of all metadata of a run: parsed they take up to twenty times as much."""
MOST_TABLES = 400_000
"""Tables and lists in a manifest, or in the metadata of a run: a file is one, and a point of the data."""
SMALL_BYTES, LARGEST_GAIN = 256 * 2**20, 1000
"""Arrays beyond so many bytes must have a thousandth of them on disk: ours are compressed to a tenth."""
DECODED = frozenset(
    {
        "scale_factor", "add_offset", "_FillValue", "missing_value", "_Unsigned", "calendar", "dtype", "_Encoding",
        "valid_min", "valid_max", "valid_range",
    }
)  # fmt: skip
"""Attributes by which xarray, or another reader of CF, changes the numbers. No published variable has one."""
_TIME_UNITS = frozenset({"days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"})
_KNOWN = {group: {spec.name: spec for spec in specifications} for group, specifications in GROUPS.items()}
_VERSION = re.compile(r"(\d+)\.(\d+)")


def parsed_manifest(content: bytes) -> Manifest:
    """Read the manifest of a run that is imported.

    Raises
    ------
    DamagedRunError
        If it is damaged, or nested beyond measure.
    """
    refuse_swollen(content, "its manifest")
    try:
        return parse(content)
    except (ValueError, RecursionError) as error:
        raise DamagedRunError(f"its manifest is damaged: {error}") from error


def refuse_swollen(content: bytes, what: str) -> None:
    """Refuse JSON that would take much more memory than it has bytes.

    Raises
    ------
    DamagedRunError
    """
    if (tables := content.count(b"{") + content.count(b"[")) > MOST_TABLES:
        raise DamagedRunError(f"{what} has {tables} tables and lists; allowed are {MOST_TABLES}")


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
    documents = sum(entry["size"] for path, entry in manifest.files.items() if path.endswith("/zarr.json"))
    if documents > LARGEST_DOCUMENTS:
        raise DamagedRunError(f"it has {documents} bytes of metadata; allowed are {LARGEST_DOCUMENTS}")
    if manifest.size + manifest_bytes > largest_bytes:
        raise DamagedRunError(f"it is {manifest.size} bytes; --largest-bytes leaves {largest_bytes}")


def check_version(version: str) -> None:
    """Refuse a schema that this version does not know.

    Older minor versions lack variables that were added since, and are read as they are.
    """
    ours = tuple(map(int, SCHEMA_VERSION.split(".")))
    match = _VERSION.fullmatch(version)
    if not match:
        raise DamagedRunError(f"its schema version {version!r} is not a version")
    if tuple(map(int, match.groups())) > ours:
        raise DamagedRunError(
            f"its schema version {version} is newer than {SCHEMA_VERSION}, the newest that this reluflow knows: "
            "update reluflow"
        )
    if int(match[1]) != ours[0]:
        raise DamagedRunError(f"its schema version {version} is too old; allowed is {ours[0]}.x")


@dataclass(frozen=True)
class Checked:
    """A store whose metadata were checked.

    Attributes
    ----------
    arrays
        By their paths below the store.
    attributes
        Of the groups, by their paths; the root's is ``""``.
    """

    arrays: dict[str, StoredArray]
    attributes: dict[str, dict[str, Any]]


def check_metadata(
    manifest: Manifest, metadata: Mapping[str, bytes], largest_bytes: int, collection: str = RUNS
) -> Checked:
    """Refuse a store that is not as runs are published, that the schema does not know, or that is too large.

    Parameters
    ----------
    manifest
        Of the run.
    metadata
        All its ``zarr.json`` files by their paths below the store.
    largest_bytes
        The most that all its arrays may need.
    collection
        ``runs`` or ``sweeps``.

    Raises
    ------
    DamagedRunError
    """
    nodes = {path: _node(path, content) for path, content in metadata.items()}
    root = nodes["zarr.json"]
    _check_root(root, manifest, collection)
    _check_consolidated(root, nodes)
    arrays: dict[str, StoredArray] = {}
    attributes: dict[str, dict[str, Any]] = {}
    for file, node in nodes.items():
        path = file.removesuffix("zarr.json").rstrip("/")
        if path and nodes.get(f"{path.rpartition('/')[0]}/zarr.json".lstrip("/"), {}).get("node_type") != "group":
            raise DamagedRunError(f"{STORE}/{file} is in no group")
        if node["node_type"] == "array":
            arrays[path] = stored_array(path, node)
        else:
            attributes[path] = _group_attributes(file, node)
    _check_sizes(arrays, manifest, largest_bytes)
    expected = set(metadata).union(*(array.files() for array in arrays.values()))
    files = {path.removeprefix(f"{STORE}/") for path in manifest.files}
    if files != expected:
        odd = min(files ^ expected)
        raise DamagedRunError(f"{STORE}/{odd} {'belongs to no array' if odd in files else 'is missing'}")
    for array in arrays.values():
        check_array(array, manifest.schema_version)
    _check_groups(nodes, manifest.schema_version)
    return Checked(arrays, attributes)


def _check_root(root: Mapping[str, Any], manifest: Manifest, collection: str) -> None:
    """Compare the root's attributes, which plain xarray shows, with the manifest."""
    said = root.get("attributes")
    if not isinstance(said, dict) or root["node_type"] != "group":
        raise DamagedRunError(f"{STORE}/zarr.json is not a group with attributes")
    if said.get("id") != manifest.run_id:
        raise DamagedRunError("its attribute 'id' is another run's")
    if said.get("schema_version") != manifest.schema_version:
        raise DamagedRunError("its attribute 'schema_version' differs from its manifest's")
    if collection == RUNS:
        try:
            configuration = json.loads(said["configuration"])
        except (ValueError, TypeError, KeyError, RecursionError):
            configuration = None
        if configuration != plain(manifest.configuration):
            raise DamagedRunError("its attribute 'configuration' differs from its manifest's")


def _group_attributes(file: str, node: Mapping[str, Any]) -> dict[str, Any]:
    said = node.get("attributes", {})
    known = {"attributes", "zarr_format", "node_type", "consolidated_metadata"}
    if not isinstance(said, dict) or node.keys() - known:
        raise DamagedRunError(f"{STORE}/{file} is not a group of a published run")
    return dict(said)


def _check_sizes(arrays: Mapping[str, StoredArray], manifest: Manifest, largest_bytes: int) -> None:
    """Refuse arrays that are far larger in memory than on disk, and more files than a run has."""
    total, chunks, most = 0, 0, max(SMALL_BYTES, LARGEST_GAIN * manifest.size)
    for path, array in arrays.items():
        total += array.nbytes
        chunks += math.prod(array.counts)
        if total > largest_bytes:
            raise DamagedRunError(f"its arrays need {total} bytes or more; --largest-bytes allows {largest_bytes}")
        if total > most:
            raise DamagedRunError(
                f"its arrays need {total} bytes or more, {LARGEST_GAIN} times what it has on disk; no run does"
            )
        if array.nbytes and array.chunk_bytes > LARGEST_CHUNK:
            raise DamagedRunError(f"{path}: a chunk is larger than {LARGEST_CHUNK} bytes")
        if chunks > MOST_FILES_OF_A_RUN:
            raise DamagedRunError(f"{path}: its arrays have {chunks} chunks; allowed are {MOST_FILES_OF_A_RUN}")


def _node(path: str, content: bytes) -> dict[str, Any]:
    refuse_swollen(content, f"{STORE}/{path}")
    try:
        node = json.loads(content)
        if node["zarr_format"] == 3 and node["node_type"] in ("group", "array"):
            return dict(node)
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise DamagedRunError(f"{STORE}/{path} is not Zarr v3 metadata")


def _check_consolidated(root: dict[str, Any], nodes: Mapping[str, dict[str, Any]]) -> None:
    """Compare the root's copy of all metadata, which readers use, with the files themselves."""
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


def check_array(array: StoredArray, version: str) -> None:
    """Compare an array's metadata with the schema, and refuse attributes by which readers change the numbers.

    xarray applies ``scale_factor`` and its like, and takes numbers for dates if their unit says so. What the
    schema knows has its dimensions, type, units and labels; words for people may have changed within a version.

    Raises
    ------
    DamagedRunError
    """
    said = array.attributes
    for name in DECODED & said.keys():
        raise DamagedRunError(f"{array.path} has an attribute {name!r}, by which readers would see other numbers")
    units = str(said.get("units", ""))
    if " since " in units or units in _TIME_UNITS:
        raise DamagedRunError(f"{array.path} has the units {units!r}: readers would see dates")
    spec = _specification(array.path)
    if spec is None:
        return
    if array.dims != spec.dims:
        raise DamagedRunError(f"{array.path} has dimensions {array.dims}; schema {version} has {spec.dims}")
    if array.dtype != spec.dtype:
        raise DamagedRunError(f"{array.path} is {array.dtype}; schema {version} has {spec.dtype}")
    expected = spec.attributes
    if "units" in expected and said.get("units") != expected["units"]:
        raise DamagedRunError(f"{array.path} has the units {units!r}; schema {version} has {expected['units']!r}")
    if spec.flags:
        # Labels are added behind those that there are, within a version too.
        words = str(said.get("flag_meanings", "")).split()
        numbers = list(range(1, len(words) + 1))
        if not words or tuple(words) != spec.flags[: len(words)] or said.get("flag_values") != numbers:
            raise DamagedRunError(f"{array.path} has other labels than schema {version}")


def check_values(array: StoredArray, position: tuple[int, ...], values: np.ndarray) -> None:
    """Refuse unknown labels, signs other than +1 and -1, and coordinates that do not count from 0.

    Raises
    ------
    DamagedRunError
    """
    spec = _specification(array.path)
    if spec is None or spec.dtype not in ("int8", "int64") or not values.size:
        return
    if spec.flags:
        most = len(str(array.attributes["flag_meanings"]).split())
        whole = values.min() >= 1 and values.max() <= most
    elif spec.dtype == "int8":
        whole = bool((np.abs(values) == 1).all())
    elif spec.dims == (spec.name,):
        start = position[0] * array.chunks[0]
        whole = bool((values == np.arange(start, start + len(values))).all())
    else:
        return
    if not whole:
        raise DamagedRunError(f"{array.path} has values without a meaning")


def _specification(path: str) -> Variable | None:
    group, _, name = path.rpartition("/")
    if group not in GROUPS:
        return None
    return _KNOWN[group].get(name) or COORDINATES.get(name)


def _check_groups(nodes: Mapping[str, dict[str, Any]], version: str) -> None:
    """Check that each group of the schema has its required variables; older runs may lack those added since."""
    if version != SCHEMA_VERSION:
        return
    for group, variables in GROUPS.items():
        if f"{group}/zarr.json" in nodes:
            missing = [v.name for v in variables if not v.optional and f"{group}/{v.name}/zarr.json" not in nodes]
            if missing:
                raise DamagedRunError(f"{group}/{missing[0]} is missing; schema {version} has it")
