"""Docstrings refer to names that exist, and describe arguments that the function has."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("benchmarks", "catalog", "dashboards", "pipeline", "reluflow")
REFERENCE = re.compile(r":(?:py:)?(?:func|class|mod|data|meth|attr|exc|const|obj):`~?([\w.]+)`")
SECTION = re.compile(r"\n\s*(\w[\w ]*)\n\s*-{3,}\n")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names_in(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """The names that statements define or import, those of classes with the class before them too."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield prefix + node.name
                # An attribute is often written first in the constructor.
                parts = (part for part in ast.walk(node) if isinstance(part, ast.Attribute))
                yield from (prefix + one.attr for one in parts if ast.unparse(one.value) == "self")
            case ast.ClassDef():
                yield prefix + node.name
                yield from names_in(node.body, f"{prefix}{node.name}.")
            case ast.Import() | ast.ImportFrom():
                yield from (prefix + (one.asname or one.name) for one in node.names)
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    yield from (prefix + one.id for one in ast.walk(target) if isinstance(one, ast.Name))
            case ast.If() | ast.Try() | ast.With():
                yield from names_in(node.body + getattr(node, "orelse", []), prefix)


def documented(tree: ast.Module) -> Iterator[tuple[ast.AST, str, str]]:
    """Each string that stands as a statement, with its place and the class that it is in."""

    def visit(node: ast.AST, owner: str) -> Iterator[tuple[ast.AST, str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                if isinstance(child.value.value, str):
                    yield child, owner, child.value.value
            else:
                yield from visit(child, child.name if isinstance(child, ast.ClassDef) else owner)

    return visit(tree, "")


def exists(dotted: str) -> bool:
    """Whether a dotted name leads to a module, or to what is in one; ours are read, not imported."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        name, rest = ".".join(parts[:cut]), ".".join(parts[cut:])
        if parts[0] in PACKAGES:
            for path in (ROOT / f"{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py")):
                if path.is_file():
                    text = path.read_text(encoding="utf-8")
                    lazy = "lazy_loader" in text and f'"{rest}"' in text
                    return not rest or lazy or rest in set(names_in(ast.parse(text).body))
        elif find_spec(parts[0]) is not None:
            with suppress(ImportError):
                return reduce(getattr, parts[cut:], import_module(name)) is not None
    return False


def dangling_references(path: Path) -> list[str]:
    """The references in a file's docstrings that lead nowhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own, package = set(names_in(tree.body)), ".".join(path.parent.relative_to(ROOT).parts)
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} {name}"
        for node, owner, text in documented(tree)
        for name in REFERENCE.findall(text)
        if not (
            name in own
            or f"{owner}.{name}" in own
            or hasattr(builtins, name)
            or exists(name)
            or exists(f"{package}.{name}")
        )
    ]


def described(text: str) -> list[str]:
    """The arguments that a docstring's section Parameters names."""
    pieces = SECTION.split("\n" + text)
    for title, content in zip(pieces[1::2], pieces[2::2], strict=True):
        if title.strip() == "Parameters":
            lines = [line for line in content.splitlines() if line.strip()]
            edge = min((len(line) - len(line.lstrip()) for line in lines), default=0)
            heads = [line.strip() for line in lines if len(line) - len(line.lstrip()) == edge]
            return [one.strip().lstrip("*") for head in heads for one in head.split(" : ")[0].split(",")]
    return []


def arguments(node: Definition) -> set[str]:
    """The arguments of a function, or of a class's constructor and its fields."""
    if isinstance(node, ast.ClassDef):
        fields = {ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign)}
        methods = (one for one in node.body if isinstance(one, ast.FunctionDef))
        return fields.union(*(arguments(one) for one in methods if one.name in ("__init__", "__new__")))
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return {one.arg for one in every if one is not None}


def unknown_fields(path: Path) -> list[str]:
    """The fields that docstrings of named tuples describe ("name : type") and the tuples do not have."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "NamedTuple" in map(ast.unparse, node.bases)
        for line in (ast.get_docstring(node) or "").splitlines()
        if (head := re.match(r"(\w+(?:, \w+)*) : ", line))
        for name in head[1].split(", ")
        if name not in arguments(node)
    ]


def unknown_arguments(path: Path) -> list[str]:
    """The arguments that docstrings of a file describe and the functions do not have."""
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, Definition)
        for name in described(ast.get_docstring(node) or "")
        if name not in arguments(node)
    ]


def test_references_lead_to_names_that_exist():
    assert [one for path in sources() for one in dangling_references(path)] == []


def test_parameters_are_arguments_of_the_function():
    assert [one for path in sources() for one in unknown_arguments(path)] == []


def test_named_tuples_describe_their_own_fields():
    assert [one for path in sources() for one in unknown_fields(path)] == []
