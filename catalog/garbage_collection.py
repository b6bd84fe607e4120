"""Garbage collection: remove the unfinished writes of killed processes, and none that may still be written."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.arguments import refuse_below
from catalog.index import refreshed
from catalog.layout import COLLECTIONS
from catalog.storage import Storage, UnfinishedWrite

ABANDONED_SECONDS = 3600.0
"""Seconds without a write after which an unfinished write counts as abandoned where no lock tells: in an object
store, on a disk without locks, and if another machine wrote it."""


@dataclass(frozen=True)
class CollectedGarbage:
    """The result of a garbage collection.

    Attributes
    ----------
    removed, kept
        The unfinished writes that were abandoned, and those that may not be.
    """

    removed: tuple[UnfinishedWrite, ...]
    kept: tuple[UnfinishedWrite, ...]


def collect_garbage(storage: Storage, patience: float = ABANDONED_SECONDS) -> CollectedGarbage:
    """Remove unfinished writes that no process is at or, where that is not known, that have been idle for long.

    The indexes are brought up to date too: behind a web server that lists nothing, they name the runs.

    Parameters
    ----------
    patience
        Seconds; 0 to remove everything that no process is known to write.

    Raises
    ------
    CatalogError
        If the catalog can't be read or written.
    """
    refuse_below("patience", patience, 0, "a number of seconds")
    for collection in COLLECTIONS:
        refreshed(storage, collection, worth=0)
    removed: list[UnfinishedWrite] = []
    kept: list[UnfinishedWrite] = []
    for unfinished in storage.unfinished_writes():
        abandoned = is_abandoned(unfinished, patience)
        (removed if abandoned and storage.reclaim(unfinished) else kept).append(unfinished)
    return CollectedGarbage(tuple(removed), tuple(kept))


def is_abandoned(unfinished: UnfinishedWrite, patience: float = ABANDONED_SECONDS) -> bool:
    """Whether nobody is writing it any more."""
    if unfinished.at_work is None:
        return unfinished.idle_seconds >= patience
    return not unfinished.at_work
