"""The theory table: each statement as the code has it, and how it is measured."""

from __future__ import annotations

from inspect import cleandoc

from pipeline.statements.assumptions import SETTING
from pipeline.statements.check import ROWS
from pipeline.statements.rows import Statement
from writers.schema import escape


def measured(statement: Statement) -> str:
    """What the function that measures it says of itself, in its first paragraph."""
    return " ".join(cleandoc(statement.measure.__doc__ or "").split("\n\n")[0].split())


def row(statement: Statement) -> str:
    """One statement as a table's row."""
    return f"| `{statement.name}` | {escape(statement.claim)} | {escape(measured(statement))} |"


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
        + "\n"
    )
