"""Clearing away: what writers that were killed have left, and nothing that anybody may still be writing."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.arguments import refuse_below
from catalog.index import refreshed
from catalog.layout import COLLECTIONS
from catalog.storage import Storage, UnfinishedWrite

PATIENCE = 3600.0
"""Seconds without a write after which a leftover is taken for abandoned where nothing tells whether it is: in an
object store, on a disk without locks, and if another machine wrote it."""


@dataclass(frozen=True)
class CollectedGarbage:
    """What became of the leftovers.

    Attributes
    ----------
    removed, kept
        Those that were abandoned, and those that may not be.
    """

    removed: tuple[UnfinishedWrite, ...]
    kept: tuple[UnfinishedWrite, ...]


def collect_garbage(storage: Storage, patience: float = PATIENCE) -> CollectedGarbage:
    """Remove what is abandoned: what no process holds, and where that can't be told, what has been idle for long.

    The indexes are brought up to date too: a web server that lists nothing shares what they name.

    Parameters
    ----------
    patience
        Seconds; 0 to take everything for abandoned that no process is known to hold.

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


def is_abandoned(unfinished: UnfinishedWrite, patience: float = PATIENCE) -> bool:
    """Whether nobody is writing it any more."""
    if unfinished.at_work is None:
        return unfinished.idle_seconds >= patience
    return not unfinished.at_work
