"""The card of the limit lambda -> 0, which is computed when the button is pressed."""

from __future__ import annotations

from typing import Any

import panel as pn
import xarray as xr

from catalog import Catalog
from dashboards.components import card, heading_pane, html_pane, plot_pane, table_pane
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.page_template import explain_error
from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.limit_plots import create_jumps_table, create_staircase_plot
from pipeline import kept_limit, limit_problem
from pipeline.configuration import RunConfig


def computed_limit(catalog: Catalog, config: RunConfig) -> tuple[str | None, xr.Dataset]:
    """Take the limit from the catalog, or compute it and keep it there."""
    found: tuple[str | None, xr.Dataset] = kept_limit(catalog, config)
    return found


class LimitCard:
    """The card of one visitor; ``view`` shows it."""

    def __init__(self, context: PageContext, config: RunConfig) -> None:
        self.context, self.config = context, config
        self.button = pn.widgets.Button(label="Follow the limit", color="primary", width=150, margin=(4, 0, 0, 0))
        self.said = html_pane("<p>It takes about a second, and will be kept.</p>", faint=True)
        self.content = pn.Column(self.said, self.button, sizing_mode="stretch_width", margin=0)
        self.view = card(
            heading_pane(
                "The limit λ → 0",
                "In the time t/(−ln λ) the flow tends to jumps from one stationary point to the next, on any "
                "data. Flows at three scales are beside it.",
            ),
            self.content,
        )
        self.limits = LatestOnly(pn.state.curdoc, self._computed, self._show, self._failed)
        problem = limit_problem(config)
        if problem:
            self.said.object = f"<p>There is no limit to compute: {problem}.</p>"
            self.content.objects = [self.said]
        self.button.on_click(self.compute)

    def compute(self, _: Any) -> None:
        """Compute the limit in a thread."""
        self.button.disabled = True
        self.said.object = "<p>Computing … You can use the page meanwhile.</p>"
        self.limits.request(self.config)

    def _computed(self, config: RunConfig) -> list[Any]:
        return self.filled(*self.context.compute(computed_limit, self.context.catalog, config))

    def _show(self, views: list[Any]) -> None:
        self.content.objects = views

    def _failed(self, error: Exception) -> None:
        self.context.say(explain_error(error))
        self.said.object = "<p>The limit was not computed.</p>"
        self.button.disabled = False

    def filled(self, identifier: str | None, law: xr.Dataset) -> list[Any]:
        """Make the plot and the table."""
        kept = f"Kept as {identifier}." if identifier else "Not kept: the catalog cannot be written."
        said = f"The limit ends because {law.attrs['reason']}. {kept}"
        plot = render_figure(create_staircase_plot(law, self.context.theme))
        return [
            html_pane(f"<p>{said}</p>", faint=True),
            plot_pane(plot, "The loss of the limit, and of three flows; the table below has the jumps."),
            table_pane(create_jumps_table(law), margin=0),
        ]
