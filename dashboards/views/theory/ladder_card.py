"""The card of the ladder of lambda, which is read from the catalog or computed when the button is pressed."""

from __future__ import annotations

from html import escape
from itertools import count
from typing import Any

import panel as pn
import xarray as xr

from catalog import Catalog, CatalogError
from dashboards.components import card, heading_pane, html_pane, plot_pane, side_by_side, table_pane
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.page_template import explain_error
from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.ladder_plots import (
    create_constants_plot,
    create_deviation_plot,
    create_excess_plot,
    create_exponents_plot,
    create_exponents_table,
    create_scales_table,
    describe_excess,
    has_limit,
    measured_statements,
)
from dashboards.processes import tell
from pipeline import LADDER_STEPS, kept_ladder, published_ladder
from pipeline.configuration import RunConfig


def computed_ladder(catalog: Catalog, config: RunConfig) -> tuple[str | None, xr.Dataset]:
    """Compute a ladder and keep it in the catalog; reports each run."""
    done = count(1)

    def advance() -> None:
        tell(f"The ladder of λ: {next(done)} of {LADDER_STEPS} runs")

    found: tuple[str | None, xr.Dataset] = kept_ladder(catalog, config, advance)
    return found


class LadderCard:
    """The card of one visitor; ``view`` shows it."""

    def __init__(self, context: PageContext, config: RunConfig) -> None:
        self.context, self.config = context, config
        self.button = pn.widgets.Button(label="Compute it", color="primary", width=130, margin=(4, 0, 0, 0))
        self.said = html_pane("", faint=True)
        self.content = pn.Column(sizing_mode="stretch_width", margin=0)
        self.view = card(
            heading_pane(
                "The ladder of λ",
                "The same network at smaller and smaller λ, down to 10⁻¹⁰⁰⁰: how fast each deviation falls beside "
                "the paper's bound, the times of the fits, whose constants tend to 1, and on any data the excess "
                "over the minimum norm beside that of the limit λ → 0.",
            ),
            self.content,
        )
        self.ladders = LatestOnly(pn.state.curdoc, self._computed, self._show, self._failed)
        self.begin()

    def begin(self) -> None:
        """Show the ladder of the catalog, else the button."""
        if self.config.init.start in ("given", "run", "torch"):
            text = "Given weights have no ladder, because their scale cannot be changed."
            self.content.objects = [html_pane(f"<p>{text}</p>", faint=True)]
            return
        found = published_ladder(self.context.catalog, self.config)
        if found is not None:
            try:
                self.context.catalog.sweeps.whole(found[0])
                self.content.objects = self.filled(*found)
            except CatalogError as error:
                self.content.objects = [html_pane(f"<p>{escape(str(error))}</p>", faint=True)]
            return
        text = f"The catalog has no ladder of this network. It takes {LADDER_STEPS} runs and will be kept."
        self.said.object = f"<p>{text}</p>"
        self.button.on_click(self.compute)
        self.content.objects = [self.said, self.button]

    def compute(self, _: Any) -> None:
        """Compute the ladder in a thread; the page shows its progress."""
        self.button.disabled = True
        self.said.object = "<p>Computing … You can use the page meanwhile.</p>"
        self.ladders.request(self.config)

    def _computed(self, config: RunConfig) -> list[Any]:
        return self.filled(*self.context.compute(computed_ladder, self.context.catalog, config))

    def _show(self, views: list[Any]) -> None:
        self.content.objects = views

    def _failed(self, error: Exception) -> None:
        self.context.say(explain_error(error))
        self.said.object = "<p>The ladder was not computed.</p>"
        self.button.disabled = False

    def filled(self, identifier: str | None, law: xr.Dataset) -> list[Any]:
        """Make the plots and the tables."""
        kept = f"Kept as {identifier}." if identifier else "Not kept: the catalog cannot be written."
        tables = [table_pane(table, margin=0) for table in (create_exponents_table(law), create_scales_table(law))]
        return [
            html_pane(f"<p>{escape(describe_excess(law))} {escape(kept)}</p>", faint=True),
            side_by_side(*self.plots(law)),
            side_by_side(*tables),
        ]

    def plots(self, law: xr.Dataset) -> list[Any]:
        """Make the plots: of the statements' exponents, or, where none apply, of the excess beside the limit's."""
        theme = self.context.theme
        same = "the table below has the same numbers."
        if measured_statements(law):
            drawn = {
                f"The measured exponents beside the paper's; {same}": create_exponents_plot,
                f"The constants of t2 and t3 against lambda; {same}": create_constants_plot,
            }
        elif has_limit(law):
            drawn = {
                f"The excess over the minimum norm, and that of the limit; {same}": create_excess_plot,
                f"The distance of the norm from the limit's; {same}": create_deviation_plot,
            }
        else:
            none = "<p>No statement that applies to this run has a measured exponent, and it has no limit.</p>"
            return [html_pane(none, faint=True, margin=0)]
        return [plot_pane(render_figure(create(law, theme)), said) for said, create in drawn.items()]
