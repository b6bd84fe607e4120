"""The columns of the pictures."""

from types import SimpleNamespace

import numpy as np
import pytest

from dashboards.plots.source_columns import (
    chosen_columns,
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
from dashboards.plots.source_columns import (
    test_loss_columns as unseen_columns,
)
from dashboards.time_units import time_unit


def test_the_function_at_the_end_goes_through_the_data_and_is_the_minimum_s(drawing_of):
    drawing = drawing_of()
    end = function_columns(drawing, drawing.state(len(drawing.time) - 1))
    data = drawing.run.groups["data"]
    assert np.interp(data["x"].values[:, 0], end["x"], end["h"]) == pytest.approx(data["y"].values, abs=1e-6)
    assert end["h"] == pytest.approx(minimum_columns(drawing)["h"], abs=1e-5)


def test_the_loss_at_test_points_is_a_curve_where_there_are_some(drawing_of):
    drawing = drawing_of()
    assert unseen_columns(drawing, 1.0)["loss"].size == 0
    trajectory = drawing.run.groups["trajectory"]
    known = trajectory.assign(test_loss=2.0 * trajectory["loss"])
    run = SimpleNamespace(groups={"trajectory": known})
    found = unseen_columns(SimpleNamespace(run=run), 2.0)
    np.testing.assert_array_equal(found["loss"], 2.0 * trajectory["loss"].values)
    np.testing.assert_array_equal(found["t"], trajectory["time"].values / 2.0)


def test_neurons_stand_at_their_kinks(drawing_of):
    drawing = drawing_of()
    columns = neuron_columns(drawing, drawing.state(len(drawing.time) - 1))
    trajectory = drawing.run.groups["trajectory"].isel(time=-1)
    direction = trajectory["direction"].values[columns["neuron"]]
    kink = -direction[:, 1] / direction[:, 0]
    inside = (kink >= drawing.plane.window[0]) & (kink <= drawing.plane.window[1])
    assert columns["x"][inside] == pytest.approx(kink[inside])
    assert (np.sign(columns["y"]) == np.sign(trajectory["output_ratio"].values[columns["neuron"]])).all()
    assert {len(column) for column in columns.values()} == {60}


def test_sliding_neurons_have_a_second_cue(drawing_of):
    drawing = drawing_of("non-orthogonal-large")
    frame = next(f for f in range(len(drawing.time)) if drawing.state(f).sliding.any())
    columns = neuron_columns(drawing, drawing.state(frame))
    sliding = columns["sliding"] == "yes"
    assert sliding.any()
    assert (columns["width"][sliding] > columns["width"][~sliding].max()).all()


def test_every_frame_is_inside_of_the_window(drawing_of):
    for name in ("orthogonal", "non-orthogonal-large", "orthonormal"):
        drawing = drawing_of(name)
        left, right, bottom, top = window(drawing)
        for frame in np.linspace(0, len(drawing.time) - 1, 9).astype(int):
            columns = neuron_columns(drawing, drawing.state(int(frame)))
            assert (columns["x"] >= left).all()
            assert (columns["x"] <= right).all()
            assert (columns["y"] >= bottom).all()
            assert (columns["y"] <= top).all()


def test_a_unit_only_scales_the_time(drawing_of):
    drawing = drawing_of()
    plain, scaled = loss_columns(drawing, 1.0), loss_columns(drawing, time_unit("iterations", 0.0).length)
    assert scaled["t"] == pytest.approx(500 * plain["t"])
    assert scaled["loss"].tolist() == plain["loss"].tolist()
    assert time_unit("scaled", 0.5) is None
    assert time_unit("scaled", -4.0).length == 4.0


def test_phases_cover_the_run_and_plateaus_lie_where_the_loss_rests(drawing_of):
    drawing = drawing_of()
    phases = phase_columns(drawing, 1.0)
    assert phases["from"][0] == 0
    assert phases["from"][1:] == phases["to"][:-1]
    assert phases["to"][-1] == drawing.time[-1]
    losses = [np.median(line) for line in plateau_columns(drawing, 1.0)["loss"]]
    assert losses == pytest.approx([0.5, 0.25], abs=5e-3)
    assert plateau_columns(drawing_of(quick=True), 1.0)["loss"] == []


def test_residuals_are_strung_by_the_sign_of_the_label(drawing_of):
    drawing = drawing_of("non-orthogonal")
    curve, y = drawing.run.curve, drawing.run.groups["data"]["y"].values
    parts = residual_columns(drawing, 1.0)
    for sign, chosen in (("positive", y > 0), ("negative", y < 0)):
        lines = parts[sign]["r"].reshape(chosen.sum(), -1)
        assert np.isnan(lines[:, -1]).all()
        assert lines[:, :-1] == pytest.approx(curve["residual"].values[:, chosen].T, abs=1e-6)
        assert parts[sign]["t"][: len(curve["time"])] == pytest.approx(curve["time"].values, rel=1e-6)


def test_every_neuron_that_is_drawn_as_a_line_is_in_one_role_s_string(drawing_of):
    drawing = drawing_of()
    gaps = {role: int(np.isnan(columns["t"]).sum()) for role, columns in line_columns(drawing, 1.0).items()}
    assert gaps == {role: int((drawing.role == role).sum()) for role in gaps}


def test_selected_neurons_have_lines_of_their_own(drawing_of):
    drawing = drawing_of()
    columns = chosen_columns(drawing, 2.0, [7, 3])
    assert columns["neuron"] == [7, 3]
    last = drawing.run.groups["trajectory"]["log_norm"].values[-1, [7, 3]] / np.log(10)
    assert [line[-1] for line in columns["log10_norm"]] == pytest.approx(last)
    assert columns["t"][0][-1] == drawing.time[-1] / 2.0


def test_ticks_are_the_data_s(drawing_of):
    many = drawing_of("orthonormal")
    assert len(tick_columns(many)["x0"]) == many.run.groups["data"].sizes["point"]
    assert len(tick_columns(drawing_of())["x0"]) == 0
