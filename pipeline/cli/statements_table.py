"""The statements table of one run, for a person and for a program."""

from __future__ import annotations

from math import isnan
from typing import Any

import xarray as xr
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline import printed_sides, statement_rows

AT_ANY_SCALE = ("lemma_1", "eq_8", "least_norm")
"""Statements whose verdict is the same for any lambda: of the solver, or of the data alone."""
MARKS = {"holds": ("+ holds", "green"), "fails": ("x FAILS", "bold red")}
"""What stands for each verdict: a sign and a word beside the colour."""


def print_statements(console: Console, run_id: str, statements: xr.Dataset) -> None:
    """Print the table of what applies, why the other rows do not, and what to do next."""
    rows = statement_rows(statements)
    apart = {name: row.reason for name, (_, row) in rows.items() if row.verdict == "not_applicable"}
    table = Table("statement", "verdict", "measured", "bound", "margin", "claim, and what was measured", box=None)
    for name, (claim, row) in rows.items():
        if name in apart:
            continue
        mark, style = MARKS[row.verdict]
        said = Text.assemble(claim, "\n", (row.reason, "dim"))
        table.add_row(name, Text(mark, style=style), *printed_sides(row), said)
    epsilon = f"epsilon = {float(statements.attrs['epsilon']):g}"
    console.print(f"The paper's statements on {run_id} ({epsilon}), and those on any data\n")
    if len(apart) < len(rows):
        console.print(table)
    for reason in dict.fromkeys(apart.values()):
        names = ", ".join(name for name, why in apart.items() if why == reason)
        console.print(f"Do not apply, because {reason}: {names}")
    if statements.attrs["fitted_first"] == "negative":
        console.print("\nThe negative labels have the larger |D|: read + for - and - for + throughout.")
    console.print(
        "\nWhere powers of lambda are compared, the margin is a difference of logarithms. "
        "|v| is n |D| for unit inputs."
    )
    failing = [name for name, (_, row) in rows.items() if row.verdict == "fails" and name not in AT_ANY_SCALE]
    if failing:
        console.print(
            f"Next: {', '.join(failing)} may need a smaller lambda: reluflow run ... --set init.log10_scale=-1000"
        )


def statements_as_json(statements: xr.Dataset) -> dict[str, Any]:
    """One object a row; what does not apply has no numbers."""
    return {
        name: {
            "claim": claim,
            "verdict": row.verdict,
            "reason": row.reason,
            "measured": _number(row.measured),
            "bound": _number(row.bound),
            "margin": _number(row.margin),
            "logarithmic": row.logarithmic,
            "measured_at": _number(row.at),
        }
        for name, (claim, row) in statement_rows(statements).items()
    }


def _number(value: float) -> float | None:
    return None if isnan(value) else value
