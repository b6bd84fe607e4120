"""How a value and a message are written on one line."""

from __future__ import annotations

from typing import Any

from pipeline.inputs import arguments


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())


def shown(value: Any) -> str:
    """The value as it would stand in a TOML file, more or less, cut where nobody reads on."""
    return str(value).lower() if isinstance(value, bool) else arguments.shown(value)
