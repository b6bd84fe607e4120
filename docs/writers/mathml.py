"""Formulas as MathML, which browsers draw themselves: no script, no font and no server of others is needed.

docutils has the converter (from LaTeX) for its own HTML; Sphinx's writer only offers MathJax, which is loaded from
a content network, and images, which need LaTeX.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

from writers.symbols import spelt_out


def converted(node: nodes.Node, as_block: bool) -> str:
    """The formula as MathML; one that docutils does not understand stays as it is, with a warning."""
    try:
        return str(tex2mathml(spelt_out(node.astext()), as_block=as_block)).strip()
    except MathError as error:
        logging.getLogger(__name__).warning("%s: %s", node.astext(), error, location=node)
        return escape(node.astext())


def inline(self: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(converted(node, False))
    raise nodes.SkipNode


def display(self: Any, node: nodes.math_block) -> None:
    """Write a formula on lines of its own."""
    self.body.append(self.starttag(node, "div", CLASS="formula"))
    self.body.append(converted(node, True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer it as a math renderer of HTML pages."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
