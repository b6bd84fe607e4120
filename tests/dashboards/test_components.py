"""The pieces that pages are written of."""

from bokeh.document import Document

from dashboards.components import (
    RadioButtons,
    TextPane,
    card,
    facts_html,
    heading_pane,
    html_pane,
    plot_pane,
    radio_buttons,
    side_by_side,
)
from dashboards.plots.figure_style import styled_figure
from dashboards.theme import LIGHT


def test_whatever_somebody_wrote_is_text():
    for html in (facts_html([("<b>", "<i>")]), heading_pane("<b>", "<i>").object):
        assert "<b>" not in html
        assert "<i>" not in html
    drawn = styled_figure(LIGHT, height=100, x_label="x", y_label="y")
    assert 'aria-label="&lt;b&gt;"' in plot_pane(drawn, "<b>")[0].object


def test_a_group_of_buttons_has_a_role_and_a_name():
    made = radio_buttons("Unit of time", {"t": "time t", "steps": "iterations"}, "steps")
    model = made.get_root()
    assert model.html_attributes == {"role": "group", "aria-label": "Unit of time"}
    assert model.labels == ["time t", "iterations"]
    assert model.active == 1
    made.value = "t"
    assert model.active == 0
    assert isinstance(made, RadioButtons)


def test_words_have_the_style_and_their_own_after_it():
    plain, own = html_pane("<p>a</p>"), html_pane("<p>b</p>", faint=True, style="p { color: red; }", margin=0)
    assert plain.stylesheets == own.stylesheets[:1]
    assert own.stylesheets[1] == "p { color: red; }"
    assert (plain.css_classes, own.css_classes, own.margin) == ([], ["faint"], 0)


def test_cards_are_as_wide_as_the_page_or_share_a_row():
    whole, shared = card("a"), card("a", "b", flex="3 1 400px", least="230px")
    assert whole.sizing_mode == "stretch_width"
    assert "flex" not in whole.styles
    assert (shared.styles["flex"], shared.styles["min-width"]) == ("3 1 400px", "230px")
    assert shared.styles["background"] == whole.styles["background"]
    row = side_by_side(whole, shared)
    assert {one.styles["flex"] for one in row} == {"1 1 460px"}
    assert len(shared) == 2


def test_a_new_text_is_all_that_changes():
    """Panel's own pane would set its styles too, for which Bokeh searches the whole page for models."""
    pane, document, changed = html_pane("<p>before</p>"), Document(), []
    assert isinstance(pane, TextPane)
    pane.server_doc(document)
    document.on_change(lambda event: changed.append((event.attr, event.new)))
    pane.object = "<p>after</p>"
    assert changed == [("text", "&lt;p&gt;after&lt;/p&gt;")]
