"""Which storage an address means: the only module that knows all of them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from catalog.errors import CatalogError
from catalog.storage.address import ALLOWED, parsed_address
from catalog.storage.contract import Storage


def open_storage(url: str | Path | Storage) -> Storage:
    """Open the storage at ``url``; one that does not exist yet is empty, and nothing is created.

    Raises
    ------
    CatalogError
        For an address that can't be one.

    Examples
    --------
    >>> open_storage("file:///srv/runs%20of%20may").address("runs")
    PosixPath('/srv/runs of may/runs')
    """
    from catalog.storage.local import LocalStorage

    if isinstance(url, str | Path) and "\0" in str(url):
        raise CatalogError(f"the catalog's address {str(url)[:60]!r} has a zero character; allowed is {ALLOWED}")
    if isinstance(url, Path):
        return LocalStorage(url.expanduser().absolute())
    if not isinstance(url, str):
        if isinstance(url, Storage):
            return url
        raise CatalogError(f"the catalog's address is a {type(url).__name__}; allowed is {ALLOWED}")
    if not url.strip():
        raise CatalogError(f"the catalog's address is empty; allowed is {ALLOWED}")
    parts = parsed_address(url)
    if parts is None:
        return LocalStorage(Path(url).expanduser().absolute())
    if parts.scheme == "file":
        return LocalStorage(Path(unquote(parts.path)).absolute())
    if parts.scheme in ("http", "https"):
        from catalog.storage.http import open_http

        return open_http(url.rstrip("/"))
    from catalog.storage.object_store import open_object_store

    return open_object_store(url)
