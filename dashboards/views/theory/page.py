"""The page 'theory': the selected run, and a card for each part of the theory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import Any

import panel as pn
import xarray as xr

from dashboards.components import card, heading_pane, html_pane, plot_pane, radio_buttons, side_by_side, table_pane
from dashboards.computations import SupersededError
from dashboards.damage import explain_damage
from dashboards.html_table import records_html
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.page_template import explain_error
from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.plateau_plots import (
    create_plateaus_plot,
    create_plateaus_table,
    create_spectra_plot,
    describe_plateaus,
)
from dashboards.plots.statements_table import ORDERS, VERDICTS, count_verdicts, create_statements_table
from dashboards.plots.timeline_plot import create_timeline_plot, create_timeline_table, describe_timeline
from dashboards.run_selection import KEYS, RunSelection, open_tree, read_selection
from dashboards.time_units import UNITS
from dashboards.views.neurons_card import NeuronsCard
from dashboards.views.scrolling import name_part, scroll_button
from dashboards.views.theory.ladder_card import LadderCard
from dashboards.views.theory.limit_card import LimitCard
from dashboards.views.theory.penalty_card import PenaltyCard
from dashboards.views.theory.run_picker import RunPicker
from dashboards.views.theory.summary import STYLE as STRIP_STYLE
from dashboards.views.theory.summary import summary_html
from pipeline import hessian_spectra
from pipeline.figures import heading


def build_page(context: PageContext) -> pn.viewable.Viewable:
    """Build the page."""
    return TheoryPage(context).view


CONTENTS = {
    "statements": "Statements", "timeline": "Timeline", "plateaus": "Plateaus", "neurons": "Neurons",
    "limit": "The limit λ → 0", "ladder": "The ladder of λ", "penalty": "The penalised minimum",
}  # fmt: skip
"""The cards by their names, in the page's order, with the words of the contents."""
COMPUTING = (
    "Computing the flow, its phases and plateaus, the minimum norm and the statements: about two seconds for 60 "
    "neurons, longer for many neurons or points. You can select another run meanwhile."
)


@dataclass(frozen=True)
class Filled:
    """A selection with its tree, the text of the head, and the cards that are made."""

    selection: RunSelection
    tree: xr.DataTree
    head: str
    cards: tuple[Any, ...]


class TheoryPage:
    """One visitor's page; ``view`` shows it."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.selection = context, read_selection(context)
        self.head = html_pane("", faint=True, style=STRIP_STYLE)
        buttons = [scroll_button(label, name) for name, label in CONTENTS.items()]
        self.contents = pn.FlexBox(*buttons, sizing_mode="stretch_width", margin=(6, 0, 0, 0), visible=False)
        self.body = pn.Column(sizing_mode="stretch_width", margin=0)
        self.chooser = RunPicker(context, self.selection, self.changed)
        self.view = pn.Column(
            card(self.head, self.chooser.view, self.contents), self.body, sizing_mode="stretch_width", margin=0
        )
        self.last: Filled | None = None
        self.runs = LatestOnly(pn.state.curdoc, self.opened, self.show, self.failed, rest=self.filled, after=0.0)
        self.wait()
        self.runs.request_on_load(self.selection)

    def changed(self, selection: RunSelection) -> None:
        """Show another run."""
        self.selection = selection
        self.wait()
        self.runs.request(selection)

    def wait(self) -> None:
        """Say that the run is being opened or computed."""
        name = self.selection.run_id or self.selection.config.name
        doing = "Opening the run …" if self.selection.run_id else COMPUTING
        self.head.object = f'<h2>{escape(name)}</h2><p role="status">{doing}</p>'
        self.contents.visible = False
        self.body.loading = bool(len(self.body))

    def opened(self, selection: RunSelection) -> Filled:
        """Compute or open the run, and make the first card."""
        with explain_damage(selection.run_id):
            tree = open_tree(selection, self.context)
            statements = tree["statements"].to_dataset().load()
            first = self.statements(statements)
        self.last = Filled(selection, tree, head_of(tree, selection, self.context), (first,))
        return self.last

    def filled(self, selection: RunSelection) -> Filled:
        """Make the other cards, whose plots take longer."""
        last = self.last
        if last is None or last.selection is not selection:
            raise SupersededError("another run is opened")
        with explain_damage(selection.run_id):
            cards = self.timeline(last.tree), plateaus_card(last.tree, self.context)
            neurons = NeuronsCard(self.context, {"run": last.tree}, {"run": selection.query()}).view
            penalty = PenaltyCard(self.context, selection.config, last.tree["minimal_norm"].to_dataset()).view
        limit, ladder = (made(self.context, selection.config).view for made in (LimitCard, LadderCard))
        return replace(last, cards=(*last.cards, *cards, neurons, limit, ladder, penalty))

    def show(self, filled: Filled) -> None:
        """Show the cards that are made."""
        for one, name in zip(filled.cards, CONTENTS, strict=False):
            name_part(one, name)
        self.body.objects, self.body.loading, self.head.object = list(filled.cards), False, filled.head
        self.contents.visible = len(filled.cards) == len(CONTENTS)
        nothing = dict.fromkeys(("run", "preset", *KEYS))
        self.context.remember(**{**nothing, **filled.selection.query()})

    def failed(self, error: Exception) -> None:
        """Say why the run can't be shown; the cards of another one are removed."""
        self.context.say(explain_error(error))
        name = escape(self.selection.run_id or self.selection.config.name)
        self.head.object = (
            f"<h2>{name}</h2><p>This can't be shown. Select another run or scale, and press Show.</p>"
        )
        self.body.objects, self.body.loading = [], False

    def statements(self, statements: xr.Dataset) -> pn.Column:
        """Make the card of the statements, with a filter and an order."""
        counts = count_verdicts(statements)
        labels = {"all": f"all {sum(counts.values())}"}
        labels |= {verdict: f"{VERDICTS[verdict]}: {count}" for verdict, count in counts.items()}
        chosen = self.context.choice("verdict", labels, "all")
        verdict = radio_buttons("Show statements", labels, chosen, margin=(0, 14, 6, 0))
        order = pn.widgets.Select(
            label="Sorted by", options={text: word for word, text in ORDERS.items()},
            value=self.context.choice("sort", ORDERS, "paper"), width=200, margin=(0, 0, 6, 0),
        )  # fmt: skip
        table = table_pane(create_statements_table(statements, verdict.value, order.value))

        def follow(_: Any) -> None:
            self.context.forget()
            table.object = records_html(create_statements_table(statements, verdict.value, order.value))
            self.context.remember(verdict=verdict.value, sort=order.value)

        verdict.param.watch(follow, "value")
        order.param.watch(follow, "value")
        return card(
            heading_pane(
                "The paper's statements",
                "Margins of powers of λ are differences of logarithms. "
                f"ε = {float(statements.attrs['epsilon']):g}."
                + (
                    " The negative labels have the larger |D|: exchange + and − in all statements."
                    if statements.attrs["fitted_first"] == "negative"
                    else ""
                ),
            ),
            pn.FlexBox(verdict, order, align_items="flex-end", sizing_mode="stretch_width", margin=0),
            table,
        )

    def timeline(self, tree: xr.DataTree) -> pn.Column:
        """Make the card of the timeline, with a choice of the unit."""
        units = {key: f"time {UNITS[key]}" for key in ("t", "scaled")}
        unit = radio_buttons("Unit of time", units, self.context.choice("unit", units, "t"), margin=(0, 14, 6, 0))
        said = describe_timeline(tree)
        plot = pn.Column(
            plot_pane(render_figure(create_timeline_plot(tree, self.context.theme, unit.value)), said)
        )
        plot.sizing_mode, plot.margin = "stretch_width", 0

        def follow(_: Any) -> None:
            self.context.forget()
            plot[0] = plot_pane(render_figure(create_timeline_plot(tree, self.context.theme, unit.value)), said)
            self.context.remember(unit=unit.value)

        unit.param.watch(follow, "value")
        return card(
            heading_pane(
                "Timeline",
                "The begin and the end of each phase: a solid line at its measured end, a dashed one at the "
                "paper's time in leading order. As λ → 0 the fits end at −ln λ/|D₊| and −ln λ/|D₋|.",
            ),
            unit, plot, table_pane(create_timeline_table(tree)),
        )  # fmt: skip


def plateaus_card(tree: xr.DataTree, context: PageContext) -> pn.Column:
    """Make the card of the plateaus and their Hessians."""
    data, trajectory = tree["data"].to_dataset(), tree["trajectory"].to_dataset()
    plateaus = tree["plateaus"].to_dataset().load()
    said = describe_plateaus(plateaus)
    head = heading_pane(
        "Plateaus, and the Hessian at each",
        "On a plateau the flow is slow near a stationary point θₛ. Each stem is an eigenvalue of the Hessian of "
        "the loss at θₛ; its height is the logarithm of the multiplicity. The flow escapes along the negative "
        "eigenvalues.",
    )
    if not plateaus.sizes["plateau_number"]:
        return card(head, html_pane(f"<p>{escape(said)}</p>", faint=True))
    spectra = hessian_spectra(data, trajectory)
    return card(
        head,
        side_by_side(
            plot_pane(render_figure(create_plateaus_plot(tree, context.theme)), f"The loss over time. {said}"),
            plot_pane(
                render_figure(create_spectra_plot(plateaus, spectra, context.theme)), f"Eigenvalues. {said}"
            ),
        ),
        table_pane(create_plateaus_table(plateaus, data.sizes["point"])),
    )


def head_of(tree: xr.DataTree, selection: RunSelection, context: PageContext) -> str:
    """Describe the run: its name, its origin, its verdicts, and a link to its flow."""
    counts = count_verdicts(tree["statements"].to_dataset())
    stands = ", ".join(
        f"{number} {word}"
        for number, word in zip(
            counts.values(), ("hold", "fail" if counts["fails"] != 1 else "fails", "not applicable"), strict=True
        )
    )
    origin = (
        f"The published run {selection.run_id}"
        if selection.run_id
        else f"Preset {selection.config.name}, computed now"
    )
    title = str(tree.attrs.get("title", "")) or selection.config.name
    flow = escape(context.address("flow", **selection.query()))
    return (
        f"<h2>{escape(title)}</h2><p>{escape(heading(tree))}. {escape(origin)}. Statements: {stands}.</p>"
        f"{summary_html(tree['statements'].to_dataset())}"
        f'<p><a href="{flow}">See its flow</a></p>'
    )
