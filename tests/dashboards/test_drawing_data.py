"""What is drawn of a run."""

import numpy as np
import pytest

from dashboards.drawing_data import LINE_POINTS, MOST_LINES, MOST_MARKERS


def test_few_neurons_are_all_drawn(scene_of):
    scene = scene_of()
    assert sorted(scene.shown) == list(range(60))
    assert scene.lines == 60


def test_of_many_the_largest_are_drawn_and_every_role_has_lines(scene_of):
    scene = scene_of(quick=True, init__width=5000)
    assert len(scene.shown) == MOST_MARKERS
    assert scene.lines <= MOST_LINES
    assert set(scene.role[scene.shown[: scene.lines]]) == {"positive", "negative", "other"}
    assert len(set(scene.shown)) == len(scene.shown)


def test_lines_are_the_trajectory_s_own(scene_of):
    scene = scene_of()
    time, log10_norm, cosine, role = scene.followed(scene.shown)
    trajectory = scene.look.groups["trajectory"]
    assert len(time) <= 2 * LINE_POINTS[True]
    assert (time[0], time[-1]) == (scene.time[0], scene.time[-1])
    row = 7
    neuron = scene.shown[row]
    assert log10_norm[row, -1] == pytest.approx(float(trajectory["log_norm"][-1, neuron]) / np.log(10))
    assert role[row] == scene.role[neuron]
    assert np.abs(cosine).max() <= 1 + 1e-12
    aligned = cosine[np.isin(role, ["positive", "negative"]), -1]
    assert aligned.min() > 0.99


def test_a_frame_is_the_nearest_instant(scene_of):
    scene = scene_of()
    assert scene.frame_at(-5.0) == 0
    assert scene.frame_at(1e9) == len(scene.time) - 1
    assert abs(scene.time[scene.frame_at(10.0)] - 10.0) < 0.5


def test_one_input_has_a_plane_and_many_have_components(scene_of):
    assert scene_of().plane is not None
    scene = scene_of("orthonormal")
    assert scene.plane is None
    assert "%" in scene.view.names[0]
