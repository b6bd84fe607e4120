"""The origin of an imported run, recorded beside the runs, which are never changed.

A run's own files don't prove who made it. So its readers are told from where it was imported, when, and what could
not be checked. An export contains no origins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.errors import CatalogError
from catalog.layout import ORIGINS, RUNS
from catalog.self_digest import decode_with_digest, encode_with_digest

if TYPE_CHECKING:
    from catalog.manifest import Manifest
    from catalog.storage import Storage


@dataclass(frozen=True)
class Origin:
    """From where a run was imported into this catalog.

    Attributes
    ----------
    source
        The address that was imported.
    at
        When: UTC, ISO 8601.
    published
        When the run was first published, according to its manifest. If the run was computed here since, the dates
        differ, and the origin does not apply.
    unchecked
        What could not be checked of it, each in a few words.
    """

    source: str
    at: str
    published: str
    unchecked: tuple[str, ...] = ()

    def columns(self) -> dict[str, str]:
        """Return its columns of the table of runs."""
        return {"imported_from": self.source, "imported_at": self.at}


def origin_key(run_id: str, collection: str = RUNS) -> str:
    """Return the key of a run's origin."""
    return f"{ORIGINS}/{collection}/{run_id}.json"


def write_origin(storage: Storage, run_id: str, origin: Origin, collection: str = RUNS) -> None:
    """Write the origin of a run, durably.

    Raises
    ------
    DiskFullError, CatalogUnwritableError
    """
    storage.write(origin_key(run_id, collection), encode_with_digest(vars(origin)))


def read_origin(storage: Storage, manifest: Manifest, collection: str = RUNS) -> Origin | None:
    """Read the origin of a run; None if the run was computed here, or the record is damaged (verify finds it)."""
    try:
        origin = parse_origin(storage.read(origin_key(manifest.run_id, collection)))
    except (OSError, CatalogError, ValueError, RecursionError):
        return None
    return origin if origin.published == manifest.created else None


def parse_origin(content: bytes) -> Origin:
    """Read an origin from the bytes of its file.

    Raises
    ------
    ValueError, RecursionError
        If it is none, or damaged.
    """
    said = decode_with_digest(content)
    try:
        unchecked = tuple(map(str, said["unchecked"]))
        return Origin(str(said["source"]), str(said["at"]), str(said["published"]), unchecked)
    except (KeyError, TypeError) as error:
        raise ValueError("it is not a record of an origin") from error
