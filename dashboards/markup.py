"""Small pieces of HTML and CSS, with everything that somebody wrote escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

TEXT = """
:host { font: inherit; color: var(--ink); }
p { margin: 4px 0; line-height: 1.45; }
a { color: var(--accent); }
.what { font-size: 14px; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 4px 0; }
dl.facts dt { color: var(--faint); }
dl.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
table.digits { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 4px 0; }
table.digits th, table.digits td { text-align: right; padding: 2px 10px 2px 0; white-space: nowrap; }
table.digits th { font-weight: 500; color: var(--faint); }
table.digits td:nth-child(2).word { text-align: left; }
.wide { overflow-x: auto; }
"""
"""The style of such pieces inside Panel's shadow roots, which the page's own style does not reach."""


def card(flex: str, least: str = "0") -> dict[str, str]:
    """Return the CSS of a card that takes its share ``flex`` of a row, and wraps below ``least`` of width."""
    return {
        "flex": flex,
        "min-width": least,
        "background": "var(--panel)",
        "border": "1px solid var(--line)",
        "border-radius": "8px",
        "padding": "6px 8px",
    }


def definition_list(rows: Iterable[tuple[str, str]]) -> str:
    """Write names and values."""
    return "<dl class=facts>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in rows) + "</dl>"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table; a row's first cell is its heading."""
    titles = "".join(f"<th scope=col>{escape(name)}</th>" for name in head)
    body = []
    for first, *rest in rows:
        cells = "".join(f"<td>{escape(value)}</td>" for value in rest)
        body.append(f"<tr><th scope=row>{escape(first)}</th>{cells}</tr>")
    return (
        f'<div class="wide"><table class=digits><thead><tr>{titles}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
