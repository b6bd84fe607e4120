"""The data of a run as a table to edit; the same points are dots to drag in the plot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import panel as pn
import xarray as xr

from pipeline.configuration import RunConfig

DIGITS = 6
"""Decimals of a dragged point."""
SHOWN, WIDE = 3, 3
"""Decimals of points that cannot be edited, and the number of columns from which on the table scrolls."""
HEIGHT, HEAD, ROW = 189, 34, 31
"""Pixels: of the table at most, of its heads, and of a row."""
STEP = 0.5
"""A new point is placed so far to the right of the others, and has this label."""


def editable(config: RunConfig) -> bool:
    """Whether the points can be edited: given ones, with one coordinate besides the bias."""
    data = config.data
    return data.kind == "points" and data.bias and data.x is not None and len(data.x[0]) == 1


TABLE_STYLE = """
.tabulator.tabulator, .tabulator.tabulator .tabulator-header,
.tabulator.tabulator .tabulator-header .tabulator-col,
.tabulator.tabulator .tabulator-tableholder .tabulator-table, .tabulator.tabulator .tabulator-row {
  background: var(--panel); color: var(--ink); border-color: var(--line);
}
.tabulator.tabulator .tabulator-row .tabulator-cell { border-color: var(--line); }
.tabulator.tabulator .tabulator-row:hover { background: var(--paper); }
.tabulator.tabulator input { background: var(--paper); color: var(--ink); }
.tabulator .tabulator-cell.tabulator-editing input:focus {
  outline: 2px solid var(--accent) !important; outline-offset: -2px; color: var(--ink); background: var(--panel);
}
"""
"""The colours of the page, of which Panel's themes of tables know nothing."""


class EditedTable(pn.widgets.Tabulator):
    """A table that does not send back what a person has just typed.

    Panel does, and the browser then builds every row again, which closes the cell in which a person types
    next.
    """

    taking = False

    def _process_data(self, data: Any) -> None:
        self.taking = True
        try:
            super()._process_data(data)
        finally:
            self.taking = False

    def _update_cds(self, *events: Any) -> None:
        if self.taking and events:  # without events it is to send values of a callback
            self._processed, self._data = self._get_data()
        else:
            super()._update_cds(*events)


class PointsTable:
    """A table of x and y, which can be edited if the points were given and have one coordinate.

    Parameters
    ----------
    current
        Returns the configuration of the controls, which may be newer than the one that is drawn.
    changed
        Called with x and y when a person has changed them.
    refused
        Called with a message when a value is invalid.
    """

    def __init__(
        self,
        current: Callable[[], RunConfig],
        changed: Callable[[list[float], list[float]], None],
        refused: Callable[[str], None],
    ) -> None:
        self.current, self.changed, self.refused = current, changed, refused
        self.showing = False
        self.table = EditedTable(
            label="Data points", show_index=False, selectable=False, sizing_mode="stretch_width", height=HEIGHT,
            configuration={"columnDefaults": {"headerSort": False}}, layout="fit_columns",
            theme="simple", stylesheets=[TABLE_STYLE],
        )  # fmt: skip
        self.more = pn.widgets.Button(label="Add a point", sizing_mode="stretch_width", margin=(5, 4, 8, 10))
        self.fewer = pn.widgets.Button(label="Remove last", sizing_mode="stretch_width", margin=(5, 10, 8, 4))
        # Not on_edit, which comes after the values: what is shown in between would overwrite them.
        self.table.param.watch(self._edited, "value")
        self.more.on_click(self._add)
        self.fewer.on_click(self._drop)
        self.layout = pn.Column(
            self.table, pn.Row(self.more, self.fewer, sizing_mode="stretch_width"), sizing_mode="stretch_width"
        )

    def show(self, config: RunConfig, data: xr.Dataset) -> None:
        """Show a data set: x(point, coord), y(point) without the bias.

        A result of an older configuration, which comes while a newer one is computed, would undo what a
        person has typed since: it is not shown.
        """
        if config is not self.current():
            return
        names = str(data["coord"].attrs.get("labels", "")).split()
        names = names or [f"x{i + 1}" for i in range(data.sizes["coord"])]
        kept = [i for i, name in enumerate(names) if name != "bias"][:8]
        columns = {names[i]: data["x"].values[:, i] for i in kept} | {"y": data["y"].values}
        fixed, wide = not editable(config), len(columns) > WIDE
        self.more.disabled = self.fewer.disabled = fixed
        frame = pd.DataFrame(columns).round(SHOWN) if fixed else pd.DataFrame(columns)
        if self.table.disabled == fixed and frame.equals(self.table.value):
            return  # new rows, even equal ones, would close the cell in which a person types
        self.showing = True
        try:
            layout = "fit_data" if wide else "fit_columns"
            height = min(HEIGHT, HEAD + ROW * len(frame))
            self.table.param.update(disabled=fixed, value=frame, layout=layout, height=height)
        finally:
            self.showing = False

    def dragged(self, x: list[float], y: list[float]) -> None:
        """Take the dragged points."""
        if editable(self.current()):
            self._say(x, y)

    def _edited(self, event: Any) -> None:
        """Take the edited table, unless the server itself has changed it."""
        if self.showing or not editable(self.current()):
            return
        frame = self.table.value
        self._say(frame.iloc[:, 0].tolist(), frame["y"].tolist())

    def _add(self, event: Any) -> None:
        x, y = self._points()
        self._say([*x, max(x) + STEP], [*y, STEP])

    def _drop(self, event: Any) -> None:
        x, y = self._points()
        if len(y) > 1:
            self._say(x[:-1], y[:-1])

    def _points(self) -> tuple[list[float], list[float]]:
        data = self.current().data
        return [row[0] for row in data.x or []], list(data.y or [])

    def _say(self, x: list[Any], y: list[Any]) -> None:
        try:
            x, y = ([round(float(value), DIGITS) for value in values] for values in (x, y))
        except (TypeError, ValueError):
            self.refused("data: x and y of each point must be numbers")
            return
        if (x, y) != self._points():
            self.changed(x, y)
