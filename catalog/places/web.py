"""A catalog behind a web server: files that anyone may read, and no list of them but the index."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from typing import NoReturn

from catalog.errors import CatalogError, CatalogUnwritableError
from catalog.layout import INDEX, RUNS, SHELVES
from catalog.places.place import Leftover, Writer
from catalog.places.remote import RemotePlace


class WebPlace(RemotePlace):
    """A web server. What lies there is known from ``index/<shelf>.json``, which listing the catalog writes."""

    @property
    def read_only(self) -> bool:
        """True."""
        return True

    def names(self, folder: str) -> list[str]:
        """Name what the index says is in ``folder``; of folders without an index nothing is known.

        Raises
        ------
        CatalogError
            If there is no index of the runs: then this is no catalog, or one that was never listed.
        """
        if folder not in SHELVES:
            return []
        try:
            return sorted(map(str, json.loads(self.read(f"{INDEX}/{folder}.json"))["run_ids"]))
        except FileNotFoundError:
            if folder == RUNS:
                raise CatalogError(
                    f"the catalog {self.url} can't be read: it has no {INDEX}/{RUNS}.json "
                    "(`reluflow list` writes it where the catalog lies)"
                ) from None
            return []
        except (ValueError, TypeError, KeyError):
            raise CatalogError(f"the catalog {self.url} can't be read: {INDEX}/{folder}.json is damaged") from None

    def holding(self, folder: str, name: str, trusted: Collection[str] = ()) -> dict[str, str]:
        """Take the index's word; whoever opens a run finds out whether it is still there."""
        return dict.fromkeys(self.names(folder), "")

    def write(self, key: str, content: bytes) -> NoReturn:
        """Refuse."""
        self._refuse()

    def remove(self, key: str) -> NoReturn:
        """Refuse."""
        self._refuse()

    def writing(self, destination: str) -> AbstractContextManager[Writer]:
        """Refuse."""
        self._refuse()

    def check_writable(self, destination: str) -> NoReturn:
        """Refuse."""
        self._refuse()

    def strangers(self, folder: str, expected: Collection[str]) -> Iterator[str]:
        """Find none: nothing can be listed."""
        return iter(())

    def leftovers(self) -> list[Leftover]:
        """Find none: nothing can be listed."""
        return []

    def _refuse(self) -> NoReturn:
        raise CatalogUnwritableError(f"the catalog {self.url} can't be written: over http it can only be read")
