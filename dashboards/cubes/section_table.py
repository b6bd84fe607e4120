"""A section as a table: a CSV file to take away, and HTML to read instead of the pictures."""

from __future__ import annotations

import csv
import io

import numpy as np
import xarray as xr

from dashboards.cubes.cube import Cube
from dashboards.cubes.section import FAILED, HAS_VALUE
from dashboards.html_table import Table, numbers_html

CELLS_LIMIT = 1_000
"""Of a table in the page; more is for the file."""


def write_csv(cube: Cube, cut: xr.Dataset) -> str:
    """Write a section as CSV: a line a place, numbers in full, an empty field where there is none.

    The columns are the axes' keys, ``value`` (a label as its word), ``lower_quartile`` and ``upper_quartile``,
    ``cells`` and ``failed_cells`` of that place.
    """
    y_dim, x_dim = cut["value"].dims
    axes = [cube.by_dim[str(dim)] for dim in (x_dim, y_dim) if str(dim) in cube.by_dim]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [*(one.key for one in axes), "value", "lower_quartile", "upper_quartile", "cells", "failed_cells"]
    )
    words = cut.attrs["words"] if cut.attrs["kind"] == "label" else ()
    columns = {name: cut[name].values for name in ("value", "low", "high", "failed")}
    for row, column in np.ndindex(*columns["value"].shape):
        value, low, high, failed = (columns[name][row, column].item() for name in columns)
        here = [one.values[place] for one, place in zip(axes, (column, row), strict=False)]
        shown = words[int(value) - 1] if words and np.isfinite(value) else format_exact(value)
        writer.writerow([*here, shown, format_exact(low), format_exact(high), cut.attrs["cells"], failed])
    return out.getvalue()


def format_exact(value: float) -> str:
    """Write a number so that it reads back as itself; nothing for NaN."""
    return repr(value) if np.isfinite(value) else ""


def write_html_table(cube: Cube, cut: xr.Dataset) -> str:
    """Write a section as an HTML table with the axes as its heads; a sentence if it is too large to be read."""
    y_dim, x_dim = map(str, cut["value"].dims)
    rows, columns = cut["value"].shape
    if rows * columns > CELLS_LIMIT:
        return f"<p>{rows} × {columns} values: too many to read here. The CSV file has them all.</p>"
    across = cube.by_dim[x_dim]
    down = cube.by_dim.get(y_dim)
    corner = f"{down.title} ↓, {across.title} →" if down else across.title
    words, names = format_values(cut), down.words if down else ["value"]
    lines = [[names[row], *words[row * columns : (row + 1) * columns]] for row in range(rows)]
    return numbers_html(Table(cut.attrs["title"], (corner, *across.words), lines))


def format_values(cut: xr.Dataset) -> list[str]:
    """Write the values of a section in words, row by row."""
    kind, words, units = (cut.attrs[name] for name in ("kind", "words", "units"))
    said = []
    # Plain lists: 10,000 cells take 10 ms, element by element out of an xarray object they take half a second.
    for value, state in zip(
        cut["value"].values.ravel().tolist(), cut["state"].values.ravel().tolist(), strict=True
    ):
        if state != HAS_VALUE:
            said.append("failed" if state == FAILED else "–")
        elif kind == "label":
            said.append(str(words[int(value) - 1]))
        elif kind == "share":
            said.append(f"{100 * value:.6g} %")
        else:
            said.append(f"{value:.4g} {units}".strip().replace("-", "−"))
    return said
