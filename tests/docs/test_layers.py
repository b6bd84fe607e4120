"""The pictures of the packages and of the solver show what the imports are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from writers import imports, layers, packages, solver

PICTURES = pytest.mark.parametrize(
    ("drawn", "find"),
    [(packages.LAYERS, imports.packages), (solver.LAYERS, imports.solver_parts)],
    ids=["packages", "solver"],
)


@PICTURES
def test_every_part_is_drawn_once(drawn, find):
    assert sorted(box for layer in drawn for box, _ in layer.boxes) == sorted(find())


@PICTURES
def test_imports_go_down(drawn, find):
    assert layers.upward(drawn, find()) == []


@pytest.mark.parametrize(
    ("drawn", "find", "part", "other"),
    [
        (packages.LAYERS, imports.packages, "catalog", "pipeline.inputs"),
        (packages.LAYERS, imports.packages, "pipeline.flow", "pipeline.data"),
        (packages.LAYERS, imports.packages, "pipeline.workflow", "pipeline.sweep"),
        (packages.LAYERS, imports.packages, "pipeline.figures", "pipeline.cli"),
        (solver.LAYERS, imports.solver_parts, "corrector", "events"),
        (solver.LAYERS, imports.solver_parts, "network", "propagation"),
    ],
)
def test_an_import_that_goes_up_is_noticed(drawn, find, part, other):
    assert layers.upward(drawn, find() | {part: {other}}) == [f"{part} imports {other}"]


@PICTURES
def test_the_drawing_is_well_formed_and_names_every_part(drawn, find):
    picture = ElementTree.fromstring(layers.picture(drawn, "A & B"))
    assert picture.get("aria-label") == "A & B"
    names = [text.text for text in picture.iter("text") if text.get("class") == "name"]
    assert names == [layers.short(box) for layer in drawn for box, _ in layer.boxes]
    for box in (one for one in picture.iter("rect") if one.get("class") == "box"):
        assert float(box.get("x")) + float(box.get("width")) <= layers.WIDTH


@PICTURES
def test_the_table_has_every_import(drawn, find):
    found = find()
    page = layers.page(drawn, found, "title")
    rows = dict(line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| **"))
    assert len(rows) == len(found)
    for part, others in found.items():
        said = rows[f"**{layers.short(part)}**".replace("_", "\\_")].replace("\\_", "_")
        assert set(said.split(", ")) == ({layers.short(other) for other in others} or {"nothing"})
