"""The page Explore: what it draws, what its address says, and what it says where something is wrong."""

from types import SimpleNamespace

import panel as pn
import pytest
from amounts import with_slow

from dashboards.page_context import PageContext
from dashboards.slices.sources import name_files
from dashboards.views.explore.page import ExplorePage


def opened(catalog, files=None, **query):
    said = []
    context = PageContext(catalog, query, say=said.append, files=files or {})
    return ExplorePage(context), context, said


@pytest.fixture(scope="module")
def page(small_catalog, orthogonal_id):
    """A page of one run, which each test leads to what it needs."""
    return opened(small_catalog, run=orthogonal_id)


def test_the_norms_of_a_linked_run_are_drawn_first_and_the_address_leads_back(page, small_catalog, orthogonal_id):
    shown, context, said = page
    assert said == []
    assert context.query["runs"] == orthogonal_id
    assert (context.query["show"], context.query["x"], context.query["lines"]) == (
        "trajectory/log_norm", "time", "neuron",
    )  # fmt: skip
    assert f"flow?run={orthogonal_id}" in shown.panels[0].title.object
    again, address, said = opened(small_catalog, **context.query)
    assert said == []
    assert (again.choice, address.query) == (shown.choice, context.query)


def test_a_condition_marks_neurons_in_the_plot_and_in_words(page):
    shown, context, said = page
    shown.controls.neurons.value = "role == positive"
    neurons = shown.shown.slices[0][1].neurons
    roles = shown.sources.open(shown.choice.sources[0])["phases/role"]
    assert neurons == tuple((roles == 1).values.nonzero()[0].tolist())
    assert f"Selected: {neurons[0]}" in shown.panels[0].sentence.object
    assert [item.label.value for item in shown.panels[0].figure.legend[0].items][-1] == "selected"
    assert context.query["where"] == "role == positive"
    shown.controls.neurons.value = "rolle == positive"
    assert "there is no 'rolle'; close to it: role" in said[-1]
    assert shown.controls.neurons.value == "role == positive"
    shown.controls.neurons.value = "3"
    assert (context.query["select"], "where" in context.query) == ("[3]", False)


def test_a_slider_and_frames_give_the_figure_new_data(page):
    shown, context, _ = page
    shown.controls.variable.value = "trajectory/direction"
    figure = shown.panels[0].figure
    shown.controls.sliders["coord"].value = 1
    assert shown.panels[0].figure is figure
    assert "at coord bias" in shown.panels[0].sentence.object
    shown.controls.parts["play"].value = "time"
    assert shown.controls.player.visible
    assert context.query["play"] == "time"
    assert shown.choice.layout.x != "time"
    shown.controls.player.value = 0
    assert '"time":0' in context.query["at"]
    shown.controls.parts["x"].value = "time"
    assert not shown.controls.player.visible


def test_labels_are_drawn_as_a_heat_map_with_their_words(page):
    shown, _, _ = page
    shown.controls.variable.value = "trajectory/activation"
    assert shown.choice.kind == "map"
    bar = shown.panels[0].figure.above[0]
    assert set(bar.major_label_overrides.values()) <= {"off", "on", "sliding"}
    shown.controls.variable.value = "trajectory/log_norm"


def test_a_zoom_is_a_window_of_all_plots_and_a_double_click_restores(page):
    shown, context, _ = page
    whole = (shown.x_range.start, shown.x_range.end)
    shown.zoomed((2.0, 8.0))
    assert context.query["window"] == "2,8"
    assert shown.shown.slices[0][1].values["time"].values[0] <= 2.0
    assert (shown.x_range.start, shown.x_range.end) == (2.0, 8.0)
    shown.zoomed(None)
    assert "window" not in context.query
    assert (shown.x_range.start, shown.x_range.end) == pytest.approx(whole)


def test_runs_side_by_side_share_x_and_the_selection(small_catalog):
    runs = small_catalog.run_ids()
    shown, _, said = opened(small_catalog, runs=",".join(runs), show="trajectory/loss", scale="log", select="[1]")
    assert said == []
    assert [panel.figure.x_range for panel in shown.panels] == [shown.x_range] * len(runs)
    assert len(shown.plots.objects) == len(runs)
    assert len(shown.csv().getvalue().splitlines()) > 100
    shown.controls.sources.selects[1].value = ""
    assert len(shown.plots.objects) == len(runs) - 1


def test_a_file_of_the_command_line_is_drawn(small_catalog, orthogonal_id):
    files = name_files([str(small_catalog.path(orthogonal_id) / "data.zarr")])
    shown, context, said = opened(small_catalog, files)
    assert said == []
    assert context.query["runs"] == "file:data.zarr"
    assert shown.panels[0].figure is not None


@pytest.mark.parametrize(
    "path", with_slow(["data/growth_ratio", "plateaus/kind"], ["statements/margin", "phases/phase"])
)
def test_every_kind_of_variable_is_shown(small_catalog, orthogonal_id, path):
    shown, _, said = opened(small_catalog, run=orthogonal_id, show=path)
    assert said == []
    assert shown.panels[0].sentence.object
    assert (shown.panels[0].figure is None) == (path == "data/growth_ratio")
    assert not list(shown.view.select(pn.pane.Alert))


@pytest.mark.parametrize(
    "case",
    with_slow(
        [
            ({"runs": "nothing"}, "no run 'nothing'"),
            ({"runs": "file:/etc/passwd"}, "is no file of this dashboard"),
            ({"at": '{"coord": 9}'}, "at: coord = 9 is not there"),
            ({"where": "a.b"}, "is not allowed"),
        ],
        [
            ({"show": "trajectory/none"}, "show = 'trajectory/none' is not known"),
            ({"x": "neuron", "lines": "neuron"}, "name the same dimension"),
            ({"window": "8,2"}, "window = '8,2' is not known"),
            ({"as": "pie"}, "as = 'pie' is not known"),
        ],
    ),
)
def test_what_is_wrong_in_an_address_is_said_and_something_is_shown(small_catalog, case):
    query, said = case
    shown, _, told = opened(small_catalog, **query)
    assert said in told[0]
    assert shown.panels[0].figure is not None


def test_a_click_at_a_line_selects_its_neuron_and_a_double_click_selects_nothing(page, monkeypatch):
    monkeypatch.setattr("dashboards.views.explore.page.DOUBLE_CLICK_SECONDS", 600.0)  # the machine may be busy
    shown, context, _ = page
    shown.controls.variable.value = "trajectory/log_norm"
    shown.controls.neurons.value = ""
    panel, values = shown.panels[0], shown.shown.slices[0][1].values
    x, y = float(values["time"][20]), float(values.isel(time=20, neuron=4))
    panel.tapped(SimpleNamespace(x=x, y=y))
    (selected,) = shown.choice.neurons.numbers
    height = panel.figure.y_range.end - panel.figure.y_range.start
    assert abs(float(values.isel(time=20, neuron=selected)) - y) < 0.04 * height
    assert context.query["select"] == f"[{selected}]"
    panel.tapped(SimpleNamespace(x=x, y=y))
    assert shown.choice.neurons.numbers == ()
    panel.tapped(SimpleNamespace(x=x, y=y + height))
    assert shown.choice.neurons.numbers == ()
    panel.tapped(SimpleNamespace(x=x, y=y))
    panel.restored(None)
    assert shown.choice.neurons.numbers == ()
    shown.controls.variable.value = "trajectory/activation"
    panel.tapped(SimpleNamespace(x=x, y=5.2))
    assert shown.choice.neurons.numbers == (5,)
    shown.controls.neurons.value = ""


def test_the_box_and_the_lasso_select_the_neurons_with_a_value_inside_in_all_plots(small_catalog, orthogonal_id):
    other = next(key for key in small_catalog.run_ids() if key != orthogonal_id)
    shown, context, _ = opened(small_catalog, runs=f"{orthogonal_id},{other}", show="trajectory/log_norm")
    panel, values = shown.panels[0], shown.shown.slices[0][1].values
    assert {type(tool).__name__ for tool in panel.figure.tools} >= {"BoxSelectTool", "LassoSelectTool"}
    end, time = values.isel(time=-1), float(values["time"][-1])
    large = end.where(end > -3.0, drop=True)["neuron"].values.tolist()
    assert 0 < len(large) < end.size
    box = {"type": "rect", "x0": time + 1, "x1": time - 1e-9, "y0": -3.0, "y1": 9.0}
    panel.surrounded(SimpleNamespace(geometry=box, final=False))
    assert not shown.choice.neurons
    panel.surrounded(SimpleNamespace(geometry=box, final=True))
    assert list(shown.choice.neurons.numbers) == large
    assert [drawn.neurons for _, drawn, _ in shown.shown.slices] == [tuple(large)] * 2
    assert context.query["select"] == str(large).replace(" ", "")
    lasso = {"type": "poly", "x": [time - 1, time + 1, time], "y": [-40.0, -40.0, -3.0]}
    shown.panels[1].surrounded(SimpleNamespace(geometry=lasso, final=True))
    assert set(shown.choice.neurons.numbers).isdisjoint(large)
    shown.controls.variable.value = "trajectory/activation"
    rows = {"type": "rect", "x0": -1.0, "x1": time, "y0": 1.6, "y1": 3.4}
    shown.panels[0].surrounded(SimpleNamespace(geometry=rows, final=True))
    assert shown.choice.neurons.numbers == (2, 3)
