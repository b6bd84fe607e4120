"""The glossary's names are those of the data and of the configuration."""

from __future__ import annotations

import re
from pathlib import Path

from writers.configuration import TABLES

from catalog.schema import COORDINATES, STAGES

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
VARIABLES = [one for stage in STAGES.values() for one in stage]
KNOWN = (
    {one.name for one in VARIABLES}
    | {dim for one in VARIABLES for dim in one.dims}
    | set(COORDINATES)
    | {f"{table}.{key}" for table, fields in TABLES.items() for key in fields.model_fields}
)


def test_every_name_in_the_glossary_is_one():
    rows = PAGE.split("## Glossary")[1].splitlines()
    named = [name for row in rows if row.startswith("| ") for name in re.findall(r"`([^`]+)`", row)]
    assert len(named) > 20
    assert [name for name in named if name not in KNOWN] == []
