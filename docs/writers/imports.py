"""Which module imports which, read from the files: what the pictures draw and the tests check."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
OURS = ("reluflow", "pipeline", "catalog", "dashboards")
FRONT_DOORS = ("pipeline", "reluflow")
SOLVER = "pipeline.flow.exact"


@cache
def modules() -> Mapping[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for top in OURS:
        for path in sorted((REPOSITORY / top).rglob("*.py")):
            name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def trees() -> Mapping[str, ast.Module]:
    """Every module of ours, parsed."""
    return {name: ast.parse(path.read_text()) for name, path in modules().items()}


def imported(tree: ast.AST, known: Iterable[str]) -> set[str]:
    """Every module that a file imports: at its top, in a function, or for the type checker."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in known else str(node.module))
    return found


def offers(package: ast.Module) -> Iterable[str]:
    """List the names that a package imports into itself, at once or (by ``lazy_loader``) on first use."""
    for node in ast.walk(package):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.keyword) and node.arg == "submod_attrs":
            for names in ast.literal_eval(node.value).values():
                yield from names


@cache
def graph() -> Mapping[str, set[str]]:
    """What every module of ours imports, ours and others'."""
    # `from pipeline.flow import simulate` is the function that the package offers, not the module of that name.
    packages = [name for name, path in modules().items() if path.name == "__init__.py"]
    offered = {f"{package}.{name}" for package in packages for name in offers(trees()[package])}
    return {name: imported(tree, set(modules()) - offered) for name, tree in trees().items()}


def inside(module: str, *packages: str) -> bool:
    """Whether a module is one of the packages or in one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def package(module: str) -> str:
    """Return the package that a module belongs to: ``pipeline.flow``, ``catalog``, ``pipeline.cli``, ..."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "pipeline" else parts[0]


def packages() -> dict[str, set[str]]:
    """Which packages each package imports; the front doors, which import on first use, are none."""
    found: dict[str, set[str]] = {}
    for module, others in graph().items():
        if (name := package(module)) not in FRONT_DOORS:
            known = {package(other) for other in others if inside(other, *OURS)}
            found.setdefault(name, set()).update(known - {name, "pipeline"})
    return found


def solver_parts() -> dict[str, set[str]]:
    """Which of the solver's folders and modules each of them imports."""
    return parts(SOLVER)


def parts(top: str) -> dict[str, set[str]]:
    """Which of the folders and modules directly in a package each of them imports."""
    depth = top.count(".") + 1
    found: dict[str, set[str]] = {}
    for name, others in graph().items():
        if inside(name, top) and name != top:
            known = {other.split(".")[depth] for other in others if inside(other, top) and other != top}
            found.setdefault(name.split(".")[depth], set()).update(known - {name.split(".")[depth]})
    return found
