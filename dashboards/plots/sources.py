"""The sources of pictures that move: made once, their columns replaced where they differ.

A column that is set is sent, and the browser takes it up and paints, whether it differs or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource


def empty_source(*names: str) -> ColumnDataSource:
    """Make a source with columns of these names and no rows as yet."""
    return ColumnDataSource({name: [] for name in names})


def replace_columns(source: ColumnDataSource, columns: Mapping[str, Any]) -> None:
    """Replace a source's columns, unless they are there already."""
    there = source.data
    if there.keys() != columns.keys() or not all(columns_equal(there[name], columns[name]) for name in columns):
        source.data = dict(columns)


def columns_equal(one: Any, other: Any) -> bool:
    """Whether two columns, arrays or lists of arrays, hold the same; NaN is NaN."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(columns_equal, one, other))
    one, other = np.asarray(one), np.asarray(other)
    return np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f")
