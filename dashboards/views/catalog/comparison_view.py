"""Two or three runs side by side: what they did, what they ended with, in what they differ."""

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
from dashboards.catalog_rows import differences
from dashboards.components import card, toggles, words
from dashboards.damage import reading
from dashboards.html_table import Cell, Table, as_html
from dashboards.page_context import Visit
from dashboards.plots.comparison_plots import SAMPLES, function_plot, loss_plot, scale_of, strokes, time_unit
from dashboards.plots.holoviews_style import rendered

TIMES = {"t": "t", "scaled": "t/(−ln λ)"}
AXES = {"linear": "linear", "log": "logarithmic"}


def opened_runs(visit: Visit, run_ids: Sequence[str]) -> tuple[dict[str, xr.DataTree], list[Manifest]]:
    """Open the runs and read what the pictures need; one that is damaged is said to be, and left out."""
    trees, manifests = {}, []
    for run_id in run_ids:
        try:
            manifest = visit.catalog.manifest(run_id)
            tree = visit.catalog.whole(run_id)
            with reading(run_id):
                trajectory = tree["trajectory"].dataset
                trajectory["loss"].load()
                trajectory[["direction", "log_norm", "output_ratio"]].isel(time=slice(-1, None)).load()
        except CatalogError as error:
            visit.say(str(error))
        else:
            trees[run_id] = tree
            manifests.append(manifest)
    return trees, manifests


class Comparison:
    """The pictures and the table of some runs. They are drawn here, not by Panel's pane on the event loop.

    Parameters
    ----------
    visit
        Who looks.
    trees, manifests
        From :func:`opened_runs`: at least one.
    """

    def __init__(self, visit: Visit, trees: dict[str, xr.DataTree], manifests: Sequence[Manifest]) -> None:
        self.visit, self.trees, self.manifests = visit, trees, manifests
        self.time = toggles(
            "Time", {said: key for key, said in TIMES.items()}, visit.choice("time", list(TIMES), "t")
        )
        self.axis = toggles(
            "Loss axis", {said: key for key, said in AXES.items()}, visit.choice("loss", list(AXES), "linear")
        )
        self.loss = pn.pane.Bokeh(self._loss(), sizing_mode="stretch_width")
        function = function_plot(trees, visit.looks)
        self.picture = None if function is None else rendered(function)
        for widget in (self.time, self.axis):
            widget.param.watch(self._changed, "value")

    def _loss(self) -> figure:
        scaled = self.time.value == "scaled"
        without = [name for name, tree in self.trees.items() if scaled and np.isnan(time_unit(tree))]
        if without:
            self.visit.say(f"λ of {', '.join(without)} is not below 1: there is no t/(−ln λ), and no curve.")
        return rendered(
            loss_plot(self.trees, self.visit.looks, scaled=scaled, logarithmic=self.axis.value == "log")
        )

    def _changed(self, _: object) -> None:
        self.visit.forget()
        self.visit.remember(time=self.time.value, loss=self.axis.value)
        self.loss.object = self._loss()

    def view(self) -> pn.viewable.Viewable:
        """Lay them out: the pictures beside each other where there is room."""
        controls = pn.FlexBox(
            words("<b>Loss</b> against", sizing_mode=None), self.time, self.axis, align_items="center",
            gap="4px 12px",
        )  # fmt: skip
        cards = [card(controls, self.loss, flex="1 1 420px")]
        if self.picture is not None:
            heading = words("<b>Function at the end</b>", height=32)
            picture = pn.pane.Bokeh(self.picture, sizing_mode="stretch_width")
            cards.append(card(heading, picture, flex="1 1 420px"))
        runs = "".join(f"<p>{line}</p>" for line in self._legend())
        return pn.Column(
            words(f"<h2>Side by side</h2>{runs}"),
            pn.FlexBox(*cards, gap="12px", margin=(4, 10), sizing_mode="stretch_width"),
            words(f'<div class="wide">{as_html(difference_table(differences(self.manifests)), "compared")}</div>'),
            sizing_mode="stretch_width",
        )

    def _legend(self) -> list[str]:
        """Say which line is whose, with the ways to the run's pages."""
        lines = []
        for run_id, (color, dash) in zip(self.trees, strokes(self.visit.looks), strict=False):
            flow, theory = (escape(self.visit.address(page, run=run_id)) for page in ("flow", "theory"))
            sample = (
                f'<svg width="34" height="10" role="img" aria-label="{dash} line"><path d="M1 5H33" '
                f'stroke="{color}" stroke-width="3" stroke-dasharray="{SAMPLES[dash]}"/></svg>'
            )
            scale = escape(scale_of(self.trees[run_id]))
            lines.append(
                f'{sample} <a href="{flow}">{escape(run_id)}</a>, {scale} · <a href="{theory}">theory</a>'
            )
        return lines


PARTS = {
    "configuration": "Configuration, where it differs",
    "result": "Results",
    "statement": "The paper's statements, where the verdicts differ",
}


def difference_table(found: pd.DataFrame) -> Table:
    """Make a table of :func:`dashboards.catalog_rows.differences`, with a heading for each part."""
    rows: list[Sequence[Cell | str] | str] = []
    for part, keys in groupby(found.index, key=lambda key: key[0]):
        rows.append(PARTS[part])
        rows += [[key[1], *(found.loc[key])] for key in keys]
    return Table("The runs side by side", ("", *map(str, found.columns)), rows)
