"""The card of loss plus penalty times norm: a run's own minima, and the path when the button is pressed."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import xarray as xr

from catalog import Catalog
from dashboards.components import (
    card,
    collapsible_card,
    heading_pane,
    html_pane,
    plot_pane,
    side_by_side,
    table_pane,
)
from dashboards.latest_only import LatestOnly
from dashboards.page_context import PageContext
from dashboards.page_template import explain_error
from dashboards.plots.holoviews_style import render_figure
from dashboards.plots.penalty_plots import (
    create_border_plot,
    create_kept_table,
    create_path_plot,
    create_path_table,
)
from pipeline import kept_minimum
from pipeline.configuration import RunConfig


def computed_path(catalog: Catalog, config: RunConfig) -> tuple[str | None, xr.Dataset]:
    """Take the path from the catalog, or compute it and keep it there."""
    found: tuple[str | None, xr.Dataset] = kept_minimum(catalog, config)
    return found


class PenaltyCard:
    """The card of one visitor; ``view`` shows it.

    Parameters
    ----------
    context
        The visitor's.
    config, minimum
        The run's configuration, and its group ``minimal_norm``.
    """

    def __init__(self, context: PageContext, config: RunConfig, minimum: xr.Dataset) -> None:
        # The whole path, not the penalties of the run: those stand in a table of their own.
        analysis = config.analysis.model_copy(update={"penalty": None})
        self.context, self.config = context, config.model_copy(update={"analysis": analysis})
        self.button = pn.widgets.Button(label="Find the path", color="primary", width=150, margin=(4, 0, 0, 0))
        self.said = html_pane(
            "<p>The path takes some seconds, longer for many points, and will be kept.</p>", faint=True
        )
        self.content = pn.Column(self.said, self.button, sizing_mode="stretch_width", margin=0)
        kept = [table_pane(create_kept_table(minimum.load()))] if "penalised_loss" in minimum else []
        self.view = card(
            heading_pane(
                "The penalised minimum",
                "The least of loss + β ½|θ|² over networks of any width, from large penalties to small ones. "
                "Stopping the flow early is compared with it: at equal loss no network has a smaller norm.",
            ),
            *kept,
            self.content,
        )
        self.paths = LatestOnly(pn.state.curdoc, self._computed, self._show, self._failed)
        if config.analysis.free_bias:
            self.said.object = "<p>There is no path where the weights on the bias cost nothing (free_bias).</p>"
            self.content.objects = [self.said]
        self.button.on_click(self.compute)

    def compute(self, _: Any) -> None:
        """Find the path in a thread."""
        self.button.disabled = True
        self.said.object = "<p>Computing … You can use the page meanwhile.</p>"
        self.paths.request(self.config)

    def _computed(self, config: RunConfig) -> list[Any]:
        return self.filled(*self.context.compute(computed_path, self.context.catalog, config))

    def _show(self, views: list[Any]) -> None:
        self.content.objects = views

    def _failed(self, error: Exception) -> None:
        self.context.say(explain_error(error))
        self.said.object = "<p>The path was not found.</p>"
        self.button.disabled = False

    def filled(self, identifier: str | None, law: xr.Dataset) -> list[Any]:
        """Make the plots and the table."""
        theme = self.context.theme
        kept = f"Kept as {identifier}." if identifier else "Not kept: the catalog cannot be written."
        free = [
            word for key, word in (("output_bias", "a constant"), ("skip", "a linear function")) if law.attrs[key]
        ]
        beside = f" {' and '.join(free).capitalize()} cost{'s' * (len(free) == 1)} nothing." if free else ""
        vanishing = f"From β = {float(law['vanishing_penalty']):.6g} on no neuron is left."
        border = plot_pane(
            render_figure(create_border_plot(law, theme)), "Norm against loss, of the path and of the flow."
        )
        path = plot_pane(
            render_figure(create_path_plot(law, theme)), "Norm against penalty; the table below has the numbers."
        )
        return [
            html_pane(f"<p>{vanishing}{beside} {escape(kept)}</p>", faint=True),
            side_by_side(border, path),
            collapsible_card("The path as a table", table_pane(create_path_table(law), margin=0), closed=True),
        ]
