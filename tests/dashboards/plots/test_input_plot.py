"""The input plane: lines and the map agree with the network."""

import holoviews as hv
import numpy as np
import pytest

from dashboards.plots.input_plot import Inputs, clip_lines, create_input_plot, evaluate
from dashboards.theme import LIGHT

X, Y = [[1.0, 0.2], [-0.4, 1.0], [0.3, -0.8]], [1.0, -1.0, 0.5]


@pytest.fixture(scope="module", params=[True, False], ids=["bias", "no bias"])
def drawing(request, drawing_of):
    return drawing_of(data__x=X, data__y=Y, data__bias=request.param, init__width=9, flow__samples=20)


def test_the_map_fits_the_data_at_the_end(drawing):
    inputs, last = Inputs.of(drawing.run.groups["data"]), len(drawing.time) - 1
    data, state = drawing.run.groups["data"], drawing.state(last)
    assert inputs.x.tolist() == X
    assert np.array_equal(inputs.at(inputs.x, data.sizes["coord"]), data["x"].values)
    residual = drawing.run.groups["trajectory"]["residual"].values[last]
    found = evaluate(state, data["x"].values, 0.0)
    assert data["y"].values - found == pytest.approx(residual, abs=1e-9)


def test_a_neuron_changes_on_its_line(drawing):
    inputs, state = Inputs.of(drawing.run.groups["data"]), drawing.state(5)
    low, high = inputs.window()
    ends = clip_lines(*inputs.boundaries(state.direction), low, high)
    coords = state.direction.shape[1]
    seen = 0
    for j in range(len(state.direction)):
        for end in (ends[0][j], ends[1][j]):
            if np.isfinite(end).all():
                seen += 1
                assert inputs.at(end[None], coords)[0] @ state.direction[j] == pytest.approx(0.0, abs=1e-9)
                assert (end >= low - 1e-9).all()
                assert (end <= high + 1e-9).all()
    assert seen > 4


def test_lines_outside_and_along_the_axes():
    low, high = np.array([-1.0, -1.0]), np.array([1.0, 1.0])
    first, last = clip_lines(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]),
                             np.array([0.5, 0.0, 9.0, 1.0]), low, high)  # fmt: skip
    assert sorted([first[0].tolist(), last[0].tolist()]) == [[-1.0, -0.5], [1.0, -0.5]]
    assert sorted([first[1].tolist(), last[1].tolist()]) == [[0.0, -1.0], [0.0, 1.0]]
    assert np.isnan(first[2:]).all()


def test_it_is_drawn_and_only_for_two_inputs(drawing, drawing_of):
    element = create_input_plot(drawing, Inputs.of(drawing.run.groups["data"]), 3, [2], LIGHT)
    assert isinstance(element, hv.Overlay)
    assert Inputs.of(drawing_of().run.groups["data"]) is None
