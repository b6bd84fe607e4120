"""A law of the theory, which is published among the sweeps: its figure and its numbers."""

from __future__ import annotations

from html import escape

import panel as pn
import xarray as xr

from dashboards.components import facts_html, html_pane
from dashboards.page_context import PageContext
from dashboards.paper_notation import typeset
from pipeline import figures


def build_law_view(context: PageContext, sweep_id: str, law: xr.Dataset, title: str) -> pn.viewable.Viewable:
    """Show the figure of a law as ``reluflow theory`` draws it, and each of its scalars."""
    which = str(law.attrs["law"])
    drawn = figures.encoded(figures.LAWS[which](law.load()), "svg", title=f"{which} law", source=sweep_id).decode()
    drawn = drawn[drawn.index("<svg") :]  # Panel takes a text that does not start so for a file name
    rows = [
        (typeset(str(values.attrs.get("long_name", name))), f"{float(values):.5g}")
        for name, values in law.data_vars.items()
        if values.ndim == 0
    ]
    address = escape(context.address("theory"))
    return pn.Column(
        html_pane(
            f"<h2>{escape(title)}</h2><p>A law of the theory over many runs; its cube has the dimensions "
            f"{escape(', '.join(map(str, law.sizes)))}. More of the theory is on the "
            f"<a href='{address}'>page Theory</a>.</p>"
        ),
        # White in the dark theme, too: it is the figure of the paper.
        pn.pane.SVG(
            drawn, alt_text=f"Figure of the law {which}", encode=True, max_width=760,
            sizing_mode="scale_width", styles={"background": "#FFFFFF", "border-radius": "6px"},
        ),
        html_pane(facts_html(rows)),
        sizing_mode="stretch_width",
    )  # fmt: skip
