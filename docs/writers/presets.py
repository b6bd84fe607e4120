"""The experiments that come with reluflow, from their own files."""

from __future__ import annotations

from pipeline import load_config
from pipeline.configuration import presets
from writers.schema import escape


def write() -> str:
    """A table of all presets with their titles and descriptions."""
    rows = []
    for name in presets():
        config = load_config(name)
        rows.append(f"| `{name}` | {escape(config.title)}. {escape(config.description)} |")
    return "\n".join(["| preset | what it is |", "|---|---|", *rows]) + "\n"
