"""Long computations in a browser: they hold up nobody, say that they run, and end by a button or with the page."""

import os

import psutil
import pytest

pytestmark = pytest.mark.slow

HEAVY = "preset=high-dimensional"
"""Takes most of a minute."""
SCALE = "new URL(location).searchParams.get('init.log10_scale') === '{}'"


@pytest.fixture(scope="module")
def address(serve, filled_catalog):
    found = serve(filled_catalog)
    serve.server = psutil.Process(serve.last)
    return found


def busy(serve):
    """The processes that compute and have given way to others: what takes long."""
    ordinary = os.getpriority(os.PRIO_PROCESS, serve.server.pid)
    found = []
    for process in serve.server.children(recursive=True):
        try:
            if process.nice() > ordinary:
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


def until(page, condition, seconds=60):
    for _ in range(10 * seconds):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("name", ["flow", "theory"])
def test_a_long_computation_says_how_far_it_is_and_is_stopped_by_a_button(visit, serve, address, name):
    page = visit(f"{address}/{name}?{HEAVY}", ready="")
    page.get_by_role("status").filter(has_text="The flow has reached t =").wait_for()
    until(page, lambda: busy(serve))
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped.").first.wait_for()
    until(page, lambda: not busy(serve))
    page.get_by_role("button", name="Stop").wait_for(state="hidden")


def test_four_pages_that_compute_and_are_closed_leave_the_machine_to_a_fifth(visit, serve, address, browser):
    heavy = [browser.new_page() for _ in range(4)]
    for page in heavy:
        page.goto(f"{address}/flow?{HEAVY}", timeout=120_000)
    for page in heavy:
        page.get_by_role("status").filter(has_text="…").first.wait_for(timeout=120_000)
    other = visit(f"{address}/flow", ready="")
    other.wait_for_function("new URL(location).searchParams.has('data.x')")
    other.locator(".bk-input-group", has_text="Scale").first.locator(".noUi-handle").focus()
    other.keyboard.press("ArrowRight")
    other.wait_for_function(SCALE.format("-6.25"))
    assert busy(serve), "the long computations were over before the other page was asked"
    for page in heavy:
        page.close()
    until(other, lambda: not busy(serve))


def test_what_is_asked_for_instead_ends_what_was_computed(visit, serve, address):
    page = visit(f"{address}/flow?{HEAVY}", ready="")
    until(page, lambda: busy(serve))
    page.get_by_label("Experiment").select_option("orthogonal")
    page.wait_for_function("new URL(location).searchParams.get('preset') === 'orthogonal'")
    until(page, lambda: not busy(serve))


def test_a_run_of_the_catalog_is_opened_whichever_way_it_is_asked_for(visit, address):
    page = visit(f"{address}/flow?preset=orthogonal", ready=".bk-Figure")
    page.get_by_text("Run orthogonal-").first.wait_for()
    assert page.get_by_text("computed now").count() == 0
