"""The configuration's keys, from the tables that read it."""

from __future__ import annotations

import re
from inspect import cleandoc

from pydantic import BaseModel

from pipeline.configuration.data_table import DataConfig
from pipeline.configuration.held_out_table import HeldOutConfig
from pipeline.configuration.init_table import InitConfig
from pipeline.configuration.tables import AnalysisConfig, FlowConfig
from writers.schema import escape

TABLES: dict[str, type[BaseModel]] = {
    "data": DataConfig,
    "data.test": HeldOutConfig,
    "init": InitConfig,
    "flow": FlowConfig,
    "analysis": AnalysisConfig,
}


def meanings(table: type[BaseModel]) -> dict[str, str]:
    """What a table's docstring says of each key; keys that it explains together share a text."""
    text = cleandoc(table.__doc__ or "").split("Attributes\n----------\n")[1]
    entries = re.findall(r"^(\S.*)\n((?:    .*\n?)+)", text, flags=re.MULTILINE)
    return {
        name.strip(): " ".join(meaning.split()).replace("``", "`")
        for names, meaning in entries
        for name in names.split(",")
    }


def row(table: str, key: str, meaning: str, default: object) -> str:
    """One key as a table's row: code stays code, all else is protected from Markdown."""
    said = "".join(part if i % 2 else escape(part) for i, part in enumerate(re.split(r"(`[^`]*`)", meaning)))
    shown = "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    return f"| `{table}.{key}` | {shown} | {said} |"


def write() -> str:
    """All keys that a TOML file, ``--set`` and ``load_config`` take."""
    parts = []
    for name, table in TABLES.items():
        said = meanings(table)
        rows = [
            row(name, key, said.get(key, ""), field.default)
            for key, field in table.model_fields.items()
            if key != "file_sha256"  # filled in on loading
        ]
        parts.append(f"### `[{name}]`\n\n" + "\n".join(["| key | default | meaning |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
