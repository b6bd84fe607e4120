"""Runs as the pages see them, and a small catalog that they look at."""

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import panel as pn
import pytest
import xarray as xr
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from bokeh.protocol import Protocol
from bokeh.protocol.messages.patch_doc import patch_doc
from bokeh.util.token import get_session_id
from tornado.httpclient import AsyncHTTPClient

from catalog import Catalog, open_catalog
from dashboards import spare_pages
from dashboards.drawing_data import DrawingData
from dashboards.run_data import compute_complete, compute_preview
from dashboards.spare_pages import SparePages
from pipeline import load_config, run

SMALL = {"init.width": 12, "flow.samples": 40}


@pytest.fixture(autouse=True)
def interrupts_as_before() -> Iterator[None]:
    """A server of Panel's, made in a test, takes Ctrl-C for itself and for all tests after it."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture(scope="session")
def small_catalog(tmp_path_factory) -> Catalog:
    """Three runs: the paper's, the same from a smaller scale, and one in four dimensions."""
    catalog = open_catalog(tmp_path_factory.mktemp("small") / "catalog")
    run(load_config("orthogonal", SMALL), catalog)
    run(load_config("orthogonal", SMALL | {"init.log10_scale": -9.0}), catalog)
    run(load_config("orthonormal", SMALL), catalog)
    return catalog


@pytest.fixture(scope="session")
def orthogonal_id(small_catalog) -> str:
    return load_config("orthogonal", SMALL).run_id("1.2")


@pytest.fixture
def tree(small_catalog, orthogonal_id) -> xr.DataTree:
    return small_catalog[orthogonal_id]


@pytest.fixture
def damaged_catalog(small_catalog, tmp_path) -> Catalog:
    """A copy in which one run has lost a chunk, and another's manifest has a flipped bit."""
    import shutil

    root = tmp_path / "damaged"
    shutil.copytree(str(small_catalog.storage.url), root)
    orthogonal = sorted(path for path in (root / "runs").iterdir() if path.name.startswith("orthogonal"))
    (orthogonal[0] / "data.zarr" / "trajectory" / "loss" / "c.0").unlink()
    manifest = orthogonal[1] / "manifest.json"
    content = bytearray(manifest.read_bytes())
    content[200] ^= 1
    manifest.write_bytes(content)
    return open_catalog(Path(root))


@pytest.fixture(scope="session")
def run_data_of():
    """The data of a preset's run with overrides; kept, since nothing changes it."""
    kept = {}

    def make(name="orthogonal", quick=False, **overrides):
        key = (name, quick, repr(sorted(overrides.items())))
        if key not in kept:
            config = load_config(name, {k.replace("__", "."): value for k, value in overrides.items()})
            kept[key] = (compute_preview if quick else compute_complete)(config)
        return kept[key]

    return make


@pytest.fixture(scope="session")
def drawing_of(run_data_of):
    def make(name="orthogonal", quick=False, **overrides):
        return DrawingData.of(run_data_of(name, quick, **overrides))

    return make


class Small:
    """A server of two small pages, or another one.

    ``made`` has what the pages knew of their requests when they were made, ``text`` returns what they show.
    """

    def __init__(self, server=None, **options):
        self.made, self.now, self.text = [], "before", lambda: "a text"
        self.connection = Mock(protocol=Protocol())
        self.server = server or pn.io.server.get_server(
            {"still": self.page, "clock": self.clock}, port=0, address="127.0.0.1", start=False, show=False
        )
        if server is not None:
            return
        self.spares = SparePages(state=lambda: self.now, **options)
        self.spares.serve(self.server._tornado)
        self.spares.known = {"/still", "/clock"}

    def page(self):
        self.made.append({key: values[0].decode() for key, values in pn.state.session_args.items()})
        drawn = figure()
        drawn.line("t", "loss", source=ColumnDataSource({"t": np.arange(3.0), "loss": np.ones(3)}))
        column = pn.Column(pn.widgets.TextInput(value=self.text()))
        pn.state.execute(lambda: column.append(pn.pane.Bokeh(drawn)))  # as the page Sweeps draws
        return column

    def clock(self):
        pn.state.curdoc.add_periodic_callback(lambda: None, 100_000)
        return self.page()

    async def visit(self, path="/still?x=1", **headers):
        address = f"http://127.0.0.1:{self.server.port}{path}"
        answer = await AsyncHTTPClient().fetch(address, headers=headers)
        token = re.search(r'"token":"([^"]+)"', answer.body.decode())[1]
        context = self.server._tornado._applications[path.split("?")[0]]
        return context.get_session(get_session_id(token))

    async def message(self, session, *events):
        """Let a browser send changes of its page."""
        content = {"events": list(events)}
        return await session._handle_patch(patch_doc(patch_doc.create_header(), {}, content), self.connection)

    async def document(self, session):
        """Fetch a page's document as a browser does: its JSON, and its arrays."""
        asked = Protocol().create("PULL-DOC-REQ")
        reply = await session._handle_pull(asked, self.connection)
        assert reply.header["reqid"] == asked.header["msgid"]
        return reply.content_json, [bytes(buffer.data) for buffer in reply.buffers]

    @property
    def ready(self):
        return [session for address in self.spares.addresses.values() for session in address.ready]

    async def until(self, number):
        """Wait until so many pages are ready, and let no more be made."""
        while len(self.ready) < number:  # for ever, if it never comes true: then the test times out
            await asyncio.sleep(0.01)
        self.spares.wanted = lambda: None


@pytest.fixture
def in_loop(monkeypatch):
    """Run a coroutine with a server whose pages are made ahead at once."""
    for name, value in (("PAUSE_SECONDS", 0.01), ("QUIET_SECONDS", 0.0), ("QUIET_LOAD", 1e9)):
        monkeypatch.setattr(spare_pages, name, value)

    def run(work, make_server=lambda: None, **options):
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        small = Small(make_server(), **options)
        small.server.start()
        small.server.io_loop.run_sync(lambda: work(small))
        small.server.stop()
        pn.state._curdoc.set(None)
        loop.close()

    return run
