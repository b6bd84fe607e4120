"""The table of all runs: one row a run, one column for every parameter and every scalar result."""

from __future__ import annotations

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from catalog.errors import CatalogError

_QUOTED = r"\"[^\"]*\"|'[^']*'|`[^`]*`"
_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod, ast.BitAnd, ast.BitOr,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip


def tabulate(run_ids: list[str], columns: Mapping[str, list[Any]], parameters: Iterable[str]) -> pd.DataFrame:
    """Make the table of all runs, the oldest run first.

    Columns: ``created`` (in UTC, without a time zone, else ``created > '2026-01-31'`` would be an error),
    ``preset``, ``schema_version``, ``size`` (bytes); every parameter under its dotted name (``init.width``)
    and, if no other column has that name, under its last word (``width``); every scalar result under its name,
    or ``summary.<name>`` if an earlier column has that name with another value. If two parameters share their
    last word (``data.seed``, ``init.seed``), only the dotted names are used. For imported runs:
    ``imported_from`` and ``imported_at``.

    Parameters
    ----------
    run_ids
        One a run.
    columns
        What :func:`catalog.rows.row_of` says of each of them, column by column; None where a run has none such.
    parameters
        Which of the columns are keys of configurations.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``run_id``.
    """
    if not run_ids:
        columns = {name: [] for name in ("created", "preset", "schema_version", "size")}
    frame = pd.DataFrame(columns, index=pd.Index(run_ids, name="run_id", dtype="str"))
    order = sorted(range(len(run_ids)), key=lambda i: (columns["created"][i], run_ids[i]))
    if order != list(range(len(run_ids))):
        frame = frame.iloc[order]
    frame["created"] = pd.to_datetime(frame["created"], utc=True, errors="coerce").dt.tz_localize(None)
    dotted = [name for name in parameters if "." in name]
    wanted = Counter(name.rpartition(".")[2] for name in dotted)
    short = {
        name.rpartition(".")[2]: frame[name]
        for name in dotted
        if wanted[name.rpartition(".")[2]] == 1 and name.rpartition(".")[2] not in frame
    }
    return pd.concat([frame, pd.DataFrame(short, index=frame.index)], axis="columns") if short else frame


def select(frame: pd.DataFrame, expression: str) -> pd.DataFrame:
    """Return the rows for which ``expression`` holds: comparisons, ``and``, ``or``, ``not``, ``in``.

    Dotted columns may be written with or without backticks. Calls, attributes and ``@`` are refused: to
    DataFrame.query they are Python, and an expression may come from an address or a shared notebook
    (``created.to_csv("/somewhere")`` would write a file).

    Raises
    ------
    CatalogError
        If it is no such expression, or names a column that is not there.

    Examples
    --------
    >>> runs = pd.DataFrame({"init.width": [60, 100], "width": [60, 100]}, index=["a", "b"])
    >>> list(select(runs, "width == 60 or init.width > 99").index)
    ['a', 'b']
    """
    for name, value, kind in (("frame", frame, pd.DataFrame), ("expression", expression, str)):
        if not isinstance(value, kind):
            raise CatalogError(f"{name} is a {type(value).__name__}: a {kind.__name__} is allowed")
    known = {str(name) for name in (*frame.columns, frame.index.name) if name is not None}
    dotted = sorted((name for name in known if not name.isidentifier()), key=len, reverse=True)
    pattern = "|".join([_QUOTED, *(rf"(?<![\w.]){re.escape(name)}(?![\w.])" for name in dotted)])
    quoted = re.sub(pattern, lambda m: m[0] if m[0][0] in "\"'`" else f"`{m[0]}`", expression.strip())
    _refuse_unsafe(expression, quoted, None if frame.empty else known)
    if frame.empty:
        return frame
    try:
        # The engine is named because pandas would take numexpr where it happens to be installed.
        chosen = frame.eval(quoted, engine="python", local_dict={}, global_dict={})
    except Exception as error:
        # pandas raises some ten types here, down to bare TypeErrors from the columns themselves.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CatalogError(f"--where {expression!r} can't be answered: {reason}") from error
    # A column alone would be taken for row names.
    if not isinstance(chosen, pd.Series) or not pd.api.types.is_bool_dtype(chosen.dtype):
        raise CatalogError(f"--where {expression!r} is no condition; an example is 'width == 60'")
    return frame[chosen.fillna(False)]


def _meant(quoted: str, known: set[str]) -> str:
    """Name the column of several words that an expression seems to mean; empty if there is none such."""
    several = [name for name in known if " " in name]
    for words in re.findall(r"[^\W\d][\w ]*\w", re.sub(_QUOTED, "", quoted)):
        close = difflib.get_close_matches(words.lower(), several, n=1)
        if close:
            return f"; did you mean the column {close[0]!r}?"
    return ""


def _refuse_unsafe(expression: str, quoted: str, known: set[str] | None) -> None:
    """Let only harmless expressions pass; ``known`` are the columns, None if there is no run yet."""
    names: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        names.append(match[0][1:-1])
        return f"_column_{len(names) - 1}_"

    try:
        parsed = ast.parse(re.sub(r"`([^`]*)`", stand_in, quoted), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        hint = _meant(quoted, known or set()) or "; an example is 'width == 60'"
        raise CatalogError(f"--where {expression!r} is no expression{hint}") from None
    for node in ast.walk(parsed):
        # No power, and no arithmetic on texts and lists: `"a" * 10**10` would fill the memory.
        repeated = isinstance(node, ast.BinOp) and any(
            isinstance(operand, ast.List | ast.Tuple)
            or (isinstance(operand, ast.Constant) and isinstance(operand.value, str))
            for operand in (node.left, node.right)
        )
        if repeated or not isinstance(node, _ALLOWED):
            what = ast.unparse(node).replace("_column_", "column ")
            raise CatalogError(
                f"--where {expression!r}: {what!r} is not allowed; allowed are columns, numbers, texts,"
                " comparisons, arithmetic, and, or, not, in"
            )
        if isinstance(node, ast.Name):
            column = re.fullmatch(r"_column_(\d+)_", node.id)
            name = names[int(column[1])] if column and int(column[1]) < len(names) else node.id
            if known is not None and name not in known:
                close = difflib.get_close_matches(name, known, n=3)
                hint = f"; close to it: {', '.join(close)}" if close else ""
                raise CatalogError(f"--where {expression!r}: there is no column {name!r}{hint}")
    if not any(isinstance(node, ast.Compare | ast.BoolOp | ast.Name) for node in ast.walk(parsed)):
        raise CatalogError(f"--where {expression!r} is no condition; an example is 'width == 60'")
