"""The house plan: which room may know which. Read from the imports, wherever in a file they stand."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

import catalog
import pipeline

REPOSITORY = Path(__file__).parents[1]
OURS = ("pipeline", "catalog", "dashboards")

STAGES = (
    "pipeline.data", "pipeline.flow", "pipeline.phases", "pipeline.function", "pipeline.minimal_norm",
    "pipeline.statements",
)  # fmt: skip
"""In the order in which a number flows through them. They meet in the workflow alone, as labelled datasets."""
TOP = ("pipeline.workflow", "pipeline.sweep", "pipeline.theory", "pipeline.upkeep", "pipeline.cli")
"""The only modules that know the catalog beyond its schema."""
COMMANDS = ("pipeline.sweep", "pipeline.theory", "pipeline.upkeep", "dashboards")
"""Libraries that have commands: the command line may import their modules one by one, so that help is instant."""
CATALOG_DOORS = {"catalog"} | {
    f"catalog.{name}"
    for name in (
        "blocks", "cells", "claims", "errors", "index", "layout", "manifest", "origins", "places", "schema",
        "sharing", "tidying", "verify",
    )
}  # fmt: skip
"""What of the catalog others may import. Its front door hands out the same names; the modules themselves say
what they cost: ``layout`` and ``manifest`` take the standard library alone, which is why a cache hit is instant.
"""
PRIVATE = {
    "numba": ("pipeline.flow",),
    "imageio_ffmpeg": ("pipeline.figures",),
    "matplotlib": ("pipeline.figures",),
    "PIL": ("pipeline.figures",),
    "zarr": ("catalog",),
    "click": ("pipeline.cli",),
    "rich": ("pipeline.cli",),
    "panel": ("dashboards",),
    "bokeh": ("dashboards",),
    "holoviews": ("dashboards",),
    "tornado": ("dashboards",),
    "distributed": ("pipeline.sweep",),
    "fsspec": ("catalog.places",),
    "pydantic_core": ("pipeline.configuration",),
}
"""Libraries that one room keeps to itself, or that only the command line has."""


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for package in OURS:
        for path in (REPOSITORY / package).rglob("*.py"):
            name = ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports(source: str, known: Iterable[str]) -> set[str]:
    """Every module that a file imports: at its top, in a function, or for the type checker."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in known else str(node.module))
    return found


def graph() -> dict[str, set[str]]:
    files = modules()
    # `from pipeline.flow import simulate` is the function that the front door offers, not the module of that name.
    offered = {
        f"{room}.{alias.asname or alias.name}"
        for room, path in files.items()
        if path.name == "__init__.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return {name: imports(path.read_text(), set(files) - offered) for name, path in files.items()}


def inside(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def room(module: str) -> str:
    """The room that a module stands in: ``pipeline.flow``, ``catalog``, ``pipeline.cli``, ..."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "pipeline" else parts[0]


def may_know(module: str, other: str) -> bool:
    """Whether the house plan lets ``module`` import ``other``, both of ours and in different rooms."""
    base = {
        "catalog.schema", "catalog.blocks", "pipeline.arguments", "pipeline.errors", "pipeline.threads",
        "pipeline.configuration", "pipeline.points",
    }  # fmt: skip
    match room(module):
        case "catalog" | "pipeline.errors" | "pipeline.threads" | "pipeline.naming" | "pipeline.stages":
            return False
        case "pipeline.configuration":
            return other in {"pipeline.arguments", "pipeline.errors"}
        case "pipeline.arguments":
            return other == "pipeline.errors"
        case "pipeline.stationary":
            return other in {"catalog.schema", "catalog.blocks"}
        case "pipeline.lingering":
            return other in {"catalog.schema", "pipeline.stationary"}
        case "pipeline.points":
            return other in {"catalog.schema", "pipeline.errors"}
        case stage if stage in STAGES:
            # When a flow lingers, and at what, is asked along its steps and of samples: one answer for both.
            return other in base | {"pipeline.lingering", "pipeline.stationary"}
        case "pipeline.figures":
            return other in {"catalog.schema", "pipeline.errors", "pipeline.naming", "pipeline.points"}
        case "dashboards":
            # pipeline.minimal_norm is a room and, at the front door, the function of that name.
            front = {"pipeline", "pipeline.configuration", "pipeline.figures", "pipeline.minimal_norm"}
            return other in front | {"pipeline.statements", "catalog", "catalog.sharing"}
        case "pipeline.cli" if inside(other, *COMMANDS):
            return True
        case top if top in TOP:
            # Never past a neighbour's front door.
            own = inside(other, "pipeline") and other == room(other)
            return own or other in CATALOG_DOORS
        case "pipeline":  # its front door imports lazily, which the next test reads
            return False
    return False


def violations(found: dict[str, set[str]]) -> list[str]:
    return [
        f"{module} imports {other}"
        for module, others in sorted(found.items())
        for other in sorted(others)
        if inside(other, *OURS) and room(module) != room(other) and not may_know(module, other)
    ]


def test_every_import_follows_the_plan():
    found = graph()
    assert len(found) > 40
    assert violations(found) == []


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("catalog.publish", "pipeline.errors"),
        ("catalog.index", "dashboards"),
        ("pipeline.configuration", "catalog.layout"),
        ("pipeline.points", "pipeline.data"),
        ("pipeline.data.generate", "pipeline.flow"),
        ("pipeline.flow.simulate", "pipeline.phases"),
        ("pipeline.flow.simulate", "pipeline.cli.shared"),
        ("pipeline.phases.label", "pipeline.flow"),
        ("pipeline.phases.lingering", "pipeline.stationary.kinds"),
        ("pipeline.stationary.kinds", "pipeline.phases"),
        ("pipeline.lingering.stretches", "pipeline.flow"),
        ("pipeline.flow.lingering", "pipeline.lingering.dips"),
        ("pipeline.function.learned", "pipeline.phases"),
        ("pipeline.phases.label", "pipeline.flow.status"),
        ("pipeline.minimal_norm.compare", "pipeline.phases"),
        ("pipeline.minimal_norm.compare", "catalog.index"),
        ("pipeline.statements.check", "pipeline.phases"),
        ("pipeline.figures.loss", "pipeline.data"),
        ("pipeline.figures.loss", "catalog.manifest"),
        ("pipeline.workflow", "pipeline.phases.plateaus"),
        ("pipeline.workflow", "catalog.places.staging"),
        ("pipeline.theory.ladder", "pipeline.statements.reading"),
        ("pipeline.statements.check", "pipeline.theory"),
        ("pipeline.sweep.stages", "pipeline.flow.simulate"),
        ("pipeline.workflow", "pipeline.sweep.graph"),
        ("pipeline.sweep.stock", "catalog.shelf_index"),
        ("pipeline.cli.report", "pipeline.flow.simulate"),
        ("pipeline.sweep.sweeping", "pipeline.cli.shared"),
        ("dashboards.application", "pipeline.flow"),
        ("dashboards.application", "pipeline.cli.shared"),
        ("dashboards.plots.loss", "pipeline.figures.style"),
        ("dashboards.application", "catalog.index"),
        ("pipeline.new_room.module", "pipeline.data"),
    ],
)
def test_a_broken_plan_is_noticed(module, other):
    assert violations({module: {other, "numpy"}}) == [f"{module} imports {other}"]


def test_imports_are_found_wherever_they_stand():
    source = (
        "import os.path\nfrom pipeline.data import generate_data\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from catalog.index import Catalog\n"
        "def f():\n    from pipeline import report, run\n    import pipeline.flow.boost as b\n"
    )
    assert imports(source, {"pipeline.report"}) == {
        "os.path",
        "typing", "catalog.index", "pipeline", "pipeline.data", "pipeline.flow.boost", "pipeline.report",
    }  # fmt: skip


def test_libraries_that_one_room_keeps_to_itself():
    strangers = [
        f"{module} imports {other}"
        for module, others in graph().items()
        for other in others
        for library, owners in PRIVATE.items()
        if inside(other, library) and not inside(module, *owners)
    ]
    assert strangers == []


def test_nobody_imports_what_is_not_there():
    """Dask, the dashboards and the tests stay out of the stages."""
    for module, others in graph().items():
        for other in others:
            assert not inside(other, "tests", "benchmarks", "pytest", "hypothesis"), module
            if inside(other, *OURS):
                assert other in modules(), f"{module} imports {other}"


def test_the_front_doors_are_lazy_and_name_what_is_there():
    """``import pipeline`` and ``import catalog`` import nothing else of ours; each name leads somewhere."""
    for package in (pipeline, catalog):
        assert imports(modules()[package.__name__].read_text(), modules()) == {"lazy_loader"}
        for name in package.__all__:
            assert getattr(package, name) is not None


def test_each_room_says_what_it_is():
    """The folder's front door explains it in a paragraph."""
    for name, path in modules().items():
        if path.name == "__init__.py":
            assert len(ast.get_docstring(ast.parse(path.read_text())) or "") > 60, name
