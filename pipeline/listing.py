"""The catalog's table, for a person and for a program."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

SHOWN = {
    "width": "width",
    "init.log10_scale": "log10 scale",
    "init.seed": "seed",
    "status": "status",
    "final_loss": "final loss",
    "half_squared_norm": "1/2|theta|^2",
    "final_excess": "excess",
    "created": "created",
}
"""The columns of the short table and their headings."""


def print_runs(console: Console, frame: pd.DataFrame, place: str) -> None:
    """Print one line a run with the columns that tell runs apart."""
    damaged = frame.attrs.get("damaged", {})
    if frame.empty:
        console.print(f"There is no such run in {place}. Next: reluflow run orthogonal")
    else:
        columns = [column for column in SHOWN if column in frame.columns]
        table = Table("run", *(SHOWN[column] for column in columns), box=None, pad_edge=False)
        for run_id, row in frame[columns].iterrows():
            table.add_row(str(run_id), *(_cell(row[column]) for column in columns))
        console.print(table)
        console.print(
            f"\n{len(frame)} run{'s' if len(frame) != 1 else ''}. Next: reluflow show RUN", highlight=False
        )
    for message in damaged.values():
        console.print(message)


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def runs_as_json(frame: pd.DataFrame) -> dict[str, Any]:
    """The whole table: one object a run."""
    plain = frame.reset_index().astype(object)
    plain = plain.where(plain.notna() & ~plain.isin([float("inf"), -float("inf")]), None)
    return {"runs": plain.to_dict(orient="records"), "damaged": frame.attrs.get("damaged", {})}
