"""Tables as HTML, for the screen and for screen readers: records, or many short numbers.

Plain HTML, not Panel's Tabulator: there are few rows, sentences must wrap, a screen reader must recognize a
table, and on a phone each record becomes a card, which a grid of fixed columns can't.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite


@dataclass(frozen=True)
class Cell:
    """A cell: a text, a smaller text below it, and its CSS class in ``html_table.css``."""

    text: str
    below: str = ""
    css_class: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    caption
        What it shows, in one sentence, for screen readers alone.
    columns
        The heads of the columns.
    rows
        One cell per column; the first is the row's name. A string is a heading of the rows below it.
    """

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell | str] | str]

    def __post_init__(self) -> None:
        """Refuse a row with another number of cells."""
        if any(len(row) != len(self.columns) for row in self.rows if not isinstance(row, str)):
            raise ValueError(f"a row has not {len(self.columns)} cells, one per column")


def records_html(table: Table, css_class: str = "records") -> str:
    """Write a table as HTML; the content of its cells is escaped.

    Parameters
    ----------
    table
        The table.
    css_class
        A class of ``html_table.css``: ``records`` are read row by row, and become cards on a phone; the
        columns of ``compared`` stay side by side there, too.

    Notes
    -----
    Roles are written explicitly, because a browser drops them where the style turns rows into cards.
    """
    head = "".join(f'<th scope="col" role="columnheader">{escape(column)}</th>' for column in table.columns)
    body = "".join(row_html(table.columns, row) for row in table.rows)
    return (
        f'<table class="{escape(css_class)}" role="table"><caption>{escape(table.caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table>'
    )


def numbers_html(table: Table) -> str:
    """Write a table of many short numbers as HTML, with a scroll bar if it is too wide.

    A thousand cells are sent at every move of a slider; as records they would be five times as long.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' if column else "<td></td>" for column in table.columns)
    lines = []
    for row in table.rows:
        name, *texts = (escape(cell.text if isinstance(cell, Cell) else cell) for cell in row)
        lines.append(f'<tr><th scope="row">{name}</th>{"".join(f"<td>{text}</td>" for text in texts)}</tr>')
    return (
        f'<div class="wide"><table class="digits"><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def row_html(columns: Sequence[str], row: Sequence[Cell | str] | str) -> str:
    """Write one record; each cell has the head of its column as an attribute, which a card shows."""
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
    """Write a text as HTML; a number such as ``1.00e-1000`` is written with a power of ten."""
    found = FAR.fullmatch(text)
    if found:
        mantissa, exponent, rest = found.groups()
        return f"{mantissa}&nbsp;×&nbsp;10<sup>{int(exponent)}</sup>".replace("-", "−") + escape(rest)
    found = POWER.fullmatch(text)
    if found:
        return f"10<sup>{found.group(1)}</sup>".replace("-", "−")
    return RAISED.sub(lambda found: f"<sup>{found[1] or found[2]}</sup>", MINUS.sub("−", escape(text)))


FAR = re.compile(r"(-?[0-9.]+)e([+-][0-9]+)(| [a-z-]+)")
"""A number far from 1 as :func:`pipeline.in_digits` writes it, and perhaps a unit."""
POWER = re.compile(r"10\^(-?[0-9.]+)")
"""A power of ten; its exponent may have decimals."""
RAISED = re.compile(r"\^(?:\(([^()]*)\)|([\w.]+))")
"""An exponent in a formula: ``λ^(ε/5)``, ``λ^ε``."""
MINUS = re.compile(r"(?<![\w)])-(?=[0-9])")
"""A minus sign in a text, not a hyphen."""


def number_cell(value: float, form: str | Callable[[float], str] = ".4g", below: str = "") -> Cell:
    """Write a number in a format of Python, or by a function; a dash if there is no number.

    A format counts significant digits (``.4g``): with a fixed number of decimals 0.00004 would be 0.
    """
    if not isfinite(value):
        return NO_NUMBER
    return Cell(form(value) if callable(form) else format(value, form), below, "number")


NO_NUMBER = Cell("–", css_class="none")
"""The cell of a missing number."""
