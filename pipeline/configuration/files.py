"""A file of numbers that a configuration names: pinned by its content, read, refused in one line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pipeline.configuration.bounds import read_bytes
from pipeline.configuration.wording import one_line, shown
from pipeline.inputs.errors import RequestError

Found = TypeVar("Found")

TABLES_WITH_FILES = ("data", "init", "data.test")
"""The tables that have a key ``file``."""


def tables_with_files(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables of a configuration that may have a file, as far as they are there."""
    for table in TABLES_WITH_FILES:
        keys: Any = values
        for part in table.split("."):
            keys = keys.get(part) if isinstance(keys, dict) else None
        if isinstance(keys, dict):
            yield keys


def pin_file(values: dict[str, Any], table: str) -> None:
    """Make a table's ``file`` absolute and note its digest: the file's content is part of the run's identity.

    Parameters
    ----------
    values
        What was read of the whole configuration; changed in place.
    table
        One of :data:`TABLES_WITH_FILES`.

    Raises
    ------
    RequestError
        If there is no such file, or the digest is given.
    """
    keys: Any = values
    for part in table.split("."):
        keys = keys.get(part) if isinstance(keys, dict) else None
    if not isinstance(keys, dict):
        return
    if keys.get("file_sha256") is not None:
        raise RequestError(f"{table}.file_sha256 = {shown(keys['file_sha256'])}: not allowed, it is computed")
    if not isinstance(keys.get("file"), str):
        return
    path = Path(keys["file"]).expanduser()
    try:
        digest = hashlib.sha256(read_bytes(path)).hexdigest()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise RequestError(f"{table}.file = {keys['file']!r}: {reason or error}") from None
    keys["file"], keys["file_sha256"] = str(path.resolve()), digest


def read_pinned(
    table: str, file: str, digest: str | None, readers: Mapping[str, Callable[[bytes], Found]]
) -> Found:
    """Read a table's ``file`` by its ending.

    Parameters
    ----------
    digest
        What its content must still have; None: whatever it has.
    readers
        For each ending allowed what makes sense of the content; a ValueError says why it can't.

    Raises
    ------
    RequestError
        If it can't be read, or is no longer the file that the run is named by.
    """
    path = Path(file)
    reader = readers.get(path.suffix.lower())
    try:
        if reader is None:
            raise ValueError(f"allowed are the endings {', '.join(readers)}")
        content = read_bytes(path)
        if digest not in (None, hashlib.sha256(content).hexdigest()):
            raise ValueError("it was changed while it was read")
        return reader(content)
    except OSError as error:
        raise RequestError(f"{table}.file = {path.name!r}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{table}.file = {path.name!r}: {one_line(str(error))}") from None
