import io
import re

import numpy as np
import pandas as pd
import pytest

from dashboards.exports.curves_csv import CELLS_LIMIT, write_curves_csv
from pipeline import RequestError


def read(text):
    table = pd.read_csv(io.StringIO(text), comment="#", dtype=str)
    return table.apply(lambda column: column if column.name.startswith("activation") else column.map(float))


def test_every_digit_of_the_selection_comes_back(tree):
    table = read(write_curves_csv(tree, [7, 2]))
    trajectory = tree["trajectory"].dataset
    assert np.array_equal(table["time"], trajectory["time"])
    assert np.array_equal(table["loss"], trajectory["loss"])
    assert np.array_equal(table["residual_1"], trajectory["residual"].isel(point=1))
    assert np.array_equal(table["log_norm_7"], trajectory["log_norm"].sel(neuron=7))
    assert np.array_equal(table["direction_2_1"], trajectory["direction"].sel(neuron=2, coord=1))
    assert set(table["activation_7_0"]) <= {"on", "off", "sliding"}


def test_a_range_of_time_has_both_its_ends(tree):
    time = tree["trajectory"].dataset["time"].values
    table = read(write_curves_csv(tree, start=time[3], end=time[9]))
    assert np.array_equal(table["time"], time[3:10])
    assert not [name for name in table if name.startswith("log_norm")]


def test_the_head_says_what_each_column_is(tree, orthogonal_id):
    text = write_curves_csv(tree, [0])
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert orthogonal_id in head[0]
    assert "arXiv 2206.00939" in head[1]
    kinds = {re.sub(r"_<.*", "", line[2:].partition(":")[0]) for line in head[2:]}
    columns = set(read(text))
    assert all(any(column.startswith(kind) for kind in kinds) for column in columns)
    assert "# residual_<point>: r_k = y_k - h(x_k) [units 1]" in head


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (([12],), "neuron 12: the run has the neurons 0 to 11"),
        (([-1],), "neuron -1"),
        (([], 1e6, None), "no sample from t = 1000000.0"),
        (([], 3.0, 2.0), "no sample"),
    ],
)
def test_what_can_not_be_selected_is_said(tree, selection, words):
    with pytest.raises(RequestError, match=re.escape(words)):
        write_curves_csv(tree, *selection)


def test_too_much_is_refused_before_it_is_read(tree, monkeypatch):
    monkeypatch.setattr("dashboards.exports.curves_csv.CELLS_LIMIT", 100)
    with pytest.raises(RequestError, match="at most 100 are written"):
        write_curves_csv(tree, list(range(12)))
    assert CELLS_LIMIT > 10**6
