"""The page that needs no server, opened from a file."""

import numpy as np
import pytest

from dashboards.exports.animation_frames import read_frames
from dashboards.exports.standalone_page import write_standalone_page


@pytest.fixture
def opened(visit, tree, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(write_standalone_page(tree))
    page = visit(path.as_uri(), ready="canvas")
    page.wait_for_function("window.Bokeh?.documents[0]?.get_model_by_name('now') != null")
    return page


def shown_function(page):
    return np.array(
        page.evaluate(
            "Array.from(Bokeh.documents[0].get_model_by_name('network').renderers[0].data_source.data.y)"
        )
    )


def picture(page):
    return page.locator(".pictures").screenshot()


def test_the_slider_shows_the_run_at_its_time(opened, tree):
    reel = read_frames(tree)
    before = picture(opened)
    for frame in (len(reel.samples) - 1, len(reel.samples) // 2):
        opened.locator("#frame").fill(str(frame))
        assert np.allclose(shown_function(opened), reel.function[frame], atol=1e-6)
    assert "t = " in opened.locator("#when").inner_text()
    opened.wait_for_timeout(500)
    assert picture(opened) != before


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


def test_a_phone_has_no_sideways_scroll(visit, tree, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(write_standalone_page(tree))
    page = visit(path.as_uri(), width=390, ready="canvas")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
