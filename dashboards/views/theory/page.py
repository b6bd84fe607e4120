"""The wiring of the page: what is looked at, and a card for each part of the theory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

import panel as pn
import xarray as xr

from dashboards.components import card, headed, plotted, side_by_side, tabulated, toggles, words
from dashboards.computations import SupersededError
from dashboards.damage import reading
from dashboards.html_table import as_html
from dashboards.latest_only import Latest
from dashboards.page_context import Visit
from dashboards.page_template import explained
from dashboards.plots.holoviews_style import rendered
from dashboards.plots.plateau_plots import (
    create_plateaus_plot,
    create_spectra_plot,
    plateaus_in_words,
    plateaus_table,
)
from dashboards.plots.statements_table import ORDERS, VERDICTS, counted, statements_table
from dashboards.plots.timeline_plot import UNITS, create_timeline_plot, timeline_in_words, timeline_table
from dashboards.run_selection import KEYS, Subject, asked_for, tree_of
from dashboards.views.theory.ladder_card import LadderSection
from dashboards.views.theory.run_picker import Chooser
from pipeline import hessian_spectra
from pipeline.figures import heading


def build_page(visit: Visit) -> pn.viewable.Viewable:
    """Build the page."""
    return TheoryPage(visit).view


@dataclass(frozen=True)
class Filled:
    """A subject as it is shown: its tree, what the head says of it, and the cards that are made."""

    subject: Subject
    tree: xr.DataTree
    head: str
    cards: tuple[Any, ...]


class TheoryPage:
    """One visitor's page; ``view`` is what is shown."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.subject = visit, asked_for(visit)
        self.head = words("", faint=True)
        self.body = pn.Column(sizing_mode="stretch_width", margin=0)
        self.chooser = Chooser(visit, self.subject, self.changed)
        self.view = pn.Column(card(self.head, self.chooser.view), self.body, sizing_mode="stretch_width", margin=0)
        self.last: Filled | None = None
        self.runs = Latest(pn.state.curdoc, self.opened, self.show, self.failed, rest=self.filled, after=0.0)
        self.wait()
        if pn.state.curdoc is None:
            self.runs.want(self.subject)
        else:
            pn.state.onload(lambda: self.runs.want(self.subject))

    def changed(self, subject: Subject) -> None:
        """Show another subject."""
        self.subject = subject
        self.wait()
        self.runs.want(subject)

    def wait(self) -> None:
        """Say that it is under way."""
        name = self.subject.run_id or self.subject.config.name
        verb = "Opening" if self.subject.run_id else "Computing"
        self.head.object = f"<h2>{escape(name)}</h2><p>{verb} …</p>"
        self.body.loading = bool(len(self.body))

    def opened(self, subject: Subject) -> Filled:
        """Compute or open the subject, and make what is read first."""
        with reading(subject.run_id):
            tree = tree_of(subject, self.visit)
            statements = tree["statements"].to_dataset().load()
            first = self.statements(statements)
        self.last = Filled(subject, tree, head_of(tree, subject, self.visit), (first,))
        return self.last

    def filled(self, subject: Subject) -> Filled:
        """Make the other cards, too: a plot takes its time."""
        last = self.last
        if last is None or last.subject is not subject:
            raise SupersededError("another subject is opened")
        with reading(subject.run_id):
            cards = self.timeline(last.tree), plateaus_card(last.tree, self.visit)
        return replace(last, cards=(*last.cards, *cards, LadderSection(self.visit, subject.config).view))

    def show(self, filled: Filled) -> None:
        """Put what was made on the page."""
        self.body.objects, self.body.loading, self.head.object = list(filled.cards), False, filled.head
        nothing = dict.fromkeys(("run", "preset", *KEYS))
        self.visit.remember(**{**nothing, **filled.subject.query()})

    def failed(self, error: Exception) -> None:
        """Say why the subject can't be shown; what was shown of another one goes."""
        self.visit.say(explained(error))
        name = escape(self.subject.run_id or self.subject.config.name)
        self.head.object = f"<h2>{name}</h2><p>This can't be shown.</p>"
        self.body.objects, self.body.loading = [], False

    def statements(self, statements: xr.Dataset) -> pn.Column:
        """Make the card of the statements, to be filtered and sorted."""
        counts = counted(statements)
        labels = {f"all {sum(counts.values())}": "all"}
        labels |= {f"{VERDICTS[verdict]}: {count}": verdict for verdict, count in counts.items()}
        chosen = self.visit.choice("verdict", list(labels.values()), "all")
        verdict = toggles("Show statements", labels, chosen, margin=(0, 14, 6, 0))
        order = pn.widgets.Select(
            label="Sorted by", options={text: word for word, text in ORDERS.items()},
            value=self.visit.choice("sort", list(ORDERS), "paper"), width=200, margin=(0, 0, 6, 0),
        )  # fmt: skip
        table = tabulated(statements_table(statements, verdict.value, order.value))

        def follow(_: Any) -> None:
            self.visit.forget()
            table.object = as_html(statements_table(statements, verdict.value, order.value))
            self.visit.remember(verdict=verdict.value, sort=order.value)

        verdict.param.watch(follow, "value")
        order.param.watch(follow, "value")
        return card(
            headed(
                "The paper's statements",
                "Where powers of λ are compared, the margin is a difference of logarithms. "
                f"ε = {float(statements.attrs['epsilon']):g}."
                + (
                    " The negative labels have the larger |D|: read + for − and − for + throughout."
                    if statements.attrs["fitted_first"] == "negative"
                    else ""
                ),
            ),
            pn.FlexBox(verdict, order, align_items="flex-end", sizing_mode="stretch_width", margin=0),
            table,
        )

    def timeline(self, tree: xr.DataTree) -> pn.Column:
        """Make the card of the timeline, in one unit of time or the other."""
        units = {f"time {text}": word for word, text in UNITS.items()}
        unit = toggles("Unit of time", units, self.visit.choice("unit", list(UNITS), "t"), margin=(0, 14, 6, 0))
        said = timeline_in_words(tree)
        plot = pn.Column(plotted(rendered(create_timeline_plot(tree, self.visit.looks, unit.value)), said))
        plot.sizing_mode, plot.margin = "stretch_width", 0

        def follow(_: Any) -> None:
            self.visit.forget()
            plot[0] = plotted(rendered(create_timeline_plot(tree, self.visit.looks, unit.value)), said)
            self.visit.remember(unit=unit.value)

        unit.param.watch(follow, "value")
        return card(
            headed(
                "Timeline",
                "When each phase begins and ends, to scale: a full line where its end was measured, a dashed one "
                "where the paper puts it in leading order. As λ → 0 the fits end at −ln λ/|D₊| and −ln λ/|D₋|.",
            ),
            unit, plot, tabulated(timeline_table(tree)),
        )  # fmt: skip


def plateaus_card(tree: xr.DataTree, visit: Visit) -> pn.Column:
    """Make the card of the plateaus and of the Hessians at them."""
    data, trajectory = tree["data"].to_dataset(), tree["trajectory"].to_dataset()
    plateaus = tree["plateaus"].to_dataset().load()
    said = plateaus_in_words(plateaus)
    head = headed(
        "Plateaus, and the Hessian at each",
        "Where the flow lingers near a stationary point θ_S. A stem is an eigenvalue of the Hessian of the loss "
        "at θ_S, its height the logarithm of how often it occurs; the flow leaves along those below 0.",
    )
    if not plateaus.sizes["plateau_number"]:
        return card(head, words(f"<p>{escape(said)}</p>", faint=True))
    spectra = hessian_spectra(data, trajectory)
    return card(
        head,
        side_by_side(
            plotted(rendered(create_plateaus_plot(tree, visit.looks)), f"The loss over time. {said}"),
            plotted(rendered(create_spectra_plot(plateaus, spectra, visit.looks)), f"Eigenvalues. {said}"),
        ),
        tabulated(plateaus_table(plateaus, data.sizes["point"])),
    )


def head_of(tree: xr.DataTree, subject: Subject, visit: Visit) -> str:
    """Say which run it is, where it comes from, how it stands with the paper, and lead to its flow."""
    counts = counted(tree["statements"].to_dataset())
    stands = ", ".join(
        f"{number} {word}"
        for number, word in zip(
            counts.values(), ("hold", "fail" if counts["fails"] != 1 else "fails", "not applicable"), strict=True
        )
    )
    origin = (
        f"The published run {subject.run_id}" if subject.run_id else f"Preset {subject.config.name}, computed now"
    )
    title = str(tree.attrs.get("title", "")) or subject.config.name
    flow = escape(visit.address("flow", **subject.query()))
    return (
        f"<h2>{escape(title)}</h2><p>{escape(heading(tree))}. {escape(origin)}. Statements: {stands}.</p>"
        f'<p><a href="{flow}">See its flow</a></p>'
    )
