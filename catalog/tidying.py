"""Clearing away: what writers that were killed have left, and nothing that anybody may still be writing."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.arguments import refuse_below
from catalog.layout import SHELVES
from catalog.places import Leftover, Place
from catalog.shelf_index import refreshed

PATIENCE = 3600.0
"""Seconds without a write after which a leftover is taken for abandoned where nothing tells whether it is: in an
object store, on a disk without locks, and if another machine wrote it."""


@dataclass(frozen=True)
class Tidied:
    """What became of the leftovers.

    Attributes
    ----------
    removed, kept
        Those that were abandoned, and those that may not be.
    """

    removed: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]


def tidy(place: Place, patience: float = PATIENCE) -> Tidied:
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
    for shelf in SHELVES:
        refreshed(place, shelf, worth=0)
    removed: list[Leftover] = []
    kept: list[Leftover] = []
    for leftover in place.leftovers():
        abandoned = is_abandoned(leftover, patience)
        (removed if abandoned and place.reclaim(leftover) else kept).append(leftover)
    return Tidied(tuple(removed), tuple(kept))


def is_abandoned(leftover: Leftover, patience: float = PATIENCE) -> bool:
    """Whether nobody is writing it any more."""
    if leftover.at_work is None:
        return leftover.idle_seconds >= patience
    return not leftover.at_work
