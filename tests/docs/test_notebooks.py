"""The notebooks run from top to bottom (``make docs`` does it too), and are kept without what they print."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from kernels import execute

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "docs" / "notebooks").glob("*.ipynb"))
OURS = ("pipeline", "catalog", "dashboards")


def _read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def _code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS] == ["classroom-exercise", "shared-catalog"]


def is_progress(text):
    """Whether a terminal's text is what a stage says of itself on a machine that takes over two seconds."""
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).strip("\r\n ")
    return re.fullmatch(r"(?:[\u2800-\u28ff] [^\r\n]*\.\.\.[\r\n ]*)*", said) is not None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path):
    notebook = _read(path)
    nbformat.validate(notebook)
    for cell in _code(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_the_shared_catalog_is_read_without_our_packages():
    (path,) = (path for path in NOTEBOOKS if path.stem == "shared-catalog")
    for cell in _code(_read(path)):
        for line in cell.source.splitlines():
            words = line.split()
            assert not (words[:1] in (["import"], ["from"]) and words[1].split(".")[0] in OURS), line


def test_the_answers_of_the_exercise_are_folded_away():
    (path,) = (path for path in NOTEBOOKS if path.stem == "classroom-exercise")
    hidden = [cell for cell in _code(_read(path)) if "hide-cell" in cell.metadata.get("tags", [])]
    assert len(hidden) >= 6
    assert all("assert" in cell.source or "def " in cell.source for cell in hidden)
    assert all(cell.metadata["jupyter"]["source_hidden"] for cell in hidden)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")  # of the kernel's client, which is not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch):
    notebook = _read(path)
    execute(notebook, tmp_path, monkeypatch)
    said = [output for cell in _code(notebook) for output in cell.outputs]
    assert sum(output.output_type == "display_data" for output in said) >= 2  # figures
    assert not [output for output in said if output.get("name") == "stderr" and not is_progress(output["text"])]
