"""What all pages share."""

import panel as pn
import pytest
from bokeh.document import Document
from bokeh.document.models import DocumentModelManager
from panel.io.state import set_curdoc

from catalog import CatalogError, open_catalog
from dashboards.page_context import PageContext
from dashboards.page_template import Notices, build_content, explain_error, fill_template, theme_css
from dashboards.theme import DARK, LIGHT
from pipeline import RequestError


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_has_contrast_on_every_background(theme):
    for text in (theme.ink, theme.faint, theme.accent):
        for paper in (theme.paper, theme.panel):
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
    assert explain_error(RequestError("init.width = 0: at least 1")) == "init.width = 0: at least 1"
    assert explain_error(CatalogError("no run 'x'")) == "no run 'x'"
    assert caplog.records == []
    said = explain_error(ZeroDivisionError("division by zero"))
    assert "unexpected error occurred (ZeroDivisionError: division by zero)" in said
    assert caplog.records[0].exc_info is not None


def test_a_page_that_fails_is_a_sentence_with_ways_out(tmp_path, monkeypatch):
    def fail(context):
        raise ValueError("broken")

    monkeypatch.setattr("dashboards.views.flow.page.build_page", fail)
    notices = Notices()
    content = build_content("flow", PageContext(open_catalog(tmp_path)), notices)
    assert "Reset it" in content.object
    assert "broken" in notices.lines[0]


def test_the_frame_names_every_page_and_marks_this_one(tmp_path):
    context = PageContext(open_catalog(tmp_path), theme=DARK)
    template = fill_template("theory", context, Notices(), "content")
    assert template._render_variables["current"] == "theory"
    addresses = {key: address for key, address, _ in template._render_variables["pages"]}
    assert addresses["sweeps"] == "sweeps?theme=dark"
    assert template._render_variables["other_theme"] == "light"


def test_the_style_has_the_colours_and_the_font():
    assert "--ink: #E8EAED" in theme_css(DARK)
    assert "--font: system-ui" in theme_css(LIGHT)


def test_messages_are_in_the_pages_ink(tmp_path, monkeypatch):
    """They were black on a dark page, too: their pane had no style."""
    monkeypatch.setattr("dashboards.page_template.import_module", lambda _: 1 / 0)
    broken = build_content("flow", PageContext(open_catalog(tmp_path), theme=DARK), Notices())
    for pane in (Notices().pane, broken):
        assert any("color: var(--ink)" in sheet for sheet in pane.stylesheets)


def test_paper_is_printed_on_in_dark_ink():
    _, printed = theme_css(DARK).split("@media print")
    assert "--ink: #1B1F24" in printed


def test_a_document_is_searched_for_its_models_once_while_a_page_is_made(tmp_path, monkeypatch):
    searches = []
    search = DocumentModelManager.recompute
    monkeypatch.setattr(DocumentModelManager, "recompute", lambda self: searches.append(1) or search(self))
    context, notices = PageContext(open_catalog(tmp_path)), Notices()
    template = fill_template("flow", context, notices, pn.Column("one", pn.Row("two", "three")))
    template.add_panel("computing", pn.Row())
    document = Document()
    with set_curdoc(document):
        template.server_doc(document)
    assert len(searches) == 1
    assert len(document.roots) == 4
    assert repr(template) == "PageTemplate"  # Panel would write out all parts of the page, after each of them
