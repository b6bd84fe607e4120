"""One cube on the page: the two linked plots of a section, and the clicked cell."""

from __future__ import annotations

import io
import math
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import panel as pn
from bokeh.events import DoubleTap, Tap

from dashboards.components import BUTTON, card, html_pane
from dashboards.cubes.opened_cube import Cube
from dashboards.cubes.section import HAS_VALUE, SectionChoice, cut_section
from dashboards.cubes.section_table import format_values, write_csv, write_html_table
from dashboards.page_context import PageContext
from dashboards.plots.linked_sources import HEIGHT, LinkedSources
from dashboards.plots.section_columns import POINTS_LIMIT, heights
from dashboards.plots.section_heat_map import create_heat_map, rounding_words
from dashboards.plots.section_lines import create_cell_lines, vertical_range
from dashboards.views.sweeps.cell_view import CellView
from dashboards.views.sweeps.cube_controls import Controls

Floats = npt.NDArray[np.float64]

NEAR = 0.04
"""Largest distance of a click from a cell's place on its line, as a share of the plot."""


class CubeView:
    """The plots of one cube.

    Attributes
    ----------
    layout
        What the page shows.
    """

    def __init__(self, context: PageContext, cube: Cube) -> None:
        self.context, self.cube = context, cube
        self.linked = LinkedSources()
        self.drawn: tuple[Any, ...] = ()
        self.controls = Controls(context, cube, self.show)
        self.heat_map = pn.pane.Bokeh(sizing_mode="stretch_width", min_height=HEIGHT)
        self.lines = pn.pane.Bokeh(sizing_mode="stretch_width", min_height=HEIGHT)
        self.summary = html_pane("", styles={"flex": "1 1 300px"}, sizing_mode=None)
        self.table = html_pane("")
        self.nothing = html_pane("", visible=False)
        self.file = pn.widgets.FileDownload(
            callback=self.csv, filename=f"{cube.sweep_id}.csv", label="Download what is shown (CSV)",
            width=260, **BUTTON,
        )  # fmt: skip
        self.cell = CellView(context, cube, self.mark)
        self.cut = cut_section(cube, self.controls.shown)
        self.layout = self.arranged()
        self.show()
        if "cell" in context.query:
            self.cell.show(context.whole("cell", 0, cube.cells - 1, 0))

    def arranged(self) -> pn.Column:
        """Lay out the view: the plots side by side where there is space, else below each other."""
        plots = [card(plot, flex="1 1 460px", least="280px") for plot in (self.heat_map, self.lines)]
        self.plots = pn.FlexBox(*plots, gap="10px 12px", margin=(6, 10), sizing_mode="stretch_width")
        return pn.Column(
            html_pane(self.description()),
            self.controls.layout,
            self.plots,
            self.nothing,
            pn.FlexBox(self.summary, self.file, gap="4px 16px", align_items="center", margin=(8, 0, 0, 0)),
            self.cell.layout,
            self.table,
            sizing_mode="stretch_width",
        )

    def description(self) -> str:
        """Describe the sweep."""
        attributes = self.cube.dataset.attrs
        failed = int(attributes["failed_cells"])
        says = f"{self.cube.cells:,} cells of {attributes['run_name']}" + (
            f", {failed:,} failed" if failed else ""
        )
        return f"<strong>{escape(self.cube.title.replace(' x ', ' × '))}</strong> <span>· {escape(says)}</span>"

    def show(self) -> None:
        """Show the section of the controls: new plots for other axes, else new numbers."""
        shown = self.controls.shown
        self.cut = cut_section(self.cube, shown)
        there = bool((self.cut["state"] == HAS_VALUE).any())
        self.plots.visible, self.nothing.visible, self.nothing.object = there, not there, self.why_nothing()
        pn.state.execute(lambda: self.draw(shown))
        self.summary.object = self.told()
        self.table.object = (
            "<details><summary>What is shown, as a table</summary>"
            + write_html_table(self.cube, self.cut)
            + "</details>"
        )

    def draw(self, shown: SectionChoice) -> None:
        """Draw the section (under the document's lock: callbacks run in threads)."""
        self.linked.show(self.cut, self.context.theme)
        drawn_for = (shown.quantity, shown.x, shown.y, shown.aggregated, shown.measure)
        if drawn_for != self.drawn:
            self.drawn = drawn_for
            failures = bool(self.cube.failures)
            heat_map = create_heat_map(self.cut, self.linked, self.context.theme, failures=failures)
            # Of two clicks within 0.3 s Bokeh reports the second one as a double click alone.
            heat_map.on_event(Tap, self.tapped_cell)
            heat_map.on_event(DoubleTap, self.tapped_cell)
            lines = create_cell_lines(self.cut, self.linked, self.context.theme)
            lines.on_event(Tap, self.tapped_line)
            lines.on_event(DoubleTap, self.tapped_line)
            self.heat_map.object, self.lines.object = heat_map, lines
        if self.cell.number is not None:
            self.mark(self.cell.number)

    def why_nothing(self) -> str:
        """Say why no cell of the section has a value, and what to do."""
        failed, cells = int(self.cut["failed"].sum()), self.cut["each"].size
        why = f"{failed:,} of them failed" if failed else "their runs have no such result"
        return (
            f"<p><strong>No cell has a value of {escape(self.cut.attrs['quantity'])} here.</strong> There are "
            f"{cells:,} cells, and {why}. Select another quantity, or other values of the remaining axes.</p>"
        )

    def told(self) -> str:
        """Describe the plots in a sentence."""
        values, texts = self.cut["value"].values, format_values(self.cut)
        there = self.cut["state"].values == HAS_VALUE
        said = escape(self.cut.attrs["title"])
        if there.any() and self.cut.attrs["kind"] != "label":
            low, high = (
                texts[int(find(np.where(there, values, np.nan)))] for find in (np.nanargmin, np.nanargmax)
            )
            said += f": from {escape(low)} to {escape(high)}"
        elif there.any():
            found = [f"{texts.count(word)} × {word}" for word in self.cut.attrs["words"] if word in texts]
            said += f": {escape(', '.join(found))}"
        if rounded := int(self.cut["rounded"].sum()):
            edge = ", at the lower edge of the lines" if self.cut.attrs["logarithmic"] else ""
            said += (
                f"; {rounded} of {there.size:,} are {rounding_words(self.cut.attrs['rounding'])}, in grey{edge}"
            )
        if not there.all():
            said += f"; {int((~there).sum())} of {there.size:,} cells have no value"
        if self.cut.attrs["kind"] == "number" and self.cut.attrs["cells"] > 1:
            many = self.cut["each"].size > POINTS_LIMIT
            said += ". The band has half of the cells of a place" if many else ". Each small point is a cell"
        return f"<p>{said}. Click a cell for all its results; click it again to open its run.</p>"

    def csv(self) -> io.StringIO:
        """Write the CSV file of the section."""
        return io.StringIO(write_csv(self.cube, self.cut))

    def tapped_cell(self, event: Any) -> None:
        """Follow a click on the heat map."""
        row, column = round(event.y), round(event.x)
        rows, columns = self.cut["value"].shape
        if 0 <= row < rows and 0 <= column < columns:
            self.choose(row, column)

    def tapped_line(self, event: Any) -> None:
        """Follow a click on the lines: the nearest cell, if there is one near."""
        at = self.cut["x_at"].values
        across = shares(at, (at.min(), at.max()), self.cut.attrs["x_scale"] == "log")
        here = shares(np.array([event.x]), (at.min(), at.max()), self.cut.attrs["x_scale"] == "log")
        ends, logarithmic = vertical_range(self.cut), self.cut.attrs["logarithmic"]
        up = shares(heights(self.cut), ends, logarithmic) - shares(np.array([event.y]), ends, logarithmic)
        distance = np.hypot((across - here)[None, :], up)
        if np.isfinite(distance).any() and np.nanmin(distance) < NEAR:
            row, column = np.unravel_index(np.nanargmin(distance), distance.shape)
            self.choose(int(row), int(column))

    def choose(self, row: int, column: int) -> None:
        """Show the cell at a place; if it is shown already, open its run."""
        self.context.forget()
        place = dict(zip(self.cut["value"].dims, (row, column), strict=True))
        at = None if self.cell.number is None else self.cube.place(self.cell.number)
        if at is not None and all(at.get(str(dim), index) == index for dim, index in place.items()):
            self.cell.open()
        else:
            self.cell.show(int(self.cut["number"].values[row, column]))

    def mark(self, number: int) -> None:
        """Mark a cell in both plots."""
        place = self.cube.place(number)
        y, x = (str(dim) for dim in self.cut["value"].dims)
        pn.state.execute(lambda: self.linked.pin(place.get(y, 0), place[x]))


def shares(places: Floats, ends: tuple[float, float], logarithmic: bool) -> Floats:
    """Return where places are on an axis, as shares of its length."""
    low, high = ends
    if logarithmic:
        places, low, high = np.log(np.maximum(places, np.finfo(float).tiny)), math.log(low), math.log(high)
    return (places - low) / ((high - low) or 1.0)
