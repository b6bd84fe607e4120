"""The theory table: each statement as the code has it, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from typing import Any

from pipeline.statements.assumptions import SETTING
from pipeline.statements.check import ROWS
from pipeline.statements.rows import Statement
from pipeline.statements.small_starts import CLAIMS, MEASURES
from writers.schema import escape


def measured(measure: Callable[..., Any]) -> str:
    """What the function that measures a row says of itself, in its first paragraph."""
    return " ".join(cleandoc(measure.__doc__ or "").split("\n\n")[0].split())


def row(statement: Statement) -> str:
    """One statement as a table's row."""
    return f"| `{statement.name}` | {escape(statement.claim)} | {escape(measured(statement.measure))} |"


def general() -> str:
    """The rows that assume nothing of the data, as a table."""
    rows = [
        f"| `{name}` | {escape(claim)} | {escape(measured(MEASURES[name]))} |" for name, claim in CLAIMS.items()
    ]
    return "\n".join(["| row | claim | what is measured |", "|---|---|---|", *rows])


def write() -> str:
    """The table in the paper's order, and what the rows take for granted."""
    rows = "\n".join(
        ["| row | claim | in the paper's form, or what is measured |", "|---|---|---|", *map(row, ROWS)]
    )
    assumptions = [
        f"- {escape(' '.join(cleandoc(assumption.__doc__ or '').split()))}"
        for assumption in dict.fromkeys(assumption for statement in ROWS for assumption in statement.assumptions)
    ]
    assumed = sum(statement.assumptions[: len(SETTING)] == SETTING for statement in ROWS)
    return (
        f"{rows}\n\n## What is assumed\n\nA row does not apply, and says which of these is not met, where it "
        f"assumes them ({assumed} of the {len(ROWS)} rows assume the paper's whole setting):\n\n"
        + "\n".join(assumptions)
        + "\n\n## On any data\n\nThese rows assume nothing of the data. All but `stationary_plateaus` and "
        f"`least_norm` need a small start.\n\n{general()}\n"
    )
