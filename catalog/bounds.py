"""Bounds on what is read from files of unknown origin: bytes, names, and the contents of a JSON document.

A catalog may come from anybody, or from a faulty server. Each bound is well above what a run of ours has, and
small enough that no response fills the memory. Standard library only.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from catalog.errors import DamagedRunError

LARGEST_DOCUMENT = 16 * 2**20
"""Bytes of a manifest, or of a page of links: a manifest of 100,000 files has 13 MB."""
LARGEST_INDEX = 24 * 2**20
"""Bytes of an index behind a web server: 700 for each run."""
LARGEST_FILE = 64 * 2**20
"""Bytes of one file of a store behind a web server: ours are chunks of 4 MiB, or one instant of a large run."""
MOST_NAMES = 20_000
"""Runs, or sweeps, that a web server may name: each is a request of some 2 ms where it names them and has none."""
MOST_TABLES = 500_000
"""Tables and lists of one JSON document: an empty one takes 3 bytes of text and 72 of memory."""
MOST_VALUES = 4_000_000
"""Values of one JSON document (an index has 105 for each run): 64 bytes of memory each beside its text."""


def refuse_length(key: str, limit: int) -> NoReturn:
    """Raise for a file that is longer than its limit.

    Raises
    ------
    DamagedRunError
    """
    raise DamagedRunError(f"{key} is longer than the {limit} bytes that are allowed")


def parse_json(content: bytes, **options: Any) -> Any:
    """Parse a JSON document of unknown origin.

    Parameters
    ----------
    options
        As :func:`json.loads` takes them.

    Raises
    ------
    ValueError
        If it is no JSON, nested without end, or would take many times its length in memory.
    """
    if content.count(b"[") + content.count(b"{") > MOST_TABLES:
        raise ValueError(f"it has more than {MOST_TABLES:,} tables and lists")
    if content.count(b",") > MOST_VALUES:
        raise ValueError(f"it has more than {MOST_VALUES:,} values")
    try:
        return json.loads(content, **options)
    except RecursionError:
        raise ValueError("its tables are nested too deeply") from None
