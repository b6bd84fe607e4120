"""Another method beside the run: the menu, its lines in the pictures, and what is said of it.

It is followed on request alone, once the run is complete: while a slider moves nothing of it is computed or drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import panel as pn

from dashboards.components import html_pane
from dashboards.drawing_data import DrawingData
from dashboards.latest_only import LatestOnly
from dashboards.other_method import METHODS, OtherMethod, OtherRequest, follow_other
from dashboards.page_context import PageContext
from dashboards.plots.descriptions import written
from dashboards.plots.legends import other_method_mark
from dashboards.views.flow.run_plots import RunPlots

NOTHING = ""


@dataclass(frozen=True)
class Asked:
    """Which run is to be followed by which method; ``key`` is the run's among the shared results."""

    drawing: DrawingData
    key: Hashable
    choice: str


class OtherMethodView:
    """The view of one visitor.

    Parameters
    ----------
    context
        The visitor's. The address gives ``beside``.
    plots
        The pictures.
    changed
        Called when a person has chosen another method.

    Attributes
    ----------
    other
        What is drawn; None while nothing is.
    """

    def __init__(self, context: PageContext, plots: RunPlots, changed: Callable[[], None]) -> None:
        self.context, self.plots, self.changed = context, plots, changed
        self.asked: Asked | None = None
        self.run: tuple[DrawingData, Hashable] | None = None
        self.other: OtherMethod | None = None
        options = {"nothing": NOTHING} | {method.name: key for key, method in METHODS.items()}
        value = context.choice("beside", [NOTHING, *METHODS], NOTHING)
        self.choice = pn.widgets.Select(
            label="Beside the run", options=options, value=value, width=210, margin=(5, 8)
        )
        self.text = html_pane("", margin=(0, 10))
        self.work = LatestOnly(pn.state.curdoc, self.make, self.show, self.failed)
        self.choice.param.watch(lambda _: self.chosen(), "value")
        plots.unit_choice.param.watch(lambda _: self.draw(), "value")

    def follow(self, drawing: DrawingData, key: Hashable) -> None:
        """Follow a complete run by the chosen method, unless that is drawn or under way."""
        self.run = drawing, key
        asked = Asked(drawing, key, self.choice.value)
        if self.asked is not None and (key, asked.choice) == (self.asked.key, self.asked.choice):
            return
        self.asked = asked
        self.hide()
        if asked.choice != NOTHING:
            self.work.request(asked)

    def forget(self) -> None:
        """Take away what belongs to the last run; called while a new one is computed."""
        self.asked = self.run = None
        self.hide()

    def chosen(self) -> None:
        """Do what a person has chosen."""
        self.context.forget()
        if self.run is not None:
            self.follow(*self.run)
        self.changed()

    def make(self, asked: Asked) -> tuple[Asked, OtherMethod]:
        """Follow the run; called in a thread of its own."""
        compute = partial(self.context.compute, follow_other)
        request = OtherRequest.of(asked.drawing, METHODS[asked.choice])
        return asked, self.context.share(("beside", asked.key, asked.choice), lambda: compute(request))

    def show(self, made: tuple[Asked, OtherMethod]) -> None:
        """Draw it, unless something else has been asked for since."""
        asked, other = made
        if asked is self.asked:
            self.other = other
            self.draw()

    def failed(self, error: Exception) -> None:
        """Say why there is nothing beside the run."""
        self.context.say_error(error)
        self.choice.value = NOTHING

    def hide(self) -> None:
        """Draw nothing beside the run."""
        if self.other is not None:
            self.other = None
            self.draw()

    def draw(self) -> None:
        """Draw its loss, and its function at the cursor."""
        drawing = self.plots.drawing
        if drawing is not None:
            self.plots.curves.show_other(self.other, self.plots.unit())
            self.write_frame(self.plots.frame)

    def write_frame(self, frame: int) -> None:
        """Draw its function at a frame, and compare the losses there."""
        drawing, other = self.plots.drawing, self.other
        if drawing is None or other is None:
            if self.text.object:
                self.plots.network.show_other(None, 0)
                self.text.object = ""
            return
        at = other.instant(float(drawing.time[frame]))
        self.plots.network.show_other(other, at)
        own = float(drawing.run.groups["trajectory"]["loss"][frame])
        self.text.object = (
            f"<p>{other_method_mark(self.context.theme)} {escape(other.method.name)}: "
            f"L = {written(float(other.loss[at]))} at the cursor, the run's is {written(own)}. "
            f"{escape(other.ended)}</p>"
        )

    def query(self) -> dict[str, Any]:
        """Return what an address says of it."""
        return {"beside": self.choice.value or None}
