"""The paper's symbols in docstrings survive reStructuredText."""

from __future__ import annotations

import doctest

import pytest
from writers import commands, schema, symbols


@pytest.mark.parametrize("module", [commands, schema, symbols], ids=lambda one: one.__name__)
def test_the_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_code_is_left_as_it_is():
    lines = ["|D_-| as in::", "", "    p' = |w_j| * D_+", "", "then |a_j|", ">>> a | b", "``|x|`` of :func:`f_`"]
    symbols.protect(None, "function", "f", None, None, lines)
    assert lines[0] == r"\|D\_-\| as in::"
    assert lines[2] == "    p' = |w_j| * D_+"
    assert lines[4] == r"then \|a_j\|"
    assert lines[5:] == [">>> a | b", "``|x|`` of :func:`f_`"]
