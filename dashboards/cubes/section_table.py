"""A section as a table: a CSV file to download, and HTML to read in place of the plots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from dashboards.cubes.opened_cube import Cube
from dashboards.cubes.section import FAILED, HAS_VALUE
from dashboards.html_table import Table, numbers_html
from dashboards.paper_notation import print_numbers

CELLS_LIMIT = 1_000
"""Cells of a table on the page; a larger section is only in the file."""


def write_csv(cube: Cube, cut: xr.Dataset) -> str:
    """Write a section as CSV: one line per place, numbers in full, an empty field where there is no number.

    The columns are the axes' keys, ``value`` (a label as its word), ``lower_quartile`` and
    ``upper_quartile``, ``cells`` and ``failed_cells`` of that place.
    """
    dims = [str(dim) for dim in cut["value"].dims]
    indices = dict(zip(dims, np.indices(cut["value"].shape).reshape(2, -1), strict=True))
    axes = [cube.by_dim[dim] for dim in reversed(dims) if dim in cube.by_dim]
    value, low, high, failed = (cut[name].values.ravel() for name in ("value", "low", "high", "failed"))
    words = cut.attrs["words"] if cut.attrs["kind"] == "label" else ()
    table = {axis.key: [axis.values[place] for place in indices[axis.dim]] for axis in axes} | {
        "value": [words[int(label) - 1] if np.isfinite(label) else "" for label in value] if words else value,
        "lower_quartile": low, "upper_quartile": high, "cells": cut.attrs["cells"],
        "failed_cells": failed,
    }  # fmt: skip
    return pd.DataFrame(table).to_csv(index=False, lineterminator="\n")


def write_html_table(cube: Cube, cut: xr.Dataset) -> str:
    """Write a section as an HTML table with the axes as heads; a sentence if it is too large to read."""
    y_dim, x_dim = map(str, cut["value"].dims)
    rows, columns = cut["value"].shape
    if rows * columns > CELLS_LIMIT:
        return f"<p>{rows} × {columns} values: too many to read here. The CSV file has them all.</p>"
    across = cube.by_dim[x_dim]
    down = cube.by_dim.get(y_dim)
    corner = f"{down.title} ↓, {across.title} →" if down else across.title
    words, names = format_values(cut), down.words if down else ["value"]
    lines = [[name, *words[row * columns : (row + 1) * columns]] for row, name in enumerate(names)]
    return numbers_html(Table(cut.attrs["title"], (corner, *across.words), lines))


def format_values(cut: xr.Dataset) -> list[str]:
    """Format the values of a section, row by row; of a value that is rounding it is said."""
    kind, words, units = (cut.attrs[name] for name in ("kind", "words", "units"))

    def write(value: float, state: int, rounded: bool) -> str:
        if state != HAS_VALUE:
            return "failed" if state == FAILED else "–"
        if kind == "label":
            return str(words[int(value) - 1])
        if kind == "share":
            return f"{100 * value:.6g} %"
        text = print_numbers(f"{value:.4g} {units}".strip())
        return f"≈ 0 ({text})" if rounded and value else text

    # Plain lists: 10,000 cells take 10 ms, element by element out of an xarray object they take half a second.
    columns = (cut[name].values.ravel().tolist() for name in ("value", "state", "rounded"))
    return [write(*place) for place in zip(*columns, strict=True)]
