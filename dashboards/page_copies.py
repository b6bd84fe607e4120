"""Copies of a page: a class that opens one address at once sees a page before its own is made.

Making a page takes a quarter of a second of one core. What a browser is sent of it is the same for all who open
its address, but for the identifiers of its models, so that a copy takes a hundredth of that. A visitor is sent a
copy at once; his own page, which answers what he does, is made with the identifiers of his copy when the server
has sent all that was asked for. If it differs from the copy (a run was published meanwhile), the browser loads it
again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, cast
from weakref import WeakKeyDictionary

from bokeh.application import Application
from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.document.events import MessageSentEvent
from bokeh.models import CustomJS
from bokeh.server.session import ServerSession
from panel.io.resources import LOCAL_DIST, patch_model_css
from panel.io.state import set_curdoc, state
from tornado.ioloop import IOLoop

from dashboards.shared_results import SHARED
from dashboards.written_page import WrittenPage, model_names, names_of, new_word, write_document

QUIET_SECONDS = 0.2
"""Time since a page was asked for after which the pages of those who have copies are made."""
LOADING_SECONDS = 3.0
"""Time for which they wait for a visitor whose browser still loads the scripts before it fetches his copy."""
PATIENCE_SECONDS = 5.0
"""Time after which a page is made although other visitors come."""
PAUSE_SECONDS = 0.05
"""Time between two pages, in which the server sends: a file is sent in pieces, one each time it is free."""
RELOAD = "load-again"
"""The message on which a browser loads its page again."""
LOGGER = logging.getLogger("reluflow.dashboard")


@dataclass(frozen=True)
class PageCopy:
    """A page in writing, with what it was made from.

    Attributes
    ----------
    page
        What is sent.
    state
        What the server knew when it was made.
    results
        The shared results that the page asked for: None for those that no visitor had made.
    made
        When it was made.
    """

    page: WrittenPage
    state: Hashable
    results: Mapping[Hashable, Any]
    made: float = field(default_factory=monotonic)

    def fits(self, state: Hashable) -> bool:
        """Whether a page that is made now would be the same."""
        return self.state == state and all(SHARED.peek(key) is value for key, value in self.results.items())

    @property
    def waits(self) -> bool:
        """Whether the page lacks a result that it will show."""
        return bool(self.results) and all(value is None for value in self.results.values())


@dataclass
class Awaited:
    """A page to be made for a visitor who has a copy: its session, its copy, and the names of its models."""

    session: ServerSession
    copy: PageCopy
    page: WrittenPage
    names: Iterator[ID]
    done: asyncio.Future[None]
    wanted: float = 0.0
    differs: bool = False


class CopiedPages:
    """The visitors who have a copy, and whose own pages are to be made, one after the other.

    Parameters
    ----------
    state
        Returns what the server knows now.
    unequal
        Called with a copy from which the visitor's own page differs without a cause.
    """

    def __init__(self, state: Callable[[], Hashable], unequal: Callable[[PageCopy], None]) -> None:
        self.state, self.unequal = state, unequal
        self.queue: deque[Awaited] = deque()
        self.asked, self.runs = 0.0, False
        self.loading: WeakKeyDictionary[ServerSession, float] = WeakKeyDictionary()

    async def open(self, copy: PageCopy, create: Callable[[], Awaitable[ServerSession]]) -> ServerSession:
        """Open a session that sends a copy; ``create`` makes a session."""
        self.asked = monotonic()
        page = copy.page.renamed(new_word())
        names = names_of(page.word)
        with model_names(names), empty_documents():
            session = await create()
        self.send(Awaited(session, copy, page, names, asyncio.get_running_loop().create_future()))
        return session

    def send(self, awaited: Awaited) -> None:
        """Let a session send its copy, and make its page before the browser's first message is read."""
        session, done = awaited.session, awaited.done
        about = vars(session)
        patch: Any = session._handle_patch
        about["_html"] = awaited.page.html

        self.loading[session] = monotonic()

        async def send_copy(request: Any, _: Any) -> Any:
            self.asked = monotonic()
            self.loading.pop(session, None)
            return awaited.page.reply(request)

        async def wait_for_page(message: Any, connection: Any) -> Any:
            if not awaited.wanted:
                awaited.wanted = monotonic()
                self.add(awaited)
            await done
            return connection.ok(message) if awaited.differs else await patch(message, connection)

        about["_handle_pull"], about["_handle_patch"] = send_copy, wait_for_page

    def add(self, awaited: Awaited) -> None:
        """Make a page soon."""
        self.queue.append(awaited)
        if not self.runs:
            self.runs = True
            IOLoop.current().add_callback(self.run)

    async def run(self) -> None:
        """Make the pages that are asked for, once no other is opened."""
        while self.queue:
            awaited = self.queue[0]
            while self.others_come() and monotonic() - awaited.wanted < PATIENCE_SECONDS:
                await asyncio.sleep(PAUSE_SECONDS)
            self.queue.popleft()
            try:
                await cast(Any, awaited.session.with_document_locked(self.make, awaited))
            except Exception:
                LOGGER.exception("a page could not be made")
            awaited.done.set_result(None)
            if not awaited.differs:
                for name in ("_handle_pull", "_handle_patch"):
                    vars(awaited.session).pop(name, None)
            await asyncio.sleep(PAUSE_SECONDS)
        self.runs = False

    def others_come(self) -> bool:
        """Whether a page was asked for just now, or a browser loads the scripts of its page."""
        now = monotonic()
        loading = any(now - since < LOADING_SECONDS for since in self.loading.values())
        return loading or now - self.asked < QUIET_SECONDS

    def make(self, awaited: Awaited) -> None:
        """Make a page; nothing is sent meanwhile, since the browser has it already."""
        session, document = awaited.session, awaited.session.document
        about: Any = document.session_context
        application = about.server_context.application_context.application
        document.callbacks.remove_on_change(session)
        about._session = None  # as for any page that is made: Panel defers changes of one that has a session
        try:
            with model_names(awaited.names):
                application.initialize_document(document)
        finally:
            about._session = session
        with set_curdoc(document):
            folder = f"{state.rel_path}/{LOCAL_DIST}" if state.rel_path else LOCAL_DIST
        document.template_variables["dist_url"] = folder  # for the styles of what the page shows later
        for root in document.roots:
            patch_model_css(root, dist_url=folder)
        text, buffers = write_document(document)
        document.callbacks.on_change_dispatch_to(session)
        awaited.differs = not awaited.page.same(replace(awaited.page, document=text, buffers=buffers))
        if awaited.differs:
            if awaited.copy.fits(self.state()):
                self.unequal(awaited.copy)
            document.callbacks.trigger_on_change(MessageSentEvent(document, RELOAD, None))
            document.callbacks.remove_on_change(session)  # the browser does not know this document's models
            return
        session._callbacks.add_session_callbacks(
            [session._wrap_session_callback(callback) for callback in document.session_callbacks]
        )


_empty: ContextVar[bool] = ContextVar("empty", default=False)


@contextmanager
def empty_documents() -> Iterator[None]:
    """Leave the documents empty that are made meanwhile."""
    before = _empty.set(True)
    try:
        yield
    finally:
        _empty.reset(before)


def fill_later(application: Application) -> None:
    """Let an application leave documents empty within :func:`empty_documents`."""
    fill = application.initialize_document

    def initialize_document(document: Document) -> None:
        if not _empty.get():
            fill(document)

    application.initialize_document = initialize_document  # type: ignore[assignment,method-assign]


def load_again_on_message(document: Document) -> None:
    """Let the browser load the page again if the server says so."""
    code = f"Bokeh.documents.forEach((one) => one.on_message({RELOAD!r}, () => window.location.reload()))"
    document.js_on_event("document_ready", CustomJS(code=code))
