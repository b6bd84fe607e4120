"""Which dimension is drawn as what: each once, and always one along x."""

import itertools

import pytest

from dashboards.slices.layout import PARTS, Layout, default_layout, fitting

SIZES = {"time": 9, "neuron": 4, "coord": 2}


def dims_of(layout):
    return [layout.part(name) for name in PARTS if layout.part(name)]


def test_a_trajectory_is_drawn_over_time_with_a_line_for_each_neuron():
    assert default_layout(SIZES) == Layout(x="time", lines="neuron", at={"coord": 0})
    assert default_layout({}) == Layout()
    assert default_layout({"coord": 2}) == Layout(x="coord")


@pytest.mark.parametrize(("part", "dim"), list(itertools.product(PARTS, ["time", "neuron", "coord"])))
def test_after_any_change_each_dimension_is_drawn_once_and_all_others_have_a_place(part, dim):
    layout = default_layout(SIZES).with_part(part, dim, SIZES)
    assert layout.part(part) == dim or part != "x"
    assert len(set(dims_of(layout))) == len(dims_of(layout))
    assert layout.x
    drawn = {layout.x, layout.lines, layout.colour} - {""}
    assert drawn | set(layout.at) == set(SIZES)
    assert all(0 <= place < SIZES[dim] for dim, place in layout.at.items())


def test_two_dimensions_that_are_exchanged():
    layout = default_layout(SIZES).with_part("x", "neuron", SIZES)
    assert (layout.x, layout.lines) == ("neuron", "time")


def test_a_place_that_another_run_does_not_have_is_moved_inside():
    assert fitting(Layout(x="neuron", at={"time": 99}), SIZES).at == {"time": 8, "coord": 0}
