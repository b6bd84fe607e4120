"""Memory goes back to the operating system although some objects stay; nothing of a page that was left stays."""

import asyncio
import gc
import os
import re
import sys
import tracemalloc
from collections import Counter
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import panel as pn
import pytest
from bokeh.plotting import figure
from processes import in_processes

from dashboards import returned_memory
from dashboards.page_template import PageTemplate
from dashboards.returned_memory import RETURN_SECONDS, PagesLeft, allocate_returnably, can_return, return_memory

TEMPLATE = "{% extends base %}{% block contents %}{{ embed(roots.content) }}{% endblock %}"
needs_glibc = pytest.mark.skipif(not can_return(), reason="only glibc returns pages between others")


def resident():
    """Megabytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


@needs_glibc
def test_objects_that_stay_hold_no_memory_of_others():
    """Of 100,000 objects one in 1,000 stays: with Python's own placing most of their memory would too."""

    def work(_):
        allocate_returnably()
        gc.collect()
        return_memory()
        before = resident()
        made = [(number, None, None) for number in range(100_000)]
        most = resident()
        made = made[::1000]
        gc.collect()
        return_memory()
        assert made[1] == (1000, None, None)
        assert most > before + 5.0
        assert resident() < before + 0.2 * (most - before)

    assert in_processes(1, work) == [0]


@needs_glibc
def test_objects_of_before_are_freed_and_resized_where_they_are():
    def work(_):
        old = [[number] for number in range(10_000)]
        assert allocate_returnably()
        for number, each in enumerate(old):
            each.extend(range(number % 40))
        assert [len(each) for each in old] == [number % 40 + 1 for number in range(10_000)]
        del old[::2]
        gc.collect()
        assert sum(each[0] for each in old) == 25_000_000

    assert in_processes(1, work) == [0]


@needs_glibc
def test_another_allocator_is_left_alone():
    def work(_):
        tracemalloc.start()
        assert not allocate_returnably()

    assert in_processes(1, work) == [0]


def test_an_allocator_that_the_environment_names_is_left_alone(monkeypatch):
    monkeypatch.setenv("PYTHONMALLOC", "mimalloc")  # whose function to free can't free what the C library placed
    assert not allocate_returnably.__wrapped__()


def test_another_system_keeps_its_allocator(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert not allocate_returnably.__wrapped__()
    monkeypatch.setattr(returned_memory, "c_library", lambda: pytest.fail("it has no such function"))
    return_memory()


def test_memory_is_returned_a_moment_after_each_page_s_end_and_rarely(monkeypatch):
    waits, returned, left = [], [], PagesLeft()
    loop = Mock(call_later=lambda seconds, act, *given: waits.append((seconds, partial(act, *given))))
    monkeypatch.setattr(returned_memory.IOLoop, "current", lambda: loop)
    monkeypatch.setattr(returned_memory, "return_memory", lambda: returned.append(left.ended))

    def end(pages):
        for _ in range(pages):
            asyncio.run(left.on_session_destroyed(None))

    def pass_time():
        (wait,), waits[:] = list(waits), []
        assert wait[0] == RETURN_SECONDS
        wait[1]()

    end(3)
    pass_time()
    end(1)
    pass_time()
    pass_time()  # for the one that ended while the others' garbage was searched
    assert waits == []
    end(1)
    pass_time()
    assert returned == [3, 4, 4, 5]
    assert waits == []


def belongings():
    """Count what belongs to pages, by type."""
    gc.collect()
    found = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    ours = {name: number for name, number in found.items() if re.match("panel|bokeh|dashboards|param", name)}
    return ours, {name: len(kept) for name, kept in vars(type(pn.state)).items() if isinstance(kept, list | dict)}


def test_nothing_of_a_page_that_was_left_stays_with_the_server(in_loop):
    def page():
        template = PageTemplate(TEMPLATE)
        template.add_panel("content", pn.Column(pn.widgets.TextInput(), pn.pane.Bokeh(figure())))
        return template

    async def work(small):
        found = []
        context = small.server._tornado._applications["/small"]
        for _ in range(3):
            session = await small.visit("/small")
            await context._discard_session(session, lambda _: True)
            del session
            found.append(belongings())
        assert found[2] == found[1]  # the first page fills caches

    given = {"port": 0, "address": "127.0.0.1", "start": False, "show": False}
    in_loop(work, lambda: pn.io.server.get_server({"small": page}, **given))
