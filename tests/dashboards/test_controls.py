"""The controls of a live run."""

import pytest

from dashboards.controls import SCALES, Controls, StopSlider
from dashboards.subject import Subject
from pipeline import load_config


@pytest.fixture
def controls():
    config = load_config("orthogonal")
    made = Controls(
        Subject(config, {}), lambda config: made.heard.append(config), lambda line: made.said.append(line)
    )
    made.heard, made.said = [], []
    return made


def test_moving_the_scale_says_the_new_configuration(controls):
    controls.scale.slider.value = controls.scale.values.index(-1000)
    assert controls.heard[-1].init.log10_scale == -1000
    assert controls.heard[-1].init.width == 60
    assert len(controls.heard) == 1


def test_several_keys_stay_said(controls):
    controls.seed.value = 5
    controls.start.value = "unbalanced"
    last = controls.heard[-1].init
    assert (last.seed, last.start) == (5, "unbalanced")


def test_a_preset_starts_afresh_and_tells_once(controls):
    controls.seed.value = 5
    controls.choice.value = "leaky"
    assert controls.heard[-1] == load_config("leaky")
    assert controls.slope.value == load_config("leaky").flow.slope
    assert (controls.seed.value, len(controls.heard)) == (0, 2)


def test_wrong_points_are_refused_in_a_line_and_nothing_is_kept(controls):
    controls.set(data__x=[[1.0]], data__y=[1.0, 2.0])
    assert controls.heard == []
    assert "data.y has 2 labels for 1 point" in controls.said[0]
    controls.seed.value = 1
    assert controls.heard[-1].data == load_config("orthogonal").data


def test_a_slider_takes_any_value_and_names_it():
    slider = StopSlider("Scale", SCALES, -123.5)
    assert slider.value == -123.5
    assert slider.values == sorted(slider.values, reverse=True)
    slider.set(-6.0)
    assert -123.5 not in slider.values
    told = []
    slider.watch(told.append)
    slider.slider.value += 1
    assert told == [-6.25]
