"""The statements table: each sentence of the paper, and what was measured on the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite
from typing import Any

import xarray as xr

from dashboards.html_table import NO_NUMBER, Cell, Table, number_cell
from dashboards.paper_notation import name_statement, typeset
from pipeline import printed_sides, statement_rows
from pipeline.figures import time_text

VERDICTS = {"holds": "✓ holds", "fails": "✗ fails", "not_applicable": "– does not apply"}
"""Each verdict as a symbol and a word; its colour is set by the class of its name in ``html_table.css``."""

JOINED = 3
"""Statements that do not apply for one reason are one row from this number on."""
ORDERS = {
    "paper": "the paper's order",
    "verdict": "verdict, failing first",
    "margin": "margin, least first",
    "time": "time of measurement",
}
"""The orders of the rows, by their keys in an address."""


def count_verdicts(statements: xr.Dataset) -> dict[str, int]:
    """Count the rows of each verdict, also where there are none."""
    found = Counter(row.verdict for _, row in statement_rows(statements).values())
    return {verdict: found[verdict] for verdict in VERDICTS}


def create_statements_table(statements: xr.Dataset, verdict: str = "all", order: str = "paper") -> Table:
    """Tabulate the statements on a run: the paper's, then those on any data.

    The sides of a row that compares with a power of lambda are given by their logarithms: they are written as
    powers of ten, and their margin is a difference of logarithms.

    Parameters
    ----------
    statements
        The group of that name of a run.
    verdict
        The rows to show: a key of :data:`VERDICTS`, or ``all``.
    order
        A key of :data:`ORDERS`.
    """
    place = list(VERDICTS)
    found = statement_rows(statements)
    keys: dict[str, Callable[[str], float]] = {
        # What applies comes first: of data that are not the paper's these are a few rows of many.
        "paper": lambda name: (found[name][1].verdict == "not_applicable") * len(found) + list(found).index(name),
        "verdict": lambda name: (1, 0, 2)[place.index(found[name][1].verdict)],
        "margin": lambda name: finite_or_inf(found[name][1].margin),
        "time": lambda name: finite_or_inf(found[name][1].at),
    }
    chosen = [name for name, (_, row) in found.items() if verdict in ("all", row.verdict)]
    joined = {} if verdict == "not_applicable" else equal_reasons({name: found[name][1] for name in chosen})
    kept = [name for name in chosen if not any(name in names for names in joined.values())]
    rows = [record(name, *found[name]) for name in sorted(kept, key=keys[order])]
    rows += [join_record(names, reason) for reason, names in joined.items()]
    heads = (
        "statement", "the paper's sentence, and what was measured", "verdict", "measured", "bound", "margin",
        "at t",
    )  # fmt: skip
    return Table("The paper's statements on this run, and those on any data", heads, rows)


def equal_reasons(rows: Mapping[str, Any]) -> dict[str, list[str]]:
    """Find the rows that do not apply for the same reason, by this reason: at least :data:`JOINED` each."""
    found: dict[str, list[str]] = {}
    for name, row in rows.items():
        if row.verdict == "not_applicable":
            found.setdefault(row.reason, []).append(name)
    return {reason: names for reason, names in found.items() if len(names) >= JOINED}


def join_record(names: Sequence[str], reason: str) -> list[Cell]:
    """Make the cells of some statements that do not apply for the same reason."""
    listed = ", ".join(map(name_statement, names))
    verdict = Cell(VERDICTS["not_applicable"], css_class="not_applicable")
    nothing = [NO_NUMBER] * 4
    return [Cell(f"{len(names)} statements"), Cell(typeset(reason), listed), verdict, *nothing]


def record(name: str, claim: str, row: Any) -> list[Cell]:
    """Make the cells of one statement, of a row of ``statement_rows``."""
    sides = (Cell(text, css_class="number") if text else NO_NUMBER for text in printed_sides(row))
    sentence, verdict = (
        Cell(typeset(claim), typeset(row.reason)),
        Cell(VERDICTS[row.verdict], css_class=row.verdict),
    )
    return [Cell(name_statement(name)), sentence, verdict, *sides, number_cell(row.at, time_text)]


def finite_or_inf(value: float) -> float:
    """Replace NaN by infinity, which is sorted last."""
    return value if isfinite(value) else inf
