"""The page 'flow'."""

from __future__ import annotations

import panel as pn

from dashboards.visit import Visit


def page(visit: Visit) -> pn.viewable.Viewable:
    """Build the page."""
    return pn.Column(
        "flow",
        pn.widgets.FloatSlider(name="log10 scale", start=-10, end=0),
        pn.widgets.Button(name="press"),
        pn.widgets.Select(name="a", options=["b", "c"]),
    )
