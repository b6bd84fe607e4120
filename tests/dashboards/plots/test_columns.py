"""The columns of the pictures."""

import numpy as np
import pytest

from dashboards.clocks import clock
from dashboards.plots.columns import (
    function_columns,
    line_columns,
    loss_columns,
    minimum_columns,
    neuron_columns,
    phase_columns,
    plateau_columns,
    residual_columns,
    tick_columns,
    window,
)


def test_the_function_at_the_end_goes_through_the_data_and_is_the_minimum_s(scene_of):
    scene = scene_of()
    end = function_columns(scene, scene.state(len(scene.time) - 1))
    data = scene.look.groups["data"]
    assert np.interp(data["x"].values[:, 0], end["x"], end["h"]) == pytest.approx(data["y"].values, abs=1e-6)
    assert end["h"] == pytest.approx(minimum_columns(scene)["h"], abs=1e-5)


def test_neurons_stand_at_their_kinks(scene_of):
    scene = scene_of()
    columns = neuron_columns(scene, scene.state(len(scene.time) - 1))
    trajectory = scene.look.groups["trajectory"].isel(time=-1)
    direction = trajectory["direction"].values[columns["neuron"]]
    kink = -direction[:, 1] / direction[:, 0]
    inside = (kink >= scene.plane.window[0]) & (kink <= scene.plane.window[1])
    assert columns["x"][inside] == pytest.approx(kink[inside])
    assert (np.sign(columns["y"]) == np.sign(trajectory["output_ratio"].values[columns["neuron"]])).all()
    assert {len(column) for column in columns.values()} == {60}


def test_sliding_neurons_have_a_second_cue(scene_of):
    scene = scene_of("non-orthogonal-large")
    frame = next(f for f in range(len(scene.time)) if scene.state(f).sliding.any())
    columns = neuron_columns(scene, scene.state(frame))
    sliding = columns["sliding"] == "yes"
    assert sliding.any()
    assert (columns["width"][sliding] > columns["width"][~sliding].max()).all()


def test_every_frame_is_inside_of_the_window(scene_of):
    for name in ("orthogonal", "non-orthogonal-large", "orthonormal"):
        scene = scene_of(name)
        left, right, bottom, top = window(scene)
        for frame in np.linspace(0, len(scene.time) - 1, 9).astype(int):
            columns = neuron_columns(scene, scene.state(int(frame)))
            assert (columns["x"] >= left).all()
            assert (columns["x"] <= right).all()
            assert (columns["y"] >= bottom).all()
            assert (columns["y"] <= top).all()


def test_a_clock_only_counts_the_time_in_something_else(scene_of):
    scene = scene_of()
    plain, scaled = loss_columns(scene, 1.0), loss_columns(scene, clock("iterations", 0.0).unit)
    assert scaled["t"] == pytest.approx(500 * plain["t"])
    assert scaled["loss"].tolist() == plain["loss"].tolist()
    assert clock("scaled", 0.5) is None
    assert clock("scaled", -4.0).unit == 4.0


def test_phases_cover_the_run_and_plateaus_lie_where_the_loss_rests(scene_of):
    scene = scene_of()
    phases = phase_columns(scene, 1.0)
    assert phases["from"][0] == 0
    assert phases["from"][1:] == phases["to"][:-1]
    assert phases["to"][-1] == scene.time[-1]
    losses = [np.median(line) for line in plateau_columns(scene, 1.0)["loss"]]
    assert losses == pytest.approx([0.5, 0.25], abs=5e-3)
    assert plateau_columns(scene_of(quick=True), 1.0)["loss"] == []


def test_residuals_and_lines_have_a_row_each(scene_of):
    scene = scene_of("non-orthogonal")
    residuals = residual_columns(scene, 1.0)
    assert len(residuals["r"]) == len(residuals["t"]) == 5
    assert [dash == "solid" for dash in residuals["dash"]] == [y > 0 for y in scene.look.groups["data"]["y"]]
    lines = line_columns(scene, 1.0)
    assert lines["neuron"].tolist() == scene.shown[: scene.lines].tolist()
    assert (
        len(tick_columns(scene_of("orthonormal"))["x0"])
        == scene_of("orthonormal").look.groups["data"].sizes["point"]
    )
