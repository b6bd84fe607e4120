"""Copies of a page: who is sent one, when his own page is made, and what happens if that differs."""

import asyncio
import json

import pytest
from amounts import with_slow
from bokeh.document import Document
from bokeh.models import TextInput

from dashboards import page_copies, spare_pages
from dashboards.application import server
from dashboards.shared_results import SHARED
from dashboards.views import PAGES
from dashboards.written_page import WrittenPage, model_names, names_of, new_word, write_document

LOADED = {
    "kind": "MessageSent", "msg_type": "bokeh_event",
    "msg_data": {"type": "event", "name": "document_ready", "values": {"type": "map"}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Pages are made as soon as they are wanted, and none ahead."""
    for name in ("QUIET_SECONDS", "LOADING_SECONDS", "PAUSE_SECONDS"):
        monkeypatch.setattr(page_copies, name, 0.0)
    monkeypatch.setattr(spare_pages, "CLASS_SIZE", 1)


def names(document):
    """The models of a document as JSON, each by its identifier."""
    return {one["id"]: one["name"] for one in page_objects(json.loads(document)) if "name" in one}


def page_objects(part):
    found = [part] if isinstance(part, dict) and str(part.get("id", "")).startswith("p") else []
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
    return found + [one for each in inner for one in page_objects(each)]


def test_a_second_visitor_is_sent_a_copy_and_his_page_is_made_when_his_browser_speaks(in_loop):
    async def work(small):
        first, second = await small.visit(), await small.visit()
        assert len(small.made) == 1
        ours, theirs = await small.document(first), await small.document(second)
        assert ours[1] == theirs[1] != []
        assert not names(ours[0]).keys() & names(theirs[0]).keys()
        assert list(names(ours[0]).values()) == list(names(theirs[0]).values())
        await small.message(second, LOADED)
        assert len(small.made) == 2
        made, config = {model.id for model in second.document.models}, second.document.config.id
        assert names(theirs[0]).keys() - made <= {config}
        styles = [one.document.template_variables["dist_url"] for one in (first, second)]
        assert styles[0] == styles[1]  # of this server, not of Panel's
        text = second.document.select_one({"type": TextInput})
        await small.message(
            second, {"kind": "ModelChanged", "model": {"id": text.id}, "attr": "value", "new": "mine"}
        )
        assert text.value == "mine"
        assert first.document.select_one({"type": TextInput}).value == "a text"
        assert '"mine"' in (await small.document(second))[0]

    in_loop(work)


def test_pages_are_made_when_all_browsers_have_their_copies(in_loop, monkeypatch):
    async def work(small):
        await small.visit()
        monkeypatch.setattr(page_copies, "LOADING_SECONDS", 1e9)
        second, third = await small.visit(), await small.visit()
        await small.document(second)
        spoken = asyncio.ensure_future(small.message(second, LOADED))
        await asyncio.sleep(0.05)
        assert len(small.made) == 1
        await small.document(third)
        await spoken
        assert len(small.made) == 2

    in_loop(work)


def test_what_was_published_since_is_in_no_copy(in_loop):
    async def work(small):
        await small.visit()
        small.now = "after"
        await small.visit()
        assert len(small.made) == 2
        await small.visit()
        assert len(small.made) == 2

    in_loop(work)


def test_others_wait_for_the_result_of_the_first(in_loop, monkeypatch):
    monkeypatch.setattr(spare_pages, "PAUSE_SECONDS", 0.01)
    key = "a result", object()

    class Result:
        nbytes = 1

    async def work(small):
        small.text = lambda: f"found: {SHARED.peek(key)}"
        await small.visit()
        second = asyncio.ensure_future(small.visit())
        await asyncio.sleep(0.05)
        assert not second.done()
        SHARED.get(key, Result)
        assert "Result object" in (await small.document(await second))[0]
        assert "Result object" in (await small.document(await small.visit()))[0]
        assert len(small.made) == 2

    in_loop(work)


def test_who_has_a_copy_of_a_page_that_changed_loads_it_again(in_loop):
    async def work(small):
        await small.visit()
        second = await small.visit()
        small.now, small.text = "after", lambda: "another text"
        sent = []
        second.document.callbacks.on_change_dispatch_to(Sent(sent))
        await small.message(second, LOADED)
        assert sent == [page_copies.RELOAD]
        await small.visit()
        await small.visit()
        assert len(small.made) == 3  # the first, the second's own, and one of which the fourth has a copy

    in_loop(work)


def test_a_page_that_differs_each_time_is_copied_no_more(in_loop):
    async def work(small):
        small.text = lambda: f"made for the {len(small.made)}th time"
        for _ in range(4):
            await small.message(await small.visit(), LOADED)
        assert len(small.made) == 4
        await small.visit()
        await small.visit()
        assert len(small.made) == 6

    in_loop(work)


def test_a_message_that_came_with_an_unequal_copy_is_dropped(in_loop):
    async def work(small):
        await small.visit()
        second = await small.visit()
        small.text = lambda: "another text"
        loaded = {"kind": "ModelChanged", "model": {"id": "unknown"}, "attr": "value", "new": 1}
        await small.message(second, loaded)
        await small.message(second, loaded)
        second.document.select_one({"type": TextInput}).value = "not sent"

    in_loop(work)


def test_the_first_page_of_a_route_is_not_copied(in_loop):
    async def work(small):
        small.spares.known.clear()
        for _ in range(3):
            await small.visit()
        assert len(small.made) == 2

    in_loop(work)


class Sent:
    """Notes the messages to a browser."""

    def __init__(self, sent):
        self.sent = sent

    def _document_message_sent(self, event):
        self.sent.append(event.msg_type)


def test_a_closed_page_is_not_made(in_loop):
    async def work(small):
        await small.visit()
        second = await small.visit()
        second.destroy()
        await small.message(second, LOADED)
        assert len(small.made) == 1

    in_loop(work)


@pytest.mark.parametrize("name", with_slow(["flow", "theory"], sorted(PAGES.keys() - {"flow", "theory"})))
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")
def test_the_page_that_is_made_for_a_copy_is_the_same(in_loop, monkeypatch, name, small_catalog):
    monkeypatch.setattr(spare_pages, "FIRST_SECONDS", 0.0)
    sent = []

    async def work(small):
        await small.visit(f"/{name}?x=1")
        first = await small.visit(f"/{name}")
        assert first.document.session_callbacks == []  # or no page of this address is made ahead
        second = await small.visit(f"/{name}")
        second.document.callbacks.on_change_dispatch_to(Sent(sent))
        await small.message(second, LOADED)
        assert len(second.document.roots) > 3
        assert sent == []
        clock = name in ("theory", "sweeps", "catalog")  # they look for new runs, once a browser has the page
        while len(second.document.session_callbacks) < clock:
            await asyncio.sleep(0.01)

    in_loop(work, lambda: server(small_catalog, port=0))


def test_pages_with_other_contents_are_not_the_same():
    def page(text):
        word = new_word()
        with model_names(names_of(word)):
            document = Document()
            document.add_root(TextInput(value=text))
        return WrittenPage(word, "", *write_document(document))

    assert page("a text").same(page("a text"))
    assert not page("a text").same(page("another text"))
