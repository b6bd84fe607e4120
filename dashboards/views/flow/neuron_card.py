"""The card of one neuron: what is known of it at the cursor, its life in curves, and its events."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import panel as pn

from dashboards.components import card, facts_html, html_pane
from dashboards.drawing_data import DrawingData, coordinate_names
from dashboards.html_table import Table, records_html
from dashboards.latest_only import LatestOnly
from dashboards.neurons.life import NeuronLife, extremal_direction, follow_neuron
from dashboards.page_context import PageContext
from dashboards.plots.descriptions import written
from dashboards.plots.figure_style import set_limits
from dashboards.plots.holoviews_style import render_figure, update_figure
from dashboards.plots.neuron_plots import (
    LinesPlot,
    create_direction_plot,
    create_norm_plot,
    create_part_plot,
    create_states_plot,
)
from dashboards.time_units import TimeUnit
from pipeline.figures import ROLES, time_text

HEIGHT = 210
"""Of each plot, in pixels."""
EVENTS_LIMIT = 40
"""Events that are listed."""
PLOTS = ("direction", "norm", "states", "part of the function")
"""The plots, in their order."""
CHOICES_LIMIT = 200
"""Neurons that the menu offers."""


@dataclass(frozen=True)
class Asked:
    """Which neuron of which run is shown, at which frame, and in which unit of time."""

    drawing: DrawingData
    number: int
    frame: int
    unit: TimeUnit


@dataclass(frozen=True)
class Drawn:
    """A new figure, and its looks if other numbers can be given to it."""

    figure: Any
    looks: Hashable


class NeuronCard:
    """The card of one of the selected neurons; hidden while none is selected.

    Parameters
    ----------
    context
        The visitor's.
    failed
        Called with an error.
    """

    def __init__(self, context: PageContext, failed: Callable[[Exception], None]) -> None:
        self.context = context
        self.asked: Asked | None = None
        self.choice = pn.widgets.Select(label="Neuron", options=[], width=120, margin=(5, 8))
        self.choice.param.watch(lambda event: self.choose(event.new), "value")
        self.facts = html_pane("", styles={"flex": "1 1 280px"}, sizing_mode=None)
        self.events = html_pane("")
        self.plots = pn.FlexBox(gap="6px 12px", sizing_mode="stretch_width", margin=0)
        self.layout = card(
            html_pane("<h2>The life of a neuron</h2>", faint=False),
            pn.FlexBox(self.choice, self.facts, gap="4px 14px", sizing_mode="stretch_width", margin=0),
            self.plots,
            self.events,
        )
        self.layout.visible = False
        self.figures: dict[str, Any] = {}
        self.looks: dict[str, Hashable] = {}
        self.said: dict[str, pn.pane.HTML] = {}
        self.places: dict[str, pn.Column] = {}
        self.work = LatestOnly(pn.state.curdoc, self.make, self.show, failed)

    def follow(self, drawing: DrawingData, unit: TimeUnit, frame: int, neurons: list[int]) -> None:
        """Show one of these neurons at a frame: the one that is shown if it is among them, else the first."""
        self.layout.visible = bool(neurons)
        if not neurons:
            self.asked = None
            return
        offered = neurons[:CHOICES_LIMIT]
        number = self.choice.value if self.choice.value in offered else offered[0]
        asked = Asked(drawing, int(number), frame, unit)
        same = self.asked is not None and (asked.number, frame, unit) == (
            self.asked.number, self.asked.frame, self.asked.unit,
        )  # fmt: skip
        if same and self.asked is not None and self.asked.drawing is drawing:
            return
        self.asked = None  # the menu's change below is not a person's
        self.choice.param.update(options=offered, value=number)
        self.asked = asked
        self.work.request(asked)

    def choose(self, number: Any) -> None:
        """Show another one of the selected neurons."""
        if self.asked is not None and number is not None:
            last = self.asked
            self.asked = Asked(last.drawing, int(number), last.frame, last.unit)
            self.work.request(self.asked)

    def make(self, asked: Asked) -> tuple[Asked, NeuronLife, dict[str, Any]]:
        """Read the neuron and draw its plots; called in a thread of its own."""
        drawing, theme = asked.drawing, self.context.theme
        life = follow_neuron(drawing.run.groups, asked.number)
        unit = (asked.unit.length, asked.unit.label)
        lines = {
            "direction": create_direction_plot(life, coordinate_names(drawing.run.groups["data"]), unit),
            "norm": create_norm_plot(life, unit),
            "part of the function": create_part_plot(drawing, [asked.number], asked.frame),
        }
        plots: dict[str, Any] = {
            name: plot if plot.looks == self.looks.get(name) else drawn(plot.overlay(theme), plot.looks)
            for name, plot in lines.items()
            if plot is not None
        }
        plots["states"] = drawn(create_states_plot(life, unit, theme))
        return asked, life, {name: plots[name] for name in PLOTS if name in plots}

    def show(self, made: tuple[Asked, NeuronLife, dict[str, Any]]) -> None:
        """Put the neuron on the page."""
        asked, life, plots = made
        if asked is not self.asked:
            return
        self.facts.object = facts_html(neuron_facts(asked.drawing, life, asked.frame))
        self.events.object = records_html(events_table(life)) if life.events else "<p>It crosses no boundary.</p>"
        shown = [self.placed(name, plot, life.number) for name, plot in plots.items()]
        if shown != list(self.plots):
            self.plots[:] = shown

    def placed(self, name: str, plot: LinesPlot | Drawn, number: int) -> pn.Column:
        """Return the place of a plot, with new data if its figure is there and differs in nothing else."""
        said = f'<div role="img" aria-label="{escape(f"Neuron {number}: {name}")}"></div>'
        if self.given(name, plot):
            self.said[name].object = said
            return self.places[name]
        assert isinstance(plot, Drawn)
        figure, self.looks[name] = plot.figure, plot.looks
        for ends in (figure.x_range, figure.y_range):
            set_limits(ends, ends.start, ends.end)
        self.figures[name], self.said[name] = figure, pn.pane.HTML(said, height=1, margin=0)
        self.places[name] = pn.Column(
            self.said[name],
            pn.pane.Bokeh(figure, sizing_mode="stretch_width", margin=0),
            styles={"flex": "1 1 300px", "min-width": "240px", "max-width": "100%"},
        )
        return self.places[name]

    def given(self, name: str, plot: LinesPlot | Drawn) -> bool:
        """Give the figure that is there the data of a plot; False if there is none, or one of other looks."""
        there = self.figures.get(name)
        if isinstance(plot, LinesPlot):
            plot.give(there)
            return True
        if there is None or plot.looks != self.looks[name] or not update_figure(there, plot.figure):
            return False
        for ends, new in ((there.x_range, plot.figure.x_range), (there.y_range, plot.figure.y_range)):
            set_limits(ends, new.start, new.end)
        return True


def drawn(element: Any, looks: Hashable = None) -> Drawn:
    """Draw a plot with HoloViews, as high as all of them."""
    figure = render_figure(element)
    figure.update(height=HEIGHT, min_height=HEIGHT)
    return Drawn(figure, looks)


def neuron_facts(drawing: DrawingData, life: NeuronLife, frame: int) -> list[tuple[str, str]]:
    """List what is known of a neuron at a frame, and of its life."""
    groups, j = drawing.run.groups, life.number
    now = groups["trajectory"].isel(time=frame, neuron=j)
    at = int(np.argmin(np.abs(life.time - drawing.time[frame])))
    role = ROLES.get(str(drawing.role[j]))
    states = life.state[at]
    on = [str(point) for point in np.flatnonzero(states == "on")[:12]]
    slides = [str(point) for point in np.flatnonzero(states == "sliding")]
    direction = np.asarray(now["direction"].values)
    rows = [
        ("role", "unknown" if role is None else role.name),
        ("sign of a", "+" if float(now["output_ratio"]) > 0 else "−"),
        ("|w|", written(float(np.exp(now["log_norm"])))),
        ("direction", ", ".join(written(float(part), 3) for part in direction[:6])),
        ("on at the points", ", ".join(on) or "none"),
        *([("slides along", ", ".join(slides))] if slides else []),
    ]
    slope = float(groups["trajectory"].attrs.get("slope", 0.0))
    extremal = extremal_direction(groups["data"], states, slope)
    if extremal is not None:
        cosine = float(direction @ extremal) * (1.0 if float(now["output_ratio"]) > 0 else -1.0)
        rows.append(("cosine with its extremal direction", written(cosine)))
    rows.append(("turned from start to end by", f"{life.turned():.1f}°"))
    return rows


def interval_text(start: float, end: float) -> str:
    """Write an interval of time with three digits, or with more where these are the same.

    Examples
    --------
    >>> interval_text(355.0, 367.0), interval_text(166.12, 166.31)
    ('355 to 367', '166.12 to 166.31')
    """
    texts = [time_text(time) for time in (start, end)]
    return " to ".join(texts if texts[0] != texts[1] else (f"{time:,.7g}" for time in (start, end)))


def events_table(life: NeuronLife) -> Table:
    """Tabulate the events of a neuron."""
    rows = [[interval_text(event.after, event.before), event.text] for event in life.events[:EVENTS_LIMIT]]
    left = len(life.events) - EVENTS_LIMIT
    return Table(
        "Crossings and slides of the neuron",
        ("between t =", f"event ({left:,} later ones are left out)" if left > 0 else "event"),
        rows,
    )
