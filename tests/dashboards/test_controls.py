"""The controls of a live run."""

import threading
import time

import pytest
from bokeh.document import Document

from dashboards.controls import SCALES, Controls, PromptSlider, StopSlider
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


def test_of_two_quick_moves_the_last_is_heard_last(monkeypatch):
    """Panel hands each to a thread of its own; here the first thread is held up between taking and telling."""
    slider, heard, taken = PromptSlider(start=0, end=9, value=0), [], threading.Event()

    def process(events):
        taken.set()
        if events["value"] == 1:
            time.sleep(0.3)
        heard.append(events["value"])

    monkeypatch.setattr(slider, "_process_events", process)
    threads = []
    for value in (1, 2):
        slider._events = {"value": value}
        threads.append(threading.Thread(target=slider._change_event, args=(Document(),)))
        threads[-1].start()
        assert taken.wait(10)
    for thread in threads:
        thread.join()
    assert heard == [1, 2]
