"""What is drawn of a run."""

import numpy as np
import pytest

from dashboards.drawing_data import LINE_INSTANTS, LINES_LIMIT, MADE_LIMIT, MARKERS_LIMIT, DrawingData


def test_few_neurons_are_all_drawn(drawing_of):
    drawing = drawing_of()
    assert sorted(drawing.shown) == list(range(60))
    assert drawing.lines == 60


def test_of_many_the_largest_are_drawn_and_every_role_has_lines(drawing_of):
    drawing = drawing_of(quick=True, init__width=5000)
    assert len(drawing.shown) == MARKERS_LIMIT
    assert drawing.lines <= LINES_LIMIT
    assert set(drawing.role[drawing.shown[: drawing.lines]]) == {"positive", "negative", "other"}
    assert len(set(drawing.shown)) == len(drawing.shown)


def test_lines_are_the_trajectory_s_own(drawing_of):
    drawing = drawing_of()
    time, log10_norm, cosine, role = drawing.followed(drawing.shown)
    trajectory = drawing.run.groups["trajectory"]
    assert len(time) <= 2 * LINE_INSTANTS[True]
    assert (time[0], time[-1]) == (drawing.time[0], drawing.time[-1])
    row = 7
    neuron = drawing.shown[row]
    assert log10_norm[row, -1] == pytest.approx(float(trajectory["log_norm"][-1, neuron]) / np.log(10))
    assert role[row] == drawing.role[neuron]
    assert np.abs(cosine).max() <= 1 + 1e-12
    aligned = cosine[np.isin(role, ["positive", "negative"]), -1]
    assert aligned.min() > 0.99


def test_a_frame_is_the_nearest_instant(drawing_of):
    drawing = drawing_of()
    assert drawing.frame_at(-5.0) == 0
    assert drawing.frame_at(1e9) == len(drawing.time) - 1
    assert abs(drawing.time[drawing.frame_at(10.0)] - 10.0) < 0.5


def test_one_input_has_a_plane_and_many_have_components(drawing_of):
    assert drawing_of().plane is not None
    drawing = drawing_of("orthonormal")
    assert drawing.plane is None
    assert "%" in drawing.view.names[0]


def test_all_pages_that_draw_a_run_share_what_is_made_of_it(drawing_of):
    first, second = drawing_of(), drawing_of()
    assert first is second
    assert DrawingData.of(first.run, (0, 1)) is not first
    made = []
    for number in [7, 7, *range(MADE_LIMIT + 5), 7]:
        assert first.once(("number", number), lambda number=number: made.append(number) or -number) == -number
    assert made.count(7) <= 3
    assert made[:2] == [7, 0]
    assert len(vars(first)["_made"]) <= MADE_LIMIT
