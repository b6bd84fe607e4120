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
from dashboards.components import card, facts_html, foldable, toggles, words
from dashboards.damage import reading
from dashboards.drawing_data import Scene
from dashboards.html_table import as_digits
from dashboards.latest_only import Latest
from dashboards.page_context import Visit
from dashboards.plots.descriptions import facts, samples, sentence, times
from dashboards.plots.network_plot import NetworkPicture
from dashboards.plots.time_curves import Curves
from dashboards.run_data import Look, of_published, quick_look, whole_look
from dashboards.run_selection import FIRST, Subject, asked_for, keep_run, of_preset, tree_of
from dashboards.time_units import CLOCKS, Clock, clock
from dashboards.views.downloads import Selection, downloads
from dashboards.views.flow.points_table import PointsTable, editable
from dashboards.views.flow.run_controls import Controls
from pipeline.configuration import RunConfig

INTERVAL = 60
"""Milliseconds between two frames of the player."""
IN_MEMORY = 300_000_000
"""Bytes of a published trajectory up to which it is read at once; a larger one is read frame by frame."""
SETTLED = 0.35
"""Seconds without a change after which the whole of a run is computed and the address written."""
AXES = {"linear": "loss", "log": "log_loss"}
"""The two pictures of the loss by what an address says."""


def build_page(visit: Visit) -> pn.viewable.Viewable:
    """Build the page for whatever its address asks for."""
    return FlowPage(visit).layout


class FlowPage:
    """One visitor's page: the pictures, the controls, and what leads from these to those.

    Attributes
    ----------
    subject
        What is looked at: a published run until a person changes something. What the controls say.
    shown, scene
        What is drawn, and the drawing: of the subject, or of the last one while it is computed; None until the
        first result. What the address says.
    named
        What the heading says is looked at.
    """

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.subject = asked_for(visit)
        self.shown: Subject | None = None
        self.scene: Scene | None = None
        self.opened: Subject | None = None
        self.named = ""
        self.wanted_time: float | None = None
        if "t" in visit.query:
            self.wanted_time = visit.number("t", 0.0, 1e300, 0.0)
        self.wanted_neurons = chosen_neurons(visit.text("select"))
        self.network, self.curves = NetworkPicture(visit.looks), Curves(visit.looks)
        self.document = document = pn.state.curdoc
        self.controls = Controls(self.subject, self.changed, visit.say, visit.catalog)
        self.runs = Latest(
            document, named(self.looked_at), self.show, self.failed, rest=named(self.whole), after=SETTLED
        )
        self.frames = Latest(
            document, lambda frame: frame, self.at, self.failed, rest=lambda frame: None, after=0.5
        )
        self._widgets()
        self._watch()
        self.layout = self._layout()
        if document is None:
            self.runs.want(self.subject)
        else:
            pn.state.onload(lambda: self.runs.want(self.subject))

    def _widgets(self) -> None:
        visit = self.visit
        self.player = pn.widgets.Player(
            label="Frame", start=0, end=1, value=0, interval=INTERVAL, loop_policy="once",
            show_loop_controls=False, show_value=False, sizing_mode="stretch_width", height=70,
        )  # fmt: skip
        self.clock_choice = toggles(
            "Time counted in", {name: key for key, name in CLOCKS.items()},
            visit.choice("clock", list(CLOCKS), "t"),
        )  # fmt: skip
        self.loss_axis = toggles("Axis of the loss", list(AXES), visit.choice("loss", list(AXES), "linear"))
        self.loss_place = pn.Column(sizing_mode="stretch_width", margin=0)
        self.title = words("")
        self.now = words("")
        self.sentence = words("")
        self.words = words("")
        self.digits = words("")
        self.points = PointsTable(lambda: self.subject.config, self.take_points, visit.say, visit.looks)
        self.save = pn.widgets.Button(label="Save as a run", color="primary", sizing_mode="stretch_width")
        self.saved = words("")
        self.link = pn.widgets.Button(label="Copy the link", sizing_mode="stretch_width")

    def _watch(self) -> None:
        self.player.param.watch(lambda event: self.frames.want(event.new), "value")
        self.clock_choice.param.watch(lambda event: self.recount(), "value")
        self.loss_axis.param.watch(lambda event: self.show_loss(), "value")
        self.save.on_click(lambda event: self.keep())
        self.link.js_on_click(code="navigator.clipboard?.writeText(window.location.href)")
        self.network.on_drag(self.points.dragged)
        self.network.figure.on_event(PanEnd, lambda event: self.put_back())
        self.network.neurons.selected.on_change("indices", self.chosen)
        for plot in self.curves.figures.values():
            plot.on_event(Tap, self.tapped)

    def changed(self, subject: Subject) -> None:
        """Compute what a person now asks for."""
        self.visit.forget()
        self.subject = subject
        self.runs.want(subject)

    def looked_at(self, subject: Subject) -> tuple[Subject, Look]:
        """Open the run, if the catalog has it, or compute it as quickly as can be; in a thread of its own."""
        found = subject.run_id or subject.config.run_id(SCHEMA_VERSION)
        if subject.run_id is not None or found in self.visit.catalog:
            with reading(found):
                look = of_published(self.visit.catalog.whole(found))
                if look.groups["trajectory"].nbytes <= IN_MEMORY:
                    look.groups["trajectory"].load()
            self.opened = subject
            return subject, look
        return subject, self.visit.compute(quick_look, subject.config)

    def whole(self, subject: Subject) -> tuple[Subject, Look] | None:
        """Compute the rest, once nothing has changed for a moment; in a thread of its own."""
        if self.opened is subject:
            return None
        return subject, self.visit.compute(whole_look, subject.config)

    def show(self, found: tuple[Subject, Look] | None) -> None:
        """Put a run on the page, the cursor where it was."""
        if found is None:
            self.remember()
            return
        subject, look = found
        before, scene = self.scene, Scene.of(look)
        selected = self.selected(before)
        self.shown, self.scene = subject, scene
        time = self.wanted_time
        if time is None and before is not None and self.player.end:
            # The frames lie where the trajectory moves: the same part of them is the same part of the story.
            frame = round(self.player.value / self.player.end * (len(scene.time) - 1))
        else:
            frame = scene.frame_at(scene.until if time is None else time)
            if time is not None and time > scene.time[-1]:
                self.visit.say(f"t = {time:g} is after the end of the run. Shown is t = {scene.time[-1]:.4g}.")
        # One after the other: a browser that hears of the value first holds it to the end that it knows.
        self.player.end = len(scene.time) - 1
        self.player.value = frame
        self.network.show(scene, frame)
        self.network.allow_drag(editable(subject.config))
        self.curves.show(scene, self.clock(), frame)
        self.select(selected)
        self.describe(subject, frame, rested=look.whole)
        if look.whole:
            self.wanted_time = None
            self.remember()
        elif self.document is not None:
            self.document.add_timeout_callback(partial(self.settled, scene), round(1000 * SETTLED))

    def settled(self, scene: Scene) -> None:
        """Write what a quick look knows, if the whole one has not come by then: that may take long."""
        if scene is self.scene and self.shown is not None and not scene.look.whole:
            self.describe(self.shown, min(self.player.value, len(scene.time) - 1), rested=True)

    def recount(self) -> None:
        """Show the same run, its time counted in something else."""
        self.visit.forget()
        if self.scene is not None:
            frame = min(self.player.value, len(self.scene.time) - 1)
            self.curves.show(self.scene, self.clock(), frame)
            self.curves.choose(self.scene, self.clock(), self.selected(self.scene))
            self.tell(frame)
            if self.scene.look.whole:
                self.digits.object = as_digits(samples(self.scene, self.clock()))
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
            if self.scene is not None and self.scene.look.whole:  # else once more when that is there
                self.remember()
        elif self.scene is not None and 0 <= frame < len(self.scene.time):
            self.network.at(self.scene, frame)
            self.curves.at(self.scene, self.clock(), frame)
            self.tell(frame)

    def tell(self, frame: int) -> None:
        """Write what is known at a frame: whatever the page says of an instant comes from here."""
        assert self.scene is not None
        rows = facts(self.scene, self.clock(), frame)
        self.sentence.object = f"<p>{escape(sentence(self.scene, rows))}</p>"
        self.now.object = facts_html(rows)

    def failed(self, error: Exception) -> None:
        """Say why there is no picture; the last one stays, and the controls say again what it is of."""
        if isinstance(error, CatalogError):
            self.visit.say(f"{error}")
        else:
            self.visit.say_error(error)
        if vars(error).get("subject") is not self.subject:
            return  # something newer is under way
        if self.shown is None:
            self.fall_back()
        elif self.shown is self.subject:  # no more than a quick look is known of it
            self.remember()
        else:
            self.subject = self.shown
            self.controls.reflect(self.shown)
            self.put_back()

    def fall_back(self) -> None:
        """Show a preset where what the address asks for can't be shown."""
        for name in (self.subject.preset or FIRST, FIRST):
            preset = of_preset(name)
            if preset.config != self.subject.config:
                self.visit.say(f"Shown is the preset {name}.")
                self.subject = preset
                self.controls.reflect(preset)
                self.runs.want(preset)
                return

    def tapped(self, event: Any) -> None:
        """Move the cursor to where a person has clicked in a picture over time."""
        if self.scene is not None and event.x is not None:
            self.player.value = self.scene.frame_at(event.x * self.clock().unit)

    def clock(self) -> Clock:
        """Return the chosen clock, or the paper's t where the run has no such time."""
        assert self.scene is not None
        made = clock(self.clock_choice.value, self.scene.log_scale)
        if made is None:
            self.clock_choice.value = "t"
            self.visit.say("For λ of 1 or more −ln λ is no time. Shown is t.")
            made = clock("t", 0.0)
            assert made is not None
        return made

    def describe(self, subject: Subject, frame: int, *, rested: bool) -> None:
        """Write what is looked at, and what the pictures say."""
        assert self.scene is not None
        config, run_id = subject.config, self.scene.look.run_id
        if run_id:
            which = f"Run {run_id}"
        elif subject.source is not None:
            which = f"Run {subject.source}, changed: computed live"
        else:
            which = f"{config.name}, computed live"
        # Words, digits and the link wait for the hand to rest: each has the browser lay out the page, which takes
        # it longer than a picture.
        if not rested and which == self.named:
            return
        self.named = which
        theory = escape(self.visit.address("theory", **subject.query()))
        self.title.object = (
            f'<p><b>{escape(which)}</b> · <a href="{theory}">its theory</a><br>{escape(config.title or "")}</p>'
        )
        self.tell(frame)
        if not rested:
            return
        self.words.object = as_digits(times(self.scene))
        self.digits.object = as_digits(samples(self.scene, self.clock()))
        self.points.show(subject.config, self.scene.look.groups["data"])

    def selected(self, scene: Scene | None) -> list[int]:
        """Return the numbers of the selected neurons."""
        if scene is None:
            return self.wanted_neurons
        rows = [row for row in self.network.neurons.selected.indices if row < len(scene.shown)]
        return [int(scene.shown[row]) for row in rows]

    def chosen(self, attribute: str, old: Any, new: Any) -> None:
        """Light up the curves of the neurons that a person has selected."""
        if self.scene is not None:
            self.curves.choose(self.scene, self.clock(), self.selected(self.scene))
            self.frames.want(self.player.value)

    def select(self, neurons: list[int]) -> None:
        """Select neurons by their numbers, as far as they are drawn."""
        assert self.scene is not None
        unknown = [number for number in neurons if not 0 <= number < self.scene.neurons]
        if unknown:
            self.visit.say(
                f"select = {unknown[0]} is no neuron of this run: allowed are 0 to {self.scene.neurons - 1:,}."
            )
            neurons = [number for number in neurons if number not in unknown]
        rows = np.flatnonzero(np.isin(self.scene.shown, neurons)).tolist() if neurons else []
        self.network.neurons.selected.indices = rows
        if neurons or self.curves.chosen.data["t"]:
            self.curves.choose(self.scene, self.clock(), neurons)

    def take_points(self, x: list[float], y: list[float]) -> None:
        """Compute the run on other points; where they are refused, the table and the dots go back."""
        self.controls.set(data__x=[[value] for value in x], data__y=y)
        self.put_back()

    def put_back(self) -> None:
        """Let the table and the dots say what is drawn, unless something else is under way."""
        if self.scene is not None and self.shown is self.subject:
            self.points.show(self.subject.config, self.scene.look.groups["data"])
            self.network.place_points(self.scene)

    def tree(self) -> xr.DataTree:
        """Open or compute the run that is shown, with all that is said of one."""
        return tree_of(self.subject, self.visit)

    def name(self) -> str:
        """Name the files that it becomes."""
        return self.subject.run_id or self.subject.config.name

    def selection(self) -> Selection:
        """Say which neurons are selected."""
        return Selection(self.selected(self.scene))

    def keep(self) -> None:
        """Compute the run with all that is said of one, and publish it in the catalog."""
        config = self.subject.config
        self.saved.object = "<p>Saving …</p>"
        keeping = Latest(pn.state.curdoc, self.kept, self.told_kept, self.not_kept)
        keeping.want(config)

    def kept(self, config: RunConfig) -> str:
        """Compute a run with all that is said of one, publish it in the catalog, and return its name."""
        return str(self.visit.compute(keep_run, config, self.visit.catalog))

    def told_kept(self, run_id: str) -> None:
        """Say where the run is now."""
        address = self.visit.address("flow", run=run_id)
        self.saved.object = f'<p>Saved: <a href="{escape(address)}">{escape(run_id)}</a></p>'

    def not_kept(self, error: Exception) -> None:
        """Say why it could not be saved."""
        self.saved.object = ""
        self.failed(error)

    def remember(self) -> None:
        """Write all that is shown into the address."""
        if self.scene is None or self.shown is None:
            return
        self.visit.query.clear()
        selected = self.selected(self.scene)
        self.visit.remember(
            **self.shown.query(),
            t=f"{self.scene.time[min(self.player.value, len(self.scene.time) - 1)]:.6g}",
            clock=self.clock_choice.value,
            loss=self.loss_axis.value,
            select=json.dumps(selected, separators=(",", ":")) if selected else None,
            theme=self.visit.looks.name,
        )

    def _layout(self) -> pn.viewable.Viewable:
        controls = self.controls
        left = card(
            controls.choice, controls.scale.slider, controls.width.slider, controls.seed, controls.start,
            controls.slope.slider,
            foldable("Data", self.points.layout),
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
            foldable("At the cursor", self.now),
            foldable("The curves as a table", self.digits, closed=True),
            downloads(self.tree, self.name, selection=self.selection, looks=self.visit.looks),
            sizing_mode="stretch_width",
        )
        middle.append(below)
        return pn.FlexBox(left, middle, right, gap="14px", align_items="flex-start", sizing_mode="stretch_width")


def named(work: Callable[[Subject], Any]) -> Callable[[Subject], Any]:
    """Let an error of some work on a subject know which it was."""

    def attempt(subject: Subject) -> Any:
        try:
            return work(subject)
        except Exception as error:
            vars(error)["subject"] = subject
            raise

    return attempt


def chosen_neurons(text: str) -> list[int]:
    """Read the numbers of neurons that an address says; nothing of what is none."""
    try:
        said = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return []
    return [number for number in said if type(number) is int][:2000] if isinstance(said, list) else []
