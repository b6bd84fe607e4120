"""The controls of a live run."""

import numpy as np
import pytest

from catalog import open_catalog
from dashboards.run_data import compute_preview
from dashboards.run_selection import RunSelection, select_preset, select_published
from dashboards.views.flow.run_controls import SCALES, Controls, StopSlider
from pipeline import load_config, run


@pytest.fixture
def controls_of(tmp_path):
    """Controls of a subject, and what they have told."""

    def make(selection, catalog=None):
        made = Controls(
            selection,
            lambda selection: made.heard.append(selection.config),
            lambda line: made.said.append(line),
            catalog or open_catalog(tmp_path),
        )
        made.heard, made.said = [], []
        return made

    return make


@pytest.fixture
def controls(controls_of):
    return controls_of(select_preset("orthogonal"))


@pytest.fixture
def published_controls(controls_of, tmp_path):
    """Controls of a run of one's own, published in a catalog whose machine no longer has the files."""

    def make(text):
        catalog, file = open_catalog(tmp_path / "catalog"), tmp_path / "elsewhere" / "mine.toml"
        file.parent.mkdir()
        (file.parent / "points.csv").write_text("x,y\n-1,0.5\n2,-1\n")
        np.savez(file.parent / "start.npz", w=[[0.1, 0.25], [-0.3, 0.1], [0.2, -0.1]], a=[0.2, 0.3, -0.4])
        file.write_text(text)
        run(load_config(file), catalog)
        for one in file.parent.iterdir():
            one.unlink()
        return controls_of(select_published(catalog, "mine"), catalog)

    return make


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


OWN = """
[data]
x = [[-1.0], [0.5], [2.0]]
y = [1.0, -0.5, 0.7]
bias = true
[init]
width = 9
log10_scale = -2.5
per_sqrt_width = false
seed = 7
start = "unbalanced"
[flow]
slope = -0.25
end_time = 11.0
samples = 30
[analysis]
epsilon = 0.1
"""


def test_a_published_run_keeps_all_that_is_not_changed(published_controls):
    controls = published_controls(OWN)
    before = controls.selection.config
    assert (controls.scale.value, controls.width.value, controls.seed.value) == (-2.5, 9, 7)
    assert (controls.slope.value, controls.start.value) == (-0.25, "unbalanced")
    assert "√m" not in controls.scale.slider.label
    controls.width.slider.value = controls.width.values.index(24)
    (after,) = controls.heard
    assert after.resolved() == before.resolved() | {"init": before.resolved()["init"] | {"width": 24}}
    assert controls.selection.query() == {"run": controls.selection.source, "init.width": "24"}
    run_id = controls.selection.source
    assert controls.choice.value == f"run {run_id}"
    controls.choice.value = "leaky"
    assert controls.heard[-1] == load_config("leaky")
    controls.choice.value = f"run {run_id}"
    assert controls.selection.query() == {"run": run_id}
    assert (controls.heard[-1], controls.width.value) == (before, 9)


def test_data_and_weights_of_files_stay_where_the_files_are_gone(published_controls):
    controls = published_controls(
        '[data]\nfile = "points.csv"\nbias = true\n[init]\nstart = "given"\nfile = "start.npz"\n'
        '[flow]\nmethod = "gradient_descent"\nend_time = 1.0\nsamples = 5\n'
    )
    assert (controls.width.value, controls.width.slider.disabled) == (3, True)
    assert (controls.start.value, controls.start.disabled) == ("given", True)
    assert not controls.scale.slider.visible
    assert not controls.seed.visible
    controls.slope.slider.value = controls.slope.values.index(0.5)
    (after,) = controls.heard
    assert (after.data.x, after.data.y) == ([[-1.0], [2.0]], [0.5, -1.0])
    np.testing.assert_allclose(after.init.w, [[0.1, 0.25], [-0.3, 0.1], [0.2, -0.1]], rtol=1e-15)
    np.testing.assert_allclose(after.init.a, [0.2, 0.3, -0.4], rtol=1e-15)
    assert (after.flow.method, after.flow.slope, after.flow.end_time) == ("gradient_descent", 0.5, 1.0)
    assert compute_preview(after).groups["trajectory"].sizes["neuron"] == 3


@pytest.mark.parametrize("seed", [-3, None, 2**70])
def test_what_a_field_says_is_what_is_computed_or_it_is_put_back(controls, seed):
    controls.seed.value = 7
    controls.seed.value = seed
    assert controls.seed.value == controls.heard[-1].init.seed
    assert bool(controls.said) is (controls.seed.value == 7)


def test_a_slope_that_is_no_stop_is_named(controls_of):
    for slope in (-0.5, 0.1234567, 3.0):
        config = load_config("leaky", {"flow.slope": slope})
        controls = controls_of(RunSelection(config, {"flow.slope": slope}, preset="leaky"))
        slider = controls.slope.slider
        assert controls.slope.value == slope
        assert slider.format.args["words"][slider.value] == f"{slope:.7g}".replace("-", "−")


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
