"""Neurons on a logarithmic scale: order, signs and ticks."""

import numpy as np

from dashboards.plots.log_heights import LogHeights
from dashboards.plots.source_columns import count_hidden, neuron_columns


def test_every_neuron_of_every_frame_is_inside_by_sign_and_in_the_order_of_norms(drawing_of):
    drawing = drawing_of()
    heights = LogHeights.of(drawing, -1.7, 1.9)
    for frame in (0, len(drawing.time) // 2, len(drawing.time) - 1):
        state = drawing.state(frame)
        placed = heights.place(state)
        assert np.array_equal(np.sign(placed), np.sign(state.output))
        assert placed.min() > -1.7
        assert placed.max() < 1.9
        up = state.output > 0
        assert np.array_equal(np.argsort(placed[up]), np.argsort(state.log_norm[up]))
    assert np.ptp(heights.place(drawing.state(0))[up]) > 0.05  # where on a linear axis all are at 0


def test_a_tick_stands_where_a_neuron_of_its_norm_does():
    heights = LogHeights(-8.0, 0.0, -1.0, 2.0)
    ticks = heights.ticks()
    assert ticks[float(heights.heights(np.array([1.0]), np.array([-4.0]))[0])] == "10⁻⁴"
    assert sum(place < 0 for place in ticks) == sum(place > 0 for place in ticks) <= 5
    assert len(LogHeights(-1000.0, 1.0, -1.0, 1.0).ticks()) <= 10


def test_markers_in_one_place_are_counted(drawing_of):
    assert count_hidden(np.array([0.0, 0.0, 1.0]), np.zeros(3)).tolist() == [
        "+1 more here",
        "+1 more here",
        "none",
    ]
    assert len(count_hidden(np.zeros(0), np.zeros(0))) == 0
    drawing = drawing_of()
    columns = neuron_columns(drawing, drawing.state(len(drawing.time) - 1))
    assert any(text != "none" for text in columns["more"])
