"""Tables as text: one description for the screen and for the ear, written as records or as digits.

Plain HTML, not Panel's Tabulator: the rows are few, sentences must wrap, a screen reader must find a table, and on
a phone each record becomes a card of its own, which a grid of fixed columns can't.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite


@dataclass(frozen=True)
class Cell:
    """A cell: a text, one of less weight below it, and how it looks (a class of ``html_table.css``)."""

    text: str
    below: str = ""
    css_class: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    caption
        What it shows, in one sentence; heard, not seen.
    columns
        The head of each column.
    rows
        As many cells each; the first is the row's name. A text alone is the heading of the rows below it.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell | str] | str]

    def __post_init__(self) -> None:
        """Refuse a row that does not fit the head."""
        if any(len(row) != len(self.columns) for row in self.rows if not isinstance(row, str)):
            raise ValueError(f"a row that has not the {len(self.columns)} cells of the head")


def records_html(table: Table, css_class: str = "records") -> str:
    """Write a table as HTML; whatever its cells say is text.

    Parameters
    ----------
    table
        What it says.
    css_class
        A class of ``html_table.css``: ``records`` are read row by row, and are cards on a phone; in ``compared``
        the columns are read side by side, there too.

    Notes
    -----
    Roles are written out, because a browser forgets them where the style makes cards of the rows.
    """
    head = "".join(f'<th scope="col" role="columnheader">{escape(column)}</th>' for column in table.columns)
    body = "".join(row_html(table.columns, row) for row in table.rows)
    return (
        f'<table class="{escape(css_class)}" role="table"><caption>{escape(table.caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table>'
    )


def numbers_html(table: Table) -> str:
    """Write a table of many short numbers as HTML: plain, and scrolled where it is wider than its place.

    A thousand cells are sent anew at every move of a slider; as records they would be five times as long.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    lines = []
    for row in table.rows:
        name, *texts = (escape(cell.text if isinstance(cell, Cell) else cell) for cell in row)
        lines.append(f'<tr><th scope="row">{name}</th>{"".join(f"<td>{text}</td>" for text in texts)}</tr>')
    return (
        f'<div class="wide"><table class="digits"><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def row_html(columns: Sequence[str], row: Sequence[Cell | str] | str) -> str:
    """Write one record; each cell knows its column's head, for where records are cards."""
    if isinstance(row, str):
        heading = f'<th class="part" role="rowheader" scope="colgroup" colspan="{len(columns)}">{escape(row)}</th>'
        return f'<tr role="row">{heading}</tr>'
    cells = []
    for number, (column, content) in enumerate(zip(columns, row, strict=True)):
        cell = content if isinstance(content, Cell) else Cell(content)
        below = f'<span class="below">{escape(cell.below)}</span>' if cell.below else ""
        tag, role = ('th scope="row"', "rowheader") if number == 0 else ("td", "cell")
        css_class = f' class="{escape(cell.css_class)}"' if cell.css_class else ""
        inner = f'<span class="said">{powers(cell.text)}{below}</span>'
        cells.append(f'<{tag} role="{role}" data-head="{escape(column)}"{css_class}>{inner}</{tag.split()[0]}>')
    return f'<tr role="row">{"".join(cells)}</tr>'


def powers(text: str) -> str:
    """Write a text as HTML; a number such as ``1.00e-1000`` becomes a power of ten."""
    found = FAR.fullmatch(text)
    if found:
        mantissa, exponent, rest = found.groups()
        return f"{mantissa}&nbsp;×&nbsp;10<sup>{int(exponent)}</sup>".replace("-", "−") + escape(rest)
    found = POWER.fullmatch(text)
    if found:
        return f"10<sup>{found.group(1)}</sup>".replace("-", "−")
    return MINUS.sub("−", escape(text))


FAR = re.compile(r"(-?[0-9.]+)e([+-][0-9]+)(| [a-z-]+)")
"""What :func:`pipeline.in_digits` writes where a number is far from 1, and perhaps a unit."""
POWER = re.compile(r"10\^(-?[0-9.]+)")
"""A power of ten whose exponent need not be whole."""
MINUS = re.compile(r"(?<![\w)])-(?=[0-9])")
"""The sign of a number in a text, not a hyphen."""


def number_cell(value: float, form: str | Callable[[float], str] = ".4g", below: str = "") -> Cell:
    """Write a number in a format of Python's, or as a function writes it; a dash where there is none.

    A format counts significant digits (``.4g``): with a fixed number of decimals 0.00004 would be 0.
    """
    if not isfinite(value):
        return NO_NUMBER
    return Cell(form(value) if callable(form) else format(value, form), below, "number")


NO_NUMBER = Cell("–", css_class="none")
"""Where there is no number."""
