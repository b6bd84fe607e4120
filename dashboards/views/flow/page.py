"""The page 'flow': figure 2 in motion beside the curves over time, under one cursor, with controls."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import panel as pn
import xarray as xr
from bokeh.events import PanEnd

from catalog import SCHEMA_VERSION, CatalogError
from dashboards.components import card, collapsible_card
from dashboards.damage import explain_damage
from dashboards.drawing_data import DrawingData
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.run_data import RunData, compute_complete, compute_preview, open_run_data
from dashboards.run_selection import FIRST_PRESET, RunSelection, open_tree, read_selection, select_preset
from dashboards.views.downloads import CurveSelection, Downloads, list_offers
from dashboards.views.flow.input_card import InputCard
from dashboards.views.flow.neuron_card import NeuronCard
from dashboards.views.flow.other_method_view import OtherMethodView
from dashboards.views.flow.points_table import PointsTable, editable
from dashboards.views.flow.run_controls import Controls
from dashboards.views.flow.run_plots import RunPlots
from dashboards.views.flow.run_text import RunText
from dashboards.views.flow.save_button import SaveButton

IN_MEMORY_BYTES = 300_000_000
"""A published trajectory of at most this size is read at once; a larger one is read frame by frame."""
SETTLED_SECONDS = 0.35
"""Time without a change after which the complete run is computed and the address is written."""

AFTER_THE_PICTURES = "@media (max-width: 760px) { :host { order: 1; } }"
"""On a phone the pictures come first."""


def build_page(context: PageContext) -> pn.viewable.Viewable:
    """Build the page for what its address asks for."""
    return FlowPage(context).layout


class FlowPage:
    """One visitor's page: the plots, the controls, and what connects them.

    Attributes
    ----------
    selection
        What the controls say: a published run until a person changes something.
    shown
        What is drawn and what the address says: the selection, or the last one while a new one is computed;
        None until the first result.
    """

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.selection = read_selection(context)
        self.shown: RunSelection | None = None
        self.opened: RunSelection | None = None
        self.loading = False
        self.text = RunText(context)
        self.plots = RunPlots(context, self.write_frame, self.rested, self.failed)
        self.other = OtherMethodView(context, self.plots, self.remember)
        self.neuron = NeuronCard(context, context.say_error)
        self.inputs = InputCard(context, context.say_error)
        self.controls = Controls(self.selection, self.changed, context.say, context.catalog)
        self.points = PointsTable(lambda: self.selection.config, self.take_points, context.say)
        self.save = SaveButton(context, lambda: self.selection.config, self.failed)
        self.document = pn.state.curdoc
        self.runs = LatestOnly(
            self.document, with_selection(self.open_or_preview), self.show, self.failed,
            rest=with_selection(self.complete), after=SETTLED_SECONDS,
        )  # fmt: skip
        self.plots.unit_choice.param.watch(self.write_tables, "value")
        self.plots.network.on_drag(self.points.dragged)
        self.plots.network.figure.on_event(PanEnd, lambda _: self.reset_points())
        self.layout = self._layout()
        self.begin()

    def changed(self, selection: RunSelection) -> None:
        """Compute what a person now asks for."""
        self.context.forget()
        self.selection = selection
        self.runs.request(selection)

    def begin(self) -> None:
        """Draw the run at once if another visitor has opened or computed it; else once the page is loaded."""
        run = None if self.document is None else self.shared_run(self.selection)
        if run is None:
            self.runs.request_on_load(self.selection)
            return
        self.loading = True
        self.opened = self.selection
        self.show((self.selection, run))
        self.runs.empty = False  # Bokeh's first search of the document finds what is drawn
        pn.state.onload(self.loaded)

    def loaded(self) -> None:
        """Write the address; before the page is loaded there is none."""
        self.loading = False
        self.rested()

    def shared_run(self, selection: RunSelection) -> RunData | None:
        """Return the complete run if this server has it in memory; of a published run what was read of it."""
        run: RunData | None = self.context.shared(self.published_key(selection.run_id or run_id_of(selection)))
        if run is None and selection.run_id is None:
            run = self.context.shared(computed_key("complete", selection))
        return run

    def published_key(self, run_id: str) -> Hashable:
        """Return the key of a published run among the shared results."""
        return "published", str(self.context.catalog.storage), run_id

    def open_or_preview(self, selection: RunSelection) -> tuple[RunSelection, RunData]:
        """Open the run if the catalog has it, else compute its preview; called in a thread of its own."""
        found = selection.run_id or run_id_of(selection)
        run = None
        if selection.run_id is not None or found in self.context.catalog:
            run = self.context.share(self.published_key(found), partial(self.open_published, found))
        else:
            run = self.context.shared(computed_key("complete", selection))
        if run is not None:
            self.opened = selection
            return selection, run
        return selection, self.computed(compute_preview, "preview", selection)

    def open_published(self, run_id: str) -> RunData:
        """Open a published run, and read it unless it is very large."""
        with explain_damage(run_id):
            run = open_run_data(self.context.catalog.whole(run_id))
            if run.groups["trajectory"].nbytes <= IN_MEMORY_BYTES:
                run.groups["trajectory"].load()
        return run

    def complete(self, selection: RunSelection) -> tuple[RunSelection, RunData] | None:
        """Compute the complete run once nothing has changed for a moment; called in a thread of its own."""
        if self.opened is selection:
            return None
        return selection, self.computed(compute_complete, "complete", selection)

    def computed(self, function: Callable[..., RunData], kind: str, selection: RunSelection) -> RunData:
        """Compute a preview or a complete run, or take that of another visitor."""
        make = partial(self.context.compute, function, selection.config)
        run: RunData = self.context.share(computed_key(kind, selection), make)
        return run

    def show(self, found: tuple[RunSelection, RunData] | None) -> None:
        """Put a run on the page, with the cursor where it was; None: what is shown is complete."""
        if found is None:
            self.remember()
            return
        self.shown, run = found
        if not run.complete:
            self.other.forget()
        self.plots.show(run, draggable=editable(self.shown.config))
        self.write(complete=run.complete)
        if run.complete:
            self.rested()
        elif self.document is not None:
            wait = round(1000 * SETTLED_SECONDS)
            self.document.add_timeout_callback(partial(self.settled, self.plots.drawing), wait)

    def settled(self, drawing: DrawingData | None) -> None:
        """Write what a preview knows if the complete run, which may take long, is not there yet."""
        if drawing is not None and drawing is self.plots.drawing and not drawing.run.complete:
            self.write(complete=True)

    def write(self, *, complete: bool) -> None:
        """Write the texts of the run that is drawn.

        While a slider moves only another run is named: the browser lays out the page for each text, which
        takes longer than drawing.
        """
        drawing, selection = self.plots.drawing, self.shown
        assert drawing is not None
        assert selection is not None
        if self.text.name(selection, drawing.run.run_id) or complete:
            self.text.show_title(selection)
            self.write_frame(self.plots.frame)
        if complete:
            self.text.show_tables(drawing, self.plots.unit())
            self.points.show(selection.config, drawing.run.groups["data"])

    def write_frame(self, frame: int) -> None:
        """Write what is known at a frame."""
        if self.plots.drawing is not None:
            self.text.show_frame(self.plots.drawing, self.plots.unit(), frame)
            self.other.write_frame(frame)

    def write_tables(self, _: Any = None) -> None:
        """Write the tables of a complete run, in the unit that is chosen."""
        drawing = self.plots.drawing
        if drawing is not None and drawing.run.complete:
            self.text.show_tables(drawing, self.plots.unit())

    def failed(self, error: Exception) -> None:
        """Say why there is no plot; the last one stays, and the controls are reset to it."""
        if isinstance(error, CatalogError):
            self.context.say(f"{error}")
        else:
            self.context.say_error(error)
        if vars(error).get("selection") is not self.selection:
            return  # something newer is being computed
        if self.shown is None:
            self.fall_back()
        elif self.shown is self.selection:  # its preview is shown
            self.remember()
        else:
            self.selection = self.shown
            self.controls.reflect(self.shown)
            self.reset_points()

    def fall_back(self) -> None:
        """Show a preset if what the address asks for can't be shown."""
        for name in (self.selection.preset or FIRST_PRESET, FIRST_PRESET):
            preset = select_preset(name)
            if preset.config != self.selection.config:
                self.context.say(f"Shown is the preset {name}.")
                self.selection = preset
                self.controls.reflect(preset)
                self.runs.request(preset)
                return

    def take_points(self, x: list[float], y: list[float]) -> None:
        """Compute the run on other points; if they are refused, the table and the dots are reset."""
        self.controls.set(data__x=[[value] for value in x], data__y=y)
        self.reset_points()

    def reset_points(self) -> None:
        """Let the table and the dots say what is drawn, unless something else is being computed."""
        drawing = self.plots.drawing
        if drawing is not None and self.shown is self.selection:
            self.points.show(self.selection.config, drawing.run.groups["data"])
            self.plots.network.place_points(drawing)

    def tree(self) -> xr.DataTree:
        """Open or compute the run that is shown, with all its groups."""
        return open_tree(self.selection, self.context)

    def rested(self) -> None:
        """Write the address, and follow the selected neuron, once the player has stopped for a moment."""
        if not self.loading and self.shown is not None and (drawing := self.plots.drawing) is not None:
            plots = self.plots
            self.neuron.follow(drawing, plots.unit(), plots.frame, plots.selected())
            self.inputs.follow(drawing, plots.frame, plots.selected())
            if drawing.run.complete:
                found = drawing.run.run_id
                key = self.published_key(found) if found else computed_key("complete", self.shown)
                self.other.follow(drawing, key)
        self.remember()

    def remember(self) -> None:
        """Write all that is shown into the address."""
        if self.shown is None or self.loading:
            return
        self.context.query.clear()
        drawn = self.plots.query() | self.other.query()
        self.context.remember(**self.shown.query(), **drawn, theme=self.context.theme.name)

    def _layout(self) -> pn.viewable.Viewable:
        controls, plots, text = self.controls, self.plots, self.text
        link = pn.widgets.Button(label="Copy the link", sizing_mode="stretch_width")
        link.js_on_click(code="navigator.clipboard?.writeText(window.location.href)")
        files = Downloads(
            self.tree,
            lambda: self.selection.run_id or self.selection.config.name,
            list_offers(lambda: CurveSelection(plots.selected()), self.context.theme),
        )
        left = card(
            controls.choice, controls.scale.slider, controls.width.slider, controls.seed, controls.start,
            controls.slope.slider, collapsible_card("At the cursor", text.facts),
            collapsible_card("Data", self.points.layout), self.save.button, self.save.line, link,
            flex="1 1 265px", least="250px",
        )  # fmt: skip
        left.stylesheets = [AFTER_THE_PICTURES]
        player = pn.Row(plots.play, plots.player, sizing_mode="stretch_width", margin=0)
        middle = card(
            text.title, plots.network_legend, pn.pane.Bokeh(plots.network.figure, sizing_mode="stretch_width"),
            player, text.sentence, plots.neurons.layout, plots.height_axis, plots.plane, files.view(),
            flex="3 1 440px",
        )  # fmt: skip
        buttons = pn.FlexBox(plots.unit_choice, plots.loss_axis, self.other.choice, gap="0 8px", margin=0)
        right = card(
            buttons,
            plots.phases_legend,
            self.other.text,
            plots.loss_place,
            *plots.other_curves(),
            text.times,
            collapsible_card("The curves as a table", text.samples, closed=True),
            flex="3 1 400px",
        )
        wide: dict[str, Any] = {"gap": "14px", "align_items": "flex-start", "sizing_mode": "stretch_width"}
        columns = pn.FlexBox(left, middle, right, margin=(0, 0, 14, 0), **wide)
        below = [self.inputs.layout, self.neuron.layout]
        return pn.Column(columns, *below, sizing_mode="stretch_width", margin=0)


def run_id_of(selection: RunSelection) -> str:
    """Return the identifier under which the catalog would have the run."""
    return selection.config.run_id(SCHEMA_VERSION)


def computed_key(kind: str, selection: RunSelection) -> Hashable:
    """Return the key of a computed run among the shared results."""
    return kind, selection.config.model_dump_json()


def with_selection(work: Callable[[RunSelection], Any]) -> Callable[[RunSelection], Any]:
    """Let an error of some work know on which selection it was raised."""

    def attempt(selection: RunSelection) -> Any:
        try:
            return work(selection)
        except Exception as error:
            vars(error)["selection"] = selection
            raise

    return attempt
