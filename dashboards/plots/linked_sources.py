"""What a heat map and its lines share: the cells, one line a row, and what is pointed at or pinned in both.

Bokeh's sources and a script in the browser, not HoloViews' streams: the line of a cell must be emphasized in
the next frame after the pointer reaches it, also with 10,000 cells, and a stream asks the server each time
(about 100 ms, during which other visitors wait). A slider that moves replaces only the sources' columns.

"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from bokeh.models import ColumnDataSource, CustomJS, HoverTool
from bokeh.models.renderers import GlyphRenderer
from bokeh.palettes import Colorblind, Viridis256

from dashboards.cubes.section import HAS_VALUE, ROUNDING
from dashboards.cubes.section_table import format_values
from dashboards.theme import DARK, Theme

HEIGHT = 440
"""Height in pixels: with the controls above them the plots end within 800."""
PLOT: dict[str, Any] = {
    "height": HEIGHT, "min_width": 280, "tools": "pan,box_zoom,reset,save", "toolbar_location": "above",
}  # fmt: skip
"""Options of both figures."""
LABELS = (Colorblind[8][0], Colorblind[8][5], "#9AA2AC", *Colorblind[8][1:5], Colorblind[8][6])
"""Colours of labels, in order: of verdicts blue holds, vermilion fails, grey is not applicable (Okabe and Ito)."""
HATCHES = (" ", "x", ".", "-", "|", "+", '"', ":")
"""Hatches of labels, beside their colours."""
GAPS_CELLS_LIMIT = 2_500
"""Up to so many cells there are gaps between them, and hatches of labels; with more, neither would be visible."""
FAILED_HATCH, NEGATIVE_HATCH = "/", "."
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
    pointed, pinned
        The place under the pointer, and the place that was clicked; no row or one.
    """

    cells: ColumnDataSource = field(default_factory=ColumnDataSource)
    hatched: ColumnDataSource = field(default_factory=ColumnDataSource)
    lines: ColumnDataSource = field(default_factory=ColumnDataSource)
    bands: ColumnDataSource = field(default_factory=ColumnDataSource)
    pointed: ColumnDataSource = field(default_factory=lambda: ColumnDataSource(EMPTY))
    pinned: ColumnDataSource = field(default_factory=lambda: ColumnDataSource(EMPTY))

    def show(self, cut: xr.Dataset, theme: Theme) -> None:
        """Show another section with the same axes."""
        self.cells.data = cell_columns(cut, theme)
        self.hatched.data = hatched_columns(cut, theme)
        self.lines.data = line_columns(cut, theme)
        self.bands.data = band_columns(cut, theme)
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


def cell_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the places of a section: where both plots draw them, their colours and texts."""
    rows, columns = cut["value"].shape
    row, column = (index.ravel() for index in np.indices((rows, columns)))
    drawn = heights(cut)
    x_words, y_words = cut["x_word"].values, cut["y_word"].values
    return {
        "x": column.astype(float), "y": row.astype(float), "row": row, "at": cut["x_at"].values[column],
        "height": drawn.ravel(), "color": painted(cut, drawn, theme).tolist(),
        "line_color": line_colors(rows, theme)[row],
        "x_word": [str(x_words[i]) for i in column], "y_word": [str(y_words[i]) for i in row],
        "said": format_values(cut), "more": remarks(cut),
    }  # fmt: skip


def heights(cut: xr.Dataset, name: str = "value") -> npt.NDArray[np.float64]:
    """Return the drawn heights of values: on a logarithmic scale magnitudes, no smaller than its lower end.

    Labels of different rows are shifted a little, so that no line hides another.
    """
    values: npt.NDArray[np.float64] = cut[name].values
    if cut.attrs["logarithmic"]:
        return np.where(np.isfinite(values), np.maximum(np.abs(values), cut.attrs["limits"][0]), np.nan)
    if cut.attrs["kind"] == "label":
        rows = len(values)
        return values + ((np.arange(rows) - (rows - 1) / 2) * 0.5 / rows)[:, None]
    return values


def hatched_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the places that have a hatch: failed cells, negative numbers, labels (in small sections)."""
    value, there = cut["value"].values.ravel(), cut["state"].values.ravel() == HAS_VALUE
    hatch = np.full(value.shape, " ", dtype="<U1")
    if cut.attrs["kind"] == "label" and value.size <= GAPS_CELLS_LIMIT:
        hatch = np.array(HATCHES)[label_index(value) % len(HATCHES)]
    elif cut.attrs["negative"]:
        hatch = np.where(value < -ROUNDING * cut.attrs["limits"][1], NEGATIVE_HATCH, " ")
    hatch = np.where(cut["failed"].values.ravel() > 0, FAILED_HATCH, np.where(there, hatch, " "))
    chosen = hatch != " "
    row, column = (index.ravel()[chosen].astype(float) for index in np.indices(cut["value"].shape))
    fills = painted(cut, heights(cut), theme)[chosen]
    over = ["#000000" if luminance(fill) > 0.4 else "#FFFFFF" for fill in fills]
    return {"x": column, "y": row, "hatch": hatch[chosen].tolist(), "hatch_color": over}


def painted(cut: xr.Dataset, drawn: npt.NDArray[np.float64], theme: Theme) -> npt.NDArray[np.str_]:
    """Choose the colour of each place; the background's where there is no value."""
    there = cut["state"].values.ravel() == HAS_VALUE
    if cut.attrs["kind"] == "label":
        palette = LABELS
        index = label_index(cut["value"].values.ravel()) % len(LABELS)
    else:
        palette = Viridis256
        index = shades(drawn.ravel(), cut.attrs["limits"], cut.attrs["logarithmic"])
    return np.where(there, np.array(palette)[index], theme.panel)


def label_index(value: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Number labels from 0; 0 also where there is none."""
    return np.nan_to_num(value - 1, nan=0.0).astype(np.intp)


def shades(drawn: npt.NDArray[np.float64], limits: tuple[float, float], logarithmic: bool) -> npt.NDArray[np.intp]:
    """Number the colours of numbers from 0 to 255."""
    low, high = limits
    where = np.nan_to_num(drawn, nan=low)
    if logarithmic:
        where, low, high = np.log(where), float(np.log(low)), float(np.log(high))
    return np.clip((where - low) / (high - low) * 255.999, 0, 255).astype(np.intp)


def luminance(color: str) -> float:
    """Return the luminance of a colour, from 0 to 1 (sRGB's weights, without its gamma)."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def line_colors(rows: int, theme: Theme) -> npt.NDArray[np.str_]:
    """Choose the colours of the lines, in the rows' order: the part of Viridis that contrasts with the page."""
    first, last = (75, 255) if theme is DARK else (0, 200)
    return np.array([Viridis256[int(i)] for i in np.linspace(first, last, max(rows, 2))])[:rows]


def line_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the rows of a section as lines."""
    drawn = heights(cut)
    return {
        "xs": [cut["x_at"].values] * len(drawn), "ys": list(drawn),
        "color": line_colors(len(drawn), theme).tolist(),
    }  # fmt: skip


def band_columns(cut: xr.Dataset, theme: Theme) -> dict[str, Any]:
    """List the areas between the quartiles of each row, as outlines; empty where there are no quartiles."""
    low, high, at = heights(cut, "low"), heights(cut, "high"), cut["x_at"].values
    xs, ys = [], []
    for below, above in zip(low, high, strict=True):
        there = np.isfinite(below) & np.isfinite(above)
        xs.append(np.concatenate([at[there], at[there][::-1]]))
        ys.append(np.concatenate([below[there], above[there][::-1]]))
    return {"xs": xs, "ys": ys, "color": line_colors(len(low), theme).tolist()}


def remarks(cut: xr.Dataset) -> list[str]:
    """Describe the spread of each place, and its failed cells with the message of the first."""
    cells, said = cut.attrs["cells"], []
    columns = (cut[name].values.ravel().tolist() for name in ("low", "high", "failed", "message"))
    for low, high, failed, message in zip(*columns, strict=True):
        parts = []
        if np.isfinite(low):
            parts.append(f"half of {cells} within {low:.3g} … {high:.3g}".replace("-", "−"))
        if failed:
            of = f"{failed} of {cells} failed: " if cells > 1 else ""
            parts.append(of + (message if len(message) <= 160 else f"{message[:159]}…"))
        said.append("; ".join(parts))
    return said
