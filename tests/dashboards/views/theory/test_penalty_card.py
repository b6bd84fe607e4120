"""The card of the penalised minimum: a run's own minima at once, the path when asked, and what is refused."""

import holoviews as hv
import numpy as np
import panel as pn
import pytest

from catalog import open_catalog
from dashboards.page_context import PageContext
from dashboards.plots.penalty_plots import (
    create_border_plot,
    create_kept_table,
    create_path_plot,
    create_path_table,
)
from dashboards.theme import LIGHT
from dashboards.views.theory.penalty_card import PenaltyCard
from pipeline import data_set, load_config, minimal_norm, minimum_law, penalised_minimum
from pipeline.minimal_norm import with_penalised

PENALTIES = [0.2, 0.01]
CONFIG = load_config("orthogonal", {"analysis.penalty": PENALTIES, "init.width": 8})
POINTS = data_set(CONFIG.data.x, CONFIG.data.y, bias=True)


@pytest.fixture(scope="module")
def law():
    return minimum_law(CONFIG)


def text_of(card):
    return " ".join(str(pane.object) for pane in card.view.select(pn.pane.HTML))


def opened(catalog, config=CONFIG, minimum=None, said=print):
    minimum = minimal_norm(POINTS) if minimum is None else minimum
    return PenaltyCard(PageContext(catalog, say=said), config, minimum)


def test_the_path_is_found_when_asked_and_kept(tmp_path):
    catalog = open_catalog(tmp_path)
    card = opened(catalog)
    assert not list(card.view.select(pn.pane.Bokeh))
    card.compute(None)
    assert len(list(card.view.select(pn.pane.Bokeh))) == 2
    assert "no neuron is left. Kept as minimum-" in text_of(card)
    (kept,) = catalog.sweeps.run_ids()
    again = opened(catalog)
    again.compute(None)
    assert kept in text_of(again)
    assert catalog.sweeps.run_ids() == [kept]


def test_the_plots_and_the_table_have_the_law_s_numbers(law):
    border, path = create_border_plot(law, LIGHT), create_path_plot(law, LIGHT)
    drawn = {
        element.label: element for plot in (border, path) for element in plot if isinstance(element, hv.Curve)
    }
    np.testing.assert_allclose(
        drawn["flow at the same loss"].dimension_values(1), law["norm_at_loss"].values[::-1]
    )
    assert set(law["norm"].values) == set(drawn["least loss + β norm"].dimension_values(1))
    flow = drawn["flow, stopped at t"]
    assert set(flow.dimension_values(1)) <= set(law["flow_norm"].values)
    assert (law["norm_at_loss"] >= law["norm"] - 1e-6).all()
    rows = create_path_table(law).rows
    assert [row[0].text for row in rows] == ["0.2", "0.01"]
    assert rows[0][2].text == f"{float(law['norm'].sel(penalty=0.2)):.7g}"


def test_a_run_s_own_minima_are_there_at_once(tmp_path):
    found = with_penalised(minimal_norm(POINTS), penalised_minimum(POINTS, PENALTIES))
    assert "The penalised minima that are kept with this run" in text_of(
        opened(open_catalog(tmp_path), minimum=found)
    )
    (first, second) = create_kept_table(found).rows
    assert float(first[3].text) == pytest.approx(
        float(first[4].text), rel=1e-6
    )  # what is found, and the dual bound
    assert float(second[1].text) < float(first[1].text)


def test_where_there_is_no_path_it_says_why(tmp_path):
    card = opened(open_catalog(tmp_path), load_config("orthogonal", {"analysis.free_bias": True}))
    assert "There is no path" in text_of(card)
    assert not list(card.view.select(pn.widgets.Button))
