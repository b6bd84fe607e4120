"""What all pages share."""

import pytest

from catalog import CatalogError, open_catalog
from dashboards.page_context import Visit
from dashboards.page_template import Notices, colours, explained, framed, guarded_content
from dashboards.theme import DARK, LIGHT
from pipeline import RequestError


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("looks", [LIGHT, DARK])
def test_text_has_contrast_on_every_background(looks):
    for text in (looks.ink, looks.faint, looks.accent):
        for paper in (looks.paper, looks.panel):
            light, dark = sorted((luminance(text), luminance(paper)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, paper)


def test_notices_are_escaped_the_newest_and_each_said_once():
    notices = Notices()
    for line in ("one", "two", "<b>three</b>\nand more", "two", "four"):
        notices.say(line)
    assert notices.lines == ["<b>three</b> and more", "two", "four"]
    assert "<b>" not in notices.pane.object
    assert 'role="status"' in notices.pane.object
    assert notices.view.visible
    notices.clear()
    assert not notices.view.visible
    notices.say("five")
    assert notices.lines == ["five"]
    notices.close.clicks += 1
    assert (notices.lines, notices.view.visible) == ([], False)


def test_errors_of_a_request_stand_as_they_are_and_others_are_unexpected(caplog):
    assert explained(RequestError("init.width = 0: at least 1")) == "init.width = 0: at least 1"
    assert explained(CatalogError("no run 'x'")) == "no run 'x'"
    assert caplog.records == []
    said = explained(ZeroDivisionError("division by zero"))
    assert "unexpectedly (ZeroDivisionError: division by zero)" in said
    assert caplog.records[0].exc_info is not None


def test_a_page_that_fails_is_a_sentence_with_ways_out(tmp_path, monkeypatch):
    def fail(visit):
        raise ValueError("broken")

    monkeypatch.setattr("dashboards.views.flow.page.build_page", fail)
    notices = Notices()
    content = guarded_content("flow", Visit(open_catalog(tmp_path)), notices)
    assert "Start it afresh" in content.object
    assert "broken" in notices.lines[0]


def test_the_frame_names_every_page_and_marks_this_one(tmp_path):
    visit = Visit(open_catalog(tmp_path), looks=DARK)
    template = framed("theory", visit, Notices(), "content")
    assert template._render_variables["current"] == "theory"
    addresses = {key: address for key, address, _ in template._render_variables["pages"]}
    assert addresses["sweeps"] == "sweeps?theme=dark"
    assert template._render_variables["other_theme"] == "light"


def test_the_style_has_the_colours_and_the_font():
    assert "--ink: #E8EAED" in colours(DARK)
    assert "--font: system-ui" in colours(LIGHT)
