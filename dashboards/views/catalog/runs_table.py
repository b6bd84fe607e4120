"""The catalog's table of runs: Panel's grid, which pages, sorts and ticks, in the page's colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import panel as pn
from bokeh.models.widgets.tables import HTMLTemplateFormatter

from dashboards.catalog_rows import columns

HEADINGS = tuple(column.heading for column in columns())
PAGE_SIZE = 20
NUMBER = '<%= typeof value !== "number" || isNaN(value) ? "–" : {} %>'
STATUS = '<span class="status <%= value %>"><%= String(value ?? "–").replaceAll("_", " ") %></span>'
"""How a status is written: its words, with a mark in a colour and a shape of its own."""
UNSORTED = "loss"
"""The column that can't be sorted: it is a picture."""
FAR = 'Number(value.toPrecision(3)).toExponential().replace("e", "×10<sup>") + "</sup>"'
DIGITS = f"(value && Math.abs(value) < 1e-4 ? {FAR} : String(Number(value.toPrecision(4))))"
WRITTEN = {
    name: f'{code}.replaceAll("-", "−")' for name, code in {"exact": "String(value)", "digits": DIGITS}.items()
}
"""How numbers are written. Not by Bokeh's formatters: they have so many decimals, and 0.00339 is 0 there."""
STYLE = (Path(__file__).parent / "runs_table.css").read_text()


def create_runs_table(order: list[dict[str, str]]) -> pn.widgets.Tabulator:
    """Make the table, empty as yet.

    Parameters
    ----------
    order
        How it is sorted at first, in Tabulator's words: ``field`` and ``dir``.
    """
    formats = {word: HTMLTemplateFormatter(template=NUMBER.format(code)) for word, code in WRITTEN.items()}
    formatters: dict[str, Any] = {column.heading: formats[column.digits] for column in columns() if column.digits}
    formatters |= {name: {"type": "html"} for name in ("run", "loss", "phases")}
    formatters["status"] = HTMLTemplateFormatter(template=STATUS)
    right = {column.heading: "right" for column in columns() if column.digits}
    none = pd.DataFrame({name: pd.Series(dtype=object) for name in ("run_id", "group", *HEADINGS)})
    return pn.widgets.Tabulator(
        none, pagination="remote", page_size=PAGE_SIZE, selectable="checkbox", disabled=True, show_index=False,
        hidden_columns=["run_id", "group"],
        layout="fit_data_fill", sizing_mode="stretch_width", frozen_columns=[], theme="simple",
        stylesheets=[STYLE], sorters=order, sortable={UNSORTED: False}, formatters=formatters,
        widths={column.heading: column.pixels for column in columns() if column.pixels},
        header_tooltips={column.heading: column.about for column in columns() if column.about},
        text_align=right, header_align=right, editors=dict.fromkeys(HEADINGS), css_classes=["runs"],
    )  # fmt: skip
