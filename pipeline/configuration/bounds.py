"""A user's file, read within bounds: a regular file of a size, and TOML of a depth, that a computer can take.

A path may lead to a pipe that nobody writes to, to a device without end, or to a file that somebody else made.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

LARGEST_TOML = 4 * 2**20
"""Bytes of a configuration: tomllib reads some 2 MB a second. More numbers belong in a file of their own."""
LARGEST_TEXT = 128 * 2**20
"""Bytes of a table of numbers as text: a careful reading takes 16 times as much memory."""
LARGEST_ARRAYS = 2**30
"""Bytes of arrays, in a file and as numbers: a file of 1 MB may unpack to 1,000 times as much."""
DEEPEST = 16
"""Parts of a dotted key. tomllib's memory goes with their square; ours have four at most."""
MOST_KEYS = 20_000
MOST_LISTS = 200_000
"""Keys, and tables and lists, of a configuration: tomllib takes 1 kB for each part of a key."""
_LARGEST = {".toml": LARGEST_TOML} | dict.fromkeys((".csv", ".tsv", ".txt", ".dat"), LARGEST_TEXT)
_TEXTS = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)  # fmt: skip
_DEEP = re.compile(rf"(?<![\w-])(?:[\w-]+[ \t]*\.[ \t]*){{{DEEPEST}}}")


def read_bytes(path: Path) -> bytes:
    """Read a file whole, as large as one of its ending may be.

    Raises
    ------
    OSError
        If the system can't read it.
    ValueError
        If it is no regular file, or too large; or its name is none.
    """
    most = _LARGEST.get(path.suffix.lower(), LARGEST_ARRAYS)
    # Not blocking: opening a pipe would wait for somebody who writes to it.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("a regular file is allowed, no folder, pipe or device")
        if status.st_size > most:
            raise ValueError(f"it has {status.st_size:,} bytes: at most {most:,} are allowed{_elsewhere(path)}")
        parts, left = [], most
        while left >= 0 and (part := os.read(descriptor, min(left + 1, 2**24))):
            parts.append(part)
            left -= len(part)
    finally:
        os.close(descriptor)
    if left < 0:
        raise ValueError(f"it has more than {most:,} bytes, which are allowed")
    return b"".join(parts)


def _elsewhere(path: Path) -> str:
    """Where more numbers than this format takes belong."""
    return " (npy and npz take more)" if path.suffix.lower() in _LARGEST else ""


def decode_text(content: bytes) -> str:
    """Decode a text file: UTF-8 with a byte order mark or without, or UTF-16 with one, as Windows writes them.

    Raises
    ------
    ValueError
        If it is neither.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"byte {error.start + 1} is no text of the encoding {error.encoding}"
        raise ValueError(f"{what}: save it as UTF-8 (in Excel: CSV UTF-8)") from None


def parse_toml(content: bytes | str) -> dict[str, Any]:
    """Parse TOML of which nobody knows who wrote it.

    Raises
    ------
    ValueError
        If it is none, too large, or so deep that reading it would fill the memory.
    """
    text = decode_text(content) if isinstance(content, bytes) else content
    if len(text) > LARGEST_TOML:
        raise ValueError(f"it has {len(text):,} characters: at most {LARGEST_TOML:,} are allowed")
    bare = _TEXTS.sub("s", text)
    if found := _DEEP.search(bare):
        line = bare.count("\n", 0, found.start()) + 1
        raise ValueError(f"a key near line {line} has more than {DEEPEST} parts, which are allowed")
    for signs, most, what in (("=", MOST_KEYS, "keys"), ("[{", MOST_LISTS, "lists and tables")):
        count = sum(map(bare.count, signs))
        if count > most:
            raise ValueError(f"it has {count:,} {what}: at most {most:,} are allowed")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError("its lists or tables are nested too deeply") from None
    except ValueError:  # Python's own bound on what it converts, quadratic in its length
        raise ValueError("it has a number of more than 4,300 digits, which are allowed") from None
