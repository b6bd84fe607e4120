"""A law of the theory among the sweeps: its figure and its numbers; more is on the page 'theory'."""

from __future__ import annotations

from html import escape

import panel as pn
import xarray as xr

from dashboards.components import facts_html, html_pane
from dashboards.page_context import PageContext
from dashboards.paper_notation import typeset
from pipeline import figures


def build_law_view(context: PageContext, sweep_id: str, law: xr.Dataset, title: str) -> pn.viewable.Viewable:
    """Show a law's cube as ``reluflow theory`` draws it, with each single number of it."""
    which = str(law.attrs["law"])
    drawn = figures.encoded(figures.LAWS[which](law.load()), "svg", title=f"{which} law", source=sweep_id).decode()
    drawn = drawn[drawn.index("<svg") :]  # what stands before it, a pane of Panel takes for a file's name
    rows = [
        (typeset(str(values.attrs.get("long_name", name))), f"{float(values):.5g}")
        for name, values in law.data_vars.items()
        if values.ndim == 0
    ]
    address = escape(context.address("theory"))
    return pn.Column(
        html_pane(
            f"<h2>{escape(title)}</h2><p>A law of the theory over many runs; its cube has the dimensions "
            f"{escape(', '.join(map(str, law.sizes)))}. The theory is on "
            f"<a href='{address}'>its own page</a>.</p>"
        ),
        # On white in the dark, too: the figures are the ones that go into a paper.
        pn.pane.SVG(
            drawn, alt_text=f"Figure of the law {which}", encode=True, max_width=760,
            sizing_mode="scale_width", styles={"background": "#FFFFFF", "border-radius": "6px"},
        ),
        html_pane(facts_html(rows)),
        sizing_mode="stretch_width",
    )  # fmt: skip
