"""Small faults in a source file: each by one rule, at one place, in the file's syntax tree."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from typing import NamedTuple

OPPOSITE: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.Eq: ast.NotEq,
    ast.Is: ast.IsNot,
    ast.In: ast.NotIn,
    ast.Add: ast.Sub,
    ast.Mult: ast.Div,
    ast.And: ast.Or,
}
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}
SILENT = ("annotation", "returns", "decorator_list", "exc")
"""What is not mutated: types, decorators, and the words of an error. So are f-strings left: they are messages."""


class Mutant(NamedTuple):
    """A file with one fault: where it is, what stood there and what stands there now, and the whole text."""

    line: int
    column: int
    before: str
    after: str
    source: str


def places(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every node that a rule can change, with the rule's name, in the order of the source."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in OPPOSITE:
            yield node, "comparison"
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in OPPOSITE:
            yield node, "operator"
        case ast.BoolOp():
            yield node, "operator"
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            yield node, "constant"
        case ast.UnaryOp(op=ast.Not()):
            yield node, "not"
        case ast.If(test=ast.Name() | ast.Call() | ast.Attribute()):
            yield node, "condition"
        case ast.FunctionDef():
            yield node, "early"
    if isinstance(node, ast.JoinedStr):
        return
    for name, child in ast.iter_fields(node):
        if name not in SILENT:
            for part in child if isinstance(child, list) else [child]:
                if isinstance(part, ast.AST):
                    yield from places(part)


def words(node: ast.AST) -> str:
    """The first line of what a node says, and of a function what follows its docstring too."""
    if isinstance(node, ast.FunctionDef):
        return f"def {node.name}: {ast.unparse(node.body[bool(ast.get_docstring(node))]).splitlines()[0]}"
    return ast.unparse(node).splitlines()[0]


def change(node: ast.AST, rule: str) -> None:
    """Put the fault into a node, in place."""
    match rule, node:
        case "comparison", ast.Compare():
            node.ops = [OPPOSITE[type(node.ops[0])]()]  # type: ignore[list-item]
        case "operator", ast.BinOp() | ast.AugAssign() | ast.BoolOp():
            node.op = OPPOSITE[type(node.op)]()  # type: ignore[assignment]
        case "constant", ast.Constant(value=int() | float() as value):
            node.value = value + 1
        case "not", ast.UnaryOp():
            node.operand = ast.UnaryOp(ast.Not(), node.operand)  # what is left is the operand's own truth
        case "condition", ast.If():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case "early", ast.FunctionDef():
            # Before the body, not in its place: a generator stays one.
            node.body.insert(bool(ast.get_docstring(node)), ast.Return(None))


def mutants(source: str, count: int, seed: int) -> list[Mutant]:
    """Up to ``count`` faults of ``source``, drawn without repetition, in the order of its lines."""
    number = len(list(places(ast.parse(source))))
    drawn = random.Random(seed).sample(range(number), min(count, number))
    return [mutant(source, place) for place in sorted(drawn)]


def mutant(source: str, place: int) -> Mutant:
    """The fault at one of the places of ``source``."""
    tree = ast.parse(source)
    node, rule = list(places(tree))[place]
    line, column, before = getattr(node, "lineno", 0), getattr(node, "col_offset", 0) + 1, words(node)
    change(node, rule)
    return Mutant(line, column, before, words(node), ast.unparse(ast.fix_missing_locations(tree)))
