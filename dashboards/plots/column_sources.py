"""The sources of plots that move: made once; columns that differ are replaced.

A column that is set is sent and drawn by the browser, whether it differs or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource


def empty_source(*names: str) -> ColumnDataSource:
    """Make a source with columns of these names and no rows."""
    return ColumnDataSource({name: [] for name in names})


def replace_columns(source: ColumnDataSource, columns: Mapping[str, Any]) -> None:
    """Replace the columns of a source, unless they are the same."""
    there = source.data
    if there.keys() != columns.keys() or not all(columns_equal(there[name], columns[name]) for name in columns):
        source.data = dict(columns)


def columns_equal(one: Any, other: Any) -> bool:
    """Whether two columns, arrays or lists of arrays, are equal; NaN equals NaN."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(columns_equal, one, other))
    one, other = np.asarray(one), np.asarray(other)
    return np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f")
