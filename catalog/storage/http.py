"""A catalog behind a web server: files that anyone may read, and a list of them if the server gives one.

Servers that show folders as pages of links (Python's own, many others) are asked for it; for the others the names
are read from ``index/<collection>.json``.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, Any, NoReturn
from urllib.parse import unquote, urljoin, urlsplit

import aiohttp
from fsspec.asyn import sync

from catalog.bounds import LARGEST_DOCUMENT, LARGEST_FILE, LARGEST_INDEX, MOST_NAMES
from catalog.errors import CatalogError, CatalogUnwritableError, DamagedRunError, UnreachableError
from catalog.layout import COLLECTIONS, INDEX, RUNS, is_run_id
from catalog.self_digest import names_listed
from catalog.storage.bounded_http import BoundedHTTPFileSystem, Patience, Server
from catalog.storage.contract import Digest, Irregularity, UnfinishedWrite, Writer
from catalog.storage.object_store import ObjectStore

PATIENCE = Patience()
"""How long any web server may take."""
# No part of it can match in two ways: a page of nothing but `<a <a <a` takes no longer than another.
_LINK = re.compile(r"<[aA]\s[^<>]*?[hH][rR][eE][fF]\s*=\s*[\"']([^\"'<>]+)")


def open_http(url: str) -> HttpStorage:
    """Open the storage behind a web server; no request is made yet."""
    return HttpStorage(url, BoundedHTTPFileSystem(server=Server(PATIENCE)), url)


class HttpStorage(ObjectStore):
    """A web server."""

    @property
    def read_only(self) -> bool:
        """True."""
        return True

    def is_there(self) -> bool:
        """True: for what is no catalog, :meth:`names` raises the error."""
        return True

    def exists(self, key: str) -> bool:
        """Whether the server has a file; a page at the catalog's own address does not count."""
        return bool(key) and super().exists(key)

    def is_folder(self, key: str) -> bool:
        """True: what the index names; some servers show a page for a folder, others refuse."""
        return True

    def store(self, key: str) -> Any:
        """Open a Zarr store that reads within the same bounds."""
        from zarr.storage import FsspecStore

        return FsspecStore(self.system.for_zarr(), read_only=True, path=self.path(key))

    def names(self, folder: str) -> list[str]:
        """List ``folder`` from the server's page, or else from the index.

        Raises
        ------
        CatalogError
            If neither is there: then this is no catalog, or one whose index was never written. And if there are
            too many names, or one that no run has: it might lead elsewhere.
        """
        if folder not in COLLECTIONS:
            return []
        with suppress(FileNotFoundError, DamagedRunError, OSError, aiohttp.ClientError):
            listed = self._linked(folder)
            if listed:
                return _counted(self.url, listed)
        key = f"{INDEX}/{folder}.json"
        try:
            found = names_listed(self.read(key, LARGEST_INDEX))
        except FileNotFoundError:
            if folder == RUNS:
                raise CatalogError(
                    f"the catalog {self.url} can't be read: the server lists no folders, and there is no "
                    f"{INDEX}/{RUNS}.json (`reluflow gc` writes it where the catalog lies)"
                ) from None
            return []
        except DamagedRunError as error:
            raise CatalogError(f"the catalog {self.url} can't be read: {error}") from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise CatalogError(f"the catalog {self.url} can't be read: {key} is damaged") from None
        for name in _counted(self.url, found):
            if not (isinstance(name, str) and is_run_id(name)):
                wrong = f"{key} names {str(name)[:60]!r}, which is not the name of a run"
                raise CatalogError(f"the catalog {self.url} can't be read: {wrong}")
        return sorted(set(found))

    def _linked(self, folder: str) -> list[str]:
        """List ``folder`` from the server's page of links; links to other places are left out."""
        page = f"{self.path(folder)}/"
        parts: list[bytes] = []
        response = self._fetch(page, LARGEST_DOCUMENT, parts.append, PATIENCE.document)
        if response.headers.get("Content-Type", "text/html").partition(";")[0].strip().lower() != "text/html":
            return []
        found: set[str] = set()
        for link in _LINK.finditer(b"".join(parts).decode(errors="replace")):
            with suppress(ValueError):  # an address that is none
                path = urlsplit(urljoin(page, link[1]))._replace(query="", fragment="").geturl()
                name = unquote(path.removeprefix(page).removesuffix("/")) if path.startswith(page) else ""
                if is_run_id(name):
                    found.add(name)
            if len(found) > MOST_NAMES:
                break
        return sorted(found)

    def read(self, key: str, limit: int | None = None) -> bytes:
        """Read a file; FileNotFoundError if there is none.

        Raises
        ------
        DamagedRunError
            If it is longer than ``limit``.
        UnreachableError
            If the server is too slow.
        """
        parts: list[bytes] = []
        most = LARGEST_FILE if limit is None else limit
        total = PATIENCE.document if key.endswith(".json") and most <= LARGEST_INDEX else None
        with self._reading():
            self._fetch(self.path(key), most, parts.append, total)
        return b"".join(parts)

    @contextmanager
    def open_stream(self, key: str, limit: int, beginning: bytes = b"") -> Iterator[IO[bytes]]:
        """Fetch a file into an unnamed one; reading ends at once if it does not begin as it should.

        Raises
        ------
        ValueError, DamagedRunError, UnreachableError
        """
        with tempfile.TemporaryFile() as file:

            def take(piece: bytes) -> None:
                if file.tell() == 0 and not beginning.startswith(piece[: len(beginning)]):
                    raise ValueError(f"it does not begin with {beginning!r}")
                file.write(piece)

            self._fetch(self.path(key), limit, take)
            file.seek(0)
            yield file

    def _fetch(self, url: str, limit: int, take: Any, total: float | None = None) -> aiohttp.ClientResponse:
        response: aiohttp.ClientResponse = sync(self.system.loop, self.system.fetch, url, limit, take, total)
        return response

    def _digest(self, path: str, size: int) -> Digest | Irregularity:
        """Compute the digest of a file while it is received, at most to its expected size."""
        if size > LARGEST_FILE:
            return Irregularity.UNREADABLE
        digest, sizes = hashlib.sha256(), [0]

        def take(piece: bytes) -> None:
            digest.update(piece)
            sizes.append(len(piece))

        try:
            self._fetch(path, size, take)
        except DamagedRunError:
            return Digest(size + 1, "")
        except FileNotFoundError:
            return Irregularity.MISSING
        except UnreachableError:  # all the other files would say the same
            raise
        except Exception:
            return Irregularity.UNREADABLE
        return Digest(sum(sizes), digest.hexdigest())

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

    def unexpected_files(self, folder: str, expected: Collection[str]) -> Iterator[str]:
        """Return none: nothing can be listed."""
        return iter(())

    def unfinished_writes(self) -> list[UnfinishedWrite]:
        """Return none: nothing can be listed."""
        return []

    def _refuse(self) -> NoReturn:
        raise CatalogUnwritableError(f"the catalog {self.url} can't be written: over http it can only be read")


def _counted(url: str, names: list[Any]) -> list[Any]:
    """Refuse more names than the limit."""
    if len(names) > MOST_NAMES:
        raise CatalogError(
            f"the catalog {url} can't be read: it names more than {MOST_NAMES:,} runs; fewer are allowed"
        )
    return names
