"""What a run tells a person of its small start: where the neurons align, and the limit beside the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite, nan
from typing import Any

from rich.table import Table

from pipeline.cli.summary import is_number
from pipeline.cli.words import counted

ROWS_LIMIT = 8
"""How many directions are printed."""


def rows_of(summary: Mapping[str, Any], name: str, numbers: tuple[str, ...]) -> list[dict[str, Any]]:
    """Read a table in JSON that a summary has; nothing if a row of it lacks one of these numbers."""
    try:
        rows = json.loads(summary.get(name, "[]"))
        whole = all(isinstance(row, dict) and all(is_number(row.get(key)) for key in numbers) for row in rows)
        return list(rows) if whole else []
    except (TypeError, ValueError, RecursionError):
        return []


def directions(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The extremal directions to which neurons go, the fastest first."""
    rows = rows_of(summary, "direction_table", ("number", "value", "rate", "positive", "negative"))
    whole = all(isinstance(row.get("kind"), str) and _are_numbers(row.get("direction")) for row in rows)
    return rows if whole else []


def _are_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(map(is_number, values))


def direction_table(summary: Mapping[str, Any]) -> Table:
    """Each extremal direction to which neurons go: G, what it is, how many go there, when they escape."""
    table = Table(
        "neurons align with", "G there", "of G a", "neurons, a > 0", "a < 0", "would escape at t",
        box=None, pad_edge=False,
    )  # fmt: skip
    escape = -summary.get("log_init_scale", nan)
    rows = directions(summary)
    for row in rows[:ROWS_LIMIT]:
        shown = ", ".join(f"{value:.3f}" for value in row["direction"])
        more = ", ..." if summary.get("number_of_coordinates", 0) > len(row["direction"]) else ""
        table.add_row(
            f"({shown}{more})", f"{row['value']:.4g}", row["kind"],
            str(row["positive"]), str(row["negative"]),
            f"{escape / row['rate']:.4g}" if row["rate"] > 0 and isfinite(escape) else "never: they shrink",
        )  # fmt: skip
    if len(rows) > ROWS_LIMIT:
        table.add_row(f"and {len(rows) - ROWS_LIMIT} more")
    return table


def limit_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The plateaus of the limit lambda -> 0."""
    return rows_of(summary, "limit_table", ("tau", "loss", "half_squared_norm", "labels_fitted"))


def limit_lines(summary: Mapping[str, Any], partners: set[int]) -> list[str]:
    """Say what the limit has beyond the plateaus that are listed, and where it ends."""
    rows = limit_rows(summary)
    if not rows:
        return []
    escape = -summary.get("log_init_scale", nan)
    end = rows[-1]
    losses = ", ".join(f"{row['loss']:.6g}" for row in rows[1:ROWS_LIMIT])
    jumps = counted(len(rows) - 1, "jump") + (f", to the losses {losses}" if losses else "")
    more = " ..." if len(rows) > ROWS_LIMIT else ""
    last = "in the end" if end.get("followed", 1) else "it was followed no further (reluflow theory limit); there"
    found = [f"As lambda -> 0: {jumps}{more}; {last} 1/2 |theta|^2 = {end['half_squared_norm']:.10g}."]
    for number, row in enumerate(rows[:-1]):
        if number not in partners:
            found.append(
                f"This run has no plateau at its loss {row['loss']:.6g} (from t = {row['tau'] * escape:.4g})."
            )
    return found[: ROWS_LIMIT + 1]


def rate_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The rate of the loss at the end beside the slowest that the tangent kernel allows."""
    slowest, measured = (summary.get(name) for name in ("slowest_rate", "measured_rate"))
    if not is_number(slowest) or slowest is None:
        return []
    beside = f"{measured:.4g}" if is_number(measured) and isfinite(float(measured or 0.0)) else "-"
    return [("rate of the loss at the end", f"{beside}; the tangent kernel's slowest: {slowest:.4g}")]
