"""The parts of a page: HTML, facts and tables, buttons, cards, and rows that wrap on a phone.

Panel puts each part into a shadow root, which the page's own style does not reach; :data:`STYLE` is the style
of all of them.
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
"""The style of text, facts and tables."""
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
"""The style of buttons beside fields: without it Panel's button and its download button differ in height."""
RADIO_BUTTONS_STYLE = """
.bk-btn-group { flex-wrap: wrap; }
.bk-btn-group .bk-btn.bk-active, .bk-btn-group .bk-btn.bk-active:hover {
  color: var(--accent) !important; box-shadow: inset 0 -2px 0 var(--accent) !important; font-weight: 600;
}
"""
"""Shows which button of a group is pressed in both themes, and lets the group wrap on a phone."""

COLLAPSIBLE_STYLE = """
:host(.card) { box-shadow: none; outline: none; border: 1px solid var(--line); border-radius: 6px; }
.card-header, .card-header:hover { background: none; box-shadow: none; position: static; }
.card-header-row > .bk, .card-title { font-size: 14px; }
"""
"""The style of a collapsible card: a line around it, as around a field, and no shadow."""

TITLE_STYLE = "h2 { font-size: 14px; line-height: 1.3; margin: 0; font-weight: 650; }"
"""The style of its title: Panel's own is a heading of the third level, which no heading of the second precedes."""


TO_THE_EDGE = (0, -10)
"""The margin of a page that has no cards: its fields begin where the cards of other pages do."""


class TextPane(pn.pane.HTML):
    """HTML that changes: Panel would set all properties of its model again with each new text."""

    def _update(self, _ref: str, model: Any) -> None:
        model.text = self._transform_object(self.object)["object"]


class RadioButtons(pn.widgets.RadioButtonGroup):
    """A few buttons of which one is pressed, with a name for screen readers.

    Panel drops the label of such a group, and Bokeh gives the element of the buttons neither role nor name;
    it gets them here as HTML attributes of the model.
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
    """Show HTML; text from outside must be escaped before.

    Parameters
    ----------
    html
        Paragraphs, lists, headings.
    faint
        Whether it explains a card: aligned with the card, and in a weaker colour.
    style
        More CSS, for this pane alone.
    layout
        Panel's own.
    """
    own: dict[str, Any] = {"css_classes": ["faint"], "margin": (0, 0, 8, 0)} if faint else {}
    layout = {"sizing_mode": "stretch_width"} | own | layout
    return TextPane(html, stylesheets=[STYLE, style] if style else [STYLE], **layout)


def heading_pane(title: str, text: str) -> pn.pane.HTML:
    """Write the heading of a card, and a sentence below it."""
    return html_pane(f"<h2>{escape(title)}</h2><p>{escape(text)}</p>", faint=True)


def facts_html(rows: Iterable[tuple[str, str]]) -> str:
    """Write names and values as a list."""
    return "<dl class=facts>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in rows) + "</dl>"


def table_pane(table: Table, **layout: Any) -> pn.pane.HTML:
    """Show a table of records, which are read row by row."""
    return html_pane(records_html(table), **{"margin": (4, 0, 0, 0), **layout})


def card(*objects: Any, flex: str = "", least: str = "0") -> pn.Column:
    """Stack objects in a card.

    Parameters
    ----------
    objects
        The content.
    flex, least
        Its share of a row in CSS, and the width below which it wraps; without ``flex`` it is as wide as the
        page.
    """
    if flex:
        return pn.Column(*objects, styles=CARD | {"flex": flex, "min-width": least, "padding": "6px 8px"})
    whole = CARD | {"padding": "14px 18px"}
    return pn.Column(*objects, styles=whole, sizing_mode="stretch_width", margin=(0, 0, 14, 0))


def collapsible_card(title: str, content: Any, *, closed: bool = False) -> pn.Card:
    """Put an object under a heading that shows and hides it, as wide as the fields around it."""
    return pn.Card(
        content,
        title=title,
        header=pn.pane.HTML(f"<h2>{escape(title)}</h2>", stylesheets=[TITLE_STYLE], margin=(5, 0)),
        collapsed=closed,
        stylesheets=[COLLAPSIBLE_STYLE],
        sizing_mode="stretch_width",
        margin=(6, 10),
    )


def plot_pane(drawn: figure, summary: str) -> pn.Column:
    """Show a plot, with a sentence for screen readers, which cannot read a canvas."""
    return pn.Column(
        pn.pane.HTML(f'<div role="img" aria-label="{escape(summary)}"></div>', height=1, margin=0),
        pn.pane.Bokeh(drawn, sizing_mode="stretch_width", margin=0),
        sizing_mode="stretch_width",
        margin=0,
    )


def side_by_side(*objects: Any) -> pn.FlexBox:
    """Put objects side by side where there is space, else below each other."""
    for one in objects:
        one.styles = {**one.styles, "flex": "1 1 460px", "min-width": "0"}
    return pn.FlexBox(*objects, gap="8px 24px", sizing_mode="stretch_width", margin=0)
