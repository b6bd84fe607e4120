"""The Flow page without a browser: wild addresses end in sentences, and what a moving slider changes."""

import numpy as np
import panel as pn
import pytest
from amounts import with_slow
from bokeh.document import Document
from bokeh.document.models import DocumentModelManager
from panel.io.state import set_curdoc

from dashboards.page_context import PageContext
from dashboards.plots.descriptions import phase_at
from dashboards.run_data import compute_complete, compute_preview
from dashboards.run_selection import RunSelection, select_preset
from dashboards.views.flow.page import FlowPage
from pipeline import RequestError
from pipeline.configuration import load_config
from pipeline.figures import time_text

# What Panel 1.9.4 asks of pandas for its table of points.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option"),
]


def opened(catalog, **query):
    said = []
    context = PageContext(catalog, query, say=said.append, say_error=lambda error: said.append(str(error)))
    return FlowPage(context), said


@pytest.mark.parametrize(
    "case",
    with_slow(
        [
            ({"preset": "nonsense"}, ["preset = 'nonsense' is not known"]),
            ({"run": "never-published"}, ["no run 'never-published' in this catalog"]),
            ({"data.y": "<script>alert(1)</script>"}, ["data.y"]),
            (
                {"init.width": "wide", "t": "9999", "clock": "sundial"},
                ["init.width = 'wide'", "t = 9999 is after the end of the run", "clock = 'sundial' is not known"],
            ),
        ],
        [
            ({"init.width": "1000000000"}, ["init.width = 1000000000"]),
            ({"t": "now"}, ["t = 'now' is not a number"]),
            ({"data.x": "[[1],[2]]", "data.y": "[1]"}, ["data.y has 1 label for 2 points"]),
        ],
    ),
)
def test_wild_addresses_end_in_a_sentence_and_a_picture(small_catalog, case):
    query, sentences = case
    page, said = opened(small_catalog, **query)
    for sentence in sentences:
        assert any(sentence in line for line in said)
    assert page.plots.drawing is not None
    assert len(page.plots.curves.loss.data["t"]) > 100


@pytest.mark.parametrize(
    "query",
    [
        {"data.x": "[[1],[1]]", "data.y": "[1,2]"},
        {"data.x": "[[1e200],[2]]", "data.y": "[1,2]"},
        {"select": "[999]", "flow.slope": "-0.5", "t": "1e9"},
    ],
)
def test_whatever_an_address_says_there_is_a_picture_of_what_the_controls_say(small_catalog, query):
    page, _ = opened(small_catalog, **query)
    config = page.controls.selection.config
    assert page.shown.config == config == page.selection.config
    assert page.controls.slope.value == config.flow.slope
    assert len(page.plots.curves.loss.data["t"]) > 1
    assert np.ptp(page.plots.network.points.data["x"]) >= 0
    assert page.plots.network.figure.x_range.end > page.plots.network.figure.x_range.start
    (cursor,) = page.plots.curves.cursor.data["t"]
    assert (
        page.plots.curves.x_range.start
        <= cursor
        <= page.plots.curves.x_range.end
        == page.plots.curves.x_range.reset_end
    )


def test_what_cannot_be_computed_puts_every_control_back(small_catalog):
    page, said = opened(small_catalog)
    before = page.selection
    page.controls.set(data__x=[[1e200], [2.0]])
    page.plots.network.points.data = {"x": [1e200, 2.0], "y": [-1.0, 1.0]}
    assert "data.x" in said[-1]
    assert page.selection == before == page.controls.selection
    assert list(page.plots.network.points.data["x"]) == [-0.5, 2.0]
    assert page.points.table.value.iloc[:, 0].tolist() == [-0.5, 2.0]
    page.controls.width.slider.value = page.controls.width.values.index(12)
    assert page.plots.drawing.neurons == 12


def test_an_edit_is_taken_with_its_numbers(small_catalog):
    """Not by the event that follows: what is shown between the two would put the old numbers back."""
    page, _ = opened(small_catalog)
    table = page.points.table
    table._process_data({"x": [-0.5, 2.0], "y": [-1.0, 0.94]})
    assert page.selection.config.data.y == [-1.0, 0.94]
    assert page.shown == page.selection
    table._process_data({"x": [1e200, 2.0], "y": [-1.0, 0.94]})
    assert page.selection.config.data.x == [[-0.5], [2.0]]
    assert table.value.iloc[:, 0].tolist() == [-0.5, 2.0]


def late(small_catalog):
    """A page whose results come when the test says so; and what it has asked for, in order."""
    page, _ = opened(small_catalog)
    asked = []
    page.runs.request = asked.append
    return page, asked


def type_label(page, label):
    page.points.table._process_data({"x": [-0.5, 2.0], "y": [-1.0, label]})


def numbers(page):
    """What the table says, as what is asked for would."""
    return page.points.table.value["y"].tolist()


@pytest.mark.parametrize("compute", [compute_preview, compute_complete])
def test_a_result_that_comes_late_undoes_no_edit(small_catalog, compute):
    page, asked = late(small_catalog)
    type_label(page, 0.7)
    type_label(page, 0.8)
    page.show((asked[0], compute(asked[0].config)))  # of the edit before
    page.settled(page.plots.drawing)
    assert numbers(page) == [-1.0, 0.8]
    assert len(asked) == 2
    assert page.selection is asked[1]
    page.show((asked[1], compute(asked[1].config)))
    page.settled(page.plots.drawing)
    assert len(asked) == 2
    assert (
        page.plots.network.points.data["y"].tolist()
        == numbers(page)
        == page.selection.config.data.y
        == [-1.0, 0.8]
    )


def test_an_edit_back_to_what_is_drawn_is_an_edit(small_catalog):
    page, asked = late(small_catalog)
    type_label(page, 0.7)
    type_label(page, 1.0)
    assert asked[-1].config.data.y == [-1.0, 1.0] == page.selection.config.data.y


def test_points_are_added_to_those_of_the_newest_edit(small_catalog):
    page, _ = late(small_catalog)
    type_label(page, 0.7)
    page.points.more.clicks += 1
    assert page.selection.config.data.y == [-1.0, 0.7, 0.5]
    page.points.fewer.clicks += 1
    assert page.selection.config.data.y == [-1.0, 0.7]


def test_a_dot_may_be_dragged_away_and_back(small_catalog):
    page, asked = late(small_catalog)
    before = {name: list(column) for name, column in page.plots.network.points.data.items()}
    page.plots.network.points.data = {"x": [-0.5, 2.5], "y": [-1.0, 1.0]}
    page.plots.network.points.data = before
    assert [one.config.data.x for one in asked] == [[[-0.5], [2.5]], [[-0.5], [2.0]]]


def test_a_failure_of_what_is_no_longer_asked_for_changes_nothing(small_catalog):
    page, said = opened(small_catalog)
    late = RequestError("data.x: an earlier one")
    vars(late)["subject"] = select_preset("leaky")
    page.failed(late)
    assert page.selection == page.shown == select_preset("orthogonal")
    assert said == ["data.x: an earlier one"]


def test_all_that_is_said_of_an_instant_is_that_of_the_cursor(small_catalog):
    page, _ = opened(small_catalog)
    for frame in (0, len(page.plots.drawing.time) - 1, len(page.plots.drawing.time) // 2):
        page.plots.player.value = frame
        (time,) = page.plots.curves.cursor.data["t"]
        assert time == page.plots.drawing.time[frame]
        for said in (page.text.sentence.object, page.text.facts.object):
            assert time_text(time) in said
            assert phase_at(page.plots.drawing, time) in said


def changes(page, look):
    """The models that showing a look changes, by what they are."""
    sources = {
        "neurons": page.plots.network.neurons,
        "loss": page.plots.curves.loss,
        "data": page.plots.network.points,
    }
    panes = {
        "title": page.text.title,
        "now": page.text.facts,
        "words": page.text.times,
        "digits": page.text.samples,
    }
    found = set()
    for name, source in sources.items():
        source.on_change("data", lambda attribute, old, new, name=name: found.add(name))
    for name, pane in panes.items():
        pane.param.watch(lambda event, name=name: found.add(name), "object")
    for plot in (page.plots.network.figure, *page.plots.curves.figures.values()):
        plot.y_range.on_change("start", lambda attribute, old, new: found.add("an axis"))
    page.show(look)
    return found


def test_while_a_slider_moves_only_what_moves_is_sent(small_catalog):
    """Every text has the browser lay out the page, every axis its figure: each as long as all else together."""
    page, _ = opened(small_catalog)
    theme = []
    for scale in (-6.0, -6.2):
        config = load_config("orthogonal", {"init.log10_scale": scale})
        theme.append((RunSelection(config, {}), compute_preview(config)))
    page.show(theme[0])
    assert changes(page, theme[1]) <= {"neurons", "loss", "an axis"}
    assert changes(page, theme[1]) == set()


def test_an_axis_stays_while_little_changes(small_catalog):
    page, _ = opened(small_catalog)
    limits = []
    for scale in (-6.0, -6.05):
        config = load_config("orthogonal", {"init.log10_scale": scale})
        page.show((RunSelection(config, {}), compute_preview(config)))
        plots = {"network": page.plots.network.figure, **page.plots.curves.figures}
        limits.append({name: (plot.y_range.start, plot.y_range.end) for name, plot in plots.items()})
    assert {name for name in limits[0] if limits[0][name] != limits[1][name]} <= {"norms"}


def test_while_a_hand_is_in_the_picture_nothing_moves_away_under_it(small_catalog):
    page, _ = opened(small_catalog)
    network, selection = page.plots.network, {"data.x": [[-0.5], [9.0]], "data.y": [-1.0, 5.0]}
    config = load_config("orthogonal", selection)
    shown = [network.points.data["x"].tolist(), network.figure.y_range.end]
    network.drag.hold(True)
    page.show((RunSelection(config, {}), compute_preview(config)))
    assert [list(network.points.data["x"]), network.figure.y_range.end] == shown
    assert page.plots.curves.loss.data["loss"][0] == pytest.approx((1 + 25) / 4)
    network.drag.hold(False)
    page.show((RunSelection(config, {}), compute_preview(config)))
    assert network.points.data["x"].tolist() == [-0.5, 9.0]
    assert network.figure.y_range.end > 5.0


@pytest.mark.parametrize(("preset", "free"), [("orthogonal", True), ("orthonormal", False)])
def test_only_given_points_in_one_dimension_can_be_dragged(small_catalog, preset, free):
    page, _ = opened(small_catalog, preset=preset, **{"init.width": "8"})
    assert ("fixed" not in page.plots.network.points.tags) is free
    assert ("data (drag)" in page.plots.network_legend.object) is free
    assert ("minimum norm" in page.plots.network_legend.object) is free  # no line is in the plane of the weights
    assert page.points.table.disabled is not free


def test_a_run_that_another_visitor_has_opened_is_in_the_page_from_the_start(
    small_catalog, run_data_of, monkeypatch
):
    asked, written, loads = [], [], []
    monkeypatch.setattr(type(pn.state), "onload", lambda _, call: loads.append(call))
    context = PageContext(
        small_catalog, {"t": "3"}, write=written.append, shared=lambda key: asked.append(key) or run_data_of()
    )
    with set_curdoc(Document()):
        page = FlowPage(context)
        assert page.plots.drawing.run is run_data_of()
        assert len(page.plots.curves.loss.data["t"]) > 100
        assert written == []  # before the page is loaded there is no address to write
        for load in loads:
            load()
    assert float(written[-1]["t"]) == pytest.approx(3.0, abs=0.5)
    assert asked[0][0] == "published"


def test_a_saved_run_is_opened_and_not_the_computed_one_shown(small_catalog, run_data_of):
    """Both have one configuration; shown from memory, the run of the catalog said "computed now"."""
    computed = {"complete": run_data_of()}
    context = PageContext(
        small_catalog, {"run": small_catalog.run_ids()[0]}, shared=lambda key: computed.get(key[0])
    )
    with set_curdoc(Document()):
        assert FlowPage(context).plots.drawing is None  # it is opened once the page is loaded


def test_a_moving_slider_and_a_frame_search_the_document_for_no_models(small_catalog, run_data_of, monkeypatch):
    runs = [run_data_of(quick=True, init__log10_scale=scale) for scale in (-6.0, -7.0, -8.0)]
    document = Document()
    with set_curdoc(document):
        page = FlowPage(PageContext(small_catalog, {}, shared=lambda _: run_data_of()))
        document.add_root(page.layout.get_root(document))
        page.show((page.selection, runs[0]))
        searches = []
        monkeypatch.setattr(DocumentModelManager, "recompute", lambda _: searches.append(1))
        for run in runs[1:]:
            page.show((page.selection, run))
        page.plots.show_frame(9)
    assert searches == []
