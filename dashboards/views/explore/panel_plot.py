"""The plot of one run on the Explore page: its figure, which is made once and then given new data."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
import panel as pn
from bokeh.events import DoubleTap, RangesUpdate, SelectionGeometry, Tap
from bokeh.models import BoxSelectTool, CustomJS, LassoSelectTool, Range1d

from dashboards.components import collapsible_card, html_pane
from dashboards.html_table import numbers_html
from dashboards.plots.figure_style import RESTORE, set_limits
from dashboards.plots.holoviews_style import update_figure
from dashboards.views.explore.drawing import Drawn


class PanelPlot:
    """The plot, its title, its sentence and its table.

    Parameters
    ----------
    shared
        The range of x, which all plots of the page share.
    zoomed
        Called with the ends of x when a person has zoomed, and with None at a double click.
    clicked
        Called with the neuron that a person has clicked, and with None at a double click.
    taken
        Called with the neurons that a person has taken with the box or the lasso.
    """

    def __init__(
        self,
        shared: Range1d,
        zoomed: Callable[[tuple[float, float] | None], None],
        clicked: Callable[[int | None], None],
        taken: Callable[[tuple[int, ...]], None],
    ) -> None:
        self.shared, self.zoomed, self.clicked, self.taken = shared, zoomed, clicked, taken
        self.drawn: Drawn | None = None
        self.figure: Any = None
        self.title, self.table = html_pane("", margin=(0, 10)), html_pane("", margin=(0, 10))
        self.sentence = html_pane("", faint=True, margin=(0, 10))
        self.values = collapsible_card("Some values as a table", self.table, closed=True)
        self.role = pn.pane.HTML("", height=1, margin=0)
        self.place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.view = pn.Column(
            self.title, self.role, self.place, self.sentence, self.values,
            styles={"flex": "1 1 460px", "min-width": "280px", "max-width": "100%"}, margin=0,
        )  # fmt: skip

    def show(self, title: str, drawn: Drawn, made: Any, *, keep_limits: bool) -> None:
        """Show a slice; ``made`` is its figure, from ``render_figure`` in ``holoviews_style``.

        ``keep_limits``: only the place of a dimension has changed, so that the vertical axis grows, and never
        jumps.
        """
        self.drawn = drawn
        self.title.object = f"<h2>{title}</h2>"
        self.sentence.object = f"<p>{escape(drawn.sentence)}</p>"
        self.role.object = f'<div role="img" aria-label="{escape(drawn.sentence)}"></div>'
        self.values.visible = drawn.table is not None
        self.table.object = "" if drawn.table is None else numbers_html(drawn.table)
        if made is None:
            self.figure = None
            self.place[:] = []
        elif self.figure is not None and update_figure(self.figure, made):
            low, high = made.y_range.start, made.y_range.end
            if keep_limits:
                low, high = min(low, self.figure.y_range.start), max(high, self.figure.y_range.end)
            if (low, high) != (self.figure.y_range.start, self.figure.y_range.end):
                set_limits(self.figure.y_range, low, high)
        else:
            self.figure = self.connected(made)
            self.place[:] = [pn.pane.Bokeh(made, sizing_mode="stretch_width", margin=0)]

    def connected(self, made: Any) -> Any:
        """Let a figure share x with the others, and report its zooms."""
        set_limits(made.y_range, made.y_range.start, made.y_range.end)
        made.x_range = self.shared
        made.js_on_event("doubletap", CustomJS(args={"ranges": [self.shared, made.y_range]}, code=RESTORE))
        made.on_event(Tap, self.tapped)
        made.on_event(DoubleTap, self.restored)
        made.on_event(RangesUpdate, self.moved)
        if self.drawn is not None and self.drawn.picture is not None and self.drawn.picture.of_neurons:
            # Without renderers Bokeh itself selects nothing: it would dim the other lines.
            made.add_tools(BoxSelectTool(renderers=[]), LassoSelectTool(renderers=[]))
            made.on_event(SelectionGeometry, self.surrounded)
        return made

    def surrounded(self, event: Any) -> None:
        """Report the neurons in a box or a lasso once it is drawn."""
        if event.final and self.drawn is not None and self.drawn.picture is not None:
            self.taken(self.drawn.picture.neurons_in(event.geometry))

    def tapped(self, event: Any) -> None:
        """Report the neuron at a click."""
        picture = None if self.drawn is None else self.drawn.picture
        if picture is not None and event.x is not None and event.y is not None:
            shared: Any = self.shared
            limits = shared.start, shared.end, self.figure.y_range.start, self.figure.y_range.end
            neuron = picture.neuron_at(float(event.x), float(event.y), limits)
            if neuron is not None:
                self.clicked(neuron)

    def restored(self, _: Any) -> None:
        """Show all of x; the first click of the two has selected nothing."""
        self.clicked(None)
        self.zoomed(None)

    def moved(self, event: Any) -> None:
        """Report a zoom; the whole range is none."""
        ends = (float(event.x0), float(event.x1))
        shared: Any = self.shared
        whole = (float(shared.reset_start), float(shared.reset_end))
        same = np.allclose(ends, whole, rtol=0.0, atol=1e-6 * abs(whole[1] - whole[0]))
        self.zoomed(None if same else ends)
