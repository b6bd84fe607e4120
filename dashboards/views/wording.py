"""How words, cards and buttons look on a page: Panel puts each into a shadow root, where the page's style ends."""

from __future__ import annotations

from typing import Any

import panel as pn

WORDS = """
:host { font: 14px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", Arial, sans-serif; color: var(--ink); }
p { margin: 0 0 4px; } code { font-size: 13px; } a { color: var(--accent); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
"""
CARD = {"background": "var(--panel)", "border": "1px solid var(--line)", "border-radius": "8px", "padding": "6px"}
BUTTON: dict[str, Any] = {
    "align": "end",
    "stylesheets": [
        ".bk-btn { font-size: 14px !important; padding: 5px 14px !important; height: 32px; line-height: 20px; }"
        ".bk-btn-default { background: var(--panel) !important; color: var(--ink) !important;"
        " border: 1px solid var(--line) !important; }"
        ".bk-btn a { padding: 0 !important; line-height: 20px; }"
    ],
}
"""Panel's button and its download button are of two heights; here they are one."""

SEGMENTS = [
    ".bk-btn { font-size: 13px; } .bk-btn.bk-active, .bk-btn.bk-btn-default.bk-active {"
    " color: var(--accent) !important; box-shadow: inset 0 -2px 0 var(--accent) !important; font-weight: 600; }"
]
"""The style of a choice between two: the one that is taken is underlined, in the dark too."""


def words(html: str, **layout: Any) -> pn.pane.HTML:
    """Show HTML of our own; what others wrote in it must be escaped before."""
    return pn.pane.HTML(html, stylesheets=[WORDS], **({"sizing_mode": "stretch_width"} | layout))
