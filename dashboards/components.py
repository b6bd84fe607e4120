"""What pages are written of: words, facts and tables, buttons, cards, and rows of these that wrap on a phone.

Panel puts each piece into a shadow root, where the page's own style ends; :data:`STYLE` is that of them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.document import Document
from bokeh.plotting import figure

from dashboards.html_table import Table, records_html

STYLE = "\n".join((Path(__file__).parent / name).read_text() for name in ("components.css", "html_table.css"))
"""Of words, facts and tables."""
CARD = {
    "background": "var(--panel)",
    "border": "1px solid var(--line)",
    "border-radius": "8px",
}
BUTTON: dict[str, Any] = {
    "align": "end",
    "stylesheets": [
        ".bk-btn { font-size: 14px !important; padding: 5px 14px !important; height: 32px; line-height: 20px; }"
        ".bk-btn-default { background: var(--panel) !important; color: var(--ink) !important;"
        " border: 1px solid var(--line) !important; }"
        ".bk-btn a { padding: 0 !important; line-height: 20px; }"
    ],
}
"""Of buttons beside fields: Panel's button and its download button are of two heights; here they are one."""
RADIO_BUTTONS_STYLE = """
.bk-btn-group { flex-wrap: wrap; }
.bk-btn-group .bk-btn.bk-active, .bk-btn-group .bk-btn.bk-active:hover {
  color: var(--accent) !important; box-shadow: inset 0 -2px 0 var(--accent) !important; font-weight: 600;
}
"""
"""Which button of a group is pressed must be seen in light and dark, and a group must fit a phone."""

COLLAPSIBLE_STYLE = """
:host(.card) { box-shadow: none; outline: none; border: 1px solid var(--line); border-radius: 6px; }
.card-header, .card-header:hover { background: none; box-shadow: none; position: static; }
.card-header-row > .bk, .card-title { font-size: 14px; }
"""
"""Of what can be folded away: a line around it, as around a field, and no shadow above what stands below."""


class RadioButtons(pn.widgets.RadioButtonGroup):
    """A few buttons of which one is pressed, with a name for who hears the page.

    Panel drops the label of such a group, and Bokeh's elements have neither role nor name; whatever attributes a
    model says stand on the element that its buttons are in.
    """

    def _get_properties(self, doc: Document | None) -> dict[str, Any]:
        named = {"role": "group", "aria-label": self.label}
        return {**super()._get_properties(doc), "html_attributes": named}


def radio_buttons(name: str, texts: Mapping[str, str], value: str, **layout: Any) -> RadioButtons:
    """Offer a few values of which one is selected.

    Parameters
    ----------
    name
        What is selected; for screen readers alone.
    texts
        The texts of the buttons by their values.
    value
        The selected one.
    layout
        Panel's own.
    """
    options = {text: key for key, text in texts.items()}
    return RadioButtons(label=name, options=options, value=value, stylesheets=[RADIO_BUTTONS_STYLE], **layout)


def html_pane(html: str, *, faint: bool = False, style: str = "", **layout: Any) -> pn.pane.HTML:
    """Show HTML of our own; what others wrote in it must be escaped before.

    Parameters
    ----------
    html
        Paragraphs, lists, headings.
    faint
        Whether they are a card's own: flush with it, the sentences of less weight than what they explain.
    style
        More CSS, for what only this piece has.
    layout
        Panel's own.
    """
    own: dict[str, Any] = {"css_classes": ["faint"], "margin": (0, 0, 8, 0)} if faint else {}
    layout = {"sizing_mode": "stretch_width"} | own | layout
    return pn.pane.HTML(html, stylesheets=[STYLE, style] if style else [STYLE], **layout)


def heading_pane(title: str, text: str) -> pn.pane.HTML:
    """Write a card's heading, and a sentence below it."""
    return html_pane(f"<h2>{escape(title)}</h2><p>{escape(text)}</p>", faint=True)


def facts_html(rows: Iterable[tuple[str, str]]) -> str:
    """Write names and values."""
    return "<dl class=facts>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in rows) + "</dl>"


def table_pane(table: Table, **layout: Any) -> pn.pane.HTML:
    """Show a table whose rows are read one by one."""
    return html_pane(records_html(table), **{"margin": (4, 0, 0, 0), **layout})


def card(*objects: Any, flex: str = "", least: str = "0") -> pn.Column:
    """Put things below each other into one card.

    Parameters
    ----------
    objects
        What stands in it.
    flex, least
        Its share of a row in CSS, and the width below which it wraps; without these it is as wide as the page.
    """
    if flex:
        return pn.Column(*objects, styles=CARD | {"flex": flex, "min-width": least, "padding": "6px 8px"})
    whole = CARD | {"padding": "14px 18px"}
    return pn.Column(*objects, styles=whole, sizing_mode="stretch_width", margin=(0, 0, 14, 0))


def collapsible_card(title: str, content: Any, *, closed: bool = False) -> pn.Card:
    """Put a thing under a heading that shows and hides it, as wide as the fields around it."""
    return pn.Card(
        content,
        title=title,
        collapsed=closed,
        stylesheets=[COLLAPSIBLE_STYLE],
        sizing_mode="stretch_width",
        margin=(6, 10),
    )


def plot_pane(drawn: figure, summary: str) -> pn.Column:
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
