"""Gradient descent beside the run: computed on request alone, and drawn only beside the run that it belongs to."""

from dataclasses import replace

import numpy as np
import pytest

from dashboards.drawing_data import DrawingData
from dashboards.other_method import METHODS, OtherRequest, follow_other
from dashboards.page_context import PageContext
from dashboards.run_data import compute_complete, compute_preview, open_run_data
from dashboards.views.flow.page import FlowPage
from pipeline import generate_data, initialise, load_config, predict, run, simulate
from pipeline.inputs.errors import RequestError

pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword"),
    pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option"),
]


@pytest.fixture
def opened(small_catalog):
    """Open the page at an address; what it has said and computed is told."""

    def open_page(**query):
        said, computed = [], []

        def compute(function, *args):
            computed.append(function.__name__)
            return function(*args)

        context = PageContext(
            small_catalog, query, say=said.append, say_error=lambda error: said.append(str(error)), compute=compute
        )
        return FlowPage(context), said, computed

    return open_page


def drawn(page):
    """How many instants of its loss and positions of its function are drawn."""
    return len(page.plots.curves.other.data["t"]), len(page.plots.network.other.data["x"])


def test_it_is_what_the_method_gives():
    config = load_config("orthogonal")
    drawing = DrawingData.of(compute_complete(config))
    asked = OtherRequest.of(drawing, METHODS["descent-0.1"])
    found = follow_other(asked)
    data = generate_data(config.data)
    expected = simulate(
        data, initialise(data, config.init), sample_times=drawing.time, method="gradient_descent", step_size=0.1
    )
    np.testing.assert_allclose(found.loss, expected["loss"], atol=1e-6)
    at_points = [int(np.argmin(np.abs(found.position - x))) for x in drawing.plane.one.x]
    np.testing.assert_allclose(found.function[:, at_points], predict(expected, data), atol=1e-6)
    assert np.abs(found.loss - drawing.run.groups["trajectory"]["loss"].values).max() > 0.01


def test_it_is_computed_on_request_and_leaves_with_its_run(opened):
    page, _, computed = opened()
    assert "follow_other" not in computed
    assert drawn(page) == (0, 0)
    page.other.choice.value = "descent-0.1"
    assert computed.count("follow_other") == 1
    assert min(drawn(page)) > 100
    assert "gradient descent, step 0.1: L = " in page.other.text.object
    assert page.context.query["beside"] == "descent-0.1"
    before = page.plots.network.other.data["h"]
    page.plots.player.value = page.plots.player.end // 2
    assert not np.array_equal(page.plots.network.other.data["h"], before)
    assert computed.count("follow_other") == 1  # the cursor has moved, nothing else
    page.show((page.shown, compute_preview(page.shown.config)))  # as while a slider moves
    assert drawn(page) == (0, 0)
    assert computed.count("follow_other") == 1
    page.show((page.shown, compute_complete(page.shown.config)))
    assert min(drawn(page)) > 100
    page.other.choice.value = ""
    assert drawn(page) == (0, 0)
    assert page.other.text.object == ""
    assert "beside" not in page.context.query


def test_what_the_method_refuses_is_said(opened):
    page, said, _ = opened(**{"beside": "descent-0.01", "init.log10_scale": "-1000"})
    assert "1e-150 to 1e+150 is allowed with flow.method = 'gradient_descent'" in said[-1]
    assert page.other.choice.value == ""
    assert drawn(page) == (0, 0)
    _, said, _ = opened(beside="nonsense")
    assert "beside = 'nonsense' is not known" in said[0]


def test_a_published_run_of_any_start_has_the_flow_beside_it():
    """Of a run the start is taken from its samples: the files of its configuration may be elsewhere."""
    keys = {"flow.method": "gradient_descent", "flow.end_time": 20.0, "flow.slope": 0.1}
    tree = run(load_config("leaky", keys))
    drawing = DrawingData.of(open_run_data(tree))
    found = follow_other(OtherRequest.of(drawing, METHODS["exact"]))
    assert np.abs(found.loss - tree["trajectory"]["loss"].values).max() < 1e-2
    assert found.time[-1] == tree["trajectory"]["time"][-1]


def test_a_run_that_a_page_cannot_compute_is_refused():
    drawing = DrawingData.of(compute_preview(load_config("orthogonal")))
    with pytest.raises(RequestError, match=r"60,000 neurons: a page computes at most 20,000"):
        OtherRequest.of(replace(drawing, role=np.repeat(drawing.role, 1000)), METHODS["exact"])
