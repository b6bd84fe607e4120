"""How a value and a message are written on one line."""

from __future__ import annotations

from typing import Any


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())


def shown(value: Any) -> str:
    """The value as it would stand in a TOML file, more or less, cut where nobody reads on."""
    try:
        text = repr(value) if not isinstance(value, bool) else str(value).lower()
    except (ValueError, RecursionError):  # more digits, or lists in lists, than Python writes
        text = "a value too long to be written"
    text = one_line(text)
    return text if len(text) <= 60 else f"{text[:57]}..."
