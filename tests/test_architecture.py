"""Which package may import which. Read from the imports, wherever in a file they stand."""

import ast

import pytest
from writers.imports import OURS, graph, imported, inside, modules, package, trees

import catalog
import pipeline

STAGES = (
    "pipeline.data", "pipeline.flow", "pipeline.phases", "pipeline.phases", "pipeline.minimal_norm",
    "pipeline.statements",
)  # fmt: skip
"""In the order in which a number flows through them. They meet in the workflow alone, as labelled datasets."""
LIGHT = ("pipeline.workflow.results", "pipeline.workflow.stages")
"""What of the workflow takes the standard library alone; whoever draws or lists may import it."""
TOP = (
    "pipeline.workflow", "pipeline.sweep", "pipeline.theory", "pipeline.upkeep",
    "pipeline.cli",
)  # fmt: skip
"""The only modules that know the catalog beyond its schema."""
COMMANDS = ("pipeline.sweep", "pipeline.theory", "pipeline.upkeep", "dashboards")
"""Libraries that have commands: the command line may import their modules one by one, so that help is instant."""
CATALOG_MODULES = {"catalog"} | {
    f"catalog.{name}"
    for name in (
        "catalog", "cell_cache", "claims", "errors", "garbage_collection", "layout", "manifest", "origins",
        "schema", "schema.blocks", "sharing", "storage", "verification",
    )
}  # fmt: skip
"""What of the catalog others may import. The package offers the same names; the modules themselves say
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
    "fsspec": ("catalog.storage",),
    "pydantic_core": ("pipeline.configuration",),
}
"""Libraries that one package alone imports."""


def may_know(module: str, other: str) -> bool:
    """Whether ``module`` may import ``other``, both of ours and in different packages."""
    schema = {"catalog.schema", "catalog.schema.blocks"}
    # Module by module: whoever wants words or errors alone must not wait for NumPy.
    ground = inside(other, "pipeline.inputs", "pipeline.network")
    match package(module):
        case "catalog" | "pipeline.inputs":
            return False
        case "pipeline.configuration":
            return inside(other, "pipeline.inputs")
        case "pipeline.network":
            return other in schema or inside(other, "pipeline.inputs")
        case "dashboards":
            # Pages have the front door, and import no stage.
            offered = {"pipeline", "pipeline.configuration", "pipeline.figures", *LIGHT}
            return other in offered | {"catalog", "catalog.sharing"} or inside(other, "pipeline.inputs")
        case _ if ground:
            return True
        case "pipeline.stationary" | "pipeline.figures":
            return other in schema
        case stage if stage in STAGES:
            # When a flow lingers, and at what, is asked along its steps and of samples: one answer for both.
            return other in schema | {"pipeline.configuration", "pipeline.stationary"}
        case "pipeline.cli" if inside(other, *COMMANDS):
            return True
        case top if top in TOP:
            # Of another package, only what its `__init__` offers; of the workflow, its modules.
            own = inside(other, "pipeline") and other == package(other)
            return own or inside(other, "pipeline.workflow") or other in CATALOG_MODULES
        case "reluflow":
            return other in {"pipeline", "pipeline.minimal_norm", "catalog"}
        case "pipeline":  # it imports on first use, which a test below reads
            return False
    return False


def violations(found: dict[str, set[str]]) -> list[str]:
    return [
        f"{module} imports {other}"
        for module, others in sorted(found.items())
        for other in sorted(others)
        if inside(other, *OURS) and package(module) != package(other) and not may_know(module, other)
    ]


def test_every_import_is_allowed():
    found = graph()
    assert len(found) > 40
    assert violations(found) == []


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("catalog.publication", "pipeline.inputs.errors"),
        ("catalog.catalog", "dashboards"),
        ("pipeline.configuration", "catalog.layout"),
        ("pipeline.inputs.errors", "pipeline.network.status"),
        ("pipeline.network.points", "pipeline.configuration"),
        ("pipeline.network.points", "pipeline.data"),
        ("pipeline.data.generate", "pipeline.flow"),
        ("pipeline.flow.simulate", "pipeline.phases"),
        ("pipeline.flow.simulate", "pipeline.cli.shared"),
        ("pipeline.phases.label", "pipeline.flow"),
        ("pipeline.phases.located_plateaus", "pipeline.stationary.kinds"),
        ("pipeline.stationary.kinds", "pipeline.phases"),
        ("pipeline.network.patterns", "pipeline.stationary"),
        ("pipeline.stationary.plateau_intervals", "pipeline.flow"),
        ("pipeline.flow.plateau_attributes", "pipeline.stationary.slow_intervals"),
        ("pipeline.phases.label", "pipeline.flow.course"),
        ("pipeline.minimal_norm.compare", "pipeline.phases"),
        ("pipeline.minimal_norm.compare", "catalog.catalog"),
        ("pipeline.statements.check", "pipeline.phases"),
        ("pipeline.figures.loss", "pipeline.data"),
        ("pipeline.figures.loss", "catalog.manifest"),
        ("pipeline.workflow.computation", "pipeline.phases.plateaus"),
        ("pipeline.workflow.computation", "catalog.storage.atomic"),
        ("pipeline.theory.ladder", "pipeline.statements.reading"),
        ("pipeline.statements.check", "pipeline.theory"),
        ("pipeline.sweep.tasks", "pipeline.flow.simulate"),
        ("pipeline.workflow.computation", "pipeline.sweep.scheduler"),
        ("pipeline.figures.loss", "pipeline.workflow.results"),
        ("pipeline.phases.label", "pipeline.workflow.results"),
        ("dashboards.application", "pipeline.workflow.computation"),
        ("pipeline.sweep.inventory", "catalog.index"),
        ("pipeline.cli.report", "pipeline.flow.simulate"),
        ("pipeline.sweep.execution", "pipeline.cli.shared"),
        ("dashboards.application", "pipeline.flow"),
        ("dashboards.application", "pipeline.cli.shared"),
        ("dashboards.plots.loss", "pipeline.figures.style"),
        ("dashboards.plots.loss", "pipeline.statements"),
        ("dashboards.plots.loss", "pipeline.network.algebra"),
        ("pipeline.theory.ends", "pipeline.phases.label"),
        ("dashboards.application", "catalog.catalog"),
        ("pipeline.new_package.module", "pipeline.data"),
        ("reluflow", "pipeline.flow"),
        ("reluflow", "pipeline.figures"),
        ("pipeline.workflow", "reluflow"),
    ],
)
def test_an_import_that_is_not_allowed_is_noticed(module, other):
    assert violations({module: {other, "numpy"}}) == [f"{module} imports {other}"]


def test_imports_are_found_wherever_they_stand():
    source = (
        "import os.path\nfrom pipeline.data import generate_data\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from catalog.catalog import Catalog\n"
        "def f():\n    from pipeline import report, run\n    import pipeline.flow.boost as b\n"
    )
    assert imported(ast.parse(source), {"pipeline.report"}) == {
        "os.path",
        "typing", "catalog.catalog", "pipeline", "pipeline.data", "pipeline.flow.boost", "pipeline.report",
    }  # fmt: skip


def test_libraries_that_one_package_alone_imports():
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


def test_pipeline_and_catalog_import_on_first_use_and_name_what_is_there():
    """``import pipeline`` and ``import catalog`` import nothing else of ours; each name leads somewhere."""
    for offering in (pipeline, catalog):
        assert imported(trees()[offering.__name__], modules()) == {"lazy_loader"}
        for name in offering.__all__:
            assert getattr(offering, name) is not None


def test_each_package_says_what_it_is():
    """The folder's `__init__` explains it in a paragraph."""
    for name, path in modules().items():
        if path.name == "__init__.py":
            assert len(ast.get_docstring(trees()[name]) or "") > 60, name
