"""The page 'sweeps': choose a cube, see it as a heat map and as lines, open the run of a cell."""

from __future__ import annotations

from typing import Any

import panel as pn

from catalog import CatalogError
from dashboards.components import words
from dashboards.cubes import read_cube
from dashboards.cubes.cube import GROUP
from dashboards.damage import reading
from dashboards.latest_only import Latest
from dashboards.page_context import Visit
from dashboards.views.sweeps.cube_view import CubeView
from dashboards.views.sweeps.law_view import law_view
from pipeline import figures

LOOK_EVERY = 4_000
"""Milliseconds between two looks for sweeps that have appeared; a look lists a folder."""
NONE_YET = """
<h2>No sweep yet</h2>
<p>A sweep computes a run for each combination of scales, widths, seeds or any other keys. Make one with</p>
<pre>reluflow sweep scale-width-seed</pre>
<p>(1080 runs of the paper's experiment; <code>--dry-run</code> says first what it would do). It shows up here as
soon as it is published; nothing needs to be loaded again.</p>
"""


def build_page(visit: Visit) -> pn.viewable.Viewable:
    """Build the page."""
    return SweepsView(visit).layout


class SweepsView:
    """The choice of a sweep, and the view of the chosen one.

    Attributes
    ----------
    layout
        What the page shows.
    shown
        The view of the chosen cube; None until one was shown.
    """

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.sweep_ids = visit.catalog.sweeps.run_ids()
        self.chosen = pn.widgets.Select(label="Sweep", options=self.sweep_ids, sizing_mode="stretch_width")
        self.shown: CubeView | None = None
        self.place = pn.Column(sizing_mode="stretch_width", min_height=560)
        self.layout = pn.Column(self.chosen, self.place, sizing_mode="stretch_width")
        if self.sweep_ids:
            self.chosen.value = visit.choice("sweep", self.sweep_ids, self.first())
        self.show()
        self.chosen.param.watch(self.choose, "value")
        self.known = Latest(
            pn.state.curdoc, lambda _: visit.catalog.sweeps.run_ids(), self.appear, visit.say_error
        )
        if pn.state.curdoc is not None:
            pn.state.add_periodic_callback(self.look, period=LOOK_EVERY)

    def first(self) -> str:
        """Choose the sweep that is shown to whoever asks for none: the first that is no law of the theory."""
        laws = tuple(f"{law}-" for law in figures.LAWS)
        return next((one for one in self.sweep_ids if not one.startswith(laws)), str(self.sweep_ids[0]))

    def choose(self, *_events: Any) -> None:
        """Show another sweep: nothing of what the address says of the last one holds for it."""
        self.visit.forget()
        for key in list(self.visit.query):
            if key not in ("theme", "sweep"):
                self.visit.query.pop(key)
        self.show()

    def show(self) -> None:
        """Show the chosen sweep, or how to make one."""
        self.chosen.visible = bool(self.sweep_ids)
        if not self.sweep_ids:
            self.place[:] = [words(NONE_YET)]
            return
        sweep_id = str(self.chosen.value)
        self.visit.remember(sweep=sweep_id)
        try:
            tree = self.visit.catalog.sweeps.whole(sweep_id)
            law = next((name for name in figures.LAWS if name in tree.children), None)
            if law is not None and GROUP not in tree.children:
                title = str(tree.attrs.get("title", law))
                with reading(sweep_id, "sweeps"):
                    found = tree[law].to_dataset().load()
                self.place[:] = [law_view(self.visit, sweep_id, found, title)]
            else:
                self.shown = CubeView(self.visit, read_cube(self.visit.catalog, sweep_id))
                self.place[:] = [self.shown.layout]
        except CatalogError as error:
            self.visit.say(str(error))
            self.place[:] = [words("<p>This sweep can't be shown. Choose another one.</p>")]

    def look(self) -> None:
        """Look for sweeps that have appeared, or gone."""
        self.known.want(None)

    def appear(self, found: list[str]) -> None:
        """Let these sweeps be chosen, and say which are new or gone."""
        if found == self.sweep_ids:
            return
        new = [one for one in found if one not in self.sweep_ids]
        first, self.sweep_ids = not self.sweep_ids, found
        before = self.chosen.value
        value = before if before in found else self.first() if found else None
        self.chosen.param.update(options=found, value=value)
        if before is not None and before not in found:
            self.visit.say(f"The sweep {before} is gone from the catalog.")
        if new and not first:
            self.visit.say(f"New: the sweep {', '.join(new)}. It can be chosen above.")
