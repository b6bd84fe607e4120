"""The card of the ladder of lambda: taken from the catalog, or computed when the button is pressed."""

from __future__ import annotations

from html import escape
from itertools import count
from typing import Any

import panel as pn
import xarray as xr

from catalog import Catalog, CatalogError
from dashboards.components import card, headed, plotted, side_by_side, tabulated, words
from dashboards.latest_only import Latest
from dashboards.page_context import Visit
from dashboards.page_template import explained
from dashboards.plots.holoviews_style import rendered
from dashboards.plots.ladder_plots import (
    create_constants_plot,
    create_exponents_plot,
    excess_in_words,
    exponents_table,
    measured_statements,
    rungs_table,
)
from dashboards.processes import tell
from pipeline import LADDER_STEPS, kept_ladder, published_ladder
from pipeline.configuration import RunConfig


def computed_ladder(catalog: Catalog, config: RunConfig) -> tuple[str | None, xr.Dataset]:
    """Compute a ladder and keep it in the catalog; it is told with each run."""
    done = count(1)

    def advance() -> None:
        tell(f"The ladder of λ: {next(done)} of {LADDER_STEPS} runs")

    found: tuple[str | None, xr.Dataset] = kept_ladder(catalog, config, advance)
    return found


class LadderSection:
    """The card of one visitor; ``view`` is what is shown."""

    def __init__(self, visit: Visit, config: RunConfig) -> None:
        self.visit, self.config = visit, config
        self.button = pn.widgets.Button(label="Compute it", color="primary", width=130, margin=(4, 0, 0, 0))
        self.said = words("", faint=True)
        self.content = pn.Column(sizing_mode="stretch_width", margin=0)
        self.view = card(
            headed(
                "The ladder of λ",
                "The same network at ever smaller λ, down to 10⁻¹⁰⁰⁰: how fast each deviation falls beside the "
                "paper's bound, and the times of the fits, whose constants tend to 1.",
            ),
            self.content,
        )
        self.ladders = Latest(pn.state.curdoc, self._computed, self._show, self._failed)
        self.begin()

    def begin(self) -> None:
        """Show the ladder that the catalog has, else the button."""
        if self.config.init.start == "given":
            text = "There is none for given weights: their scale is their own."
            self.content.objects = [words(f"<p>{text}</p>", faint=True)]
            return
        found = published_ladder(self.visit.catalog, self.config)
        if found is not None:
            try:
                self.visit.catalog.sweeps.whole(found[0])
                self.content.objects = self.filled(*found)
            except CatalogError as error:
                self.content.objects = [words(f"<p>{escape(str(error))}</p>", faint=True)]
            return
        text = f"The catalog has none for this network. It takes {LADDER_STEPS} runs, and is kept in the catalog."
        self.said.object = f"<p>{text}</p>"
        self.button.on_click(self.compute)
        self.content.objects = [self.said, self.button]

    def compute(self, _: Any) -> None:
        """Compute the ladder behind the page, which says how far it is."""
        self.button.disabled = True
        self.said.object = "<p>Under way; the page can be used meanwhile.</p>"
        self.ladders.want(self.config)

    def _computed(self, config: RunConfig) -> list[Any]:
        return self.filled(*self.visit.compute(computed_ladder, self.visit.catalog, config))

    def _show(self, views: list[Any]) -> None:
        self.content.objects = views

    def _failed(self, error: Exception) -> None:
        self.visit.say(explained(error))
        self.said.object = "<p>It was not computed.</p>"
        self.button.disabled = False

    def filled(self, identifier: str | None, law: xr.Dataset) -> list[Any]:
        """Make the plots and the tables."""
        looks = self.visit.looks
        kept = f"Kept as {identifier}." if identifier else "Not kept: the catalog can't be written."
        summary = "The measured exponents beside the paper's; the table below has the same numbers."
        constants = "The constants of t2 and t3 against lambda; the table below has the same numbers."
        plots: list[Any] = [plotted(rendered(create_constants_plot(law, looks)), constants)]
        if measured_statements(law):
            plots.insert(0, plotted(rendered(create_exponents_plot(law, looks)), summary))
        else:
            none = "<p>No statement that applies here has an exponent to be measured.</p>"
            plots.insert(0, words(none, faint=True, margin=0))
        tables = [tabulated(table, margin=0) for table in (exponents_table(law), rungs_table(law))]
        return [
            words(f"<p>{escape(excess_in_words(law))} {escape(kept)}</p>", faint=True),
            side_by_side(*plots),
            side_by_side(*tables),
        ]
