"""A law of the theory, which is published among the sweeps: its figure and its numbers."""

from __future__ import annotations

from html import escape

import numpy as np
import panel as pn
import xarray as xr

from dashboards.components import facts_html, html_pane
from dashboards.page_context import PageContext
from dashboards.paper_notation import print_numbers, typeset
from dashboards.plots.svg_colors import recolor_svg
from pipeline import figures

FEW = 6
"""Up to so many values of a curve are said, of more its ends."""


def build_law_view(context: PageContext, sweep_id: str, law: xr.Dataset, title: str) -> pn.viewable.Viewable:
    """Show the figure of a law as ``reluflow theory`` draws it, and each of its scalars."""
    which = str(law.attrs["law"])
    drawn = figures.encoded(figures.LAWS[which](law.load()), "svg", title=f"{which} law", source=sweep_id).decode()
    drawn = drawn[drawn.index("<svg") :]  # Panel takes a text that does not start so for a file name
    rows = [
        (title_of(values), print_numbers(f"{float(values):.5g}"))
        for values in law.data_vars.values()
        if values.ndim == 0
    ]
    sentences = describe_law(law)
    address = escape(context.address("theory"))
    return pn.Column(
        html_pane(
            f"<h2>{escape(typeset(title))}</h2><p>A law of the theory over many runs; its cube has the dimensions "
            f"{escape(', '.join(map(str, law.sizes)))}. More of the theory is on the "
            f"<a href='{address}'>page Theory</a>.</p>"
        ),
        pn.pane.SVG(
            recolor_svg(drawn, context.theme), alt_text=f"{typeset(title)}. {' '.join(sentences)}", encode=True,
            max_width=760, sizing_mode="scale_width",
            styles={"background": context.theme.panel, "border-radius": "6px"},
        ),
        html_pane(facts_html(rows)),
        html_pane(
            "<h3>What the figure shows, in words</h3><ul>"
            + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
            + "</ul>"
        ),
        sizing_mode="stretch_width",
    )  # fmt: skip


def describe_law(law: xr.Dataset) -> list[str]:
    """Describe the curves of a law: a few values, else the ends; without a curve, the range of each table."""
    curves, tables = [], []
    for values in law.data_vars.values():
        numbers = values.values.astype(float) if values.dtype.kind in "fi" else np.empty(0)
        known = np.flatnonzero(np.isfinite(numbers))
        if not values.ndim or not len(known) or "flag_values" in values.attrs:
            continue
        along = law[values.dims[0]]
        if values.ndim == 1 and "flag_values" not in along.attrs:
            shown = known if len(known) <= FEW else known[[0, -1]]
            text = ", ".join(f"{numbers[place]:.4g} at {float(along[place]):g}" for place in shown)
            curves.append(f"{title_of(values)}: {print_numbers(text)} ({title_of(along)}).")
        else:
            text = f"from {np.nanmin(numbers):.4g} to {np.nanmax(numbers):.4g}"
            tables.append(f"{title_of(values)}: {print_numbers(text)}.")
    return curves or tables


def title_of(values: xr.DataArray) -> str:
    """Write what a variable is, in the paper's notation."""
    return typeset(str(values.attrs.get("long_name", values.name)))
