"""Panel's callbacks: one by one and in their order for each page, under its document's lock."""

import asyncio
import threading
from types import SimpleNamespace

import pytest
from bokeh.document import Document
from bokeh.models import Div
from bokeh.server.session import ServerSession
from tornado.ioloop import IOLoop

from dashboards.callbacks import PageCallbacks


@pytest.fixture
def loop():
    """Bokeh's event loop, in a thread of its own."""
    found, started = [], threading.Event()

    async def serve():
        ended = asyncio.Event()
        found.extend([IOLoop.current(), ended])
        started.set()
        await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    yield found[0]
    found[0].add_callback(found[1].set)
    thread.join(20)


@pytest.fixture
def opened(loop):
    """Open pages of one model each: a document in a session of Bokeh's server."""
    kept = []

    def page():
        document = Document()
        document.add_root(Div(text=""))
        context = SimpleNamespace(destroyed=False)
        document._session_context = lambda: context
        kept.append((ServerSession(f"session-{len(kept)}", document, io_loop=loop), context))
        return document

    return page


@pytest.fixture
def callbacks():
    with PageCallbacks(4) as made:
        yield made


def write(document, text):
    document.roots[0].text = text


def test_a_callback_may_change_the_models_of_its_page(opened, callbacks):
    page = opened()
    callbacks.submit(write, page, "two").result(20)
    assert page.roots[0].text == "two"


def test_those_of_one_page_run_in_their_order_and_never_two_at_once(opened, callbacks):
    page, heard, running = opened(), [], threading.Lock()
    first = threading.Event()

    def call(document, number):
        assert running.acquire(blocking=False), "two callbacks of a page at once"
        if number == 0:
            first.wait(20)
        heard.append(number)
        write(document, str(number))
        running.release()

    done = [callbacks.submit(call, page, number) for number in range(20)]
    first.set()
    for one in done:
        one.result(20)
    assert heard == list(range(20))


def test_while_one_page_waits_another_goes_on(opened, callbacks):
    slow, quick, gate = opened(), opened(), threading.Event()
    waiting = callbacks.submit(lambda document: gate.wait(20), slow)
    callbacks.submit(write, quick, "here").result(20)
    assert not waiting.done()
    gate.set()
    assert waiting.result(20)


def test_what_belongs_to_no_page_runs_at_once(callbacks):
    assert callbacks.submit(lambda: threading.current_thread().name).result(20) != threading.current_thread().name


def test_an_error_is_told_and_the_next_callback_runs(opened, callbacks):
    page = opened()
    assert isinstance(callbacks.submit(lambda document: 1 / 0, page).exception(20), ZeroDivisionError)
    callbacks.submit(write, page, "after").result(20)
    assert page.roots[0].text == "after"


def test_a_closed_page_is_left_alone(opened, callbacks):
    page, heard = opened(), []
    page.session_context.destroyed = True
    callbacks.submit(heard.append, page)
    callbacks.submit(lambda: None).result(20)
    assert heard == []
