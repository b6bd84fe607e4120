"""JSON with a digest of itself, by which a reader detects every changed bit.

The digest does not say who wrote the file: it detects accidents, not forgery.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from catalog.bounds import parse_json

_KEY = "self_digest"
_NO_DIGEST = "0" * 64


def encode_with_digest(document: Mapping[str, Any], **options: Any) -> bytes:
    """Encode a document with one more key, the last one: a digest that covers every other byte.

    ``self_digest`` is the SHA-256 of the file with 64 zeros in its place: anyone can check it with ``sed`` and
    ``sha256sum``. A digest of the parsed values would miss a flip in white space.

    Parameters
    ----------
    document
        What JSON holds.
    options
        Of :func:`json.dumps`.
    """
    blank = (json.dumps({**document, _KEY: _NO_DIGEST}, **options) + "\n").encode()
    before, _, after = blank.rpartition(_NO_DIGEST.encode())
    return before + hashlib.sha256(blank).hexdigest().encode() + after


def decode_with_digest(content: bytes, *, constants: bool = False, bounded: bool = True) -> dict[str, Any]:
    """Decode what :func:`encode_with_digest` has written, without the digest.

    Parameters
    ----------
    content
        The file's.
    constants
        Whether Python's NaN and Infinity may be in it, which are no JSON.
    bounded
        Whether the bounds for documents of unknown origin apply (:func:`catalog.bounds.parse_json`).

    Raises
    ------
    ValueError
        If it is something else, or any bit of it differs from what was written.
    RecursionError
        If it is nested too deeply.
    """
    parse = parse_json if bounded else json.loads
    document = parse(content, parse_constant=None if constants else _refuse_constant)
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")
    digest = document.pop(_KEY, None)
    before, found, after = content.rpartition(str(digest).encode())
    if not found or hashlib.sha256(before + _NO_DIGEST.encode() + after).hexdigest() != digest:
        raise ValueError("its own digest differs")
    return document


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


_INDEX_WITHOUT_DIGEST = 1
"""The version of the last index without a digest: exports of that time are still on the web."""


def names_listed(content: bytes) -> list[str]:
    """Read only the names of the runs from the index of a collection.

    Raises
    ------
    ValueError, TypeError, KeyError, RecursionError
        If it is not an index, or damaged.
    """
    found = parse_json(content)
    if found["version"] != _INDEX_WITHOUT_DIGEST:
        found = decode_with_digest(content, constants=True)
    names = found["run_ids"]
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise TypeError("run_ids is not a list of names")
    return list(names)
