"""The plots of a run and what changes them: player, unit of time, axis of the loss, selected neurons."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import panel as pn
from bokeh.events import DoubleTap, RangesUpdate, Tap

from dashboards.components import html_pane, radio_buttons
from dashboards.drawing_data import DrawingData, coordinate_names
from dashboards.latest_only import LatestOnly
from dashboards.neurons.selection import NeuronSelection, read_query
from dashboards.page_context import PageContext
from dashboards.plots.legends import STYLE as LEGEND_STYLE
from dashboards.plots.legends import network_legend, phases_legend
from dashboards.plots.network_plot import NetworkPlot
from dashboards.plots.time_curves import TimeCurves
from dashboards.run_data import RunData
from dashboards.time_units import UNITS, TimeUnit, time_unit
from dashboards.views.flow.neuron_choice import NeuronChoice
from pipeline.figures import occurring, phase_order

FRAME_MILLISECONDS = 60
"""Time between two frames of the player."""
AXES = {"linear": "loss", "log": "log_loss"}
"""The figures of the loss by the axis that an address names."""
PRINCIPAL = "principal components"
COORDS_LIMIT = 8
"""Coordinates of which pairs are offered as a plane."""
PLAY, PAUSE = "▶ Play", "❚❚ Pause"
LARGE: dict[str, Any] = {
    "stylesheets": [".bk-btn { font-size: 16px !important; height: 40px; font-weight: 600; }"]
}
"""The style of the button that plays."""
HEIGHTS = {"log": "log height", "linear": "linear height"}
"""The scales of the neurons' heights by what an address says."""


class RunPlots:
    """The plots of one visitor.

    Parameters
    ----------
    context
        The visitor's. The address gives ``t``, ``clock`` (the unit of time), ``loss`` (its axis), ``height``,
        ``window`` (of t), and the selection of neurons.
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
        self.window = context.window("window")
        self.network, self.curves = NetworkPlot(context.theme), TimeCurves(context.theme)
        self.neurons = NeuronChoice(read_query(context.query, context.say), self.neurons_chosen, context.say)
        self.marking = False
        self.player = pn.widgets.Player(
            label="Time of the flow", start=0, end=1, value=0, interval=FRAME_MILLISECONDS, loop_policy="once",
            show_loop_controls=False, show_value=False, sizing_mode="stretch_width", height=84,
            visible_buttons=["slower", "first", "previous", "next", "last", "faster"],
        )  # fmt: skip
        self.play = pn.widgets.Button(label=PLAY, color="primary", width=110, margin=(18, 6, 0, 10), **LARGE)
        self.play.on_click(self.start_or_stop)
        self.player.param.watch(self.playing, "direction")
        self.unit_choice = radio_buttons("Unit of time", UNITS, context.choice("clock", UNITS, "t"))
        self.loss_axis = radio_buttons(
            "Axis of the loss", {key: key for key in AXES}, context.choice("loss", AXES, "linear")
        )
        self.height_axis = radio_buttons(
            "Height of the neurons", HEIGHTS, context.choice("height", HEIGHTS, "log"), margin=(5, 10)
        )
        self.network.logarithmic = self.height_axis.value == "log"
        self.plane = pn.widgets.Select(
            label="The plane of the weights", options={PRINCIPAL: ""}, width=230, margin=(5, 10), visible=False
        )
        self.wanted_plane = context.text("plane")
        self.plane.param.watch(lambda _: self.change_plane(), "value")
        self.network_legend, self.phases_legend = (
            html_pane("", style=LEGEND_STYLE, margin=(0, 10)) for _ in range(2)
        )
        self.loss_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.show_loss()
        self.frames = LatestOnly(
            pn.state.curdoc, lambda frame: frame, self.show_frame, failed, rest=lambda _: None, after=0.5
        )
        self.choices = LatestOnly(pn.state.curdoc, lambda _: None, self.show_frame, failed)
        self.player.param.watch(lambda event: self.frames.request(event.new), "value")
        self.unit_choice.param.watch(lambda _: self.change_unit(), "value")
        self.loss_axis.param.watch(lambda _: self.show_loss(), "value")
        self.height_axis.param.watch(lambda _: self.change_heights(), "value")
        self.network.neurons.selected.on_change("indices", self.selection_changed)
        for plot in self.curves.figures.values():
            plot.on_event(Tap, self.move_cursor)
            plot.on_event(RangesUpdate, self.zoomed)
            plot.on_event(DoubleTap, lambda _: self.zoom(None))

    def show(self, run: RunData, *, draggable: bool) -> None:
        """Show a run, with the cursor and the selection of the last one."""
        before = self.drawing
        self.offer_planes(run)
        drawing = DrawingData.of(run, read_axes(self.plane.value))
        time = self.wanted_time
        self.drawing = drawing
        if time is None and before is not None and self.player.end:
            # The frames lie where the trajectory moves: the same share of them is a similar moment of the flow.
            frame = round(self.player.value / self.player.end * (len(drawing.time) - 1))
        else:
            frame = drawing.frame_at(0.0 if time is None else time)
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
        self.show_window()
        self.write_legends(drawing, draggable)
        self.mark(frame)

    def offer_planes(self, run: RunData) -> None:
        """Offer the principal components, and pairs of the first coordinates."""
        names = coordinate_names(run.groups["data"])
        pairs = list(combinations(range(min(len(names), COORDS_LIMIT)), 2))
        options = {PRINCIPAL: ""} | {f"{names[i]} and {names[j]}": f"{i},{j}" for i, j in pairs}
        value = self.wanted_plane or self.plane.value
        if self.wanted_plane and value not in options.values():
            allowed = ", ".join(list(options.values())[1:6])
            self.context.say(f"plane = {value[:40]!r} is not known: allowed are {allowed}, ... Shown is another.")
        self.wanted_plane = ""
        value = value if value in options.values() else ""
        if options != self.plane.options or value != self.plane.value:
            self.marking = True  # the change of the widget is not a person's
            self.plane.param.update(options=options, value=value)
            self.marking = False

    def change_plane(self) -> None:
        """Draw the weights in another plane."""
        if self.drawing is not None and not self.marking:
            self.context.forget()
            self.drawing = DrawingData.of(self.drawing.run, read_axes(self.plane.value))
            self.network.show(self.drawing, self.frame)
            self.mark(self.frame)
            self.rested()

    def write_legends(self, drawing: DrawingData, draggable: bool) -> None:
        """Explain the marks of the pictures, in the order of this run's phases."""
        principal = drawing.plane is None
        self.height_axis.visible = not principal
        self.plane.visible = principal and drawing.run.groups["data"].sizes["coord"] > 2
        theme, roles = self.context.theme, occurring(drawing.role)
        texts = {
            self.network_legend: network_legend(theme, roles, principal=principal, draggable=draggable),
            self.phases_legend: phases_legend(
                theme,
                drawing.once("order of phases", lambda: list(phase_order(drawing.run.groups))),
                tested="test_loss" in drawing.run.groups["trajectory"],
            ),
        }
        for pane, text in texts.items():
            if pane.object != text:
                pane.object = text

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
            if self.neurons.selection.condition:
                self.mark(frame)
            self.moved(frame)

    def change_unit(self) -> None:
        """Show the same run with time in another unit."""
        self.context.forget()
        if self.drawing is not None:
            self.curves.show(self.drawing, self.unit(), self.frame)
            self.show_window()
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

    def start_or_stop(self, _: Any) -> None:
        """Play, or pause."""
        self.player.direction = 0 if self.player.direction else 1

    def playing(self, event: Any) -> None:
        """Let the button say what a click does: play, from the beginning if the end is reached, or pause."""
        if event.new and self.player.value >= self.player.end:
            self.player.value = 0
        self.play.label = PAUSE if event.new else PLAY

    def change_heights(self) -> None:
        """Place the neurons on the other scale of heights."""
        self.context.forget()
        self.network.logarithmic = self.height_axis.value == "log"
        if self.drawing is not None:
            self.network.show(self.drawing, self.frame)
            self.rested()

    def zoomed(self, event: Any) -> None:
        """Keep a window of time that a person has dragged."""
        whole = (0.0, self.curves.shown_until)
        ends = (float(event.x0), float(event.x1))
        if np.allclose(ends, whole, rtol=0.0, atol=1e-6 * whole[1]):
            self.zoom(None)
        elif self.drawing is not None:
            length = self.unit().length
            self.zoom((ends[0] * length, ends[1] * length))

    def zoom(self, window: tuple[float, float] | None) -> None:
        """Show a window of t in all curves; None for the usual one."""
        if window != self.window:
            self.window = window
            self.show_window()
            self.rested()

    def show_window(self) -> None:
        """Give the curves the window of time."""
        if self.drawing is not None:
            length = self.unit().length
            self.curves.zoom(None if self.window is None else (self.window[0] / length, self.window[1] / length))

    def selected(self) -> list[int]:
        """Return the numbers of the selected neurons."""
        return self.neurons.found

    def selection_changed(self, attribute: str, old: Any, new: Any) -> None:
        """Select the neurons that a person has clicked, or taken with the box or the lasso."""
        if self.drawing is not None and not self.marking:
            shown = self.drawing.shown
            self.neurons.set(NeuronSelection(tuple(int(shown[row]) for row in new if row < len(shown))))
            self.neurons_chosen()

    def neurons_chosen(self) -> None:
        """Mark what a person has selected, everywhere."""
        self.context.forget()
        if self.drawing is not None:
            self.mark(self.frame)
            self.moved(self.frame)
            self.choices.request(None)  # the life of a neuron comes after the marks have been sent

    def mark(self, frame: int) -> None:
        """Mark the selected neurons in the picture and in the curves."""
        assert self.drawing is not None
        before = self.neurons.found
        found = self.neurons.find(self.drawing.run.groups, frame)
        rows = np.flatnonzero(np.isin(self.drawing.shown, found)).tolist() if found else []
        self.marking = True
        try:
            if rows != self.network.neurons.selected.indices:
                self.network.neurons.selected.indices = rows
        finally:
            self.marking = False
        if found or before or self.curves.chosen.data["t"]:
            self.curves.choose(self.drawing, self.unit(), found)

    def query(self) -> dict[str, Any]:
        """Return what an address says of the plots."""
        time = None if self.drawing is None else f"{self.drawing.time[self.frame]:.6g}"
        window = None if self.window is None else ",".join(f"{end:.6g}" for end in self.window)
        return {
            "t": time,
            "clock": self.unit_choice.value,
            "loss": self.loss_axis.value,
            "height": self.height_axis.value,
            "plane": self.plane.value or None,
            "window": window,
            **self.neurons.selection.query(),
        }


def read_axes(text: str) -> tuple[int, int] | None:
    """Read the two coordinates of a plane: ``0,2``; None for the principal components."""
    if not text:
        return None
    first, second = (int(part) for part in text.split(","))
    return first, second
