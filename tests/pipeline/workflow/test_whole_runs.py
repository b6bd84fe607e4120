"""Whole runs from arrays, by name, and as Jupyter shows them."""

import re
import sys
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from pipeline import data_set, fit, generate_data, load_config, open_run, run, run_as_html
from pipeline.inputs.errors import RequestError
from pipeline.workflow.notebook_progress import CellLine, notebook_progress, shows_a_fit_alone
from pipeline.workflow.stages import NOBODY

X, Y = [-1.0, 0.5, 2.0], [1.0, -1.0, 0.5]


@pytest.fixture(scope="module")
def tree():
    return fit(X, Y, bias=True, width=6, seed=2, samples=20)


def test_a_fit_is_the_run_of_its_configuration(tree):
    keys = {"data": {"x": X, "y": Y, "bias": True}, "init": {"width": 6, "seed": 2}}
    same = run(keys | {"flow.samples": 20})
    assert same.attrs["id"] == tree.attrs["id"]
    assert same["trajectory"]["loss"].identical(tree["trajectory"]["loss"])
    assert tree.attrs["title"] == "3 points in 1 dimension, with a bias"
    assert fit(data_set(X, Y), bias=True, width=6, seed=2, samples=20).attrs["id"] == tree.attrs["id"]


def test_weights_of_ones_own_are_a_given_start():
    found = fit(X, Y, w=[[1.0], [-1.0]], a=[0.5, 0.5], samples=5, end_time=1.0)
    assert np.allclose(found["trajectory"]["output_ratio"].values[0], 0.5, rtol=1e-15)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"widht": 3}, "widht is not a known key .did you mean 'width'"),
        ({"width": 0}, "init.width = 0: at least 1 is allowed"),
        ({"method": "exactly"}, "flow.method = 'exactly'"),
    ],
)
def test_a_wrong_argument_is_named(keys, said):
    with pytest.raises(RequestError, match=said):
        fit(X, Y, **keys)


def test_a_run_is_opened_by_the_name_that_show_takes(filled, monkeypatch):
    monkeypatch.setenv("RELUFLOW_CATALOG", str(filled))
    assert open_run("orthonormal").attrs["id"].startswith("orthonormal-")
    assert open_run("orthonormal", filled)["trajectory"]["loss"].size


def test_a_run_shows_its_figure_and_its_results(tree):
    html = run_as_html(tree)
    assert html.count("<img") == 1
    for words in ("3 points in 1 dimension, with a bias", "n = 3 points in d = 2 coordinates (x, bias)",
                  "<td>final loss</td>", "<td>origin</td>", "rf.predict(tree, x)"):  # fmt: skip
        assert words in html
    other = xr.DataTree.from_dict({"a": xr.Dataset({"b": 1.0})})
    assert "xarray.DataTree" in run_as_html(other)


def test_what_a_run_says_is_no_markup(tree):
    changed = tree.copy()
    changed.attrs["title"] = "<script>"
    assert "<script>" not in run_as_html(changed)


def test_a_table_is_a_run_whatever_its_ending(tmp_path):
    """`numpy.savetxt` writes numbers between blanks, and people call the file what they like."""
    for ending in (".txt", ".dat", ".csv"):
        np.savetxt(tmp_path / f"mine{ending}", np.column_stack([X, Y]))
        config = load_config(tmp_path / f"mine{ending}")
        assert generate_data(config.data).sizes == {"point": 3, "coord": 1}
    np.savetxt(tmp_path / "mine.tsv", np.column_stack([X, Y]), delimiter="\t")
    assert load_config(tmp_path / "mine.tsv").name == "mine"


@pytest.mark.parametrize(
    ("key", "meant"),
    [("scale", "did you mean 'log10_scale'"), ("widht", "did you mean 'width'"), ("m", "known key:")],
)
def test_a_word_that_is_no_key_leads_to_the_one_that_has_it(key, meant):
    with pytest.raises(RequestError, match=re.escape(meant)):
        fit(X, Y, **{key: 1.0})


def test_progress_is_a_line_in_a_notebook_and_nothing_elsewhere(monkeypatch):
    with notebook_progress(None) as stages:
        assert stages is NOBODY
    shown = []
    handle = SimpleNamespace(
        display=lambda words, raw: shown.append(words), update=lambda words, raw: shown.append(words)
    )
    shell, cleared = SimpleNamespace(kernel=1, user_ns={"In": ["", "fit(x, y)"]}), []
    display = SimpleNamespace(DisplayHandle=lambda: handle, clear_output=lambda wait: cleared.append(wait))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr("pipeline.workflow.notebook_progress.PATIENCE_SECONDS", 0.0)
    with notebook_progress(None) as stages:
        assert isinstance(stages, CellLine)
        stages.say("Finding the plateaus ...")
    said = [one["text/plain"] for one in shown]
    assert said[0] == "Finding the plateaus ..."
    assert re.fullmatch(r"Computed in \d+\.\d s\.", said[1])  # an empty output would be a gap above the result
    assert cleared == [True]  # once the result comes, so that the cell's output does not jump
    with suppress(KeyboardInterrupt), notebook_progress(None) as stages:
        stages.say("Reading ...")
        raise KeyboardInterrupt
    assert shown[-1]["text/plain"].startswith("Ended after 0.")
    with notebook_progress(False) as stages:
        assert stages is NOBODY


@pytest.mark.parametrize(
    ("cell", "alone"),
    [
        ("import reluflow as rf\nx = [1.0]\nrf.fit(x, y)", True),
        ("fit(x, y)", True),
        ("tree = rf.fit(x, y)", False),
        ("rf.fit(x, y)['trajectory']", False),
        ("print(x)\nrf.fit(x, y)", False),
        ("for seed in range(3): rf.fit(x, y)", False),
        ("", False),
        ("rf.fit(", False),
    ],
)
def test_a_line_makes_way_where_a_cell_shows_a_fit_alone(cell, alone):
    assert shows_a_fit_alone(cell) is alone


def test_keys_may_be_tables_or_dotted_and_hold_any_arrays():
    import pandas as pd

    frame = pd.DataFrame({"u": X, "y": Y})
    one = load_config({"data": {"x": frame[["u"]], "y": frame["y"]}, "flow": {"samples": np.int64(7)}})
    assert one == load_config({"data.x": np.array(X)[:, None], "data.y": xr.DataArray(Y), "flow.samples": 7})
    assert (one.name, one.data.y) == ("points", Y)
    with pytest.raises(RequestError, match="texts such as"):
        load_config({1: 2})
