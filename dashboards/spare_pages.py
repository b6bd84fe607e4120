"""Pages made ahead: a class that opens one address at once gets pages that the server made while it was idle.

Making a page takes a quarter of a second of one core, so that the last of thirty visitors would wait eight
seconds. A page that is ready costs a fifth of that. Only an address that two visitors have open at once has such
pages, or any that is opened if the server was told how many visitors will come. A page with a clock that runs
before a browser has the page is never made ahead (:func:`dashboards.latest_only.repeat_once_loaded` makes one that
waits). Who comes when no page is ready is sent a copy of the last one: see :mod:`dashboards.page_copies`.

Several server processes would be another way, but then a visitor's websocket has to find the process of his page.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, process_time
from typing import Any, cast
from uuid import uuid4
from weakref import WeakSet

import bokeh.server.contexts
from bokeh.core.types import ID
from bokeh.server.contexts import ApplicationContext
from bokeh.server.session import ServerSession, current_time
from bokeh.server.tornado import BokehTornado
from bokeh.util.token import get_token_payload
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.ioloop import IOLoop

from dashboards.budget import BUDGET
from dashboards.page_copies import CopiedPages, PageCopy, fill_later
from dashboards.shared_results import noted_results
from dashboards.written_page import (
    model_names,
    names_of,
    new_word,
    send_written,
    write_page,
    write_pages_ourselves,
)

CLASS_SIZE = 5
"""Pages that are kept ready for an address, unless the server was told how many visitors it will have.

Each has 6 MB: thirty were much of what remained of a class's memory when it had left. Who comes after the fifth
has the picture from a copy as soon, and follows his sliders some seconds later.
"""
REMEMBERED_SECONDS = 600.0
"""Time after the last visit of an address in which its pages are kept ready."""
MOST_ADDRESSES = 100
"""Addresses that are remembered."""
QUIET_SECONDS = 3.0
"""Time since a page was asked for, or a visitor did something, after which the server makes another page ahead."""
PAUSE_SECONDS = 0.25
"""Time between two looks whether the server has nothing to do."""
QUIET_LOAD = 0.04
"""Part of one core that the server uses at most while no visitor does anything: a move of a slider uses more."""
COPIED_ADDRESSES = 10
"""Addresses that have a copy of their page, those that were opened last; a copy of the flow's page is 1 MB."""
MISSES_LIMIT = 2
"""Copies of an address that differ from its page, after which there are no more."""
FIRST_SECONDS = 2.0
"""Time for which others wait for what the first visitor's page computes: then the copy of it has the picture."""
LOGGER = logging.getLogger("reluflow.dashboard")

Key = tuple[str, str, str, str]
"""What a page depends on: its route, the protocol, the name of the server, and the address with its parameters."""


@dataclass
class Address:
    """An address that was opened lately, with the pages that visitors have and those that are ready."""

    context: ApplicationContext
    given: WeakSet[ServerSession] = field(default_factory=WeakSet)
    last: float = field(default_factory=monotonic)
    ready: deque[ServerSession] = field(default_factory=deque)
    state: Hashable = None
    shared: bool = False
    refused: bool = False
    copy: PageCopy | None = None
    misses: int = 0
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    def look(self) -> None:
        """Note that two visitors have this address open at once."""
        self.shared = self.shared or sum(one.connection_count > 0 for one in self.given) > 1


class SparePages:
    """The pages that are ready, of all addresses of a server.

    Parameters
    ----------
    visitors
        How many visitors are expected at one address at once; 1 for nobody else, None if that is not known.
    state
        Returns what a page may show besides its address: pages that were made in another state are discarded.
    """

    def __init__(self, visitors: int | None = None, state: Callable[[], Hashable] = lambda: None) -> None:
        self.number = CLASS_SIZE if visitors is None else visitors if visitors > 1 else 0
        self.expected = visitors is not None
        self.state = state
        self.addresses: OrderedDict[Key, Address] = OrderedDict()
        self.asked = monotonic()
        self.used = 0.0
        self.looks = False
        self.known: set[str | None] = set()  # the first page imports modules, some of which make models
        self.copies = CopiedPages(state, self.copy_no_more)

    def serve(self, application: BokehTornado) -> None:
        """Give the visitors of an application the pages that are ready."""
        self.application = application
        write_pages_ourselves()
        for context in application._applications.values():
            found: Any = context
            fill_later(context.application)
            found.create_session_if_needed = partial(self.session, context, context.create_session_if_needed)

    async def session(
        self,
        context: ApplicationContext,
        create: Callable[..., Awaitable[ServerSession]],
        session_id: Any,
        request: HTTPServerRequest | None = None,
        token: str | None = None,
    ) -> ServerSession:
        """Return the session of a request: one that exists, one that is ready, or a new one."""
        key = key_of(context, request)
        if key is None or self.number < 1 or session_id in context._sessions or request is None or token is None:
            return await create(session_id, request, token)
        self.asked = monotonic()
        spare = self.take(key)
        if spare is None:
            session = await self.open(key, context, partial(create, session_id, request, token))
        else:
            session = hand_over(context, spare, session_id, request, token)
        self.visited(key, context, session)
        return session

    async def open(
        self, key: Key, context: ApplicationContext, create: Callable[[], Awaitable[ServerSession]]
    ) -> ServerSession:
        """Open a session of an address that has no page ready: with a copy of its last page, if that fits."""
        address = self.addresses.setdefault(key, Address(context))
        while (copy := address.copy) is not None and copy.waits and monotonic() - copy.made < FIRST_SECONDS:
            if not copy.fits(copy.state):
                break
            await asyncio.sleep(PAUSE_SECONDS / 5)
        async with address.opening:
            copy = address.copy
            if copy is not None and copy.fits(self.state()):
                return await self.copies.open(copy, create)
            return await self.first(address, create)

    async def first(self, address: Address, create: Callable[[], Awaitable[ServerSession]]) -> ServerSession:
        """Make a page, write it, and keep a copy."""
        state, word = self.state(), new_word()
        with noted_results() as results, model_names(names_of(word)):
            session = await create()
        page = write_page(session, word, self.application)
        send_written(session, page)
        if address.context.url in self.known and address.misses < MISSES_LIMIT:
            address.copy = PageCopy(page, state, dict(results))
        self.known.add(address.context.url)
        return session

    def copy_no_more(self, copy: PageCopy) -> None:
        """Forget a copy that differs without a cause; an address with two such copies is copied no more."""
        for address in self.addresses.values():
            if address.copy is copy:
                address.copy, address.misses = None, address.misses + 1

    def take(self, key: Key) -> ServerSession | None:
        """Take a page that is ready; those that show an older state are discarded."""
        address = self.addresses.get(key)
        if address is None or not address.ready:
            return None
        if address.state != self.state():
            discard(address)
            return None
        return address.ready.popleft()

    def visited(self, key: Key, context: ApplicationContext, session: ServerSession) -> None:
        """Note a visit, and begin to make pages ahead."""
        address = self.addresses.setdefault(key, Address(context))
        address.given.add(session)
        address.last = monotonic()
        self.addresses.move_to_end(key)
        if not self.looks:
            self.look_later()

    def look_later(self) -> None:
        """Look in a moment whether the server has nothing to do; no task waits for that when the server ends."""
        self.looks, self.used = True, process_time()
        IOLoop.current().call_later(PAUSE_SECONDS, self.look)

    async def look(self) -> None:
        """Make a page ahead if the server has nothing to do, and forget addresses that nobody opens."""
        if BUDGET.busy or process_time() - self.used > QUIET_LOAD * PAUSE_SECONDS:
            self.asked = monotonic()
        self.forget()
        key = self.wanted()
        if key is not None and monotonic() - self.asked > QUIET_SECONDS:
            await self.make(key)
        self.looks = bool(self.addresses)
        if self.looks:
            self.look_later()

    def wanted(self) -> Key | None:
        """Return the address that was opened last, if it should have more pages."""
        for key, address in reversed(self.addresses.items()):
            if (address.shared or self.expected) and not address.refused:
                return key if len(address.ready) < self.number else None
        return None

    def forget(self) -> None:
        """Look at all addresses; discard what nobody has opened for long, and the pages that are too many."""
        left, now = self.number, monotonic()
        for number, address in enumerate(reversed(self.addresses.values())):
            address.look()
            if number >= COPIED_ADDRESSES:
                address.copy = None
            left -= len(address.ready)
            if left < 0:
                discard(address)
        for key, address in list(self.addresses.items()):
            if now - address.last > REMEMBERED_SECONDS or len(self.addresses) > MOST_ADDRESSES:
                discard(address)
                del self.addresses[key]

    async def make(self, key: Key) -> None:
        """Make a page ahead."""
        address = self.addresses[key]
        state = self.state()
        if state != address.state:
            discard(address)
            address.state = state
        create = type(address.context).create_session_if_needed
        try:
            session = await self.first(
                address, partial(create, address.context, cast(ID, str(uuid4())), bare_request(key))
            )
        except Exception:
            LOGGER.exception("a page could not be made ahead")
            address.refused = True
            return
        session.block_expiration()
        address.ready.append(session)
        if session.document.session_callbacks:
            address.refused = True
            discard(address)


def key_of(context: ApplicationContext, request: HTTPServerRequest | None) -> Key | None:
    """Return what the page of a request depends on; None if it is no request for a page."""
    if request is None or request.method != "GET" or request.path != context.url:
        return None
    if any(name.startswith("bokeh-") for name in request.arguments):
        return None
    return str(context.url), request.protocol, request.host, request.uri or ""


def bare_request(key: Key) -> HTTPServerRequest:
    """Make a request for an address, with no visitor's cookies and headers."""
    _, protocol, host, uri = key
    line = RequestStartLine("GET", uri, "HTTP/1.1")
    request = HTTPServerRequest(start_line=line, headers=HTTPHeaders({"Host": host}))
    request.protocol = protocol
    return request


def hand_over(
    context: ApplicationContext, session: ServerSession, session_id: Any, request: HTTPServerRequest, token: str
) -> ServerSession:
    """Make a page that is ready the page of a visitor, as if his request had made it."""
    payload = get_token_payload(token)
    about: Any = context._session_contexts.pop(session.id)
    del context._sessions[session.id]
    session._id = about._id = session_id
    session._token = about._token = token
    about._request = bokeh.server.contexts._RequestProxy(
        request, **{name: payload.get(name) for name in ("arguments", "cookies", "headers")}
    )
    session._last_unsubscribe_time = current_time()
    session.unblock_expiration()
    context._sessions[session_id], context._session_contexts[session_id] = session, about
    return session


def discard(address: Address) -> None:
    """Discard the pages that are ready for an address; the server's next search for unused ones ends them."""
    for session in address.ready:
        session.unblock_expiration()
        session.request_expiration()
    address.ready.clear()
