"""The losses of the runs that a visitor sees, as small lines: read once for all visitors."""

from __future__ import annotations

from collections.abc import Sequence

import panel as pn

from catalog import Catalog, CatalogError
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.plots.sparkline import draw_sparkline
from dashboards.views.catalog.runs_table import PAGE_SIZE, UNSORTED


class LossLines:
    """Draws the losses of the runs on the table's page.

    Parameters
    ----------
    context
        The visitor's.
    table
        The table of runs.
    drawn
        The losses that were drawn before, by run; new ones are added for all visitors.
    """

    def __init__(self, context: PageContext, table: pn.widgets.Tabulator, drawn: dict[str, str]) -> None:
        self.context, self.table, self.drawn = context, table, drawn
        self.lines = LatestOnly(pn.state.curdoc, self._draw, self._show, context.say_error)
        table.param.watch(self.ask, ["sorters", "page"])

    def ask(self, *_: object) -> None:
        """Draw what is seen and nobody has seen before."""
        first = PAGE_SIZE * ((self.table.page or 1) - 1)
        seen = list(self.table.current_view["run_id"])[first : first + PAGE_SIZE]
        missing = [run_id for run_id in seen if run_id not in self.drawn]
        if missing:
            self.lines.request(missing)
        self._patch([run_id for run_id in seen if run_id in self.drawn])

    def _draw(self, run_ids: list[str]) -> dict[str, str]:
        return draw_losses(self.context.catalog, run_ids)

    def _show(self, found: dict[str, str]) -> None:
        self.drawn.update(found)
        self._patch(list(found))

    def _patch(self, run_ids: Sequence[str]) -> None:
        """Write the lines of some runs into the table, where they are not there yet."""
        rows = self.table.value
        place = {run_id: number for number, run_id in enumerate(rows["run_id"])}
        known = [run_id for run_id in run_ids if run_id in place]
        new = [
            (place[run_id], self.drawn[run_id])
            for run_id in known
            if rows[UNSORTED].iloc[place[run_id]] != self.drawn[run_id]
        ]
        if new:
            self.table.patch({UNSORTED: new})


def draw_losses(catalog: Catalog, run_ids: Sequence[str]) -> dict[str, str]:
    """Draw the loss of each run; nothing of a run that can't be read, of which the page says so elsewhere."""
    drawn = {}
    for run_id in run_ids:
        try:
            found = catalog.arrays(run_id, "trajectory", ("time", "loss"))
            drawn[run_id] = draw_sparkline(found["time"], found["loss"])
        except CatalogError:
            drawn[run_id] = ""
    return drawn
