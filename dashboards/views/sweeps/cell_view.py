"""The clicked cell: its place, its results, and the link to its run."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import panel as pn

from dashboards.components import html_pane
from dashboards.cubes.cell_results import RunLink, link_to_run, list_results
from dashboards.cubes.opened_cube import Cube
from dashboards.page_context import PageContext

OPENING = "if (cb_obj.value) { const to = cb_obj.value; cb_obj.value = ''; window.location.assign(to) }"
"""Opens the address that is written into the invisible field."""
STYLE = """
  :host { container-type: inline-size; }
  .way { margin: 4px 0 10px; }
  .way a {
    display: inline-block; padding: 6px 14px; margin-right: 10px; border-radius: 6px; text-decoration: none;
    font-weight: 600; color: var(--paper); background: var(--accent);
  }
  .way a:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
  .failed { border-left: 4px solid var(--accent); padding: 2px 10px; margin: 6px 0; }
  .groups { display: flex; flex-wrap: wrap; gap: 8px 32px; align-items: flex-start; }
  table { border-collapse: collapse; font-size: 13px; flex: 1 1 280px; max-width: 460px; }
  caption { text-align: left; font-weight: 600; padding: 4px 0; }
  th, td { padding: 2px 0; border-bottom: 1px solid var(--line); font-weight: normal; }
  th { text-align: left; color: var(--faint); padding-right: 12px; }
  td { text-align: right; font-variant-numeric: tabular-nums; }
  tr.shown th, tr.shown td { font-weight: 700; color: var(--ink); }
"""


class CellView:
    """The clicked cell; invisible until a cell is clicked.

    Attributes
    ----------
    layout
        What the page shows.
    number
        The number of the cell; None until one is clicked.
    """

    def __init__(self, context: PageContext, cube: Cube, mark: Callable[[int], None]) -> None:
        self.context, self.cube, self.mark = context, cube, mark
        self.number: int | None = None
        self.way = RunLink(None, "")
        self.choices = {
            one.dim: pn.widgets.Select(
                label=one.title, options={word: place for place, word in enumerate(one.words)}, width=230
            )
            for one in cube.swept
        }
        self.following = False
        for choice in self.choices.values():
            choice.param.watch(self.chosen, "value")
        self.account = html_pane("", style=STYLE)
        self.leading = pn.widgets.TextInput(label="Address to open", visible=False)
        self.leading.jscallback(value=OPENING)
        heading = html_pane("<h2>The cell</h2>")
        self.layout = pn.Column(
            heading, pn.FlexBox(*self.choices.values(), gap="4px 16px"), self.account, self.leading,
            sizing_mode="stretch_width", visible=False,
        )  # fmt: skip

    def show(self, number: int) -> None:
        """Show the results of a cell, mark it in the plots, and write it into the address."""
        self.number = number
        self.way = link_to_run(self.cube, number, self.context.catalog)
        self.following = True
        try:
            for dim, place in self.cube.place(number).items():
                self.choices[dim].value = place
        finally:
            self.following = False
        self.context.remember(cell=number)
        self.account.object = self.told(number)
        self.layout.visible = True
        self.mark(number)

    def chosen(self, _event: Any) -> None:
        """Show the cell of the choices, by which a keyboard selects it."""
        if not self.following:
            self.context.forget()
            self.show(self.cube.number({dim: int(choice.value) for dim, choice in self.choices.items()}))

    def open(self) -> None:
        """Open the cell's run; if no page can show it, say why."""
        if self.way.query is None:
            self.context.say(self.way.words)
        else:
            self.leading.value = self.context.address("flow", **self.way.query)

    def told(self, number: int) -> str:
        """Write the link to the run, the message of a failed cell, and a table for each group of results."""
        parts = []
        failed = number in self.cube.failures
        if failed:
            parts.append(f'<p class="failed"><strong>Failed:</strong> {escape(self.cube.failures[number])}</p>')
        link = ""
        if self.way.query is not None:
            link = f'<a href="{escape(self.context.address("flow", **self.way.query))}">Open the run</a>'
        parts.append(f'<p class="way">{link}{escape(self.way.words)}</p>')
        account = {} if failed else list_results(self.cube, number)
        tables = [self.listed(group, rows) for group, rows in account.items()]
        return "".join(parts) + f'<div class="groups">{"".join(tables)}</div>'

    def listed(self, group: str, rows: list[tuple[str, str, str]]) -> str:
        """Write one group of results as a table; the quantity of the plots is bold."""
        shown = self.context.query.get("show")
        lines = "".join(
            f'<tr{" class=shown" if name == shown else ""}><th scope="row">{escape(title)}</th>'
            f"<td>{escape(value)}</td></tr>"
            for name, title, value in rows
        )
        return f"<table><caption>{group}</caption>{lines}</table>"
