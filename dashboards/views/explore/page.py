"""The page 'explore': any variable of runs and files, sliced, side by side, with one selection of neurons."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from html import escape
from math import copysign, isfinite
from time import monotonic
from typing import Any

import pandas as pd
import panel as pn
from bokeh.models import Range1d

from dashboards.components import BUTTON, card, html_pane
from dashboards.damage import explain_damage
from dashboards.latest_only import LatestOnly
from dashboards.neurons.condition import ConditionError
from dashboards.neurons.selection import NeuronSelection
from dashboards.page_context import PageContext
from dashboards.page_template import explain_error
from dashboards.plots.figure_style import set_limits
from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.slice_scales import make_scale
from dashboards.run_selection import FIRST_PRESET, read_selection
from dashboards.run_selection import KEYS as RUN_KEYS
from dashboards.slices.reading import CHUNKS_AT_ONCE, CHUNKS_LIMIT
from dashboards.slices.sources import CHANGED, FILE, PRESET, RUN, Sources
from dashboards.slices.variables import places_along
from dashboards.views.explore.choice import Choice, default_kind, read_choice
from dashboards.views.explore.controls import SOURCES_LIMIT, Controls, Offers, describe_tree
from dashboards.views.explore.drawing import Drawn, draw_slice
from dashboards.views.explore.panel_plot import PanelPlot
from dashboards.views.file_button import FileButton
from pipeline import RequestError

FIRST_VARIABLE = "trajectory/log_norm"
"""The variable that is shown by default."""
RUNS_LIMIT = 500
"""Published runs that are offered at most."""
DOUBLE_CLICK_SECONDS = 1.0
"""Time within which a second click makes a double click, on a slow connection."""
FINER_SECONDS = 0.4
"""Time without a change after which a large slice is read more finely."""
INTRODUCTION = (
    "<p>Any variable of a run: choose what its dimensions are drawn as. Drag in a plot to zoom in on x, in all "
    "plots; a double click restores it. Click a neuron to select it, or take several with the box or the lasso "
    "beside the plot.</p>"
)


def build_page(context: PageContext) -> pn.viewable.Viewable:
    """Build the page."""
    return ExplorePage(context).view


@dataclass(frozen=True)
class Shown:
    """A choice with what it offers, and the slice and the figure of each source."""

    choice: Choice
    offers: Offers
    slices: tuple[tuple[str, Drawn, Any], ...]


class ExplorePage:
    """One visitor's page; ``view`` shows it.

    Attributes
    ----------
    choice
        What is asked for; None until the first tree is open, as the choice depends on its variables.
    shown
        What is drawn.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.sources = context, Sources(context)
        self.keys = self.first_sources()
        self.choice: Choice | None = None
        self.shown: Shown | None = None
        self.x_range = Range1d(start=0, end=1)
        self.panels: list[PanelPlot] = []
        self.before_click: tuple[float, NeuronSelection] | None = None
        self.controls = Controls(self.changed, context.say)
        self.head = html_pane("<p>Opening …</p>", faint=True)
        self.plots = pn.FlexBox(gap="14px 18px", sizing_mode="stretch_width", margin=0)
        self.file = FileButton(
            self.csv, context.say, filename="slice.csv", label="Download what is drawn (CSV)", width=260, **BUTTON
        )
        self.body = card(self.controls.layout)
        self.picture = card(self.plots, self.file)
        self.body.visible = self.picture.visible = False
        self.view = pn.Column(self.head, self.picture, self.body, sizing_mode="stretch_width", margin=0)
        self.runs = LatestOnly(
            pn.state.curdoc, self.read, self.show, self.failed, rest=self.read_finer, after=FINER_SECONDS
        )
        self.runs.request_on_load(None)

    def first_sources(self) -> tuple[str, ...]:
        """Read the sources from the address: those of ``runs``, else the run of another page's link."""
        said = [key for key in self.context.text("runs").split(",") if key]
        if not said and (self.context.query.keys() & {"run", "preset"} or not self.context.files):
            return (self.sources.key_of(read_selection(self.context)),)
        if not said:
            return (FILE + next(iter(self.context.files)),)
        if len(said) > SOURCES_LIMIT:
            self.context.say(f"runs: {len(said)} are too many side by side. Shown are the first {SOURCES_LIMIT}.")
        keys = []
        for key in said[:SOURCES_LIMIT]:
            if key == CHANGED:
                keys.append(self.sources.key_of(read_selection(self.context)))
            elif key.startswith((RUN, PRESET, FILE)):
                keys.append(key)
            else:
                keys.append(RUN + key)
        return tuple(dict.fromkeys(keys))

    def changed(self, choice: Choice) -> None:
        """Draw what a person now asks for."""
        self.context.forget()
        self.choice = choice
        self.runs.request(choice)

    def clicked(self, neuron: int | None) -> None:
        """Select a neuron, or no longer; None: the last click was the first of a double click."""
        if self.choice is None:
            return
        if neuron is None:
            selected, before = self.choice.neurons, self.before_click
            self.before_click = None
            if before is None or monotonic() - before[0] > DOUBLE_CLICK_SECONDS or before[1] == selected:
                return
            chosen = before[1]
        else:
            self.before_click = (monotonic(), self.choice.neurons)
            numbers = self.choice.neurons.numbers
            kept = tuple(one for one in numbers if one != neuron)
            chosen = NeuronSelection(kept if neuron in numbers else (*numbers, neuron))
        self.changed(replace(self.choice, neurons=chosen))

    def taken(self, neurons: tuple[int, ...]) -> None:
        """Select the neurons in a box or a lasso, in all plots."""
        if self.choice is not None:
            self.changed(replace(self.choice, neurons=NeuronSelection(neurons)))

    def zoomed(self, ends: tuple[float, float] | None) -> None:
        """Show a window of x in all plots, and read it more finely."""
        if self.choice is None:
            return
        if ends is not None and self.choice.x_scale != "linear":
            ends = self.inverse(ends)
        if ends != self.choice.window:
            self.choice = replace(self.choice, window=ends)
            self.runs.request(self.choice)

    def inverse(self, ends: tuple[float, float]) -> tuple[float, float]:
        """Return the values at two places of a logarithmic axis."""
        assert self.choice is not None
        if self.choice.x_scale == "log":
            return 10.0 ** ends[0], 10.0 ** ends[1]
        size = make_scale("symlog", [] if self.shown is None else self.x_values(self.shown)).threshold
        low, high = (copysign(size * (10.0 ** abs(end) - 1.0), end) for end in ends)
        return low, high

    def read(self, choice: Choice | None) -> Shown:
        """Read and draw the slices; called in a thread of its own."""
        return self.drawn(choice, CHUNKS_AT_ONCE)

    def read_finer(self, choice: Choice | None) -> Shown | None:
        """Read more of large slices once nothing has changed for a moment; None where all is drawn."""
        if self.shown is None or all(drawn.complete for _, drawn, _ in self.shown.slices):
            return None
        return self.drawn(choice or self.shown.choice, CHUNKS_LIMIT)

    def drawn(self, choice: Choice | None, chunks: int) -> Shown:
        """Open the sources, and draw their slices."""
        first = (choice.sources if choice is not None else self.keys)[0]
        tree = self.sources.open(first)
        variables = describe_tree(tree)
        options = self.sources.options(self.context.catalog.run_ids()[:RUNS_LIMIT])
        if choice is None:
            choice = self.first_choice(variables)
        elif choice.path not in variables:
            path = first_path(variables)
            choice = choice.with_variable(path, variables[path].sizes, bool(variables[path].words))
        options |= {self.sources.name(key): key for key in choice.sources if key not in options.values()}
        slices = []
        for key in choice.sources:
            with explain_damage(key.removeprefix(RUN) if key.startswith(RUN) else None):
                drawn = draw_slice(self.sources.open(key), choice, self.context.theme, chunks)
            slices.append((key, drawn, None if drawn.element is None else render_figure(drawn.element)))
        return Shown(choice, Offers(options, variables, tree), tuple(slices))

    def first_choice(self, variables: Any) -> Choice:
        """Read the choice from the address, as the variables of the first source allow."""
        path = self.context.choice("show", variables, first_path(variables))
        one = variables[path]
        choice = read_choice(self.context, self.keys, path, one.sizes, bool(one.words))
        if choice.kind == "map" and not choice.layout.lines:
            choice = replace(choice, kind=default_kind(choice.layout, False))
        return choice

    def show(self, shown: Shown | None) -> None:
        """Put slices on the page; None: those that are there are complete."""
        if shown is None:
            return
        before, self.shown, self.choice = self.shown, shown, shown.choice
        self.head.object = INTRODUCTION
        self.body.visible = self.picture.visible = True
        self.controls.reflect(shown.choice, shown.offers)
        same = before is not None and only_moved(before.choice, shown.choice)
        while len(self.panels) < len(shown.slices):
            self.panels.append(PanelPlot(self.x_range, self.zoomed, self.clicked, self.taken))
        if not same:
            self.set_range(shown)
        for panel, (key, drawn, made) in zip(self.panels, shown.slices, strict=False):
            panel.show(self.title_of(key), drawn, made, keep_limits=same)
        views = [panel.view for panel in self.panels[: len(shown.slices)]]
        if list(self.plots.objects) != views:
            self.plots[:] = views
        self.file.visible = any(drawn.values is not None for _, drawn, _ in shown.slices)
        self.remember()

    def set_range(self, shown: Shown) -> None:
        """Set the range of x that all plots share: the whole one, and in it the window."""
        drawn = [(slice_, made) for _, slice_, made in shown.slices if made is not None]
        if not drawn:
            return
        choice = shown.choice
        if choice.window is None:
            set_limits(
                self.x_range,
                min(made.x_range.start for _, made in drawn),
                max(made.x_range.end for _, made in drawn),
            )
            return
        self.x_range.update(
            reset_start=min(one.whole[0] for one, _ in drawn), reset_end=max(one.whole[1] for one, _ in drawn)
        )
        start, end = make_scale(choice.x_scale, self.x_values(shown)).transform(choice.window).tolist()
        if isfinite(start) and isfinite(end) and (self.x_range.start, self.x_range.end) != (start, end):
            self.x_range.update(start=start, end=end)

    @staticmethod
    def x_values(shown: Shown) -> Any:
        """Return the values of x that are drawn in the first plot."""
        values = next((drawn.values for _, drawn, _ in shown.slices if drawn.values is not None), None)
        return [] if values is None else places_along(values, shown.choice.layout.x)

    def title_of(self, key: str) -> str:
        """Write the title of a plot, with the link to the run's flow."""
        name = escape(self.sources.name(key))
        if key.startswith(FILE):
            return f"File {name}"
        query = self.selection_query(key)
        flow = escape(self.context.address("flow", **query))
        return f'{name} · <a href="{flow}">its flow</a>'

    def selection_query(self, key: str) -> dict[str, str]:
        """Return what an address says of a source that is a run."""
        if key == CHANGED and self.sources.changed is not None:
            return self.sources.changed.query()
        name = key.partition(":")[2]
        return {"run": name} if key.startswith(RUN) else {"preset": name}

    def remember(self) -> None:
        """Write all that is shown into the address."""
        if self.choice is None:
            return
        changed = self.selection_query(CHANGED) if CHANGED in self.choice.sources else {}
        runs = ",".join(key.removeprefix(RUN) for key in self.choice.sources)
        nothing = dict.fromkeys(("run", "preset", *RUN_KEYS))
        self.context.remember(**{**nothing, **changed, "runs": runs, **self.choice.query()})

    def failed(self, error: Exception) -> None:
        """Say why there is no new picture; the last one stays, and the controls are reset to it."""
        self.context.say(explain_error(error))
        if self.shown is not None:
            self.choice = self.shown.choice
            self.controls.reflect(self.shown.choice, self.shown.offers)
        else:
            self.fall_back(of_condition=isinstance(error, ConditionError))

    def fall_back(self, *, of_condition: bool) -> None:
        """Show less of what the address asks for: no selection if its condition is wrong, else a preset."""
        preset = (PRESET + FIRST_PRESET,)
        if of_condition and "where" in self.context.query:
            self.context.query.pop("where")
        elif self.keys != preset:
            self.context.say(f"Shown is the preset {FIRST_PRESET}.")
            self.keys = preset
        else:
            return
        self.choice = None
        self.runs.request(None)

    def csv(self) -> io.BytesIO:
        """Write all values that are drawn as a table, one row each."""
        if self.shown is None:
            raise RequestError("nothing is drawn yet")
        name = self.shown.choice.path.rpartition("/")[2]
        parts = [
            drawn.values.to_dataset(name=name).to_dataframe().reset_index().assign(source=self.sources.name(key))
            for key, drawn, _ in self.shown.slices
            if drawn.values is not None
        ]
        return io.BytesIO(pd.concat(parts).to_csv(index=False).encode())


def first_path(variables: Any) -> str:
    """Choose the variable that is shown by default."""
    return FIRST_VARIABLE if FIRST_VARIABLE in variables else next(iter(variables))


def only_moved(before: Choice, after: Choice) -> bool:
    """Whether a choice differs from another one only in places, in the selection, or in nothing."""
    layout = replace(before.layout, at=after.layout.at)
    return replace(before, layout=layout, neurons=after.neurons) == after
