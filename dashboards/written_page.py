"""A page in writing: its HTML, and its document as JSON, for its visitor or for several.

The identifiers of a page's models begin with a word of that page alone and count its models, so the same page
made again has the same identifiers but for that word: what is written for one visitor is another's with the word
replaced (:mod:`dashboards.page_copies`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any, cast

import bokeh.model.model
import panel.io.server
from bokeh.core.serialization import Buffer
from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.protocol.message import Message
from bokeh.protocol.messages.pull_doc_reply import pull_doc_reply
from bokeh.server.session import ServerSession
from bokeh.server.tornado import BokehTornado
from panel.io.resources import Resources
from panel.io.state import set_curdoc

TOKEN = "token-of-the-visitor"
"""Stands in a page for the word that lets a visitor's websocket in."""
RENDER = panel.io.server.server_html_page_for_session
"""Panel's function that writes the HTML of a session."""
MAKE_ID = vars(bokeh.model.model)["make_id"]
"""Bokeh's function that names a model."""
VARIABLE = re.compile(r'"data":\{"id":"[^"]*"\}|"id","[0-9a-f]{32}"|"name":"[A-Za-z]+\d{5,}"|"tags":\[\[\d+')
"""What differs when the same page is made again, and no browser reads: the names of its arrays and of a table's
styles, those that Param counts, and the addresses of Panel's links in the server's memory."""

_words = (f"p{number}" for number in count(1_000_000))
_names: ContextVar[Iterator[ID] | None] = ContextVar("names", default=None)


def new_word() -> str:
    """Return a word for the models of one page; all have the same length, so that none begins another."""
    return next(_words)


def names_of(word: str) -> Iterator[ID]:
    """Return the names of a page's models, in the order in which they are made."""
    return (ID(f"{word}{number:05d}") for number in count())


@contextmanager
def model_names(names: Iterator[ID]) -> Iterator[None]:
    """Give these names to the models that are made meanwhile."""
    before = _names.set(names)
    try:
        yield
    finally:
        _names.reset(before)


def make_id() -> ID:
    """Name a model: within :func:`model_names` by the page, else as Bokeh does."""
    names = _names.get()
    return cast(ID, MAKE_ID()) if names is None else next(names)


@dataclass(frozen=True)
class WrittenPage:
    """A page as it is sent.

    Attributes
    ----------
    word
        The begin of its models' identifiers.
    html
        What the browser loads first, with :data:`TOKEN`.
    document, buffers
        What it fetches then: the document as JSON, and the arrays, each as a header and its bytes.
    """

    word: str
    html: str
    document: str
    buffers: tuple[Any, ...]

    def renamed(self, word: str) -> WrittenPage:
        """Return the page with other identifiers."""
        html, document = (text.replace(self.word, word) for text in (self.html, self.document))
        return WrittenPage(word, html, document, self.buffers)

    def reply(self, request: Message[Any]) -> Message[Any]:
        """Answer a browser that asks for the document."""
        answer = pull_doc_reply(
            pull_doc_reply.create_header(request_id=request.header["msgid"]), {}, cast(Any, {})
        )
        answer._content_json = self.document
        answer.add_buffers(*self.buffers)
        return answer

    def same(self, other: WrittenPage) -> bool:
        """Whether two pages have the same documents, but for their identifiers."""
        documents = [VARIABLE.sub("", page.document.replace(page.word, "")) for page in (self, other)]
        arrays = [[buffer.data for buffer in page.buffers] for page in (self, other)]
        return documents[0] == documents[1] and arrays[0] == arrays[1]


def write_page(session: ServerSession, word: str, application: BokehTornado) -> WrittenPage:
    """Write the page of a session; Panel changes models meanwhile."""
    document: Document = session.document
    with set_curdoc(document):
        html = RENDER(
            session, resources=Resources.from_bokeh(application.resources()), title=document.title, token=TOKEN,
            template=document.template, template_variables=document.template_variables,
        )  # fmt: skip
    return WrittenPage(word, html, *write_document(document))


def write_document(document: Document) -> tuple[str, tuple[Buffer, ...]]:
    """Write a document as JSON and its arrays as bytes."""
    made = pull_doc_reply.create(ID(""), document)
    return made.content_json, tuple(Buffer(buffer.id, buffer.to_bytes()) for buffer in made.buffers)


def send_written(session: ServerSession, page: WrittenPage) -> None:
    """Let a session send what is written; a change of its document before the browser asks for it undoes that."""
    document, about = session.document, vars(session)
    about["_html"] = page.html

    def forget(event: Any) -> None:
        about.pop("_handle_pull", None)
        document.callbacks.remove_on_change(forget)

    async def reply(request: Message[Any], _: Any) -> Message[Any]:
        forget(None)
        return page.reply(request)

    about["_handle_pull"] = reply
    document.on_change(forget)


def html_of_session(
    session: ServerSession, resources: Any, title: str, token: str | None = None, **others: Any
) -> str:
    """Return the HTML of a session: what is written, with the visitor's token, or what Panel writes now."""
    written: str | None = vars(session).pop("_html", None)
    if written is None:
        return RENDER(session, resources, title, token, **others)
    return written.replace(TOKEN, token or session.token)


@cache
def write_pages_ourselves() -> None:
    """Replace the functions of Bokeh's and Panel's that name models and write the HTML; once for a process."""
    vars(bokeh.model.model)["make_id"] = make_id
    vars(panel.io.server)["server_html_page_for_session"] = html_of_session
