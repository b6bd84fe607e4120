"""The page 'Flow': figure 2 alive beside the curves along time, one cursor for all, and what moves it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import numpy as np
import panel as pn
import xarray as xr
from bokeh.events import PanEnd, Tap

from catalog import SCHEMA_VERSION, CatalogError
from dashboards.components import card, collapsible_card, facts_html, html_pane, radio_buttons
from dashboards.damage import explain_damage
from dashboards.drawing_data import DrawingData
from dashboards.html_table import numbers_html
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.plots.descriptions import facts, samples, sentence, times
from dashboards.plots.network_plot import NetworkPlot
from dashboards.plots.time_curves import TimeCurves
from dashboards.run_data import RunData, compute_complete, compute_preview, open_run_data
from dashboards.run_selection import (
    FIRST_PRESET,
    RunSelection,
    open_tree,
    publish_run,
    read_selection,
    select_preset,
)
from dashboards.time_units import UNITS, TimeUnit, time_unit
from dashboards.views.downloads import CurveSelection, downloads
from dashboards.views.flow.points_table import PointsTable, editable
from dashboards.views.flow.run_controls import Controls
from pipeline.configuration import RunConfig

FRAME_MILLISECONDS = 60
"""Milliseconds between two frames of the player."""
IN_MEMORY_BYTES = 300_000_000
"""Bytes of a published trajectory up to which it is read at once; a larger one is read frame by frame."""
SETTLED_SECONDS = 0.35
"""Seconds without a change after which the whole of a run is computed and the address written."""
AXES = {"linear": "loss", "log": "log_loss"}
"""The two pictures of the loss by what an address says."""


def build_page(context: PageContext) -> pn.viewable.Viewable:
    """Build the page for whatever its address asks for."""
    return FlowPage(context).layout


class FlowPage:
    """One visitor's page: the pictures, the controls, and what leads from these to those.

    Attributes
    ----------
    selection
        What is looked at: a published run until a person changes something. What the controls say.
    shown, drawing
        What is drawn, and the drawing: of the subject, or of the last one while it is computed; None until the
        first result. What the address says.
    named
        What the heading says is looked at.
    """

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.selection = read_selection(context)
        self.shown: RunSelection | None = None
        self.drawing: DrawingData | None = None
        self.opened: RunSelection | None = None
        self.named = ""
        self.wanted_time: float | None = None
        if "t" in context.query:
            self.wanted_time = context.number("t", 0.0, 1e300, 0.0)
        self.wanted_neurons = chosen_neurons(context.text("select"))
        self.network, self.curves = NetworkPlot(context.theme), TimeCurves(context.theme)
        self.document = document = pn.state.curdoc
        self.controls = Controls(self.selection, self.changed, context.say, context.catalog)
        self.runs = LatestOnly(
            document,
            named(self.looked_at),
            self.show,
            self.failed,
            rest=named(self.complete),
            after=SETTLED_SECONDS,
        )
        self.frames = LatestOnly(
            document, lambda frame: frame, self.at, self.failed, rest=lambda frame: None, after=0.5
        )
        self._widgets()
        self._watch()
        self.layout = self._layout()
        if document is None:
            self.runs.request(self.selection)
        else:
            pn.state.onload(lambda: self.runs.request(self.selection))

    def _widgets(self) -> None:
        context = self.context
        self.player = pn.widgets.Player(
            label="Frame", start=0, end=1, value=0, interval=FRAME_MILLISECONDS, loop_policy="once",
            show_loop_controls=False, show_value=False, sizing_mode="stretch_width", height=70,
        )  # fmt: skip
        self.clock_choice = radio_buttons("Unit of time", UNITS, context.choice("clock", UNITS, "t"))
        self.loss_axis = radio_buttons(
            "Axis of the loss", {key: key for key in AXES}, context.choice("loss", AXES, "linear")
        )
        self.loss_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.title = html_pane("")
        self.now = html_pane("")
        self.sentence = html_pane("")
        self.words = html_pane("")
        self.digits = html_pane("")
        self.points = PointsTable(lambda: self.selection.config, self.take_points, context.say, context.theme)
        self.save = pn.widgets.Button(label="Save as a run", color="primary", sizing_mode="stretch_width")
        self.saved = html_pane("")
        self.link = pn.widgets.Button(label="Copy the link", sizing_mode="stretch_width")

    def _watch(self) -> None:
        self.player.param.watch(lambda event: self.frames.request(event.new), "value")
        self.clock_choice.param.watch(lambda event: self.recount(), "value")
        self.loss_axis.param.watch(lambda event: self.show_loss(), "value")
        self.save.on_click(lambda event: self.keep())
        self.link.js_on_click(code="navigator.clipboard?.writeText(window.location.href)")
        self.network.on_drag(self.points.dragged)
        self.network.figure.on_event(PanEnd, lambda event: self.put_back())
        self.network.neurons.selected.on_change("indices", self.chosen)
        for plot in self.curves.figures.values():
            plot.on_event(Tap, self.tapped)

    def changed(self, selection: RunSelection) -> None:
        """Compute what a person now asks for."""
        self.context.forget()
        self.selection = selection
        self.runs.request(selection)

    def looked_at(self, selection: RunSelection) -> tuple[RunSelection, RunData]:
        """Open the run, if the catalog has it, or compute it as quickly as can be; in a thread of its own."""
        found = selection.run_id or selection.config.run_id(SCHEMA_VERSION)
        if selection.run_id is not None or found in self.context.catalog:
            with explain_damage(found):
                run = open_run_data(self.context.catalog.complete(found))
                if run.groups["trajectory"].nbytes <= IN_MEMORY_BYTES:
                    run.groups["trajectory"].load()
            self.opened = selection
            return selection, run
        return selection, self.context.compute(compute_preview, selection.config)

    def complete(self, selection: RunSelection) -> tuple[RunSelection, RunData] | None:
        """Compute the rest, once nothing has changed for a moment; in a thread of its own."""
        if self.opened is selection:
            return None
        return selection, self.context.compute(compute_complete, selection.config)

    def show(self, found: tuple[RunSelection, RunData] | None) -> None:
        """Put a run on the page, the cursor where it was."""
        if found is None:
            self.remember()
            return
        selection, run = found
        before, drawing = self.drawing, DrawingData.of(run)
        selected = self.selected(before)
        self.shown, self.drawing = selection, drawing
        time = self.wanted_time
        if time is None and before is not None and self.player.end:
            # The frames lie where the trajectory moves: the same part of them is the same part of the story.
            frame = round(self.player.value / self.player.end * (len(drawing.time) - 1))
        else:
            frame = drawing.frame_at(drawing.until if time is None else time)
            if time is not None and time > drawing.time[-1]:
                self.context.say(f"t = {time:g} is after the end of the run. Shown is t = {drawing.time[-1]:.4g}.")
        # One after the other: a browser that hears of the value first holds it to the end that it knows.
        self.player.end = len(drawing.time) - 1
        self.player.value = frame
        self.network.show(drawing, frame)
        self.network.allow_drag(editable(selection.config))
        self.curves.show(drawing, self.unit(), frame)
        self.select(selected)
        self.describe(selection, frame, rested=run.complete)
        if run.complete:
            self.wanted_time = None
            self.remember()
        elif self.document is not None:
            self.document.add_timeout_callback(partial(self.settled, drawing), round(1000 * SETTLED_SECONDS))

    def settled(self, drawing: DrawingData) -> None:
        """Write what a quick look knows, if the whole one has not come by then: that may take long."""
        if drawing is self.drawing and self.shown is not None and not drawing.run.complete:
            self.describe(self.shown, min(self.player.value, len(drawing.time) - 1), rested=True)

    def recount(self) -> None:
        """Show the same run, its time counted in something else."""
        self.context.forget()
        if self.drawing is not None:
            frame = min(self.player.value, len(self.drawing.time) - 1)
            self.curves.show(self.drawing, self.unit(), frame)
            self.curves.choose(self.drawing, self.unit(), self.selected(self.drawing))
            self.tell(frame)
            if self.drawing.run.complete:
                self.digits.object = numbers_html(samples(self.drawing, self.unit()))
            self.remember()

    def show_loss(self) -> None:
        """Show one of the two pictures of the loss.

        The other one is not on the page: a hidden figure is laid out at every move as if it were new.
        """
        shown = self.curves.figures[AXES[self.loss_axis.value]]
        self.loss_place[:] = [pn.pane.Bokeh(shown, sizing_mode="stretch_width")]
        self.remember()

    def at(self, frame: int | None) -> None:
        """Show another frame of the same run; None: it has been at rest for a while."""
        if frame is None:
            if self.drawing is not None and self.drawing.run.complete:  # else once more when that is there
                self.remember()
        elif self.drawing is not None and 0 <= frame < len(self.drawing.time):
            self.network.at(self.drawing, frame)
            self.curves.at(self.drawing, self.unit(), frame)
            self.tell(frame)

    def tell(self, frame: int) -> None:
        """Write what is known at a frame: whatever the page says of an instant comes from here."""
        assert self.drawing is not None
        rows = facts(self.drawing, self.unit(), frame)
        self.sentence.object = f"<p>{escape(sentence(self.drawing, rows))}</p>"
        self.now.object = facts_html(rows)

    def failed(self, error: Exception) -> None:
        """Say why there is no picture; the last one stays, and the controls say again what it is of."""
        if isinstance(error, CatalogError):
            self.context.say(f"{error}")
        else:
            self.context.say_error(error)
        if vars(error).get("subject") is not self.selection:
            return  # something newer is under way
        if self.shown is None:
            self.fall_back()
        elif self.shown is self.selection:  # no more than a quick look is known of it
            self.remember()
        else:
            self.selection = self.shown
            self.controls.reflect(self.shown)
            self.put_back()

    def fall_back(self) -> None:
        """Show a preset where what the address asks for can't be shown."""
        for name in (self.selection.preset or FIRST_PRESET, FIRST_PRESET):
            preset = select_preset(name)
            if preset.config != self.selection.config:
                self.context.say(f"Shown is the preset {name}.")
                self.selection = preset
                self.controls.reflect(preset)
                self.runs.request(preset)
                return

    def tapped(self, event: Any) -> None:
        """Move the cursor to where a person has clicked in a picture over time."""
        if self.drawing is not None and event.x is not None:
            self.player.value = self.drawing.frame_at(event.x * self.unit().length)

    def unit(self) -> TimeUnit:
        """Return the chosen clock, or the paper's t where the run has no such time."""
        assert self.drawing is not None
        made = time_unit(self.clock_choice.value, self.drawing.log_scale)
        if made is None:
            self.clock_choice.value = "t"
            self.context.say("For λ of 1 or more −ln λ is no time. Shown is t.")
            made = time_unit("t", 0.0)
            assert made is not None
        return made

    def describe(self, selection: RunSelection, frame: int, *, rested: bool) -> None:
        """Write what is looked at, and what the pictures say."""
        assert self.drawing is not None
        config, run_id = selection.config, self.drawing.run.run_id
        if run_id:
            which = f"Run {run_id}"
        elif selection.source is not None:
            which = f"Run {selection.source}, changed: computed live"
        else:
            which = f"{config.name}, computed live"
        # Words, digits and the link wait for the hand to rest: each has the browser lay out the page, which takes
        # it longer than a picture.
        if not rested and which == self.named:
            return
        self.named = which
        theory = escape(self.context.address("theory", **selection.query()))
        self.title.object = (
            f'<p><b>{escape(which)}</b> · <a href="{theory}">its theory</a><br>{escape(config.title or "")}</p>'
        )
        self.tell(frame)
        if not rested:
            return
        self.words.object = numbers_html(times(self.drawing))
        self.digits.object = numbers_html(samples(self.drawing, self.unit()))
        self.points.show(selection.config, self.drawing.run.groups["data"])

    def selected(self, drawing: DrawingData | None) -> list[int]:
        """Return the numbers of the selected neurons."""
        if drawing is None:
            return self.wanted_neurons
        rows = [row for row in self.network.neurons.selected.indices if row < len(drawing.shown)]
        return [int(drawing.shown[row]) for row in rows]

    def chosen(self, attribute: str, old: Any, new: Any) -> None:
        """Light up the curves of the neurons that a person has selected."""
        if self.drawing is not None:
            self.curves.choose(self.drawing, self.unit(), self.selected(self.drawing))
            self.frames.request(self.player.value)

    def select(self, neurons: list[int]) -> None:
        """Select neurons by their numbers, as far as they are drawn."""
        assert self.drawing is not None
        unknown = [number for number in neurons if not 0 <= number < self.drawing.neurons]
        if unknown:
            self.context.say(
                f"select = {unknown[0]} is no neuron of this run: allowed are 0 to {self.drawing.neurons - 1:,}."
            )
            neurons = [number for number in neurons if number not in unknown]
        rows = np.flatnonzero(np.isin(self.drawing.shown, neurons)).tolist() if neurons else []
        self.network.neurons.selected.indices = rows
        if neurons or self.curves.chosen.data["t"]:
            self.curves.choose(self.drawing, self.unit(), neurons)

    def take_points(self, x: list[float], y: list[float]) -> None:
        """Compute the run on other points; where they are refused, the table and the dots go back."""
        self.controls.set(data__x=[[value] for value in x], data__y=y)
        self.put_back()

    def put_back(self) -> None:
        """Let the table and the dots say what is drawn, unless something else is under way."""
        if self.drawing is not None and self.shown is self.selection:
            self.points.show(self.selection.config, self.drawing.run.groups["data"])
            self.network.place_points(self.drawing)

    def tree(self) -> xr.DataTree:
        """Open or compute the run that is shown, with all that is said of one."""
        return open_tree(self.selection, self.context)

    def name(self) -> str:
        """Name the files that it becomes."""
        return self.selection.run_id or self.selection.config.name

    def selected_curves(self) -> CurveSelection:
        """Say which neurons are selected."""
        return CurveSelection(self.selected(self.drawing))

    def keep(self) -> None:
        """Compute the run with all that is said of one, and publish it in the catalog."""
        config = self.selection.config
        self.saved.object = "<p>Saving …</p>"
        keeping = LatestOnly(pn.state.curdoc, self.kept, self.told_kept, self.not_kept)
        keeping.request(config)

    def kept(self, config: RunConfig) -> str:
        """Compute a run with all that is said of one, publish it in the catalog, and return its name."""
        return str(self.context.compute(publish_run, config, self.context.catalog))

    def told_kept(self, run_id: str) -> None:
        """Say where the run is now."""
        address = self.context.address("flow", run=run_id)
        self.saved.object = f'<p>Saved: <a href="{escape(address)}">{escape(run_id)}</a></p>'

    def not_kept(self, error: Exception) -> None:
        """Say why it could not be saved."""
        self.saved.object = ""
        self.failed(error)

    def remember(self) -> None:
        """Write all that is shown into the address."""
        if self.drawing is None or self.shown is None:
            return
        self.context.query.clear()
        selected = self.selected(self.drawing)
        self.context.remember(
            **self.shown.query(),
            t=f"{self.drawing.time[min(self.player.value, len(self.drawing.time) - 1)]:.6g}",
            clock=self.clock_choice.value,
            loss=self.loss_axis.value,
            select=json.dumps(selected, separators=(",", ":")) if selected else None,
            theme=self.context.theme.name,
        )

    def _layout(self) -> pn.viewable.Viewable:
        controls = self.controls
        left = card(
            controls.choice, controls.scale.slider, controls.width.slider, controls.seed, controls.start,
            controls.slope.slider,
            collapsible_card("Data", self.points.layout),
            self.save, self.saved, self.link,
            flex="1 1 230px", least="230px",
        )  # fmt: skip
        middle = card(
            self.title,
            pn.pane.Bokeh(self.network.figure, sizing_mode="stretch_width"),
            self.player,
            self.sentence,
            self.words,
            flex="3 1 440px",
        )  # fmt: skip
        self.show_loss()
        others = [plot for name, plot in self.curves.figures.items() if name not in AXES.values()]
        right = card(
            pn.Row(self.clock_choice, self.loss_axis),
            self.loss_place,
            *(pn.pane.Bokeh(plot, sizing_mode="stretch_width") for plot in others),
            flex="3 1 400px",
        )  # fmt: skip
        below = pn.Column(
            collapsible_card("At the cursor", self.now),
            collapsible_card("The curves as a table", self.digits, closed=True),
            downloads(self.tree, self.name, selected_curves=self.selected_curves, theme=self.context.theme),
            sizing_mode="stretch_width",
        )
        middle.append(below)
        return pn.FlexBox(left, middle, right, gap="14px", align_items="flex-start", sizing_mode="stretch_width")


def named(work: Callable[[RunSelection], Any]) -> Callable[[RunSelection], Any]:
    """Let an error of some work on a subject know which it was."""

    def attempt(selection: RunSelection) -> Any:
        try:
            return work(selection)
        except Exception as error:
            vars(error)["subject"] = selection
            raise

    return attempt


def chosen_neurons(text: str) -> list[int]:
    """Read the numbers of neurons that an address says; nothing of what is none."""
    try:
        said = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [number for number in said if type(number) is int][:2000] if isinstance(said, list) else []
