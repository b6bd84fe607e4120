"""One selection and one window of time on the Flow page: in the pictures, in words and in the address."""

import json
from types import SimpleNamespace

import pytest

from dashboards.page_context import PageContext
from dashboards.plots.column_sources import columns_equal
from dashboards.plots.holoviews_style import looks_of, render_figure
from dashboards.views.flow.page import FlowPage

pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option"),
]


@pytest.fixture(scope="module")
def opened(small_catalog, orthogonal_id):
    """The page of a run, which takes half a second to make."""
    said = []
    shown = FlowPage(PageContext(small_catalog, {"run": orthogonal_id}, say=said.append))
    shown.said = said
    return shown


@pytest.fixture
def page(opened):
    """The page; put back afterwards to what it was."""
    plots = opened.plots
    before = plots.height_axis.value, plots.unit_choice.value
    yield opened
    plots.neurons.field.value = ""
    plots.player.value = 0
    plots.height_axis.value, plots.unit_choice.value = before
    plots.zoom(None)
    opened.said.clear()
    assert marked(opened) == ([], [])
    assert not {"select", "where", "window"} & set(opened.context.query)


def marked(page):
    """The neurons that the picture marks, and those whose curves are emphasized."""
    shown, network = page.plots.drawing.shown, page.plots.network
    return (
        sorted(int(shown[row]) for row in network.neurons.selected.indices),
        sorted(page.plots.curves.chosen.data["neuron"]),
    )


def test_it_opens_at_the_start_with_a_button_that_plays(page):
    assert page.plots.frame == 0
    assert page.plots.curves.cursor.data["t"] == [0.0]
    page.plots.play.clicks += 1
    assert (page.plots.player.direction, page.plots.play.label) == (1, "❚❚ Pause")
    page.plots.play.clicks += 1
    assert (page.plots.player.direction, page.plots.play.label) == (0, "▶ Play")


def test_numbers_and_clicks_are_one_selection(page):
    page.plots.neurons.field.value = "3, 5-6"
    assert marked(page) == ([3, 5, 6], [3, 5, 6])
    assert page.context.query["select"] == "[3,5,6]"
    assert "Selected: 3, 5, 6." in page.plots.neurons.list.object
    row = page.plots.drawing.shown.tolist().index(7)
    page.plots.network.neurons.selected.indices = [row]
    assert marked(page) == ([7], [7])
    assert page.plots.neurons.field.value == "7"
    page.plots.network.neurons.selected.indices = []
    assert marked(page) == ([], [])
    assert "select" not in page.context.query


def test_a_condition_follows_the_cursor(page):
    page.plots.neurons.field.value = "log_norm > -3"
    assert marked(page) == ([], [])
    assert "No neuron is selected at this time" in page.plots.neurons.list.object
    page.plots.player.value = page.plots.player.end
    found, lines = marked(page)
    assert found == lines == [
        j for j, norm in enumerate(page.plots.drawing.state(page.plots.frame).log_norm) if norm > -3
    ]  # fmt: skip
    assert found
    assert page.context.query["where"] == "log_norm > -3"
    page.plots.neurons.menu.value = "positive"
    assert page.plots.neurons.field.value == "positive"
    assert {page.plots.drawing.role[j] for j in marked(page)[0]} == {"positive"}
    page.plots.neurons.menu.value = "none"
    assert marked(page) == ([], [])


def test_a_wrong_condition_is_said_and_the_last_one_stays(page):
    page.plots.neurons.field.value = "role == positive"
    before = marked(page)
    page.plots.neurons.field.value = "role == positiv"
    assert "there is no 'positiv'; close to it: positive" in page.said[-1]
    assert marked(page) == before
    assert page.plots.neurons.field.value == "role == positive"


def test_a_link_restores_selection_and_window(page, small_catalog):
    page.plots.neurons.field.value = "sliding or role == negative"
    page.plots.zoomed(SimpleNamespace(x0=2.0, x1=8.0))
    query = dict(page.context.query)
    assert query["window"] == "2,8"
    said = []
    again = FlowPage(PageContext(small_catalog, dict(query), say=said.append))
    assert said == []
    assert again.context.query == query
    assert marked(again) == marked(page)
    limits = again.plots.curves.x_range
    assert (limits.start, limits.end, limits.reset_start) == (2.0, 8.0, 0.0)


def test_a_window_zooms_all_curves_in_every_unit_and_is_restored(page):
    curves = page.plots.curves
    assert {plot.x_range for plot in curves.figures.values()} == {curves.x_range}
    page.plots.zoomed(SimpleNamespace(x0=2.0, x1=8.0))
    page.plots.unit_choice.value = "scaled"
    length = page.plots.unit().length
    assert (curves.x_range.start, curves.x_range.end) == pytest.approx((2.0 / length, 8.0 / length))
    page.plots.zoom(None)
    assert (curves.x_range.start, curves.x_range.end) == (0.0, curves.shown_until)
    assert "window" not in page.context.query


def test_numbers_that_the_run_does_not_have_are_said(small_catalog, orthogonal_id):
    said = []
    page = FlowPage(PageContext(small_catalog, {"run": orthogonal_id, "select": "[3,999]"}, say=said.append))
    assert said == ["select = 999 is not a neuron of this run: allowed are 0 to 11."]
    assert json.loads(page.context.query["select"]) == [3]


def test_a_logarithmic_height_is_an_axis_of_its_own(page):
    network = page.plots.network
    assert network.height_axis.visible
    before = list(network.neurons.data["y"])
    page.plots.height_axis.value = "linear"
    assert not network.height_axis.visible
    assert list(network.neurons.data["y"]) != before
    assert page.context.query["height"] == "linear"


def test_the_legends_name_what_is_drawn(page):
    for text in ("S₊,₁", "thick edge: sliding", "hollow"):
        assert text in page.plots.network_legend.object
    for text in ("1 alignment", "4 convergence", "plateau"):
        assert text in page.plots.phases_legend.object


def test_the_card_of_a_neuron_follows_the_selection(page):
    assert not page.neuron.layout.visible
    page.plots.neurons.field.value = "3, 5"
    assert page.neuron.layout.visible
    assert page.neuron.choice.options == [3, 5]
    facts = page.neuron.facts.object
    assert "role" in facts
    assert len(page.neuron.plots) == 4
    page.neuron.choice.value = 5
    assert page.neuron.facts.object != facts
    page.plots.neurons.field.value = ""
    assert not page.neuron.layout.visible


def same_figure(one, other):
    """Whether two figures show the same."""
    for ours, new in zip(one.renderers, other.renderers, strict=True):
        assert same_columns(ours.data_source.data, new.data_source.data)
    for ours, new in ((one.x_range, other.x_range), (one.y_range, other.y_range)):
        assert (ours.start, ours.end) == pytest.approx((new.start, new.end), rel=1e-6, abs=1e-6)
    return looks_of(one) == looks_of(other)


def same_columns(ours, new):
    return ours.keys() == new.keys() and all(columns_equal(ours[name], new[name]) for name in ours)


def test_the_life_of_another_neuron_is_new_data_in_the_same_figures(page, monkeypatch):
    asked = []
    monkeypatch.setattr(page.plots.frames, "request", asked.append)
    page.plots.neurons.field.value = "3"
    card, before = page.neuron, dict(page.neuron.figures)
    places = list(card.plots)
    page.plots.neurons.field.value = "5"
    assert asked == []  # which waits until the player has rested
    for name, plot in card.make(card.asked)[2].items():
        assert f"Neuron 5: {name}" in card.said[name].object
        if name != "states":  # whose colours may differ
            assert card.figures[name] is before[name]
            assert same_figure(card.figures[name], render_figure(plot.overlay(page.context.theme)))
    assert places[0] is card.plots[0]


def test_two_inputs_have_a_card_of_their_plane(page, small_catalog):
    assert not page.inputs.layout.visible
    query = {"data.x": "[[1,0.2],[-0.4,1]]", "data.y": "[1,-1]", "init.width": "6"}
    said = []
    other = FlowPage(PageContext(small_catalog, query, say=said.append))
    assert said == []
    assert other.inputs.layout.visible
    assert len(other.inputs.place) == 1


def test_the_plane_of_the_weights_is_chosen(small_catalog):
    said = []
    query = {"preset": "orthonormal", "init.width": "8", "plane": "0,2", "t": "1"}
    page = FlowPage(PageContext(small_catalog, query, say=said.append))
    assert said == []
    assert page.plots.plane.visible
    view = page.plots.drawing.view
    assert view.basis.tolist() == [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    before = list(page.plots.network.neurons.data["x"])
    page.plots.plane.value = ""
    assert list(page.plots.network.neurons.data["x"]) != before
    assert "plane" not in page.context.query
    wrong = FlowPage(PageContext(small_catalog, {"preset": "orthonormal", "plane": "0,9"}, say=said.append))
    assert "plane = '0,9' is not known: allowed are 0,1" in said[0]
    assert wrong.plots.plane.value == ""


def test_the_published_runs_are_offered(page, small_catalog, orthogonal_id):
    """The last test with the page: it shows another run then."""
    offered = page.controls.choice.groups["Published runs"]
    assert set(offered) == set(small_catalog.run_ids())
    other = next(run_id for run_id in offered if run_id != orthogonal_id)
    page.controls.choice.value = offered[other]
    assert page.context.query["run"] == other
    assert page.plots.drawing.run.run_id == other
