"""The card of the limit: computed when asked, kept, and refused in words."""

import panel as pn
import pytest

from catalog import open_catalog
from dashboards.page_context import PageContext
from dashboards.views.theory.limit_card import LimitCard
from pipeline import load_config


@pytest.fixture
def catalog(tmp_path):
    return open_catalog(tmp_path)


def text_of(card):
    return " ".join(str(pane.object) for pane in card.view.select(pn.pane.HTML))


def opened(catalog, name, **overrides):
    return LimitCard(PageContext(catalog, say=print), load_config(name, overrides))


def test_it_is_computed_when_asked_and_kept(catalog):
    card = opened(catalog, "small-width")
    assert not list(card.view.select(pn.pane.Bokeh))
    card.compute(None)
    assert "The limit ends because all labels are fitted. Kept as limit-" in text_of(card)
    assert "measured at 10⁻¹⁰⁰⁰" in text_of(card)
    assert len(list(card.view.select(pn.pane.Bokeh))) == 1
    assert len(catalog.sweeps.run_ids()) == 1


def test_where_there_is_none_it_says_why(catalog):
    card = opened(catalog, "orthogonal", **{"flow.output_speed": 4.0})
    assert "There is no limit to compute: flow.output_speed = 4" in text_of(card)
    assert not list(card.view.select(pn.widgets.Button))
