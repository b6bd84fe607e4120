"""The page 'sweeps': the choice of a sweep, and its view."""

from __future__ import annotations

from typing import Any

import panel as pn

from catalog import CatalogError
from dashboards.components import TO_THE_EDGE, html_pane
from dashboards.cubes.opened_cube import CUBE_GROUP, read_cube
from dashboards.damage import explain_damage
from dashboards.latest_only import poll
from dashboards.page_context import PageContext
from dashboards.views.sweeps.cube_view import CubeView
from dashboards.views.sweeps.law_view import build_law_view
from pipeline import figures

POLL_MILLISECONDS = 4_000
"""Milliseconds between two checks for new sweeps; a check lists a folder."""
NONE_YET = """
<h2>No sweep yet</h2>
<p>A sweep computes a run for each combination of scales, widths, seeds or any other keys. Make one with</p>
<pre>reluflow sweep scale-width-seed</pre>
<p>(1080 runs of the paper's experiment; <code>--dry-run</code> shows what it would do).</p>
<p>The sweep appears here as soon as it is published, without a reload.</p>
"""


def build_page(context: PageContext) -> pn.viewable.Viewable:
    """Build the page."""
    return SweepsView(context).layout


class SweepsView:
    """The choice of a sweep, and the view of the selected one.

    Attributes
    ----------
    layout
        What the page shows.
    shown
        The view of the selected cube; None until one is shown.
    """

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.sweep_ids = context.catalog.sweeps.run_ids()
        self.chosen = pn.widgets.Select(label="Sweep", options=self.sweep_ids, sizing_mode="stretch_width")
        self.shown: CubeView | None = None
        self.place = pn.Column(sizing_mode="stretch_width", min_height=560)
        self.layout = pn.Column(self.chosen, self.place, sizing_mode="stretch_width", margin=TO_THE_EDGE)
        if self.sweep_ids:
            self.chosen.value = context.choice("sweep", self.sweep_ids, self.first())
        self.show()
        self.chosen.param.watch(self.choose, "value")
        self.known = poll(context.catalog.sweeps.run_ids, self.appear, context.say_error, POLL_MILLISECONDS)

    def first(self) -> str:
        """Return the sweep that is shown by default: the first that is not a law of the theory."""
        laws = tuple(f"{law}-" for law in figures.LAWS)
        return next((one for one in self.sweep_ids if not one.startswith(laws)), str(self.sweep_ids[0]))

    def choose(self, *_events: Any) -> None:
        """Show another sweep, and remove the parameters of the last one from the address."""
        self.context.forget()
        for key in list(self.context.query):
            if key not in ("theme", "sweep"):
                self.context.query.pop(key)
        self.show()

    def show(self) -> None:
        """Show the selected sweep, or how to make one."""
        self.chosen.visible = bool(self.sweep_ids)
        if not self.sweep_ids:
            self.place[:] = [html_pane(NONE_YET)]
            return
        sweep_id = str(self.chosen.value)
        self.context.remember(sweep=sweep_id)
        try:
            tree = self.context.catalog.sweeps.whole(sweep_id)
            law = next((name for name in figures.LAWS if name in tree.children), None)
            if law is not None and CUBE_GROUP not in tree.children:
                title = str(tree.attrs.get("title", law))
                with explain_damage(sweep_id, "sweeps"):
                    found = tree[law].to_dataset().load()
                self.place[:] = [build_law_view(self.context, sweep_id, found, title)]
            else:
                self.shown = CubeView(self.context, read_cube(self.context.catalog, sweep_id))
                self.place[:] = [self.shown.layout]
        except CatalogError as error:
            self.context.say(str(error))
            self.place[:] = [html_pane("<p>This sweep can't be shown. Select another one.</p>")]

    def appear(self, found: list[str]) -> None:
        """Offer these sweeps, and say which have been added or removed."""
        if found == self.sweep_ids:
            return
        new = [one for one in found if one not in self.sweep_ids]
        first, self.sweep_ids = not self.sweep_ids, found
        before = self.chosen.value
        value = before if before in found else self.first() if found else None
        self.chosen.param.update(options=found, value=value)
        if before is not None and before not in found:
            self.context.say(f"The sweep {before} was removed from the catalog.")
        if new and not first:
            self.context.say(f"New sweep: {', '.join(new)}. You can select it above.")
