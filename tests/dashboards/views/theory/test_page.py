"""The page of the theory: its cards, its form, and what it says where something is wrong."""

import panel as pn
import pytest

import dashboards.views.theory.ladder_card
from catalog import CatalogUnwritableError, open_catalog
from dashboards.page_context import PageContext
from dashboards.views.theory.ladder_card import LadderCard
from dashboards.views.theory.page import CONTENTS, TheoryPage, build_page
from pipeline import ladder_law, load_config, run

SCALES = (-2.0, -4.0, -6.0, -10.0, -1000.0)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    catalog = open_catalog(tmp_path_factory.mktemp("catalog"))
    run(load_config("orthogonal"), catalog)
    return catalog


@pytest.fixture(scope="module")
def law():
    return ladder_law(load_config("orthogonal"), SCALES)


def opened(catalog, **query):
    said = []
    context = PageContext(catalog, query, say=said.append)
    return TheoryPage(context), context, said


def text_of(viewable):
    """All HTML of a viewable."""
    return " ".join(str(pane.object) for pane in viewable.select(pn.pane.HTML))


def test_the_page_of_the_papers_experiment(published):
    view = build_page(PageContext(published, say=print))
    text = text_of(view)
    for words in ("two orthogonal points", "Lemma 2 (i)", "Timeline", "plateau 1", "The ladder of λ", "m = 60"):
        assert words in text
    assert len(list(view.select(pn.pane.Bokeh))) == 5
    assert "flow?preset=orthogonal&amp;data.x=" in text


def test_filter_order_and_unit_of_time_redraw_and_are_in_the_address(published):
    shown, context, _ = opened(published, verdict="fails")
    (verdict,) = (
        group for group in shown.view.select(pn.widgets.RadioButtonGroup) if group.label == "Show statements"
    )
    (order,) = (select for select in shown.view.select(pn.widgets.Select) if select.label == "Sorted by")
    assert verdict.value == "fails"
    assert "Lemma 2 (i)" not in text_of(shown.body[0])
    verdict.value = "holds"
    order.value = "margin"
    assert "Lemma 2 (i)" in text_of(shown.body[0])
    assert (context.query["verdict"], context.query["sort"]) == ("holds", "margin")
    before = next(iter(shown.body[1].select(pn.pane.Bokeh))).object
    (unit,) = (group for group in shown.view.select(pn.widgets.RadioButtonGroup) if group.label == "Unit of time")
    unit.value = "scaled"
    after = next(iter(shown.body[1].select(pn.pane.Bokeh))).object
    assert after.below[0].axis_label == "time t/(−ln λ)"
    assert after.x_range.end == pytest.approx(before.x_range.end / 15.86, rel=1e-2)
    assert context.query["unit"] == "scaled"


def test_of_a_published_run_a_selection_of_neurons_is_marked_and_stays_in_the_address(published):
    shown, context, said = opened(published, run="orthogonal", select="[3,17]", instant="t1")
    run_id = published.run_ids()[0]
    assert f"The published run {run_id}" in shown.head.object
    assert f"flow?run={run_id}" in shown.head.object
    text = text_of(shown.body[3])
    assert "Selected: 3, 17." in text
    assert text.count('<tr role="row">') == 1 + 2
    assert "&amp;select=%5B3%2C17%5D&amp;theme=" in text  # the link to the flow
    assert said == []
    (field,) = (one for one in shown.body[3].select(pn.widgets.TextInput) if one.label == "Select neurons")
    field.value = "log10_norm > -1 and positive"
    assert context.query["where"] == "log10_norm > -1 and positive"
    assert "select" not in context.query
    assert "&amp;where=log10_norm+%3E+-1+and+positive&amp;" in text_of(shown.body[3])
    assert shown.contents.visible
    assert [card.name for card in shown.body] == list(CONTENTS)
    assert [button.label for button in shown.contents] == list(CONTENTS.values())


def test_another_subject_through_the_form(published):
    shown, context, _ = opened(published)
    shown.chooser.scale.value = -100.0
    shown.chooser.show()
    assert "1.3 × 10⁻¹⁰¹" in shown.head.object
    assert context.query["init.log10_scale"] == "-100.0"
    assert len(shown.body) == 7
    assert not shown.body.loading


def test_a_damaged_run_is_said(tmp_path):
    catalog = open_catalog(tmp_path)
    run(load_config("orthogonal"), catalog)
    (run_id,) = catalog.run_ids()
    for path in (tmp_path / "runs" / run_id).rglob("c*"):
        if path.is_file():
            path.write_bytes(b"\xff" * path.stat().st_size)
    shown, _, said = opened(catalog, run=run_id)
    assert "`reluflow verify" in said[-1]
    assert "can't be shown" in shown.head.object
    assert len(shown.body) == 0


def section(catalog, monkeypatch, measure):
    monkeypatch.setattr(dashboards.views.theory.ladder_card, "kept_ladder", measure)
    said = []
    return LadderCard(PageContext(catalog, say=said.append), load_config("orthogonal")), said


def test_the_ladder_is_computed_when_asked(published, law, monkeypatch):
    def measure(catalog, config, advance):
        for _ in range(26):
            advance()
        return "ladder-0123456789ab", law

    heard = []
    monkeypatch.setattr(dashboards.views.theory.ladder_card, "tell", heard.append)
    shown, said = section(published, monkeypatch, measure)
    assert "The catalog has no ladder" in text_of(shown.view)
    shown.compute(None)
    assert said == []
    assert "Kept as ladder-0123456789ab" in text_of(shown.view)
    assert len(list(shown.view.select(pn.pane.Bokeh))) == 2
    assert heard[-1] == "The ladder of λ: 26 of 26 runs"


def test_a_ladder_that_the_catalog_has_is_shown_at_once(published, law, monkeypatch):
    monkeypatch.setattr(dashboards.views.theory.ladder_card, "published_ladder", lambda *_: ("ladder-1", law))
    monkeypatch.setattr("catalog.catalog.Catalog.whole", lambda *_: None)
    shown = LadderCard(PageContext(published), load_config("orthogonal"))
    assert "The measured exponent of each statement" in text_of(shown.view)


@pytest.mark.parametrize(("limit", "plots"), [(0.4, 2), (float("nan"), 0)])
def test_a_ladder_without_exponents_has_the_limit_s_excess_or_says_so(published, law, monkeypatch, limit, plots):
    bare = law.assign(exponent=law["exponent"] * float("nan"), limit_excess=limit)
    monkeypatch.setattr(dashboards.views.theory.ladder_card, "published_ladder", lambda *_: ("ladder-1", bare))
    monkeypatch.setattr("catalog.catalog.Catalog.whole", lambda *_: None)
    view = LadderCard(PageContext(published), load_config("orthogonal")).view
    assert ("has a measured exponent" in text_of(view)) == (plots == 0)
    assert len(list(view.select(pn.pane.Bokeh))) == plots


def test_a_ladder_that_fails_is_said_and_can_be_asked_for_again(published, monkeypatch):
    def measure(*_):
        raise CatalogUnwritableError("the disk is full")

    shown, said = section(published, monkeypatch, measure)
    shown.compute(None)
    assert said == ["the disk is full"]
    assert not shown.button.disabled


def test_given_weights_have_no_ladder(published):
    config = load_config("orthogonal", {"init.start": "given", "init.w": [[1.0, 0.0]] * 60, "init.a": [1.0] * 60})
    assert "Given weights have no ladder" in text_of(LadderCard(PageContext(published), config).view)
