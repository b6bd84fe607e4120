"""The page that needs no server, opened from a file."""

import pytest

from dashboards.exports.standalone_page import write_standalone_page

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(visit, tree, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(write_standalone_page(tree))
    page = visit(path.as_uri(), ready="canvas")
    page.wait_for_function("window.Bokeh?.documents[0]?.get_model_by_name('now') != null")
    return page


def test_the_keys_move_it(opened):
    opened.locator("#frame").focus()
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    assert opened.locator("#frame").input_value() == "2"
    assert "t = " in opened.locator("#frame").get_attribute("aria-valuetext")


def test_the_player_plays_and_stops(opened):
    opened.get_by_role("button", name="Play").click()
    opened.wait_for_function("Number(document.getElementById('frame').value) > 3")
    opened.get_by_role("button", name="Pause").click()
    at = opened.locator("#frame").input_value()
    opened.wait_for_timeout(400)
    assert opened.locator("#frame").input_value() == at
