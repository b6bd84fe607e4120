"""The columns of a condition agree with the run's own variables."""

import numpy as np
import pytest
import xarray as xr

from catalog import decode
from dashboards.neurons.columns import NeuronColumns
from dashboards.neurons.selection import NeuronSelection, read_query, read_text


@pytest.fixture
def groups(tree):
    return {name: tree[name].to_dataset() for name in ("data", "trajectory", "phases")}


def test_columns_at_an_instant(groups):
    columns, trajectory = NeuronColumns(groups, 7), groups["trajectory"]
    now = trajectory.isel(time=7)
    states = decode(now["activation"])
    assert np.array_equal(columns["log_norm"], now["log_norm"])
    assert np.array_equal(columns["end_log_norm"], trajectory["log_norm"].isel(time=-1))
    assert np.array_equal(columns["on_1"], states[:, 1] == "on")
    assert np.array_equal(columns["sliding"], (states == "sliding").any(axis=1))
    assert np.array_equal(columns["active"], (states == "on").sum(axis=1))
    assert np.array_equal(columns["positive"], decode(groups["phases"]["role"]) == "positive")
    unit = groups["data"]["growth_positive"] / np.linalg.norm(groups["data"]["growth_positive"])
    assert columns["cosine_positive"] == pytest.approx((now["direction"] @ unit).values)
    assert all(len(columns[name]) == columns.count for name in columns)


def test_clusters_are_neurons_of_one_direction_with_the_largest_first(groups):
    last = groups["trajectory"].sizes["time"] - 1
    columns = NeuronColumns(groups, last)
    cluster, direction = columns["cluster"], columns.variable("direction", last)
    assert cluster[np.argmax(columns["log_norm"])] == 0
    for number in range(cluster.max() + 1):
        own = direction[cluster == number]
        assert len(own)
        assert np.ptp(own, axis=0).max() < 3e-3
    assert cluster.max() + 1 < columns.count


def test_only_the_instant_that_is_asked_for_is_read(groups):
    class Watched(xr.backends.BackendArray):
        shape, dtype = groups["trajectory"]["log_norm"].shape, np.dtype("f8")

        def __getitem__(self, key):
            read.append(key.tuple)
            return groups["trajectory"]["log_norm"].values[key.tuple]

    read = []
    lazy = xr.Variable(("time", "neuron"), xr.core.indexing.LazilyIndexedArray(Watched()))
    watched = groups | {"trajectory": groups["trajectory"].assign(log_norm=lazy)}
    NeuronSelection(condition="log_norm > -3 and sliding").find(watched, 5)
    assert [key[0] for key in read] == [5]


def test_a_selection_is_what_an_address_or_a_person_says(groups):
    assert read_query({"select": "[3,1]"}) == NeuronSelection((3, 1))
    assert read_query({"select": '["a", 2, true, 1.5]'}) == NeuronSelection((2,))
    assert read_query({"where": "sliding", "select": "[1]"}) == NeuronSelection(condition="sliding")
    for text in ("3, 5-7", "3 5-7", "3;5 - 7"):
        assert read_text(text).numbers == (3, 5, 6, 7)
    assert not read_text("  ")
    chosen = NeuronSelection((1, 99))
    assert chosen.find(groups, 0) == [1]
    assert read_query({k: v for k, v in chosen.query().items() if v}) == chosen
    with pytest.raises(ValueError, match="more than 2,000 neurons"):
        read_text("0-99999")


@pytest.mark.parametrize(
    ("text", "lines"), [("[3,1]", 0), ("", 0), ("[]", 0), ("<b>", 1), ("7", 1), ("[1,null]", 1)]
)
def test_what_is_no_number_in_an_address_is_said_in_one_line(text, lines):
    said = []
    read_query({"select": text}, said.append)
    assert said == [f"select = {text!r} is not known: allowed are numbers of neurons, [3,17]."] * lines
