"""The card of the neurons on the pages Theory and Compare: one selection, marked in the pictures and a table.

The selection is that of the Flow and the Explore page: numbers, a property or a condition, kept in the address.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import panel as pn
import xarray as xr

from dashboards.components import card, heading_pane, html_pane, plot_pane, side_by_side
from dashboards.drawing_data import LINES_LIMIT, DrawingData
from dashboards.html_table import Cell, Table, number_cell, records_html
from dashboards.neurons.columns import NeuronColumns
from dashboards.neurons.condition import ConditionError
from dashboards.neurons.selection import NeuronSelection, read_query
from dashboards.page_context import PageContext
from dashboards.plots.neuron_lines import NeuronLines, NeuronPicture
from dashboards.plots.source_columns import DASHES
from dashboards.run_data import open_run_data
from dashboards.theme import shade
from dashboards.views.flow.neuron_choice import NeuronChoice
from pipeline.figures import ROLES, measured_times

INSTANTS = {
    "start": "the start",
    "t1": "t₁, alignment",
    "t2": "t₂, first fit",
    "t3": "t₃, second fit",
    "end": "the end",
}
"""The instants at which a selection is found and tabulated."""
QUANTITIES = ("log₁₀ |w|", "cosine with D₊ or −D₋")
"""What is drawn over time."""
MARKED_LIMIT = 60
"""Selected neurons that are marked in a run, at most."""
ROWS_LIMIT = 10
"""Selected neurons of a run in the table, at most."""
HEADS = ("neuron", "role", "sign of a", "log₁₀ |w|", "cosine with D₊", "with −D₋", "on at points", "cluster")

Strokes = Mapping[str, tuple[str, str]]


class NeuronsCard:
    """The card; ``view`` shows it.

    Parameters
    ----------
    context
        The visitor's. Its address has ``select``, ``where_key`` and ``instant``.
    trees
        The runs by name.
    queries
        The parameters of an address that shows each run.
    strokes
        The colour and the dash of each run; None to colour the neurons of the one run by their roles.
    where_key
        The key of the condition in the address.
    """

    def __init__(
        self, context: PageContext, trees: Mapping[str, xr.DataTree], queries: Mapping[str, Mapping[str, str]], *,
        strokes: Strokes | None = None, where_key: str = "where",
    ) -> None:  # fmt: skip
        self.context, self.queries, self.strokes, self.where_key = context, queries, strokes, where_key
        self.runs = {name: DrawingData.of(open_run_data(tree)) for name, tree in trees.items()}
        asked = {"select": context.text("select"), "where": context.text(where_key)}
        self.choice = NeuronChoice(read_query(asked, context.say), self.changed, context.say)
        self.instant = pn.widgets.Select(
            label="As they are at", options={text: key for key, text in INSTANTS.items()},
            value=context.choice("instant", INSTANTS, "end"), width=150, margin=(5, 0),
        )  # fmt: skip
        self.choice.row.append(self.instant)
        self.choice.layout.margin = 0
        self.instant.param.watch(lambda _: self.changed(), "value")
        self.pictures = [self.picture(which) for which in range(len(QUANTITIES))]
        self.table = html_pane("", margin=(4, 0, 0, 0))
        self.links = html_pane("", margin=0)
        plots = [
            plot_pane(picture.figure, f"{label} of the neurons over time.")
            for picture, label in zip(self.pictures, QUANTITIES, strict=True)
        ]
        self.view = card(
            heading_pane(
                "Neurons",
                "Select neurons by numbers (3, 17-20), by a property, or by a condition (log_norm > -3 and "
                "sliding). They are marked in the pictures and listed as they are at an instant.",
            ),
            self.choice.layout,
            self.links,
            side_by_side(*plots),
            self.table,
        )
        self.show()

    def changed(self) -> None:
        """Follow a change of the selection or of the instant, and write it into the address."""
        self.context.forget()
        self.show()

    def show(self) -> None:
        """Find the selected neurons, and draw and tabulate them."""
        found = self.find()
        said = self.choice.selection.query()
        instant = str(self.instant.value)
        self.context.remember(**{
            "select": said["select"], self.where_key: said["where"],
            "instant": instant if instant != "end" and self.choice.selection else None,
        })  # fmt: skip
        self.links.object = self.link(said)
        pn.state.execute(lambda: self.mark(found))
        self.table.object = records_html(self.tabulate(found)) if any(found.values()) else ""

    def link(self, said: Mapping[str, str | None]) -> str:
        """Write the links to the pages on which the same neurons are selected; empty without a selection."""
        if not self.choice.selection:
            return ""
        lines = []
        for name, query in self.queries.items():
            flow = escape(self.context.address("flow", **query, **said))
            of = f" in {escape(name)}" if len(self.queries) > 1 else ""
            lines.append(f'<a href="{flow}">See them{of} on the page Flow</a>')
        return f"<p>{' · '.join(lines)}</p>"

    def mark(self, found: Mapping[str, list[int]]) -> None:
        """Mark the selected neurons in the pictures (under the document's lock: callbacks run in threads)."""
        for which, picture in enumerate(self.pictures):
            picture.mark(self.parts(found, which))

    def find(self) -> dict[str, list[int]]:
        """Find the selected neurons of each run; messages are of the run with most neurons."""
        widest = max(self.runs, key=lambda name: self.runs[name].neurons)
        groups = {name: drawing.run.groups for name, drawing in self.runs.items()}
        found = {widest: self.choice.find(groups[widest], self.frame(widest))}
        for name in groups:
            if name != widest:
                found[name] = found_or_none(self.choice.selection, groups[name], self.frame(name))
        return {name: found[name] for name in self.runs}

    def frame(self, name: str) -> int:
        """Find the sample of a run at the chosen instant; where a run has none, its last."""
        drawing, instant = self.runs[name], str(self.instant.value)
        if instant == "start":
            return 0
        times = dict(zip(("t1", "t2", "t3"), measured_times(drawing.run.groups), strict=True))
        time = times.get(instant, np.nan)
        return drawing.frame_at(time) if np.isfinite(time) else len(drawing.time) - 1

    def picture(self, which: int) -> NeuronPicture:
        """Draw the norms (0) or the alignment (1) of all runs, of the neurons that are drawn as lines."""
        drawn = {name: drawing.shown[: drawing.lines].tolist() for name, drawing in self.runs.items()}
        until = max(drawing.until for drawing in self.runs.values())
        # Of several runs the page says which line belongs to which; their names are wider than a phone.
        options = {"xlim": (0.0, until), "show_legend": self.strokes is None}
        return NeuronPicture(
            self.parts(drawn, which, LINES_LIMIT), ("time t", QUANTITIES[which]),
            self.context.theme, **options,
        )  # fmt: skip

    def parts(self, neurons: Mapping[str, list[int]], which: int, most: int = MARKED_LIMIT) -> list[NeuronLines]:
        """Group the lines of neurons of each run: by role, or all alike in the colour of the run."""
        found = []
        for name, numbers in neurons.items():
            chosen = np.array(numbers[:most], dtype=np.intp)
            if not len(chosen):
                continue
            time, *lines, role = self.runs[name].followed(chosen)
            if self.strokes is not None:
                found.append(NeuronLines(name, time, lines[which], *self.strokes[name], chosen))
                continue
            for kind, style in ROLES.items():
                own, color = role == kind, shade(style.color, self.context.theme)
                if own.any():
                    line = NeuronLines(style.name, time, lines[which][own], color, DASHES[kind], chosen[own])
                    found.append(line)
        return found

    def tabulate(self, found: Mapping[str, list[int]]) -> Table:
        """Tabulate the selected neurons of each run at the chosen instant."""
        rows: list[Any] = []
        for name, numbers in found.items():
            if len(found) > 1:
                rows.append(f"{name}: {len(numbers):,} selected")
            rows += neuron_rows(self.runs[name], numbers[:ROWS_LIMIT], self.frame(name))
        most = max(map(len, found.values()))
        more = f"; the first {ROWS_LIMIT} of {most:,}" if most > ROWS_LIMIT else ""
        return Table(f"The selected neurons at {INSTANTS[str(self.instant.value)]}{more}", HEADS, rows)


def found_or_none(selection: NeuronSelection, groups: Mapping[str, xr.Dataset], frame: int) -> list[int]:
    """Find selected neurons; none where a condition names what the run does not have."""
    try:
        return selection.find(groups, frame)
    except ConditionError:
        return []


def neuron_rows(drawing: DrawingData, numbers: list[int], frame: int) -> list[list[Cell]]:
    """Make the table's rows of some neurons of a run."""
    groups = drawing.run.groups
    columns, points = NeuronColumns(groups, frame), groups["data"].sizes["point"]
    names: tuple[str, ...] = ("sign", "log10_norm", "cosine_positive", "cosine_negative", "active", "cluster")
    taken = {name: np.asarray(columns[name]) for name in names}
    rows = []
    for number in numbers:
        at = {name: float(column[number]) for name, column in taken.items()}
        cosines = (
            number_cell(round(at[f"cosine_{sign}"], 6) + 0.0, "{:.6f}".format) for sign in ("positive", "negative")
        )
        role, sign = ROLES[str(drawing.role[number])].name, "+" if at["sign"] > 0 else "−"
        active = Cell(f"{at['active']:g} of {points}", css_class="number")
        rows.append(
            [
                Cell(str(number)), Cell(role), Cell(sign), number_cell(at["log10_norm"], ".4g"), *cosines, active,
                Cell(f"{at['cluster']:g}", css_class="number"),
            ]
        )  # fmt: skip
    return rows
