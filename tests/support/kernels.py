"""Cells executed in a Jupyter kernel of their own, with this checkout's packages."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

REPOSITORY = Path(__file__).parents[2]


def execute(notebook: nbformat.NotebookNode, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a notebook from top to bottom in ``folder``; its outputs are then in its cells."""
    # For the kernel and for the commands that it starts.
    path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.delenv("RELUFLOW_CATALOG", raising=False)
    monkeypatch.setenv("JUPYTER_PATH", str(Path(sys.prefix) / "share" / "jupyter"))
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()


def executed(codes: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[nbformat.NotebookNode]]:
    """The outputs of each of these cells, run one after the other."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    execute(notebook, folder, monkeypatch)
    return [cell.outputs for cell in notebook.cells]
