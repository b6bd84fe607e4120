"""What pages are laid out of: cards with a heading, rows that wrap on a phone."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
from bokeh.plotting import figure

CARD = {
    "background": "var(--panel)",
    "border": "1px solid var(--line)",
    "border-radius": "8px",
    "padding": "14px 18px",
}
WORDS = """
:host { font: 14px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif; color: var(--ink); }
h2 { font-size: 17px; line-height: 1.3; margin: 0 0 2px; font-weight: 650; overflow-wrap: anywhere; }
p { margin: 0; color: var(--faint); max-width: 110ch; }
a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
"""
"""The style of :func:`words`, inside Panel's shadow root, where the page's does not reach."""


TOGGLES = """
.bk-btn-group { flex-wrap: wrap; }
.bk-btn-group .bk-btn.bk-active, .bk-btn-group .bk-btn.bk-active:hover {
  color: var(--accent) !important; box-shadow: inset 0 -2px 0 var(--accent) !important; font-weight: 600;
}
"""
"""Which button of a group is pressed must be seen in light and dark, and a group must fit a phone."""


def toggles(name: str, options: dict[str, str], value: str) -> pn.widgets.RadioButtonGroup:
    """Offer a few words of which one is chosen."""
    return pn.widgets.RadioButtonGroup(
        label=name, options=options, value=value, stylesheets=[TOGGLES], margin=(0, 14, 6, 0)
    )


def card(*objects: Any) -> pn.Column:
    """Put things below each other into one card."""
    return pn.Column(*objects, styles=CARD, sizing_mode="stretch_width", margin=(0, 0, 14, 0))


def words(html: str) -> pn.pane.HTML:
    """Show HTML of our own; what others wrote in it must be escaped before."""
    return pn.pane.HTML(html, stylesheets=[WORDS], sizing_mode="stretch_width", margin=(0, 0, 8, 0))


def headed(title: str, text: str) -> pn.pane.HTML:
    """Write a card's heading, and a sentence below it."""
    return words(f"<h2>{escape(title)}</h2><p>{escape(text)}</p>")


def plotted(drawn: figure, summary: str) -> pn.Column:
    """Show a plot, with a sentence in its place for who hears the page: a canvas says nothing."""
    return pn.Column(
        pn.pane.HTML(f'<div role="img" aria-label="{escape(summary)}"></div>', height=1, margin=0),
        pn.pane.Bokeh(drawn, sizing_mode="stretch_width", margin=0),
        sizing_mode="stretch_width",
        margin=0,
    )


def side_by_side(*objects: Any) -> pn.FlexBox:
    """Put things beside each other where there is room, else below each other."""
    for one in objects:
        one.styles = {**one.styles, "flex": "1 1 460px", "min-width": "0"}
    return pn.FlexBox(*objects, gap="8px 24px", sizing_mode="stretch_width", margin=0)
