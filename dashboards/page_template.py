"""What all pages share: the head with the links to the other pages, the messages, and the theme."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import nullcontext
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

import panel as pn
from panel.theme import Inherit
from panel.theme.native import Native

from catalog import Catalog, CatalogError
from dashboards.budget import StoppedError
from dashboards.components import BUTTON, html_pane
from dashboards.computations import Computations
from dashboards.page_context import PageContext
from dashboards.page_copies import load_again_on_message
from dashboards.shared_results import SHARED
from dashboards.theme import DARK, FONT, LIGHT, THEMES, Theme
from dashboards.views import PAGES
from pipeline import RequestError

TEMPLATE = (Path(__file__).parent / "page.html").read_text()
STYLE = (Path(__file__).parent / "page.css").read_text()
SCRIPT = (Path(__file__).parent / "page.js").read_text()
WIDGETS = (Path(__file__).parent / "widgets.css").read_text()
NOTICE = """
.notice { background: var(--panel); border: 1px solid var(--line); border-left: 4px solid var(--accent);
  border-radius: 6px; padding: 6px 12px; }
.notice p:last-child { margin: 0; }
"""
"""The style of the messages above a page."""
LOGGER = logging.getLogger("reluflow.dashboard")
EXPECTED = (RequestError, CatalogError, OSError, StoppedError)
"""Errors that say themselves what a visitor or the catalog is asked for; they need no traceback."""


class PageDesign(Native):
    """Panel's plain design, with the page's colours where that one has fixed ones."""

    modifiers: ClassVar[dict[Any, Any]] = {
        **Native.modifiers,
        pn.widgets.Widget: {"stylesheets": [Inherit, WIDGETS]},
    }


class PageTemplate(pn.Template):
    """Panel's template, filled at once.

    Bokeh searches a document for its models after each change: 16 times while a page is made, which was a third
    of a page's processor time. Here it searches once.
    """

    def server_doc(self, doc: Any = None, title: str | None = None, location: Any = True) -> Any:
        """Put the page into a document."""
        document = doc or pn.state.curdoc
        with document.models.freeze() if document is not None else nullcontext():
            made = super().server_doc(document, title, location)
        # Panel 1.9 removes the name of a page's root from a list with the page, but only if it is noted here,
        # which it forgets: that list, which each change of a widget searches, would have a name for each visitor.
        self._refs[made] = pn.state._fake_roots[-1]
        return made

    def __repr__(self) -> str:
        """Name the template; Panel would write out all its parts after each that is added: a fifth of a page."""
        return type(self).__name__


def open_page(name: str, catalog: Catalog, files: Mapping[str, str]) -> pn.Template:
    """Build the page ``name`` for the visitor who has requested it.

    An error while a page is built becomes a message in its place.
    """
    query = read_query()
    theme = THEMES.get(query.get("theme", ""), LIGHT)
    notices = Notices()
    pn.config.theme = "dark" if theme is DARK else "default"  # type: ignore[misc]
    pn.config.exception_handler = notices.of_error
    context = PageContext(
        catalog, query, theme, notices.say, notices.of_error, write_query, notices.clear, files=files
    )
    context.choice("theme", ["", *THEMES], LIGHT.name)
    computing = Computations(pn.state.curdoc) if pn.state.curdoc is not None else None
    if computing is not None:
        load_again_on_message(computing.document)
        context.compute, context.scratch = computing.compute, computing.scratch
        context.share, context.shared = computing.share, SHARED.peek
    template = fill_template(name, context, notices, build_content(name, context, notices))
    template.add_panel("computing", pn.Row() if computing is None else computing.view)
    return template


def read_query() -> dict[str, str]:
    """Read the parameters of the address: the first value of each."""
    arguments = pn.state.session_args or {}
    return {key: values[0].decode("utf-8", errors="replace") for key, values in arguments.items() if values}


def write_query(query: Mapping[str, str]) -> None:
    """Write parameters into the browser's address without loading a page."""
    location = pn.state.location
    if location is not None:
        location.search = f"?{urlencode(query)}" if query else ""


class Notices:
    """The last few messages above a page; a live region, so that a screen reader reads them out.

    They disappear when the visitor does something else (``PageContext.forget``) or closes them.
    """

    MOST = 3

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.pane = html_pane("", style=NOTICE, css_classes=["notices"], margin=(0, 0, 10, 0))
        self.close = pn.widgets.Button(
            label="Close", description="Close these messages", margin=(0, 0, 10, 10), **BUTTON
        )
        self.close.on_click(lambda _: self.clear())
        self.view = pn.Row(self.pane, self.close, sizing_mode="stretch_width", visible=False)

    def say(self, line: str) -> None:
        """Show a message; the oldest disappears when there are too many."""
        line = " ".join(str(line).split())
        self.lines = [*[old for old in self.lines if old != line], line][-self.MOST :]
        text = "".join(f"<p>{escape(said)}</p>" for said in self.lines)
        self.pane.object = f'<div role="status" aria-live="polite" class="notice">{text}</div>'
        self.view.visible = True

    def clear(self) -> None:
        """Remove all messages."""
        if self.lines:
            self.lines = []
            self.view.visible = False

    def of_error(self, error: BaseException) -> None:
        """Show an error of a callback as a message; its traceback goes into the server's log."""
        self.say(explain_error(error))


def explain_error(error: BaseException) -> str:
    """Explain an error in one line: a wrong request by its own message, any other as unexpected."""
    line = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, EXPECTED):
        return line
    LOGGER.error("an unexpected error on a page", exc_info=error)
    what = f"{type(error).__name__}: {line[:200]}"
    return f"An unexpected error occurred ({what}). The server's log has the details."


def keep_unless_expected(record: logging.LogRecord) -> bool:
    """Drop the traceback that Panel writes of a callback's error of which the page says all in one line."""
    return not (record.exc_info and isinstance(record.exc_info[1], EXPECTED))


def build_content(name: str, context: PageContext, notices: Notices) -> Any:
    """Build a page's content; if that fails, a text that says what to do instead."""
    try:
        content = import_module(f"dashboards.views.{name}.page").build_page(context)
    except Exception as error:
        notices.say(explain_error(error))
        return html_pane(
            f'<p>This page can\'t be shown. <a href="{name}">Reset it</a>, or go to the '
            '<a href="catalog">catalog</a>.</p>'
        )
    return content


def fill_template(name: str, context: PageContext, notices: Notices, content: Any) -> pn.Template:
    """Put a page's content into the template."""
    template = PageTemplate(TEMPLATE, location=True, design=PageDesign)
    other = DARK if context.theme is LIGHT else LIGHT
    template.add_variable("page_title", PAGES[name].title)
    template.add_variable("pages", [(key, context.address(key), page.title) for key, page in PAGES.items()])
    template.add_variable("current", name)
    template.add_variable("other_theme", other.name)
    template.add_variable("catalog", str(context.catalog.storage))
    template.add_variable("style", STYLE + theme_css(context.theme))
    template.add_variable("script", SCRIPT)
    template.add_panel("notices", notices.view)
    template.add_panel("content", pn.panel(content, sizing_mode="stretch_width"))
    return template


def theme_css(theme: Theme) -> str:
    """Write the theme and the font as CSS variables, from which Panel's own variables take their values."""
    printed = f":root {{ color-scheme: light; {LIGHT.css_variables()} }}"  # paper is white: dark text, then
    return (
        f":root {{ color-scheme: {theme.name}; --font: {FONT}; {theme.css_variables()} }}"
        f"\n@media print {{ {printed} }}\n"
    )
