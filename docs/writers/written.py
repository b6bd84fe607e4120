"""The Sphinx directive ``{written} NAME``: what the writer of that name says, in place."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

WRITERS = ("commands", "configuration", "contents", "packages", "presets", "schema", "solver", "statements")
"""The modules of this package whose ``write`` a page may ask for."""


class Written(SphinxDirective):
    """``{written} NAME``: the Markdown of ``writers.NAME.write()``, headings included."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse what the writer says, as if it stood in the page."""
        name = self.arguments[0]
        if name not in WRITERS:
            raise self.error(f"written: allowed are {', '.join(WRITERS)}, not {name}")
        text: str = import_module(f"writers.{name}").write()
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_directive("written", Written)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
