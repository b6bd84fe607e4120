"""The server of the pages: it listens on this machine's own interface and checks the names that requests use."""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import panel as pn
from bokeh.server.server import Server
from tornado.web import RedirectHandler
from tornado.websocket import WebSocketClosedError

from catalog import Catalog, CatalogError
from dashboards.bokeh_defaults import keep_defaults
from dashboards.callbacks import PageCallbacks
from dashboards.compressed_files import compress_files
from dashboards.page_template import keep_unless_expected, open_page
from dashboards.processes import prepare_processes
from dashboards.returned_memory import PagesLeft, allocate_returnably
from dashboards.security import allowed_hosts, guard
from dashboards.spare_pages import SparePages
from dashboards.views import PAGES

ADDRESS = "127.0.0.1"
"""The interface to listen on: this machine alone. Others reach it through a proxy that asks for a password."""
THREADS = 4
"""Threads for callbacks: a slow callback does not delay the pages of other people."""
GARBAGE_THRESHOLD = 10_000
"""New objects after which Python searches the new ones for garbage."""
CLOSED_PAGE_LOGGERS = ("asyncio", "bokeh.server.protocol_handler", "tornado.application")
"""Loggers that report a closed page with a traceback."""
UNUSED_SECONDS = 10
"""Time after which a session whose page is closed is discarded."""


def server(
    catalog: Catalog,
    *,
    port: int = 5006,
    names: Collection[str] = (),
    files: Mapping[str, str] | None = None,
    pages: dict[str, Any] = PAGES,
    visitors: int | None = None,
) -> Server:
    """Make the server of a catalog's pages; it listens at once, and answers when its ``io_loop`` runs.

    Parameters
    ----------
    catalog
        The pages open its runs and sweeps, and besides them ``files`` alone.
    port
        The port to listen on; 0 for any free one.
    names
        Further values of Host and Origin that are allowed: see :func:`dashboards.security.allowed_hosts`.
    files
        netCDF files and Zarr stores that the page Explore offers, by name.
    pages
        The pages by the last part of their address.
    visitors
        How many visitors are expected at one address at once: see :mod:`dashboards.spare_pages`.

    Raises
    ------
    OSError
        If the port is taken.
    """
    prepare_processes()
    keep_defaults()
    pn.extension("tabulator", nthreads=THREADS)
    state: Any = pn.state
    if not isinstance(state._thread_pool, PageCallbacks):
        state._thread_pool = PageCallbacks(THREADS, thread_name_prefix="page-callback")
    for name in CLOSED_PAGE_LOGGERS:
        logging.getLogger(name).addFilter(keep_unless_page_closed)
    logging.getLogger("panel.reactive").addFilter(keep_unless_expected)
    routes: dict[str, Any] = {name: page_of(name, catalog, files or {}) for name in pages}
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
    # Bokeh has a list of its own for websockets, in which a name without a port means port 80.
    made._tornado._websocket_origins = {name if ":" in name else f"{name}:80" for name in hosts}
    SparePages(visitors, partial(published_names, catalog)).serve(made._tornado)
    PagesLeft().serve(made._tornado)
    compress_files(made._tornado)
    guard(made._tornado, hosts)
    return made


def published_names(catalog: Catalog) -> Hashable:
    """Return the names of the published runs and sweeps, which pages list; None if they can't be read."""
    try:
        return tuple(catalog.run_ids()), tuple(catalog.sweeps.run_ids())
    except (CatalogError, OSError):
        return None


def prepare_first_page(pages: Iterable[str] = PAGES) -> None:
    """Import what the first page needs, and exempt all that is there now from the search for garbage.

    The search reads hundreds of thousands of objects of libraries, which never become garbage: a fifth of a page's
    time whenever it comes in a page's way. A page is 100,000 objects: with Python's threshold of 700 the search
    comes 150 times while it is made, another fifth of its time.

    Objects that come from now on are placed so that their memory can be returned.
    """
    import_module(f"dashboards.views.{next(iter(pages))}.page")
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 10)
    allocate_returnably()


def keep_unless_page_closed(record: logging.LogRecord) -> bool:
    """Drop what is reported when a page is closed while a message to it is written, or one of it arrives.

    Panel starts to write every part of a message and does not await them once the page is closed
    (``panel.io.document``): asyncio would print a traceback for each closed tab. Bokeh 3.9 asserts that a
    connection has its session, which it has lost by then (``bokeh.server.connection``).
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, AssertionError):
        last = traceback.extract_tb(error.__traceback__)[-1:]
        return not any(frame.name == "session" and frame.filename.endswith("connection.py") for frame in last)
    return not isinstance(error, WebSocketClosedError)


def page_of(name: str, catalog: Catalog, files: Mapping[str, str]) -> Callable[[], pn.Template]:
    """Make the function that builds a page for each visitor; Panel asks for one without arguments."""

    def build() -> pn.Template:
        return open_page(name, catalog, files)

    return build
