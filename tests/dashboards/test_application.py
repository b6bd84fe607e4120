"""The server: where it listens, whom it answers, and that every page is there."""

import gc
import gzip
import logging
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import weakref

import panel as pn
import pytest
from served import REPOSITORY, dashboard_command
from tornado.websocket import WebSocketClosedError

from catalog import DamagedRunError, open_catalog
from dashboards.application import GARBAGE_THRESHOLD, keep_unless_page_closed, prepare_first_page, server
from dashboards.returned_memory import PagesLeft
from dashboards.views import PAGES
from dashboards.views.catalog.page import CatalogPage
from dashboards.views.flow.page import FlowPage
from dashboards.views.sweeps.page import SweepsView
from dashboards.views.theory.page import TheoryPage

# Panel 1.9's Tabulator uses what pandas 3.1 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server in a thread of its own with an event loop of its own."""
    import asyncio

    from tornado.ioloop import IOLoop

    started, ready = [], threading.Event()
    patch = pytest.MonkeyPatch()
    patch.setattr("dashboards.application.UNUSED_SECONDS", 1)

    def serve():
        asyncio.set_event_loop(asyncio.new_event_loop())
        made = server(open_catalog(tmp_path_factory.mktemp("empty")), port=0, names=["flows.example.org"])
        made.start()
        started.extend([made, IOLoop.current()])
        ready.set()
        IOLoop.current().start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(60)
    patch.undo()
    made, loop = started
    yield made
    loop.add_callback(made.stop)
    loop.add_callback(loop.stop)
    thread.join(10)
    pn.config.nthreads = None  # else pages of later tests would fill themselves in threads that have ended


def fetch(running, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{running.port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def test_it_hears_of_each_page_s_end_to_return_its_memory(running):
    contexts = running._tornado._applications.values()
    assert len(contexts) == len(PAGES)
    assert all(any(isinstance(one, PagesLeft) for one in each.application.handlers) for each in contexts)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_answers_with_its_title_and_the_headers(running, caplog, name):
    status, body, headers = fetch(running, f"/{name}")
    assert status == 200
    assert f"<title>{name.capitalize()} · reluflow</title>" in body
    assert headers["X-Frame-Options"] == "DENY"
    assert "Traceback" not in body
    assert [record for record in caplog.records if record.name == "reluflow.dashboard"] == []  # none failed


def test_scripts_are_sent_compressed_and_kept_by_the_browser(running):
    address = f"http://127.0.0.1:{running.port}/static/js/bokeh.min.js?v=1"
    sizes = {}
    for accepted in ("gzip, br", "identity"):
        request = urllib.request.Request(address, headers={"Accept-Encoding": accepted})
        with urllib.request.urlopen(request, timeout=60) as answer:
            content, headers = answer.read(), answer.headers
        assert headers["Content-Type"] == "application/javascript"
        assert headers["Vary"] == "Accept-Encoding"
        assert int(headers["Cache-Control"].removeprefix("max-age=")) > 3e7
        sizes[headers["Content-Encoding"]] = content
    assert gzip.decompress(sizes["gzip"]) == sizes[None]
    assert len(sizes["gzip"]) < 0.35 * len(sizes[None])


def test_the_bare_address_leads_to_the_first_page(running):
    assert "<title>Flow · reluflow</title>" in fetch(running, "/")[1]


@pytest.mark.parametrize("path", ["/flow", "/", "/static/js/bokeh.min.js", "/flow/autoload.js", "/nothing"])
def test_foreign_names_get_nothing(running, path):
    for headers in (
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ):
        status, body, _ = fetch(running, path, **headers)
        assert (status, body.count("\n")) == (403, 1)


def test_a_proxy_s_name_is_let_in(running):
    named = {"Host": "flows.example.org", "Origin": "https://flows.example.org"}
    assert fetch(running, "/flow", **named)[0] == 200
    assert "flows.example.org:80" in running._tornado.websocket_origins
    assert not any("*" in origin for origin in running._tornado.websocket_origins)


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/static/..%2f..%2f..%2fetc/passwd", "/components/os/path", "/%00"]
)
def test_no_path_leads_to_a_file_of_the_machine(running, path):
    status, body, _ = fetch(running, path)
    assert status in (400, 403, 404)
    assert "root:" not in body


@pytest.mark.slow
def test_pages_that_nobody_has_open_are_forgotten(running):
    kinds = {FlowPage, TheoryPage, SweepsView, CatalogPage}
    before = {id(thing) for thing in gc.get_objects() if type(thing) in kinds}  # isinstance would ask dead proxies
    for name in PAGES:
        assert fetch(running, f"/{name}")[0] == 200
    pages = [weakref.ref(thing) for thing in gc.get_objects() if type(thing) in kinds and id(thing) not in before]
    assert {type(page()) for page in pages} == kinds
    while any(page() is not None for page in pages):  # for ever, if one is kept: then the test times out
        time.sleep(0.2)
        gc.collect()


def test_it_listens_on_this_machine_alone(running):
    addresses = {sock.getsockname()[0] for sock in running._http._sockets.values()}
    assert addresses == {"127.0.0.1"}


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = dashboard_command(tmp_path, port=port)
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"reluflow: --port {port}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "said"), [(WebSocketClosedError(), False), (ValueError("a fault of ours"), True)]
)
def test_a_tab_that_is_closed_while_a_message_is_written_is_no_traceback(running, caplog, error, said):
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved", exc_info=(type(error), error, error.__traceback__)
    )
    assert bool(caplog.records) is said
    assert keep_unless_page_closed in logging.getLogger("asyncio").filters


@pytest.mark.parametrize(
    ("error", "said"), [(DamagedRunError("run x was removed"), False), (KeyError("ours"), True)]
)
def test_a_run_that_was_removed_is_a_line_on_the_page_and_no_traceback(running, caplog, error, said):
    """Panel logs every error of a widget's callback before the page says it."""
    logging.getLogger("panel.reactive").error("Callback failed", exc_info=(type(error), error, None))
    assert bool(caplog.records) is said


def test_a_message_of_a_page_that_was_left_is_no_traceback(running, caplog):
    """Bokeh's own connection says it: a Bokeh that no longer asserts this needs no filter."""
    from bokeh.server.connection import ServerConnection

    left = ServerConnection.__new__(ServerConnection)
    left._session = None
    with pytest.raises(AssertionError) as lost:
        _ = left.session
    with pytest.raises(AssertionError) as ours:
        raise AssertionError("a fault of ours")
    for caught, said in ((lost, False), (ours, True)):
        caplog.clear()
        logging.getLogger("bokeh.server.protocol_handler").error(
            "error handling message", exc_info=caught._excinfo
        )
        assert bool(caplog.records) is said


def test_the_search_for_garbage_leaves_out_libraries_and_comes_rarely(monkeypatch):
    done = []
    for name in ("collect", "freeze", "set_threshold"):
        monkeypatch.setattr(gc, name, lambda *numbers, name=name: done.append((name, *numbers)))
    monkeypatch.setattr("dashboards.application.allocate_returnably", lambda: done.append(("allocate",)))
    prepare_first_page()
    assert done[-4:] == [("collect",), ("freeze",), ("set_threshold", GARBAGE_THRESHOLD, 10, 10), ("allocate",)]
