"""What a heat map and its lines share: the cells, one line a row, and what is pointed at or pinned in both.

Bokeh's sources and a script in the browser, not HoloViews' dynamic maps and streams, for two measured reasons. A
slider that moves replaces only the sources' columns: 5 ms of processor time for 54 cells and 30 ms for 10,000,
while two dynamic maps of the same marks take 0.11 s and 1.2 s, so that the picture would come too late. And the
line of a cell must be emphasized in the next frame after the pointer reaches it, while a stream asks the server
each time (about 100 ms, during which other visitors wait).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import xarray as xr
from bokeh.models import ColumnDataSource, CustomJS, HoverTool
from bokeh.models.renderers import GlyphRenderer

from dashboards.plots.section_columns import (
    band_columns,
    cell_columns,
    hatched_columns,
    line_columns,
    point_columns,
)
from dashboards.theme import Theme

HEIGHT = 440
"""Height in pixels: with the controls above them the plots end within 800."""
PLOT: dict[str, Any] = {
    "height": HEIGHT, "min_width": 280, "tools": "pan,box_zoom,reset,save", "toolbar_location": "right",
}  # fmt: skip
"""Options of both figures."""
EMPTY: dict[str, Any] = {"x": [], "y": [], "at": [], "height": [], "row": []}

POINTED = """
const hit = cb_data.index.indices
const k = hit.length > 0 ? hit[hit.length - 1] : null
const row = k != null ? cells.get_column("row")[k] : pinned.get_column("row")[0] ?? null
const rows = row != null ? [row] : []
if (String(lines.selected.indices) != String(rows)) {
  // Not sent to the server, which does not need the position of the pointer.
  for (const source of [lines, bands]) source.selected.setv({indices: rows}, {sync: false})
}
const names = ["x", "y", "at", "height", "row"]
const data = Object.fromEntries(names.map((name) => [name, k != null ? [cells.get_column(name)[k]] : []]))
if (String(data.x) != String(pointed.get_column("x")) || String(data.y) != String(pointed.get_column("y"))) {
  pointed.setv({data}, {sync: false})
}
"""


@dataclass(frozen=True)
class LinkedSources:
    """The sources of both plots of a section.

    Attributes
    ----------
    cells
        One row per place of the section, the lowest row first.
    hatched
        The cells that have a hatch: a browser needs 10 s for 10,000 empty hatches.
    lines, bands
        One row per row of the section.
    points
        The cells that are taken together, one row each.
    pointed, pinned
        The place under the pointer, and the place that was clicked; no row or one.
    """

    cells: ColumnDataSource = field(default_factory=ColumnDataSource)
    hatched: ColumnDataSource = field(default_factory=ColumnDataSource)
    lines: ColumnDataSource = field(default_factory=ColumnDataSource)
    bands: ColumnDataSource = field(default_factory=ColumnDataSource)
    points: ColumnDataSource = field(default_factory=ColumnDataSource)
    pointed: ColumnDataSource = field(default_factory=lambda: ColumnDataSource(EMPTY))
    pinned: ColumnDataSource = field(default_factory=lambda: ColumnDataSource(EMPTY))

    def show(self, cut: xr.Dataset, theme: Theme) -> None:
        """Show another section with the same axes."""
        self.cells.data = cell_columns(cut, theme)
        self.hatched.data = hatched_columns(cut, theme)
        self.lines.data = line_columns(cut, theme)
        self.bands.data = band_columns(cut, theme)
        self.points.data = point_columns(cut, theme)
        self.pointed.data = EMPTY
        if self.pinned.data["row"]:
            self.pin(int(self.pinned.data["y"][0]), int(self.pinned.data["x"][0]))

    def pin(self, row: int | None, column: int | None) -> None:
        """Mark a place in both plots and emphasize its line; None for no place."""
        if row is None or column is None:
            rows: list[int] = []
            self.pinned.data = EMPTY
        else:
            columns = len(self.cells.data["x"]) // len(self.lines.data["xs"])
            place = row * columns + column
            self.pinned.data = {name: [self.cells.data[name][place]] for name in EMPTY}
            rows = [row]
        self.lines.selected.indices = self.bands.selected.indices = rows

    def hover(self, renderer: GlyphRenderer[Any], cut: xr.Dataset) -> HoverTool:
        """Make the tool that describes the place under the pointer, and marks it in both plots."""
        sources = {name: getattr(self, name) for name in ("cells", "lines", "bands", "pointed", "pinned")}
        tips = [(cut.attrs["x_title"], "@x_word"), (cut.attrs["y_title"], "@y_word"), ("value", "@said")]
        tips = [tip for tip in tips if tip[0]] + [("", "@more")]
        return HoverTool(
            tooltips=tips, renderers=[renderer], callback=CustomJS(args=sources, code=POINTED),
            description="Point at a cell", visible=False,
        )  # fmt: skip
