"""A catalog behind a web server: files that anyone may read, and a list of them if the server gives one.

Servers that show folders as pages of links (Python's own, many others) are asked for it; of the others what lies
there is known from ``index/<shelf>.json``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any, NoReturn

from catalog.errors import CatalogError, CatalogUnwritableError
from catalog.layout import INDEX, RUNS, SHELVES
from catalog.places.place import Leftover, Writer
from catalog.places.remote import RemotePlace
from catalog.sealed import names_listed

CONNECTING, SILENT = 10.0, 30.0
"""Seconds that a web server may take to answer a call, and be silent while it sends. fsspec waits for 300."""


def patience() -> dict[str, Any]:
    """Return the options by which fsspec gives up on a server that says nothing."""
    import aiohttp

    return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(None, sock_connect=CONNECTING, sock_read=SILENT)}}


class WebPlace(RemotePlace):
    """A web server."""

    @property
    def read_only(self) -> bool:
        """True."""
        return True

    def is_there(self) -> bool:
        """True: who reads a place that is no catalog is told so by :meth:`names`."""
        return True

    def exists(self, key: str) -> bool:
        """Whether the server has a file; at the catalog's own address it may show a page, which is none."""
        return bool(key) and super().exists(key)

    def is_folder(self, key: str) -> bool:
        """True: what the index names; some servers show a page for a folder, others refuse."""
        return True

    def names(self, folder: str) -> list[str]:
        """Name what the server, or else the index, says is in ``folder``.

        Raises
        ------
        CatalogError
            If neither is there: then this is no catalog, or one whose index was never written.
        """
        if folder not in SHELVES:
            return []
        with suppress(CatalogError):
            listed = super().names(folder)
            if listed:
                return listed
        try:
            return sorted(names_listed(self.read(f"{INDEX}/{folder}.json")))
        except FileNotFoundError:
            if folder == RUNS:
                raise CatalogError(
                    f"the catalog {self.url} can't be read: the server lists no folders, and there is no "
                    f"{INDEX}/{RUNS}.json (`reluflow gc` writes it where the catalog lies)"
                ) from None
            return []
        except (ValueError, TypeError, KeyError, RecursionError):
            raise CatalogError(f"the catalog {self.url} can't be read: {INDEX}/{folder}.json is damaged") from None

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
