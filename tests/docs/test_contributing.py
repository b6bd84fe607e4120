"""What the page on contributing names is there: files and commits."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "contributing.md").read_text()
CHANGES = PAGE.split("## The six most likely changes")[1].split("\n## ")[0]


def test_the_files_that_a_change_touches_are_there():
    named = {
        name
        for row in CHANGES.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([^`]+/[^`]*)`", row)
    }
    assert len(named) > 15
    assert [name for name in named if not (REPOSITORY / name.split("NAME")[0]).exists()] == []


def test_each_change_has_an_example_that_is_a_commit():
    examples = [" ".join(found.split()) for found in re.findall(r"Example:\s+\"([^\"]+)\"", CHANGES)]
    assert len(examples) == CHANGES.count("\n### ") == 6
    done = subprocess.run(["git", "log", "--format=%s"], cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode or len(done.stdout.splitlines()) < 100:
        pytest.skip("without the history of the repository its commits can't be found")
    assert [example for example in examples if example not in done.stdout] == []
