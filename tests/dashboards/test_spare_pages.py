"""Pages made ahead: who gets them, what they know of their visitor, and when they are discarded."""

import asyncio
import re

from bokeh.models import TextInput
from bokeh.util.token import get_session_id

from dashboards import spare_pages


def without_buffers(text):
    """A document as JSON without the names of its arrays, which are new with each reading."""
    return re.sub(r'"data":\{"id":"[^"]*"\}', "", text)


def test_an_address_that_two_have_open_has_pages_ready(in_loop, monkeypatch):
    monkeypatch.setattr(spare_pages, "CLASS_SIZE", 3)

    async def work(small):
        (await small.visit()).subscribe("a connection")
        second = await small.visit()
        await asyncio.sleep(0.1)
        assert small.ready == []
        second.subscribe("another connection")
        await small.until(3)
        assert small.made == [{"x": "1"}] * 4
        given = [await small.visit(), await small.visit()]
        assert len(small.made) == 4
        assert given[0] is not given[1]
        assert (await small.visit("/still?x=2")).document.session_context.request.arguments == {"x": [b"2"]}

    in_loop(work)


def test_who_says_how_many_come_has_pages_ready_after_one_visit(in_loop):
    async def work(small):
        await small.visit()
        await small.until(2)
        del small.spares.wanted
        await asyncio.sleep(0.1)
        assert len(small.ready) == 2

    in_loop(work, visitors=2)


def test_one_visitor_has_none_made_for_others(in_loop):
    async def work(small):
        await small.visit()
        await small.visit()
        await asyncio.sleep(0.1)
        assert len(small.made) == 2

    in_loop(work, visitors=1)


def test_a_page_that_was_ready_is_its_visitor_s_own(in_loop):
    async def work(small):
        await small.visit(Cookie="who=first")
        await small.until(1)
        assert small.ready[0].document.session_context.request.cookies == {}
        session = await small.visit(Cookie="who=second", Accept="text/html")
        about = session.document.session_context
        assert len(small.made) == 2
        assert about.request.cookies == {"who": "second"}
        assert about.request.headers["Accept"] == "text/html"
        assert about.id == session.id == get_session_id(session.token)
        assert about.request.uri == "/still?x=1"
        assert not session.expiration_blocked
        assert session.milliseconds_since_last_unsubscribe < 1000

    in_loop(work, visitors=2)


def test_its_document_is_written_ahead_and_again_after_a_change(in_loop):
    async def work(small):
        await small.visit()
        await small.until(2)
        still, changed = [await small.visit(), await small.visit()]
        assert "_handle_pull" in vars(still)
        written, buffers = await small.document(still)
        assert "https://" not in written  # the addresses of its styles are those of this server
        again, others = await small.document(still)
        assert without_buffers(again) == without_buffers(written)
        assert others == buffers
        assert len(buffers) == 2
        text = changed.document.select_one({"type": TextInput})
        await changed.with_document_locked(lambda: text.update(value="another text"))
        assert "another text" in (await small.document(changed))[0]

    in_loop(work, visitors=2)


def test_a_page_with_a_clock_is_not_made_ahead(in_loop):
    async def work(small):
        await small.visit("/clock")
        while len(small.made) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert len(small.made) == 2
        assert small.ready == []

    in_loop(work, visitors=2)


def test_pages_that_show_an_older_state_are_discarded(in_loop):
    async def work(small):
        await small.visit()
        await small.until(2)
        old = small.ready
        small.now = "after"
        assert await small.visit() not in old
        assert all(session.expiration_requested and not session.expiration_blocked for session in old)

    in_loop(work, visitors=2)


def test_an_address_that_nobody_opens_is_forgotten(in_loop, monkeypatch):
    async def work(small):
        await small.visit()
        await small.until(2)
        sessions = small.ready
        monkeypatch.setattr(spare_pages, "REMEMBERED_SECONDS", 0.0)
        while small.spares.addresses:
            await asyncio.sleep(0.01)
        await small.server._tornado._applications["/still"]._cleanup_sessions(1e9)
        assert all(session.destroyed for session in sessions)

    in_loop(work, visitors=2)


def test_the_last_address_has_the_pages(in_loop):
    async def work(small):
        await small.visit("/still?x=1")
        await small.until(2)
        del small.spares.wanted
        await small.visit("/still?x=2")
        while [len(address.ready) for address in small.spares.addresses.values()] != [0, 2]:
            await asyncio.sleep(0.01)

    in_loop(work, visitors=2)


def test_while_a_visitor_does_something_no_page_is_made(in_loop, monkeypatch):
    async def work(small):
        monkeypatch.setattr(spare_pages, "QUIET_SECONDS", 0.1)
        monkeypatch.setattr(spare_pages, "QUIET_LOAD", -1.0)  # whatever is done is something
        await small.visit()
        await asyncio.sleep(0.3)
        assert len(small.made) == 1
        monkeypatch.setattr(spare_pages, "QUIET_LOAD", 1e9)
        await small.until(2)

    in_loop(work, visitors=2)
