"""The paper's symbols, as docstrings and pages write them, for those who read them otherwise.

In docstrings |w_j| and D_+ are mathematics and no markup of reStructuredText: Sphinx would take ``|w_j|`` for a
substitution and ``D_+`` for a link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_MARKED = re.compile(r"(``.*?``|:[a-z:]+:`.*?`|`.*?`)")
"""What is markup already: literals and roles."""


def escaped(line: str) -> str:
    r"""Protect the bars, stars and trailing underscores of one line outside its literals and roles.

    Examples
    --------
    >>> print(escaped("|w_j| of D_- as ``|x|``"))
    \|w_j\| of D\_- as ``|x|``
    """
    parts = _MARKED.split(line)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"_(?![A-Za-z0-9])", r"\_", re.sub(r"([|*])", r"\\\1", parts[i]))
    return "".join(parts)


SHORT = re.compile(r"\\(d|t)?frac\s*(\w)\s*(\w)")
"""TeX's fractions without braces, one sign above and one below, which docutils does not read."""


def spelt_out(formula: str) -> str:
    r"""Write the short forms of a formula in full.

    Examples
    --------
    >>> print(spelt_out(r"\frac12 + \tfrac1n"))
    \frac{1}{2} + \tfrac{1}{n}
    """
    return SHORT.sub(r"\\\1frac{\2}{\3}", formula)


def protect(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape the prose of a docstring, and leave its code as it is."""
    literal: int | None = None
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if literal is not None and line.strip() and indent <= literal:
            literal = None
        if literal is None and not line.lstrip().startswith((">>>", "...")):
            if line.rstrip().endswith("::"):
                literal = indent
            lines[i] = escaped(line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at each docstring before the layout of its sections is read."""
    app.connect("autodoc-process-docstring", protect, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
