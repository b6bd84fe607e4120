"""A visitor's condition on neurons, such as ``log_norm > -3 and sliding``.

The condition is parsed as a Python expression, of which a few kinds of nodes are evaluated here, over NumPy
columns. It is never run: there are no calls, no attributes and no powers.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline import RequestError

LENGTH_LIMIT = 400
"""Characters of a condition."""
NODES_LIMIT = 200
"""Parts of a condition: each takes an operation on all neurons."""
ALLOWED = "columns, numbers, words, + - * /, comparisons, and, or, not, in"

Column = npt.NDArray[Any]

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip


class ConditionError(RequestError):  # type: ignore[misc]
    """A condition that can't be evaluated; its message is one line."""


def evaluate(text: str, columns: Mapping[str, Column], count: int) -> npt.NDArray[np.bool_]:
    """Evaluate a condition for each row.

    Parameters
    ----------
    text
        The condition.
    columns
        The columns by name, each with ``count`` rows; only those that are named are asked for.
    count
        The number of rows.

    Raises
    ------
    ConditionError
        If it is no condition, or names a column that is not there.

    Examples
    --------
    >>> rows = {"log_norm": np.array([-1.0, -5.0]), "role": np.array(["positive", "other"])}
    >>> evaluate("log_norm > -3 and role == positive", rows, 2).tolist()
    [True, False]
    """
    tree = parse(text)
    with np.errstate(all="ignore"):
        found = _Evaluation(text, columns).value(tree)
    if np.asarray(found).dtype.kind != "b":
        raise ConditionError(f"{quoted(text)} is no condition; an example is 'log_norm > -3 and sliding'")
    return np.broadcast_to(np.asarray(found, dtype=bool), (count,)).copy()


def parse(text: str) -> ast.expr:
    """Parse a condition.

    Raises
    ------
    ConditionError
        If it is too long or no expression.
    """
    if len(text) > LENGTH_LIMIT:
        raise ConditionError(f"a condition of {len(text):,} characters is too long; allowed are {LENGTH_LIMIT}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConditionError(
            f"{quoted(text)} is no condition; an example is 'log_norm > -3 and sliding'"
        ) from None
    if sum(1 for _ in ast.walk(tree)) > NODES_LIMIT:
        raise ConditionError(f"{quoted(text)} has too many parts; allowed are {NODES_LIMIT}")
    return tree


def quoted(text: str) -> str:
    """Quote a condition in a message."""
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:59] + "…")


class _Evaluation:
    """Evaluates the parts of one condition."""

    def __init__(self, text: str, columns: Mapping[str, Column]) -> None:
        self.text, self.columns = text, columns

    def value(self, node: ast.expr) -> Any:
        """Return a column, a number, a word or a list of them."""
        match node:
            case ast.Constant(value=bool() | int() | float() | str()):
                return node.value
            case ast.Name():
                return self.column(node.id)
            case ast.List() | ast.Tuple():
                return [self.word(part) for part in node.elts]
            case ast.UnaryOp(op=ast.Not() | ast.Invert()):
                return ~self.truth(node.operand)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                operand = self.number(node.operand)
                return -operand if isinstance(node.op, ast.USub) else operand
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                return _ARITHMETIC[type(node.op)](self.number(node.left), self.number(node.right))
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                combine = np.logical_and if isinstance(node.op, ast.BitAnd) else np.logical_or
                return combine(self.truth(node.left), self.truth(node.right))
            case ast.BoolOp():
                combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
                return combine.reduce(np.broadcast_arrays(*(self.truth(part) for part in node.values)))
            case ast.Compare():
                return self.comparison(node)
        raise self.refused(node)

    def comparison(self, node: ast.Compare) -> Any:
        """Compare two or more values: ``-3 < log_norm <= 0``."""
        parts, found = [node.left, *node.comparators], None
        for left, sign, right in zip(parts, node.ops, parts[1:], strict=False):
            if isinstance(sign, ast.In | ast.NotIn):
                inside = np.isin(np.asarray(self.word(left)), self.several(right))
                one: Any = inside if isinstance(sign, ast.In) else ~inside
            elif type(sign) in _COMPARISONS:
                first, second = self.word(left), self.word(right)
                if is_text(first) != is_text(second):
                    raise ConditionError(
                        f"{quoted(self.text)}: {ast.unparse(node)!r} compares a word with a number"
                    )
                one = np.asarray(_COMPARISONS[type(sign)](np.asarray(first), np.asarray(second)))
            else:
                raise self.refused(node)
            found = one if found is None else np.logical_and(found, one)
        return found

    def several(self, node: ast.expr) -> list[Any]:
        """Return the values of a list."""
        if not isinstance(node, ast.List | ast.Tuple):
            raise ConditionError(f"{quoted(self.text)}: after 'in' a list is allowed: 'neuron in (3, 17)'")
        found = [self.word(part) for part in node.elts]
        if any(isinstance(one, np.ndarray) for one in found):
            raise ConditionError(f"{quoted(self.text)}: a list has numbers or words, no columns")
        return found

    def word(self, node: ast.expr) -> Any:
        """Return a value, where the name of a role is a word: ``role == positive``."""
        if isinstance(node, ast.Name) and node.id in WORDS:
            return node.id
        return self.value(node)

    def truth(self, node: ast.expr) -> Any:
        """Return a value that is true or false for each row."""
        found = np.asarray(self.value(node))
        if found.dtype.kind != "b":
            raise ConditionError(f"{quoted(self.text)}: {ast.unparse(node)!r} is neither true nor false")
        return found

    def number(self, node: ast.expr) -> Any:
        """Return a number for each row, or one for all."""
        found = self.value(node)
        if np.asarray(found).dtype.kind not in "iufb":
            raise ConditionError(f"{quoted(self.text)}: {ast.unparse(node)!r} is no number")
        return np.asarray(found, dtype=np.float64)

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        if name in self.columns:
            return self.columns[name]
        raise ConditionError(f"{quoted(self.text)}: there is no {name!r}{hint(name, self.columns)}")

    def refused(self, node: ast.AST) -> ConditionError:
        """Make the error of a part that is not allowed."""
        return ConditionError(f"{quoted(self.text)}: {ast.unparse(node)!r} is not allowed; allowed are {ALLOWED}")


WORDS = ("positive", "negative", "other")
"""The words of a role: they are columns too, true where a neuron has the role."""


def is_text(value: Any) -> bool:
    """Whether a value is a word or a column of words."""
    return np.asarray(value).dtype.kind in "UOT"


def hint(name: str, columns: Collection[str]) -> str:
    """Name the columns that a visitor may have meant."""
    close = difflib.get_close_matches(name, list(columns), n=3)
    known = ", ".join(close) if close else ", ".join(list(columns)[:8]) + ", …"
    return f"; {'close to it' if close else 'there are'}: {known}"
