"""The server: the pages at their addresses, on this machine's own interface, behind the list of allowed names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

import panel as pn
from bokeh.server.server import Server
from tornado.web import RedirectHandler
from tornado.websocket import WebSocketClosedError

from catalog import Catalog
from dashboards.callbacks import PageCallbacks
from dashboards.page_template import open_page
from dashboards.processes import prepare_processes
from dashboards.security import allowed_hosts, guard
from dashboards.views import PAGES

ADDRESS = "127.0.0.1"
"""The interface to listen on: this machine alone. For others a proxy that asks for a password goes before it."""
THREADS = 4
"""For callbacks: while one takes its time, other people's pages go on."""
UNUSED_SECONDS = 10
"""After which a session whose page is closed is forgotten."""


def server(
    catalog: Catalog, *, port: int = 5006, names: Collection[str] = (), pages: dict[str, Any] = PAGES
) -> Server:
    """Make the server of a catalog's pages; it listens already and answers once its ``io_loop`` runs.

    Parameters
    ----------
    catalog
        Its runs and sweeps, and no other file, can be opened.
    port
        Where to listen; 0 for any that is free.
    names
        Further values of Host and Origin that are let in: see :func:`dashboards.security.allowed_hosts`.
    pages
        The pages by the last part of their address.

    Raises
    ------
    OSError
        If the port is taken.
    """
    prepare_processes()
    pn.extension("tabulator", nthreads=THREADS)
    state: Any = pn.state
    if not isinstance(state._thread_pool, PageCallbacks):
        state._thread_pool = PageCallbacks(THREADS, thread_name_prefix="page-callback")
    logging.getLogger("asyncio").addFilter(keep_unless_page_closed)
    routes: dict[str, Any] = {name: page_of(name, catalog) for name in pages}
    made: Server = pn.io.server.get_server(
        routes,
        port=port,
        address=ADDRESS,
        websocket_origin=[f"{name}:{port or 1}" for name in ("localhost", "127.0.0.1")],
        show=False,
        start=False,
        title={name: f"{name.capitalize()} · reluflow" for name in pages},
        index=None,
        extra_patterns=[(r"/?", RedirectHandler, {"url": f"/{next(iter(pages))}", "permanent": False})],
        check_unused_sessions_milliseconds=1000 * UNUSED_SECONDS,
        unused_session_lifetime_milliseconds=1000 * UNUSED_SECONDS,
        keep_alive_milliseconds=15_000,
    )
    hosts = allowed_hosts(made.port or port, names)
    # Bokeh's own list, asked for websockets besides: only now is the port known; a name without one is port 80's.
    made._tornado._websocket_origins = {name if ":" in name else f"{name}:80" for name in hosts}
    guard(made._tornado, hosts)
    return made


def keep_unless_page_closed(record: logging.LogRecord) -> bool:
    """Drop what asyncio reports when a page is closed while a message to it is written.

    Panel begins to write every part of a message and, once its page is gone, asks after none of them
    (``panel.io.document``): asyncio would print a traceback for each closed tab.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], WebSocketClosedError))


def page_of(name: str, catalog: Catalog) -> Callable[[], pn.Template]:
    """Make the function that builds a page for each visitor; Panel asks for one without arguments."""

    def build() -> pn.Template:
        return open_page(name, catalog)

    return build
