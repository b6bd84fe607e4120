"""The pages that the code writes name everything that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from writers import commands, configuration, contents, presets, schema, statements

import catalog
import pipeline
from catalog.schema import COORDINATES, GROUPS, STATEMENTS
from pipeline.configuration import presets as known_presets
from pipeline.workflow.results import VERDICT, every_result

DOCS = Path(__file__).parents[2] / "docs"


def cells(row: str) -> list[str]:
    """A table row's cells; a protected bar is no border."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


@pytest.mark.parametrize(
    "writer", [commands, configuration, presets, schema, statements], ids=lambda one: one.__name__
)
def test_every_row_has_as_many_cells_as_its_head(writer):
    for table in re.findall(r"(?:^\|.*\n)+", writer.write(), flags=re.MULTILINE):
        head, *rows = table.splitlines()
        assert {len(cells(row)) for row in rows} == {len(cells(head))}


def test_every_variable_is_described_in_its_group():
    sections = re.split(r"^## ", schema.write(), flags=re.MULTILINE)
    for group, variables in GROUPS.items():
        (section,) = [text for text in sections if text.startswith(f"Group `{group}`")]
        assert re.findall(r"^\| `(\w+)` ", section, flags=re.MULTILINE) == [one.name for one in variables]
    assert re.findall(r"^\| `(\w+)` ", sections[-2], flags=re.MULTILINE) == list(COORDINATES)
    told = re.findall(r"^\| `(\w+)`", sections[-1], flags=re.MULTILINE)
    assert told == [name for name in every_result() if not name.startswith(VERDICT)]


def test_labels_are_named_with_their_numbers():
    assert "1 `off`, 2 `on`, 3 `sliding`" in schema.write()


def test_every_command_and_option_is_described():
    text = commands.write()
    for name, command in commands.walk():
        assert f"## `{name}`" in text
        section = text.split(f"## `{name}`\n")[1].split("\n## ")[0]
        for parameter in command.params:
            for option in parameter.opts:
                assert (option if option.startswith("-") else parameter.make_metavar(None)) in section


def test_every_statement_has_a_claim_and_what_is_measured():
    rows = [cells(line) for line in statements.write().splitlines() if line.startswith("| `")]
    assert tuple(row[0].strip("`") for row in rows) == STATEMENTS
    assert all(len(claim) > 20 and len(measured) > 20 for _, claim, measured in rows)


def test_every_key_has_a_meaning_and_its_default():
    rows = {key.strip("`"): (default, meaning) for key, default, meaning in
            (cells(line) for line in configuration.write().splitlines() if line.startswith("| `"))}  # fmt: skip
    for table, keys in configuration.TABLES.items():
        for key, field in keys.model_fields.items():
            if key == "file_sha256":
                continue
            default, meaning = rows[f"{table}.{key}"]
            assert (default == "") == (field.default is None)
            assert meaning or key in ("per_sqrt_width", "bias"), key


def test_every_preset_is_named():
    assert set(re.findall(r"^\| `([\w-]+)` ", presets.write(), flags=re.MULTILINE)) == set(known_presets())


def test_every_name_of_the_front_doors_is_in_the_python_interface():
    text = (DOCS / "api.md").read_text()
    for package in (pipeline, catalog):
        for name in set(package.__all__) - {"figures"}:
            assert re.search(rf"^\.\. [a-z:]+:: (pipeline\.|catalog\.)?{name}$", text, flags=re.MULTILINE), name


def test_every_page_is_in_the_contents():
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.glob("*.md")} - {"index"}
    assert pages <= {page for entry in (*contents.STUDY, *contents.USE) for page in contents.found(entry)}


def test_folders_that_are_not_there_are_left_out(monkeypatch, tmp_path):
    monkeypatch.setattr(contents, "DOCS", tmp_path)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "b.ipynb").touch()
    (tmp_path / "notebooks" / "a.ipynb").touch()
    assert contents.found("gallery/index") == []
    assert contents.found("notebooks/*") == ["notebooks/a", "notebooks/b"]
