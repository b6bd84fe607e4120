"""The sources of pictures that move: made once, their columns replaced at every move."""

from __future__ import annotations

from bokeh.models import ColumnDataSource


def empty_source(*names: str) -> ColumnDataSource:
    """Make a source with columns of these names and no rows as yet."""
    return ColumnDataSource({name: [] for name in names})
