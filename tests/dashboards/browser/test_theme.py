"""Light and dark: as the system has it, until somebody asks for the other."""

import pytest

pytestmark = pytest.mark.slow

BACKGROUND = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"


def is_dark(page):
    return sum(page.evaluate(BACKGROUND)) < 3 * 128


@pytest.fixture
def at_night(browser):
    context = browser.new_context(color_scheme="dark")
    yield context
    context.close()


def test_the_system_s_colours_are_taken_and_another_choice_is_kept(served, at_night):
    page, said = at_night.new_page(), []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{served}/catalog?search=orthogonal", timeout=60_000)
    page.wait_for_url("**/catalog?search=orthogonal&theme=dark")
    page.locator(".tabulator-row").first.wait_for()
    assert is_dark(page)
    assert "theme=dark" in page.get_by_role("link", name="reluflow, first page").get_attribute("href")
    page.get_by_role("button", name="light colours").click()
    page.wait_for_url("**theme=light**")
    page.locator(".tabulator-row").first.wait_for()
    assert not is_dark(page)
    page.get_by_role("link", name="Sweeps").click()
    page.wait_for_url("**/sweeps?theme=light")
    page.get_by_text("No sweep yet").wait_for()
    assert not is_dark(page)
    assert said == []


def test_by_day_pages_are_light_and_their_address_stays(served, visit):
    page = visit(f"{served}/catalog", ready=".tabulator-row")
    assert not is_dark(page)
    assert page.url == f"{served}/catalog"
