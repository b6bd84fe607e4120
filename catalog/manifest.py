"""The manifest: one JSON file that describes a run and holds the digest of each of its files.

It is read without xarray (a cache hit, a listing and a verification need nothing else). It is written last, so
that all files that it names are complete once it exists. Digests are needed although every chunk has a
checksum: ``zarr.json`` has none, and a changed bit there can make a variable vanish without an error.
"""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.bounds import LARGEST_DOCUMENT
from catalog.errors import DamagedRunError
from catalog.layout import RUNS, manifest_key, run_key
from catalog.self_digest import decode_with_digest, encode_with_digest

if TYPE_CHECKING:
    from catalog.storage import Storage

# Zarr v3's own spelling of these in JSON, which has no such numbers; a strict parser refuses a bare NaN.
_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def plain(value: Any, where: str = "value") -> Any:
    """Turn ``value`` into what strict JSON holds: NumPy scalars into numbers, NaN and inf into their names.

    Parameters
    ----------
    value
        Texts, numbers, truth values, None, dates, paths, NumPy scalars and arrays; tables and lists of them.
    where
        What to call it in the error.

    Raises
    ------
    TypeError
        If it holds anything else.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, where) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    # NumPy and xarray objects, without importing either; then enumerations that are text or numbers.
    for convert in ("tolist", "item"):
        if hasattr(value, convert):
            return plain(getattr(value, convert)(), where)
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    raise TypeError(f"{where}: {type(value).__name__} can't be written as JSON")


def restored(value: Any) -> Any:
    """Undo :func:`plain` for NaN and inf; a text that is one of the three names becomes the number."""
    if isinstance(value, dict):
        return {key: restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restored(item) for item in value]
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Manifest:
    """A run's configuration, results and provenance, and the digest of every file.

    Attributes
    ----------
    run_id, schema_version
        The run's name and the version of its layout.
    created
        UTC, ISO 8601.
    configuration
        The whole resolved configuration, nested as in its TOML file.
    summary
        Every scalar result: a number, a truth value, a text or None. NaN and inf are ``"NaN"``,
        ``"Infinity"`` and ``"-Infinity"`` in the file (as Zarr v3 spells them) and floats here.
    provenance
        Versions, code revision, machine, wall time.
    files
        ``{relative POSIX path: {"size": bytes, "sha256": hexadecimal}}``, all files but the manifest.
    """

    run_id: str
    schema_version: str
    created: str
    configuration: dict[str, Any]
    summary: dict[str, Any]
    provenance: dict[str, Any]
    files: dict[str, dict[str, Any]]

    def __post_init__(self) -> None:
        """Refuse a manifest that could not be what this module writes."""
        for name in ("run_id", "schema_version", "created"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is not a text")
        for name in ("configuration", "summary", "provenance", "files"):
            if not isinstance(getattr(self, name), dict):
                raise ValueError(f"{name} is not a table")
        for key, value in self.summary.items():
            if isinstance(value, dict | list | tuple):
                raise ValueError(f"summary.{key} is not a scalar")
        for path, entry in self.files.items():
            # A manifest from elsewhere must not lead verification or a later export out of the run's folder.
            if not path or path.startswith("/") or ".." in path.split("/"):
                raise ValueError(f"files: {path!r} leads out of the run")
            if not (isinstance(entry, dict) and type(entry.get("size")) is int and "sha256" in entry):
                raise ValueError(f"files: {path!r} has no size and sha256")

    @property
    def size(self) -> int:
        """Bytes of all files but the manifest."""
        return sum(entry["size"] for entry in self.files.values())

    def to_bytes(self) -> bytes:
        """Encode the file: strict JSON whose ``self_digest`` covers every other byte of it."""
        return encode_with_digest(plain(vars(self), "manifest"), indent=1, allow_nan=False)


def parse(content: bytes) -> Manifest:
    """Read a manifest from the bytes of its file.

    Raises
    ------
    ValueError
        If it is no manifest, or any bit of it differs from what was written.
    """
    document = decode_with_digest(content)
    for key in ("configuration", "summary", "provenance"):
        document[key] = restored(document.get(key))
    try:
        return Manifest(**document)
    except TypeError as error:
        raise ValueError(f"it has other keys than a manifest: {sorted(document)}") from error


def read_manifest(storage: Storage, run_id: str, collection: str = RUNS) -> Manifest:
    """Read the manifest of a run.

    Raises
    ------
    FileNotFoundError
        If there is no run.
    DamagedRunError
        If the manifest is damaged or belongs to another run.
    """
    where = storage.address(run_key(run_id, collection))
    try:
        manifest = parse(storage.read(manifest_key(run_id, collection), LARGEST_DOCUMENT))
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no run at {where}") from None
    except OSError as error:
        raise DamagedRunError(f"the manifest of {where} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DamagedRunError(f"the manifest of {where} is damaged: {reason}") from error
    if manifest.run_id != run_id:
        raise DamagedRunError(f"the manifest in {where} belongs to another run, {manifest.run_id}")
    return manifest
