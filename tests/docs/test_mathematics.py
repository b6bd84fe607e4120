"""Each formula of the mathematics has its proof at hand: a cell that is executed, or tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docs" / "mathematics.md").read_text()
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", TEXT)))
CHECKED = re.compile(r"small\(|assert ")


def unchecked(text: str) -> list[str]:
    """The displayed formulas without a cell that asserts, or a named test, between them and the next heading."""
    parts = re.split(r"^\$\$\n(.*?)^\$\$$", text, flags=re.MULTILINE | re.DOTALL)
    proofs, missing = "", []
    for formula, after in reversed(list(zip(parts[1::2], parts[2::2], strict=True))):
        section, *headings = re.split(r"^#{2,4} [A-Z]", after, flags=re.MULTILINE)
        proofs = section + ("" if headings else proofs)
        cells = "".join(re.findall(r"```\{code-cell\}\n(.*?)```", proofs, flags=re.DOTALL))
        if not (CHECKED.search(cells) or "`test_" in proofs):
            missing.append(formula)
    return missing


def test_each_formula_is_checked():
    assert TEXT.count("\n$$\n") > 30
    assert unchecked(TEXT) == []


@pytest.mark.parametrize(
    "text",
    [
        "## One\n\n$$\na\n$$\n\nwords\n\n## Two\n\n```{code-cell}\nassert 1\n```\n",
        "## One\n\n$$\na\n$$\n\n```{code-cell}\nprint(1)\n```\n",
    ],
)
def test_a_formula_without_proof_is_noticed(text):
    assert unchecked(text) == ["a\n"]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_test_that_is_named_is_there(file, name):
    paths = list((REPOSITORY / "tests" / "pipeline").rglob(file))
    trees = [ast.parse(path.read_text()) for path in paths]
    found = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert paths
    assert not name or name in found
