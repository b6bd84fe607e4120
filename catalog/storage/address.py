"""Addresses and paths of this machine: an address begins with a scheme and a colon."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from catalog.errors import CatalogError

ALLOWED = (
    "a path, file:///path, s3://bucket/path, gs://bucket/path, az://container/path, http://host/path (read only)"
)
# More could be opened by fsspec, but few of them write a run as a whole, and some (data:, simplecache::) can
# hold no catalog.
SCHEMES = frozenset({"file", "http", "https", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory"})
"""The schemes at which a catalog can be."""
# Two letters or more: `C:` is a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def parsed_address(text: str) -> SplitResult | None:
    """Split an address; None if ``text`` is a path of this machine.

    Raises
    ------
    CatalogError
        If it is an address at which no catalog can be.

    Examples
    --------
    >>> parsed_address("s3://bucket/flows").netloc
    'bucket'
    >>> parsed_address("runs of may") is None
    True
    """
    if not _SCHEME.match(text):
        return None
    scheme = text.partition(":")[0].lower()
    if scheme not in SCHEMES:
        raise CatalogError(
            f"{text}: the scheme {scheme!r} is not known; allowed is {ALLOWED}; a file of this name is ./{text}"
        )
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  a number, or ValueError
    except ValueError as error:
        raise CatalogError(f"{text} is not an address ({error}); allowed is {ALLOWED}") from None
    if scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise CatalogError(f"{text} is on another machine ({parts.netloc}); allowed is {ALLOWED}")
        if not parts.path.startswith("/"):
            raise CatalogError(f"{text} has no path; allowed is {ALLOWED}")
    elif not text[len(scheme) + 1 :].startswith("//") or not (parts.hostname or "").strip("."):
        where = "host" if scheme.startswith("http") else "bucket"
        raise CatalogError(f"{text} has no {where}; allowed is {ALLOWED}")
    return parts


def local_path(text: str, what: str, hint: str = "") -> str:
    """Return a path of this machine where no address is allowed.

    Raises
    ------
    CatalogError
        If it is an address.
    """
    if _SCHEME.match(text):
        raise CatalogError(f"{what} {text}: allowed is a local path; a file of this name is ./{text}{hint}")
    return text
