"""The catalog's table, for a person and for a program."""

from __future__ import annotations

from math import isfinite, isnan
from typing import Any

import pandas as pd
from rich.console import Console

from pipeline.cli.safe_text import visible_line
from pipeline.workflow.results import RESULTS

SIZES = ("number_of_points", "number_of_coordinates")
"""The results that stand before the parameters."""
PARAMETERS = {"width": "width", "init.log10_scale": "log10 scale", "init.seed": "seed"}
"""The parameters of the short table and their headings; the results come from their registry."""
LONGEST = 60
"""Characters of a cell."""


def print_runs(console: Console, frame: pd.DataFrame, place: str) -> None:
    """Print one line a run with the columns that tell runs apart."""
    damaged = frame.attrs.get("damaged", {})
    if frame.empty:
        console.print(f"There is no such run in {place}. Next: reluflow run orthogonal")
    else:
        results = {result.name: result.heading for result in RESULTS.values() if result.listed}
        headings = {name: results[name] for name in SIZES} | PARAMETERS | results | {"created": "created"}
        cells = [["run", *map(visible_line, map(str, frame.index))]]
        cells += [
            [heading, *map(_cell, frame[column].tolist())]
            for column, heading in headings.items()
            if column in frame.columns
        ]
        console.file.write(aligned(cells))
        console.print(
            f"\n{len(frame)} run{'s' if len(frame) != 1 else ''}. Next: reluflow show RUN", highlight=False
        )
    for message in damaged.values():
        console.print(visible_line(message))


def aligned(columns: list[list[str]]) -> str:
    """Lay columns of texts side by side, a line a row. Rich's table takes 5 s for 10,000 rows, this 0.02."""
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "-" if isnan(value) else f"{value:.6g}"
    text = visible_line(str(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def runs_as_json(frame: pd.DataFrame) -> dict[str, Any]:
    """The whole table: one object a run."""
    records = frame.reset_index().to_dict(orient="records")
    unknown = {"imported_from": None, "imported_at": None}  # of a catalog none of whose runs were
    runs = [unknown | {str(column): _plain(value) for column, value in record.items()} for record in records]
    return {"runs": runs, "damaged": frame.attrs.get("damaged", {})}


def _plain(value: Any) -> Any:
    """None for what strict JSON has no number for and for what is missing; a date as ISO 8601."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if value is pd.NaT or (isinstance(value, float) and not isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
