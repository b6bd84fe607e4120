"""The gallery: a page for each preset, whose numbers are its record's, and kept pictures that stay small."""

from __future__ import annotations

import json

import jinja2
import numpy as np
import pytest
import xarray as xr

from docs.gallery import excess, make_gallery, recording, rendering
from docs.gallery.experiments import EXPERIMENTS
from pipeline.configuration import presets

KEPT = [experiment.preset for experiment in EXPERIMENTS if experiment.slow]


def test_every_preset_has_a_page_and_every_page_its_text():
    assert {experiment.preset for experiment in EXPERIMENTS} == set(presets())
    texts = {path.name.removesuffix(".md.jinja") for path in rendering.PROSE.iterdir()}
    assert texts == {*make_gallery.PAGES, "page", "index"}


@pytest.mark.parametrize("name", KEPT)
def test_what_the_repository_keeps_is_small_and_whole(name):
    files = {path.name: path.stat().st_size for path in (recording.PICTURES / name).iterdir()}
    assert "animation.mp4" in files
    assert max(files.values()) < 150_000
    page = rendering.page(name)
    for picture in page.split("pictures/" + name + "/")[1:]:
        assert picture.split()[0] in files
    for hole in ("None", "nan", "{{", "{%"):
        assert hole not in page


def test_numbers_are_the_records(tmp_path, monkeypatch):
    told = recording.kept(KEPT[0])
    told["run"]["half_squared_norm"] = 123.456789
    monkeypatch.setattr(recording, "PICTURES", tmp_path)
    (tmp_path / KEPT[0]).mkdir()
    record = tmp_path / KEPT[0] / recording.RECORD
    record.write_text(json.dumps(told))
    assert "| 123.456789 |" in rendering.page(KEPT[0])
    del told["run"]["merged_directions"]
    record.write_text(json.dumps(told))
    with pytest.raises(jinja2.UndefinedError, match="merged_directions"):
        rendering.page(KEPT[0])


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (None, 4, "never"),
        (0.0, 4, "0"),
        (14.4134, 4, "14.41"),
        (2062.3, 3, "2,062"),
        (-0.25, 3, "-0.25"),
        (9.99e-11, 1, r"$1 \times 10^{-10}$"),
        (2.484e-25, 3, r"$2.48 \times 10^{-25}$"),
        (1.5e7, 2, r"$1.5 \times 10^{7}$"),
    ],
)
def test_numbers_in_words(value, digits, said):
    assert rendering.number(value, digits) == said


def test_a_page_is_written_only_if_it_says_something_else(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "HERE", tmp_path)
    path = rendering.write_page(KEPT[0])
    path.write_text(path.read_text())
    before = path.stat().st_mtime_ns
    rendering.write_page(KEPT[0])
    assert path.stat().st_mtime_ns == before
    path.write_text("other")
    assert rendering.write_page(KEPT[0]).read_text().startswith("# ")


def test_a_page_that_is_not_there_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        make_gallery.main(["orthogonel"])
    assert "there is no page orthogonel; there are orthogonal, " in capsys.readouterr().err


def test_the_excess_is_of_the_starts_that_fit(tmp_path):
    shape, dims = (3, 2, 3), ("log_init_scale", "width", "seed")
    tens = np.array([0.0, -1.0, -2.0])
    value = np.broadcast_to((10.0 ** (2 * tens))[:, None, None], shape).copy()
    loss = np.zeros(shape)
    value[:, 0, 0], loss[:, 0, 0] = -5.0, 0.2
    cube = xr.Dataset(
        {"final_excess": (dims, value), "final_loss": (dims, loss)},
        {"log10_scale": ("log_init_scale", tens), "width": [4, 8]},
    )
    np.testing.assert_allclose(excess.typical_excess(cube).values, np.repeat((10.0 ** (2 * tens))[:, None], 2, 1))
    excess.excess_figure(cube, tmp_path / "excess.svg")
    assert "m = 8" in (tmp_path / "excess.svg").read_text()
