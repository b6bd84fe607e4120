"""Two or three runs side by side: their losses, their functions at the end, and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

import numpy as np
import pandas as pd
import panel as pn
import xarray as xr
from bokeh.plotting import figure

from catalog import CatalogError, Manifest
from dashboards.catalog_rows import tabulate_differences
from dashboards.components import card, html_pane, radio_buttons
from dashboards.damage import explain_damage
from dashboards.html_table import Cell, Table, records_html
from dashboards.page_context import PageContext
from dashboards.plots.comparison_plots import SAMPLES, function_plot, loss_plot, scaled_unit, strokes, write_scale
from dashboards.plots.holoviews_style import render_figure
from dashboards.time_units import UNITS
from dashboards.views.neurons_card import NeuronsCard

TIMES = {key: UNITS[key] for key in ("t", "scaled")}
AXES = {"linear": "linear", "log": "logarithmic"}


def opened_runs(context: PageContext, run_ids: Sequence[str]) -> tuple[dict[str, xr.DataTree], list[Manifest]]:
    """Open the runs and read what the plots need; a damaged run is left out, with a message."""
    trees, manifests = {}, []
    for run_id in run_ids:
        try:
            manifest = context.catalog.manifest(run_id)
            tree = context.catalog.whole(run_id)
            with explain_damage(run_id):
                trajectory = tree["trajectory"].dataset
                trajectory["loss"].load()
                trajectory[["direction", "log_norm", "output_ratio"]].isel(time=slice(-1, None)).load()
        except CatalogError as error:
            context.say(str(error))
        else:
            trees[run_id] = tree
            manifests.append(manifest)
    return trees, manifests


class Comparison:
    """The plots and the table of some runs. They are drawn here, not by Panel's pane on the event loop.

    Parameters
    ----------
    context
        The visitor's.
    trees, manifests
        From :func:`opened_runs`: at least one.
    """

    def __init__(self, context: PageContext, trees: dict[str, xr.DataTree], manifests: Sequence[Manifest]) -> None:
        self.context, self.trees, self.manifests = context, trees, manifests
        self.time = radio_buttons("Time", TIMES, context.choice("time", TIMES, "t"))
        self.axis = radio_buttons("Loss axis", AXES, context.choice("loss", AXES, "linear"))
        self.loss = pn.pane.Bokeh(self._loss(), sizing_mode="stretch_width")
        function = function_plot(trees, context.theme)
        self.plot = None if function is None else render_figure(function)
        looks = dict(zip(trees, strokes(context.theme), strict=False))
        queries = {run_id: {"run": run_id} for run_id in trees}
        self.neurons = NeuronsCard(context, trees, queries, strokes=looks, where_key="neurons")
        for widget in (self.time, self.axis):
            widget.param.watch(self._changed, "value")

    def _loss(self) -> figure:
        scaled = self.time.value == "scaled"
        without = [name for name, tree in self.trees.items() if scaled and np.isnan(scaled_unit(tree))]
        if without:
            scaled = len(without) < len(self.trees)  # axes without any curve would say nothing
            instead = "no curve of it" if scaled else "all are drawn over t"
            self.context.say(f"λ of {', '.join(without)} is not below 1: there is no t/(−ln λ), and {instead}.")
        return render_figure(
            loss_plot(self.trees, self.context.theme, scaled=scaled, logarithmic=self.axis.value == "log")
        )

    def _changed(self, _: object) -> None:
        self.context.forget()
        self.context.remember(time=self.time.value, loss=self.axis.value)
        self.loss.object = self._loss()

    def view(self) -> pn.viewable.Viewable:
        """Lay out the comparison: the plots side by side where there is space."""
        controls = pn.FlexBox(
            html_pane("<b>Loss</b> against", sizing_mode=None), self.time, self.axis, align_items="center",
            gap="4px 12px",
        )  # fmt: skip
        cards = [card(controls, self.loss, flex="1 1 420px")]
        if self.plot is not None:
            heading = html_pane("<b>Function at the end</b>", height=32)
            plot = pn.pane.Bokeh(self.plot, sizing_mode="stretch_width")
            cards.append(card(heading, plot, flex="1 1 420px"))
        runs = "".join(f"<p>{line}</p>" for line in self._legend())
        table = records_html(difference_table(tabulate_differences(self.manifests)), "compared")
        return pn.Column(
            html_pane(f"<h2>Side by side</h2>{runs}"),
            pn.FlexBox(*cards, gap="12px", margin=(4, 10), sizing_mode="stretch_width"),
            pn.Column(self.neurons.view, margin=(4, 10), sizing_mode="stretch_width"),
            html_pane(f'<div class="wide">{table}</div>'),
            sizing_mode="stretch_width",
        )

    def _legend(self) -> list[str]:
        """Describe the line of each run, with links to its pages."""
        lines = []
        methods = {one.run_id: one.configuration.get("flow", {}).get("method") for one in self.manifests}
        for run_id, (color, dash) in zip(self.trees, strokes(self.context.theme), strict=False):
            flow, theory = (escape(self.context.address(page, run=run_id)) for page in ("flow", "theory"))
            sample = (
                f'<svg width="34" height="10" role="img" aria-label="{dash} line"><path d="M1 5H33" '
                f'stroke="{color}" stroke-width="3" stroke-dasharray="{SAMPLES[dash]}"/></svg>'
            )
            scale = escape(write_scale(self.trees[run_id]))
            title = escape(str(self.trees[run_id].attrs.get("title", "")) or run_id)
            method = escape(str(methods.get(run_id, "exact")).replace("_", " "))
            lines.append(
                f"{sample} <b>{title}</b>, {scale}, method {method}: "
                f'<a href="{flow}">{escape(run_id)}</a> · <a href="{theory}">theory</a>'
            )
        return lines


PARTS = {
    "configuration": "Configuration, where it differs",
    "result": "Results",
    "statement": "The paper's statements, where the verdicts differ",
}


def difference_table(found: pd.DataFrame) -> Table:
    """Make the table of :func:`dashboards.catalog_rows.tabulate_differences`, with a heading for each part."""
    rows: list[Sequence[Cell | str] | str] = []
    for part, keys in groupby(found.index, key=lambda key: key[0]):
        rows.append(PARTS[part])
        rows += [[key[1], *(found.loc[key])] for key in keys]
    return Table("The runs side by side", ("", *map(str, found.columns)), rows)
