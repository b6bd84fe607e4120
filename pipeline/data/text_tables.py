"""Points and labels from text: numbers between commas, semicolons or tabs, with a header or without.

A table is read as its header says, or refused: there is no second guess. Nothing is a number that could be read in
two ways, nothing is skipped but empty lines and comments.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from math import isfinite

import numpy as np

from pipeline.configuration import decode_text
from pipeline.network.points import coordinate_names

LABEL = re.compile(r"y_?\d*|labels?|targets?|outputs?|response|class", re.IGNORECASE)
"""What the label's column may be called; without one of these it is the last column."""
INPUT = re.compile(r"x_?\d*|bias", re.IGNORECASE)
"""What no label is called."""
COUNTER = re.compile(r"index|level_\d|id|row|no\.?|nr\.?", re.IGNORECASE)
"""What a column of row numbers is called, if it has a name."""
UNIT = re.compile(r"[\s_]*[\[(].*")
"""What may follow a name: ``y [m]``."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"([+-]?\d*),(\d+)((?:e[+-]?\d+)?)", re.IGNORECASE | re.ASCII)
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""What may stand between two numbers. A comma only where the first line has neither of the others: it may be a
decimal one then."""

Line = tuple[int, list[str]]
"""The number of a line in the file, and its cells."""


@dataclass(frozen=True)
class Table:
    """The lines of a file.

    Attributes
    ----------
    delimiter
        What stands between the cells.
    header
        The names of the columns; empty if it has none.
    lines
        Those of numbers, each as wide as the first.
    """

    delimiter: str
    header: list[str]
    lines: list[Line]


def read_text(content: bytes, delimiters: str = ",;\t") -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read one point a line, and what the columns are called.

    Parameters
    ----------
    content
        UTF-8, with a byte order mark or without, or UTF-16 with one.
    delimiters
        Those that are allowed; the last of them that the first line has is the file's.

    Returns
    -------
    x, y, names
        float64[point, coord], float64[point], and the coordinates' names. The label is the column named as
        :data:`LABEL` says, else the last one.

    Raises
    ------
    ValueError
        If the table is not rectangular, a cell is no finite number, or the header can't be followed: it has a
        column without a name, a name twice, two labels, or an input's name on the label's place.
    """
    text = _spaces_as_delimiters(decode_text(content), delimiters)
    table, label, numbers = read_plain(text, delimiters) or read_carefully(text, delimiters)
    _refuse_row_numbers(table.header, numbers)
    named = [name for place, name in enumerate(table.header) if place != label]
    return np.delete(numbers, label, axis=1), numbers[:, label], named or coordinate_names(numbers.shape[1] - 1)


def _spaces_as_delimiters(text: str, delimiters: str) -> str:
    """The same text with delimiters for blanks, if its first line is of numbers between blanks alone.

    So ``numpy.savetxt`` writes by default. Names between blanks are not told from names with blanks.
    """
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    words = first.split()
    if len(words) < 2 or any(one in first for one in delimiters) or not all(map(_is_number, words)):
        return text
    return "\n".join(delimiters[0].join(line.split()) for line in lines)


def read_carefully(text: str, delimiters: str) -> tuple[Table, int, np.ndarray]:
    """Read a table cell by cell, and say of the first that is no number where it stands.

    Returns
    -------
    table, label, numbers
        The table, the number of the label's column, and float64[line, column].

    Raises
    ------
    ValueError
    """
    table = _split(text, delimiters)
    label = _label(table)
    return table, label, np.array(_numbers(table))


def read_plain(text: str, delimiters: str) -> tuple[Table, int, np.ndarray] | None:
    """Read a table of plain numbers as fast as NumPy does, a fifth of the time and of the memory.

    Returns
    -------
    tuple or None
        What :func:`read_carefully` says of it, but for the lines, of which there are one or two. None for whatever
        else there is than numbers, spaces and delimiters: then the careful reading has to judge.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    starts = _two_lines(text, delimiters)
    if len(starts) < 3:
        return None
    try:
        table = _split(text[: starts[2]], delimiters)
        label = _label(table)
    except ValueError:
        return None
    body = text[starts[2 - len(table.lines)] :]
    cells = table.lines[0][1]
    counted = cells == [str(place) for place in range(len(cells))]
    if counted or not re.fullmatch(rf"[0-9eE+\-. \n{table.delimiter}]*", body):
        return None
    try:
        numbers = np.loadtxt(io.StringIO(body), delimiter=table.delimiter, comments=None, ndmin=2)
    except ValueError:
        return None
    return (table, label, numbers) if numbers.shape[1] == len(cells) and np.isfinite(numbers).all() else None


def _two_lines(text: str, delimiters: str) -> list[int]:
    """Where the first two lines with cells begin, and where the second one ends; fewer if there are fewer."""
    found: list[int] = []
    start = 0
    while len(found) < 2 and start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        line = text[start:end]
        if line.strip(f"{delimiters} \n") and not line.lstrip().startswith("#"):
            found.append(start)
        start = end
    return [*found, start]


def _split(text: str, delimiters: str) -> Table:
    """Split a text into a header and rectangular lines."""
    raw = text.splitlines()
    comments = {number: line for number, line in enumerate(raw, 1) if line.lstrip().startswith("#")}
    kept = "\n".join("" if number in comments else line for number, line in enumerate(raw, 1))
    first_text = next((line for line in kept.split("\n") if line.strip(f"{delimiters} ")), "")
    first_text = re.sub(r'"[^"]*"', "", first_text)
    delimiter = next((one for one in reversed(delimiters) if one in first_text), delimiters[0])
    lines = _cells(kept, delimiter)
    if not lines:
        raise ValueError("there is no line in it")
    first, cells = lines[0]
    if len(cells) < 2:
        raise ValueError(
            f"line {first} has 1 column: at least 2 are allowed, coordinates and the label, between "
            + " or ".join(DELIMITERS[one] for one in delimiters)
        )
    # A line of data with a slip in it must not pass for a header and vanish.
    if any(_is(LABEL, name) for name in cells) or not any(map(_is_number, cells)):
        header, lines = cells, lines[1:]
    else:
        header = _commented_header(comments, first, delimiter, len(cells))
        _refuse_counted(lines, counted=not header)
    for number, row in lines:
        if len(row) != len(cells):
            raise ValueError(
                f"line {number} has {len(row)} columns: {len(cells)} are allowed, as in the first line"
            )
    if not lines:
        raise ValueError("there are no points in it")
    return Table(delimiter, ["_".join(name.split()) for name in header], lines)


def _cells(text: str, delimiter: str) -> list[Line]:
    """The cells of every line that has some."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise ValueError(error) from None
    return [(number, cells) for number, cells in lines if any(cells)]


def _commented_header(comments: dict[int, str], first: int, delimiter: str, width: int) -> list[str]:
    """The last comment above the numbers, if it names the columns (``numpy.savetxt`` writes headers so)."""
    above = [line for number, line in comments.items() if number < first]
    if not above:
        return []
    names = [cell.strip() for cell in above[-1].lstrip("# \t").split(delimiter)]
    return names if len(names) == width and any(_is(LABEL, name) for name in names) else []


def _refuse_counted(lines: list[Line], *, counted: bool) -> None:
    """Refuse a first line 0, 1, 2, ... that may be the header of a table whose columns have no names."""
    (number, cells), rest = lines[0], lines[1:]
    if not counted or cells != [str(place) for place in range(len(cells))]:
        return
    alike = any(all(cell.lstrip("+-").isdigit() for cell in row) for _, row in rest)
    if rest and (len(cells) > 2 or not alike):
        raise ValueError(
            f"line {number} is {', '.join(cells)}: a point, or the numbers of the columns? Name the columns (y is "
            f"the label), or write 0.0 for 0"
        )


def _label(table: Table) -> int:
    """Which column is the label, as the header says."""
    header = table.header
    if not header:
        return len(table.lines[0][1]) - 1
    for place, name in enumerate(header):
        if not name or re.fullmatch(r"unnamed:_\d+", name, re.IGNORECASE):
            raise ValueError(
                f"column {place + 1} has no name: row numbers, as DataFrame.to_csv writes them? Leave them out "
                "(index=False), or name the column"
            )
        if name in header[:place]:
            raise ValueError(f"the header has the name {name!r} twice: each column needs its own")
    found = [place for place, name in enumerate(header) if _is(LABEL, name)]
    if len(found) > 1:
        names = " and ".join(repr(header[place]) for place in found)
        raise ValueError(f"the columns {names} may both be the label: one such name is allowed")
    if not found and _is(INPUT, header[-1]):
        raise ValueError(
            f"no column is called y, and the last one, {header[-1]!r}, has the name of an input: the label's is y"
        )
    return found[0] if found else len(header) - 1


def _refuse_row_numbers(header: list[str], numbers: np.ndarray) -> None:
    """Refuse a column that by its name and its values counts the lines."""
    for name, column in zip(header, numbers.T, strict=False):
        if _is(COUNTER, name) and len(column) > 1 and np.array_equal(column - column[0], np.arange(len(column))):
            raise ValueError(
                f"the column {name!r} counts the lines, and would be an input: leave it out, or rename it"
            )


def _numbers(table: Table) -> list[list[float]]:
    commas = table.delimiter != "," and _has_decimal_commas(table)
    return [[_number(cell, number, commas) for cell in row] for number, row in table.lines]


def _has_decimal_commas(table: Table) -> bool:
    """Whether the commas within numbers are decimal ones: 1,5 is 1.5, but 1,500 may be a thousand and a half."""
    found = [(number, cell) for number, row in table.lines for cell in row if DECIMAL_COMMA.fullmatch(cell)]
    if not found or any("." in cell for _, row in table.lines for cell in row):
        return False
    if all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell) for _, cell in found):
        number, cell = found[0]
        readings = f"{cell.replace(',', '.')} or {cell.replace(',', '')}"
        raise ValueError(f"line {number}: {cell!r} may be {readings}: write a decimal point, or none")
    return True


def _number(cell: str, number: int, commas: bool) -> float:
    if commas:
        cell = DECIMAL_COMMA.sub(r"\1.\2\3", cell) if DECIMAL_COMMA.fullmatch(cell) else cell
    if NUMBER.fullmatch(cell):
        value = float(cell)
        if isfinite(value):
            return value
    elif not NOT_FINITE.fullmatch(cell):
        raise ValueError(f"line {number}: {cell!r} is not a number" + ("" if cell else ", a value is missing"))
    raise ValueError(f"line {number}: {cell!r} is not a finite number")


def _is(kind: re.Pattern[str], name: str) -> bool:
    """Whether a column's name, without a unit behind it, is of this kind."""
    return kind.fullmatch(UNIT.sub("", name)) is not None


def _is_number(cell: str) -> bool:
    return any(pattern.fullmatch(cell) for pattern in (NUMBER, NOT_FINITE, DECIMAL_COMMA))
