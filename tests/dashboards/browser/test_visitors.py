"""Many visitors: what they leave behind, and what they do to one another."""

import time
from itertools import cycle, islice

import psutil
import pytest
from served import late_dashboard_command

from catalog import open_catalog

pytestmark = pytest.mark.slow

WARMING, OPENED = 15, 85
"""Pages that are opened and closed before the process is weighed, and then."""
ROOM = 80_000_000
"""Bytes that the process may have grown by: the allocator keeps 0.3 million a page; a kept page is 3 million."""


THERE = {
    "flow": ".bk-Figure", "theory": "h2:has-text('The ladder of')", "sweeps": "text=No sweep yet",
    "catalog": ".tabulator-row",
}  # fmt: skip
"""What one sees of each page when it is whole."""


def come_and_go(browser, address, times):
    for name, there in islice(cycle(THERE.items()), times):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/{name}", timeout=120_000)
        page.wait_for_selector(there, timeout=120_000)
        context.close()


def settled(process):
    """The size of a process, once the sessions of closed pages are forgotten."""
    time.sleep(14)
    return process.memory_info().rss


@pytest.mark.timeout(1800)
def test_pages_that_were_closed_are_forgotten(serve, filled_catalog, browser):
    address = serve(filled_catalog)
    process = psutil.Process(serve.last)
    come_and_go(browser, address, WARMING)
    before = settled(process)
    come_and_go(browser, address, OPENED)
    assert settled(process) - before < ROOM


def test_a_page_that_computes_for_long_does_not_hold_up_another(serve, filled_catalog, browser):
    address = serve(filled_catalog)
    busy, other = browser.new_page(), browser.new_page()
    other.goto(f"{address}/flow", timeout=120_000)
    other.wait_for_function("new URL(location).searchParams.has('data.x')", timeout=120_000)
    busy.goto(f"{address}/flow?preset=high-dimensional", timeout=120_000)  # takes many seconds
    other.locator(".bk-input-group", has_text="Scale").first.locator(".noUi-handle").focus()
    other.keyboard.press("ArrowRight")
    other.wait_for_function("new URL(location).searchParams.get('init.log10_scale') === '-6.25'", timeout=120_000)
    unfinished = not busy.evaluate("new URL(location).searchParams.has('init.seed')")
    busy.close()
    other.close()
    assert unfinished, "the other page answered when the long computation was over"


def test_a_page_that_was_made_ahead_is_like_any_other(serve, filled_catalog, visit):
    address = serve(filled_catalog, "--visitors", "3")
    process = psutil.Process(serve.last)
    shown = "new URL(location).searchParams.has('init.seed')"
    used = []
    for _ in range(2):
        before = sum(process.cpu_times()[:2])
        page = visit(f"{address}/flow?preset=orthogonal")
        page.wait_for_function(shown)
        used.append(sum(process.cpu_times()[:2]) - before)
        page.locator(".bk-input-group", has_text="Scale").first.locator(".noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("new URL(location).searchParams.get('init.log10_scale') === '-6.25'")
        page.close()
        settled(process)  # two pages are made meanwhile
    assert used[1] < used[0] / 2


@pytest.fixture(scope="module")
def late(serve, filled_catalog):
    return serve(filled_catalog, command=late_dashboard_command)


@pytest.mark.parametrize(
    ("name", "there"),
    [
        *THERE.items(),
        ("catalog?compare={runs}", ".bk-Figure"),
    ],
)
def test_a_page_whose_loading_is_noted_late_is_filled(late, filled_catalog, visit, name, there):
    """What a page does while it loads is done under its document's lock: Bokeh refuses it else, now and then."""
    runs = ",".join(open_catalog(filled_catalog).run_ids())
    page = visit(f"{late}/{name.format(runs=runs)}", ready=there)
    page.wait_for_timeout(1500)
    assert page.get_by_text("An unexpected error").count() == 0


def test_what_is_asked_for_before_the_loading_is_noted_is_done(late, visit):
    page = visit(f"{late}/catalog", ready=".tabulator-row")
    page.get_by_role("button", name="Verify all").click()
    page.get_by_text("Every byte is as it was published").wait_for()
    assert page.get_by_role("button", name="Verify all").is_enabled()


def test_a_page_that_was_sent_as_a_copy_is_like_any_other(serve, filled_catalog, visit):
    address = serve(filled_catalog, "--visitors", "3")
    shown = "new URL(location).searchParams.has('init.seed')"
    for first in (True, False):
        page = visit(f"{address}/flow?preset=orthogonal")
        page.wait_for_function(shown)
        page.locator(".bk-input-group", has_text="Scale").first.locator(".noUi-handle").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("new URL(location).searchParams.get('init.log10_scale') === '-6.25'")
        if not first:
            named = page.evaluate(
                "[...Bokeh.documents[0]._all_models.keys()].filter((id) => /^p1\\d{11}$/.test(id)).length"
            )
            assert named > 300
        page.close()


def test_a_page_that_is_told_to_is_loaded_again(serve, filled_catalog, visit):
    page = visit(f"{serve(filled_catalog)}/catalog", ready=".tabulator-row")
    page.evaluate("window.before = true")
    page.evaluate("Bokeh.documents[0]._trigger_on_message('load-again', null)")
    page.wait_for_function("window.before === undefined")
    page.wait_for_selector(".tabulator-row")
