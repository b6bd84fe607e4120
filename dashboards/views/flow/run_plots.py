"""The plots of a run and what changes them: player, unit of time, axis of the loss, selected neurons."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import panel as pn
from bokeh.events import Tap

from dashboards.components import radio_buttons
from dashboards.drawing_data import DrawingData
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.plots.network_plot import NetworkPlot
from dashboards.plots.time_curves import TimeCurves
from dashboards.run_data import RunData
from dashboards.time_units import UNITS, TimeUnit, time_unit

FRAME_MILLISECONDS = 60
"""Time between two frames of the player."""
AXES = {"linear": "loss", "log": "log_loss"}
"""The figures of the loss by the axis that an address names."""


class RunPlots:
    """The plots of one visitor.

    Parameters
    ----------
    context
        The visitor's. The address gives ``t``, ``clock`` (the unit of time), ``loss`` (its axis) and
        ``select``.
    moved
        Called with a frame that is shown from now on, or in another unit.
    rested
        Called when what the address says of the plots has changed and the player has stopped for a moment.
    failed
        Called with an error.

    Attributes
    ----------
    drawing
        What is drawn; None until the first run is shown.
    """

    def __init__(
        self,
        context: PageContext,
        moved: Callable[[int], None],
        rested: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.context, self.moved, self.rested = context, moved, rested
        self.drawing: DrawingData | None = None
        self.wanted_time = context.number("t", 0.0, 1e300, 0.0) if "t" in context.query else None
        self.wanted_neurons = read_neurons(context.text("select"))
        self.network, self.curves = NetworkPlot(context.theme), TimeCurves(context.theme)
        self.player = pn.widgets.Player(
            label="Frame", start=0, end=1, value=0, interval=FRAME_MILLISECONDS, loop_policy="once",
            show_loop_controls=False, show_value=False, sizing_mode="stretch_width", height=70,
        )  # fmt: skip
        self.unit_choice = radio_buttons("Unit of time", UNITS, context.choice("clock", UNITS, "t"))
        self.loss_axis = radio_buttons(
            "Axis of the loss", {key: key for key in AXES}, context.choice("loss", AXES, "linear")
        )
        self.loss_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.show_loss()
        self.frames = LatestOnly(
            pn.state.curdoc, lambda frame: frame, self.show_frame, failed, rest=lambda _: None, after=0.5
        )
        self.player.param.watch(lambda event: self.frames.request(event.new), "value")
        self.unit_choice.param.watch(lambda _: self.change_unit(), "value")
        self.loss_axis.param.watch(lambda _: self.show_loss(), "value")
        self.network.neurons.selected.on_change("indices", self.selection_changed)
        for plot in self.curves.figures.values():
            plot.on_event(Tap, self.move_cursor)

    def show(self, run: RunData, *, draggable: bool) -> None:
        """Show a run, with the cursor and the selection of the last one."""
        before, drawing = self.drawing, DrawingData.of(run)
        selected, time = self.selected(), self.wanted_time
        self.drawing = drawing
        if time is None and before is not None and self.player.end:
            # The frames lie where the trajectory moves: the same share of them is a similar moment of the flow.
            frame = round(self.player.value / self.player.end * (len(drawing.time) - 1))
        else:
            frame = drawing.frame_at(drawing.until if time is None else time)
            if time is not None and time > drawing.time[-1]:
                self.context.say(f"t = {time:g} is after the end of the run. Shown is t = {drawing.time[-1]:.4g}.")
        if run.complete:
            self.wanted_time = None
        # First the end, then the value: the browser limits the value to the end that it knows.
        self.player.end = len(drawing.time) - 1
        self.player.value = frame
        self.network.show(drawing, frame)
        self.network.allow_drag(draggable)
        self.curves.show(drawing, self.unit(), frame)
        self.select(selected)

    @property
    def frame(self) -> int:
        """The frame that is shown."""
        return 0 if self.drawing is None else min(self.player.value, len(self.drawing.time) - 1)

    def show_frame(self, frame: int | None) -> None:
        """Show another frame of the same run; None: the player has rested for a while."""
        if self.drawing is None:
            return
        if frame is None:
            if self.drawing.run.complete:  # else the complete run, once it is there, writes the address
                self.rested()
        elif 0 <= frame < len(self.drawing.time):
            self.network.at(self.drawing, frame)
            self.curves.at(self.drawing, self.unit(), frame)
            self.moved(frame)

    def change_unit(self) -> None:
        """Show the same run with time in another unit."""
        self.context.forget()
        if self.drawing is not None:
            self.curves.show(self.drawing, self.unit(), self.frame)
            self.curves.choose(self.drawing, self.unit(), self.selected())
            self.moved(self.frame)
            self.rested()

    def show_loss(self) -> None:
        """Show the loss on one of the two axes.

        The other figure is not on the page: the browser would lay out a hidden figure at every move.
        """
        shown = self.curves.figures[AXES[self.loss_axis.value]]
        self.loss_place[:] = [pn.pane.Bokeh(shown, sizing_mode="stretch_width")]
        self.rested()

    def other_curves(self) -> list[pn.pane.Bokeh]:
        """Return the panes of all curves but the loss."""
        plots = {name: plot for name, plot in self.curves.figures.items() if name not in AXES.values()}
        return [pn.pane.Bokeh(plot, sizing_mode="stretch_width") for plot in plots.values()]

    def move_cursor(self, event: Any) -> None:
        """Move the cursor to where a person has clicked in a plot over time."""
        if self.drawing is not None and event.x is not None:
            self.player.value = self.drawing.frame_at(event.x * self.unit().length)

    def unit(self) -> TimeUnit:
        """Return the chosen unit of time, or t if the run has no such unit."""
        assert self.drawing is not None
        made = time_unit(self.unit_choice.value, self.drawing.log_scale)
        if made is None:
            self.unit_choice.value = "t"
            self.context.say("For λ ≥ 1, −ln λ is not a unit of time. Shown is t.")
            made = time_unit("t", 0.0)
            assert made is not None
        return made

    def selected(self) -> list[int]:
        """Return the numbers of the selected neurons."""
        if self.drawing is None:
            return self.wanted_neurons
        shown = self.drawing.shown
        return [int(shown[row]) for row in self.network.neurons.selected.indices if row < len(shown)]

    def selection_changed(self, attribute: str, old: Any, new: Any) -> None:
        """Emphasize the curves of the neurons that a person has selected."""
        if self.drawing is not None:
            self.curves.choose(self.drawing, self.unit(), self.selected())
            self.frames.request(self.player.value)

    def select(self, neurons: list[int]) -> None:
        """Select neurons by their numbers, those of them that are drawn."""
        assert self.drawing is not None
        unknown = [number for number in neurons if not 0 <= number < self.drawing.neurons]
        if unknown:
            last = self.drawing.neurons - 1
            self.context.say(f"select = {unknown[0]} is not a neuron of this run: allowed are 0 to {last:,}.")
            neurons = [number for number in neurons if number not in unknown]
        rows = np.flatnonzero(np.isin(self.drawing.shown, neurons)).tolist() if neurons else []
        self.network.neurons.selected.indices = rows
        if neurons or self.curves.chosen.data["t"]:
            self.curves.choose(self.drawing, self.unit(), neurons)

    def query(self) -> dict[str, Any]:
        """Return what an address says of the plots."""
        selected = self.selected()
        time = None if self.drawing is None else f"{self.drawing.time[self.frame]:.6g}"
        return {
            "t": time,
            "clock": self.unit_choice.value,
            "loss": self.loss_axis.value,
            "select": json.dumps(selected, separators=(",", ":")) if selected else None,
        }


def read_neurons(text: str) -> list[int]:
    """Read the numbers of neurons from an address; what is not a number is left out."""
    try:
        found = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [number for number in found if type(number) is int][:2000] if isinstance(found, list) else []
